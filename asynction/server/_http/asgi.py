"""The HTTP wire as an ASGI application."""

from __future__ import annotations

from functools import partial

from asynction.runtime import arun
from asynction.server._asgi.app import below, is_below
from asynction.server._asgi.request import environ_of, read_body, respond
from asynction.server._asgi.types import ASGIApp, Receive, Scope, Send
from asynction.server._socketio.common import request_of
from asynction.server.http import HttpWire, Incoming


class HttpApp:
    """An ASGI application that serves the events, and passes everything else to `other`."""

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
        environ = environ_of(scope)
        read = partial(read_body, scope, receive)
        exchange = wire.exchange(Incoming(path[1:], request_of(environ, None), environ, read))
        answer = await arun(exchange.answer(), exchange.context)
        await respond(send, answer.status, answer.body, answer.headers, is_head=scope["method"] == "HEAD")
