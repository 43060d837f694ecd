"""One attempt at a value: choices are made on the way down, and what was made is checked on the way up."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
from random import Random

from asynction.contract import Json
from asynction.samples._containers import Level, array, mapping
from asynction.samples._draw import Draw
from asynction.samples._errors import NoValue, Spent
from asynction.samples._leaves import binary, number, text
from asynction.samples._shape import ANYTHING, SCALARS, SINCE, Shape, kind_of, with_rest
from asynction.samples._source import Source

DEEPEST = 120
"""How deep a value may nest: a little less than what a validator takes."""

MOST_STEPS = 20_000
"""How many values one attempt may make, those that it throws away included."""

_DEEP = 5
_MANY = 200
"""From here on only what must be there is made."""

_IN_VAIN = 100
"""How many steps a search for text counts that has found none."""

_TRIES = 20


class Attempt:
    """Makes one value; `use_known` says that the document's own examples and defaults come first,
    `is_wild` that kinds are welcome which the schema allows but does not speak of.

    Where nothing is left to chance but chance is needed, `spare` is asked.
    """

    def __init__(self, source: Source, draw: Draw, *, use_known: bool = False, is_wild: bool = False) -> None:
        self.steps = 0
        self._source = source
        self.draw = draw
        self._spare = Draw(Random(0))  # noqa: S311 - nothing here is a secret
        self._use_known = use_known
        self._is_wild = is_wild

    def make(self, schema: Json) -> object:
        """Make a value of `schema`; raises NoValue or Spent."""
        return self.part(schema, Level())

    def part(self, schema: Json, level: Level) -> object:
        """Make a value that stands at `level` of the whole one."""
        check = self._source.check_for(schema)
        if check is None:
            return self._once(schema, level)
        draw, reason = self.draw, ""
        try:
            for _ in range(_TRIES):
                try:
                    value = self._once(schema, level)
                    violations = check.check((value,))
                    if not violations:
                        return value
                    reason = violations[0].message
                except NoValue as error:
                    reason = str(error)
                if self.draw.plain:
                    self.draw = self._spare
        finally:
            self.draw = draw
        raise NoValue(reason)

    def _once(self, schema: Json, above: Level) -> object:
        self.steps += 1
        if self.steps > MOST_STEPS or above.depth > DEEPEST:
            raise Spent("its values are too large, or nest without end")
        is_tight = above.is_tight or above.depth > _DEEP or self.steps > _MANY
        level = replace(above, is_tight=is_tight, own_refs=set())
        shape = self._settle(schema, ANYTHING, level, ())
        if self.draw.plain and not level.refs.isdisjoint(level.own_refs):
            level.is_tight = True  # once around a recursion is enough to show it
        if self._use_known:
            for known in shape.known:
                if self._source.check(schema).accepts((known,)):
                    return copy.deepcopy(known)
        return self._of_shape(shape, level)

    def _settle(self, schema: Json, shape: Shape, level: Level, inside: tuple[str, ...]) -> Shape:
        """Join `shape` with what `schema` asks, an alternative chosen wherever it has some.

        `inside` has the `$ref`s that are being followed for this very value.
        """
        if not isinstance(schema, dict):
            if schema is False:
                raise NoValue("it allows no value")
            return shape
        ref = schema.get("$ref")
        if isinstance(ref, str):
            if ref in inside:
                raise NoValue("it leads to itself")
            level.own_refs.add(ref)
            shape = self._settle(self._source.target(ref), shape, level, (*inside, ref))
            if self._source.draft < 2019:  # what stands beside a `$ref` does not count
                return shape
        shape = shape & self._source.shape(schema)
        for each in _schemas(schema, "allOf"):
            shape = self._settle(each, shape, level, inside)
        for keyword in ("anyOf", "oneOf"):
            if options := _schemas(schema, keyword):
                shape = self._choose([(option,) for option in options], shape, level, inside)
        if "if" in schema and self._source.draft >= SINCE["if"]:
            then = (schema["if"], schema.get("then", True))
            shape = self._choose([then, (schema.get("else", True),)], shape, level, inside)
        return with_rest(shape, schema, self._source.draft)

    def _choose(
        self, options: list[tuple[Json, ...]], shape: Shape, level: Level, inside: tuple[str, ...]
    ) -> Shape:
        """Join `shape` with the schemas of the first alternative that does not contradict it."""
        ordered = self.draw.order(options)
        if level.is_tight:
            ordered.sort(key=lambda option: max(map(self._source.heights.of, option)))
        for option in ordered:
            try:
                found = shape
                for schema in option:
                    found = self._settle(schema, found, level, inside)
            except NoValue:
                continue
            return found
        raise NoValue("none of its alternatives is possible")

    def _of_shape(self, shape: Shape, level: Level) -> object:
        if shape.choices is not None:
            fitting = [choice for choice in shape.choices if kind_of(choice) in shape.kinds]
            if not fitting:
                raise NoValue("none of the listed values is of its type")
            return copy.deepcopy(self.draw.one_of(fitting))
        kinds = shape.ordered_kinds if self._is_wild else shape.likely_kinds
        if level.is_tight:
            kinds = [kind for kind in kinds if kind in SCALARS] or [
                min(kinds, key=lambda kind: self._source.heights.of_kind(shape, kind))
            ]
        kind = self.draw.one_of(kinds)
        if kind == "object":
            return mapping(shape, level, self)
        if kind == "array":
            return array(shape, level, self)
        try:
            return self._leaf(kind, shape)
        except NoValue:
            self.steps += _IN_VAIN
            raise

    def settle(self, schema: Json, shape: Shape, level: Level) -> Shape:
        """Join `shape` with what `schema` asks; raises NoValue where they contradict each other."""
        return self._settle(schema, shape, level, ())

    def is_name(self, schema: Json, name: str) -> bool:
        """True where `name` conforms to `schema`."""
        return schema is True or self._source.check(schema).accepts((name,))

    def _leaf(self, kind: str, shape: Shape) -> object:
        if kind == "string":
            if shape.is_binary:
                return binary(self.draw)
            return text(shape, self.draw, self._source.fakes)
        if kind in ("integer", "number"):
            return number(shape, self.draw, self._source.fakes, integral=kind == "integer")
        return self.draw.coin() if kind == "boolean" else None


def _schemas(schema: Mapping[str, Json], keyword: str) -> list[Json]:
    value = schema.get(keyword)
    return value if isinstance(value, list) else []
