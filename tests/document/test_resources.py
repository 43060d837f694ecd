"""A schema that is JSON Schema by its own word has the references of JSON Schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from asynction.contract import Schema
from asynction.document import bundle, load, validate
from asynction.validation import Validator

JSON_SCHEMA = "application/schema+json;version=2020-12"
DRAFT_2019 = "https://json-schema.org/draft/2019-09/schema"
DRAFT_2020 = "https://json-schema.org/draft/2020-12/schema"

INTEGERS = ["array", "integer"]
SCHEMAS: dict[str, tuple[Any, list[Any], list[Any]]] = {
    "local definitions": (
        {
            "$ref": "#/$defs/Item",
            "$defs": {"Item": {"properties": {"a": {"$ref": "#/$defs/N"}}}, "N": {"type": "null"}},
        },
        [{"a": None}],
        [{"a": 1}],
    ),
    "the root": (
        {"properties": {"next": {"$ref": "#"}}, "required": ["id"]},
        [{"id": 1, "next": {"id": 1}}],
        [{"id": 1, "next": {}}],
    ),
    "an anchor": (
        {"items": {"$ref": "#item"}, "$defs": {"Item": {"$anchor": "item", "type": "integer"}}},
        [[1]],
        [["x"]],
    ),
    "a dynamic anchor": (
        {"$dynamicAnchor": "node", "type": "object", "properties": {"in": {"$dynamicRef": "#node"}}},
        [{"in": {"in": {}}}],
        [{"in": {"in": 1}}],
    ),
    "a dynamic reference beside another": (
        {
            "$defs": {"O": {"type": "object"}, "P": {"$dynamicAnchor": "p", "required": ["p"]}},
            "items": {"$ref": "#/$defs/O", "$dynamicRef": "#p", "allOf": [{"required": ["q"]}]},
        },
        [[{"p": 1, "q": 1}]],
        [[1], [{"q": 1}], [{"p": 1}]],
    ),
    "an embedded schema": (
        {
            "$id": "https://x.example/schemas/order",
            "properties": {"item": {"$ref": "item"}, "other": {"$ref": "/schemas/item#/$defs/Id"}},
            "$defs": {
                "I": {"$id": "item", "items": {"$ref": "#/$defs/Id"}, "$defs": {"Id": {"type": "string"}}}
            },
        },
        [{"item": ["x"], "other": "x"}],
        [{"item": [1]}, {"other": 1}],
    ),
    "a component of the document": (
        {"items": {"$ref": "#/components/schemas/Shared"}, "$defs": {"components": {}}},
        [["x"]],
        [[1]],
    ),
}


def documents(schema: Any, schema_format: str) -> list[dict[str, Any]]:
    head = {"info": {"title": "T", "version": "1"}}
    shared = {"Shared": {"type": "string"}}
    message = {"name": "m", "schemaFormat": schema_format}
    in_3 = {
        "asyncapi": "3.1.0",
        **head,
        "channels": {
            "c": {
                "address": "/",
                "messages": {"m": {"payload": {"schemaFormat": schema_format, "schema": schema}}},
            }
        },
        "operations": {"o": {"action": "receive", "channel": {"$ref": "#/channels/c"}}},
        "components": {"schemas": shared},
    }
    in_2 = {
        "asyncapi": "2.6.0",
        **head,
        "channels": {"/": {"publish": {"message": {**message, "payload": schema}}}},
        "components": {"schemas": shared},
    }
    of_component = {
        "asyncapi": "2.6.0",
        **head,
        "components": {"schemas": {**shared, "It": schema}},
        "channels": {
            "/": {"publish": {"message": {**message, "payload": {"$ref": "#/components/schemas/It"}}}}
        },
    }
    return [in_3, in_2, of_component]


def schema_of(document: Any) -> Schema:
    args = load(document).namespaces["/"].receives["m"].args
    assert args is not None
    return args


@pytest.mark.parametrize("name", SCHEMAS)
@pytest.mark.parametrize("form", range(3))
def test_its_references_are_those_of_json_schema(name: str, form: int) -> None:
    schema, right, wrong = SCHEMAS[name]
    document = documents(schema, JSON_SCHEMA)[form]

    assert [str(p) for p in validate(document) if p.severity == "error"] == []
    validator = Validator(schema_of(document))
    assert [value for value in right if not validator.accepts((value,))] == []
    assert [value for value in wrong if validator.accepts((value,))] == []
    assert schema_of(bundle(document)) == schema_of(document)


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_file_of_json_schema_bundles_to_the_same(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    schema, right, wrong = SCHEMAS[name]
    if name == "a component of the document":
        pytest.skip("a file has no components")
    document = documents({"$ref": "it.json"}, JSON_SCHEMA)[0]
    Path("it.json").write_text(json.dumps(schema))
    Path("asyncapi.yaml").write_text(json.dumps(document))

    for contract in (schema_of("asyncapi.yaml"), schema_of(bundle("asyncapi.yaml"))):
        validator = Validator(contract)
        assert [value for value in right if not validator.accepts((value,))] == []
        assert [value for value in wrong if validator.accepts((value,))] == []


@pytest.mark.parametrize(
    ("version", "schema"),
    [
        ("draft-07", {"items": {"$ref": "#a"}, "definitions": {"x": {"$id": "#a", "type": "integer"}}}),
        (
            "2019-09",
            {"$recursiveAnchor": True, "items": {"$recursiveRef": "#"}, "type": ["array", "integer"]},
        ),
        ("2019-09", {"items": {"$recursiveRef": "#"}, "type": ["array", "integer"]}),
    ],
)
def test_older_drafts_have_their_own(version: str, schema: Any) -> None:
    document = documents(schema, f"application/schema+json;version={version}")[0]
    validator = Validator(schema_of(document))

    assert validator.accepts(([1],))
    assert not validator.accepts((["x"],))


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#/$defs/No", "$defs": {"Yes": {}}},
        {"$ref": "#no"},
        {"$ref": "other.json", "$id": "https://x.example/a"},
        {"items": {"$dynamicRef": "#no"}},
    ],
)
def test_a_reference_to_nothing_is_a_problem(schema: Any) -> None:
    for document in documents(schema, JSON_SCHEMA):
        assert {p.rule for p in validate(document) if p.severity == "error"} == {"ref"}


def test_without_a_word_a_pointer_starts_at_the_root_of_its_file() -> None:
    document = documents({"$ref": "#/$defs/A", "$defs": {"A": {}}}, JSON_SCHEMA)[1]
    del document["channels"]["/"]["publish"]["message"]["schemaFormat"]

    assert [p.rule for p in validate(document) if p.severity == "error"] == ["ref"]


def test_an_anchor_that_depends_on_the_way_is_valid_but_not_served() -> None:
    tree = {"$id": "tree", "$dynamicAnchor": "node", "properties": {"in": {"$dynamicRef": "#node"}}}
    schema = {
        "$id": "https://x.example/strict",
        "$dynamicAnchor": "node",
        "unevaluatedProperties": False,
        "$ref": "tree",
        "$defs": {"t": tree},
    }
    document = documents(schema, JSON_SCHEMA)[0]

    assert [p for p in validate(document) if p.severity == "error"] == []
    assert not schema_of(document).is_json_schema
