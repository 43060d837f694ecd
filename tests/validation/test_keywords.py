"""Schemas are found where JSON Schema has them, and nowhere else."""

from __future__ import annotations

from typing import Any

import pytest

from asynction.contract import Json
from asynction.validation import DIALECTS, DRAFT_07, dialect_of, map_subschemas, subschemas
from asynction.validation._keywords import DRAFT_2020_12, LIST, MAP, ONE

DATA = {"inner": {"type": "string"}}


def visited(schema: dict[str, Json]) -> list[Json]:
    found: list[Json] = []

    def visit(item: Json) -> Json:
        found.append(item)
        return item

    map_subschemas(schema, visit)
    return found


@pytest.mark.parametrize("keyword", sorted(ONE))
@pytest.mark.parametrize("value", [DATA, True, False])
def test_a_keyword_of_one_schema(keyword: str, value: Json) -> None:
    assert visited({keyword: value}) == [value]


@pytest.mark.parametrize("keyword", sorted(LIST))
def test_a_keyword_of_a_list_of_schemas(keyword: str) -> None:
    assert visited({keyword: [DATA, True]}) == [DATA, True]


@pytest.mark.parametrize("keyword", sorted(MAP))
def test_a_keyword_of_a_mapping_of_schemas(keyword: str) -> None:
    assert visited({keyword: {"a": DATA, "$ref": True, "b": ["names"]}}) == [DATA, True]


@pytest.mark.parametrize(
    "schema",
    [
        {"const": DATA, "enum": [DATA], "default": DATA, "examples": [DATA], "x-mine": DATA},
        {"allOf": DATA, "properties": [DATA], "not": [DATA], "if": "text", "items": None},
        {"required": ["a"], "dependentRequired": {"a": ["b"]}, "$ref": "#/a", "type": "string"},
    ],
)
def test_data_and_what_is_malformed_are_no_schemas(schema: dict[str, Json]) -> None:
    assert visited(schema) == []
    assert map_subschemas(schema, lambda item: None) == schema


def test_a_changed_copy_leaves_the_original_alone() -> None:
    schema: dict[str, Any] = {"items": {}, "allOf": [{}], "properties": {"a": {}}, "const": {}}

    changed = map_subschemas(schema, lambda item: True)

    assert changed == {"items": True, "allOf": [True], "properties": {"a": True}, "const": {}}
    assert schema == {"items": {}, "allOf": [{}], "properties": {"a": {}}, "const": {}}


@pytest.mark.parametrize(
    ("schema", "count"),
    [(True, 0), ("text", 0), ({}, 1), ({"items": {"not": {"anyOf": [{}, True]}}, "const": {"not": {}}}, 4)],
)
def test_all_schemas_inside_are_found(schema: Json, count: int) -> None:
    assert len(list(subschemas(schema))) == count


def test_the_walk_does_not_overflow_the_stack() -> None:
    schema: dict[str, Json] = {}
    for _ in range(10_000):
        schema = {"not": schema}

    assert len(list(subschemas(schema))) == 10_001


@pytest.mark.parametrize(
    ("schema", "dialect"),
    [
        (True, DRAFT_07),
        ({}, DRAFT_07),
        ({"$schema": "http://json-schema.org/draft-04/schema#"}, "http://json-schema.org/draft-04/schema"),
        ({"$schema": "mine", "prefixItems": []}, "mine"),
        ({"$schema": 1, "prefixItems": []}, DRAFT_2020_12),
        ({"properties": {"a": {"prefixItems": []}}}, DRAFT_2020_12),
        ({"properties": {"prefixItems": {}}}, DRAFT_07),
        ({"const": {"prefixItems": []}}, DRAFT_07),
    ],
)
def test_the_dialect_is_named_or_told_by_prefix_items_or_draft_07(schema: Json, dialect: str) -> None:
    assert dialect_of(schema) == dialect


def test_the_default_dialects_are_among_the_known() -> None:
    assert {DRAFT_07, DRAFT_2020_12} <= DIALECTS.keys()
