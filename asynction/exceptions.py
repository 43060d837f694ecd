"""The exceptions of asynction.

AsynctionException(RuntimeError)
|- DocumentError                     the document, or code that it names, has errors
|- ValidationException               data do not match their schema
|  |- PayloadValidationException     the args of an event
|  |- BindingsValidationException    the method, query, headers or `auth` payload of a handshake
|  |- MessageAckValidationException  the acknowledgement of an event
|- UnknownEventException             the contract has no such event or namespace
|- SecurityException                 authentication (401) or authorization (403) failed; refuses connections
|- EventException                    a handler rejects an event with a status from 400 to 599
|- CannotSample                      no value could be generated for a schema (in asynction.samples)
|- CallError                         the server acknowledged a call with an error (in asynction.client)
|- ConnectionRefused                 the server rejected a connection (in asynction.client)
|- NotEnabledError                   a server or a feature was used before it was enabled
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from http import HTTPStatus

from asynction.problems import Problem, pointer_of

_ERROR_STATUSES = frozenset(status for status in HTTPStatus if status >= 400)


class AsynctionException(RuntimeError):
    """The base class of every exception that asynction raises on purpose."""


class DocumentError(AsynctionException):
    """A document that cannot be loaded or bound; `str()` prints its problems, one per line."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)

    def __reduce__(self) -> tuple[type[DocumentError], tuple[object, ...]]:
        return type(self), (self.problems,)


@dataclass(frozen=True, slots=True)
class Violation:
    """One fault of an instance, by its schema.

    `message` never contains the instance, so it may be sent and logged. `path` leads from the args to
    the fault, `schema_path` from the schema to the keyword that the instance breaks.
    """

    message: str
    path: tuple[str | int, ...]
    schema_path: tuple[str | int, ...]
    instance: object = field(repr=False)

    @property
    def pointer(self) -> str:
        """`path` as an RFC 6901 JSON Pointer; `/0/name` is property `name` of the first arg."""
        return pointer_of(self.path)

    def __str__(self) -> str:
        return f"{self.pointer}: {self.message}" if self.path else self.message


class ValidationException(AsynctionException):
    """Data that break their schema: `errors` has every violation, the other attributes describe the first.

    `str()` never contains the instance, which may hold secrets; it is in `instance`.
    """

    def __init__(self, message: str, errors: Sequence[Violation] = ()) -> None:
        super().__init__(message)  # without `errors`, or `repr()` would show the instances in them
        self.message = message
        self.errors = tuple(errors)

    def __reduce__(self) -> tuple[type[ValidationException], tuple[object, ...]]:
        return type(self), (self.message, self.errors)

    @property
    def path(self) -> tuple[str | int, ...]:
        """The path from the args to the first violation."""
        return self.errors[0].path if self.errors else ()

    @property
    def schema_path(self) -> tuple[str | int, ...]:
        """The path from the schema to the keyword that the first violation breaks."""
        return self.errors[0].schema_path if self.errors else ()

    @property
    def instance(self) -> object:
        """The value at `path`; it may hold secrets."""
        return self.errors[0].instance if self.errors else None


class PayloadValidationException(ValidationException):
    """The args of an event break its payload schema."""


class BindingsValidationException(ValidationException):
    """A handshake breaks the channel's `ws` binding: its method, query or headers; or its `x-auth`."""


class MessageAckValidationException(ValidationException):
    """The acknowledgement of an event breaks the event's ack schema.

    `ack` has the args that a client's `call` received, which may hold secrets; elsewhere it is empty.
    """

    ack: tuple[object, ...] = ()


class UnknownEventException(AsynctionException):
    """The contract has no such namespace, or no such event in this direction."""


class SecurityException(AsynctionException, ConnectionRefusedError):
    """Authentication (`status` 401) or authorization (403) failed; the message never reveals which check did.

    A handler or a security function may raise it; it is a ConnectionRefusedError, too. Every `status` but 403
    becomes 401. `reason` is for the log of the server: it must have nothing of the credential, and no client
    gets it.
    """

    def __init__(self, status: int = 401, reason: str = "") -> None:
        super().__init__("not allowed" if status == 403 else "not authenticated")
        self.status = 403 if status == 403 else 401
        self.reason = reason

    def __reduce__(self) -> tuple[type[SecurityException], tuple[object, ...]]:
        return type(self), (self.status, self.reason)


class EventException(AsynctionException):
    """An error to acknowledge an event with, raised by a handler, a dependency or a middleware.

    `status` is an HTTP status from 400 to 599, else ValueError is raised; `detail` is sent to the client.
    """

    def __init__(self, status: int, detail: str = "") -> None:
        if status not in _ERROR_STATUSES:
            raise ValueError(f"status must be an HTTP status from 400 to 599, got {status}")
        super().__init__(detail or HTTPStatus(status).phrase)
        self.status = int(status)
        self.detail = detail

    def __reduce__(self) -> tuple[type[EventException], tuple[object, ...]]:
        return type(self), (self.status, self.detail)


class NotEnabledError(AsynctionException):
    """A server or a feature that is used before it is enabled."""
