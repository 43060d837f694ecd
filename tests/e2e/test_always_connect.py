"""With `always_connect`, a client is connected, then refused; JavaScript's must not try for ever."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import socketio
from flask import Flask

from asynction import AsynctionAsyncServer, AsynctionSocketIO
from asynction.testing import serve_asgi, serve_wsgi
from tests.e2e.clients import JavaScriptDriver

TOKEN = {"type": "httpApiKey", "in": "query", "name": "token"}
HANDSHAKE = {"ws": {"query": {"type": "object", "required": ["level"]}}}


def document(**channel: Any) -> dict[str, Any]:
    return {
        "asyncapi": "2.6.0",
        "info": {"title": "Refusals", "version": "1.0.0"},
        "channels": {"/": channel},
        "components": {"securitySchemes": {"token": TOKEN}},
    }


def refuse(*_: Any) -> bool:
    return False


def raise_refusal(*_: Any) -> None:
    raise socketio.exceptions.ConnectionRefusedError("no", {"more": 1})


def fail(*_: Any) -> None:
    raise ValueError


REFUSALS: dict[str, tuple[dict[str, Any], Callable[..., Any] | None]] = {
    "credentials": (document(**{"x-security": [{"token": []}]}), None),
    "the handshake": (document(bindings=HANDSHAKE), None),
    "False": (document(), refuse),
    "ConnectionRefusedError": (document(), raise_refusal),
    "a fault": (document(), fail),
}


@contextmanager
def served(kind: str, spec: dict[str, Any], connect: Callable[..., Any] | None) -> Iterator[str]:
    options: dict[str, Any] = {
        "always_connect": True,
        "security_functions": {"token": lambda *_, **__: None},
    }
    if kind == "flask":
        app = Flask("test")
        sync = AsynctionSocketIO.from_spec(spec, app=app, async_mode="threading", **options)
        if connect is not None:
            sync.on("connect")(connect)
        with serve_wsgi(app) as url:
            yield url
    else:
        asio = AsynctionAsyncServer.from_spec(spec, **options)
        if connect is not None:
            asio.on("connect", connect)
        with serve_asgi(asio.asgi_app()) as url:
            yield url


@pytest.mark.parametrize("case", REFUSALS.values(), ids=REFUSALS)
@pytest.mark.parametrize("transport", ["websocket", "polling"])
@pytest.mark.parametrize("kind", ["flask", "asgi"])
def test_a_javascript_client_that_is_refused_stays_out(
    javascript: JavaScriptDriver, kind: str, transport: str, case: Any
) -> None:
    with served(kind, *case) as url:
        options = {"transports": [transport], "reconnection": True}
        javascript.run("connect", client="a", url=url, options=options)
        left = javascript.run("left", client="a")
        javascript.run("close", client="a")
    assert left == {"reason": "io server disconnect", "reconnects": False}
