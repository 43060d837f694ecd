from __future__ import annotations

from typing import Any

import pytest

from asynction.contract import Schema
from asynction.problems import Location
from asynction.ui._types import Types, root_of
from asynction.ui._views import View, Views

DRAFT_07 = "http://json-schema.org/draft-07/schema"
DRAFT_2020 = "https://json-schema.org/draft/2020-12/schema"


def schema_of(value: Any, dialect: str = DRAFT_07, name: str = "") -> Schema:
    return Schema(value, dialect, Location("f", 1, 1, f"/components/schemas/{name}" if name else "/payload"))


def view_of(value: Any, dialect: str = DRAFT_07) -> View:
    schema = schema_of(value, dialect)
    return Views(Types([schema])).of(value, root_of(schema))


def outline(view: View) -> Any:
    """Return a view as plain data, without empty fields."""
    said: dict[str, Any] = {"label": view.label}
    for name in ("name", "anchor", "notes", "values"):
        if getattr(view, name):
            said[name] = getattr(view, name)
    if view.description:
        said["description"] = str(view.description)
    for group in view.groups:
        said[group.title or "properties"] = {
            (f"{part.name}!" if part.required else part.name) or str(index): outline(part.view)
            for index, part in enumerate(group.parts)
        }
    return said


STRING = {"label": "string"}


@pytest.mark.parametrize(
    ("schema", "shown"),
    [
        (True, {"label": "anything"}),
        (False, {"label": "nothing"}),
        ({}, {"label": "anything"}),
        ({"type": "string", "minLength": 3}, {"label": "string", "notes": ("at least 3 characters",)}),
        ({"type": ["string", "null"]}, {"label": "string or null"}),
        ({"enum": ["a", 1]}, {"label": "one of", "values": ('"a"', "1")}),
        ({"const": "a"}, {"label": "one value", "values": ('"a"',)}),
        ({"type": "string", "default": "a"}, {"label": "string", "notes": ('default "a"',)}),
        ({"type": "string", "examples": ["a", "b"]}, {"label": "string", "notes": ('such as "a"',)}),
        ({"type": "string", "examples": ["a" * 99]}, STRING),
        ({"type": "string", "examples": []}, STRING),
        ({"type": "string", "title": "T"}, {"label": "string", "description": "T"}),
        (
            {"type": "string", "title": "T", "description": "*d*"},
            {"label": "string", "description": "<em>d</em>"},
        ),
        (
            {"type": "object", "required": ["a", "z"], "properties": {"a": {"type": "string"}, "b": {}}},
            {
                "label": "object",
                "properties": {"a!": STRING, "b": {"label": "anything"}, "z!": {"label": "anything"}},
            },
        ),
        (
            {
                "patternProperties": {"^x": True},
                "additionalProperties": {"type": "string"},
                "propertyNames": {"maxLength": 2},
                "type": "object",
            },
            {
                "label": "object",
                "properties": {
                    "/^x/": {"label": "anything"},
                    "any other property": STRING,
                    "names of properties": {"label": "anything", "notes": ("at most 2 characters",)},
                },
            },
        ),
        (
            {"type": "object", "dependencies": {"a": ["b", "c"], "d": {}}},
            {"label": "object", "notes": ("a needs b, c",)},
        ),
        ({"type": "array", "items": {"type": "string"}}, {"label": "array of string"}),
        (
            {"type": "array", "items": {"type": "string", "minLength": 1}},
            {"label": "array of string", "notes": ("each at least 1 character",)},
        ),
        (
            {"type": "array", "items": {"type": "object", "additionalProperties": False, "required": ["a"]}},
            {"label": "array of object", "each object, no other properties": {"a!": {"label": "anything"}}},
        ),
        (
            {"type": "array", "items": {"enum": [1, 2]}},
            {"label": "array of one of", "each item": {"0": {"label": "one of", "values": ("1", "2")}}},
        ),
        (
            {"type": "array", "items": [{"type": "string"}], "additionalItems": {"type": "integer"}},
            {"label": "array", "items in this order": {"0": STRING, "further items": {"label": "integer"}}},
        ),
        (
            {"type": "array", "items": [{"type": "string"}], "additionalItems": False},
            {"label": "array", "items in this order": {"0": STRING}},
        ),
        (
            {"type": "array", "contains": {"type": "string"}},
            {"label": "array", "at least one item is": {"0": STRING}},
        ),
        ({"oneOf": [{"type": "string"}, {"type": "integer"}]}, {"label": "string or integer"}),
        (
            {"anyOf": [{"type": "string"}, {"type": "integer", "minimum": 1}]},
            {
                "label": "string or integer",
                "any of": {"0": STRING, "1": {"label": "integer", "notes": ("at least 1",)}},
            },
        ),
        (
            {"oneOf": [{"type": "string"}], "enum": ["a"]},
            {"label": "one of", "values": ('"a"',), "one of": {"0": STRING}},
        ),
        ({"not": {"type": "string"}}, {"label": "anything", "not": {"0": STRING}}),
        (
            {"if": {"required": ["a"]}, "then": False, "else": True, "type": "object"},
            {
                "label": "object",
                "if": {"0": {"label": "object", "properties": {"a!": {"label": "anything"}}}},
                "then": {"0": {"label": "nothing"}},
                "else": {"0": {"label": "anything"}},
            },
        ),
    ],
)
def test_a_schema_is_described(schema: Any, shown: Any) -> None:
    assert outline(view_of(schema)) == shown


def test_an_object_without_a_type_is_an_object() -> None:
    assert outline(view_of({"patternProperties": {"a": True}})) == {
        "label": "object",
        "properties": {"/a/": {"label": "anything"}},
    }


def test_items_of_2020_12_are_read_as_its_tuples() -> None:
    view = view_of({"type": "array", "prefixItems": [True], "items": {"type": "string"}}, DRAFT_2020)

    assert outline(view) == {
        "label": "array",
        "items in this order": {"0": {"label": "anything"}, "further items": STRING},
    }


@pytest.mark.parametrize(
    ("members", "shown"),
    [
        (
            [
                {"properties": {"a": {"type": "string"}}, "required": ["a"]},
                {"properties": {"b": True}, "required": ["b"]},
            ],
            {"label": "object", "properties": {"a!": STRING, "b!": {"label": "anything"}}},
        ),
        (
            [{"type": "string", "minLength": 1}, {"type": "string", "minLength": 3, "maxLength": 9}, True],
            {"label": "string", "notes": ("3 to 9 characters",)},
        ),
        (
            [{"type": "string"}, {"type": "integer"}],
            {"label": "string", "all of": {"0": {"label": "integer"}}},
        ),
        ([False], {"label": "anything", "all of": {"0": {"label": "nothing"}}}),
        (
            [{"properties": {"a": {"type": "string"}}}, {"properties": {"a": {"minLength": 1}}}],
            {"label": "object", "properties": {"a": {"label": "string", "notes": ("at least 1 character",)}}},
        ),
        (
            [{"properties": {"a": {"type": "string"}}}, {"properties": {"a": {"type": "string"}}}],
            {"label": "object", "properties": {"a": STRING}},
        ),
        (
            [{"description": "d"}, {"description": "e", "type": "string"}],
            {"label": "string", "description": "d"},
        ),
    ],
)
def test_members_of_all_of_are_read_as_one_schema(members: Any, shown: Any) -> None:
    assert outline(view_of({"allOf": members})) == shown


NAME = {"type": "string", "minLength": 1}
NAMED = {"$ref": "#/definitions/Name"}
SHORT = {"label": "string", "name": "Name", "notes": ("at least 1 character",)}


@pytest.mark.parametrize(
    ("schema", "shown"),
    [
        (NAMED, SHORT),
        ({**NAMED, "maxLength": 2, "description": "own"}, {**SHORT, "description": "own"}),
        ({"allOf": [NAMED], "description": "own"}, {**SHORT, "description": "own"}),
        ({"allOf": [NAMED], "maxLength": 2}, {"label": "string", "notes": ("1 to 2 characters",)}),
        (
            {"type": "array", "items": NAMED},
            {"label": "array of Name", "notes": ("each string, at least 1 character",)},
        ),
        (
            {"type": "array", "items": {"$ref": "#/definitions/Plain"}},
            {"label": "array of Plain", "notes": ("each string",)},
        ),
        ({"$ref": "#/definitions/Missing"}, {"label": "anything", "name": "Missing"}),
        ({"$ref": "#/definitions/List/anyOf/1"}, {"label": "integer"}),
        ({"$ref": "#/definitions/List/anyOf/7"}, {"label": "anything"}),
        ({"$ref": 1}, {"label": "anything"}),
        ({"allOf": [1]}, {"label": "anything", "all of": {"0": {"label": "anything"}}}),
    ],
)
def test_a_reference_has_the_name_of_what_it_leads_to(schema: Any, shown: Any) -> None:
    definitions = {"Name": NAME, "Plain": {"type": "string"}, "List": {"anyOf": [True, {"type": "integer"}]}}

    assert outline(view_of({**schema, "definitions": definitions})) == shown


def test_keywords_beside_a_reference_count_since_2019_09() -> None:
    view = view_of({**NAMED, "maxLength": 2, "definitions": {"Name": NAME}}, DRAFT_2020)

    assert outline(view) == {"label": "string", "notes": ("1 to 2 characters",)}


TREE: dict[str, Any] = {
    "type": "object",
    "properties": {"kids": {"type": "array", "items": {"$ref": "#/definitions/Tree"}}},
}


def test_a_recursive_schema_has_a_heading_and_refers_to_itself() -> None:
    schema = schema_of({**TREE, "definitions": {"Tree": TREE}}, name="Tree")
    types = Types([schema])
    views = Views(types)

    (tree,) = types.apart()
    assert outline(views.reference(tree)) == {"label": "object", "name": "Tree", "anchor": "types/Tree"}
    assert outline(views.of_type(tree)) == {
        "label": "object",
        "name": "Tree",
        "properties": {
            "kids": {
                "label": "array of Tree",
                "each item": {"0": {"label": "object", "name": "Tree", "anchor": "types/Tree"}},
            }
        },
    }


def test_a_schema_that_is_all_of_itself_ends() -> None:
    value = {"allOf": [{"$ref": "#/definitions/A"}], "type": "object"}
    schema = schema_of({**value, "definitions": {"A": value}})

    view = Views(Types([schema])).of(schema.value, root_of(schema))

    assert outline(view) == {
        "label": "object",
        "all of": {"0": {"label": "object", "name": "A", "anchor": "types/A"}},
    }


def test_types_that_lead_to_each_other_end() -> None:
    definitions = {
        "A": {"oneOf": [{"$ref": "#/definitions/B"}, {"type": "null"}]},
        "B": {"anyOf": [{"$ref": "#/definitions/A"}, {"type": "string"}]},
    }
    schema = schema_of({"$ref": "#/definitions/A", "definitions": definitions})
    types = Types([schema])

    assert [each.name for each in types.apart()] == ["A", "B"]
    assert outline(Views(types).of(schema.value, root_of(schema)))["label"] == "any of several"


def test_what_is_nested_too_deeply_is_cut() -> None:
    value: Any = {"type": "string"}
    for _ in range(60):
        value = {"not": value}

    assert "too deeply nested to be shown" in str(view_of(value))


def wide(count: int) -> dict[str, Any]:
    return {"type": "object", "properties": {f"p{index}": {"type": "string"} for index in range(count)}}


@pytest.mark.parametrize(
    ("rows", "uses", "apart"), [(40, 1, False), (5, 5, False), (5, 30, True), (40, 2, True)]
)
def test_a_large_type_that_is_used_often_has_a_heading(rows: int, uses: int, apart: bool) -> None:
    value = {"$ref": "#/definitions/Wide", "definitions": {"Wide": wide(rows)}}

    types = Types([schema_of(value) for _ in range(uses)])

    assert bool(types.apart()) is apart


def test_different_types_of_the_same_name_are_distinguished() -> None:
    schemas = [
        schema_of({"$ref": "#/definitions/W", "definitions": {"W": wide(count)}})
        for count in (30, 31)
        for _ in "abc"
    ]

    types = Types(schemas)

    assert [each.name for each in types.apart()] == ["W", "W-2"]


def test_replies_that_the_compiler_numbers_have_no_name() -> None:
    inner = {"$ref": "#/definitions/reply-0.Name"}
    value = {
        "anyOf": [{"$ref": "#/definitions/reply-0"}, {"$ref": "#/definitions/reply-1"}],
        "definitions": {"reply-0": inner, "reply-0.Name": NAME, "reply-1": {"type": "null"}},
    }

    assert outline(view_of(value)) == {
        "label": "Name or null",
        "any of": {"0": SHORT, "1": {"label": "null"}},
    }
