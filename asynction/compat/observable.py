"""The names of `fastapi_observable_socket`.

from asynction.compat.observable import SocketRouter, Status
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias, TypedDict

from asynction.server.websocket import HandlerResult, MessageData, Status
from asynction.server.websocket import SocketRouter as _SocketRouter

__all__ = [
    "AccessCheck",
    "DehydrateFunction",
    "Handler",
    "HandlerResult",
    "Header",
    "HydrateFunction",
    "MessageData",
    "Payload",
    "Request",
    "Response",
    "RouteOptions",
    "SocketAccess",
    "SocketRouter",
    "Status",
]

Header: TypeAlias = "Mapping[str, Any]"
Payload: TypeAlias = "bool | int | float | list[Any] | str | dict[str, Any]"
SocketAccess: TypeAlias = Callable[[Any], Awaitable[bool]]
"""A function of the WebSocket that says whether a connection is allowed."""

Handler: TypeAlias = Callable[..., Awaitable[HandlerResult]]
FormatCheck: TypeAlias = Callable[..., Awaitable[bool]]
AccessCheck: TypeAlias = Callable[..., Awaitable[bool]]
HydrateFunction: TypeAlias = Callable[..., Awaitable[Any]]
DehydrateFunction: TypeAlias = Callable[[Any], Awaitable[Any]]


class RouteOptions(TypedDict, total=False):
    """The hooks of a route."""

    data_check: FormatCheck | None
    access: AccessCheck | None
    hydrate: HydrateFunction | None
    dehydrate: DehydrateFunction | None


class Request(TypedDict):
    """A request as JSON."""

    uuid: str | int
    route: str
    headers: Header | None
    payload: Payload | None


class Response(TypedDict):
    """An answer as JSON."""

    uuid: str | int
    status: int
    headers: Header | None
    payload: Payload | None


class SocketRouter(_SocketRouter):
    """An `asynction.server.websocket.SocketRouter` whose first argument is the check of connections.

    Args:
        access_logic: called with the WebSocket of each new connection; a false result rejects it.
        **options: those of the base class.
    """

    def __init__(self, access_logic: SocketAccess | None = None, **options: Any) -> None:
        super().__init__(access=access_logic, **options)

    def route(
        self, path: str, options: Mapping[str, Any] | None = None, *, channel: str | None = None
    ) -> Callable[[Any], Any]:
        """Register the handler of a route, as the base class does; an option may be None."""
        given = {name: hook for name, hook in (options or {}).items() if hook is not None}
        return super().route(path, given, channel=channel)
