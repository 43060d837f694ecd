"""The calls of a dual-mode client that wait for their results."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, TypeAlias

from asynction.client._errors import CallError

Message: TypeAlias = "dict[str, Any]"

_REMEMBERED = 10_000


class LostError(ConnectionError):
    """Nobody can tell whether a call was run: the server that it was sent to is gone."""


def error_of(data: object) -> LostError | CallError | None:
    """What the data of an answer says went wrong; None for a result."""
    body = data.get("error") if isinstance(data, dict) and len(data) == 1 else None
    if not isinstance(body, dict) or not isinstance(body.get("status"), int):
        return None
    if "server_id" in body:
        return LostError("the server was restarted; it is unknown whether the call was run")
    told = [str(body.get(name, "")) for name in ("title", "detail", "pointer")]
    return CallError(body["status"], *told, ack=(data,))


def error_data(error: Exception) -> dict[str, object]:
    """An error as the server would tell it."""
    if isinstance(error, CallError):
        said = {"title": error.title, "detail": error.detail, "pointer": error.pointer}
        return {"error": {"status": error.status, **{name: text for name, text in said.items() if text}}}
    status = HTTPStatus.GATEWAY_TIMEOUT if isinstance(error, TimeoutError) else HTTPStatus.SERVICE_UNAVAILABLE
    return {"error": {"status": int(status), "title": status.phrase, "detail": str(error)}}


@dataclass(eq=False, slots=True)
class Call:
    """A call that waits: for whom, by what it was sent last, and to which server.

    `by` is the connection, or HTTP; None while it is to be sent. `server_id` is None of a server that does
    not tell, and so may run a repeated call once more. `failure` is what it ended in.
    """

    message: Message
    waiter: asyncio.Future[Any] | None
    is_http: bool
    by: object = None
    is_sent: bool = False
    server_id: str | None = None
    timer: asyncio.TimerHandle | None = None
    failure: Exception | None = None

    @property
    def id(self) -> str:
        """The `request_id`."""
        return str(self.message["request_id"])


class Calls:
    """All calls that wait, and the ids of the last that do not any more: their results may come twice."""

    def __init__(self) -> None:
        self._waiting: dict[str, Call] = {}
        self._done: OrderedDict[str, None] = OrderedDict()

    def add(self, call: Call, timeout: float, expire: Callable[[Call], None]) -> None:
        """Keep a call until it is taken, or has waited for `timeout` seconds; raises ValueError."""
        if call.id in self._waiting:
            raise ValueError(f"a call with the request_id {call.id!r} still waits for its result")
        self._done.pop(call.id, None)
        self._waiting[call.id] = call
        call.timer = asyncio.get_running_loop().call_later(timeout, expire, call)

    def take(self, id: object) -> Call | None:
        """The call of this id, which waits no more; None where none waits."""
        call = self._waiting.pop(id, None) if isinstance(id, str) else None
        if call is not None:
            if call.timer is not None:  # pragma: no branch - `add` has set it
                call.timer.cancel()
            self._done[call.id] = None
            while len(self._done) > _REMEMBERED:
                self._done.popitem(last=False)
        return call

    def is_done(self, id: object) -> bool:
        """Whether a call of this id waited, and does not any more."""
        return isinstance(id, str) and id in self._done

    def all(self) -> list[Call]:
        """All that wait, the oldest first."""
        return list(self._waiting.values())
