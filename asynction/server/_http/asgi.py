"""The HTTP wire as an ASGI application."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Any

from asynction.exceptions import EventException
from asynction.runtime import MalformedEvent, adrive, closing
from asynction.server._asgi.app import ASGIApp, Receive, Scope, Send, below, is_below
from asynction.server._socketio.common import request_of
from asynction.server.http import Exchange, HttpWire, Incoming


class HttpApp:
    """An ASGI application: the events of a wire, and all else `other`'s."""

    def __init__(self, wire: HttpWire, other: ASGIApp) -> None:
        self._wire = wire
        self._other = other

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection, or the lifespan."""
        wire = self._wire
        path = below(wire.path, scope) if scope["type"] == "http" and is_below(wire.path, scope) else ""
        if not path:
            await self._other(scope, receive, send)
            return
        environ = _environ(scope)
        read = partial(_body, scope, receive)
        exchange = wire.exchange(Incoming(path[1:], request_of(environ, None), environ, read))
        await _respond(exchange, scope["method"] == "HEAD", send)


async def _respond(exchange: Exchange, is_head: bool, send: Send) -> None:
    try:
        answer = await adrive(exchange.answer())
    except asyncio.CancelledError as error:
        exchange.context.error = error
        raise
    finally:
        if exchange.context.open_dependencies:
            await adrive(closing(exchange.context))
    headers = [(name.lower().encode(), value.encode()) for name, value in answer.headers]
    if answer.status != 204:  # which must not say how long it is (RFC 9110, 8.6)
        headers.append((b"content-length", str(len(answer.body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if is_head else answer.body})


async def _body(scope: Scope, receive: Receive, max_args: int) -> bytes:
    length = next((value for name, value in scope["headers"] if name.lower() == b"content-length"), b"0")
    parts: list[bytes] = []
    left = max_args
    is_over = len(length) > 15 or not length.isdigit() or int(length) > max_args
    while not is_over:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise MalformedEvent("the client left before the end of the body")
        parts.append(message.get("body", b""))
        left -= len(parts[-1])
        is_over = left < 0
        if not message.get("more_body", False) and not is_over:
            return b"".join(parts)
    raise EventException(413, f"the body has more than {max_args} bytes")


def _environ(scope: Scope) -> Mapping[str, Any]:
    """The request as WSGI tells of one: what handlers of both servers know."""
    environ: dict[str, Any] = {
        "asgi.scope": scope,
        "REQUEST_METHOD": scope["method"],
        "PATH_INFO": scope["path"],
        "QUERY_STRING": scope.get("query_string", b"").decode("latin-1"),
        "SCRIPT_NAME": scope.get("root_path", ""),
        "SERVER_PROTOCOL": f"HTTP/{scope.get('http_version', '1.1')}",
        "wsgi.url_scheme": scope.get("scheme", "http"),
    }
    for name, value in scope["headers"]:
        upper = name.decode("latin-1").upper().replace("-", "_")
        key = upper if upper in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{upper}"
        text = value.decode("latin-1")
        environ[key] = f"{environ[key]},{text}" if key in environ else text
    return environ
