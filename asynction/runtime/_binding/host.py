"""The interface between the runtime and an adapter: `Host`, and how handlers of each framework are called."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from asynction.runtime._flow import Function, Response
from asynction.runtime._injection.plan import Convention, Providers

LIFECYCLE_EVENTS = ("connect", "disconnect")
"""The start and end of a connection: Socket.IO handles them like events, but a client cannot send them."""

Conventions: TypeAlias = "Mapping[str, Convention]"
"""The leading arguments of handlers, by kind: `event`, `connect`, `disconnect`, `*` and `error`."""

FLASK: Conventions = {"*": Convention(("event",), always=True)}
"""Flask-SocketIO's handlers take the args of the event; all else is in `flask.request`."""

PYTHON_SOCKETIO_ANY: Conventions = {
    "event": Convention(("namespace", "sid"), always=True),
    "connect": Convention(("namespace", "sid", "environ"), preferred=True),
    "disconnect": Convention(("namespace", "sid"), preferred=True),
    "*": Convention(("event", "namespace", "sid"), always=True),
}
"""Handlers of python-socketio for the namespace `*` take the client's namespace before `sid`."""

PYTHON_SOCKETIO: Conventions = {
    "event": Convention(("sid",), preferred=True),
    "connect": Convention(("sid", "environ"), preferred=True),
    "disconnect": Convention(("sid",), preferred=True),
    "*": Convention(("event", "sid"), always=True),
    "error": Convention(("sid",)),
}
"""python-socketio's handlers take `sid` first."""


class ConnectionRejected(Exception):
    """A client may not connect; `reason` and `body` are sent to it."""

    def __init__(self, reason: object, body: Mapping[str, object]) -> None:
        super().__init__(reason)
        self.reason = reason
        self.body = dict(body)


def _ignore_expiry(sid: str, namespace: str, end: float) -> None:
    """Do nothing: this server does not enforce expiry."""


@dataclass(frozen=True, slots=True)
class Host:
    """The functions and settings that an adapter provides to the runtime.

    Args:
        server: the server or client itself, which handlers can ask for.
        driver: runs a flow: `drive`, or `adrive` if `is_async`.
        environ: returns the WSGI environment of a connection, by sid and namespace.
        is_connected: returns whether a client is still connected, by sid and namespace.
        register: called with the namespace and name of each event that is bound.
        conventions: the leading arguments of handlers.
        providers: functions that return the value of a parameter, by the class that annotates it.
        refusals: the exceptions by which a connect handler rejects a client.
        is_async: whether coroutine functions can be awaited.
        prepare: changes a function before it is bound; an async server runs plain functions in threads.
        prepare_security: the same for security functions, which may wait long for others: a server keeps
            them from what handlers need.
        errors: returns the server's own error handlers: that of a namespace, and that of all namespaces.
        propagates: returns whether unhandled exceptions are raised, as in tests.
        expire: called with sid, namespace and the Unix time at which a client's credentials expire.
        has_connections: whether clients connect to it; a client's own connection has no middleware.
        any_namespace: the leading arguments of handlers for the namespace `*`; None if the adapter registers
            these itself.
    """

    server: object
    driver: Callable[[Response], object]
    environ: Callable[[str, str], Mapping[str, object]]
    is_connected: Callable[[str, str], bool]
    register: Callable[[str, str], None]
    conventions: Conventions = field(default_factory=dict)
    providers: Providers = field(default_factory=dict)
    refusals: tuple[type[BaseException], ...] = ()
    is_async: bool = False
    prepare: Callable[[Function], Function] | None = None
    prepare_security: Callable[[Function], Function] | None = None
    errors: Callable[[str], tuple[Function | None, Function | None]] = lambda namespace: (None, None)
    propagates: Callable[[], bool] = lambda: False
    expire: Callable[[str, str, float], None] = _ignore_expiry
    has_connections: bool = True
    any_namespace: Conventions | None = None
