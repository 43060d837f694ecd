"""The estimate at load of schemas that the engine would visit too often."""

from __future__ import annotations

from typing import Any

import pytest

from asynction.contract import Json, Schema
from asynction.validation import DRAFT_07, Validator
from asynction.validation._build import build
from asynction.validation._cost import is_costly, may_be_costly
from tests.validation.bombs import BOMBS, inheriting

T: Json = {"$ref": "#/definitions/T"}


def doubling(count: int, **sharing: Any) -> dict[str, Json]:
    """Return a schema in which each type applies the next one as `sharing` says, in place of `NEXT`."""
    types: dict[str, Json] = {f"T{count}": {"type": "integer"}}
    for number in range(count):
        types[f"T{number}"] = _replaced(sharing, {"$ref": f"#/definitions/T{number + 1}"})
    return {"$ref": "#/definitions/T0", "definitions": types}


def _replaced(value: Any, ref: Json) -> Any:
    if value == "NEXT":
        return ref
    if isinstance(value, dict):
        return {key: _replaced(item, ref) for key, item in value.items()}
    return [_replaced(item, ref) for item in value] if isinstance(value, list) else value


N = "NEXT"


@pytest.mark.parametrize(
    "sharing",
    [
        {"allOf": [N, {"allOf": [N]}]},
        {"anyOf": [N, N]},
        {"oneOf": [N, {"not": N}]},
        {"if": N, "then": N},
        {"if": True, "else": N, "not": N},
        {"allOf": [{"items": N}, {"items": N}]},
        {"items": N, "contains": N},
        {"allOf": [{"items": [N]}, {"items": N}]},
        {"allOf": [{"properties": {"a": N}}, {"properties": {"a": N}}]},
        {"properties": {"a": N}, "patternProperties": {"a": N}},
        {"allOf": [{"properties": {"a": N}}, {"additionalProperties": N}]},
        {"dependentSchemas": {"a": N}, "anyOf": [N, True]},
        {"dependencies": {"a": N, "b": N}},
        {"anyOf": [N, True], "unevaluatedProperties": False},
        {"anyOf": [N, True], "unevaluatedItems": False},
        {"allOf": [{"unevaluatedItems": N}, {"items": N}]},
    ],
    ids=str,
)
def test_a_type_that_is_applied_twice_to_one_value_is_counted_twice(sharing: dict[str, Any]) -> None:
    assert is_costly(build(doubling(40, **sharing), 2019).root)
    assert may_be_costly(doubling(40, **sharing))
    assert not is_costly(build(doubling(3, **sharing), 2019).root)


@pytest.mark.parametrize(
    "sharing",
    [
        {"properties": {"a": N, "b": N}},
        {"items": [N, N]},
        {"properties": {"a": N}, "items": N},
        {"propertyNames": N, "properties": {"a": N}},
        {"allOf": [N]},
    ],
    ids=str,
)
def test_types_that_share_a_type_for_different_values_are_not_costly(sharing: dict[str, Any]) -> None:
    assert not is_costly(build(doubling(100, **sharing), 2019).root)


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
def test_the_engine_remembers_recursive_references(bomb: Any) -> None:
    assert not is_costly(build(bomb.schema, 2020 if "2020" in bomb.dialect else 2019).root)


def test_types_that_inherit_from_all_earlier_ones_are_costly_unless_they_are_few() -> None:
    assert is_costly(build(inheriting(26), 7).root)
    assert not is_costly(build(inheriting(5), 7).root)


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        ({"uniqueItems": True, "items": T}, True),
        ({"enum": [[]], "items": T}, True),
        ({"items": {"uniqueItems": True, "items": {"type": "integer"}}, "properties": {"a": T}}, False),
        ({"items": T}, False),
    ],
)
def test_a_recursive_schema_that_hashes_what_it_has_hashed_is_costly(node: Json, expected: bool) -> None:
    schema: dict[str, Json] = {"$ref": "#/definitions/T", "definitions": {"T": node}}

    assert is_costly(build(schema, 7).root) is expected
    assert may_be_costly(schema) or not expected


def test_what_is_plain_at_first_sight_is_not_costly() -> None:
    tree: dict[str, Json] = {"items": [T], "definitions": {"T": {"anyOf": [{"items": T}, {"type": "null"}]}}}

    assert not may_be_costly(tree)
    assert not may_be_costly({"const": {"$ref": "not a reference"}, "uniqueItems": True})


@pytest.mark.parametrize(("depth", "expected"), [(1, False), (3, False), (4, True), (60, True)])
@pytest.mark.parametrize("keyword", ["uniqueItems", "enum"])
def test_comparisons_that_contain_each_other_are_left_to_the_walk(
    depth: int, expected: bool, keyword: str
) -> None:
    own: dict[str, Any] = (
        {"uniqueItems": True}
        if keyword == "uniqueItems"
        else {"not": {"enum": [[number] for number in range(40)]}}
    )
    schema: dict[str, Any] = {}
    for _ in range(depth):
        schema = {"type": "array", **own, "items": schema}
    assert Validator(Schema(schema, DRAFT_07))._engine.is_costly is expected
