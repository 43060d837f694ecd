"""`asynction bundle`: one document on standard output or in a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from asynction.cli import main
from asynction.document import bundle, load, to_yaml
from asynction.document._yaml import parse

FILES = {
    "asyncapi.yaml": "asyncapi: 2.6.0\ninfo: {title: Größe, version: '1.0'}\nchannels: {/: {$ref: c.yaml}}\n",
    "c.yaml": "publish: {message: {name: 'on', payload: {items: {$ref: '#/x-s'}}}}\nx-s: {}\n",
    "broken.yaml": "asyncapi: 2.6.0\n",
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def run(*args: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(main, ["bundle", *args], input=stdin)


def test_it_prints_yaml_that_means_the_same(folder: Path) -> None:
    result = run("asyncapi.yaml")
    (folder / "out.yaml").write_text(result.output, encoding="utf-8")

    assert result.exit_code == 0
    assert load("out.yaml") == load("asyncapi.yaml")
    assert "title: Größe" in result.output
    assert list(yaml.safe_load(result.output)) == ["asyncapi", "info", "channels", "components"]


def test_it_tells_which_references_stay(folder: Path) -> None:
    (folder / "asyncapi.yaml").write_text(
        FILES["asyncapi.yaml"] + "x-a: {$ref: no.yaml}\nx-b: {$ref: c.yaml}\n", encoding="utf-8"
    )
    result = run("asyncapi.yaml")

    assert result.exit_code == 0
    assert yaml.safe_load(result.stdout)["x-a"] == {"$ref": "no.yaml"}
    assert result.stderr.splitlines() == [
        "asyncapi.yaml:4:7 loose-ref /x-a/$ref warning: `$ref: no.yaml` leads nowhere:"
        " `no.yaml` cannot be read: No such file or directory"
    ]


@pytest.mark.parametrize(
    ("args", "name", "is_json"),
    [
        (["-o", "out.json"], "out.json", True),
        (["-o", "out.yaml"], "out.yaml", False),
        (["--output", "out"], "out", False),
        (["-o", "out.json", "--format", "yaml"], "out.json", False),
        (["-o", "out.yaml", "--format", "json"], "out.yaml", True),
    ],
)
def test_it_writes_a_file_in_the_form_of_its_name(
    args: list[str], name: str, is_json: bool, folder: Path
) -> None:
    result = run("asyncapi.yaml", *args)
    text = (folder / name).read_text(encoding="utf-8")

    assert (result.exit_code, result.output) == (0, "")
    assert text.startswith("{") is is_json
    assert text.endswith("\n")
    assert load(name) == load("asyncapi.yaml")


def test_it_prints_json_on_request() -> None:
    assert json.loads(run("asyncapi.yaml", "--format", "json").output) == bundle("asyncapi.yaml")


def test_it_reads_standard_input() -> None:
    assert run("-", stdin=FILES["asyncapi.yaml"]).output == run("asyncapi.yaml").output


def test_a_broken_document_is_not_bundled(folder: Path) -> None:
    result = run("broken.yaml", "-o", "out.yaml")

    assert result.exit_code == 1
    assert "Error: broken.yaml:1:1 required / a Document needs the field `info`" in result.output
    assert not (folder / "out.yaml").exists()


@pytest.mark.parametrize(("args", "code"), [(["-o", "no/such/folder.yaml"], 1), (["-o", "."], 2), ([], 0)])
def test_what_cannot_be_written_is_said(args: list[str], code: int) -> None:
    result = run("asyncapi.yaml", *args)

    assert result.exit_code == code
    assert "Traceback" not in result.output


VALUES: Any = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.text(st.characters(exclude_categories=["Cs"])).filter(lambda key: key != "<<"),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)
TEXTS = st.sampled_from(
    ["1e3", "1.5E3", "0o17", "on", "~", "1.", "0x1f", "2026-01-31", "1_000", "=", "\x85", "\u2028"]
)


@settings(deadline=None, max_examples=300)
@given(st.dictionaries(TEXTS | st.just("a"), VALUES | TEXTS, max_size=4))
def test_what_is_written_is_read_as_it_was(document: dict[str, Any]) -> None:
    assert parse(to_yaml(document), "x").data == document
