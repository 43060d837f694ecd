"""The depth of the flattest value of a schema."""

from __future__ import annotations

import math

import pytest

from asynction.contract import Json
from asynction.samples._heights import Heights

DEFINITIONS: dict[str, Json] = {
    "leaf": {"type": "integer"},
    "term": {
        "oneOf": [{"required": ["a"], "properties": {"a": {"$ref": "#/definitions/term"}}}, {"type": "null"}]
    },
    "endless": {"required": ["a"], "properties": {"a": {"$ref": "#/definitions/endless"}}},
    "deep": {"required": ["a"], "properties": {"a": {"$ref": "#/definitions/deeper"}}},
    "deeper": {"required": ["a"], "properties": {"a": {"$ref": "#/definitions/leaf"}}},
}


@pytest.mark.parametrize(
    ("schema", "height"),
    [
        (True, 0),
        (False, math.inf),
        ({}, 0),
        ({"type": "string"}, 0),
        ({"type": "object"}, 1),
        ({"type": ["object", "null"]}, 0),
        ({"enum": [{}]}, 0),
        ({"type": "object", "required": ["a"], "properties": {"a": {"type": "array"}}}, 2),
        ({"type": "array", "items": {"type": "array"}}, 1),
        ({"type": "array", "items": {"type": "array"}, "minItems": 5}, 2),
        ({"type": "array", "items": [True, {"type": "object"}], "minItems": 2}, 2),
        ({"type": "array", "contains": {"type": "object"}}, 2),
        ({"type": "array", "contains": False}, math.inf),
        ({"type": ["array", "object"], "minItems": 1, "items": {"type": "object"}}, 2),
        ({"not": {"type": "null"}, "type": "null"}, math.inf),
        ({"anyOf": [False, {"type": "array"}]}, 1),
        ({"allOf": [{"type": "array"}, {}]}, 1),
        ({"$ref": "#/definitions/term"}, 0),
        ({"$ref": "#/definitions/deep"}, 2),
        ({"$ref": "#/definitions/endless"}, math.inf),
        ({"$ref": "#/definitions/leaf", "type": "object"}, 0),
    ],
)
def test_a_schema_has_a_height(schema: Json, height: float) -> None:
    assert Heights(DEFINITIONS, 7).of(schema) == height


def test_keywords_beside_a_reference_count_since_2019() -> None:
    assert Heights(DEFINITIONS, 2019).of({"$ref": "#/definitions/leaf", "type": "object"}) == 1


def test_each_type_has_its_own_height() -> None:
    from asynction.samples._shape import ANYTHING

    heights = Heights({}, 7)

    assert [heights.of_kind(ANYTHING, kind) for kind in ("string", "array", "object")] == [0, 1, 1]
