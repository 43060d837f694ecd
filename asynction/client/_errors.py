"""The exceptions of a client for errors of the server."""

from __future__ import annotations

from collections.abc import Mapping

from socketio.exceptions import ConnectionError as NotConnected

from asynction.exceptions import AsynctionException
from asynction.runtime import Args, EventSchemas


class CallError(AsynctionException):
    """The server acknowledged an event with an error.

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
    """The server refused the connection to a namespace; `refusals` has its answers by namespace.

    The other attributes are those of the first namespace: `namespace`, the text `reason`, the `data` that
    came with it, and `status`, the HTTP-like status in `data`, or None.
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
    """Return the reason and the data of a CONNECT_ERROR packet (Socket.IO 5; older servers send a text)."""
    if isinstance(refusal, Mapping) and isinstance(refusal.get("message"), str):
        return str(refusal["message"]), refusal.get("data")
    return (refusal, None) if isinstance(refusal, str) else ("no reason given", refusal)


def error_in(schemas: EventSchemas | None, args: Args) -> CallError | None:
    """Return the error in an acknowledgement, or None if there is none, or the contract describes it."""
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
