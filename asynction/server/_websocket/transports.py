"""The transports of a WebSocket: of an ASGI server, of Starlette, and of simple-websocket."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Generator, Mapping, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from inspect import Parameter, Signature
from typing import Any

from asynction.security import Request
from asynction.server._asgi.request import environ_of
from asynction.server._socketio.common import certificate_of, request_of
from asynction.server._websocket.connection import Message, Receive, Send

log = logging.getLogger("asynction")

Serve = Callable[["Transport"], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Transport:
    """A WebSocket of any server.

    Args:
        path: the path, relative to where the router is mounted.
        receive: receives an ASGI message.
        send: sends an ASGI message.
        peer: the WebSocket that hooks get as the connection.
        environ: the handshake as WSGI describes it.
        request: returns the handshake with an `auth` payload, for security functions.
        is_accepted: whether the handshake is complete.
    """

    path: str
    receive: Receive
    send: Send
    peer: object
    environ: MutableMapping[str, Any]
    request: Callable[[object], Request]
    is_accepted: bool = False


@dataclass(frozen=True, slots=True)
class Peer:
    """The connection that hooks get if Starlette is not installed."""

    scope: MutableMapping[str, Any]


# ASGI ------------------------------------------------------------------------------------------


def asgi_transport(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> Transport:
    """Return the transport of an ASGI server."""
    return _transport(scope, receive, send, _peer(scope, receive, send))


def starlette_transport(ws: Any) -> Transport:
    """Return the transport of a Starlette or FastAPI endpoint, which may have accepted it already."""
    return _transport(ws.scope, ws.receive, ws.send, ws, ws.application_state.name == "CONNECTED")


def _transport(
    scope: MutableMapping[str, Any], receive: Receive, send: Send, peer: object, is_accepted: bool = False
) -> Transport:
    environ = environ_of(scope)
    path: str = scope["path"].removeprefix(scope.get("root_path", "").rstrip("/"))
    return Transport(path, receive, send, peer, environ, partial(request_of, environ), is_accepted)


def _peer(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> object:
    try:
        from starlette.websockets import WebSocket
    except ModuleNotFoundError:
        return Peer(scope)
    return WebSocket(scope, receive, send)


class Serving:
    """A WebSocket that an endpoint passed to the router; awaiting this serves it.

    If a FastAPI endpoint forgets to await it, FastAPI's exit stack does so after the endpoint has returned.
    """

    def __init__(self, serve: Callable[[], Awaitable[None]], scope: Mapping[str, Any]) -> None:
        self._serve = serve
        self._is_served = False
        stack = scope.get("fastapi_inner_astack")
        if stack is not None:
            stack.push_async_exit(self._finish)

    def __await__(self) -> Generator[Any, None, None]:
        """Serve the client until it leaves."""
        self._is_served = True
        return self._serve().__await__()

    async def _finish(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None and not self._is_served:
            await self

    def __del__(self) -> None:
        """Log an error if it has not been awaited, so its client was not served."""
        if not self._is_served:
            log.error("a WebSocket was passed to a SocketRouter and not served: write `await router(ws)`")


class EndpointSignature:
    """The signature of a router as a FastAPI endpoint: one parameter, the WebSocket."""

    def __get__(self, router: object, owner: type) -> Signature:
        """Return the signature of a router; for the class raise AttributeError, so that it keeps its own."""
        if router is None:
            raise AttributeError("__signature__")
        try:
            from starlette.websockets import WebSocket
        except ModuleNotFoundError:
            raise AttributeError("__signature__") from None
        return Signature([Parameter("ws", Parameter.POSITIONAL_OR_KEYWORD, annotation=WebSocket)])


# simple-websocket ------------------------------------------------------------------------------


def serve_simple(ws: Any, serve: Serve, concurrency: int) -> None:
    """Serve a `simple_websocket.Server` (flask-sock) in a new event loop in the calling thread."""

    async def main() -> None:
        threads = ThreadPoolExecutor(concurrency + 2)  # for handlers, for reading and for writing
        asyncio.get_running_loop().set_default_executor(threads)
        try:
            await serve(simple_transport(ws))
        finally:
            with suppress(Exception):  # closed already; the event wakes the thread that waits in `receive`
                ws.close()
            ws.event.set()

    asyncio.run(main())


def simple_transport(ws: Any) -> Transport:
    """Return the transport of simple-websocket; its handshake is complete."""
    from werkzeug.datastructures import EnvironHeaders

    environ: dict[str, Any] = ws.environ

    def request(auth: object) -> Request:
        found = request_of(environ, auth)
        headers = tuple(EnvironHeaders(environ).items())
        return Request("GET", found.query, headers, auth, certificate_of(environ))

    async def receive() -> Message:
        try:
            data = await asyncio.to_thread(ws.receive)
        except Exception:  # the client has disconnected
            data = None
        if data is None:
            return {"type": "websocket.disconnect", "code": int(ws.close_reason or 1006)}
        return {"type": "websocket.receive", **({"text": data} if isinstance(data, str) else {"bytes": data})}

    async def send(message: Message) -> None:
        if message["type"] == "websocket.close":
            await asyncio.to_thread(ws.close, message["code"], message["reason"])
        else:
            await asyncio.to_thread(ws.send, message["text"])

    return Transport(environ.get("PATH_INFO", "/"), receive, send, ws, environ, request, is_accepted=True)
