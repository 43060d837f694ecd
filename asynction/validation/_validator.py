"""One compiled validator per schema.

jsonschema-rs decides, jsonschema is the reference: it takes over where there are bytes, which
jsonschema-rs cannot read, and a test holds the two to the same verdicts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from threading import Lock
from typing import Any

import jsonschema_rs

from asynction.contract import Json, Schema
from asynction.exceptions import Violation
from asynction.validation._messages import message_for
from asynction.validation._prepare import BINARY, prepare
from asynction.validation._values import bytes_in, faults, is_json

MOST_ERRORS = 20
"""How many violations of one instance are reported."""

_MANY_NODES = 2_000

_ENGINES: dict[int, Callable[..., jsonschema_rs.Validator]] = {
    4: jsonschema_rs.Draft4Validator,
    6: jsonschema_rs.Draft6Validator,
    7: jsonschema_rs.Draft7Validator,
    2019: jsonschema_rs.Draft201909Validator,
    2020: jsonschema_rs.Draft202012Validator,
}

_KINDS: dict[str, Callable[[object], bool]] = {
    "null": lambda v: v is None,
    "boolean": lambda v: isinstance(v, bool),
    "integer": lambda v: isinstance(v, int | float) and not isinstance(v, bool) and v == int(v),
    "number": lambda v: isinstance(v, int | float) and not isinstance(v, bool),
    "string": lambda v: isinstance(v, str),
    "array": lambda v: isinstance(v, list | tuple),
    "object": lambda v: isinstance(v, dict),
}


class _BinaryKeyword:
    """`x-binary` for jsonschema-rs, which only ever sees values without bytes."""

    def __init__(self, parent: object, kinds: list[str], path: object) -> None:
        self.kinds = kinds

    def validate(self, instance: object) -> None:
        if not any(_KINDS[kind](instance) for kind in self.kinds):
            raise ValueError("not binary data")


class Validator:
    """Checks the args of an event, or of an ack, against one schema."""

    def __init__(self, schema: Schema) -> None:
        self.prepared = prepare(schema)
        self.least, self.most = self.prepared.least, self.prepared.most
        self._engine = _ENGINES[self.prepared.draft](
            self.prepared.value,
            validate_formats=True,
            offline=True,
            keywords={BINARY: _BinaryKeyword} if self.prepared.takes_bytes else None,
        )
        self._is_valid = self._engine.is_valid

    @property
    def is_tuple(self) -> bool:
        """True where the schema describes the args one by one."""
        return self.prepared.is_tuple

    @property
    def takes_bytes(self) -> bool:
        """True where the schema has a place for binary data."""
        return self.prepared.takes_bytes

    def check(self, args: Sequence[object], *, strict_json: bool = False) -> tuple[Violation, ...]:
        """Return what is wrong with `args`; an empty tuple where nothing is.

        `strict_json` says that `args` come from JSON text without NaN, lone surrogates or too deep
        nesting, so that only the schema is left to check.
        """
        count = len(args)
        if count < self.least or (self.most is not None and count > self.most):
            return (self._wrong_count(count),)
        if strict_json or is_json(args):
            try:
                if self._is_valid(args):
                    return ()
            except Exception as error:
                return (Violation(f"cannot be checked: {type(error).__name__}", (), (), None),)
            return self._violations(args)
        if found := faults(args, binary=self.takes_bytes):
            return tuple(found[:MOST_ERRORS])
        return self._with_bytes(args)

    @cached_property
    def accepts_null(self) -> bool:
        """True where a single null is valid."""
        return self.accepts((None,))

    def accepts(self, args: Sequence[object]) -> bool:
        """True where `check` finds nothing."""
        return not self.check(args)

    def reference(self, args: Sequence[object]) -> tuple[Violation, ...]:
        """Check `args` by the reference engine alone."""
        return self._reference.check(args)

    def _wrong_count(self, count: int) -> Violation:
        if self.most is None:
            expected = f"at least {self.least}"
        elif self.least == self.most:
            expected = str(self.least)
        else:
            expected = f"{self.least} to {self.most}"
        plural = "" if expected == "1" else "s"
        return Violation(f"expected {expected} argument{plural}, got {count}", (), (), None)

    def _violations(self, args: Sequence[object]) -> tuple[Violation, ...]:
        try:
            if _is_large(args):  # each error costs 10 us: a large instance could have 100 000
                self._engine.validate(args)
            errors: Iterable[jsonschema_rs.ValidationError] = self._engine.iter_errors(args)
            found = [_from_engine(error, args) for _, error in zip(range(MOST_ERRORS), errors, strict=False)]
        except jsonschema_rs.ValidationError as error:
            found = [_from_engine(error, args)]
        except ValueError:  # jsonschema-rs reports values to a depth of its own only
            found = []
        return tuple(found) or (Violation("breaks the schema", (), (), None),)

    def _with_bytes(self, args: Sequence[object]) -> tuple[Violation, ...]:
        """Check args that hold bytes: each must stand where the schema says binary."""
        return self._reference.check(args)

    @cached_property
    def _reference(self) -> _ReferenceEngine:
        return _ReferenceEngine(self.prepared.value, self.prepared.draft)


class _ReferenceEngine:
    """The `jsonschema` library with our keyword, and the formats as jsonschema-rs knows them."""

    def __init__(self, schema: dict[str, Json], draft: int) -> None:
        import jsonschema

        self.welcome: set[int] = set()  # the ids of the bytes that stood where they may
        self.lock = Lock()
        base: Any = {
            4: jsonschema.Draft4Validator,
            6: jsonschema.Draft6Validator,
            7: jsonschema.Draft7Validator,
            2019: jsonschema.Draft201909Validator,
            2020: jsonschema.Draft202012Validator,
        }[draft]
        extend: Any = jsonschema.validators.extend
        engine = extend(
            base,
            {BINARY: self._binary, "format": _same_format(draft)},
            type_checker=base.TYPE_CHECKER.redefine(
                "array", lambda checker, value: isinstance(value, list | tuple)
            ),
        )
        self.engine: Any = engine(schema)

    def _binary(
        self, validator: object, kinds: list[str], instance: object, schema: object
    ) -> Iterator[Exception]:
        import jsonschema

        if isinstance(instance, bytes | bytearray | memoryview):
            self.welcome.add(id(instance))
        elif not any(_KINDS[kind](instance) for kind in kinds):
            yield jsonschema.ValidationError("not binary data")

    def check(self, args: Sequence[object]) -> tuple[Violation, ...]:
        with self.lock:
            return self._check(args)

    def _check(self, args: Sequence[object]) -> tuple[Violation, ...]:
        self.welcome.clear()
        found = [
            Violation(
                message_for(str(error.validator), _asked(error)),
                tuple(error.absolute_path),
                tuple(error.absolute_schema_path),
                error.instance,
            )
            for _, error in zip(range(MOST_ERRORS), self.engine.iter_errors(args), strict=False)
        ]
        if not found:
            found = [
                Violation("binary data where the schema has none", path, (), value)
                for path, value in bytes_in(args)
                if id(value) not in self.welcome
            ]
        return tuple(found)


def _same_format(draft: int) -> Callable[..., Iterator[Exception]]:
    """A `format` keyword for jsonschema that asks jsonschema-rs: both know the same formats."""

    def check(validator: object, name: str, instance: object, schema: object) -> Iterator[Exception]:
        import jsonschema

        if isinstance(instance, str):
            engine = _ENGINES[draft]({"format": name}, validate_formats=True, offline=True)
            if not engine.is_valid(instance):
                yield jsonschema.ValidationError("format")

    return check


def _asked(error: object) -> object:
    """The value of the broken keyword; of `required`, only the properties that are missing."""
    value, instance = getattr(error, "validator_value", None), getattr(error, "instance", None)
    if getattr(error, "validator", None) == "required" and isinstance(instance, dict):
        return [name for name in value or () if name not in instance]
    return value


def _from_engine(error: jsonschema_rs.ValidationError, args: object) -> Violation:
    keyword = error.kind.name
    if keyword == "custom":
        keyword = BINARY
    elif error.schema_path and keyword == "falseSchema":
        keyword = next((str(k) for k in error.schema_path[-1:] if k == "additionalProperties"), keyword)
    path = tuple(error.instance_path)
    return Violation(message_for(keyword, _asked_of(error)), path, tuple(error.schema_path), _at(args, path))


def _asked_of(error: jsonschema_rs.ValidationError) -> object:
    try:
        return error.kind.value
    except (ValueError, RecursionError):  # a value that has no Python counterpart
        return None


def _at(args: object, path: Sequence[str | int]) -> object:
    value = args
    for token in path:
        value = value[token]  # type: ignore[index]  # the engine has been there
    return value


def _is_large(value: object) -> bool:
    waiting, seen = [value], 0
    while waiting and seen <= _MANY_NODES:
        item = waiting.pop()
        seen += 1
        if isinstance(item, dict):
            waiting += item.values()
        elif isinstance(item, list | tuple):
            waiting += item
    return seen > _MANY_NODES
