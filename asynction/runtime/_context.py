"""What code may ask about the event that it handles."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from asynction.contract import Event
from asynction.security import Identity
from asynction.validation import JsonArgs

NOBODY = Identity()
"""Who sends an event on a connection that needed no credentials."""

NOTHING: Mapping[str, object] = {}


@dataclass(frozen=True, slots=True)
class MessageData:
    """What a client sent, as hooks see it.

    `payload` is the event's arg, a list where it has several; `uuid` is None, and `headers` are empty,
    where the wire has none.
    """

    uuid: str | int | None
    route: str
    headers: Mapping[str, Any]
    payload: Any


class Context:
    """One event, or the start or end of a connection, as middleware and injection see it.

    `namespace` is the client's, `/rooms/42` say, and `parameters` are its values where the contract has
    a pattern, which is then in `pattern`, else the same name; `contract` is the event there, None for one
    that it does not have. `args` are what the client sent; `auth` is given on `connect`, `reason` on
    `disconnect`. `connection` and `message` are what the wire itself has for hooks, if anything. `server`
    is the server itself; `sid` is None on a wire without connections. `error` is what the event failed
    with, once it has.
    """

    contract: Event | None = None
    auth: object = None
    reason: object = None
    identity: Identity | None = NOBODY
    parameters: Mapping[str, object] = NOTHING
    error: BaseException | None = None
    has_new_args = False
    json_args: JsonArgs | None = None
    message: MessageData | None = None
    connection: object = None

    def __init__(
        self,
        server: object,
        namespace: str,
        event: str,
        sid: str | None,
        args: tuple[object, ...] = (),
        *,
        environ: Callable[[str, str], Mapping[str, Any]] | None = None,
    ) -> None:
        self.server = server
        self.namespace = namespace
        self.pattern = namespace
        self.event = event
        self.sid = sid
        self.args = args
        self.open_dependencies: list[object] = []  # dependencies that are to be closed
        self._environ = environ

    def __repr__(self) -> str:
        return f"<Context {self.event!r} in {self.namespace!r}>"  # nothing that may be secret

    @property
    def environ(self) -> Mapping[str, Any]:
        """The WSGI environment of the request that opened the connection; empty once that has ended."""
        return self._environ(self.sid or "", self.namespace) if self._environ is not None else NOTHING

    @property
    def user(self) -> object:
        """Who sends it: `sub` or `uid` of what the security function said; None for nobody."""
        return self.identity.user if self.identity is not None else None

    @property
    def token_info(self) -> Mapping[str, object] | None:
        """What the security function said of the client; None where none was asked."""
        return self.identity.token_info if self.identity is not None else None

    def replace(self, *, args: tuple[object, ...]) -> Context:
        """The same with other args, for `call_next`: they are held to the contract like the client's."""
        copy = object.__new__(type(self))
        copy.__dict__.update(self.__dict__, args=args, has_new_args=True)
        return copy
