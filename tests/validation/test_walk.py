"""Each keyword as the walk alone decides it, without the engine's help."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from asynction.contract import Json, Schema
from asynction.validation import DRAFT_07, Validator
from asynction.validation._build import build
from asynction.validation._prepare import prepare
from tests.validation.bombs import DRAFT_2019, DRAFT_2020

TEXT: Json = {"type": "string"}
NUMBER: Json = {"type": "integer"}
BINARY: Json = {"type": "string", "format": "binary"}


class Row(NamedTuple):
    """A schema, values that meet it, and values that do not."""

    schema: dict[str, Json]
    good: tuple[Any, ...]
    bad: tuple[Any, ...]
    dialect: str = DRAFT_07


ROWS = [
    Row({"not": TEXT}, (1, None, [], {}), ("", "a")),
    Row({"not": {"required": ["a"]}}, ({}, {"b": 1}), ({"a": 1}, 1)),
    Row({"not": {"not": TEXT}}, ("a",), (1, None)),
    Row({"not": True}, (), (1, {})),
    Row({"not": False}, (1, {}), ()),
    Row({"properties": {"a": TEXT}}, ({}, {"a": "x"}, {"b": 1}, 1), ({"a": 1},)),
    Row(
        {"patternProperties": {"^a": TEXT}}, ({}, {"ab": "x"}, {"b": 1}, 1), ({"ab": 1}, {"a": "x", "ac": 1})
    ),
    Row(
        {"properties": {"a": True}, "patternProperties": {"^x": True}, "additionalProperties": TEXT},
        ({"a": 1, "x1": 1, "b": "x"}, {}, 1),
        ({"b": 1}, {"a": 1, "c": None}),
    ),
    Row({"additionalProperties": False}, ({}, 1), ({"a": 1},)),
    Row({"propertyNames": {"maxLength": 2}}, ({"ab": 1}, {}, "abc"), ({"abc": 1}, {"a": 1, "abc": 1})),
    Row({"items": TEXT}, ([], ["a"], 1), ([1], ["a", 1], [None, "a"])),
    Row(
        {"items": [TEXT, NUMBER], "additionalItems": {"type": "null"}},
        ([], ["a"], ["a", 1], ["a", 1, None]),
        ([1], ["a", "b"], ["a", 1, 1]),
    ),
    Row({"items": [TEXT], "additionalItems": False}, ([], ["a"]), (["a", "a"],)),
    Row({"contains": TEXT}, (["a"], [1, "a"], 1), ([], [1])),
    Row({"contains": {"items": TEXT, "type": "array"}}, ([["a"]], [[1], []]), ([[1]], ["a"])),
    Row(
        {"contains": TEXT, "minContains": 2, "maxContains": 3},
        (["a", "b"], ["a", 1, "b", "c"]),
        ([], ["a"], ["a", "b", "c", "d"]),
        DRAFT_2019,
    ),
    Row({"contains": TEXT, "minContains": 0}, ([], [1], ["a"]), (), DRAFT_2019),
    Row({"contains": TEXT, "minContains": 0, "maxContains": 1}, ([], ["a"]), (["a", "b"],), DRAFT_2020),
    Row({"allOf": [{"required": ["a"]}, {"required": ["b"]}]}, ({"a": 1, "b": 1},), ({"a": 1}, {"b": 1}, {})),
    Row({"anyOf": [TEXT, {"minimum": 3}]}, ("a", 3, None), (2,)),
    Row({"anyOf": [{"type": "array", "items": TEXT}, NUMBER]}, ([], ["a"], 1), ([1], "a")),
    Row({"oneOf": [NUMBER, {"type": "number", "minimum": 3}]}, (1, 3.5), (3, 1.5, "a")),
    Row({"oneOf": [{"required": ["a"]}, {"required": ["b"]}]}, ({"a": 1}, {"b": 1}), ({}, {"a": 1, "b": 1})),
    Row(
        {"if": {"required": ["a"]}, "then": {"required": ["b"]}, "else": {"required": ["c"]}},
        ({"a": 1, "b": 1}, {"c": 1}),
        ({"a": 1}, {}, {"a": 1, "c": 1}),
    ),
    Row({"if": {"required": ["a"]}, "then": {"required": ["b"]}}, ({}, {"a": 1, "b": 1}), ({"a": 1},)),
    Row({"if": {"required": ["a"]}, "else": {"required": ["b"]}}, ({"a": 1}, {"b": 1}), ({},)),
    Row(
        {"dependencies": {"a": ["b", "c"]}}, ({}, {"b": 1}, {"a": 1, "b": 1, "c": 1}, 1), ({"a": 1, "b": 1},)
    ),
    Row({"dependencies": {"a": {"required": ["b"]}}}, ({}, {"a": 1, "b": 1}, 1), ({"a": 1},)),
    Row({"dependentRequired": {"a": ["b"]}}, ({}, {"a": 1, "b": 1}), ({"a": 1},), DRAFT_2019),
    Row(
        {"dependentSchemas": {"a": {"maxProperties": 1}}},
        ({"a": 1}, {"b": 1, "c": 1}),
        ({"a": 1, "b": 1},),
        DRAFT_2020,
    ),
    Row({"prefixItems": [TEXT], "items": NUMBER}, ([], ["a"], ["a", 1]), ([1], ["a", "b"]), DRAFT_2020),
    Row(
        {
            "$ref": "#/definitions/L",
            "definitions": {"L": {"items": {"$ref": "#/definitions/L"}, "type": "array"}},
        },
        ([], [[]], [[], [[]]]),
        (1, [1], [[], [1]]),
    ),
]

OPEN: dict[str, Json] = {"properties": {"a": True}}
LEFT: list[tuple[dict[str, Json], tuple[Any, ...], tuple[Any, ...]]] = [
    (OPEN, ({"a": 1}, {}), ({"b": 1}, {"a": 1, "b": 1})),
    ({"patternProperties": {"^x": True}}, ({"x1": 1},), ({"b": 1},)),
    ({"additionalProperties": True}, ({"b": 1},), ()),
    ({"propertyNames": True}, ({},), ({"a": 1},)),
    ({"allOf": [OPEN]}, ({"a": 1},), ({"b": 1},)),
    ({"anyOf": [{"required": ["a"], **OPEN}, {"properties": {"b": True}}]}, ({"a": 1, "b": 1},), ({"c": 1},)),
    (
        {"anyOf": [{"properties": {"a": TEXT}}, {"properties": {"a": True, "b": True}}]},
        ({"a": 1, "b": 1},),
        ({"a": "x", "c": 1},),
    ),
    (
        {"oneOf": [{"required": ["a"], **OPEN}, {"required": ["b"], "properties": {"b": True}}]},
        ({"a": 1}, {"b": 1}),
        ({"a": 1, "c": 1},),
    ),
    ({"not": {"not": OPEN}}, ({},), ({"a": 1},)),
    (
        {
            "if": {"required": ["a"], **OPEN},
            "then": {"properties": {"b": True}},
            "else": {"properties": {"c": True}},
        },
        ({"a": 1, "b": 1}, {"c": 1}),
        ({"a": 1, "c": 1}, {"b": 1}),
    ),
    ({"dependentSchemas": {"a": {"properties": {"a": True, "b": True}}}}, ({"a": 1, "b": 1},), ({"b": 1},)),
    ({"$ref": "#/definitions/O", "definitions": {"O": OPEN}}, ({"a": 1},), ({"b": 1},)),
]
LEFT_ITEMS: list[tuple[dict[str, Json], tuple[Any, ...], tuple[Any, ...]]] = [
    ({"prefixItems": [True]}, ([], [1]), ([1, 2],)),
    ({"prefixItems": [True], "items": True}, ([1, 2],), ()),
    ({"contains": TEXT}, (["a"], ["a", "b"]), (["a", 1],)),
    ({"contains": {"type": "object", "required": ["a"]}}, ([{"a": 1}],), ([{"a": 1}, {}],)),
    ({"allOf": [{"prefixItems": [True]}]}, ([1],), ([1, 2],)),
]


PLACES = [
    {"items": [BINARY]},
    {"items": BINARY},
    {"items": [True], "additionalItems": BINARY},
    {"contains": BINARY},
    {"allOf": [{"items": BINARY}]},
    {"anyOf": [{"items": BINARY}, {"items": TEXT}]},
    {"anyOf": [{"items": TEXT}, {"items": BINARY}]},
    {"oneOf": [{"items": BINARY}, {"maxItems": 0}]},
    {"if": {"items": BINARY}, "then": True},
    {"if": True, "then": {"items": BINARY}},
    {"if": False, "else": {"items": BINARY}},
]


def decided(schema: dict[str, Json], dialect: str, value: Any, *, exhaustive: bool) -> bool:
    schema = {**schema}
    definitions = schema.pop("definitions", {})
    prefix = "prefixItems" if dialect == DRAFT_2020 else "items"
    prepared = prepare(Schema({prefix: [schema], "definitions": definitions}, dialect))
    graph = build(prepared.value, prepared.draft)
    return graph.walk(exhaustive=exhaustive).valid(graph.root, (value,))


@pytest.mark.parametrize("exhaustive", [False, True])
@pytest.mark.parametrize("row", ROWS, ids=lambda row: str(row.schema)[:60])
def test_a_keyword_is_decided(row: Row, exhaustive: bool) -> None:
    for is_good, values in ((True, row.good), (False, row.bad)):
        for value in values:
            found = decided(row.schema, row.dialect, value, exhaustive=exhaustive)
            assert found is is_good, value


@pytest.mark.parametrize("dialect", [DRAFT_2019, DRAFT_2020])
@pytest.mark.parametrize(("schema", "good", "bad"), LEFT, ids=lambda part: str(part)[:60])
def test_the_properties_that_a_keyword_evaluates(
    schema: dict[str, Json], good: tuple[Any, ...], bad: tuple[Any, ...], dialect: str
) -> None:
    closed: dict[str, Json] = {**schema, "unevaluatedProperties": False}
    assert [decided(closed, dialect, value, exhaustive=False) for value in good] == [True] * len(good)
    assert [decided(closed, dialect, value, exhaustive=False) for value in bad] == [False] * len(bad)


@pytest.mark.parametrize(("schema", "good", "bad"), LEFT_ITEMS, ids=lambda part: str(part)[:60])
def test_the_items_that_a_keyword_evaluates(
    schema: dict[str, Json], good: tuple[Any, ...], bad: tuple[Any, ...]
) -> None:
    closed: dict[str, Json] = {**schema, "unevaluatedItems": False}
    assert [decided(closed, DRAFT_2020, value, exhaustive=False) for value in good] == [True] * len(good)
    assert [decided(closed, DRAFT_2020, value, exhaustive=False) for value in bad] == [False] * len(bad)


def test_what_contains_finds_is_evaluated_from_2020_12_on() -> None:
    schema: dict[str, Json] = {"contains": TEXT, "unevaluatedItems": False}
    assert decided(schema, DRAFT_2020, ["a"], exhaustive=False)
    assert not decided(schema, DRAFT_2019, ["a"], exhaustive=False)


@pytest.mark.parametrize("schema", PLACES, ids=str)
def test_bytes_have_a_place_wherever_a_keyword_leads_to_one(schema: dict[str, Json]) -> None:
    args: list[Any] = [["a", b"x"]] if "additionalItems" in schema else [[b"x"]]
    assert Validator(Schema({"items": [schema]}, DRAFT_07)).accepts(tuple(args))


@pytest.mark.parametrize(
    "schema", [{"not": {"items": TEXT}}, {"items": TEXT}, {}, {"contains": {"not": BINARY}}], ids=str
)
def test_bytes_have_no_place_elsewhere(schema: dict[str, Json]) -> None:
    assert not Validator(Schema({"items": [schema]}, DRAFT_07)).accepts(([b"x"],))
