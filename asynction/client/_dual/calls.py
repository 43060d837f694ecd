"""The calls of a dual-mode client that are waiting for their results."""

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
"""The number of ended calls whose ids are stored."""


class LostError(ConnectionError):
    """It is unknown whether a call was run: the server that it was sent to has stopped."""


def error_of(data: object) -> LostError | CallError | None:
    """Return the error in the data of a response; None for a result."""
    body = data.get("error") if isinstance(data, dict) and len(data) == 1 else None
    if not isinstance(body, dict) or not isinstance(body.get("status"), int):
        return None
    if "server_id" in body:
        return LostError("the server was restarted; it is unknown whether the call was run")
    texts = [str(body.get(name, "")) for name in ("title", "detail", "pointer")]
    return CallError(body["status"], *texts, ack=(data,))


def error_data(error: Exception) -> dict[str, object]:
    """Return an error in the form of the server's."""
    if isinstance(error, CallError):
        texts = {"title": error.title, "detail": error.detail, "pointer": error.pointer}
        return {"error": {"status": error.status, **{name: text for name, text in texts.items() if text}}}
    status = HTTPStatus.GATEWAY_TIMEOUT if isinstance(error, TimeoutError) else HTTPStatus.SERVICE_UNAVAILABLE
    return {"error": {"status": int(status), "title": status.phrase, "detail": str(error)}}


@dataclass(eq=False, slots=True)
class Call:
    """A call that is waiting for its result.

    Args:
        message: the message that is sent.
        waiter: the future of `request`; None if the result is for a callback.
        is_http: true if the call must be sent by HTTP.
        by: the connection by which it was sent last, or HTTP; None if it must be sent (again).
        is_sent: true once it was sent for the first time.
        server_id: the server that it was sent to. None for a server that has no id: that would run a
            repeated call twice.
        timer: ends the call after its timeout.
        failure: the error that the call ended with.
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
    """The calls that are waiting, and the ids of recent ones: their results may arrive twice."""

    def __init__(self) -> None:
        self._waiting: dict[str, Call] = {}
        self._done: OrderedDict[str, None] = OrderedDict()

    def add(self, call: Call, timeout: float, expire: Callable[[Call], None]) -> None:
        """Store a call until it is taken; after `timeout` seconds, `expire` is called with it.

        Raises ValueError if a call with the same id is waiting.
        """
        if call.id in self._waiting:
            raise ValueError(f"a call with the request_id {call.id!r} is still waiting for its result")
        self._done.pop(call.id, None)
        self._waiting[call.id] = call
        call.timer = asyncio.get_running_loop().call_later(timeout, expire, call)

    def take(self, id: object) -> Call | None:
        """Remove and return the call with an id; None if there is none."""
        call = self._waiting.pop(id, None) if isinstance(id, str) else None
        if call is not None:
            if call.timer is not None:  # pragma: no branch - `add` has set it
                call.timer.cancel()
            self._done[call.id] = None
            while len(self._done) > _REMEMBERED:
                self._done.popitem(last=False)
        return call

    def is_done(self, id: object) -> bool:
        """Return True if the call with this id has ended recently."""
        return isinstance(id, str) and id in self._done

    def all(self) -> list[Call]:
        """Return all calls that are waiting, the oldest first."""
        return list(self._waiting.values())
