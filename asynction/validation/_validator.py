"""One compiled validator per schema: jsonschema-rs decides, and where it cannot, the reference engine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING

import jsonschema_rs

from asynction.contract import Schema
from asynction.exceptions import Violation
from asynction.validation._json import JsonArgs
from asynction.validation._messages import message_for
from asynction.validation._prepare import BINARY, KINDS, prepare
from asynction.validation._values import faults, is_json, locate

if TYPE_CHECKING:
    from asynction.validation._reference import ReferenceEngine

MOST_ERRORS = 20
"""How many violations of one instance are reported."""

_MANY_NODES = 2_000
_SEQUENCES = frozenset({tuple, list})

ENGINES: dict[int, Callable[..., jsonschema_rs.Validator]] = {
    4: jsonschema_rs.Draft4Validator,
    6: jsonschema_rs.Draft6Validator,
    7: jsonschema_rs.Draft7Validator,
    2019: jsonschema_rs.Draft201909Validator,
    2020: jsonschema_rs.Draft202012Validator,
}


class _BinaryKeyword:
    """`x-binary` for jsonschema-rs, which only ever sees values without bytes."""

    def __init__(self, parent: object, kinds: list[str], path: object) -> None:
        self.kinds = kinds

    def validate(self, instance: object) -> None:
        if not any(KINDS[kind](instance) for kind in self.kinds):
            raise ValueError("not binary data")


class Validator:
    """Checks the args of an event, or of an ack, against one schema."""

    def __init__(self, schema: Schema) -> None:
        self.prepared = prepare(schema)
        self.min_args, self.max_args = self.prepared.min_args, self.prepared.max_args
        self._engine = ENGINES[self.prepared.draft](
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

    def check(self, args: Sequence[object], json_args: JsonArgs | None = None) -> tuple[Violation, ...]:
        """Return what is wrong with `args`; an empty tuple where nothing is.

        Where `args` are `json_args`, which a reader of JSON text made, only the schema is left to check.
        """
        count = len(args)
        if count < self.min_args or (self.max_args is not None and count > self.max_args):
            return (self._wrong_count(count),)
        if type(args) not in _SEQUENCES:
            args = tuple(args)  # the engine knows no subclasses
        if args is json_args or is_json(args):
            try:
                if self._is_valid(args):
                    return ()
            except Exception as error:
                return (Violation(f"cannot be checked: {type(error).__name__}", (), (), None),)
            return self._violations(args)
        if found := faults(args, binary=self.takes_bytes, limit=MOST_ERRORS):
            return tuple(found)
        return self._reference.check(args)

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
        if self.max_args is None:
            expected = f"at least {self.min_args}"
        elif self.min_args == self.max_args:
            expected = str(self.min_args)
        else:
            expected = f"{self.min_args} to {self.max_args}"
        plural = "" if self.min_args == 1 and self.max_args in (1, None) else "s"
        return Violation(f"expected {expected} argument{plural}, got {count}", (), (), None)

    def _violations(self, args: Sequence[object]) -> tuple[Violation, ...]:
        try:
            if _is_large(args):  # each error costs 10 us: a large instance could have 100 000
                self._engine.validate(args)
            errors: Iterable[jsonschema_rs.ValidationError] = self._engine.iter_errors(args)
            found = [self._violation(error, args) for error in islice(errors, MOST_ERRORS)]
        except jsonschema_rs.ValidationError as error:
            found = [self._violation(error, args)]
        except ValueError:  # jsonschema-rs reports values to a depth of its own only
            found = []
        return tuple(found) or (Violation("breaks the schema", (), (), None),)

    def _violation(self, error: jsonschema_rs.ValidationError, args: object) -> Violation:
        keyword = BINARY if error.kind.name == "custom" else error.kind.name
        path, instance = locate(args, error.instance_path)
        schema_path, _ = locate(self.prepared.value, error.schema_path)
        if keyword == "falseSchema" and schema_path[-1:] == ("additionalProperties",):
            keyword = "additionalProperties"
        message = message_for(keyword, error.kind.value)
        return Violation(message, path, self.prepared.own_path(schema_path), instance)

    @cached_property
    def _reference(self) -> ReferenceEngine:
        from asynction.validation._reference import ReferenceEngine  # its library is slow to import

        return ReferenceEngine(self.prepared, MOST_ERRORS)


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
