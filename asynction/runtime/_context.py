"""The event that is being handled, as middleware, hooks and injection see it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from asynction.contract import Event
from asynction.security import Identity
from asynction.validation import JsonArgs

ANONYMOUS = Identity()
"""The identity of an anonymous client."""

NOTHING: Mapping[str, object] = {}


@dataclass(frozen=True, slots=True)
class MessageData:
    """A received message, as hooks see it.

    `payload` is the event's arg, or a list of several args. On a wire without them, `uuid` is None and
    `headers` is empty.
    """

    uuid: str | int | None
    route: str
    headers: Mapping[str, Any]
    payload: Any


class Context:
    """One event or lifecycle event, as middleware and injection see it.

    Attributes:
        server: the server or client that handles the event.
        namespace: the client's namespace, for example `/rooms/42`.
        pattern: the contract's name of the namespace, `/rooms/{room}`.
        parameters: the values of the parameters in `pattern`.
        event: the name of the event.
        contract: the event in the contract; None if the contract does not have it.
        sid: the id of the client's connection; None on a wire without connections.
        args: the args that the client sent.
        json_args: the same object as `args` if a strict reader has read it from JSON, else another or None.
        auth: the `auth` payload, on `connect`.
        reason: the reason, on `disconnect`.
        identity: the client's identity; None if it is not authenticated yet.
        error: the exception that the event failed with, if any.
        message, connection: the message and the connection of the wire, for hooks; None if it has none.
    """

    contract: Event | None = None
    auth: object = None
    reason: object = None
    identity: Identity | None = ANONYMOUS
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
        self.open_dependencies: list[object] = []  # generators to close after the ack
        self._environ = environ

    def __repr__(self) -> str:
        return f"<Context {self.event!r} in {self.namespace!r}>"  # nothing that may be secret

    @property
    def environ(self) -> Mapping[str, Any]:
        """Return the WSGI environment of the request that opened the connection; empty after its end."""
        return self._environ(self.sid or "", self.namespace) if self._environ is not None else NOTHING

    @property
    def user(self) -> object:
        """Return `sub` or `uid` of the security function's result; None for an anonymous client."""
        return self.identity.user if self.identity is not None else None

    @property
    def token_info(self) -> Mapping[str, object] | None:
        """Return the security function's result for the client; None for an anonymous client."""
        return self.identity.token_info if self.identity is not None else None

    def replace(self, *, args: tuple[object, ...]) -> Context:
        """Return a copy with other args, for `call_next`; they are checked like the client's."""
        copy = object.__new__(type(self))
        copy.__dict__.update(self.__dict__, args=args, has_new_args=True)
        return copy
