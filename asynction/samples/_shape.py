"""The constraints of a schema, in one form for all drafts, and how those of two schemas are joined."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import lru_cache
from typing import TypeVar

import jsonschema_rs

from asynction.contract import Json
from asynction.samples._errors import NoValue

T = TypeVar("T")

KINDS = ("string", "integer", "number", "boolean", "object", "array", "null")
"""The JSON types, the most readable first; a `number` need not be an integer."""

SCALARS = frozenset(KINDS) - {"object", "array"}
ANNOTATED = ("example", "default")
SINCE = {
    **dict.fromkeys(["const", "contains", "propertyNames"], 6),
    "if": 7,
    **dict.fromkeys(["dependentRequired", "dependentSchemas", "maxContains", "minContains"], 2019),
    **dict.fromkeys(["unevaluatedItems", "unevaluatedProperties"], 2019),
}
"""The first draft of each keyword that not all drafts have; older drafts ignore it."""

_UNEVALUATED = frozenset(["unevaluatedItems", "unevaluatedProperties"])
_HINTS = {
    "string": ("length", "patterns", "formats"),
    "integer": ("low", "high", "steps"),
    "number": ("low", "high", "steps"),
    "object": ("size", "properties", "patterned", "others", "names", "required", "needs", "implied"),
    "array": ("count", "prefix", "rest", "contains", "unique"),
}
"""The fields of a Shape that suggest a type: if they are set, the author had that type in mind."""


@dataclass(frozen=True, slots=True)
class Span:
    """A range of lengths or counts; `maximum` is None if there is no limit."""

    minimum: int = 0
    maximum: int | None = None

    def __and__(self, other: Span) -> Span:
        return Span(max(self.minimum, other.minimum), _lower(self.maximum, other.maximum))


@dataclass(frozen=True, slots=True)
class Bound:
    """A bound of a range of numbers; if it `is_exclusive`, the bound itself is outside."""

    value: Fraction
    is_exclusive: bool = False


@dataclass(frozen=True, slots=True)
class Shape:
    """All keywords of a schema except those that combine schemas; subschemas are unchanged."""

    kinds: frozenset[str] = frozenset(KINDS)
    choices: tuple[Json, ...] | None = None
    known: tuple[Json, ...] = ()
    """The examples and defaults of the document, the best first."""
    low: Bound | None = None
    high: Bound | None = None
    steps: tuple[Fraction, ...] = ()
    length: Span = Span()
    patterns: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    is_binary: bool = False
    count: Span = Span()
    prefix: tuple[Json, ...] = ()
    rest: Json = True
    contains: tuple[tuple[Json, Span], ...] = ()
    unique: bool = False
    size: Span = Span()
    properties: Mapping[str, Json] = field(default_factory=dict)
    patterned: tuple[tuple[str, Json], ...] = ()
    others: Json = True
    names: Json = True
    required: tuple[str, ...] = ()
    needs: tuple[tuple[str, tuple[str, ...]], ...] = ()
    implied: tuple[tuple[str, Json], ...] = ()

    @property
    def ordered_kinds(self) -> list[str]:
        """The types that the schema allows, the most readable first."""
        # If any number is allowed, an integer is not a type of its own.
        apart = self.kinds - {"integer"} if "number" in self.kinds else self.kinds
        return [kind for kind in KINDS if kind in apart]

    @property
    def likely_kinds(self) -> list[str]:
        """The types that the schema has keywords for, if any; else all that it allows."""
        ordered = self.ordered_kinds
        return [kind for kind in ordered if self._speaks_of(kind)] or ordered

    def _speaks_of(self, kind: str) -> bool:
        return any(getattr(self, name) != getattr(ANYTHING, name) for name in _HINTS.get(kind, ()))

    def item(self, index: int) -> Json:
        """Return the schema of the item at `index`."""
        return self.prefix[index] if index < len(self.prefix) else self.rest

    def property(self, name: str) -> Json:
        """Return the schema of the property `name`."""
        found = [self.properties[name]] if name in self.properties else []
        found += [inner for pattern, inner in self.patterned if matches(pattern, name)]
        return both(*found) if found else self.others

    def __and__(self, other: Shape) -> Shape:
        """Join two shapes; raises NoValue if they contradict each other."""
        joined = other if self is ANYTHING else self._join(other)
        if not joined.kinds or joined.choices == ():
            raise NoValue("its parts contradict each other")
        return joined

    def _join(self, other: Shape) -> Shape:
        return Shape(
            kinds=self.kinds & other.kinds,
            choices=_common(self.choices, other.choices),
            known=self.known + other.known,
            low=_stricter(self.low, other.low, max),
            high=_stricter(self.high, other.high, min),
            steps=_union(self.steps, other.steps),
            length=self.length & other.length,
            patterns=_union(self.patterns, other.patterns),
            formats=_union(self.formats, other.formats),
            is_binary=self.is_binary or other.is_binary,
            count=self.count & other.count,
            contains=self.contains + other.contains,
            unique=self.unique or other.unique,
            size=self.size & other.size,
            names=both(self.names, other.names),
            required=_union(self.required, other.required),
            needs=self.needs + other.needs,
            implied=self.implied + other.implied,
            rest=both(self.rest, other.rest),
            prefix=_join_prefixes(self, other),
            properties=_join_properties(self, other),
            patterned=_beside(self, other) + _beside(other, self),
            others=both(self.others, other.others),
        )


ANYTHING = Shape()
"""The shape without constraints."""


def both(*schemas: Json) -> Json:
    """Return one schema that stands for all of `schemas` together."""
    # Each once, by identity, and flat: types that inherit from each other share the schemas of their
    # properties, and joining these in pairs would double them at every step.
    telling = {id(each): each for schema in schemas for each in _conjuncts(schema)}
    if any(schema is False for schema in telling.values()):
        return False
    if len(telling) > 1:
        return {"allOf": list(telling.values())}
    return next(iter(telling.values()), True)


def _conjuncts(schema: Json) -> list[Json]:
    """Return schemas that together mean the same as one."""
    if schema is True:
        return []
    together = schema.get("allOf") if isinstance(schema, dict) and len(schema) == 1 else None
    return [each for each in together if each is not True] if isinstance(together, list) else [schema]


@lru_cache(maxsize=1024)
def _finder(pattern: str) -> Callable[[str], bool]:
    return jsonschema_rs.Draft7Validator({"pattern": pattern}).is_valid


def matches(pattern: str, text: str) -> bool:
    """Return True if `text` matches `pattern`, as a validator reads it."""
    return _finder(pattern)(text)


def kind_of(value: object) -> str:
    """Return the JSON type of a value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "integer" if isinstance(value, int) or value.is_integer() else "number"
    if isinstance(value, str):
        return "string"
    return "object" if isinstance(value, dict) else "array"


def is_same(one: object, other: object) -> bool:
    """Return True if two JSON values are equal; 1 equals 1.0, but not true."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(is_same(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(is_same, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and one == other


def shape_of(schema: Mapping[str, Json], draft: int) -> Shape:
    """Read the keywords of `schema`, except those that combine schemas: the caller handles them."""
    schema = {name: value for name, value in schema.items() if SINCE.get(name, 0) <= draft}
    low, high = _range(schema)
    prefix, rest = _items(schema, draft)
    needs, implied = _dependencies(schema)
    return Shape(
        kinds=_kinds(schema),
        choices=_choices(schema),
        known=_known(schema),
        low=low,
        high=high,
        steps=tuple(filter(None, [_exact(schema.get("multipleOf"))])),
        length=_span(schema, "minLength", "maxLength"),
        patterns=_texts([schema.get("pattern")]),
        formats=_texts([schema.get("format")]),
        is_binary=_is_binary(schema),
        count=_span(schema, "minItems", "maxItems"),
        prefix=prefix,
        rest=rest,
        contains=_contains(schema),
        unique=schema.get("uniqueItems") is True,
        size=_span(schema, "minProperties", "maxProperties"),
        properties=_mapping(schema.get("properties")),
        patterned=tuple(_mapping(schema.get("patternProperties")).items()),
        others=schema.get("additionalProperties", True),
        names=schema.get("propertyNames", True),
        required=_texts(schema.get("required")),
        needs=needs,
        implied=implied,
    )


def with_rest(shape: Shape, schema: Mapping[str, Json], draft: int) -> Shape:
    """Apply `unevaluatedItems` and `unevaluatedProperties`, after all other keywords of `schema`."""
    if draft < SINCE["unevaluatedItems"] or _UNEVALUATED.isdisjoint(schema):
        return shape
    rest = both(shape.rest, schema.get("unevaluatedItems", True))
    others = both(shape.others, schema.get("unevaluatedProperties", True))
    return replace(shape, rest=rest, others=others)


def _kinds(schema: Mapping[str, Json]) -> frozenset[str]:
    found = _type_names(schema.get("type")) or frozenset(KINDS)
    excluded = schema.get("not")
    # A negated type is common and easy to respect; for anything else under `not`, the check decides.
    if isinstance(excluded, dict) and excluded.keys() == {"type"}:
        found -= _type_names(excluded["type"])
    return found


def _type_names(value: Json) -> frozenset[str]:
    names = set(_texts(value if isinstance(value, list) else [value]))
    return frozenset(names | {"integer"} if "number" in names else names)


def _is_binary(schema: Mapping[str, Json]) -> bool:
    named = "binary" in (schema.get("format"), schema.get("contentEncoding"))
    return named and "string" in _type_names(schema.get("type"))


def _choices(schema: Mapping[str, Json]) -> tuple[Json, ...] | None:
    listed = schema.get("enum")
    choices = tuple(listed) if isinstance(listed, list) else None
    return _common(choices, (schema["const"],)) if "const" in schema else choices


def _known(schema: Mapping[str, Json]) -> tuple[Json, ...]:
    listed = schema.get("examples")
    examples = listed if isinstance(listed, list) else []
    return (*examples, *(schema[name] for name in ANNOTATED if name in schema))


def _range(schema: Mapping[str, Json]) -> tuple[Bound | None, Bound | None]:
    bounds: list[Bound | None] = []
    for inclusive, exclusive, narrower in (
        ("minimum", "exclusiveMinimum", max),
        ("maximum", "exclusiveMaximum", min),
    ):
        value, edge = _exact(schema.get(inclusive)), schema.get(exclusive)
        # In draft 4 the exclusive keyword is a flag.
        closed = Bound(value, is_exclusive=edge is True) if value is not None else None
        limit = _exact(edge)
        opened = Bound(limit, is_exclusive=True) if limit is not None else None
        bounds.append(_stricter(closed, opened, narrower))
    return bounds[0], bounds[1]


def _items(schema: Mapping[str, Json], draft: int) -> tuple[tuple[Json, ...], Json]:
    items = schema.get("items", True)
    if draft >= 2020:
        prefix = schema.get("prefixItems")
        return tuple(prefix) if isinstance(prefix, list) else (), items
    if isinstance(items, list):
        return tuple(items), schema.get("additionalItems", True)
    return (), items


def _contains(schema: Mapping[str, Json]) -> tuple[tuple[Json, Span], ...]:
    if "contains" not in schema:
        return ()
    minimum = schema.get("minContains", 1)
    maximum = schema.get("maxContains")
    return ((schema["contains"], Span(_count(minimum) or 0, _count(maximum))),)


def _dependencies(
    schema: Mapping[str, Json],
) -> tuple[tuple[tuple[str, tuple[str, ...]], ...], tuple[tuple[str, Json], ...]]:
    together = [
        item
        for keyword in ("dependencies", "dependentRequired", "dependentSchemas")
        for item in _mapping(schema.get(keyword)).items()
    ]
    needs = tuple((name, _texts(value)) for name, value in together if isinstance(value, list))
    implied = tuple((name, value) for name, value in together if not isinstance(value, list))
    return needs, implied


def _mapping(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}


def _texts(values: object) -> tuple[str, ...]:
    return tuple(each for each in values if isinstance(each, str)) if isinstance(values, list) else ()


def _count(value: Json) -> int | None:
    # In JSON Schema, 2.0 is an integer too.
    return int(value) if isinstance(value, int | float) else None


def _span(schema: Mapping[str, Json], minimum: str, maximum: str) -> Span:
    return Span(_count(schema.get(minimum)) or 0, _count(schema.get(maximum)))


def _exact(value: Json) -> Fraction | None:
    """Return a number exactly as it is written: 0.1 is a tenth, which no float is."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return Fraction(repr(value))


def _lower(one: int | None, other: int | None) -> int | None:
    given = [each for each in (one, other) if each is not None]
    return min(given, default=None)


def _stricter(
    one: Bound | None, other: Bound | None, narrower: Callable[[Fraction, Fraction], Fraction]
) -> Bound | None:
    if one is None or other is None:
        return one or other
    value = narrower(one.value, other.value)
    return Bound(value, any(each.is_exclusive for each in (one, other) if each.value == value))


def _common(one: tuple[Json, ...] | None, other: tuple[Json, ...] | None) -> tuple[Json, ...] | None:
    if one is None or other is None:
        return one if other is None else other
    return tuple(each for each in one if any(is_same(each, choice) for choice in other))


def _union(one: Iterable[T], other: Iterable[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys([*one, *other]))


def _join_prefixes(one: Shape, other: Shape) -> tuple[Json, ...]:
    longest = max(len(one.prefix), len(other.prefix))
    return tuple(both(one.item(index), other.item(index)) for index in range(longest))


def _join_properties(one: Shape, other: Shape) -> dict[str, Json]:
    names = _union(one.properties, other.properties)
    return {name: both(one.property(name), other.property(name)) for name in names}


def _beside(one: Shape, other: Shape) -> tuple[tuple[str, Json], ...]:
    """Return the pattern properties of `one`, joined with the `additionalProperties` of `other`."""
    others = True if other.patterned else other.others
    return tuple((pattern, both(inner, others)) for pattern, inner in one.patterned)
