"""Types that share: each of them is made up of the two before it, so there are 2^n ways to the first."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from asynction.contract import Schema
from asynction.samples import Sampler, example
from asynction.validation import DRAFT_07, Validator

COUNT = 40
TEXT = {"type": "string"}
ROOT = {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}}

KINDS: dict[str, Callable[[Any, Any, int], dict[str, Any]]] = {
    "allOf": lambda a, b, i: {"allOf": [a, b]},
    "allOf of the same": lambda a, b, i: {"allOf": [a, a]},
    "allOf with properties of its own": lambda a, b, i: {"allOf": [a, b], "properties": {f"p{i}": TEXT}},
    "allOf that cannot be merged": lambda a, b, i: {"allOf": [a, b], "pattern": f"p{i}"},
    "anyOf": lambda a, b, i: {"anyOf": [a, b]},
    "oneOf": lambda a, b, i: {"oneOf": [a, {"const": str(i)}]},
    "allOf and anyOf": lambda a, b, i: {"allOf": [a, {"anyOf": [a, b]}]},
    "anyOf of what inherits": lambda a, b, i: {
        "anyOf": [{"allOf": [a, {"properties": {f"p{i}": TEXT}}]}, {"allOf": [a, {"required": [f"q{i}"]}]}]
    },
    "not": lambda a, b, i: {"allOf": [a], "not": {"allOf": [b, {"required": ["zz"]}]}},
    "if": lambda a, b, i: {"if": a, "then": b},
    "optional properties": lambda a, b, i: {"type": "object", "properties": {"a": a, "b": b}},
    "required properties": lambda a, b, i: {
        "type": "object",
        "required": ["a", "b"],
        "properties": {"a": a, "b": b},
    },
    "items": lambda a, b, i: {"type": "array", "items": [a, b]},
    "additionalProperties": lambda a, b, i: {"additionalProperties": a, "properties": {"q": b}},
}
FEWER = {"required properties": 8, "items": 8, "if": 8}
"""The number of types where the values themselves double with each type, or few values are valid."""


def types(kind: str, count: int) -> dict[str, Any]:
    """Return the types T0 to T`count`."""
    found: dict[str, Any] = {"T0": ROOT}
    for i in range(1, count + 1):
        a, b = ({"$ref": f"#/definitions/T{max(0, i - step)}"} for step in (1, 2))
        found[f"T{i}"] = KINDS[kind](a, b, i)
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_values_of_shared_types_are_made(kind: str) -> None:
    count = FEWER.get(kind, COUNT)
    schema = Schema({"$ref": f"#/definitions/T{count}", "definitions": types(kind, count)}, DRAFT_07)
    for value in (example(schema), Sampler(schema, random=Random(1)).sample()):
        assert Validator(schema).accepts((value,))
