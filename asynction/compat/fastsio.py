"""The names of `fastsio`.

from asynction.compat import fastsio
from asynction.compat.fastsio import ASGIApp, AsyncServer, RouterSIO, SocketID
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from copy import copy
from typing import Any, TypeVar

import socketio
from socketio import (
    AsyncAioPikaManager,
    AsyncClient,
    AsyncClientNamespace,
    AsyncManager,
    AsyncNamespace,
    AsyncRedisManager,
    AsyncSimpleClient,
    Client,
    ClientNamespace,
    SimpleClient,
)

from asynction.contract import namespace_name
from asynction.inject import Auth, Data, Depends, Environ, Event, Reason, SocketID
from asynction.middleware import (
    BaseMiddleware,
    auth_middleware,
    logging_middleware,
    rate_limit_middleware,
)
from asynction.runtime import Router
from asynction.server.asgi import AsynctionAsyncServer

__all__ = [
    "ASGIApp",
    "AsyncAioPikaManager",
    "AsyncClient",
    "AsyncClientNamespace",
    "AsyncManager",
    "AsyncNamespace",
    "AsyncRedisManager",
    "AsyncServer",
    "AsyncSimpleClient",
    "Auth",
    "BaseMiddleware",
    "Client",
    "ClientNamespace",
    "Data",
    "Depends",
    "Environ",
    "Event",
    "Reason",
    "RouterSIO",
    "SimpleClient",
    "SocketID",
    "SyncMiddleware",
    "auth_middleware",
    "logging_middleware",
    "rate_limit_middleware",
]

F = TypeVar("F", bound=Callable[..., Any])

SyncMiddleware = BaseMiddleware
"""A BaseMiddleware may have `def` methods."""

_ELSEWHERE = {
    "AsyncAPIConfig": "the document is the source: write it, and use `AsyncServer.from_spec`",
    "Middleware": "a Flask app is served by `asynction.AsynctionSocketIO`",
    "MiddlewareChain": "use `add_middleware`",
    "Server": "a Flask app is served by `asynction.AsynctionSocketIO`",
    "WSGIApp": "a Flask app is served by `asynction.AsynctionSocketIO`",
    "get_tornado_handler": "an async server is served by ASGI",
    "register_dependency": "name the function: `Depends(function)`",
}


def __getattr__(name: str) -> object:
    if name in _ELSEWHERE:
        raise AttributeError(f"`fastsio.{name}` has no counterpart: {_ELSEWHERE[name]}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


class RouterSIO(Router):
    """A Router whose `on` takes a namespace instead of the router's, not below it.

    Args:
        namespace: the namespace of handlers that name none.
        **options: those of Router.
    """

    def __init__(self, namespace: str | None = None, **options: Any) -> None:
        super().__init__("/", **options)
        self.default_namespace = namespace_name(namespace or "/")
        self._included: list[tuple[Router, RouterSIO]] = []
        self._classes: list[AsyncNamespace] = []

    def on(  # type: ignore[override]  # as fastsio has it
        self,
        event: str,
        handler: Callable[..., Any] | None = None,
        namespace: str | None = None,
        *,
        response_model: object = None,
    ) -> Callable[[F], F]:
        """Register the handler of an event; `response_model` is the type of the acknowledgement."""
        decorator = super().on(event, namespace or self.default_namespace, response_model=response_model)
        if handler is not None:
            decorator(handler)
        return decorator

    def event(
        self, handler: Any = None, /, *, namespace: str | None = None, response_model: object = None
    ) -> Any:
        """Register the handler of the event with the function's name; with or without arguments."""

        def decorator(function: F) -> F:
            return self.on(function.__name__, None, namespace, response_model=response_model)(function)

        return decorator if handler is None else decorator(handler)

    def add_router(self, router: RouterSIO) -> None:
        """Put the handlers of another router below the namespace of this one."""
        below = Router(self.default_namespace)
        below.include(router)
        self.include(below)
        self._included.append((below, router))  # a router hears of new handlers as long as it lives

    def add_routers(self, *routers: RouterSIO) -> None:
        """Put the handlers of other routers below the namespace of this one."""
        for router in routers:
            self.add_router(router)

    def register_namespace(self, namespace_handler: AsyncNamespace) -> None:
        """Register a class-based namespace with the servers that the router is added to later."""
        self._classes.append(namespace_handler)

    def classes(self, prefix: str = "/") -> Iterator[AsyncNamespace]:
        """Yield the class-based namespaces of this router and of those below it."""
        for handler in self._classes:
            placed = copy(handler)
            placed.namespace = _joined(prefix, handler.namespace or "/")
            yield placed
        for _, router in self._included:
            yield from router.classes(_joined(prefix, self.default_namespace))


def _joined(prefix: str, namespace: str) -> str:
    return namespace if prefix == "/" else prefix if namespace == "/" else prefix + namespace


class AsyncServer(AsynctionAsyncServer):
    """An AsynctionAsyncServer with the methods of `fastsio.AsyncServer`; without a document, any event."""

    def add_router(self, router: Router) -> None:
        """Bind the handlers of a router, also those added later, and its class-based namespaces."""
        super().add_router(router)
        for handler in router.classes() if isinstance(router, RouterSIO) else ():
            self.register_namespace(handler)

    def add_routers(self, *routers: Router) -> None:
        """Bind the handlers of several routers."""
        for router in routers:
            self.add_router(router)

    def add_middleware(  # type: ignore[override]  # the order of fastsio
        self,
        middleware: object,
        events: Iterable[str] | str | None = None,
        namespace: str | None = None,
        global_middleware: bool = False,
    ) -> None:
        """Put a middleware around received events; the first that is added is the outermost."""
        super().add_middleware(middleware, namespace, events, global_middleware=global_middleware)


def ASGIApp(  # noqa: N802 - a class in fastsio
    socketio_server: Any, other_asgi_app: Any = None, **options: Any
) -> Any:
    """Return an ASGI application that serves a server, and passes everything else to another application.

    With other options than those two, it is python-socketio's own, which starts and stops nothing.
    """
    if isinstance(socketio_server, AsynctionAsyncServer) and not options:
        return socketio_server.asgi_app(other_asgi_app)
    return socketio.ASGIApp(socketio_server, other_asgi_app, **options)
