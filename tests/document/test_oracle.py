"""The rows agree with AsyncAPI's own JSON Schemas (`@asyncapi/specs`), except where this file says why."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import jsonschema_rs
import pytest

from asynction.document._nodes import Sources
from asynction.document._objects_2 import VERSIONS
from asynction.document._reader import OBJECTS, Reader
from asynction.problems import Problem
from tests.document.generator import Generator

pytestmark = pytest.mark.no_cover  # tracing would double its time, and other tests reach the same lines

PACKAGE = Path(__file__).parents[2] / "node_modules" / "@asyncapi" / "specs"
STRUCTURE = {"type", "required", "enum", "version", "unknown-field", "pattern", "schema"}
"""The rules that a JSON Schema can express; the others compare parts of a document."""

SOUND, CHANGED = 60, 260
"""The number of documents of each version that are compared, as they are made and after changes."""

Definitions = dict[str, Any]


def subschemas(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from subschemas(child)


def no_unique_items(schema: Definitions, definitions: Definitions) -> None:
    for part in subschemas({**schema, "definitions": {}}):
        part.pop("uniqueItems", None)
    for name, definition in definitions.items():
        if not name.startswith("json-schema"):
            for part in subschemas(definition):
                part.pop("uniqueItems", None)


def parameters_are_mappings(schema: Definitions, definitions: Definitions) -> None:
    definitions["parameter"]["type"] = "object"
    definitions["parameter"].get("properties", {}).pop("$ref", None)


def references_to_traits(schema: Definitions, definitions: Definitions) -> None:
    sections = definitions["components"]["properties"]
    for section, kind in (("operationTraits", "operationTrait"), ("messageTraits", "messageTrait")):
        for names in ("additionalProperties", "patternProperties"):
            if names in sections[section]:
                choice = [{"$ref": "#/definitions/Reference"}, {"$ref": f"#/definitions/{kind}"}]
                sections[section] = {"type": "object", "additionalProperties": {"oneOf": choice}}


def references_to_variables(schema: Definitions, definitions: Definitions) -> None:
    if "serverVariables" in definitions["components"]["properties"]:
        choice = [{"$ref": "#/definitions/Reference"}, {"$ref": "#/definitions/serverVariable"}]
        definitions["serverVariables"] = {"type": "object", "additionalProperties": {"oneOf": choice}}


def scopes_of_all_schemes(schema: Definitions, definitions: Definitions) -> None:
    for definition in definitions.values() if "operationReply" in definitions else ():
        if "enum" in definition.get("properties", {}).get("type", {}):
            definition["properties"]["scopes"] = {"type": "array", "items": {"type": "string"}}


def extended_flows(schema: Definitions, definitions: Definitions) -> None:
    definitions["oauth2Flows"]["properties"]["flows"]["patternProperties"] = {"^x-": {}}


def closed_schemes(schema: Definitions, definitions: Definitions) -> None:
    definitions["oauth2Flows"]["additionalProperties"] = False


def bindings_of_others(schema: Definitions, definitions: Definitions) -> None:
    ws = {
        "type": "object",
        "properties": {
            "method": {"enum": ["GET", "POST"]},
            "query": {"$ref": "#/definitions/schema"},
            "headers": {"$ref": "#/definitions/schema"},
            "bindingVersion": {"type": "string"},
        },
        "patternProperties": {"^x-": {}},
        "additionalProperties": False,
    }
    refers = {"required": ["$ref"], "properties": {"$ref": {"type": "string"}}}
    # From 3.0 on, a choice of the schemas has references beside bindings.
    own = {"type": "object"} if "bindingsObject" in definitions else {"type": "object", "not": refers}
    channel = {**own, "if": {"not": refers}, "then": {"properties": {"ws": ws}}}
    for name in definitions:
        if name.lower().endswith("bindingsobject"):
            definitions[name] = channel if name.startswith("channel") else own
    if "bindingsObject" in definitions:
        definitions["channelItem"]["properties"]["bindings"] = channel
        definitions["components"]["properties"]["channelBindings"]["additionalProperties"] = channel


def headers_are_objects(schema: Definitions, definitions: Definitions) -> None:
    is_object = {"if": {"required": ["type"]}, "then": {"properties": {"type": {"const": "object"}}}}
    for name in ("messageObject", "messageTrait"):
        if name in definitions:
            definitions[name]["properties"]["headers"] = {
                "allOf": [definitions[name]["properties"]["headers"], is_object]
            }


def boolean_schemas(schema: Definitions, definitions: Definitions) -> None:
    if "anySchema" in definitions:
        definitions["anySchema"]["if"]["type"] = "object"


def closed_multi_format_schemas(schema: Definitions, definitions: Definitions) -> None:
    if "multiFormatSchema" in definitions:
        own = {"type": "object", "required": ["schema"], "additionalProperties": False}
        own |= {"properties": {"schemaFormat": {"type": "string"}, "schema": {}}}
        own |= {"patternProperties": {"^x-": {}}}
        definitions["multiFormatSchema"] = {"allOf": [own, definitions["multiFormatSchema"]]}


def examples_with_content(schema: Definitions, definitions: Definitions) -> None:
    item: dict[str, Any] = {"type": "object", "additionalProperties": False}
    item["patternProperties"] = {"^x-": {}}
    item["properties"] = {"headers": {"type": "object"}, "payload": {}}
    if "2.0.0" not in schema["title"]:
        item["properties"] |= {"name": {"type": "string"}, "summary": {"type": "string"}}
        item["anyOf"] = [{"required": ["payload"]}, {"required": ["headers"]}]
    for part in subschemas(definitions):
        properties = part.get("properties")
        if isinstance(properties, dict) and {"examples", "correlationId"} <= properties.keys():
            properties["examples"] = {"type": "array", "items": item}


def ignored_siblings(schema: Definitions, definitions: Definitions) -> None:
    refers = {"type": "object", "required": ["$ref"], "properties": {"$ref": {"type": "string"}}}
    for name in ("schema", "json-schema-draft-07-schema"):
        inner = definitions[name].pop("definitions", {})
        definitions[name] = {"if": refers, "then": {}, "else": definitions[name], "definitions": inner}


def all_names(schema: Definitions, definitions: Definitions) -> None:
    for section in definitions["components"]["properties"].values():
        for pattern in section.pop("patternProperties", {}).values():
            section["additionalProperties"] = pattern


def extended_lists(schema: Definitions, definitions: Definitions) -> None:
    for part in subschemas(definitions.get("message")):
        if part.get("required") == ["oneOf"]:
            part["patternProperties"] = {"^x-": {}}


DIFFERENCES: dict[str, Callable[[Definitions, Definitions], None]] = {
    "the text says nothing of distinct items, and of distinct tags in 2.x only": no_unique_items,
    "a parameter is an object; that the schemas take anything else is an oversight": parameters_are_mappings,
    "the text lets traits in components be references": references_to_traits,
    "the text lets variables be references as soon as components can hold them": references_to_variables,
    "scopes of a scheme without scopes are for the rule `security-scope`": scopes_of_all_schemes,
    "a field that an oauth2 scheme does not have is as wrong there as elsewhere": closed_schemes,
    "bindings are read for WebSocket channels only, there in every version": bindings_of_others,
    "headers are of type `object` in every version": headers_are_objects,
    "a boolean is a Schema Object, also where it might be a Multi Format Schema Object": boolean_schemas,
    "a Multi Format Schema Object has the fields of its own, both of them": closed_multi_format_schemas,
    "what stands beside the `$ref` of a schema is ignored": ignored_siblings,
    "an example has content in a trait too, and may have extensions, as any object": examples_with_content,
    "OAuth flows may have extensions, as any object": extended_flows,
    "what has a name that `component-key` refuses is read as well": all_names,
    "a list of messages may have extensions, as any object": extended_lists,
}
"""Where the reader and the official schemas differ on purpose: why, and how to change the schemas."""


@cache
def official(version: str) -> jsonschema_rs.Validator:
    schema = json.loads((PACKAGE / "schemas" / f"{version}.0-without-$id.json").read_text())
    for change in DIFFERENCES.values():
        change(schema, schema["definitions"])
    return jsonschema_rs.Draft7Validator(schema, validate_formats=True)


def structural(value: object, kind: str, version: str) -> list[Problem]:
    """Return the problems of `value` by the rows."""
    root = Sources().root({"it": value})
    assert root is not None
    Reader(version).read(root.child("it"), kind)
    return [problem for problem in root.sources.problems if problem.rule in STRUCTURE]


def compare(document: dict[str, Any], version: str) -> None:
    ours = structural(document, "Document", version)
    errors = [] if official(version).is_valid(document) else list(official(version).iter_errors(document))
    verdict = ("refused" if ours else "sound", "refused" if errors else "sound")
    shown = "\n".join([*map(str, ours), *map(str, errors), json.dumps(document)])
    assert verdict[0] == verdict[1], shown


@pytest.mark.parametrize("version", VERSIONS)
def test_documents_made_from_the_rows_are_sound(version: str) -> None:
    generator = Generator(Random(version), version)
    for _ in range(SOUND):
        document = generator.document()
        assert structural(document, "Document", version) == []
        compare(document, version)


@pytest.mark.parametrize("version", VERSIONS)
def test_changed_documents_are_judged_alike(version: str) -> None:
    generator = Generator(Random(f"{version} changed"), version)
    for _ in range(CHANGED):
        document = generator.document()
        for _ in range(generator.random.randint(1, 3)):
            generator.mutate(document)
        if document.get("asyncapi") == f"{version}.0":
            compare(document, version)


KINDS = {
    "APIKeyHTTPSecurityScheme": "SecurityScheme",
    "BearerHTTPSecurityScheme": "SecurityScheme",
    "ReferenceObject": "Reference",
    "Sasl": "SecurityScheme",
    "SecurityRequirement": "Requirement",
    "X509": "SecurityScheme",
    "apiKey": "SecurityScheme",
    "channelItem": "Channel",
    "channels": "{Channel}",
    "correlationId": "CorrelationId",
    "messageObject": "Message",
    "oauth2Flow": "CodeFlow",
    "operationReplyAddress": "ReplyAddress",
    "operations": "{Operation}",
    "parameter": "Channel",
    "parameters": "Channel",
    "serverVariable": "Server",
    "servers": "{Server}",
    "symmetricEncryption": "SecurityScheme",
    "userPassword": "SecurityScheme",
    "2.6/oauth2Flow": "SecurityScheme",
    "2.6/parameter": "{Channel}",
    "2.6/parameters": "{Channel}",
}
"""The types of the package's examples whose file names differ from the type."""

WRONG = {
    "2.6/info": (["required /it an Info needs the field `version`"], "the example is older than the field"),
    **dict.fromkeys(
        ["3.0/messageObject", "3.1/messageObject"],
        (["unknown-field /it/messageId a Message has no field `messageId`"], "3.0 took the field away"),
    ),
    **dict.fromkeys(
        ["3.0/components", "3.1/components"],
        (
            ["unknown-field /it/channels/user~1signedup/subscribe a Channel has no field `subscribe`"],
            "3.0 moved operations out of channels",
        ),
    ),
    **dict.fromkeys(
        ["3.0/operation", "3.1/operation"],
        (
            [
                "required /it/security/0 a SecurityScheme needs the field `type`",
                "unknown-field /it/security/0/petstore_auth a SecurityScheme has no field `petstore_auth`",
            ],
            "3.0 took Security Requirement Objects away",
        ),
    ),
}
"""The examples of the package that are wrong, with the reason."""

EXAMPLES = sorted(PACKAGE.glob("examples/*/*.json"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_the_examples_of_the_package_are_read(path: Path) -> None:
    version = path.parent.name[:3]
    name = f"{version}/{path.stem}"
    kind = KINDS.get(name) or KINDS.get(path.stem) or path.stem[0].upper() + path.stem[1:]
    content = json.loads(path.read_text())
    expected, _ = WRONG.get(name, ([], ""))

    for example in content if isinstance(content, list) else [content]:
        value = example["components"] if kind == "Components" else example
        found = structural(value, kind, version)
        assert sorted(f"{p.rule} {p.pointer} {p.message}" for p in found) == expected


def test_the_package_has_examples() -> None:
    assert {path.parent.name[:3] for path in EXAMPLES} == {"2.6", "3.0", "3.1"}


def test_every_row_of_asyncapi_was_generated() -> None:
    made: set[str] = set()
    for version in ("2.6", "3.1"):
        generator = Generator(Random(version), version)
        for _ in range(200):
            generator.document()
        made |= {f"{version[0]} {kind}" for kind in generator.made}
    ours = {"Handlers", "Hooks", "Ack", "Jwt", "Mock", "Settings"}
    unused = {"3 Requirement"}  # 3.x lists schemes instead
    rows = {f"{major} {kind}" for major, objects in OBJECTS.items() for kind in objects if kind not in ours}
    assert rows - made == unused
