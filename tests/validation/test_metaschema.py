"""A schema is held against the meta-schema of its dialect."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft4Validator, Draft7Validator, Draft202012Validator
from jsonschema.exceptions import SchemaError

from asynction.contract import Json, Schema
from asynction.validation import DIALECTS, DRAFT_07, compile_problem, schema_problems

DRAFT_04, DRAFT_2020 = (
    "http://json-schema.org/draft-04/schema",
    "https://json-schema.org/draft/2020-12/schema",
)


@pytest.mark.parametrize(
    ("schema", "dialect"),
    [
        (True, None),
        (False, DRAFT_04),
        ({}, None),
        ({"type": ["string", "null"], "x-mine": 1, "discriminator": "kind"}, None),
        ({"minimum": 1, "exclusiveMinimum": True}, DRAFT_04),
        ({"exclusiveMinimum": 1}, DRAFT_07),
        ({"$schema": DRAFT_04, "minimum": 1, "exclusiveMinimum": True}, None),
        ({"$schema": "http://json-schema.org/draft-07/schema#"}, None),
        ({"items": [{}]}, None),
        ({"prefixItems": [{}], "items": False}, None),
        *(({"properties": {"a": {"type": "string"}}}, dialect) for dialect in DIALECTS),
    ],
)
def test_a_sound_schema_has_no_problems(schema: Json, dialect: str | None) -> None:
    assert schema_problems(schema, dialect) == []


@pytest.mark.parametrize(
    ("schema", "dialect", "problems"),
    [
        ("text", None, [((), "a schema is a mapping or a boolean")]),
        (None, None, [((), "a schema is a mapping or a boolean")]),
        ([], DRAFT_04, [((), "a schema is a mapping or a boolean")]),
        ({"type": "strin"}, None, [(("type",), "`strin` is not a JSON Schema type; did you mean `string`?")]),
        *(
            (
                {"type": f"{kind}x"},
                None,
                [(("type",), f"`{kind}x` is not a JSON Schema type; did you mean `{kind}`?")],
            )
            for kind in ("array", "boolean", "integer", "null", "number", "object", "string")
        ),
        (
            {"type": ["string", "banana"]},
            None,
            [(("type",), "`['string', 'banana']` is not a JSON Schema type")],
        ),
        ({"minimum": "1"}, None, [(("minimum",), "must be number")]),
        ({"required": ["a", "a"]}, None, [(("required",), "must have no two equal items")]),
        ({"pattern": "("}, None, [(("pattern",), "must match the format `regex`")]),
        (
            {"properties": {"a": {"minLength": -1}, "b": 1}},
            None,
            [
                (("properties", "a", "minLength"), "must be at least 0"),
                (("properties", "b"), "must be boolean or object"),
            ],
        ),
        ({"items": [{}]}, DRAFT_2020, [(("items",), "must be boolean or object")]),
        ({"exclusiveMinimum": 1}, DRAFT_04, None),
        ({"exclusiveMinimum": True}, None, [(("exclusiveMinimum",), "must be number")]),
        ({"dependencies": {"a": 1}}, None, [(("dependencies", "a"), "matches none of the alternatives")]),
        ({"$schema": "mine"}, None, [(("$schema",), "the dialect `mine` is unknown")]),
        (
            True,
            "http://json-schema.org/draft-03/schema",
            [
                (
                    ("$schema",),
                    "the dialect `http://json-schema.org/draft-03/schema` is unknown;"
                    " did you mean `http://json-schema.org/draft-07/schema`?",
                )
            ],
        ),
    ],
)
def test_what_is_no_schema_says_where_and_why(
    schema: Json, dialect: str | None, problems: list[object] | None
) -> None:
    found = schema_problems(schema, dialect)

    assert found
    if problems is not None:
        assert found == problems


@pytest.mark.parametrize(
    ("schema", "dialect", "problem"),
    [
        ({"type": "string"}, DRAFT_07, None),
        ({"$ref": "#/definitions/a", "definitions": {"a": {}}}, DRAFT_07, None),
        ({"pattern": "(?<n>a)\\k<n>"}, DRAFT_07, 'is not a "regex"'),
        ({"$ref": "#/definitions/a"}, DRAFT_07, "Pointer '/definitions/a' does not exist"),
        ({"$ref": "http://x.example/a"}, DRAFT_07, "http://x.example/a"),
        ({"title": "\ud800"}, DRAFT_07, "surrogates not allowed"),
    ],
)
def test_what_an_engine_refuses_is_said(schema: Json, dialect: str, problem: str | None) -> None:
    found = compile_problem(Schema(schema, dialect))

    assert (found is None) is (problem is None)
    assert (problem or "") in (found or "")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 2) | st.sampled_from(["string", "object", "x", 1.5]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(
                [
                    *(
                        "type",
                        "items",
                        "properties",
                        "required",
                        "minimum",
                        "exclusiveMinimum",
                        "const",
                    ),
                    *("dependencies", "additionalProperties", "allOf", "not", "if", "maxLength", "x-a"),
                ]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


@settings(deadline=None, max_examples=200)
@given(
    VALUES,
    st.sampled_from(
        [(DRAFT_04, Draft4Validator), (DRAFT_07, Draft7Validator), (DRAFT_2020, Draft202012Validator)]
    ),
)
def test_the_meta_schemas_of_jsonschema_agree(schema: Any, draft: tuple[str, Any]) -> None:
    dialect, validator = draft
    if not isinstance(schema, dict):
        return
    try:
        validator.check_schema(schema)
        sound = True
    except SchemaError:
        sound = False

    assert (schema_problems(schema, dialect) == []) is sound
