"""What a server of any kind tells the runtime of its wire, and does for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from asynction.runtime._flow import Function, Response
from asynction.runtime._injection.plan import Convention, Providers

LIFECYCLE_EVENTS = ("connect", "disconnect")
"""What Socket.IO tells a server that is no event of a client's."""

Conventions: TypeAlias = "Mapping[str, Convention]"
"""What handlers are given first, by kind: `event`, `connect`, `disconnect`, `*` and `error`."""

FLASK: Conventions = {"*": Convention(("event",), always=True)}
"""Flask-SocketIO's handlers take the args of the event; a request context tells the rest."""

PYTHON_SOCKETIO: Conventions = {
    "event": Convention(("sid",), preferred=True),
    "connect": Convention(("sid", "environ"), preferred=True),
    "disconnect": Convention(("sid",), preferred=True),
    "*": Convention(("event", "sid"), always=True),
    "error": Convention(("sid",)),
}
"""python-socketio's handlers take `sid` first."""


class ConnectionRejected(Exception):
    """A client may not connect: `reason` and `body` are what it is told."""

    def __init__(self, reason: object, body: Mapping[str, object]) -> None:
        super().__init__(reason)
        self.reason = reason
        self.body = dict(body)


def _no_end(sid: str, namespace: str, end: float) -> None:
    """Take note of when a client is to leave: of no use where nobody watches."""


@dataclass(frozen=True, slots=True)
class Host:
    """What a server tells of its wire, and does for it.

    `refusals` are the exceptions that a connect handler refuses with. `errors` finds the error
    handlers that the server itself has: of a namespace, and of all; `propagates` says whether exceptions
    are let through.
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
    errors: Callable[[str], tuple[Function | None, Function | None]] = lambda namespace: (None, None)
    propagates: Callable[[], bool] = lambda: False
    expire: Callable[[str, str, float], None] = _no_end
