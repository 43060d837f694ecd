"""Serves a Socket.IO server by ASGI: alone, in front of another application, or inside Starlette's."""

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
"""What is done once, when serving starts or before it stops."""

CONNECTIONS = ("http", "websocket")


class HandlesRequests(Protocol):
    """A `socketio.AsyncServer`, as far as this module needs one."""

    async def handle_request(self, scope: Scope, receive: Receive, send: Send) -> Any:
        """Serve one request or one websocket."""


class EngineApp:
    """An ASGI application: the Socket.IO path goes to `server`, all else to `other`, or to nobody (404).

    `start` runs when serving starts, after `other` has started; `stop` before `other` stops, so that
    connections end while what their handlers use still lives. Where `start` raises, serving does not start.
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
            return  # Engine.IO takes it for a request, and raises KeyError

        async def received() -> Message:
            nonlocal first
            if first is None:
                return await receive()
            message, first = first, None
            return message

        answer = send if scope["type"] == "websocket" else _lower_case(send)
        await self._server.handle_request({**scope, "headers": _headers(scope)}, received, answer)


def is_below(path: str, scope: Scope) -> bool:
    """Whether a connection is for `/path` or below it; `root_path`, where the app is mounted, is left out."""
    if scope["type"] not in CONNECTIONS:
        return False
    at: str = scope["path"]
    root: str = scope.get("root_path", "").rstrip("/")
    if f"{at}/".startswith(f"{root}/"):  # else a proxy has removed it, and says so
        at = at[len(root) :]
    base = path.strip("/")
    return f"{at}/".startswith(f"/{base}/" if base else "/")


def mount(app: object, engine: ASGIApp, path: str, start: Step, stop: Step) -> bool:
    """Make a Starlette or FastAPI application serve `engine` at `path`; False for any other application.

    The engine is a route, before all others: the application's middleware applies to it. `start` runs
    after the application's own lifespan has started, `stop` before it ends; the routers that the
    application includes later run theirs inside of the two.
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
    """Make a Starlette or FastAPI application serve `target` at `path` and below, before all else."""
    app.router.routes.insert(0, _route(target, path))


def paths_of(app: object) -> frozenset[str]:
    """The paths that an application is known to serve: none where it does not tell."""
    routes = getattr(app, "routes", ())
    return frozenset(str(getattr(route, "path", "")).rstrip("/") for route in routes)


def below(path: str, scope: Scope) -> str:
    """What is left of the path of a connection that is for `path` or below it."""
    at: str = scope["path"]
    root: str = scope.get("root_path", "").rstrip("/")
    if f"{at}/".startswith(f"{root}/"):
        at = at[len(root) :]
    return at[len(path.rstrip("/")) :]


def _route(engine: ASGIApp, path: str) -> Any:
    """Return a route to `engine`; a kind of Starlette's own leaves out the path itself, or a protocol."""
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
    IDLE = auto()  # the application has not asked what is the matter
    STARTING = auto()
    FAILED = auto()  # `start` raised: the application stops again
    SERVING = auto()
    STOPPING = auto()
    OVER = auto()


class _Lifespan:
    """One lifespan: `other`'s, with `start` at the end of its startup and `stop` before its shutdown."""

    def __init__(self, other: ASGIApp | None, start: Step, stop: Step, receive: Receive, send: Send) -> None:
        self._other = other
        self._start = start
        self._stop = stop
        self._receive = receive
        self._send = send
        self._state = _State.IDLE
        self._failure = ""

    async def run(self, scope: Scope) -> None:
        """Run until serving ends; what `other` raises in its own lifespan is raised."""
        if self._other is not None:
            try:
                await self._relay(self._other, scope)
            except Exception:
                if not self._is(_State.IDLE):  # else it has no lifespan, and ASGI lets it say so like that
                    raise
        if self._is(_State.IDLE):
            await self._relay(_bare_lifespan, scope)
        while self._is(_State.SERVING):  # `other` does not wait for the end
            await self._to_other()
        if self._is(_State.STOPPING):
            await self._from_other({"type": "lifespan.shutdown.complete"})

    def _is(self, state: _State) -> bool:
        return self._state is state

    async def _relay(self, app: ASGIApp, scope: Scope) -> None:
        try:
            await app(scope, self._to_other, self._from_other)
        finally:
            if self._is(_State.FAILED):  # `app` has let go of all it had: now the server may go
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
                self._failure = _told(error)
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
                self._failure, self._state = _told(error), _State.FAILED
                return
            self._state = _State.SERVING
        elif kind.startswith("lifespan."):
            self._state = _State.OVER
            if kind == "lifespan.shutdown.complete" and self._failure:
                message = {"type": "lifespan.shutdown.failed", "message": self._failure}
        await self._send(message)


async def _bare_lifespan(scope: Scope, receive: Receive, send: Send) -> None:
    """Be an application that has nothing to start or stop."""
    for step in ("startup", "shutdown"):
        await receive()
        await send({"type": f"lifespan.{step}.complete"})


def _told(error: Exception) -> str:
    """Return what the server is to log: a problem of the document needs no traceback."""
    return str(error) if isinstance(error, AsynctionException) else traceback.format_exc()


async def _not_found(scope: Scope, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close"})
        return
    await respond_text(send, 404, "Not Found")


def _headers(scope: Scope) -> list[tuple[bytes, bytes]]:
    """Return a request's headers, with those in which Engine.IO reads what ASGI says by the scope."""
    headers = list(scope["headers"])
    names = {name.lower() for name, _ in headers}
    said: dict[bytes, bytes] = {}
    if scope["type"] == "websocket":  # HTTP/2 has no such headers, test clients forget them
        said.update({b"connection": b"upgrade", b"upgrade": b"websocket"})
    if scope.get("scheme") in ("https", "wss"):  # else Engine.IO takes its own origin for another one
        said[b"x-forwarded-proto"] = b"https"
    return headers + [(name, value) for name, value in said.items() if name not in names]


def _lower_case(send: Send) -> Send:
    """Write the names of headers as ASGI wants them, so that middleware (CORS) finds and replaces them."""

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [(name.lower(), value) for name, value in message["headers"]]
        await send(message)

    return sent
