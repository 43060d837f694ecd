"""One attempt to make a value: choices are made top-down, and completed parts are checked bottom-up."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from random import Random

from asynction.contract import Json
from asynction.samples._containers import Level, array, mapping
from asynction.samples._draw import Draw
from asynction.samples._errors import NoValue, StepBudgetExceeded
from asynction.samples._leaves import binary, number, text
from asynction.samples._shape import ANYTHING, SCALARS, SINCE, Shape, kind_of, with_rest
from asynction.samples._source import Source

MAX_DEPTH = 120
"""The maximum nesting of a value: a little less than what a validator accepts."""

MAX_STEPS = 20_000
"""The maximum number of values that one attempt makes, including those that it discards."""

_OPTIONAL_DEPTH = 5
_OPTIONAL_STEPS = 200
"""Beyond this depth, or this number of steps, optional parts are left out."""

_FAILED_SEARCH_STEPS = 100
"""The number of steps that a failed search for text or a number counts: it is slow."""

_MAX_JOINS = 100_000
"""The maximum number of schemas that one attempt joins, including those of alternatives that it discards."""

_TRIES = 20


@dataclass(frozen=True, slots=True)
class _Followed:
    """The `$ref`s that are followed for one value.

    Args:
        inside: those that are being followed: one of them again is a loop.
        joined: those that have been joined: types that inherit from each other lead to them many times.
    """

    inside: tuple[str, ...] = ()
    joined: set[str] = field(default_factory=set)

    def into(self, ref: str) -> _Followed:
        """Return the same inside the target of a `$ref`."""
        return replace(self, inside=(*self.inside, ref))


class Attempt:
    """Makes one value of a schema.

    Args:
        source: the schema and its definitions.
        draw: the source of choices.
        use_known: use the examples and defaults of the document where there are any.
        is_wild: also make types that the schema allows but has no keywords for.
    """

    def __init__(self, source: Source, draw: Draw, *, use_known: bool = False, is_wild: bool = False) -> None:
        self.steps = 0
        self._joins = 0
        self._source = source
        self.draw = draw
        # Without chance, an attempt that fails would fail again in the same way: this draw varies it.
        self._spare = Draw(Random(0))  # noqa: S311 - nothing here is a secret
        self._use_known = use_known
        self._is_wild = is_wild

    def make(self, schema: Json) -> object:
        """Make a value of `schema`; raises NoValue or StepBudgetExceeded."""
        return self.part(schema, Level())

    def part(self, schema: Json, level: Level) -> object:
        """Make a part of the value, at `level`."""
        check = self._source.check_for(schema)
        if check is None:
            return self._once(schema, level)
        # Checking here, not only at the root, means that only this part is made again if it is invalid.
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
        if self.steps > MAX_STEPS or above.depth > MAX_DEPTH:
            raise StepBudgetExceeded("its values are too large, or nest without end")
        is_tight = above.is_tight or above.depth > _OPTIONAL_DEPTH or self.steps > _OPTIONAL_STEPS
        level = replace(above, is_tight=is_tight, own_refs=set())
        shape = self.settle(schema, ANYTHING, level)
        if self.draw.plain and not level.refs.isdisjoint(level.own_refs):
            level.is_tight = True  # one round of a recursion is enough in an example
        if self._use_known:
            for known in shape.known:
                if self._source.check(schema).accepts((known,)):
                    return copy.deepcopy(known)
        return self._of_shape(shape, level)

    def _settle(self, schema: Json, shape: Shape, level: Level, followed: _Followed) -> Shape:
        """Join `shape` with the constraints of `schema`, choosing among its alternatives."""
        self._joins += 1
        if self._joins > _MAX_JOINS:
            raise StepBudgetExceeded("its parts refer to each other in too many ways")
        if not isinstance(schema, dict):
            if schema is False:
                raise NoValue("it allows no value")
            return shape
        ref = schema.get("$ref")
        if isinstance(ref, str):
            if ref in followed.inside:
                raise NoValue("its `$ref` leads back to itself")
            if ref not in followed.joined:
                level.own_refs.add(ref)
                shape = self._settle(self._source.target(ref), shape, level, followed.into(ref))
                followed.joined.add(ref)
            if self._source.draft < 2019:  # keywords beside a `$ref` are ignored
                return shape
        shape = shape & self._source.shape(schema)
        for each in _schemas(schema, "allOf"):
            shape = self._settle(each, shape, level, followed)
        for keyword in ("anyOf", "oneOf"):
            if options := _schemas(schema, keyword):
                shape = self._choose([(option,) for option in options], shape, level, followed)
        if "if" in schema and self._source.draft >= SINCE["if"]:
            then = (schema["if"], schema.get("then", True))
            shape = self._choose([then, (schema.get("else", True),)], shape, level, followed)
        return with_rest(shape, schema, self._source.draft)

    def _choose(
        self, options: list[tuple[Json, ...]], shape: Shape, level: Level, followed: _Followed
    ) -> Shape:
        """Join `shape` with the schemas of the first alternative that is compatible with it."""
        ordered = self.draw.order(options)
        if level.is_tight:
            # The alternative whose values nest least is the one that ends a recursion.
            ordered.sort(key=lambda option: max(map(self._source.heights.of, option)))
        for option in ordered:
            tried = replace(followed, joined=set(followed.joined))
            try:
                found = shape
                for schema in option:
                    found = self._settle(schema, found, level, tried)
            except NoValue:
                continue
            followed.joined.update(tried.joined)
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
            # Scalars keep the value small; else the type whose values nest least ends a recursion.
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
            self.steps += _FAILED_SEARCH_STEPS
            raise

    def settle(self, schema: Json, shape: Shape, level: Level) -> Shape:
        """Join `shape` with the constraints of `schema`; raises NoValue if they contradict each other."""
        return self._settle(schema, shape, level, _Followed())

    def is_name(self, schema: Json, name: str) -> bool:
        """Return True if `name` conforms to `schema`."""
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
