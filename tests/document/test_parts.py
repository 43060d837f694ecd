"""Every `$ref` of a document is followed, whatever it is in, and none comes to mean another file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from asynction.document import bundle, load, public_document, validate
from tests.document.test_bundler import refs, write

AVRO = "application/vnd.apache.avro;version=1.9.0"
OPENAPI = "application/vnd.oai.openapi;version=3.0.0"
PROTO = "application/vnd.google.protobuf;version=3"


@pytest.fixture(autouse=True)
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def document_3(message: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "asyncapi": "3.1.0",
        "info": {"title": "T", "version": "1"},
        "channels": {"c": {"address": "/", "messages": {"m": message}}},
        "operations": {"o": {"action": "send", "channel": {"$ref": "#/channels/c"}}},
        **more,
    }


def document_2(message: dict[str, Any]) -> dict[str, Any]:
    return {
        "asyncapi": "2.6.0",
        "info": {"title": "T", "version": "1"},
        "channels": {"/": {"subscribe": {"message": {"name": "m", **message}}}},
    }


def saved(document: dict[str, Any], files: dict[str, str] | None = None) -> None:
    write({"asyncapi.yaml": yaml.safe_dump(document), **(files or {})})


def problems(*rules: str) -> list[str]:
    found = validate("asyncapi.yaml")
    return [
        f"{p.rule} {p.pointer}" for p in found if p.severity == "error" or p.rule in (rules or ["loose-ref"])
    ]


def parts(document: dict[str, Any], files: dict[str, str]) -> dict[str, Any]:
    """Bundle a document in a folder, whose files have other contents one folder up; return the bundle."""
    write({Path(name).name: "{wrong: true}" for name in files})
    write({f"sub/{name}": text for name, text in files.items()})
    write({"sub/channel.yaml": yaml.safe_dump(document["channels"].popitem()[1])})
    document["channels"]["c"] = {"$ref": "sub/channel.yaml"}
    saved(document)
    bundled: Any = bundle("asyncapi.yaml")
    assert problems() == []
    assert [ref for ref in refs(bundled) if not ref.startswith("#/")] == []
    assert load(bundled) == load("asyncapi.yaml")
    assert {Path(name).name for name in files} <= {
        Path(name).name for name in load("asyncapi.yaml").files if "sub" in Path(name).parts
    }
    return dict(bundled)


def at(document: Any, ref: str) -> Any:
    """Return what a pointer leads to."""
    for token in ref.removeprefix("#/").split("/"):
        document = document[token]
    return document


RECORD = '{"type": "record", "name": "Right", "fields": []}'


def test_a_schema_of_another_format_comes_along() -> None:
    bundled = parts(
        document_3({"payload": {"schemaFormat": AVRO, "schema": {"$ref": "arrived.avsc"}}}),
        {"arrived.avsc": RECORD},
    )

    payload = at(bundled, "#/components/channels/channel/messages/m/payload")
    assert payload["schema"] == {"$ref": "#/components/x-parts/arrived"}
    assert at(bundled, payload["schema"]["$ref"])["name"] == "Right"
    assert at(public_document(bundled), payload["schema"]["$ref"])["name"] == "Right"


def test_a_payload_of_another_format_comes_along_in_2_x() -> None:
    saved(
        document_2({"schemaFormat": AVRO, "payload": {"$ref": "sub/a.avsc#/inner"}}),
        {"sub/a.avsc": '{"inner": {"type": "array", "items": {"$ref": "b.avsc"}}}', "sub/b.avsc": RECORD},
    )
    bundled: Any = bundle("asyncapi.yaml")

    message = bundled["channels"]["/"]["subscribe"]["message"]
    items = at(bundled, message["payload"]["$ref"])["items"]
    assert at(bundled, items["$ref"])["name"] == "Right"
    assert load(bundled) == load("asyncapi.yaml")


def test_a_schema_of_another_format_may_refer_to_itself() -> None:
    tree = (
        "Tree: {properties: {next: {$ref: '#/Tree'}, x-more: {$ref: '#/Tree'}, default: {$ref: more.yaml}}}"
    )
    bundled = parts(
        document_3({"payload": {"schemaFormat": OPENAPI, "schema": {"$ref": "api.yaml#/Tree"}}}),
        {"api.yaml": tree, "more.yaml": "{type: string}"},
    )

    assert at(bundled, "#/components/x-parts/Tree/properties") == {
        "next": {"$ref": "#/components/x-parts/Tree"},
        "x-more": {"$ref": "#/components/x-parts/Tree"},
        "default": {"$ref": "#/components/x-parts/more"},
    }


def test_a_part_may_be_a_list() -> None:
    bundled = parts(
        document_3({"payload": {"schemaFormat": AVRO, "schema": {"$ref": "union.avsc"}}}),
        {"union.avsc": '["null", {"$ref": "r.avsc"}, {"items": {"$ref": "#"}}]', "r.avsc": RECORD},
    )

    assert at(bundled, "#/components/x-parts") == {
        "union": [
            "null",
            {"$ref": "#/components/x-parts/r"},
            {"items": {"$ref": "#/components/x-parts/union"}},
        ],
        "r": json.loads(RECORD),
    }


@pytest.mark.parametrize("text", ['syntax = "proto3";\nmessage A {\n  int32 a = 1;\n}\n', "a\nb\n", "!x y"])
def test_a_schema_that_is_not_yaml_comes_along_as_its_text(text: str) -> None:
    bundled = parts(
        document_3({"payload": {"schemaFormat": PROTO, "schema": {"$ref": "a.proto"}}}), {"a.proto": text}
    )

    assert at(bundled, "#/components/channels/channel/messages/m/payload/schema") == text


@pytest.mark.parametrize("level", ["message", "channel", "operation", "server"])
def test_what_a_binding_refers_to_comes_along(level: str) -> None:
    bindings = {"bindings": {"kafka": {"key": {"$ref": "key.yaml#/Key"}}}}
    document = document_3(bindings if level == "message" else {})
    if level == "channel":
        document["channels"]["c"] |= bindings
    elif level == "operation":
        document["operations"]["o"] |= bindings
    elif level == "server":
        document["servers"] = {"s": {"host": "x.example", "protocol": "ws", **bindings}}
    saved(document, {"key.yaml": "Key: {type: string}"})
    bundled: Any = bundle("asyncapi.yaml")

    assert bundled["components"] == {"x-parts": {"Key": {"type": "string"}}}
    assert load(bundled) == load("asyncapi.yaml")


def test_what_is_a_component_already_is_not_copied_for_a_binding() -> None:
    document = document_3(
        {"payload": {"$ref": "key.yaml#/Key"}, "bindings": {"kafka": {"key": {"$ref": "key.yaml#/Key"}}}}
    )
    saved(document, {"key.yaml": "Key: {type: string}"})
    bundled: Any = bundle("asyncapi.yaml")

    message = bundled["channels"]["c"]["messages"]["m"]
    assert message["payload"] == message["bindings"]["kafka"]["key"] == {"$ref": "#/components/schemas/Key"}


@pytest.mark.parametrize(
    ("message", "pointer"),
    [
        ({"payload": {"schemaFormat": AVRO, "schema": {"$ref": "no.avsc"}}}, "/payload/schema/$ref"),
        (
            {"payload": {"schemaFormat": AVRO, "schema": {"items": {"$ref": "#/no"}}}},
            "/payload/schema/items/$ref",
        ),
        ({"headers": {"schemaFormat": AVRO, "schema": {"$ref": "no.avsc"}}}, "/headers/schema/$ref"),
        ({"bindings": {"kafka": {"key": {"$ref": "no.yaml"}}}}, "/bindings/kafka/key/$ref"),
        (
            {"bindings": {"kafka": {"key": {"$ref": "#/channels/c/messages/m/bindings/kafka/key"}}}},
            "/bindings/kafka/key/$ref",
        ),
    ],
)
def test_a_part_that_is_missing_is_a_problem(message: dict[str, Any], pointer: str) -> None:
    saved(document_3(message))

    assert problems() == [f"ref /channels/c/messages/m{pointer}"]


@pytest.mark.parametrize("name", ["a.avsc", "a.json"])
def test_a_part_that_is_broken_is_a_problem(name: str) -> None:
    saved(
        document_3({"payload": {"schemaFormat": AVRO, "schema": {"$ref": name}}}),
        {name: '{"type": "record",'},
    )

    assert [problem.split()[0] for problem in problems()] == ["yaml-syntax", "ref"]


@pytest.mark.parametrize("where", ["message", "schema", "root"])
def test_what_an_extension_refers_to_comes_along_but_is_not_published(where: str) -> None:
    extension = {"x-note": {"see": [{"$ref": "note.yaml#/a", "more": 1}]}}
    message = extension if where == "message" else {"payload": {"type": "string", **extension}}
    document = document_3(message if where != "root" else {}, **(extension if where == "root" else {}))
    saved(document, {"note.yaml": "{a: {b: {$ref: '#/c'}}, c: secret}"})
    bundled: Any = bundle("asyncapi.yaml")

    assert bundled["components"] == {"x-extensionParts": {"a": {"b": "secret"}}}
    assert {"$ref": "#/components/x-extensionParts/a", "more": 1} in _mappings(bundled)
    assert "secret" not in str(public_document(bundled))
    assert problems() == []


def _mappings(value: Any) -> list[Any]:
    found = [value] if isinstance(value, dict) else []
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        found += _mappings(inner)
    return found


@pytest.mark.parametrize("ref", ["no.yaml", "#/no", "https://x.example/a", "asyncapi.yaml#/no"])
def test_an_extension_that_refers_to_nothing_stays_and_is_told(ref: str) -> None:
    document = document_3({"x-note": {"$ref": ref}})
    saved(document)

    assert problems() == ["loose-ref /channels/c/messages/m/x-note/$ref"]
    assert bundle("asyncapi.yaml") == document


@pytest.mark.parametrize("document", [document_2, document_3])
def test_the_payload_of_an_example_may_be_in_a_file(document: Any) -> None:
    message = {
        "payload": {"type": "object", "required": ["id"]},
        "headers": {"type": "object", "required": ["h"]},
        "examples": [{"payload": {"$ref": "examples.json#/one"}, "headers": {"$ref": "headers.yaml"}}],
        "x-mock": {"answers": [{"$ref": "examples.json#/one"}]},
    }
    saved(document(message), {"examples.json": '{"one": {"id": 7}}', "headers.yaml": "h: 1"})
    bundled: Any = bundle("asyncapi.yaml")
    contract = load("asyncapi.yaml")

    assert contract.namespaces["/"].sends["m"].examples == ({"id": 7},)
    assert load(bundled) == contract
    assert refs(bundled) == (["#/channels/c"] if document is document_3 else [])
    assert problems() == []


@pytest.mark.parametrize(
    ("payload", "found"),
    [
        ({"$ref": "no.json"}, ["loose-ref /channels/c/messages/m/examples/0/payload/$ref"]),
        ({"$ref": "users", "$id": 1}, []),
        ([{"$ref": "users"}], []),
        ([{"$ref": "#/info"}], []),
        ({"$ref": "asyncapi.yaml", "$id": 1}, ["loose-ref /channels/c/messages/m/examples/0/payload/$ref"]),
        ([{"$ref": "asyncapi.yaml"}], ["loose-ref /channels/c/messages/m/examples/0/payload/0/$ref"]),
        ({"$ref": 7}, []),
    ],
)
def test_other_data_are_kept_as_they_are(payload: Any, found: list[str]) -> None:
    document = document_3({"examples": [{"payload": payload}]})
    saved(document)

    assert problems() == found
    assert bundle("asyncapi.yaml") == document
    assert load("asyncapi.yaml").namespaces["/"].sends["m"].examples == (payload,)


@pytest.mark.parametrize("keyword", ["const", "default", "examples", "enum", "other"])
def test_data_in_a_schema_are_kept_and_told_if_they_name_a_file(keyword: str) -> None:
    value: Any = {"a": {"$ref": "asyncapi.yaml"}}
    value = [value] if keyword in ("examples", "enum") else value
    document = document_3({"payload": {keyword: value}})
    saved(document)

    assert [problem.split()[0] for problem in problems()] == ["loose-ref"]
    assert bundle("asyncapi.yaml") == document
