"""Each private or undocumented part of another package that asynction touches has a row in a guard table."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from operator import attrgetter
from typing import Any, NamedTuple

import pytest

from asynction.server._socketio.packet import contract_packet
from tests.guards import ABSENT, ASSIGNED, PRESENT, TABLES, Row, assigned, check, described
from tests.sources import Module, classes_of, is_private, modules

ROWS = [row for rows in TABLES.values() for row in rows]

OPEN = frozenset({"_asdict", "_fields", "_make", "_missing_", "_replace"})
"""Documented methods of named tuples and enumerations, private in name only to leave other names free."""

HOLDERS = frozenset({"eio", "manager", "router"})
"""Attributes of servers and applications that no manual describes: a row for what is reached through one."""


MIXED = contract_packet()
"""Kept, since only a class that lives is among `__subclasses__`: it mixes a class of ours into a Packet."""


class Use(NamedTuple):
    """A place where asynction touches a part of another package."""

    module: str
    line: int
    name: str
    text: str

    def __str__(self) -> str:
        return f"{self.module}:{self.line}: `{self.text}`"


# What other packages' classes have ----------------------------------------------------------------


def is_foreign(kind: type[Any]) -> bool:
    root = kind.__module__.partition(".")[0]
    return root != "asynction" and root not in sys.stdlib_module_names


@cache
def foreign_names(kind: type[Any]) -> frozenset[str]:
    """Return the attributes that a class of ours, or one of its subclasses here, has from other packages."""
    names = {
        name
        for each in kind.__mro__
        if is_foreign(each)
        for name in (*vars(each), *assigned(each))
        if not name.startswith("__")
    }
    for child in kind.__subclasses__():
        if child.__module__.startswith("asynction."):
            names |= foreign_names(child)  # type: ignore[arg-type]  # mypy says that classes have no hash
    return frozenset(names)


@cache
def foreign_by_class() -> dict[tuple[str, int], frozenset[str]]:
    """Return `foreign_names` of our classes, by module and line; those that a function makes are left out."""
    return {
        (module.name, node.lineno): foreign_names(attrgetter(name)(import_module(module.name)))
        for module in modules()
        if module.name != "asynction.__main__"  # it runs the command
        for name, node in classes_of(module.tree)
    }


@cache
def own_names() -> frozenset[str]:
    """Return all names that asynction defines: functions, classes, attributes and variables."""
    names: set[str] = set()
    for module in modules():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                names.add(node.name)
            elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                names.add(node.attr)
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                names.add(node.id)
    return frozenset(names)


# What asynction touches ---------------------------------------------------------------------------


def uses_in(module: Module) -> Iterator[Use]:
    """Yield the places where a module touches private or undocumented parts of other packages."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from _imports(module, node)
    yield from _uses(module, module.tree, None)


def _imports(module: Module, node: ast.Import | ast.ImportFrom) -> Iterator[Use]:
    source = node.module or "" if isinstance(node, ast.ImportFrom) else ""
    for alias in node.names:
        parts = [*source.split("."), *alias.name.split(".")]
        if next(filter(None, parts)) != "asynction":
            for name in filter(is_private, parts):
                yield Use(module.name, node.lineno, name, ast.unparse(node))


def _uses(module: Module, tree: ast.AST, foreign: frozenset[str] | None) -> Iterator[Use]:
    """Yield uses below a node; `foreign` is what the class around it has from other packages."""
    for node in ast.iter_child_nodes(tree):
        inside = foreign
        if isinstance(node, ast.ClassDef):
            inside = foreign_by_class().get((module.name, node.lineno), frozenset())
            for name, line in _members(node):
                if is_private(name) and name in inside:
                    yield Use(module.name, line, name, f"class {node.name}: {name}")
        elif isinstance(node, ast.Attribute) and _is_use(node, foreign):
            yield Use(module.name, node.lineno, node.attr, ast.unparse(node))
        yield from _uses(module, node, inside)


def _members(node: ast.ClassDef) -> Iterator[tuple[str, int]]:
    for each in node.body:
        if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef):
            yield each.name, each.lineno
        elif isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name):
            yield each.target.id, each.lineno
        elif isinstance(each, ast.Assign):
            yield from ((target.id, each.lineno) for target in each.targets if isinstance(target, ast.Name))


def _is_use(node: ast.Attribute, foreign: frozenset[str] | None) -> bool:
    if is_private(node.attr):
        known = overridden() if foreign is None or not _is_self(node.value) else foreign
        return node.attr not in OPEN and (node.attr in known or node.attr not in own_names())
    if foreign is not None and isinstance(node.ctx, ast.Store) and _is_self(node.value):
        return node.attr in foreign
    return isinstance(node.value, ast.Attribute) and node.value.attr in HOLDERS


def _is_self(node: ast.expr) -> bool:
    return ast.unparse(node) in ("self", "cls", "super()", "type(self)")


@cache
def overridden() -> frozenset[str]:
    """Return the private names that both a class of ours and its parent from another package have."""
    return frozenset(
        name
        for module in modules()
        for _, node in classes_of(module.tree)
        for name, _ in _members(node)
        if is_private(name) and name in foreign_by_class().get((module.name, node.lineno), ())
    )


@cache
def mentions(module: Module) -> frozenset[str]:
    """Return the names by which a module may use a part of another package."""
    names: set[str] = set()
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute):
            names.add(node.attr)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.alias):
            names.update(node.name.split("."))
        elif isinstance(node, ast.ImportFrom):
            names.update((node.module or "").split("."))
        elif isinstance(node, ast.Name):
            names.add(node.id)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            names.add(node.value)
    return frozenset(names)


# The tables ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("module", modules(), ids=str)
def test_what_a_module_touches_has_a_row(module: Module) -> None:
    names = {name for row in ROWS if module.name in row.modules for name in row.names()}
    missing = [str(use) for use in uses_in(module) if use.name not in names]
    hint = "add a row to tests/guards.yaml for each, or use something that is documented:"
    assert not missing, "\n".join([hint, *missing])


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_what_a_row_describes_is_used_where_it_says(row: Row) -> None:
    users = [module.name for module in modules() if row.names() & mentions(module)]
    assert set(row.modules) <= set(users), (
        f"`{row.attribute}` is used in {users}: correct the row, or remove it"
    )


def test_each_row_is_in_one_table() -> None:
    assert sorted(map(str, set(ROWS))) == sorted(map(str, ROWS))
    for row in ROWS:
        assert row.modules
        assert row.check


# The checks themselves ----------------------------------------------------------------------------


def a_row(holder: str = "json.JSONDecoder", attribute: str = "decode", expected: str = PRESENT) -> Row:
    return Row(holder, attribute, expected, ("asynction.client.sync",), "it reads text")


@pytest.mark.parametrize(
    "row",
    [
        a_row(),
        a_row(expected="(self, s, _w)"),
        a_row(attribute="parse_float", expected=ASSIGNED),
        a_row(attribute="encode", expected=ABSENT),
        a_row("json", "JSONDecodeError", "<class 'json.decoder.JSONDecodeError'>"),
        a_row("uvicorn.Server", "shutdown", "async (self, sockets)"),
    ],
    ids=lambda row: row.expected,
)
def test_a_part_as_its_row_has_it_passes(row: Row) -> None:
    check(row)


def test_a_part_that_has_changed_is_described_with_what_to_check() -> None:
    with pytest.raises(pytest.fail.Exception) as failure:
        check(a_row("uvicorn.Server", "shutdown", "(self)"))
    text = str(failure.value)
    for part in ("uvicorn 0.", "`uvicorn.Server.shutdown` is `async (self, sockets)`", "relies on `(self)`"):
        assert part in text
    assert "Check: it reads text." in text
    assert "asynction.client.sync" in text


@pytest.mark.parametrize(
    "row",
    [
        a_row("uvicorn.Server", "gone"),
        a_row("uvicorn.Server", "gone", ASSIGNED),
        a_row("uvicorn.Server", "shutdown", ABSENT),
    ],
    ids=lambda row: row.expected,
)
def test_a_part_that_has_gone_or_come_fails(row: Row) -> None:
    with pytest.raises(pytest.fail.Exception):
        check(row)


def test_what_has_an_address_is_described_by_its_type() -> None:
    assert described(object()) == "builtins.object"


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("import werkzeug._internal", ["_internal"]),
        ("from werkzeug._reloader import run_with_reloader", ["_reloader"]),
        ("from socketio.client import _secret", ["_secret"]),
        ("from asynction.server._asgi import app\nfrom __future__ import annotations", []),
        ("value = server._unknown_to_us.thing", ["_unknown_to_us"]),
        ("parts._replace(a=1)\nvalue.__class__", []),
        ("value = server._registry", []),  # it is ours
        ("handler = server._handle_event", ["_handle_event"]),  # it is ours, too, but the parent's first
        ("server.eio.sockets.clear()\nserver.manager.rooms", ["sockets", "rooms"]),
    ],
)
def test_private_uses_are_found(source: str, names: list[str]) -> None:
    module = Module("asynction.example", "asynction/example.py", ast.parse(source), is_package=False)
    assert [use.name for use in uses_in(module)] == names


def test_uses_by_a_subclass_are_found() -> None:
    """Methods and attributes of the parent, be it that ours override them or only call them."""
    (sync,) = (module for module in modules() if module.name == "asynction.client.sync")
    found = {use.text for use in uses_in(sync)}
    assert {"class AsynctionClient: _handle_ack", "super()._handle_ack"} <= found
    (base,) = (module for module in modules() if module.name == "asynction.client._base")
    found = {use.text for use in uses_in(base)}
    assert {"self._send_packet", "self._binary_packet", "self.failed_namespaces"} <= found


def test_uses_by_a_mixin_are_found() -> None:
    assert "packet_type" in foreign_names(MIXED.__mro__[1])
