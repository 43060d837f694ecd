"""The compiled validators of a contract, by direction, namespace and event."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from asynction.contract import Contract, Event, Schema, namespace_name
from asynction.exceptions import (
    DocumentError,
    MessageAckValidationException,
    PayloadValidationException,
    UnknownEventException,
    ValidationException,
    Violation,
)
from asynction.models import Dumps, Unwritable, Writer, is_data
from asynction.problems import Problem, did_you_mean, problem_at
from asynction.runtime._errors import Ack
from asynction.runtime._namespaces import Match, Pattern, is_pattern
from asynction.validation import Validator, is_json, json_fault


@dataclass(frozen=True, slots=True)
class EventSchemas:
    """One event with the validators of its args and its ack; without a validator anything is valid."""

    namespace: str
    event: Event
    args: Validator | None
    ack: Validator | None
    args_writer: Writer = field(init=False, repr=False, compare=False)
    ack_writer: Writer = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "args_writer", Writer(self.event.args))
        object.__setattr__(self, "ack_writer", Writer(self.event.ack))

    @classmethod
    def unchecked(cls, namespace: str, event: str) -> EventSchemas:
        """Return the schemas of an event that the contract does not have: all args and acks are valid."""
        return cls(namespace, Event(event), None, None)


class ContractSchemas:
    """The schemas of a contract by direction, namespace and event; it compiles each validator once."""

    def __init__(self, contract: Contract, *, validation: bool = True) -> None:
        self.contract = contract
        self.validation = validation
        self._problems: list[Problem] = []
        self.receives = {
            name: self._compile(name, namespace.receives) for name, namespace in contract.namespaces.items()
        }
        self.sends = {
            name: self._compile(name, namespace.sends) for name, namespace in contract.namespaces.items()
        }
        self.patterns = [
            Pattern(namespace, validation=validation)
            for name, namespace in contract.namespaces.items()
            if is_pattern(name)
        ]
        self._exact = {name: Match(name) for name in contract.namespaces if not is_pattern(name)}
        # An emit finds its schemas in one step: by the namespace and the event as code names them.
        self.sends_by_name = {
            (name, event): schemas
            for name, events in self.sends.items()
            if name in self._exact
            for event, schemas in events.items()
        }
        if self._problems:
            raise DocumentError(self._problems)

    def _compile(self, namespace: str, events: Mapping[str, Event]) -> dict[str, EventSchemas]:
        return {
            name: EventSchemas(namespace, event, self._validator(event.args), self._validator(event.ack))
            for name, event in events.items()
        }

    def _validator(self, schema: Schema | None) -> Validator | None:
        if not self.validation or schema is None:
            return None
        if not schema.is_json_schema:
            message = (
                f"the payload is written in `{schema.dialect}`, which cannot be checked; write JSON Schema"
            )
            self._problems.append(problem_at(schema.location, "schema-format", message))
            return None
        return Validator(schema)

    def match(self, namespace: str) -> Match | None:
        """Return the contract's namespace for a client's namespace, or None."""
        exact = self._exact.get(namespace)
        if exact is not None:
            return exact
        name = namespace_name(namespace)
        if name in self._exact:
            return self._exact[name]
        return next((found for pattern in self.patterns if (found := pattern.match(name))), None)

    def received(self, namespace: str, event: str) -> EventSchemas:
        """Return the schemas of an event that clients send, by the contract's name of the namespace.

        Raises UnknownEventException.
        """
        return _find(self.receives, namespace, event, "receives")

    def sent(self, namespace: str, event: str) -> EventSchemas:
        """Return the schemas of an event that the server sends; raise UnknownEventException."""
        match = self.match(namespace)
        return _find(self.sends, match.name if match is not None else namespace, event, "sends")

    @property
    def receives_text(self) -> bool:
        """Return whether no arg that clients send may be binary."""
        return _are_text(schemas.args for events in self.receives.values() for schemas in events.values())

    @property
    def sends_text(self) -> bool:
        """Return whether no arg that the server sends may be binary."""
        return _are_text(schemas.args for events in self.sends.values() for schemas in events.values())

    @property
    def acks_text(self) -> bool:
        """Return whether no acknowledgement that the server sends may be binary."""
        return _are_text(schemas.ack for events in self.receives.values() for schemas in events.values())


def _are_text(validators: Iterable[Validator | None]) -> bool:
    return all(validator is not None and not validator.takes_bytes for validator in validators)


def _find(
    book: Mapping[str, Mapping[str, EventSchemas]], namespace: str, event: str, verb: str
) -> EventSchemas:
    events = book.get(namespace_name(namespace))
    if events is None:
        message = f"the contract has no namespace `{namespace}`{did_you_mean(namespace, book)}"
        raise UnknownEventException(message)
    schemas = events.get(event)
    if schemas is None:
        near = did_you_mean(event, events)
        raise UnknownEventException(f"the contract {verb} no event `{event}` in `{namespace}`{near}")
    return schemas


def pack(value: object, validator: Validator | None) -> tuple[object, ...]:
    """Convert a handler's result, or the data of an emit, to args: a tuple is several args, else it is one.

    None is one null if the schema accepts that, else it is no args.
    """
    if isinstance(value, tuple):
        return value
    if value is None and (validator is None or not validator.accepts_null):
        return ()
    return (value,)


def checked_ack(schemas: EventSchemas, value: object) -> tuple[object, ...]:
    """Return the args of a peer's ack; raise MessageAckValidationException if they break its schema."""
    args = pack(value, schemas.ack)
    if schemas.ack is not None and (violations := schemas.ack.check(args)):
        raise _broken(MessageAckValidationException, "acknowledgement", schemas, violations)
    return args


def checked_args(schemas: EventSchemas, args: tuple[object, ...]) -> tuple[object, ...]:
    """Return the args of a peer's event; raise PayloadValidationException if they break their schema."""
    if schemas.args is not None and (violations := schemas.args.check(args)):
        raise payload_fault(schemas, violations)
    return args


def written_ack(
    schemas: EventSchemas | None, value: object, dumps: Dumps | None = None
) -> tuple[object, ...]:
    """Return the args of an ack of our own as JSON data; without `schemas`, any JSON data is valid.

    `dumps` is that of the user's JSON module. Raises MessageAckValidationException.
    """
    if schemas is None or (isinstance(value, Ack) and not value.is_success):
        validator, writer = None, _NO_WRITER  # the contract describes only successes
    else:
        validator, writer = schemas.ack, schemas.ack_writer
    # One value is the usual case: it is packed without another call.
    args = (value,) if value is not None and not isinstance(value, tuple) else pack(value, validator)
    if validator is not None and is_json(args):  # also written out, as each event and emit comes here
        made, violations = args, validator.check(args, args)  # type: ignore[arg-type]  # a call less
    else:
        made, violations = _converted(args, validator, writer, dumps)
    if violations:
        raise _broken(MessageAckValidationException, "acknowledgement", schemas, violations)
    return made if not isinstance(args, Ack) else Ack(made, args.status, args.headers)


def written_args(
    schemas: EventSchemas | None, args: tuple[object, ...], dumps: Dumps | None = None
) -> tuple[object, ...]:
    """Return the args of an event of our own as JSON data; without `schemas`, any JSON data is valid.

    `dumps` is that of the user's JSON module. Raises PayloadValidationException.
    """
    validator = None if schemas is None else schemas.args
    if validator is not None and is_json(args):
        made, violations = args, validator.check(args, args)  # type: ignore[arg-type]  # a call less
    else:
        writer = _NO_WRITER if schemas is None else schemas.args_writer
        made, violations = _converted(args, validator, writer, dumps)
    if violations:
        raise payload_fault(schemas, violations)
    return made


_NO_WRITER = Writer()


def _converted(
    args: tuple[object, ...], validator: Validator | None, writer: Writer, dumps: Dumps | None
) -> tuple[tuple[object, ...], tuple[Violation, ...]]:
    """Return args that may not be JSON data as such data, and what is wrong with them."""
    if type(args) is not tuple:
        args = tuple(args)
    if validator is None and is_data(args):
        return args, ()
    try:
        made, is_valid = writer.write(args, dumps, None if validator is None else validator.is_valid)
    except Unwritable as error:
        return args, error.violations
    if validator is not None:
        return made, () if is_valid else validator.check(made)
    fault = json_fault(made, binary=True)
    return made, () if fault is None else fault.errors


def payload_fault(schemas: EventSchemas | None, violations: tuple[Violation, ...]) -> ValidationException:
    """Return the exception for args that break their schema."""
    return _broken(PayloadValidationException, "payload", schemas, violations)


def _broken(
    kind: type[ValidationException],
    what: str,
    schemas: EventSchemas | None,
    violations: tuple[Violation, ...],
) -> ValidationException:
    where = "" if schemas is None else f" of `{schemas.event.name}` in `{schemas.namespace}`"
    return kind(f"{what}{where}: {violations[0]}", violations)
