"""The options of the servers, as typed dictionaries, for editors and type checkers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypedDict

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


class SocketIOOptions(BindingOptions, OriginOptions, EngineOptions, total=False):
    """The options of AsynctionSocketIO: those of every server, and those of `flask_socketio.SocketIO`.

    Attributes:
        default_error_handler: handles every exception that no other handler handles.
        http: whether events can also be sent by `POST`, at `events` next to the Socket.IO path.
        public_extensions: the `x-` fields of the document that clients may see, besides those of asynction
            that bind no code.
        message_queue: the URL of a message queue that connects several processes.
        channel: the channel of the message queue.
        path: the Socket.IO path; else that of the document's server.
        resource: the same as `path`.
        manage_session: whether Flask-SocketIO has sessions of its own, separate from those of HTTP.
    """

    default_error_handler: Function | None
    http: bool | HttpOptions
    public_extensions: Sequence[str]
    message_queue: str | None
    channel: str
    path: str
    resource: str
    manage_session: bool


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


def check_options(options: Mapping[str, Any], known: type, owner: str) -> None:
    """Raise TypeError for an option that `known`, a TypedDict, does not have.

    python-socketio and python-engineio ignore what they do not know, so a misspelt option would be lost.
    """
    for name in options:
        if name not in known.__annotations__:
            near = did_you_mean(name, known.__annotations__)
            raise TypeError(f"{owner} has no option `{name}`{near}")


def take(options: Any, kind: type) -> dict[str, Any]:
    """Remove from `options` those of one TypedDict, and return them."""
    return {name: options.pop(name) for name in kind.__annotations__ if name in options}
