"""The shapes of schemas, read and joined."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import pytest

from asynction.contract import Json
from asynction.samples._errors import NoValue
from asynction.samples._shape import (
    ANYTHING,
    Bound,
    Shape,
    Span,
    both,
    is_same,
    kind_of,
    matches,
    shape_of,
    with_rest,
)


def read(schema: dict[str, Json], draft: int = 7) -> Shape:
    return shape_of(schema, draft)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (None, "null"),
        (True, "boolean"),
        (1, "integer"),
        (1.0, "integer"),
        (1.5, "number"),
        (math.inf, "number"),
        ("a", "string"),
        ({}, "object"),
        ([], "array"),
    ],
)
def test_a_value_is_of_a_kind(value: object, kind: str) -> None:
    assert kind_of(value) == kind


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (1, 1.0, True),
        (1, True, False),
        ([1, {"a": 0}], [1.0, {"a": 0.0}], True),
        ([1], [True], False),
        ([1], [1, 1], False),
        ({"a": 0}, {"a": False}, False),
        ({"a": 0}, {"b": 0}, False),
        ("1", 1, False),
    ],
)
def test_values_are_equal_as_json_has_it(one: object, other: object, same: bool) -> None:
    assert is_same(one, other) is same


@pytest.mark.parametrize(
    ("schemas", "joined"),
    [
        ((), True),
        ((True, {"a": 1}), {"a": 1}),
        (({"a": 1}, False), False),
        (({"a": 1}, {"b": 1}), {"allOf": [{"a": 1}, {"b": 1}]}),
    ],
)
def test_schemas_are_joined(schemas: tuple[Json, ...], joined: Json) -> None:
    assert both(*schemas) == joined


def test_a_pattern_is_read_as_a_validator_reads_it() -> None:
    assert matches(r"^\p{L}$", "é")
    assert not matches(r"^\d$", "٣")


@pytest.mark.parametrize(
    ("schema", "kinds"),
    [
        ({}, ["string", "number", "boolean", "object", "array", "null"]),
        ({"type": "integer"}, ["integer"]),
        ({"type": ["null", "string"]}, ["string", "null"]),
        ({"not": {"type": "string"}, "type": ["null", "string"]}, ["null"]),
        ({"not": {"type": "number"}, "type": "number"}, []),
        ({"not": {"type": "string", "minLength": 1}, "type": "string"}, ["string"]),
        ({"minimum": 0}, ["number"]),
        ({"required": ["a"]}, ["object"]),
        ({"items": {}}, ["array"]),
        ({"items": {}, "maxLength": 3}, ["string", "array"]),
        ({"minimum": 0, "type": "null"}, ["null"]),
    ],
)
def test_the_likely_kinds_are_those_that_a_schema_speaks_of(
    schema: dict[str, Json], kinds: list[str]
) -> None:
    assert read(schema).likely_kinds == kinds


@pytest.mark.parametrize(
    ("schema", "low", "high"),
    [
        ({"minimum": 0.1}, Bound(Fraction(1, 10)), None),
        ({"exclusiveMinimum": 1, "minimum": 1}, Bound(Fraction(1), is_exclusive=True), None),
        ({"exclusiveMinimum": 1, "minimum": 2}, Bound(Fraction(2)), None),
        ({"exclusiveMaximum": 1, "maximum": 2}, None, Bound(Fraction(1), is_exclusive=True)),
        ({"maximum": 2, "exclusiveMaximum": True}, None, Bound(Fraction(2), is_exclusive=True)),
        ({"maximum": 2, "exclusiveMaximum": False}, None, Bound(Fraction(2))),
        ({"minimum": math.inf, "maximum": math.nan}, None, None),
    ],
)
def test_a_range_has_ends(schema: dict[str, Json], low: Bound | None, high: Bound | None) -> None:
    assert (read(schema).low, read(schema).high) == (low, high)


def test_a_tuple_is_read_as_its_draft_has_it() -> None:
    new: dict[str, Json] = {"prefixItems": [{"const": 1}], "items": {"const": 2}}
    old: dict[str, Json] = {"items": [{"const": 1}], "additionalItems": {"const": 2}}

    for shape in (read(new, 2020), read(old)):
        assert [shape.item(index) for index in range(3)] == [{"const": 1}, {"const": 2}, {"const": 2}]
    assert read({"prefixItems": [False]}).item(0) is True
    assert read({"items": {"const": 2}}).item(0) == {"const": 2}


def test_a_property_has_the_schemas_that_name_it_or_match_it() -> None:
    shape = read(
        {
            "properties": {"a": {"const": 1}},
            "patternProperties": {"^a": {"const": 2}},
            "additionalProperties": False,
        }
    )

    assert shape.property("a") == {"allOf": [{"const": 1}, {"const": 2}]}
    assert shape.property("ab") == {"const": 2}
    assert shape.property("b") is False


def test_what_one_does_not_name_the_other_must_allow() -> None:
    one = read({"properties": {"a": {"const": 1}, "b": True}, "patternProperties": {"^x": {"const": 3}}})
    other = read({"properties": {"b": {"const": 2}}, "additionalProperties": False})

    for joined in (one & other, other & one):
        assert joined.property("a") is False
        assert joined.property("b") == {"const": 2}
        assert joined.property("x") is False
        assert joined.property("c") is False


def test_patterns_of_both_stay() -> None:
    one, other = read({"patternProperties": {"^x": {"const": 3}}}), read({"patternProperties": {"^y": True}})

    assert (one & other).patterned == (("^x", {"const": 3}), ("^y", True))


@pytest.mark.parametrize(
    ("one", "other", "name", "value"),
    [
        ({"minLength": 1, "maxLength": 5}, {"minLength": 2, "maxLength": 9}, "length", Span(2, 5)),
        ({"maxItems": 2.0}, {}, "count", Span(0, 2)),
        ({"minimum": 1}, {"minimum": 2}, "low", Bound(Fraction(2))),
        ({"minimum": 1}, {"exclusiveMinimum": 1}, "low", Bound(Fraction(1), is_exclusive=True)),
        ({"maximum": 1}, {}, "high", Bound(Fraction(1))),
        ({"multipleOf": 2}, {"multipleOf": 0.5}, "steps", (Fraction(2), Fraction(1, 2))),
        ({"enum": [1, "a", True]}, {"enum": ["a", 1.0]}, "choices", (1, "a")),
        ({"enum": [1]}, {}, "choices", (1,)),
        ({}, {"const": None}, "choices", (None,)),
        ({"enum": [1, 2], "const": 2}, {"type": "integer"}, "choices", (2,)),
        ({"default": 1}, {"examples": [2, 3], "example": 4}, "known", (1, 2, 3, 4)),
        ({"required": ["a"]}, {"required": ["b", "a"]}, "required", ("a", "b")),
        ({"uniqueItems": False}, {"uniqueItems": True}, "unique", True),
        ({"format": "binary", "type": "string"}, {"type": "string"}, "is_binary", True),
        ({"format": "binary"}, {"type": "string"}, "is_binary", False),
        ({"propertyNames": {"minLength": 1}}, {"propertyNames": True}, "names", {"minLength": 1}),
    ],
)
def test_both_count(one: dict[str, Json], other: dict[str, Json], name: str, value: object) -> None:
    assert getattr(read(one) & read(other), name) == value


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"type": "string"}, {"type": "integer"}),
        ({"const": 1}, {"const": True}),
        ({}, {"enum": []}),
    ],
)
def test_a_contradiction_is_an_error(one: dict[str, Json], other: dict[str, Json]) -> None:
    with pytest.raises(NoValue, match="contradict"):
        _ = read(one) & read(other)
    if not one:
        with pytest.raises(NoValue, match="contradict"):
            _ = ANYTHING & read(other)


def test_dependencies_of_every_draft_are_one() -> None:
    schema: dict[str, Any] = {
        "dependencies": {"a": ["b"], "c": {"const": 1}},
        "dependentRequired": {"a": ["d"]},
        "dependentSchemas": {"a": False},
    }

    assert read(schema, 2019).needs == (("a", ("b",)), ("a", ("d",)))
    assert read(schema, 2019).implied == (("c", {"const": 1}), ("a", False))


def test_unevaluated_parts_are_those_that_no_keyword_names() -> None:
    shape = read({"properties": {"a": True}})

    closed: dict[str, Json] = {"unevaluatedProperties": False, "unevaluatedItems": {"const": 1}}

    assert with_rest(shape, {}, 2019) is with_rest(shape, closed, 7) is shape
    assert with_rest(shape, closed, 2019).property("b") is False
    assert with_rest(shape, closed, 2019).property("a") is True
    assert with_rest(shape, closed, 2019).item(0) == {"const": 1}


def test_a_keyword_of_a_later_draft_means_nothing() -> None:
    assert read({"const": 1, "contains": {}, "propertyNames": False}, 4) == ANYTHING
    assert read({"dependentRequired": {"a": ["b"]}, "dependentSchemas": {"a": False}}, 7) == ANYTHING


def test_items_need_at_least_so_many_of_a_kind() -> None:
    assert read({"contains": True}).contains == ((True, Span(1)),)
    assert read({"contains": True, "minContains": 0, "maxContains": 2}, 2019).contains == (
        (True, Span(0, 2)),
    )
