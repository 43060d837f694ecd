"""What a client raises where the server says no."""

from __future__ import annotations

from collections.abc import Mapping

from socketio.exceptions import ConnectionError as NotConnected

from asynction.exceptions import AsynctionException
from asynction.runtime import Args, EventSchemas


class CallError(AsynctionException):
    """The server acknowledged an event with an error (RFC 9457's members).

    Args:
        status: the HTTP-like status, 400 to 599.
        title: the name of the status.
        detail: what is wrong; empty if the server does not say.
        pointer: a JSON Pointer to what is wrong in the event's args; empty if the server does not say.
        ack: the args of the acknowledgement as they came, with members that RFC 9457 does not have.
    """

    def __init__(
        self, status: int, title: str, detail: str = "", pointer: str = "", *, ack: Args = ()
    ) -> None:
        super().__init__(f"{status} {title}" + (f": {detail}" if detail else ""))
        self.status = status
        self.title = title
        self.detail = detail
        self.pointer = pointer
        self.ack = ack

    def __reduce__(self) -> tuple[type[CallError], tuple[object, ...], dict[str, object]]:
        return type(self), (self.status, self.title, self.detail, self.pointer), {"ack": self.ack}


class ConnectionRefused(AsynctionException, NotConnected):
    """The server does not let the client into a namespace; `refusals` has what it said, by namespace.

    The other attributes are of the first of them: `reason` is text, `data` what came with it, and `status`
    the HTTP-like status in that, None where it has none.
    """

    def __init__(self, refusals: Mapping[str, object]) -> None:
        self.refusals = dict(refusals)
        self.namespace, refusal = next(iter(self.refusals.items()))
        self.reason, self.data = _read(refusal)
        status = self.data.get("status") if isinstance(self.data, Mapping) else None
        self.status = status if isinstance(status, int) else None
        super().__init__(f"the server refuses `{self.namespace}`: {self.reason}")

    def __reduce__(self) -> tuple[type[ConnectionRefused], tuple[object, ...]]:
        return type(self), (self.refusals,)


def _read(refusal: object) -> tuple[str, object]:
    """The reason and the data of a CONNECT_ERROR packet (Socket.IO 5), or what older servers put there."""
    if isinstance(refusal, Mapping) and isinstance(refusal.get("message"), str):
        return str(refusal["message"]), refusal.get("data")
    return (refusal, None) if isinstance(refusal, str) else ("it does not say why", refusal)


def error_in(schemas: EventSchemas | None, args: Args) -> CallError | None:
    """The error that an acknowledgement tells of; None where it is what the contract has as an answer."""
    body = args[0].get("error") if len(args) == 1 and isinstance(args[0], Mapping) else None
    if not isinstance(body, Mapping) or len(args[0]) != 1:  # type: ignore[arg-type]  # it is a mapping
        return None
    status, title = body.get("status"), body.get("title")
    if not isinstance(status, int) or not 400 <= status <= 599 or not isinstance(title, str):
        return None
    if schemas is not None and schemas.ack is not None and schemas.ack.accepts(args):
        return None
    detail, pointer = body.get("detail"), body.get("pointer")
    return CallError(
        status,
        title,
        detail if isinstance(detail, str) else "",
        pointer if isinstance(pointer, str) else "",
        ack=args,
    )
