"""The JSON Schema for editors agrees with the rows."""

from __future__ import annotations

import copy
import json
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import jsonschema_rs
import pytest
import yaml

from asynction.document import editor_schema
from asynction.document._files import read_bytes
from asynction.document._objects_2 import EXTENSIONS, VERSIONS
from tests.document.generator import Generator

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted([*ROOT.glob("specs/examples/*/asyncapi*.yaml"), ROOT / "tests/e2e/service/asyncapi.yaml"])
CASES = [
    case
    for path in sorted((ROOT / "specs" / "conformance").glob("documents*.yaml"))
    for case in yaml.safe_load(path.read_text(encoding="utf-8"))
    if case.get("loads") and "x-hander" not in case.get("document", "x-hander")
]
"""All documents that load, except those of several files and those with the misspelt extensions."""
MINIMAL: dict[str, Any] = {"asyncapi": "2.6.0", "info": {"title": "T", "version": "1"}, "channels": {}}


@cache
def validator() -> jsonschema_rs.Validator:
    return jsonschema_rs.Draft7Validator(editor_schema(), validate_formats=True)


def test_it_is_a_schema_of_draft_07_in_plain_json() -> None:
    schema = editor_schema()

    assert jsonschema_rs.meta.is_valid(schema)
    assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert json.loads(json.dumps(schema)) == schema


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_it_accepts_the_examples(path: Path) -> None:
    document = yaml.safe_load(path.read_text(encoding="utf-8"))

    assert list(validator().iter_errors(document)) == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_it_accepts_what_loads(case: dict[str, Any]) -> None:
    document = read_bytes(case["document"].encode(), "asyncapi.yaml").data

    assert [str(error) for error in validator().iter_errors(document)] == []


@pytest.mark.parametrize("version", VERSIONS)
def test_it_accepts_whatever_the_rows_allow(version: str) -> None:
    generator = Generator(Random(version), version)
    for _ in range(40):
        document = generator.document()
        assert validator().is_valid(document), json.dumps(document)


CHANNEL = {"x-handlers": {"connect": "a.b"}, "publish": {"message": {"x-handler": "a.c", "payload": {}}}}
OPERATION = {"action": "send", "channel": {"$ref": "#/channels/a"}, "x-ack": {"args": {}}}


@pytest.mark.parametrize(
    "change",
    [
        {"asyncapi": 2.6},
        {"info": {"title": "T"}},
        {"chanels": {}},
        {"channels": {"/": {"publsh": {}}}},
        {"channels": {"/": {"x-handlers": {"conect": "a.b"}}}},
        {"channels": {"/": {"x-handlers": ["a.b"]}}},
        {"channels": {"/": {"publish": {"message": {"x-handler": 1}}}}},
        {"x-middlewares": 1},
        {"channels": {"/": {"x-middlewares": ["a.b", 1]}}},
        {"channels": {"/": {"bindings": {"ws": {"method": "PUT"}}}}},
        {"channels": {"/": {"publish": {"message": {"x-ack": {"arg": {}}}}}}},
        {"servers": {"s": {"url": "ws://x.example"}}},
        {"servers": {"s": {"$ref": 1}}},
        {"components": {"securitySchemes": {"s": {"type": "htp"}}}},
        {"components": {"securitySchemes": {"s": {"type": "http"}}}},
        {"components": {"securitySchemes": {"s": {"type": "oauth2", "flows": {"implicit": {}}}}}},
        {"components": {"schemas": {"s": 1}}},
        {"id": "no uri"},
        {"asyncapi": "3.0.0", "servers": {"s": {"url": "ws://x.example", "protocol": "ws"}}},
        {"asyncapi": "3.0.0", "operations": {"o": {"action": "sned", "channel": {"$ref": "#/a"}}}},
        {"asyncapi": "3.0.0", "operations": {"o": {**OPERATION, "channel": "a"}}},
        {"asyncapi": "3.0.0", "channels": {"c": {"address": 1}}},
        {"asyncapi": "3.0.0", "channels": {"c": CHANNEL}},
    ],
    ids=json.dumps,
)
def test_it_refuses_near_misses(change: dict[str, Any]) -> None:
    assert not validator().is_valid({**copy.deepcopy(MINIMAL), **change})


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"x-mine": 1},
        {"channels": {"/": CHANNEL}},
        {"x-middlewares": "a.b", "channels": {"/": {"x-middlewares": ["a.b", "a:C"]}}},
        {"asyncapi": "3.0.0", "channels": {"c": {"address": None, "x-handlers": {"error": "a.b"}}}},
        {"asyncapi": "3.1.0", "operations": {"o": OPERATION}},
        {"components": {"schemas": {"s": True}, "x-messageAcks": {"a": {"args": {}}}}},
        {"components": {"securitySchemes": {"s": {"type": "X509", "x-mine": 1}}}},
        {"servers": {"s": {"$ref": "#/components/servers/s"}}},
    ],
    ids=json.dumps,
)
def test_it_knows_our_extensions_and_leaves_others_alone(change: dict[str, Any]) -> None:
    assert validator().is_valid({**copy.deepcopy(MINIMAL), **change})


def test_it_completes_our_extensions() -> None:
    definitions: Any = editor_schema()["definitions"]
    for major, rows in EXTENSIONS.items():
        for kind, row in rows.items():
            definition = definitions[f"{major}-{kind}"]
            assert row.keys() <= definition.get("else", definition)["properties"].keys()
