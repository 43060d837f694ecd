"""Serves a Socket.IO server by ASGI: alone, in front of another application, or mounted on Starlette."""

from __future__ import annotations

import sys
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from enum import Enum, auto
from typing import Any, Protocol

from asynction.exceptions import AsynctionException
from asynction.server._asgi.request import respond_text
from asynction.server._asgi.types import ASGIApp, Message, Receive, Scope, Send

Step = Callable[[], Awaitable[None]]
"""A function that runs once, when serving starts or before it stops."""

CONNECTIONS = ("http", "websocket")


class HandlesRequests(Protocol):
    """The part of a `socketio.AsyncServer` that this module uses."""

    async def handle_request(self, scope: Scope, receive: Receive, send: Send) -> Any:
        """Serve one request or one websocket."""


class EngineApp:
    """An ASGI application that serves `path` by `server`, and everything else by `other`, or with a 404.

    Args:
        server: serves the requests and WebSockets.
        path: the path of the server.
        other: another ASGI application.
        start: runs when serving starts, after `other` has started; if it raises, serving does not start.
        stop: runs before `other` stops, so that handlers can use the resources of `other` until they end.
    """

    def __init__(
        self,
        server: HandlesRequests,
        path: str = "socket.io",
        other: ASGIApp | None = None,
        *,
        start: Step,
        stop: Step,
    ) -> None:
        self._server = server
        self._path = path
        self._other = other
        self._start = start
        self._stop = stop

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection, or the lifespan."""
        if is_below(self._path, scope):
            await self._serve(scope, receive, send)
        elif scope["type"] == "lifespan":
            await _Lifespan(self._other, self._start, self._stop, receive, send).run(scope)
        elif self._other is not None:
            await self._other(scope, receive, send)
        elif scope["type"] in CONNECTIONS:
            await _not_found(scope, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        first: Message | None = await receive()
        if first is not None and first["type"].endswith(".disconnect"):
            return  # Engine.IO would handle it like a request, and raise KeyError

        async def received() -> Message:
            nonlocal first
            if first is None:
                return await receive()
            message, first = first, None
            return message

        answer = send if scope["type"] == "websocket" else _lower_case(send)
        await self._server.handle_request({**scope, "headers": _headers(scope)}, received, answer)


def is_below(path: str, scope: Scope) -> bool:
    """Return whether a connection is for `/path` or below it, relative to `root_path`."""
    if scope["type"] not in CONNECTIONS:
        return False
    at: str = scope["path"]
    root: str = scope.get("root_path", "").rstrip("/")
    if f"{at}/".startswith(f"{root}/"):  # a proxy may have removed it from the path already
        at = at[len(root) :]
    base = path.strip("/")
    return f"{at}/".startswith(f"/{base}/" if base else "/")


def mount(app: object, engine: ASGIApp, path: str, start: Step, stop: Step) -> bool:
    """Add a route for `engine` to a Starlette or FastAPI application; return False for any other one.

    It is the first route, and the application's middleware applies to it. The lifespans of routers that the
    application includes later run between `start` and `stop`.

    Args:
        app: the application.
        engine: the ASGI application to serve.
        path: its path.
        start: runs after the application's own lifespan has started.
        stop: runs before the application's own lifespan ends.
    """
    applications = sys.modules.get("starlette.applications")
    if applications is None or not isinstance(app, applications.Starlette):
        return False
    inner = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(app: Any) -> AsyncIterator[Any]:
        async with inner(app) as state:
            await start()
            try:
                yield state
            finally:
                await stop()

    app.router.lifespan_context = lifespan
    app.router.routes.insert(0, _route(engine, path))
    return True


def add_route(app: Any, target: ASGIApp, path: str) -> None:
    """Add a route for `target`, before all others, to a Starlette or FastAPI application."""
    app.router.routes.insert(0, _route(target, path))


def paths_of(app: object) -> frozenset[str]:
    """Return the paths of an application's routes; an empty set if it has no `routes`."""
    routes = getattr(app, "routes", ())
    return frozenset(str(getattr(route, "path", "")).rstrip("/") for route in routes)


def below(path: str, scope: Scope) -> str:
    """Return the rest of a connection's path after `path`."""
    at: str = scope["path"]
    root: str = scope.get("root_path", "").rstrip("/")
    if f"{at}/".startswith(f"{root}/"):
        at = at[len(root) :]
    return at[len(path.rstrip("/")) :]


def _route(engine: ASGIApp, path: str) -> Any:
    """Return a route to `engine`: Starlette's own routes miss the path itself, or one of the protocols."""
    from starlette.routing import BaseRoute, Match, NoMatchFound

    class EngineRoute(BaseRoute):
        def __init__(self) -> None:
            self.path = f"/{path.strip('/')}"
            self.name = "socketio"  # for tools that list routes

        def matches(self, scope: Scope) -> tuple[Match, Scope]:
            if is_below(path, scope):
                return Match.FULL, {"endpoint": engine}
            return Match.NONE, {}

        def url_path_for(self, name: str, /, **path_params: Any) -> Any:
            raise NoMatchFound(name, path_params)

        async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
            await engine(scope, receive, send)

    return EngineRoute()


class _State(Enum):
    IDLE = auto()  # lifespan startup not received yet
    STARTING = auto()
    FAILED = auto()  # `start` raised: the application is told to shut down
    SERVING = auto()
    STOPPING = auto()
    OVER = auto()


class _Lifespan:
    """The lifespan of `other`, with `start` at the end of its startup and `stop` before its shutdown.

    It relays messages between the ASGI server and `other`, and changes those about startup and shutdown.
    """

    def __init__(self, other: ASGIApp | None, start: Step, stop: Step, receive: Receive, send: Send) -> None:
        self._other = other
        self._start = start
        self._stop = stop
        self._receive = receive
        self._send = send
        self._state = _State.IDLE
        self._failure = ""

    async def run(self, scope: Scope) -> None:
        """Run until serving ends; raise the exceptions of `other` in its lifespan."""
        if self._other is not None:
            try:
                await self._relay(self._other, scope)
            except Exception:
                if not self._is(_State.IDLE):  # if it is IDLE, `other` has no lifespan: ASGI lets it raise
                    raise
        if self._is(_State.IDLE):
            await self._relay(_bare_lifespan, scope)
        while self._is(_State.SERVING):  # `other` returned early: wait for the shutdown in its place
            await self._to_other()
        if self._is(_State.STOPPING):
            await self._from_other({"type": "lifespan.shutdown.complete"})

    def _is(self, state: _State) -> bool:
        return self._state is state

    async def _relay(self, app: ASGIApp, scope: Scope) -> None:
        try:
            await app(scope, self._to_other, self._from_other)
        finally:
            if self._is(_State.FAILED):  # `app` has shut down: only now may the ASGI server exit
                await self._send({"type": "lifespan.startup.failed", "message": self._failure})

    async def _to_other(self) -> Message:
        if self._is(_State.FAILED):
            return {"type": "lifespan.shutdown"}
        message = await self._receive()
        if message["type"] == "lifespan.shutdown":
            self._state = _State.STOPPING
            try:
                await self._stop()
            except Exception as error:
                self._failure = _failure_text(error)
        elif self._is(_State.IDLE):
            self._state = _State.STARTING
        return message

    async def _from_other(self, message: Message) -> None:
        kind = message["type"]
        if self._is(_State.FAILED):
            return
        if kind == "lifespan.startup.complete":
            try:
                await self._start()
            except Exception as error:
                self._failure, self._state = _failure_text(error), _State.FAILED
                return
            self._state = _State.SERVING
        elif kind.startswith("lifespan."):
            self._state = _State.OVER
            if kind == "lifespan.shutdown.complete" and self._failure:
                message = {"type": "lifespan.shutdown.failed", "message": self._failure}
        await self._send(message)


async def _bare_lifespan(scope: Scope, receive: Receive, send: Send) -> None:
    """Complete the lifespan of an application that has nothing to start or stop."""
    for step in ("startup", "shutdown"):
        await receive()
        await send({"type": f"lifespan.{step}.complete"})


def _failure_text(error: Exception) -> str:
    """Return the text that the ASGI server logs: a problem of the document needs no traceback."""
    return str(error) if isinstance(error, AsynctionException) else traceback.format_exc()


async def _not_found(scope: Scope, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close"})
        return
    await respond_text(send, 404, "Not Found")


def _headers(scope: Scope) -> list[tuple[bytes, bytes]]:
    """Return a request's headers, with those that Engine.IO reads and that ASGI has in the scope only."""
    headers = list(scope["headers"])
    names = {name.lower() for name, _ in headers}
    added: dict[bytes, bytes] = {}
    if scope["type"] == "websocket":  # HTTP/2 does not have these headers, and test clients omit them
        added.update({b"connection": b"upgrade", b"upgrade": b"websocket"})
    return headers + [(name, value) for name, value in added.items() if name not in names]


def _lower_case(send: Send) -> Send:
    """Convert header names to lower case, as ASGI requires: CORS middleware then replaces ours."""

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [(name.lower(), value) for name, value in message["headers"]]
        await send(message)

    return sent
