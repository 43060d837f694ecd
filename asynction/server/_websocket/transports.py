"""What brings a WebSocket to the router: an ASGI server, Starlette's object, or simple-websocket's."""

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

Serve = Callable[["Link"], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Link:
    """A WebSocket that a server brings: `peer` is what hooks are given as it."""

    path: str
    receive: Receive
    send: Send
    peer: object
    environ: Mapping[str, Any]
    request: Callable[[object], Request]
    is_accepted: bool = False


@dataclass(frozen=True, slots=True)
class Peer:
    """The connection as hooks see it where Starlette is not installed."""

    scope: MutableMapping[str, Any]


# ASGI ------------------------------------------------------------------------------------------


def asgi_link(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> Link:
    """The WebSocket of an ASGI server."""
    return _link(scope, receive, send, _peer(scope, receive, send))


def starlette_link(ws: Any) -> Link:
    """The WebSocket of a Starlette or FastAPI endpoint, which may have accepted it."""
    return _link(ws.scope, ws.receive, ws.send, ws, ws.application_state.name == "CONNECTED")


def _link(
    scope: MutableMapping[str, Any], receive: Receive, send: Send, peer: object, is_accepted: bool = False
) -> Link:
    environ = environ_of(scope)
    path: str = scope["path"].removeprefix(scope.get("root_path", "").rstrip("/"))
    return Link(path, receive, send, peer, environ, partial(request_of, environ), is_accepted)


def _peer(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> object:
    try:
        from starlette.websockets import WebSocket
    except ModuleNotFoundError:
        return Peer(scope)
    return WebSocket(scope, receive, send)


class Serving:
    """A WebSocket that an endpoint gave to the router: it is served where this is awaited.

    FastAPI ends an endpoint by a stack of its own, which serves where the endpoint has not awaited.
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
        """Say what is wrong: whoever awaits nothing here serves nobody."""
        if not self._is_served:
            log.error("a WebSocket was given to a SocketRouter and not served: write `await router(ws)`")


class EndpointSignature:
    """The signature that FastAPI reads of a router that is an endpoint: it takes the WebSocket."""

    def __get__(self, router: object, owner: type) -> Signature:
        """Describe a router; its class has the signature that it has."""
        if router is None:
            raise AttributeError("__signature__")
        try:
            from starlette.websockets import WebSocket
        except ModuleNotFoundError:
            raise AttributeError("__signature__") from None
        return Signature([Parameter("ws", Parameter.POSITIONAL_OR_KEYWORD, annotation=WebSocket)])


# simple-websocket ------------------------------------------------------------------------------


def serve_simple(ws: Any, serve: Serve, concurrency: int) -> None:
    """Serve a `simple_websocket.Server`, as flask-sock has one, in an event loop of the calling thread."""

    async def main() -> None:
        threads = ThreadPoolExecutor(concurrency + 2)  # for handlers, for reading and for writing
        asyncio.get_running_loop().set_default_executor(threads)
        try:
            await serve(simple_link(ws))
        finally:
            with suppress(Exception):  # it is closed; else whoever reads would wait for ever
                ws.close()
            ws.event.set()

    asyncio.run(main())


def simple_link(ws: Any) -> Link:
    """The WebSocket of simple-websocket, whose handshake is over."""
    from werkzeug.datastructures import EnvironHeaders

    environ: dict[str, Any] = ws.environ

    def request(auth: object) -> Request:
        found = request_of(environ, auth)
        headers = tuple(EnvironHeaders(environ).items())
        return Request("GET", found.query, headers, auth, certificate_of(environ))

    async def receive() -> Message:
        try:
            data = await asyncio.to_thread(ws.receive)
        except Exception:  # it raises what it likes where the client has left
            data = None
        if data is None:
            return {"type": "websocket.disconnect", "code": int(ws.close_reason or 1006)}
        return {"type": "websocket.receive", **({"text": data} if isinstance(data, str) else {"bytes": data})}

    async def send(message: Message) -> None:
        if message["type"] == "websocket.close":
            await asyncio.to_thread(ws.close, message["code"], message["reason"])
        else:
            await asyncio.to_thread(ws.send, message["text"])

    return Link(environ.get("PATH_INFO", "/"), receive, send, ws, environ, request, is_accepted=True)
