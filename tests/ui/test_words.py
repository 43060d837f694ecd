from __future__ import annotations

from typing import Any

import pytest

from asynction.ui._words import constraints, literal, types


@pytest.mark.parametrize(
    ("schema", "names"),
    [
        ({}, []),
        ({"type": "string"}, ["string"]),
        ({"type": ["null", "integer"]}, ["integer", "null"]),
        ({"type": "string", "nullable": True}, ["string", "null"]),
        ({"type": ["string", "null"], "nullable": True}, ["string", "null"]),
        ({"type": "string", "format": "binary"}, ["binary"]),
        ({"type": ["string", "integer"], "contentEncoding": "binary"}, ["binary", "integer"]),
        ({"properties": {}}, ["object"]),
        ({"items": {}}, ["array"]),
        ({"pattern": "a"}, ["string"]),
    ],
)
def test_types_are_named(schema: Any, names: list[str]) -> None:
    assert types(schema) == names


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"minLength": 3, "maxLength": 20}, ["3 to 20 characters"]),
        ({"minLength": 1}, ["at least 1 character"]),
        ({"maxLength": 5}, ["at most 5 characters"]),
        ({"minItems": 2, "maxItems": 2}, ["exactly 2 items"]),
        ({"minProperties": 2, "uniqueItems": True}, ["at least 2 properties", "no duplicate items"]),
        ({"minProperties": 0, "maxProperties": 1}, ["0 to 1 property"]),
        ({"minimum": 1, "maximum": 3}, ["1 to 3"]),
        ({"minimum": 0.5}, ["at least 0.5"]),
        ({"maximum": 9}, ["at most 9"]),
        ({"exclusiveMinimum": 0, "exclusiveMaximum": 1}, ["above 0", "below 1"]),
        ({"minimum": 0, "exclusiveMinimum": True}, ["above 0"]),
        ({"maximum": 7, "exclusiveMaximum": True, "minimum": 1}, ["at least 1", "below 7"]),
        ({"multipleOf": 5}, ["multiple of 5"]),
        ({"format": "email", "pattern": "^a"}, ["format email", "matches ^a"]),
        ({"format": "binary", "contentEncoding": "binary"}, []),
        (
            {"contentMediaType": "image/png", "contentEncoding": "base64"},
            ["contains image/png", "encoded in base64"],
        ),
        (
            {"deprecated": True, "readOnly": True, "writeOnly": True},
            ["read-only", "write-only", "deprecated"],
        ),
        ({"additionalProperties": False}, ["no other properties"]),
        ({"unevaluatedProperties": False}, ["no other properties"]),
        ({"uniqueItems": False, "minLength": "3", "multipleOf": None, "format": 1}, []),
    ],
)
def test_constraints_are_described(schema: Any, words: list[str]) -> None:
    assert list(constraints(schema)) == words


def test_a_literal_is_json_on_one_line() -> None:
    assert literal({"ä": [1, None]}) == '{"ä": [1, null]}'
