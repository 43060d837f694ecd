"""Error acks, and the log lines of events that fail."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from asynction.exceptions import (
    AsynctionException,
    BindingsValidationException,
    EventException,
    PayloadValidationException,
    SecurityException,
    UnknownEventException,
    ValidationException,
)

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

_OWN_FAULT = "_asynction_own_fault"


def own_fault(error: Exception) -> Exception:
    """Mark `error` as raised by application code, so that its status is 500, not the client's 400 or 404.

    For example, a handler gets a PayloadValidationException if it emits a payload that breaks the contract.
    A handler raises SecurityException and EventException on purpose, so they keep their status.
    """
    if not isinstance(error, SecurityException | EventException):
        setattr(error, _OWN_FAULT, True)
    return error


def status_of(error: BaseException) -> int:
    """Return the HTTP-like status of an exception."""
    if getattr(error, _OWN_FAULT, False):
        return 500
    if isinstance(error, SecurityException | EventException):
        return error.status
    return next((status for kind, status in _STATUSES if isinstance(error, kind)), 500)


def error_body(error: BaseException) -> dict[str, object]:
    """Describe an error to the peer with the members of RFC 9457; a 500 reveals nothing internal."""
    status = status_of(error)
    body: dict[str, object] = {"status": status, "title": HTTPStatus(status).phrase}
    if isinstance(error, EventException):  # its detail is written for the client
        return {**body, "detail": error.detail} if error.detail else body
    if status == 500:
        return body
    if isinstance(error, ValidationException) and error.errors:
        first = error.errors[0]
        return {**body, "detail": first.message, "pointer": first.pointer}
    return {**body, "detail": str(error)}


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


def log_failure(error: BaseException, namespace: str, event: str) -> None:
    """Log one line without the payload, and the traceback if the application raised the exception."""
    status = status_of(error)
    line = "%s event %.80r in %.80r: %s"
    if isinstance(error, SecurityException) and error.reason:
        text = line + " %r, because %.500r"
        log.warning(text, status, event, namespace, type(error).__name__, str(error), error.reason)
    elif isinstance(error, AsynctionException):
        # The message of an unknown or malformed event quotes the peer: %r keeps it on one line.
        log.warning(line + " %.300r", status, event, namespace, type(error).__name__, str(error))
    else:
        log.error(line, status, event, namespace, type(error).__name__, exc_info=error)
