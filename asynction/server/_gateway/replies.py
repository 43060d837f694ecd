"""The answers of a gateway to requests that are not calls, and to calls that are rejected or fail."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from asynction.exceptions import EventException
from asynction.runtime import error_body
from asynction.server.http import ALLOW
from asynction.validation import write_json

_REFUSALS = {
    400: "the body cannot be read",
    403: "the origin of the page is not allowed",
    405: "only POST is allowed",
    413: "the body is too large",
    415: "the body must be application/json",
    503: "the gateway is stopping",
}


@dataclass(frozen=True, slots=True)
class Reply:
    """One HTTP response; its body is JSON."""

    status: int
    body: Mapping[str, object] | None
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def fields(self) -> tuple[tuple[str, str], ...]:
        """The headers, with the type of the body."""
        kind = () if self.body is None else (("Content-Type", "application/json"),)
        return (*kind, *self.headers)

    @property
    def text(self) -> str:
        """The body as text."""
        return "" if self.body is None else write_json(self.body)


def refusal(status: int) -> Reply:
    """Return the response to a request that is not a call."""
    headers = (ALLOW,) if status == 405 else ()
    return Reply(status, rejection(EventException(status, _REFUSALS[status])), headers)


def unreadable(status: int) -> EventException:
    """Return the error of a call whose body is not read."""
    return EventException(status, _REFUSALS[status])


def screened(method: str, content_type: str, *, is_closed: bool, is_allowed: bool) -> Reply | None:
    """Return the response to a request whose body is not read; None for one that may be a call.

    Args:
        method: the method of the request.
        content_type: its `Content-Type`.
        is_closed: whether the gateway is stopping.
        is_allowed: whether pages of the request's origin may call.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if method == "OPTIONS":
        return Reply(204, None, (ALLOW,))
    faults: Iterable[tuple[int, bool]] = (
        (503, is_closed),
        (405, method != "POST"),
        (403, not is_allowed),
        (415, kind != "application/json"),
    )
    return next((refusal(status) for status, is_fault in faults if is_fault), None)


class WrongServerError(EventException):
    """The call was first sent to another server process; it is unknown whether that has run it."""

    def __init__(self, server_id: str) -> None:
        super().__init__(409, "the call was first sent to another server, which may have run it")
        self.server_id = server_id


def failure(error: Exception) -> dict[str, dict[str, object]]:
    """Return the data of `apiResponse` for an error."""
    body = error_body(error)
    return {"error": {**body, "server_id": error.server_id} if isinstance(error, WrongServerError) else body}


def rejection(error: Exception) -> dict[str, object]:
    """Return the immediate answer to a call that is rejected."""
    body = failure(error)["error"]
    detail = body.get("detail")
    return {"success": False, "message": detail if isinstance(detail, str) else body["title"], "error": body}
