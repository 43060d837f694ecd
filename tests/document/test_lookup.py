"""A relative path of a document is looked up beside the calling module, then in the working directory."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from asynction import DocumentError, load
from asynction.document import Spec, Text, reporting_reads

SPEC = "asyncapi: 2.6.0\ninfo: {{title: {title}, version: 1.0.0}}\nchannels: {{/: {{}}}}\n"

BUILDERS = (
    "asynction.AsynctionSocketIO",
    "asynction.AsynctionAsyncServer",
    "asynction.AsynctionClient",
    "asynction.AsynctionAsyncClient",
    "asynction.MockAsynctionSocketIO",
    "asynction.MockAsynctionAsyncServer",
    "asynction.server.websocket.SocketRouter",
)
CODE = """
from importlib import import_module

from asynction.document import locate


def build(name, spec):
    module, _, cls = name.rpartition(".")
    return getattr(import_module(module), cls).from_spec(spec)


def from_spec(spec):
    return locate(spec)


def find(spec):
    return from_spec(spec)
"""

Find = Callable[[Spec], Spec]


def written(folder: Path, title: str, name: str = "asyncapi.yaml") -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(SPEC.format(title=title), encoding="utf-8")
    return path


def module_in(folder: Path) -> Any:
    """An application's module in a folder."""
    folder.mkdir(exist_ok=True)
    file = folder / "service.py"
    file.write_text(CODE, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("service", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def app(tmp_path: Path) -> Path:
    return tmp_path / "app"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize("name", BUILDERS)
@pytest.mark.parametrize("kind", [str, Path])
def test_it_is_found_beside_the_calling_module(name: str, kind: type[Any], app: Path, here: Path) -> None:
    written(app, "beside")
    written(here, "working directory")
    built = module_in(app).build(name, kind("asyncapi.yaml"))
    assert Path(contract_of(built).files[0]).parent == app


@pytest.mark.parametrize("name", BUILDERS)
def test_else_it_is_found_in_the_working_directory(name: str, app: Path, here: Path) -> None:
    written(here, "working directory")
    assert contract_of(module_in(app).build(name, "asyncapi.yaml")).files == ("asyncapi.yaml",)


@pytest.mark.parametrize("name", BUILDERS)
def test_the_error_names_both_places(name: str, app: Path, here: Path) -> None:
    with pytest.raises(DocumentError) as error:
        module_in(app).build(name, "asyncapi.yaml")
    assert str(error.value) == (
        f"asyncapi.yaml file / `asyncapi.yaml` does not exist beside the calling module, in `{app}`, "
        f"or in the working directory, `{here}`"
    )


def test_the_error_names_one_place_where_both_are_the_same(here: Path) -> None:
    with pytest.raises(DocumentError, match=f"` does not exist in the working directory, `{here}`$"):
        module_in(here).find("asyncapi.yaml")


@pytest.mark.parametrize("existing", ["app", "here", None])
def test_the_places_that_are_looked_at_are_reported(existing: str | None, app: Path, here: Path) -> None:
    module = module_in(app)
    if existing is not None:
        written({"app": app, "here": here}[existing], "found")
    reads: list[Path] = []
    with reporting_reads(reads.append), suppress(DocumentError):
        module.find("asyncapi.yaml")
    places = [app] if existing == "app" else [app, here]
    assert reads == [place / "asyncapi.yaml" for place in places]


def test_a_path_that_needs_no_lookup_is_left_as_it_is(app: Path, here: Path) -> None:
    written(app, "beside")
    written(here, "working directory")
    find: Find = module_in(app).find
    for spec in (
        here / "asyncapi.yaml",
        str(here / "missing.yaml"),
        Text(b"", "asyncapi.yaml"),
        {"asyncapi": 1},
    ):
        assert find(spec) is spec


def test_a_folder_beside_the_module_is_no_document(app: Path, here: Path) -> None:
    written(here, "working directory")
    (app / "asyncapi.yaml").mkdir(parents=True)
    assert module_in(app).find("asyncapi.yaml") == "asyncapi.yaml"


@pytest.mark.parametrize("names", [{}, {"__name__": "asynction.cli.run", "__file__": "/nowhere/run.py"}])
def test_code_without_a_file_and_asynction_itself_have_the_working_directory_only(
    names: dict[str, Any], here: Path
) -> None:
    exec(CODE, names)
    assert names["find"]("missing.yaml") == "missing.yaml"


def test_load_knows_the_working_directory_only(here: Path) -> None:
    with pytest.raises(DocumentError, match=r"cannot be read: No such file or directory$"):
        load("asyncapi.yaml")


def contract_of(built: Any) -> Any:
    return built.contract if hasattr(built, "contract") else built._service.contract
