"""Text becomes the type that its schema names, where it can."""

from __future__ import annotations

from typing import Any

import pytest

from asynction.contract import Schema
from asynction.runtime._coerce import StringCoercer
from asynction.validation import DRAFT_07


@pytest.mark.parametrize(
    ("schema", "texts", "value"),
    [
        (True, ["1"], "1"),
        ({"type": "string"}, ["1"], "1"),
        ({"type": "integer"}, ["-12"], -12),
        ({"type": "integer"}, ["1.5"], "1.5"),
        ({"type": "integer"}, ["1" * 30], "1" * 30),
        ({"type": "number"}, ["1.5e3"], 1500.0),
        ({"type": "number"}, ["x"], "x"),
        ({"type": "boolean"}, ["true"], True),
        ({"type": "boolean"}, ["yes"], "yes"),
        ({"type": ["integer", "boolean"]}, ["false"], False),
        ({"type": "array", "items": {"type": "integer"}}, ["1", "2"], [1, 2]),
        ({"type": "array"}, ["1"], ["1"]),
        ({"type": "integer"}, ["1", "2"], ["1", "2"]),
        ({"anyOf": [{"type": "integer"}, {"type": "boolean"}]}, ["7"], 7),
        ({"allOf": 3}, ["7"], "7"),
        ({"$ref": "#/definitions/number"}, ["7"], 7),
        ({"$ref": "#/definitions/a~1b"}, ["7"], 7),
        ({"$ref": "#/definitions/itself"}, ["7"], "7"),
        ({"$ref": "#/definitions/any"}, ["7"], "7"),
        ({"anyOf": [{"$ref": "#/definitions/nested"}]}, ["7"], "7"),
    ],
)
def test_text_is_read_as_its_schema_says(schema: Any, texts: list[str], value: object) -> None:
    definitions: dict[str, Any] = {
        "number": {"$ref": "#/definitions/a~1b"},
        "a/b": {"type": "integer"},
        "itself": {"$ref": "#/definitions/itself"},
        "any": True,
        "nested": {"anyOf": [{"$ref": "#/definitions/nested"}]},
    }
    reader = StringCoercer(Schema({"definitions": definitions}, DRAFT_07))

    assert reader.read(texts, schema) == value


@pytest.mark.parametrize("root", [True, {}, {"definitions": 3}])
def test_a_root_without_definitions_resolves_nothing(root: Any) -> None:
    assert StringCoercer(Schema(root, DRAFT_07)).resolved({"$ref": "#/definitions/a"}) == {}
