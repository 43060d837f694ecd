"""What asynction raises.

AsynctionException(RuntimeError)
|- DocumentError                     the document, or the code it names, cannot be served
|- ValidationException               something breaks its schema
|  |- PayloadValidationException     the args of an event
|  |- BindingsValidationException    a handshake's method, query, headers or `auth` payload
|  |- MessageAckValidationException  what acknowledges an event
|- UnknownEventException             an event that the contract does not have
|- SecurityException                 somebody is not let in, or may not do what it asks
|- EventException                    an event is refused, with a status that whoever raises it chooses
|- CannotSample                      no value of a schema can be made (in asynction.samples)
|- CallError                         a server acknowledged a call with an error (in asynction.client)
|- ConnectionRefused                 a server does not let a client in (in asynction.client)
|- NotEnabledError                   a server is asked for before there is one
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from http import HTTPStatus

from asynction.problems import Problem, pointer_of


class AsynctionException(RuntimeError):
    """The root of everything that asynction raises on purpose."""


class DocumentError(AsynctionException):
    """A document that cannot be loaded or bound; `str()` gives all its problems, one a line."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)

    def __reduce__(self) -> tuple[type[DocumentError], tuple[object, ...]]:
        return type(self), (self.problems,)


@dataclass(frozen=True, slots=True)
class Violation:
    """One place where an instance breaks its schema.

    `message` never contains the instance, so it may be sent and logged. `path` leads from the args
    to the fault, `schema_path` from the schema to the keyword.
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
    """Something breaks its schema: `errors` has every violation, the other attributes the first.

    `str()` has no part of the instance; it is in `instance` for those who may see it.
    """

    def __init__(self, message: str, errors: Sequence[Violation] = ()) -> None:
        super().__init__(message)  # not the errors: `repr()` would show what is in them
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
    """What acknowledges an event breaks the event's ack schema.

    `ack` has the args that a client's `call` received, which may hold secrets; elsewhere it is empty.
    """

    ack: tuple[object, ...] = ()


class UnknownEventException(AsynctionException):
    """An event or a namespace that the contract does not have, in this direction."""


class SecurityException(AsynctionException):
    """Somebody is not let in (`status` 401), or may not do this (403); never says what is wrong with what.

    A handler or a security function may raise it to refuse.
    """

    def __init__(self, status: int = 401) -> None:
        super().__init__("not allowed" if status == 403 else "not authenticated")
        self.status = 403 if status == 403 else 401

    def __reduce__(self) -> tuple[type[SecurityException], tuple[object, ...]]:
        return type(self), (self.status,)


class EventException(AsynctionException):
    """An event is refused: raised by a handler, a dependency or a middleware to acknowledge it with an error.

    `status` is one of HTTP's from 400 to 599; `detail` is told to the client. Raises ValueError for another.
    """

    def __init__(self, status: int, detail: str = "") -> None:
        if not 400 <= HTTPStatus(status) <= 599:
            raise ValueError(f"{status} is no status of an error")
        super().__init__(detail or HTTPStatus(status).phrase)
        self.status = int(status)
        self.detail = detail

    def __reduce__(self) -> tuple[type[EventException], tuple[object, ...]]:
        return type(self), (self.status, self.detail)


class NotEnabledError(AsynctionException):
    """A server or a feature is used before it is enabled."""
