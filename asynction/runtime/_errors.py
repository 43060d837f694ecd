"""Error acks, and the log lines of events that fail."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from asynction._http_exceptions import http_error, phrase
from asynction.exceptions import (
    AsynctionException,
    BindingsValidationException,
    EventException,
    MessageAckValidationException,
    PayloadValidationException,
    SecurityException,
    UnknownEventException,
    ValidationException,
)
from asynction.runtime._places import name_and_place_of, place_of_call
from asynction.validation import is_json

log = logging.getLogger("asynction")


class MalformedEvent(AsynctionException):
    """A packet that is not an event: it is not JSON, or has no event name."""


_STATUSES: tuple[tuple[type[Exception], int], ...] = (
    (PayloadValidationException, 400),
    (BindingsValidationException, 400),
    (MalformedEvent, 400),
    (UnknownEventException, 404),
)
"""The status of an exception is that of the first class that it is an instance of; else it is 500."""

_STATUS = "_asynction_status"
"""The attribute of an exception whose status depends on where it was raised."""


def own_fault(error: Exception) -> Exception:
    """Mark `error` as raised by application code, so that its status is 500, not the client's 400 or 404.

    For example, a handler gets a PayloadValidationException if it emits a payload that breaks the contract.
    What code raises on purpose to refuse an event keeps its status.
    """
    if not is_refusal(error):
        set_status(error, 500)
    return error


def permission_refusal(error: PermissionError) -> PermissionError:
    """Mark a PermissionError of a hook, so that its status is 403; that of a file stays a 500."""
    if error.errno is None:
        set_status(error, 403)
    return error


def set_status(error: Exception, status: int) -> None:
    """Set the status of an exception, whatever its class says."""
    vars(error)[_STATUS] = status  # not by `setattr`: its class may be a frozen dataclass


def is_refusal(error: BaseException) -> bool:
    """Return whether code raises this exception on purpose, to refuse an event with a status of its own."""
    return isinstance(error, SecurityException | EventException) or http_error(error) is not None


def naming_event(reason: str, event: str) -> str:
    """Add the name of an event to what is wrong with it, if it is not there."""
    return reason if f"`{event}`" in reason else f"{reason} (event `{event}`)"


def status_of(error: BaseException) -> int:
    """Return the HTTP-like status of an exception."""
    marked: int | None = getattr(error, _STATUS, None)
    if marked is not None:
        return marked
    if isinstance(error, SecurityException | EventException):
        return error.status
    raised = http_error(error)
    if raised is not None:
        return raised.status
    return next((status for kind, status in _STATUSES if isinstance(error, kind)), 500)


def error_body(error: BaseException) -> dict[str, object]:
    """Describe an error to the peer with the members of RFC 9457; a 500 reveals nothing internal."""
    status = status_of(error)
    body: dict[str, object] = {"status": status, "title": phrase(status)}
    if is_refusal(error) and not isinstance(error, SecurityException):  # its detail is written for the client
        raised = http_error(error)
        detail = raised.detail if raised is not None else getattr(error, "detail", None)
        return {**body, "detail": detail} if detail and is_json(detail) else body
    if status == 500:
        return body
    if isinstance(error, ValidationException) and error.errors:
        first = error.errors[0]
        return {**body, "detail": first.message, "pointer": first.pointer}
    return {**body, "detail": str(error)} if str(error) else body


def reason_of(error: BaseException) -> str:
    """Return the text for a client whose connection is refused; a fault of the server has its title only."""
    status, body = status_of(error), error_body(error)
    if http_error(error) is None:
        return str(error) if status < 500 else str(body["title"])
    detail = body.get("detail")
    return detail if isinstance(detail, str) and status < 500 else str(body["title"])


class Ack(tuple[Any, ...]):
    """The args of an acknowledgement with a status, and headers on a wire that has them.

    An ack that is not a success (200 to 299) is not validated: the contract describes only successes.
    """

    status: int
    headers: Mapping[str, object]

    def __new__(
        cls, args: tuple[object, ...], status: int = 200, headers: Mapping[str, object] | None = None
    ) -> Ack:
        """Create the tuple of args."""
        made = super().__new__(cls, args)
        made.status, made.headers = status, headers or {}
        return made

    @property
    def is_success(self) -> bool:
        """Return whether the status is 200 to 299."""
        return 200 <= self.status <= 299


def error_ack(error: BaseException) -> Ack:
    """Return the error ack for an exception."""
    body = error_body(error)
    return Ack(({"error": body},), status_of(error))


def log_failure(
    error: BaseException,
    namespace: str,
    event: str,
    second: BaseException | None = None,
    *,
    handler: Callable[..., object] | None = None,
) -> None:
    """Log one line without the payload, and the traceback if the application raised the exception.

    Args:
        error: the exception.
        namespace: the namespace of the event.
        event: the event, as it was sent.
        second: what the error handler raised, instead of handling `error`.
        handler: the handler of the event, if it has one; a fault of our own side names it, and its place.
    """
    status = status_of(error)
    line, given = "%s event %.80r in %.80r: %s", (status, event, namespace, type(error).__name__)
    if second is not None:
        second.__context__ = second.__context__ or error  # so that the traceback shows both
        log.error(line + ", whose error handler raised %s", *given, type(second).__name__, exc_info=second)
    elif isinstance(error, SecurityException) and error.reason:
        log.warning(line + " %r, because %.500r", *given, str(error), error.reason)
    elif isinstance(error, AsynctionException) or is_refusal(error) or status < 500:
        # The message of an unknown or malformed event quotes the peer: %r keeps it on one line.
        is_own = not is_refusal(error) and (_is_own_fault(error) or _is_own_ack(error, handler))
        source = _source(error, handler) if is_own else ""
        log.log(logging.ERROR if is_own else logging.WARNING, line + " %.300r%s", *given, str(error), source)
    else:
        log.error(line, *given, exc_info=error)  # the traceback has the handler and the place


def log_refusal(namespace: str, reason: str) -> None:
    """Log in one line why a connect handler has refused a client."""
    log.warning("403 event 'connect' in %.80r: refused, because %.300r", namespace, reason)


def _is_own_fault(error: BaseException) -> bool:
    return getattr(error, _STATUS, None) == HTTPStatus.INTERNAL_SERVER_ERROR


def _is_own_ack(error: BaseException, handler: Callable[..., object] | None) -> bool:
    """Return whether an ack of ours breaks its schema; that of a peer has no handler."""
    return handler is not None and isinstance(error, MessageAckValidationException)


def _source(error: BaseException, handler: Callable[..., object] | None) -> str:
    """Return the handler, and where it made the call that raised, or else where it is, for the log."""
    name, place = name_and_place_of(handler) if handler is not None else (None, None)
    if _is_own_fault(error) or not _is_own_ack(error, handler):  # an ack is checked after the handler's end
        place = place_of_call(error) or place
    return (f", in {name}" if name else "") + (f", at {place}" if place else "")
