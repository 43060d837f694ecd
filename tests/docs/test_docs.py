"""The manual tells the truth: what a page shows is done, in order, and compared."""

from __future__ import annotations

import ast
import re
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import requests

import asynction
from asynction import middleware, testing, validation
from asynction.document._objects_2 import EXTENSIONS, MISSPELT
from asynction.document._yaml import MAX_BYTES, MAX_DEPTH, MAX_EXPANDED_NODES
from asynction.rules import RULES
from tests.docs.blocks import PAGES, ROOT, Kind, anchors_of, blocks_of, links_of
from tests.docs.session import Session, make_targets
from tests.e2e.processes import free_port, running

pages = pytest.mark.parametrize("page", PAGES, ids=[page.stem for page in PAGES])


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    """A page's session; what its blocks import is forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)
    with ExitStack() as stack:
        yield Session(tmp_path, stack)
    for name in set(sys.modules) - before:
        found = sys.modules[name]
        # A namespace package has no file.
        places = [getattr(found, "__file__", None), *getattr(found, "__path__", ())]
        if any(str(place).startswith(str(tmp_path)) for place in places):
            del sys.modules[name]


@pages
def test_no_block_is_skipped(page: Path) -> None:
    unknown = [str(block) for block in blocks_of(page) if block.kind is None]
    assert unknown == []


@pages
def test_the_page_does_what_it_shows(page: Path, session: Session) -> None:
    for block in blocks_of(page):
        session.run(block)


@pages
def test_links_lead_somewhere(page: Path) -> None:
    lost = []
    for link in links_of(page):
        file, _, anchor = link.partition("#")
        target = page.parent / file if file else page
        if "://" not in link and (not target.exists() or (anchor and anchor not in anchors_of(target))):
            lost.append(link)
    assert lost == []


def test_the_readmes_app_starts_in_any_folder_without_a_terminal(tmp_path: Path) -> None:
    """It prints the URL of its page, also in a container or a service."""
    folder, port = tmp_path / "chat", free_port()
    folder.mkdir()
    for block in blocks_of(ROOT / "README.md"):
        if block.kind is Kind.SERVER:
            break
        if block.kind is Kind.FILE:
            (folder / block.value).write_text(block.text, encoding="utf-8")
    command = [sys.executable, Path(__file__).with_name("serve.py"), folder / "app.py", port]
    with running(command, port, tmp_path / "log", cwd=tmp_path) as process:
        assert "Docs page with console: http://127.0.0.1:5000/docs/" in process.log()  # serve.py moves it
        assert requests.get(f"{process.url}/docs/", timeout=30).ok


def test_the_readme_has_every_make_target() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert make_targets() - set(re.findall(r"\bmake ([a-z]+)", readme)) == set()


def test_the_contract_page_has_every_extension() -> None:
    page = (ROOT / "docs" / "contract.md").read_text(encoding="utf-8")
    known = {n for rows in EXTENSIONS.values() for row in rows.values() for n in row} | set(MISSPELT)
    assert {name for name in known if f"`{name}`" not in page} == set()


def test_the_contract_page_has_the_limits() -> None:
    page = (ROOT / "docs" / "contract.md").read_text(encoding="utf-8")
    for limit in (f"{MAX_BYTES // 2**20} MB", f"{MAX_DEPTH} levels", f"{validation.MAX_DEPTH} levels"):
        assert limit in page
    assert MAX_EXPANDED_NODES == 2_000_000  # in words


def test_the_errors_page_has_the_table_of_rules() -> None:
    page = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if re.match(r"\| `[a-z-]+` \| .* \| (yes|no) \|$", line)]
    assert rows == [
        f"| `{name}` | {rule.summary} {rule.why} | {rule.severity} | {'yes' if rule.ignorable else 'no'} |"
        for name, rule in RULES.items()
    ]


def test_the_code_holds_documents_to_every_rule() -> None:
    package = Path(asynction.__file__).parent
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in package.rglob("*.py")]
    named = Counter(node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant))
    assert [rule for rule in RULES if named[rule] < 2] == []  # once in the table, and where it is noted


@pytest.mark.parametrize(
    "module", [asynction, middleware, testing], ids=["asynction", "middleware", "testing"]
)
def test_the_reference_has_every_public_name(module: ModuleType) -> None:
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    names = set(module.__all__) - {"__version__"}
    assert {name for name in names if not re.search(rf":: asynction[\w.]*\.{name}$", page, re.M)} == set()


@pytest.mark.parametrize(
    ("environ", "is_let_in"),
    [
        ({"REMOTE_ADDR": "127.0.0.1"}, True),
        ({"REMOTE_ADDR": "192.0.2.1"}, False),
        ({"REMOTE_ADDR": "127.0.0.1", "asgi.scope": {"client": ("127.0.0.1", 1)}}, True),
        ({"REMOTE_ADDR": "127.0.0.1", "asgi.scope": {"client": ("192.0.2.1", 1)}}, False),  # by Engine.IO
    ],
)
def test_the_dependency_of_the_routers_page_sees_the_address_of_the_client(
    environ: dict[str, object], is_let_in: bool
) -> None:
    (block,) = (b for b in blocks_of(ROOT / "docs" / "routers.md") if b.value == "chat.py")
    names: dict[str, Any] = {}
    exec(compile(block.text, str(block), "exec", dont_inherit=True), names)
    if is_let_in:
        names["only_from_here"](environ)
    else:
        with pytest.raises(asynction.EventException, match="not from there"):
            names["only_from_here"](environ)
