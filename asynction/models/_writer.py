"""The one writer of what leaves: models and types of Python become JSON data, as their schema wants them.

It is asked only for what is not JSON data yet, so payloads of plain JSON values pay nothing for it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence, Set, ValuesView
from enum import Enum, auto
from types import NoneType
from typing import Any, TypeAlias

from asynction.contract import Schema
from asynction.exceptions import Violation
from asynction.models._convert import ModelError, dumper_of
from asynction.models._dumper import Dumped, Dumper
from asynction.models._forms import form_of
from asynction.models._places import ANYWHERE, Place, place_of_arg
from asynction.validation import BYTES, MAX_DEPTH, read_json

Dumps: TypeAlias = "Callable[[object], str | bytes]"
"""The `dumps` of the JSON module that the user gave to a server."""

_Path: TypeAlias = "tuple[str | int, ...]"

_LEAVES = frozenset([str, int, float, bool, NoneType])
_WITH_BYTES = _LEAVES | {bytes}
_DATA_ERRORS = (ValueError, TypeError, OverflowError, RecursionError)
_LISTS = (list, tuple, Set, deque, ValuesView)


class Unwritable(Exception):
    """A value of our own that cannot be converted; `violations` say where and why."""

    def __init__(self, violations: Sequence[Violation]) -> None:
        super().__init__(str(violations[0]))
        self.violations = tuple(violations)


def is_data(args: Iterable[Any]) -> bool:
    """Return whether there are only JSON's own types and bytes, without a check of their values."""
    for value in args:
        kind = type(value)
        if kind in _WITH_BYTES:
            continue
        if kind is dict:
            if not is_data(value.values()):
                return False
        elif kind is not list or not is_data(value):  # Socket.IO finds no bytes in a tuple
            return False
    return True


class _Way(Enum):
    """How the models in a value are written."""

    AS_THEY_ARE = auto()
    WITHOUT_NULLS = auto()
    """Without optional properties that are null where the schema forbids that."""
    BY_SCHEMA = auto()
    """Likewise, and each value as the schema wants it: a model may write a Decimal as text, for example."""


class Writer:
    """Converts the args of an event, or of an ack, to JSON data by their schema; None for no schema."""

    def __init__(self, schema: Schema | None = None) -> None:
        self._schema = schema
        self._places: dict[int, Place] = {}

    def write(
        self,
        args: Sequence[object],
        dumps: Dumps | None = None,
        is_valid: Callable[[Sequence[object]], bool] | None = None,
    ) -> tuple[tuple[object, ...], bool]:
        """Return args as JSON data, and whether `is_valid` has found that valid.

        What cannot be written stays as it is: the check of the data names its place.

        Args:
            args: the args.
            dumps: the user's `json.dumps`; it is asked first, for each value that JSON lacks.
            is_valid: returns whether args fit the schema. A model decides how it is written; if that does not
                fit, it is written without nulls, then as the schema wants it.

        Raises Unwritable if a model cannot be converted.
        """
        dumped = _dumped(args)
        if dumped is not None and (is_valid is None or is_valid(dumped)):
            return dumped, is_valid is not None
        first: tuple[object, ...] | None = None
        failure: Unwritable | None = None
        for way in _Way:
            attempt = _Attempt(way, dumps)
            try:
                made = tuple([attempt.value(arg, self._place(i), (i,)) for i, arg in enumerate(args)])
            except Unwritable as error:
                failure = failure or error
                continue
            if is_valid is None or not attempt.is_open:
                return made, False
            if is_valid(made):
                return made, True
            first = made if first is None or way is _Way.WITHOUT_NULLS else first
        if first is None:
            assert failure is not None, "each way has been tried"  # noqa: S101
            raise failure
        return first, False

    def _place(self, index: int) -> Place:
        if index not in self._places:
            place = place_of_arg(self._schema, index)
            if place is ANYWHERE:
                return place
            self._places[index] = place
        return self._places[index]


def _dumped(args: Sequence[object]) -> tuple[object, ...] | None:
    """Return args as their annotated models write them, the usual ack; None if there are other values."""
    made: list[object] = []
    for arg in args:
        if type(arg) is Dumped and arg.dumper.dump is not None:
            try:
                made.append(arg.dumper.dump(arg.value))
            except _DATA_ERRORS:  # another way says where
                return None
        elif type(arg) in _LEAVES:
            made.append(arg)
        else:
            return None
    return tuple(made)


class _Attempt:
    """One conversion of args; `is_open` tells that another way may have another result."""

    def __init__(self, way: _Way, dumps: Dumps | None) -> None:
        self._way = way
        self._dumps = dumps
        self.is_open = False

    def value(self, value: Any, place: Place, path: _Path, *, in_model: bool = False) -> object:
        """Return one value as JSON data."""
        kind: Any = type(value)
        if kind in _LEAVES:
            return value
        if isinstance(value, Dumped):
            return self._model(value.dumper, value.value, place, path)
        try:
            dumper = dumper_of(kind)
        except ModelError as error:
            raise Unwritable([Violation(str(error), path, (), value)]) from error
        if dumper is not None:
            return self._model(dumper, value, place, path)
        if isinstance(value, Mapping):
            return self._mapping(value, place, path, in_model=in_model)
        if isinstance(value, _LISTS):
            if len(path) > MAX_DEPTH:
                return value
            return [
                part
                if type(part) in _LEAVES
                else self.value(part, place.item(i), (*path, i), in_model=in_model)
                for i, part in enumerate(value)
            ]
        return self._leaf(value, place, path)

    def _mapping(self, value: Mapping[Any, Any], place: Place, path: _Path, *, in_model: bool) -> object:
        if len(path) > MAX_DEPTH:  # the check says so
            return value
        place = place.of(value)
        drops = in_model and self._way is not _Way.AS_THEY_ARE
        made: dict[object, object] = {}
        for key, part in value.items():
            name = key if type(key) is str else self._key(key)
            if name in made:
                raise Unwritable([Violation("two keys have the same text", path, (), value)])
            if not isinstance(name, str):  # which the check refuses
                made[name] = part
            elif type(part) not in _LEAVES:
                made[name] = self.value(part, place.property(name), (*path, name), in_model=in_model)
            elif not (drops and part is None and place.leaves_out(name)):
                made[name] = part
        return made

    def _key(self, key: object) -> object:
        """Return a key as text; what has none stays as it is, and is refused by the check."""
        written = self._leaf(key, ANYWHERE, ())
        return written if isinstance(written, str) else str(written) if type(written) is int else key

    def _leaf(self, value: object, place: Place, path: _Path) -> object:
        kind: Any = type(value)
        form = form_of(kind)
        is_asked = form is None or self._way is not _Way.BY_SCHEMA
        if self._dumps is not None and is_asked and not isinstance(value, BYTES):
            try:
                made: object = read_json(self._dumps(value))
            except Exception:  # the user's code does not write it either, or not as JSON
                made = value
            if made is not value:
                self.is_open = self.is_open or form is not None
                return made
        if form is None:
            return value
        made = form(value, place)
        return made if type(made) is kind else self.value(made, place, path)

    def _model(self, dumper: Dumper, value: object, place: Place, path: _Path) -> object:
        self.is_open = True
        dump = None if self._way is _Way.BY_SCHEMA else dumper.dump
        try:
            data = dumper.data(value) if dump is None else dump(value)
        except _DATA_ERRORS as error:
            found = dumper.faults(error, value, path)
        else:
            if dump is not None and self._way is _Way.AS_THEY_ARE:
                return data
            return self.value(data, place, path, in_model=True)
        # Raised outside of `except`: as a context, the error would be logged, and its text quotes the value.
        raise Unwritable(found)
