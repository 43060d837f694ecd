"""The options of the servers, as typed dictionaries, for editors and type checkers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.util import find_spec
from types import MappingProxyType
from typing import Any, TypedDict

import socketio

from asynction.problems import did_you_mean
from asynction.runtime import Function, Resolver, Router
from asynction.server.http import HttpOptions


class ServiceOptions(TypedDict, total=False):
    """The options for checks, of every server.

    Attributes:
        validation: whether to check payloads, acks and handshakes. Default: True.
        strict: whether to raise if code and contract differ; False only warns. Default: True.
        security_functions: security functions by scheme, instead of those in the document.
        handlers: the modules whose code the document may name, such as `["my_api"]`; any other is an error.
            Default: all, with a warning for code that is not the application's.
    """

    validation: bool
    strict: bool
    security_functions: Mapping[str, Callable[..., Any]] | None
    handlers: Sequence[str] | None


class BindingOptions(ServiceOptions, total=False):
    """The sources of handlers besides the document and decorators, of every server.

    Attributes:
        routers: routers to add.
        resolver: finds the handlers that the document does not name, see ModuleResolver.
    """

    routers: Sequence[Router]
    resolver: Resolver | None


class OriginOptions(TypedDict, total=False):
    """The options for pages of other origins, of every server and on every wire.

    Attributes:
        cors_allowed_origins: an origin whose pages may use the server besides its own, a list of origins,
            `"*"` for all, or a function of the origin and the WSGI environment. Default: its own only.
        proxy_headers: whether the server's own origin is in `X-Forwarded-Proto` and `X-Forwarded-Host`,
            which a proxy in front of it must set. Default: False.
    """

    cors_allowed_origins: str | Iterable[str] | Callable[..., bool] | None
    proxy_headers: bool


class RouterOptions(BindingOptions, OriginOptions, total=False):
    """The options of SocketRouter."""


class EngineOptions(TypedDict, total=False):
    """The options of python-socketio and python-engineio that both Socket.IO servers take."""

    client_manager: Any
    logger: Any
    serializer: str | type[Any]
    json: Any
    async_handlers: bool
    always_connect: bool
    namespaces: Sequence[str] | str | None
    async_mode: str | None
    ping_interval: float | tuple[float, float]
    ping_timeout: float
    max_http_buffer_size: int
    allow_upgrades: bool
    http_compression: bool
    compression_threshold: int
    cookie: str | Mapping[str, Any] | Callable[..., Any] | None
    cors_credentials: bool
    monitor_clients: bool
    transports: str | Sequence[str] | None
    engineio_logger: Any


class InitAppOptions(OriginOptions, EngineOptions, total=False):
    """The options of `AsynctionSocketIO.init_app`, which its constructor also takes.

    Attributes:
        message_queue: the URL of a message queue that connects several processes.
        channel: the channel of the message queue.
        path: the Socket.IO path; else that of the document's server.
        resource: the same as `path`.
        manage_session: whether Flask-SocketIO has sessions of its own, separate from those of HTTP.
    """

    message_queue: str | None
    channel: str
    path: str
    resource: str
    manage_session: bool


class SocketIOOptions(BindingOptions, InitAppOptions, total=False):
    """The options of AsynctionSocketIO: those of every server, and those of `flask_socketio.SocketIO`.

    Attributes:
        default_error_handler: handles every exception that no other handler handles.
        http: whether events can also be sent by `POST`, at `events` next to the Socket.IO path.
        public_extensions: the `x-` fields of the document that clients may see, besides those of asynction
            that bind no code.
    """

    default_error_handler: Function | None
    http: bool | HttpOptions
    public_extensions: Sequence[str]


class AsyncServerOptions(BindingOptions, OriginOptions, EngineOptions, total=False):
    """The options of AsynctionAsyncServer: those of every server, and those of `socketio.AsyncServer`.

    Attributes:
        socketio_path: the Socket.IO path; else that of the document's server.
        grace: the seconds to wait for handlers when the server stops. Default: 5.
        http: whether events can also be sent by `POST`, at `events` next to the Socket.IO path.
        public_extensions: the `x-` fields of the document that clients may see, besides those of asynction
            that bind no code.
    """

    socketio_path: str | None
    grace: float
    http: bool | HttpOptions
    public_extensions: Sequence[str]


WSGI_MODES = ("threading", "gevent", "eventlet", "gevent_uwsgi")
_ASGI_MODES = ("asgi", "aiohttp", "sanic", "tornado")


def check_wsgi_mode(mode: str | None, owner: str) -> None:
    """Raise ValueError for an `async_mode` in which a Flask app cannot be served here."""
    if mode in _ASGI_MODES:
        advice = "for ASGI use AsynctionAsyncServer"
        raise ValueError(f"{owner} serves Flask, not `async_mode={mode!r}`; {advice}")
    if mode is not None and mode not in WSGI_MODES:
        advice = did_you_mean(str(mode), WSGI_MODES) or f"; use one of {', '.join(WSGI_MODES)}"
        raise ValueError(f"{owner} has no `async_mode={mode!r}`{advice}")
    if mode in ("gevent", "eventlet") and find_spec(mode) is None:
        raise ValueError(f"`async_mode={mode!r}` needs {mode}: install it, or leave `async_mode` out")


def check_patched(manager: object, mode: str) -> None:
    """Raise ValueError for a Redis queue on gevent without its patches: it would refuse every client."""
    if "gevent" in mode and isinstance(manager, socketio.RedisManager):
        from gevent.monkey import is_module_patched

        if not is_module_patched("socket"):
            advice = 'call `gevent.monkey.patch_all()` first of all, or pass `async_mode="threading"`'
            raise ValueError(f"on gevent, a Redis message queue needs patched sockets: {advice}")


def check_asgi_mode(mode: str | None, owner: str) -> None:
    """Raise ValueError for an `async_mode` that is not ASGI."""
    if mode not in (None, "asgi"):
        advice = "leave `async_mode` out, and serve `asio.asgi_app()`, for example with uvicorn"
        if mode in WSGI_MODES:
            advice = "for Flask use AsynctionSocketIO"
        raise ValueError(f"{owner} serves ASGI, not `async_mode={mode!r}`; {advice}")


_POSITIONAL: Mapping[str, object] = {
    "validation": True,
    "server_name": None,
    "docs": True,
    "default_error_handler": None,
    "app": None,
}
"""The arguments that `from_spec` of asynction 0.8 took by position after the document, and their defaults."""


def take_positional(
    positional: Sequence[object], named: dict[str, Any], more: Mapping[str, object] = MappingProxyType({})
) -> None:
    """Add to `named` what is given to `from_spec` by position; raise TypeError as Python does.

    `more` has the arguments of a mock, which come last.
    """
    known = {**_POSITIONAL, **more}
    if len(positional) > len(known):
        raise TypeError(f"from_spec takes at most {len(known) + 1} positional arguments: name the others")
    for (name, default), value in zip(known.items(), positional, strict=False):
        if named.get(name, default) is not default:
            raise TypeError(f"from_spec got two values for `{name}`")
        if name != "app" and hasattr(value, "wsgi_app"):
            raise TypeError(f"from_spec takes `{name}` at this position; give an app as `app=`")
        named[name] = value


def check_wsgi_app(app: object, owner: str) -> None:
    """Raise TypeError for an app that Flask-SocketIO cannot be attached to."""
    if app is not None and not hasattr(app, "wsgi_app"):
        kind = type(app).__name__
        advice = "; for ASGI, such as FastAPI, use AsynctionAsyncServer" if callable(app) else ""
        raise TypeError(f"{owner} is attached to a Flask app, not to a {kind}{advice}")


def check_asgi_app(app: object, owner: str) -> None:
    """Raise TypeError for what is not an ASGI application."""
    if app is not None and (not callable(app) or hasattr(app, "wsgi_app")):
        kind = type(app).__name__
        advice = "; for Flask use AsynctionSocketIO" if callable(app) else ""
        raise TypeError(f"{owner} is attached to an ASGI application, not to a {kind}{advice}")


def take(options: Any, kind: type) -> dict[str, Any]:
    """Remove from `options` those of one TypedDict, and return them."""
    return {name: options.pop(name) for name in kind.__annotations__ if name in options}
