"""What a client is told, and what is logged, when an event fails."""

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
    """A packet that is no event: no JSON, or no name."""


_STATUSES: tuple[tuple[type[Exception], int], ...] = (
    (PayloadValidationException, 400),
    (BindingsValidationException, 400),
    (MalformedEvent, 400),
    (UnknownEventException, 404),
)
"""The first class that an exception is an instance of gives its status; all others are the server's fault."""

_OWN_FAULT = "_asynction_own_fault"


def own_fault(error: Exception) -> Exception:
    """Remember that code of the server's own raised `error`: its class does not put it on the client.

    A handler that emits what breaks the contract raises PayloadValidationException, say. With
    SecurityException and EventException a handler refuses, which is no fault.
    """
    if not isinstance(error, SecurityException | EventException):
        setattr(error, _OWN_FAULT, True)
    return error


def status_of(error: BaseException) -> int:
    """The HTTP-like status of an exception."""
    if getattr(error, _OWN_FAULT, False):
        return 500
    if isinstance(error, SecurityException | EventException):
        return error.status
    return next((status for kind, status in _STATUSES if isinstance(error, kind)), 500)


def error_body(error: BaseException) -> dict[str, object]:
    """Describe an error to the peer with the members of RFC 9457; a 500 tells nothing internal."""
    status = status_of(error)
    body: dict[str, object] = {"status": status, "title": HTTPStatus(status).phrase}
    if isinstance(error, EventException):  # whoever raises one means the client to read it
        return {**body, "detail": error.detail} if error.detail else body
    if status == 500:
        return body
    if isinstance(error, ValidationException) and error.errors:
        first = error.errors[0]
        return {**body, "detail": first.message, "pointer": first.pointer}
    return {**body, "detail": str(error)}


class Ack(tuple[Any, ...]):
    """The args of an acknowledgement that has a status, and headers on a wire that carries them.

    One that is no success (200 to 299) is not what the contract describes, and is held to nothing.
    """

    status: int
    headers: Mapping[str, object]

    def __new__(
        cls, args: tuple[object, ...], status: int = 200, headers: Mapping[str, object] | None = None
    ) -> Ack:
        """Make a tuple of the args."""
        made = super().__new__(cls, args)
        made.status, made.headers = status, headers or {}
        return made

    @property
    def is_success(self) -> bool:
        """Whether the event was handled as it was meant to be."""
        return 200 <= self.status <= 299


def error_ack(error: BaseException) -> Ack:
    """The args of the acknowledgement of an event that failed."""
    body = error_body(error)
    return Ack(({"error": body},), status_of(error))


def log_failure(error: BaseException, namespace: str, event: str) -> None:
    """Log one line, without the payload; an exception of a handler's own adds its traceback."""
    status = status_of(error)
    line = "%s event %.80r in %.80r: %s"
    if isinstance(error, AsynctionException):
        # The message of an unknown or malformed event quotes the peer: %r keeps it on one line.
        log.warning(line + " %.300r", status, event, namespace, type(error).__name__, str(error))
    else:
        log.error(line, status, event, namespace, type(error).__name__, exc_info=error)
