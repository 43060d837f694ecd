"""The private and undocumented parts of other packages that asynction relies on: one table per adapter.

The tables are in guards.yaml. The tests of the adapters hold each row against the package that is installed,
and tests/test_guards.py holds the rows against the source of asynction: a private part without a row, and a
row that no module needs any more, both fail.
"""

from __future__ import annotations

import ast
import asyncio
import inspect
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import packages_distributions, version
from pathlib import Path
from pkgutil import resolve_name
from types import SimpleNamespace
from typing import Any

import engineio
import flask
import flask_socketio
import pytest
import socketio
import starlette.routing
import starlette.websockets
import uvicorn
import werkzeug.routing
import yaml
from engineio.async_socket import AsyncSocket
from fastapi import FastAPI, WebSocket
from socketio.async_pubsub_manager import AsyncPubSubManager

from tests.sources import is_private

PRESENT, ABSENT, ASSIGNED = "PRESENT", "ABSENT", "ASSIGNED"


@dataclass(frozen=True)
class Row:
    """One part of another package, as guards.yaml describes it."""

    holder: str
    attribute: str
    expected: str
    modules: tuple[str, ...]
    check: str

    def __str__(self) -> str:
        return f"{self.holder}.{self.attribute}"

    @property
    def package(self) -> str:
        """The name and version of the distribution."""
        (name,) = packages_distributions()[self.holder.partition(".")[0]]
        return f"{name} {version(name)}"

    def names(self) -> set[str]:
        """Return what the source of a module that uses the part has: the attribute, or a private module."""
        return {self.attribute, *filter(is_private, self.holder.split("."))}


# Objects ------------------------------------------------------------------------------------------


def _request() -> Any:
    """Return Flask's request as a handler of Flask-SocketIO finds it."""
    found: list[Any] = []
    app = flask.Flask("guard")
    server = flask_socketio.SocketIO(app, async_mode="threading")
    server.on("connect")(lambda: found.append(flask.request._get_current_object()))  # type: ignore[attr-defined]
    server.test_client(app)
    return found[0]


def _fastapi_scope() -> Any:
    """Return the scope of a WebSocket as an endpoint of FastAPI finds it."""
    found: list[Any] = []
    app = FastAPI()

    @app.websocket("/")
    async def endpoint(ws: WebSocket) -> None:
        found.append(SimpleNamespace(**ws.scope))

    scope = {"type": "websocket", "path": "/", "query_string": b"", "headers": []}
    asyncio.run(app(scope, _application, _application))
    return found[0]


def _async_socket() -> AsyncSocket:
    return AsyncSocket(engineio.AsyncServer(async_mode="asgi"), "sid")


async def _application(*_: object) -> Any:
    """Do nothing, as an application, its `receive` or its `send`."""


MADE: Mapping[str, Callable[[], Any]] = {
    "engineio.AsyncClient()": lambda: engineio.AsyncClient(handle_sigint=False),
    "engineio.AsyncServer()": lambda: engineio.AsyncServer(async_mode="asgi"),
    "engineio.Client()": lambda: engineio.Client(handle_sigint=False),
    "engineio.Server()": lambda: engineio.Server(async_mode="threading"),
    "engineio.async_socket.AsyncSocket()": _async_socket,
    "fastapi.WebSocket.scope()": _fastapi_scope,
    "flask.request()": _request,
    "flask_socketio.Namespace()": lambda: flask_socketio.Namespace("/guard"),
    "flask_socketio.SocketIO()": flask_socketio.SocketIO,
    "socketio.AsyncClient()": lambda: socketio.AsyncClient(handle_sigint=False),
    "socketio.AsyncPubSubManager()": lambda: AsyncPubSubManager(write_only=True),
    "socketio.AsyncServer()": lambda: socketio.AsyncServer(async_mode="asgi"),
    "socketio.Client()": lambda: socketio.Client(handle_sigint=False),
    "socketio.Server()": lambda: socketio.Server(async_mode="threading"),
    "socketio.packet.Packet()": lambda: socketio.packet.Packet(data=["guard"]),
    "engineio.packet.Packet()": engineio.packet.Packet,
    "starlette.routing.Route()": lambda: starlette.routing.Route("/guard", _application),
    "starlette.routing.Router()": starlette.routing.Router,
    "starlette.websockets.WebSocket()": lambda: starlette.websockets.WebSocket(
        {"type": "websocket"}, _application, _application
    ),
    "werkzeug.routing.Map()": werkzeug.routing.Map,
    "uvicorn.Server()": lambda: uvicorn.Server(uvicorn.Config(_application, log_config=None)),
}


def _tables() -> dict[str, list[Row]]:
    found = yaml.safe_load((Path(__file__).parent / "guards.yaml").read_text("utf-8"))
    return {
        adapter: [
            Row(
                holder,
                attribute,
                row["is"],
                tuple(f"asynction.{module}" for module in row["in"]),
                row["check"],
            )
            for holder, attributes in holders.items()
            for attribute, row in attributes.items()
        ]
        for adapter, holders in found.items()
    }


TABLES = _tables()
"""The rows of each adapter."""

# Checks -------------------------------------------------------------------------------------------


def check(row: Row) -> None:
    """Fail where a part of another package is not as its row has it."""
    found = _found(row)
    if found != row.expected:
        pytest.fail(
            f"{row.package}: `{row}` is `{found}`, and asynction relies on `{row.expected}`.\n"
            f"Check: {row.check}.\n"
            f"It is used by {', '.join(row.modules)}: where they fit, correct its row in tests/guards.yaml.",
            pytrace=False,
        )


def _found(row: Row) -> str:
    holder = MADE[row.holder]() if row.holder in MADE else resolve_name(row.holder)
    if row.expected == ASSIGNED:
        is_there = row.attribute in assigned(holder)
    else:
        is_there = hasattr(holder, row.attribute)
    if not is_there:
        return ABSENT
    return row.expected if row.expected in (PRESENT, ASSIGNED) else described(getattr(holder, row.attribute))


def described(value: object) -> str:
    """Return a function's parameters, an object's type if its repr has an address, else the repr."""
    if inspect.isroutine(value):
        parameters = inspect.signature(value).parameters.values()
        bare = (str(each.replace(default=each.empty, annotation=each.empty)) for each in parameters)
        return f"{'async ' * inspect.iscoroutinefunction(value)}({', '.join(bare)})"
    text = repr(value)
    return text if " at 0x" not in text else f"{type(value).__module__}.{type(value).__qualname__}"


def assigned(kind: type) -> set[str]:
    """Return the attributes of `self` that the methods of a class and of its parents set."""
    return {name for each in kind.__mro__ if each is not object for name in _assigned(each)}


@cache
def _assigned(kind: type) -> frozenset[str]:
    try:
        source = inspect.getsource(kind)
    except (OSError, TypeError):  # it is written in C
        return frozenset()
    return frozenset(
        node.attr
        for node in ast.walk(ast.parse(textwrap.dedent(source)))
        if isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Store)
        and ast.unparse(node.value) == "self"
    )
