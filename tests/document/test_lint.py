"""What a schema says and does not check is warned of, at its place, and nothing else is."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from asynction.document import validate
from asynction.document._fakes import FAKES
from asynction.rules import RULES
from asynction.samples import new_faker
from asynction.samples._draw import Draw
from asynction.samples._fakes import Fakes

DRAFTS = {
    "4": "http://json-schema.org/draft-04/schema#",
    "6": "http://json-schema.org/draft-06/schema#",
    "7": "http://json-schema.org/draft-07/schema#",
    "2019": "https://json-schema.org/draft/2019-09/schema",
    "2020": "https://json-schema.org/draft/2020-12/schema",
}


def document(payload: object, **components: object) -> dict[str, Any]:
    return {
        "asyncapi": "2.6.0",
        "info": {"title": "T", "version": "1"},
        "channels": {"/": {"publish": {"message": {"name": "e", "payload": payload}}}},
        "components": components,
    }


def said(payload: object, **components: object) -> list[str]:
    """Return the problems of a payload, as `pointer rule: message`."""
    advice = [rule.name for rule in RULES.values() if rule.lint]
    problems = validate(document(payload, **components), ignore=advice)
    prefix = "/channels/~1/publish/message/payload"
    return [f"{p.pointer.removeprefix(prefix)} {p.rule}: {p.message}" for p in problems]


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"requried": ["a"]}, "/requried unknown-keyword: did you mean `required`?"),
        ({"$reff": "#/a"}, "/$reff unknown-keyword: did you mean `$ref`?"),
        ({"": 1}, "/ unknown-keyword: `` is not a keyword"),
        ({"maxLenght": 1}, "/maxLenght unknown-keyword: did you mean `maxLength`?"),
        ({"minlength": 1}, "/minlength unknown-keyword: did you mean `minLength`?"),
        ({"propertys": {}}, "/propertys unknown-keyword: did you mean `properties`?"),
        ({"additionalproperties": False}, "/additionalproperties unknown-keyword: `additionalProperties`?"),
        ({"oneof": [{}]}, "/oneof unknown-keyword: did you mean `oneOf`?"),
        (
            {"wibble": 1},
            "/wibble unknown-keyword: `wibble` is not a keyword of JSON Schema and checks nothing",
        ),
        ({"type": "object", "text": {"type": "string"}}, "/text unknown-keyword: belongs under `properties`"),
        ({"id": {"type": "string"}}, "/id unknown-keyword: belongs under `properties`"),
        ({"type": "string", "schemaFormat": "x"}, "/schemaFormat unknown-keyword: under `schema`"),
        ({"type": "string", "nullable": True}, "/nullable unknown-keyword: write `type: [string, 'null']`"),
        (
            {"type": ["string", "integer"], "nullable": True},
            "/nullable unknown-keyword: write `type: [string, integer, 'null']`",
        ),
        ({"allOf": [{}], "nullable": True}, "/nullable unknown-keyword: write `anyOf` with `type: 'null'`"),
        ({"type": "string", "nulable": True}, "/nulable unknown-keyword: did you mean `nullable`?"),
        ({"type": "string", "nullable": False}, "/nullable unknown-keyword: leave it out"),
        ({"type": "string", "format": "uuidd"}, "/format unknown-format: did you mean `uuid`?"),
        ({"type": "string", "format": "UUID"}, "/format unknown-format: did you mean `uuid`?"),
        ({"type": "string", "format": "date_time"}, "/format unknown-format: did you mean `date-time`?"),
        ({"type": "integer", "format": "int23"}, "/format unknown-format: did you mean `int32`?"),
        ({"type": "string", "format": "uuid4"}, "/format unknown-format: did you mean `uuid`?"),
        ({"type": "string", "format": "zebra"}, "/format unknown-format: the format `zebra` is not checked"),
        ({"type": "integer", "format": "date-time"}, "/format unused-keyword: applies to `string` only"),
        ({"type": "string", "maximum": 5}, "/maximum unused-keyword: applies to `number` only"),
        ({"type": "array", "required": ["a"]}, "/required unused-keyword: applies to `object` only"),
        ({"type": ["object", "null"], "minItems": 1}, "/minItems unused-keyword: is `object` or `null`"),
        ({"then": {"required": ["a"]}}, "/then unused-keyword: checks nothing without `if`"),
        ({"if": {}}, "/if unused-keyword: checks nothing without `then` or `else`"),
        (
            {"required": ["weight"], "properties": {"size": {}}, "additionalProperties": False},
            "/required impossible-schema: add it to `properties`",
        ),
        (
            {
                "type": "object",
                "required": ["itme"],
                "properties": {"item": {}},
                "additionalProperties": False,
            },
            "/required impossible-schema: did you mean `item`?",
        ),
        (
            {"required": ["b1"], "patternProperties": {"^a": {}}, "additionalProperties": False},
            "/required impossible-schema: `b1`",
        ),
        ({"required": ["a"], "additionalProperties": False}, "/required impossible-schema: `a`"),
        ({"type": "string", "minLength": 3, "maxLength": 2}, "/minLength impossible-schema: `maxLength`"),
        ({"minimum": 1, "maximum": 0.5}, "/minimum impossible-schema: greater than `maximum`"),
        ({"type": "string", "enum": ["a", None]}, "/enum impossible-schema: a member of `enum`"),
        ({"type": "integer", "const": "1"}, "/const impossible-schema: the `const`"),
        ({"type": ["integer", "null"], "const": 1.5}, "/const impossible-schema: the `const`"),
        ({"discriminator": "kind"}, "/discriminator discriminator: no property `kind` is defined"),
        (
            {"discriminator": "knd", "required": ["kind"], "properties": {"kind": {}}},
            "/discriminator discriminator: did you mean `kind`?",
        ),
        (
            {"discriminator": "kind", "properties": {"kind": {}}},
            "/discriminator discriminator: `kind` is not in `required`; add it",
        ),
        (
            {
                "discriminator": "kind",
                "oneOf": [{"properties": {"kind": {"const": 1}}}, {"required": ["kind"]}],
            },
            "/discriminator discriminator: an alternative has no property `kind`",
        ),
    ],
)
def test_what_checks_nothing_is_warned_of(schema: dict[str, Any], expected: str) -> None:
    place, _, words = expected.partition(": ")

    # Wherever it is written, and whatever is around it.
    for around, path in (
        (schema, ""),
        ({"type": "object", "properties": {"x": schema}}, "/properties/x"),
        ({"type": "array", "items": {"anyOf": [{}, schema]}}, "/items/anyOf/1"),
    ):
        (problem,) = said(around)
        assert problem.startswith(f"{path}{place}: ")
        assert words in problem


NAMES = {"requried": {"type": "string"}, "nullable": {}, "format": {}, "dependentRequired": {}}


@pytest.mark.parametrize(
    "schema",
    [
        True,
        {},
        {"properties": NAMES, "patternProperties": NAMES, "definitions": NAMES, "$defs": NAMES},
        {"definitions": {"a": {"requried": 1}}},  # nothing refers to it
        {"enum": [NAMES], "default": NAMES, "examples": [NAMES]},
        {"const": NAMES},
        {"x-mine": NAMES, "x-": 1},
        {
            "title": "t",
            "description": "d",
            "example": 1,
            "deprecated": True,
            "readOnly": True,
            "writeOnly": False,
        },
        {"externalDocs": {"url": "https://x.example"}, "xml": {"name": "x"}, "$comment": "c", "$id": "i"},
        {"contentMediaType": "application/json", "contentEncoding": "base64", "contentSchema": {}},
        {"type": "string", "format": "binary"},
        {"type": "string", "format": "byte"},
        {"type": "string", "format": "first_name"},
        {"type": "string", "format": "last_name"},
        {"type": "string", "format": "password"},
        {"type": "number", "format": "float"},
        {"type": "number", "format": "double"},
        {"type": "integer", "format": "int32"},
        {"type": "string", "format": "int64"},
        {"type": ["string", "null"], "format": "uuid", "maxLength": 40},
        {"format": "duration"},
        {"dependencies": {"a": ["b"]}, "additionalItems": False},
        {"if": {"required": ["a"]}, "then": {"required": ["b"]}},
        {"if": {"required": ["a"]}, "else": {"required": ["b"]}},
        {"required": ["a1"], "patternProperties": {"^a": {}}, "additionalProperties": False},
        {"type": "object", "required": ["a"], "properties": {"a": {}}, "additionalProperties": False},
        {"minimum": 1, "maximum": 1, "minLength": 0, "maxLength": 0},
        {"type": "number", "enum": [1, 1.5]},
        {"type": ["string", "null"], "enum": ["a", None]},
        {"type": "integer", "const": 1.0},
        {"$schema": DRAFTS["4"], "id": "http://x.example", "minimum": 1, "exclusiveMinimum": True},
        {"$schema": DRAFTS["2019"], "dependentRequired": {"a": ["b"]}, "unevaluatedProperties": False},
        {"$schema": DRAFTS["2019"], "contains": {}, "minContains": 1, "maxContains": 2},
        {"prefixItems": [{}], "dependentSchemas": {"a": {}}, "unevaluatedItems": False},
        {"discriminator": "kind", "required": ["kind"], "properties": {"kind": {"type": "string"}}},
        {
            "discriminator": "kind",
            "oneOf": [
                {"properties": {"kind": {"const": 1}}, "required": ["kind"]},
                {"allOf": [{"properties": {"kind": {"const": 2}}}, {"required": ["kind"]}]},
                {"type": "null"},
                True,
            ],
        },
    ],
)
def test_what_is_right_is_not_warned_of(schema: Any) -> None:
    assert said(schema) == []
    assert said({"type": "object", "properties": {"x": {"not": schema}}}) == [] or "$schema" in schema


@pytest.mark.parametrize(
    ("keyword", "value", "drafts"),
    [
        ("const", 1, "4"),
        ("contains", {}, "4"),
        ("propertyNames", {}, "4"),
        ("dependentRequired", {"a": ["b"]}, "4 6 7"),
        ("dependentSchemas", {"a": {}}, "4 6 7"),
        ("unevaluatedProperties", False, "4 6 7"),
        ("unevaluatedItems", False, "4 6 7"),
        ("prefixItems", [{}], "4 6 7 2019"),
        ("additionalItems", False, "2020"),
        ("dependencies", {"a": ["b"]}, ""),
        ("$defs", {}, ""),
        ("examples", [1], ""),
        ("deprecated", True, ""),
    ],
)
@pytest.mark.parametrize("draft", DRAFTS)
def test_a_keyword_of_another_draft_is_warned_of(
    keyword: str, value: object, drafts: str, draft: str
) -> None:
    found = said({"$schema": DRAFTS[draft], keyword: value})

    assert [problem.partition(":")[0] for problem in found] == [f"/{keyword} keyword-draft"] * (
        draft in drafts.split()
    )


def test_a_keyword_of_a_later_draft_names_what_to_write() -> None:
    assert said({"dependentRequired": {"a": ["b"]}, "unevaluatedProperties": False}) == [
        "/dependentRequired keyword-draft: `dependentRequired` came with draft 2019-09, and checks nothing"
        " in draft-07; write `dependencies`",
        "/unevaluatedProperties keyword-draft: `unevaluatedProperties` came with draft 2019-09, and checks "
        "nothing in draft-07; name a later draft with `$schema`",
    ]


UNREADABLE = {
    "type": "object",
    "required": ["a"],
    "patternProperties": {"(": {}},
    "additionalProperties": False,
}
NEWER = {"dependentRequired": {"a": ["b"]}}


@pytest.mark.parametrize(
    ("payload", "schemas", "warned"),
    [
        ({"$schema": DRAFTS["2020"], "items": {"$ref": "#/components/schemas/A"}}, {"A": NEWER}, 0),
        ({"prefixItems": [{"$ref": "#/components/schemas/A"}]}, {"A": NEWER}, 0),
        ({"items": {"$ref": "#/components/schemas/A"}}, {"A": NEWER}, 1),
        (True, {"A": NEWER}, 1),
        (True, {"A": NEWER, "B": {"prefixItems": [{"$ref": "#/components/schemas/A"}]}}, 0),
        (True, {"A": NEWER, "B": {"$schema": DRAFTS["2020"], "not": {"$ref": "#/components/schemas/A"}}}, 0),
        (
            True,
            {"A": {"type": "no"}, "B": UNREADABLE},
            0,
        ),
    ],
)
def test_a_schema_is_read_in_the_draft_in_which_it_is_used(
    payload: object, schemas: dict[str, object], warned: int
) -> None:
    found = said(payload, schemas=schemas)

    assert sum("keyword-draft" in problem for problem in found) == warned


@pytest.mark.parametrize("major", [2, 3])
@pytest.mark.parametrize(
    ("schema_format", "schema"),
    [
        ("application/vnd.apache.avro;version=1.9.0", {"type": "record", "name": "R", "fields": []}),
        (
            "application/vnd.oai.openapi;version=3.0.0",
            {"type": "string", "nullable": True, "format": "zebra"},
        ),
        ("application/vnd.google.protobuf;version=3", {"wibble": 1}),
    ],
)
def test_other_languages_follow_their_own_rules(major: int, schema_format: str, schema: Any) -> None:
    spec = document(schema)
    message: dict[str, Any] = {"name": "e", "schemaFormat": schema_format, "payload": schema}
    if major == 2:
        spec["channels"]["/"]["publish"]["message"] = message
    else:
        payload = {"schemaFormat": schema_format, "schema": schema}
        spec |= {
            "asyncapi": "3.1.0",
            "operations": {"o": {"action": "receive", "channel": {"$ref": "#/channels/c"}}},
        }
        spec["channels"] = {"c": {"address": "/", "messages": {"e": {"payload": payload}}}}

    assert [p.rule for p in validate(spec, ignore=["latest-version"])] == []


def test_the_providers_of_faker_are_known() -> None:
    fakes, draw = Fakes(new_faker()), Draw(Random(1))
    made = {name for name in FAKES if fakes.value(name, draw) is not None}

    assert len(made) > 200  # other versions of Faker may lack some


def test_schemas_that_other_languages_refer_to_follow_their_rules() -> None:
    schemas = {
        "A": {"type": "string", "nullable": True},
        "B": {"items": [{"$ref": "#/components/schemas/A"}, {"$ref": "#/components/schemas/B"}]},
        "C": {"nullable": True},
    }
    spec = document(
        {"anyOf": [{"$ref": "#/components/schemas/B"}, {"$ref": "#/no"}, {"$ref": "no.yaml"}]},
        schemas=schemas,
    )
    spec["channels"]["/"]["publish"]["message"]["schemaFormat"] = "application/vnd.oai.openapi;version=3.0.0"

    found = [p.pointer for p in validate(spec) if p.rule not in ("unused-component", "latest-version")]

    nowhere = [f"/channels/~1/publish/message/payload/anyOf/{index}/$ref" for index in (1, 2)]
    assert found == [*nowhere, "/components/schemas/C/nullable"]


def test_a_schema_with_a_discriminator_is_looked_at_like_any_other() -> None:
    schemas = {
        "Pet": {"discriminator": "a", "required": ["a"], "properties": {"a": {}}, "maxlength": 1},
        "Cat": {"allOf": [{"$ref": "#/components/schemas/Pet"}, {"minlength": 1}]},
    }

    found = [each.partition(":")[0] for each in said({"$ref": "#/components/schemas/Pet"}, schemas=schemas)]

    assert found == [
        "/components/schemas/Cat/allOf/1/minlength unknown-keyword",
        "/components/schemas/Pet/maxlength unknown-keyword",
    ]


def test_a_rule_is_switched_off_by_its_name() -> None:
    spec = document({"requried": 1})

    assert [p.rule for p in validate(spec, ignore=["latest-version", "unknown-keyword"])] == []
    spec["x-asynction"] = {"ignore": ["latest-version", "unknown-keyword"]}
    assert [p.rule for p in validate(spec)] == []
