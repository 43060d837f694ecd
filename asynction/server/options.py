"""The options of the servers, each written once: checked and completed by editors and type checkers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypedDict

from asynction.runtime import Function, Resolver, Router
from asynction.server.http import HttpOptions


class ServiceOptions(TypedDict, total=False):
    """How any server checks what it sends and receives.

    Attributes:
        validation: False checks no payload, ack or handshake. Default: True.
        strict: False warns where code and contract differ, instead of raising. Default: True.
        security_functions: functions to ask, by security scheme, instead of those that the document names.
    """

    validation: bool
    strict: bool
    security_functions: Mapping[str, Callable[..., Any]] | None


class BindingOptions(ServiceOptions, total=False):
    """Where any server gets its handlers from, besides the document and decorators.

    Attributes:
        routers: routers to attach.
        resolver: finds the handlers that the document does not name, see ModuleResolver.
    """

    routers: Sequence[Router]
    resolver: Resolver | None


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
    cors_allowed_origins: str | Sequence[str] | Callable[..., bool] | None
    cors_credentials: bool
    monitor_clients: bool
    transports: str | Sequence[str] | None
    engineio_logger: Any


class SocketIOOptions(BindingOptions, EngineOptions, total=False):
    """The options of AsynctionSocketIO: those of every server, and those of `flask_socketio.SocketIO`.

    Attributes:
        default_error_handler: answers every exception that no other handler answers.
        http: whether events are taken by `POST` requests, too, at `events` beside the Socket.IO path.
        message_queue: the URL of a message queue that connects several processes.
        channel: the channel of the message queue.
        path: the Socket.IO path; else that of the document's server.
        resource: the same as `path`.
        manage_session: whether Flask-SocketIO keeps sessions apart from HTTP's.
    """

    default_error_handler: Function | None
    http: bool | HttpOptions
    message_queue: str | None
    channel: str
    path: str
    resource: str
    manage_session: bool


class AsyncServerOptions(BindingOptions, EngineOptions, total=False):
    """The options of AsynctionAsyncServer: those of every server, and those of `socketio.AsyncServer`.

    Attributes:
        socketio_path: the Socket.IO path; else that of the document's server.
        grace: how many seconds handlers may go on when serving stops. Default: 5.
        http: whether events are taken by `POST` requests, too, at `events` beside the Socket.IO path.
    """

    socketio_path: str | None
    grace: float
    http: bool | HttpOptions


def take(options: Any, kind: type) -> dict[str, Any]:
    """Remove from `options` those of one TypedDict, and return them."""
    return {name: options.pop(name) for name in kind.__annotations__ if name in options}
