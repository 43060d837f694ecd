"""A schema's nodes are walked by the same keywords as its values are."""

from __future__ import annotations

from typing import Any

import pytest

from asynction import validation
from asynction.document._nodes import Node, Sources
from asynction.document._subschemas import map_subschemas, subschemas

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"a": {"items": {"type": "string"}}, "b": True},
    "items": [{"enum": [{"not": {}}]}, False],
    "additionalItems": False,
    "not": {"const": {"properties": {"no": {}}}},
    "if": 1,
    "anyOf": [{"$ref": "#/x"}, "no schema"],
    "dependencies": {"a": ["b"], "b": {"required": ["c"]}},
    "definitions": {"d": {"prefixItems": [{}]}},
    "x-extension": {"properties": {"no": {}}},
    "allOf": {"no": {}},
    "patternProperties": 7,
}


def node_of(schema: object) -> Node:
    root = Sources().root({"it": schema})
    assert root is not None
    return root.child("it")


@pytest.mark.parametrize("schema", [SCHEMA, {}, True, False, 1, [], None])
def test_the_walks_of_nodes_and_of_values_agree(schema: Any) -> None:
    assert [node.value for node in subschemas(node_of(schema))] == list(validation.subschemas(schema))


def test_the_changes_of_nodes_and_of_values_agree() -> None:
    by_node = map_subschemas(node_of(SCHEMA), lambda inner: [inner.value])

    assert by_node == validation.map_subschemas(SCHEMA, lambda inner: [inner])
    assert list(by_node) == list(SCHEMA)


def test_keywords_may_be_left_out() -> None:
    changed = map_subschemas(node_of(SCHEMA), lambda inner: None, without=("items", "not"))

    assert list(changed) == [keyword for keyword in SCHEMA if keyword not in ("items", "not")]


def test_every_schema_has_its_location() -> None:
    pointers = {node.location.pointer for node in subschemas(node_of(SCHEMA))}

    assert {"/it", "/it/properties/a/items", "/it/items/0", "/it/anyOf/0"} <= pointers


@pytest.mark.parametrize("value", [1, "text", None, [{}]])
def test_what_is_not_a_mapping_has_no_parts(value: Any) -> None:
    assert map_subschemas(node_of(value), lambda inner: None) == {}
