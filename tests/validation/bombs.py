"""Schemas and values that cost an engine without memory an exponential or quadratic number of steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from asynction.contract import Json

DEPTH = 40
"""The depth of the values: with twice as many steps for each level, a test would not end."""

DRAFT_2019 = "https://json-schema.org/draft/2019-09/schema"
DRAFT_2020 = "https://json-schema.org/draft/2020-12/schema"
NODE: Json = {"$ref": "#/definitions/N"}


@dataclass(frozen=True)
class Bomb:
    """A recursive schema; `wrap` puts a value one level deeper.

    `bottom` is valid at the bottom, `wrong` is not.
    """

    schema: dict[str, Json]
    wrap: Callable[[Any], Any]
    bottom: Any
    wrong: Any
    dialect: str = "http://json-schema.org/draft-07/schema"

    def value(self, leaf: Any, depth: int = DEPTH) -> Any:
        for _ in range(depth):
            leaf = self.wrap(leaf)
        return leaf


def recursive(**node: Json) -> dict[str, Json]:
    return {"$ref": "#/definitions/N", "definitions": {"N": node}}


def operator(name: str) -> Json:
    items: Json = {"type": "array", "items": NODE}
    properties: Json = {"args": items, "op": {"const": name}}
    return {
        "type": "object",
        "required": ["op", "args"],
        "additionalProperties": False,
        "properties": properties,
    }


FIELD: Json = {
    "type": "object",
    "required": ["field"],
    "additionalProperties": False,
    "properties": {"field": {"type": "string"}},
}
PROPERTY: dict[str, Json] = {"properties": {"k": NODE}}

BRANCHES: dict[str, Json] = {"if": {"required": ["z"], **PROPERTY}, "then": PROPERTY, "else": PROPERTY}


def twice(first: Json) -> dict[str, Json]:
    """Return a schema that says the same twice."""
    return recursive(type=["object", "integer"], maximum=5, allOf=[first, {"allOf": [first]}])


def nest(value: Any) -> Any:
    return {"k": value}


BOMBS = {
    "a filter with tags": Bomb(
        recursive(anyOf=[operator("and"), operator("or"), operator("not"), FIELD]),
        lambda value: {"op": "not", "args": [value]},
        {"field": "a"},
        {"field": 1},
    ),
    "oneOf without tags": Bomb(
        recursive(
            oneOf=[{"required": ["k"], **PROPERTY}, {"maxProperties": 0}, {"required": ["z"], **PROPERTY}]
        ),
        nest,
        {},
        {"a": 1},
    ),
    "a ring": Bomb(
        {
            "$ref": "#/definitions/A",
            "definitions": {
                name: {
                    "type": ["object", "integer"],
                    "maximum": 5,
                    "anyOf": [
                        {"properties": {"k": {"$ref": f"#/definitions/{other}"}}},
                        {"properties": {"k": {"$ref": f"#/definitions/{other}"}}, "required": ["z"]},
                    ],
                }
                for name, other in ("AB", "BC", "CA")
            },
        },
        nest,
        1,
        9,
    ),
    "if, then and else": Bomb(
        recursive(
            **BRANCHES,
            type=["object", "integer"],
            maximum=5,
        ),
        nest,
        1,
        9,
    ),
    "patternProperties": Bomb(twice({"patternProperties": {"^k": NODE, "k$": NODE}}), nest, 1, 9),
    "additionalProperties": Bomb(twice({"additionalProperties": NODE}), nest, 1, 9),
    "propertyNames": Bomb(twice({"propertyNames": {"maxLength": 1}, **PROPERTY}), nest, 1, 9),
    "dependencies": Bomb(twice({"dependencies": {"k": PROPERTY}, **PROPERTY}), nest, 1, 9),
    "dependentSchemas": Bomb(twice({"dependentSchemas": {"k": PROPERTY}}), nest, 1, 9, DRAFT_2019),
    "unevaluatedProperties": Bomb(twice({"unevaluatedProperties": NODE}), nest, 1, 9, DRAFT_2020),
    "unevaluatedProperties after alternatives": Bomb(
        recursive(
            type=["object", "integer"],
            maximum=5,
            anyOf=[{"required": ["z"], **PROPERTY}, PROPERTY],
            unevaluatedProperties=False,
        ),
        nest,
        1,
        9,
        DRAFT_2020,
    ),
    "tuple items": Bomb(
        recursive(type=["array", "integer"], maximum=5, anyOf=[{"items": [NODE]}, {"items": [NODE, True]}]),
        lambda value: [value],
        1,
        9,
    ),
    "contains": Bomb(
        recursive(type=["array", "integer"], maximum=5, items=NODE, contains=NODE),
        lambda value: [value],
        1,
        9,
    ),
    "not": Bomb(
        recursive(type=["object", "integer"], maximum=5, allOf=[{"not": {"not": PROPERTY}}, PROPERTY]),
        nest,
        1,
        9,
    ),
}


def inheriting(count: int, of: str = "allOf") -> dict[str, Json]:
    """Return a schema of types, each of them all of the earlier ones."""
    types: dict[str, Json] = {
        "T0": {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}}
    }
    for number in range(1, count):
        types[f"T{number}"] = {of: [{"$ref": f"#/definitions/T{parent}"} for parent in range(number)]}
    return {"$ref": f"#/definitions/T{count - 1}", "definitions": types}
