"""A schema is made ready: args one by one, binary data and integers as the wire has them."""

from __future__ import annotations

from typing import Any

import pytest

from asynction.contract import Json, Schema
from asynction.validation import DIALECTS, DRAFT_07, is_tuple_schema
from asynction.validation._prepare import BINARY, INT_BOUNDS, KINDS, WIDEST_INT, Prepared, is_binary, prepare

DRAFT_04 = "http://json-schema.org/draft-04/schema"
DRAFT_2020 = "https://json-schema.org/draft/2020-12/schema"
PAIR: list[Json] = [{"type": "string"}, True]


def prepared(schema: Json, dialect: str = DRAFT_07) -> Prepared:
    return prepare(Schema(schema, dialect))


@pytest.mark.parametrize(
    ("schema", "dialect", "min_args", "max_args"),
    [
        ({"items": PAIR}, DRAFT_07, 2, 2),
        ({"items": [True], "minItems": 0, "maxItems": 0}, DRAFT_07, 0, 0),
        ({"items": PAIR, "maxItems": 1}, DRAFT_07, 1, 1),
        ({"items": PAIR, "additionalItems": False}, DRAFT_07, 2, 2),
        ({"items": PAIR, "additionalItems": {"not": {}}}, DRAFT_07, 2, 2),
        ({"items": PAIR, "additionalItems": True}, DRAFT_07, 2, None),
        ({"items": PAIR, "additionalItems": {"type": "null"}, "maxItems": 5}, DRAFT_07, 2, 5),
        ({"items": PAIR, "minItems": 0}, DRAFT_07, 0, 2),
        ({"items": PAIR, "minItems": 1.0, "maxItems": 1.0}, DRAFT_07, 1, 1),
        ({"items": PAIR, "maxItems": 9}, DRAFT_07, 2, 2),
        ({"items": PAIR, "additionalItems": True, "minItems": 1}, DRAFT_07, 1, None),
        ({"items": PAIR}, DRAFT_04, 2, 2),
        ({"prefixItems": PAIR}, DRAFT_2020, 2, 2),
        ({"prefixItems": PAIR, "items": False}, DRAFT_2020, 2, 2),
        ({"prefixItems": PAIR, "items": True, "maxItems": 3}, DRAFT_2020, 2, 3),
        ({"prefixItems": PAIR, "additionalItems": True}, DRAFT_2020, 2, 2),
    ],
)
def test_a_tuple_says_how_many_args_there_are(
    schema: Json, dialect: str, min_args: int, max_args: int | None
) -> None:
    ready = prepared(schema, dialect)

    assert (ready.is_tuple, ready.min_args, ready.max_args) == (True, min_args, max_args)
    assert is_tuple_schema(Schema(schema, dialect))
    assert ready.draft == DIALECTS[dialect]
    assert ready.value == schema


@pytest.mark.parametrize(
    ("schema", "dialect", "value"),
    [
        ({"type": "array"}, DRAFT_07, {"type": "array", "items": [{"type": "array"}]}),
        ({"items": {}}, DRAFT_2020, {"type": "array", "prefixItems": [{"items": {}}]}),
        ({"prefixItems": PAIR}, DRAFT_07, {"type": "array", "items": [{"prefixItems": PAIR}]}),
        (True, DRAFT_07, {"type": "array", "items": [True]}),
        (False, DRAFT_2020, {"type": "array", "prefixItems": [False]}),
        (True, DRAFT_04, {"type": "array", "items": [{}]}),
        (False, DRAFT_04, {"type": "array", "items": [{"not": {}}]}),
        (
            {"$ref": "#/definitions/a", "definitions": {"a": {}}},
            DRAFT_07,
            {"type": "array", "items": [{"$ref": "#/definitions/a"}], "definitions": {"a": {}}},
        ),
        (
            {"$schema": DRAFT_07, "const": 1},
            DRAFT_07,
            {"$schema": DRAFT_07, "type": "array", "items": [{"const": 1}]},
        ),
    ],
)
def test_any_other_schema_describes_one_arg(schema: Json, dialect: str, value: Json) -> None:
    ready = prepared(schema, dialect)

    assert (ready.is_tuple, ready.min_args, ready.max_args, ready.value) == (False, 1, 1, value)
    assert not is_tuple_schema(Schema(schema, dialect))


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "string", "format": "binary"}, True),
        ({"type": ["null", "string"], "format": "binary"}, True),
        ({"type": "string", "contentEncoding": "binary"}, True),
        ({"type": "string", "format": "byte"}, False),
        ({"type": "string", "contentEncoding": "base64"}, False),
        ({"format": "binary"}, False),
        ({"type": "object", "format": "binary"}, False),
        ({"type": ["null"], "format": "binary"}, False),
        (True, False),
    ],
)
def test_only_a_string_that_says_so_is_binary(schema: Json, expected: bool) -> None:
    assert is_binary(schema) is expected
    assert prepared(schema).takes_bytes is expected
    assert prepared({"properties": {"a": {"items": schema}}}).takes_bytes is expected


@pytest.mark.parametrize(
    ("schema", "adapted"),
    [
        ({"type": "string", "format": "binary", "maxLength": 3}, {BINARY: [], "maxLength": 3}),
        ({"type": ["string", "null"], "format": "binary"}, {BINARY: ["null"]}),
        ({"type": "string", "contentEncoding": "binary", "contentMediaType": "image/png"}, {BINARY: []}),
        ({"type": "string", "contentEncoding": "base64"}, {"type": "string"}),
        ({BINARY: "mine"}, {}),
        ({"type": "integer"}, {"type": "integer", "minimum": WIDEST_INT[0], "maximum": WIDEST_INT[1]}),
        (
            {"type": ["integer", "null"], "format": "int32"},
            {
                "type": ["integer", "null"],
                "format": "int32",
                "minimum": INT_BOUNDS["int32"][0],
                "maximum": INT_BOUNDS["int32"][1],
            },
        ),
        (
            {"type": "integer", "format": "int64", "minimum": 0},
            {"type": "integer", "format": "int64", "minimum": 0, "maximum": 2**63 - 1},
        ),
        (
            {"type": "integer", "exclusiveMinimum": 0, "exclusiveMaximum": 9},
            {"type": "integer", "exclusiveMinimum": 0, "exclusiveMaximum": 9},
        ),
        ({"type": ["integer", "number"]}, {"type": ["integer", "number"]}),
        ({"type": "number", "format": "int32"}, {"type": "number", "format": "int32"}),
        ({"const": {"type": "integer"}}, {"const": {"type": "integer"}}),
    ],
)
def test_binary_and_integers_are_made_explicit(schema: Json, adapted: Json) -> None:
    inside: Any = prepared({"properties": {"a": schema}}).value

    assert inside["items"][0]["properties"]["a"] == adapted


@pytest.mark.parametrize(
    ("schema", "path", "own"),
    [
        ({"type": "string"}, ("items", 0, "type"), ("type",)),
        ({"items": PAIR}, ("items", 0, "type"), ("items", 0, "type")),
        ({}, ("definitions", "a", "type"), ("definitions", "a", "type")),
        ({}, (), ()),
    ],
)
def test_a_path_is_one_in_the_schema_as_written(
    schema: Json, path: tuple[str | int, ...], own: tuple[str | int, ...]
) -> None:
    assert prepared(schema).own_path(path) == own


@pytest.mark.parametrize(
    ("kind", "yes", "no"),
    [
        ("null", [None], [0, ""]),
        ("boolean", [True], [1]),
        ("integer", [1, 1.0], [True, 1.5, "1"]),
        ("number", [1, 1.5], [False, "1"]),
        ("array", [[], ()], [{}, ""]),
        ("object", [{}], [[]]),
    ],
)
def test_kinds_are_those_of_json(kind: str, yes: list[object], no: list[object]) -> None:
    assert all(map(KINDS[kind], yes))
    assert not any(map(KINDS[kind], no))
