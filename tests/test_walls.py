"""No module of asynction imports a private module of another package, or a private name of another module."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.sources import Module, is_private, modules


def trespasses(module: Module) -> Iterator[str]:
    """Yield what a module imports that is private to others.

    A private module or folder belongs to the package that it is in, and a private name to its module.
    """
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            paths = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            paths = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "_HOMES":
            paths = [f"{module.name}.{home}" for home in ast.literal_eval(node.value).values()]
        else:
            continue
        for path in paths:
            owner = owner_of(path)
            if owner is not None and not is_inside(module.name, owner):
                yield f"{module.file}:{node.lineno}: `{path}` is private to {owner}"


def owner_of(path: str) -> str | None:
    """Return the package or module that a path is private to; None for a path that all may import."""
    parts = path.split(".")
    private = [index for index, part in enumerate(parts) if is_private(part)]
    return ".".join(parts[: private[-1]]) if private and parts[0] == "asynction" else None


def is_inside(name: str, owner: str) -> bool:
    """True where a module is a part of a package, or is the module itself."""
    return name == owner or name.startswith(f"{owner}.")


@pytest.mark.parametrize("module", modules(), ids=str)
def test_a_module_imports_only_what_is_public_elsewhere(module: Module) -> None:
    found = list(trespasses(module))
    assert not found, "\n".join(["import it from the package, which has to export it:", *found])


def test_imports_are_absolute() -> None:
    """Else the walls could not be seen."""
    for module in modules():
        for node in ast.walk(module.tree):
            assert not isinstance(node, ast.ImportFrom) or node.level == 0, f"{module.file}:{node.lineno}"


@pytest.mark.parametrize(
    ("source", "owners"),
    [
        ("from asynction.runtime import Context", []),
        ("from asynction._version import __version__", []),  # private to asynction as a whole
        ("from asynction.server._http.schemas import Schemas", []),
        ("from asynction.server import _docs", []),
        ("from asynction.runtime._flow import Flow", ["asynction.runtime"]),
        ("from asynction.runtime import _flow", ["asynction.runtime"]),
        ("import asynction.runtime._injection.plan", ["asynction.runtime"]),
        ("from asynction.server._socketio import common, _secret", ["asynction.server._socketio"]),
        ("from asynction.server.flask import AsynctionSocketIO, _request", ["asynction.server.flask"]),
        ("from asynction.server.flask import __doc__", []),
        ("_HOMES = {'Flow': 'runtime'}", []),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING: import asynction.ui._page", ["asynction.ui"]),
        ("def f():\n    from asynction.ui import _page", ["asynction.ui"]),
        ("from werkzeug._reloader import run_with_reloader", []),  # tests/test_guards.py
    ],
)
def test_the_check_works(source: str, owners: list[str]) -> None:
    module = Module("asynction.server.http", "http.py", ast.parse(source), is_package=False)
    assert [found.rpartition(" ")[2] for found in trespasses(module)] == owners


def test_names_that_are_imported_on_first_use_are_checked() -> None:
    source = ast.parse("_HOMES = {'Flow': 'runtime._flow', 'load': 'document'}")
    (found,) = trespasses(Module("asynction", "asynction/__init__.py", source, is_package=True))
    assert found.endswith("is private to asynction.runtime")
