"""Arrays and objects: which parts they get."""

from __future__ import annotations

from typing import Any

import pytest

from asynction.contract import Json
from asynction.samples import example
from tests.samples.support import DRAFT_2019, samples, schema_of

NULL: Json = {"type": "null"}


def sizes(value: Json, dialect: str | None = None) -> set[int]:
    return {len(each) for each in samples(value, 80, dialect)}


@pytest.mark.parametrize(
    ("value", "lengths"),
    [
        ({"type": "array", "items": NULL}, {0, 1, 2, 3}),
        ({"type": "array", "items": NULL, "minItems": 2, "maxItems": 3}, {2, 3}),
        ({"type": "array", "items": NULL, "maxItems": 0}, {0}),
        ({"type": "array", "items": NULL, "minItems": 500}, {500, 501, 502, 503}),
        ({"type": "array", "items": {"type": "string", "minLength": 2, "maxLength": 1}}, {0}),
        ({"type": "array", "items": {"enum": [1, 2]}, "uniqueItems": True}, {0, 1, 2}),
    ],
)
def test_an_array_has_a_length_that_is_allowed(value: Json, lengths: set[int]) -> None:
    assert sizes(value) == lengths


def test_contained_items_have_any_position() -> None:
    value: Json = {"type": "array", "items": {"type": "integer"}, "contains": {"const": -1}, "minItems": 3}

    assert {each.index(-1) for each in samples(value, 50)} >= {0, 1, 2}


def test_contained_items_may_come_after_optional_ones() -> None:
    value: Json = {
        "type": "array",
        "items": {"type": "integer", "maximum": 9},
        "contains": {"type": "integer", "minimum": 9},
        "minContains": 2,
    }

    assert all(each.count(9) >= 2 for each in samples(value, 20, DRAFT_2019))


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ({"required": ["a"], "properties": {"b": NULL}}, {"a", "b"}),
        ({"properties": {"a": {"type": "string", "minLength": 2, "maxLength": 1}, "b": NULL}}, {"b"}),
        ({"properties": {"a": NULL}, "additionalProperties": False}, {"a"}),
        ({"properties": {"a": NULL}, "maxProperties": 0}, set()),
        ({"additionalProperties": NULL, "propertyNames": {"enum": ["x", "y"]}}, {"x", "y"}),
        ({"additionalProperties": NULL, "propertyNames": False}, set()),
        ({"patternProperties": {"^[ab]$": NULL}, "additionalProperties": False}, {"a", "b"}),
        (
            {"properties": {"a": NULL, "b": NULL}, "dependencies": {"a": ["b"]}, "minProperties": 1},
            {"a", "b"},
        ),
        ({"properties": {"a": NULL}, "dependencies": {"a": {"required": ["c"]}}}, {"a", "c"}),
    ],
)
def test_an_object_has_names_that_are_allowed(value: dict[str, Json], names: set[str]) -> None:
    found: list[dict[str, Any]] = samples({"type": "object", **value}, 60)

    assert {name for each in found for name in each} == names


def test_properties_come_in_the_order_of_the_schema() -> None:
    properties = dict.fromkeys("zyxabc", NULL)
    value: Json = {"type": "object", "properties": properties, "required": ["more", "a", "y"]}

    for each in [*samples(value), example(schema_of(value))]:
        names = list(each)
        assert names == sorted(names, key=[*"zyxabc", "more"].index)


@pytest.mark.parametrize(
    ("value", "counts"),
    [
        ({"minProperties": 3, "maxProperties": 3}, {3}),
        ({"additionalProperties": NULL}, {0, 1, 2}),
        ({"additionalProperties": NULL, "maxProperties": 1}, {0, 1}),
        (
            {"properties": dict.fromkeys("abcd", NULL), "minProperties": 3, "additionalProperties": False},
            {3, 4},
        ),
        ({"required": ["a"], "minProperties": 1}, {1}),
        ({"minProperties": 40}, {40}),
    ],
)
def test_an_object_has_a_size_that_is_allowed(value: dict[str, Json], counts: set[int]) -> None:
    assert sizes({"type": "object", **value}) == counts


def test_an_example_shows_one_level_of_what_is_optional() -> None:
    inner: dict[str, Json] = {"type": "object", "properties": {"b": NULL}}
    value: dict[str, Json] = {"type": "object", "properties": {"a": inner}}

    assert example(schema_of(value)) == {"a": {}}
    assert example(schema_of({**value, "required": ["a"]})) == {"a": {"b": None}}
    assert example(schema_of({"type": "object", "properties": {"a": {**inner, "minProperties": 1}}})) == {
        "a": {"b": None}
    }
