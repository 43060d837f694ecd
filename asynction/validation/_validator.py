"""One compiled validator per schema: jsonschema-rs decides, and where it cannot, a walk of our own."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

from asynction.contract import Schema
from asynction.exceptions import Violation
from asynction.validation._build import Graph, build
from asynction.validation._equality import Blobs
from asynction.validation._explain import MOST_ERRORS, explain
from asynction.validation._fast import Engine
from asynction.validation._json import JsonArgs
from asynction.validation._prepare import prepare
from asynction.validation._values import faults, is_json

log = logging.getLogger("asynction")

_SEQUENCES = frozenset({tuple, list})


class Validator:
    """Checks the args of an event, or of an ack, against one schema."""

    def __init__(self, schema: Schema) -> None:
        self.prepared = prepare(schema)
        self.min_args, self.max_args = self.prepared.min_args, self.prepared.max_args
        self._engine = Engine(self.prepared)
        self._is_valid = self._walks if self._engine.is_costly else self._engine.is_valid

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
        try:
            if args is json_args or is_json(args):
                return () if self._is_valid(args) else self._explain(args)
            found = faults(args, binary=self.takes_bytes, limit=MOST_ERRORS)
            return tuple(found) or self._check_copy(args)
        except Exception as error:  # what cannot be decided must not pass
            log.error("a value cannot be checked: %s", type(error).__name__)  # its client learns no more
            return (Violation("cannot be checked", (), (), None),)

    def is_valid(self, args: Sequence[object]) -> bool:
        """Return whether `check` finds nothing, without a search for what it would find."""
        count = len(args)
        if count < self.min_args or (self.max_args is not None and count > self.max_args):
            return False
        try:
            return self._is_valid(args) if is_json(args) else not self.check(args)
        except Exception:  # `check` logs it
            return False

    @cached_property
    def accepts_null(self) -> bool:
        """True where a single null is valid."""
        return self.accepts((None,))

    def accepts(self, args: Sequence[object]) -> bool:
        """True where `check` finds nothing."""
        return not self.check(args)

    def _wrong_count(self, count: int) -> Violation:
        if self.max_args is None:
            expected = f"at least {self.min_args}"
        elif self.min_args == self.max_args:
            expected = str(self.min_args)
        else:
            expected = f"{self.min_args} to {self.max_args}"
        plural = "" if self.min_args == 1 and self.max_args in (1, None) else "s"
        return Violation(f"expected {expected} argument{plural}, got {count}", (), (), None)

    @cached_property
    def _graph(self) -> Graph:
        return build(self.prepared.value, self.prepared.draft)

    def _walks(self, args: object) -> bool:
        """Decide whether JSON args are valid, in place of the engine."""
        return self._graph.walk().valid(self._graph.root, args)

    def _explain(self, args: object) -> tuple[Violation, ...]:
        walk = self._graph.walk()
        if not self._engine.is_costly:
            walk.accepts_all = self._engine.accepts_all
        return explain(walk, self._graph.root, args, self.prepared)

    def _check_copy(self, args: Sequence[object]) -> tuple[Violation, ...]:
        """Check args with bytes, or with types that the engine does not know."""
        blobs = Blobs()
        data = blobs.replace(args)
        root = self._graph.root
        walk = self._graph.walk(exhaustive=bool(blobs.found))
        if not walk.valid(root, data):
            found = explain(walk, root, data, self.prepared)
            return tuple(replace(each, instance=_at(args, each.path)) for each in found)
        walk.welcome(root, data, blobs.holders)
        wrong = [blob for blob in blobs.found if not blob.welcome][:MOST_ERRORS]
        return tuple(Violation(_NO_BYTES, blob.path, (), blob.data) for blob in wrong)


_NO_BYTES = "binary data where the schema has none"


def _at(value: Any, path: tuple[str | int, ...]) -> object:
    for key in path:
        value = value[key]
    return value
