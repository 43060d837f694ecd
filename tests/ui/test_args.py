from __future__ import annotations

from typing import Any

import pytest

from asynction.contract import Schema
from asynction.ui._args import Args, read_args
from asynction.ui._types import Types
from asynction.ui._views import Views
from asynction.validation import DRAFT_07

DRAFT_2020 = "https://json-schema.org/draft/2020-12/schema"


def args_of(value: Any, dialect: str = DRAFT_07) -> Args:
    schema = Schema(value, dialect)
    return read_args(schema, Views(Types([schema])))


STRING = {"type": "string"}


@pytest.mark.parametrize(
    ("value", "dialect", "words", "whole"),
    [
        (STRING, DRAFT_07, ("string",), {"type": "array", "items": [STRING], "minItems": 1, "maxItems": 1}),
        (False, DRAFT_07, ("nothing",), {"type": "array", "items": [False], "minItems": 1, "maxItems": 1}),
        (
            {"$ref": "#/definitions/N", "definitions": {"N": {"x-handler": "secret", **STRING}}},
            DRAFT_07,
            ("N",),
            {
                "type": "array",
                "items": [{"$ref": "#/definitions/N"}],
                "definitions": {"N": STRING},
                "minItems": 1,
                "maxItems": 1,
            },
        ),
        (
            {"type": "array", "items": [STRING, True], "minItems": 1},
            DRAFT_07,
            ("string", "anything?"),
            {"type": "array", "items": [STRING, True], "minItems": 1, "maxItems": 2},
        ),
        (
            {"type": "array", "items": [STRING], "additionalItems": {"type": "integer"}},
            DRAFT_07,
            ("string", "…"),
            {"type": "array", "items": [STRING], "additionalItems": {"type": "integer"}, "minItems": 1},
        ),
        (
            {"items": [STRING], "additionalItems": True, "maxItems": 3},
            DRAFT_07,
            ("string",),
            {"type": "array", "items": [STRING], "additionalItems": True, "minItems": 1, "maxItems": 3},
        ),
        (
            {"items": [STRING], "maxItems": 0},
            DRAFT_07,
            (),
            {"type": "array", "items": [STRING], "minItems": 0, "maxItems": 0},
        ),
        (
            {"prefixItems": [STRING], "items": {"type": "integer"}},
            DRAFT_2020,
            ("string", "…"),
            {
                "$schema": DRAFT_2020,
                "type": "array",
                "prefixItems": [STRING],
                "items": {"type": "integer"},
                "minItems": 1,
            },
        ),
        (
            STRING,
            DRAFT_2020,
            ("string",),
            {"$schema": DRAFT_2020, "type": "array", "prefixItems": [STRING], "minItems": 1, "maxItems": 1},
        ),
    ],
)
def test_args_are_read_as_the_runtime_reads_them(value: Any, dialect: str, words: Any, whole: Any) -> None:
    args = args_of(value, dialect)

    assert args.words == words
    assert args.schema == whole


def test_a_tuple_may_describe_its_list_and_what_follows() -> None:
    args = args_of({"items": [STRING], "additionalItems": {"type": "integer"}, "description": "*d*"})

    assert args.description == "<em>d</em>"
    assert [(part.name, part.view.label, part.required) for part in args.parts] == [
        ("0", "string", True),
        ("further args", "integer", False),
    ]


@pytest.mark.parametrize("schema", [None, Schema(None, "application/vnd.apache.avro;version=1.9.0")])
def test_what_cannot_be_read_allows_any_args(schema: Schema | None) -> None:
    args = read_args(schema, Views(Types([])))

    assert (args.parts, args.min_args, args.max_args, args.schema) == ((), 0, None, {"type": "array"})
    assert args.words == ("…",)
    assert ("avro" in args.description) is (schema is not None)
