"""Our walk, jsonschema-rs and the reference, `jsonschema`, give the same verdicts."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from asynction.contract import Json, Schema
from asynction.validation import DIALECTS, DRAFT_07, Validator, dialect_of, schema_problems
from asynction.validation._build import build
from asynction.validation._engines import ENGINES
from asynction.validation._fast import KEYWORDS
from tests.validation.reference import Reference, Undecided

FORMATS = [
    *("date", "date-time", "time", "email", "hostname", "ipv4", "ipv6", "uri", "uri-reference", "uuid"),
    *("regex", "json-pointer", "int32", "int64", "byte", "password", "unheard-of"),
]
TEXTS = st.sampled_from(
    [
        *("", "a", "ab", "é😀", "1", "2026-01-31", "2026-01-31T00:00:00Z", "a@b.example", "1.2.3.4", "::1"),
        *("http://a.example/b", "/a/b", "(", "00000000-0000-0000-0000-000000000000", "a\n", "٣", "-"),
    ]
)
NUMBERS = st.sampled_from(
    [
        0,
        1,
        -1,
        2,
        1.0,
        0.5,
        0.1,
        0.3,
        19.99,
        2**31,
        2**53 + 1,
        float(2**53),
        2**63,
        2**64,
        -(2**63) - 1,
        1e300,
    ]
)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b", "x1", "é", "1"]), inner, max_size=3)
    ),
    max_leaves=8,
)
PATTERNS = st.sampled_from(["^a", "b$", "^\\d$", "^\\w+$", "\\s", "[^a]", "^\\p{L}", "^$"])
KINDS = ["null", "boolean", "integer", "number", "string", "array", "object"]
COUNTS = st.integers(0, 3)


def _more(inner: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    names = st.sampled_from(["a", "b"])
    one_of_many: dict[str, st.SearchStrategy[Any]] = {
        "items": inner,
        "additionalProperties": inner,
        "propertyNames": inner,
        "contains": inner,
        "not": inner,
        "if": inner,
        "then": inner,
        "else": inner,
        "properties": st.dictionaries(names, inner, max_size=2),
        "patternProperties": st.dictionaries(PATTERNS, inner, max_size=2),
        "dependencies": st.dictionaries(names, inner | st.just(["b"]), max_size=2),
        "allOf": st.lists(inner, min_size=1, max_size=2),
        "anyOf": st.lists(inner, min_size=1, max_size=2),
        "oneOf": st.lists(inner, min_size=1, max_size=2),
        "$ref": st.just("#/definitions/d"),
        "prefixItems": st.lists(inner, min_size=1, max_size=2),
        "dependentSchemas": st.dictionaries(names, inner, max_size=2),
        "dependentRequired": st.dictionaries(names, st.just(["b"]), max_size=2),
        "unevaluatedProperties": inner,
        "unevaluatedItems": inner,
        "minContains": COUNTS,
        "maxContains": COUNTS,
    }
    return st.fixed_dictionaries({}, optional=one_of_many)


SMALL: st.SearchStrategy[Json] = st.one_of(
    st.booleans(),
    st.fixed_dictionaries({}, optional={"type": st.sampled_from(KINDS), "format": st.sampled_from(FORMATS)}),
    st.fixed_dictionaries({"type": st.lists(st.sampled_from(KINDS), min_size=1, max_size=3, unique=True)}),
    st.fixed_dictionaries(
        {},
        optional={
            "minimum": NUMBERS,
            "exclusiveMaximum": NUMBERS,
            "multipleOf": st.sampled_from([1, 2, 0.1, 0.01, 2.5]),
            "minLength": COUNTS,
            "maxLength": COUNTS,
            "pattern": PATTERNS,
        },
    ),
    st.fixed_dictionaries(
        {},
        optional={
            "minItems": COUNTS,
            "maxItems": COUNTS,
            "uniqueItems": st.booleans(),
            "minProperties": COUNTS,
            "maxProperties": COUNTS,
            "required": st.lists(st.sampled_from(["a", "b"]), unique=True, min_size=1),
        },
    ),
    st.fixed_dictionaries({"const": VALUES}),
    st.fixed_dictionaries({"enum": st.lists(VALUES, min_size=1, max_size=3)}),
    st.fixed_dictionaries({"type": st.just("string"), "format": st.just("binary")}),
)
SCHEMAS = st.recursive(SMALL, _more, max_leaves=6)


def validator_of(schema: Json, definition: Json = True, dialect: str = DRAFT_07) -> Validator:
    if isinstance(schema, dict):
        schema = {**schema, "definitions": {"d": definition}}
    return Validator(Schema(schema, dialect))


def agree(validator: Validator, args: list[Any]) -> None:
    """Compare the verdicts, and the faults that are reported with those that the reference finds."""
    if not (validator.min_args <= len(args) <= (validator.max_args or len(args))):
        return
    value, draft = validator.prepared.value, validator.prepared.draft
    reference = Reference(validator.prepared)
    found = validator.check(args)
    graph = build(value, draft)
    by_walk = graph.walk().valid(graph.root, args)
    engine = ENGINES[draft](value, validate_formats=True, keywords=KEYWORDS)
    try:
        assert {not found, by_walk, engine.is_valid(args)} == {reference.is_valid(args)}
        places = {path for path, _ in reference.faults(args)}
    except Undecided:
        return
    for violation in found:
        # The reference does not say what is wrong with what is unevaluated.
        at_parent = '"unevaluated' in json.dumps(value) and any(violation.path[: len(p)] == p for p in places)
        assert violation.path in places or at_parent


@settings(deadline=None, max_examples=400)
@given(SCHEMAS, SCHEMAS, VALUES, st.sampled_from(sorted(DIALECTS)))
def test_both_engines_agree(schema: Json, definition: Json, value: Any, dialect: str) -> None:
    assume(not schema_problems({"allOf": [schema, definition]}, dialect))

    agree(validator_of(schema, definition, dialect), [value])


@settings(deadline=None, max_examples=200)
@given(st.lists(SCHEMAS, min_size=1, max_size=3), SCHEMAS, st.lists(VALUES, max_size=4))
def test_both_engines_agree_about_tuples(items: list[Json], rest: Json, args: list[Any]) -> None:
    agree(validator_of({"items": items, "additionalItems": rest}), args)


FITTING: list[tuple[Json, st.SearchStrategy[Any]]] = [
    ({"type": "integer", "minimum": -5, "maximum": 5}, st.integers(-5, 5)),
    ({"type": "string", "minLength": 1, "maxLength": 5}, st.text("aé😀", min_size=1, max_size=5)),
    ({"type": "string", "pattern": "^[a-z]{1,3}$"}, st.from_regex("\\A[a-z]{1,3}\\Z")),
    ({"type": "string", "format": "date"}, st.dates().map(str)),
    ({"type": "string", "format": "uuid"}, st.uuids().map(str)),
    ({"type": "string", "format": "ipv6"}, st.ip_addresses(v=6).map(str)),
    ({"type": "number", "multipleOf": 0.01}, st.integers(0, 10**6).map(lambda cents: cents / 100)),
    ({"type": "array", "uniqueItems": True}, st.lists(st.integers(), unique=True)),
    ({"enum": [None, 1, "x", [1], {"a": 1}]}, st.sampled_from([None, 1, "x", [1], {"a": 1}])),
]


@settings(deadline=None, max_examples=100)
@given(st.data(), st.dictionaries(st.sampled_from(["a", "b", "1"]), st.sampled_from(FITTING), min_size=1))
def test_both_engines_accept_what_is_made_to_fit(
    data: st.DataObject, properties: dict[str, tuple[Json, st.SearchStrategy[Any]]]
) -> None:
    value = {name: data.draw(strategy) for name, (_, strategy) in properties.items()}
    validator = validator_of(
        {
            "type": "object",
            "properties": {name: schema for name, (schema, _) in properties.items()},
            "required": [*properties],
            "additionalProperties": False,
        }
    )

    reference = Reference(validator.prepared)
    assert validator.check([value]) == ()
    assert reference.is_valid([value])
    wrong: tuple[dict[str, Any], ...] = ({**value, "d": 1}, {name: {} for name in properties}, {})
    for broken in wrong:
        assert validator.check([broken])
        assert not reference.is_valid([broken])


BINARY: dict[str, Json] = {"type": "string", "format": "binary"}


@pytest.mark.parametrize(
    ("schema", "accepted", "refused"),
    [
        (BINARY, [b"", b"x", bytearray(b"x"), memoryview(b"x")], ["x", None, 1, [b"x"]]),
        ({"type": ["string", "null"], "format": "binary"}, [b"x", None], ["x", 1]),
        (
            {
                "type": ["array", "object", "boolean", "integer", "number", "string"],
                "contentEncoding": "binary",
            },
            [b"x", [], {}, True, 1, 1.5],
            ["x", None, [b"x"]],
        ),
        ({"properties": {"a": BINARY}}, [{"a": b"x"}, {"b": 1}], [{"b": b"x"}, {"a": b"", "b": b""}, b"x"]),
        ({"type": "array", "items": BINARY}, [[b"x", b"x"], []], [[b"x", "x"], [[b"x"]]]),
        ({"type": "array", "items": BINARY, "uniqueItems": True}, [[b"x", b"y"]], [[b"x", b"x"]]),
        ({"anyOf": [{"type": "string"}, BINARY]}, [b"x", "x"], [1]),
        ({"oneOf": [{"type": "string"}, BINARY]}, [b"x", "x"], [1]),
        ({"additionalProperties": BINARY}, [{"a": b"x"}], [{"a": "x"}, b"x"]),
        ({"properties": {"a": {}}, "additionalProperties": BINARY}, [{"a": 1, "b": b"x"}], [{"a": b"x"}]),
        ({"properties": {"a": BINARY}, "additionalProperties": False}, [{"a": b"x"}], [{"a": b"x", "b": 1}]),
        (
            {"patternProperties": {"^\\p{L}+$": BINARY}, "additionalProperties": {"type": "integer"}},
            [{"é": b"x", "1": 1}],
            [{"é": 1}, {"1": b"x"}, {"1": "x"}, b"x"],
        ),
        (
            {"properties": {"a": BINARY, "b": {"pattern": "^\\p{L}$"}, "c": {"multipleOf": 0.1}}},
            [{"a": b"x", "b": "é", "c": 0.3}],
            [{"a": b"x", "b": "1"}, {"a": b"x", "c": 0.35}],
        ),
        (
            {"properties": {"a": BINARY, "b": {"format": "email"}}},
            [{"a": b"", "b": "a@b.example"}],
            [{"a": b"", "b": "a"}],
        ),
        (
            {"properties": {"a": BINARY, "b": {"type": "integer"}}},
            [{"a": b"", "b": 2**64 - 1}],
            [{"a": b"", "b": 2**64}],
        ),
        (
            {
                "properties": {"a": BINARY, "n": {"$ref": "#/definitions/n"}},
                "definitions": {"n": {"properties": {"n": {"$ref": "#/definitions/n"}, "a": BINARY}}},
            },
            [{"n": {"n": {"a": b"x"}}}],
            [{"n": {"n": {"a": "x"}}}, {"n": {"b": b"x"}}],
        ),
    ],
)
def test_bytes_may_stand_where_the_schema_says_binary_and_only_there(
    schema: Json, accepted: list[object], refused: list[object]
) -> None:
    for dialect in [dialect for dialect in DIALECTS if "draft-04" not in dialect]:
        validator = Validator(Schema(schema, dialect))
        for value in accepted:
            assert validator.check([value]) == (), value
        for value in refused:
            assert validator.check([value]), value


def test_equal_bytes_are_told_apart_by_their_place() -> None:
    data = b"x"
    validator = validator_of({"properties": {"a": BINARY}})

    (violation,) = validator.check([{"a": data, "b": [data]}])

    assert (violation.pointer, violation.message, violation.instance) == (
        "/0/b/0",
        "binary data where the schema has none",
        data,
    )


@pytest.mark.parametrize(
    ("schema", "value", "message", "schema_path"),
    [
        (
            {"properties": {"a": BINARY}},
            {"a": "x", "b": b""},
            "/0/a: must be binary data",
            ("properties", "a", "x-binary"),
        ),
        ({"required": ["a", "b"], "not": BINARY}, {"a": b"x"}, "/0: needs the property `b`", ("required",)),
        ({"required": ["a"], "items": BINARY}, [b"", b""], None, None),
        (
            {"properties": {"a": False, "b": BINARY}},
            {"a": b"x"},
            "/0/a: is not allowed here",
            ("properties", "a"),
        ),
        ({"items": {"enum": [1]}, "not": BINARY}, [b"x"], "/0/0: must be one of [1]", ("items", "enum")),
    ],
)
def test_violations_of_args_with_bytes_say_where_and_what(
    schema: Json, value: object, message: str | None, schema_path: tuple[str, ...] | None
) -> None:
    found = validator_of(schema).check([value])

    if message is None:
        assert found == ()
    else:
        assert str(found[0]) == message
        assert found[0].schema_path == schema_path


def test_args_with_bytes_are_explained_as_others_are() -> None:
    schema: dict[str, Json] = {
        "type": "object",
        "required": ["a"],
        "properties": {"b": {"type": "integer"}, "c": {"enum": [1]}, "file": BINARY},
        "additionalProperties": False,
    }
    validator = validator_of(schema)
    value: dict[str, Any] = {"b": "x", "c": 2, "d": 3, "e": 4}

    text, binary = validator.check([value]), validator.check([{**value, "file": b"x"}])

    assert [(str(v), v.schema_path) for v in text] == [(str(v), v.schema_path) for v in binary]
    assert len(text) == 4


def test_the_number_of_violations_is_bounded() -> None:
    validator = validator_of({"type": "array", "items": BINARY})

    assert len(validator.check([[b"x", *["text"] * 100]])) == 20
    assert len(validator_of({"not": BINARY, "items": True}).check([[b"x"] * 100])) == 20


def test_a_schema_that_refers_to_itself_in_place_decides_alike_with_and_without_bytes() -> None:
    endless = validator_of({"$ref": "#/definitions/d"}, {"allOf": [{"$ref": "#/definitions/d"}, BINARY]})

    assert endless.check([b"x"]) == ()
    assert [str(v) for v in endless.check(["x"])] == ["/0: must be binary data"]


def test_other_types_than_those_of_json_text_are_read_as_what_they_extend() -> None:
    class Text(str):
        pass

    class Members(dict[str, Json]):
        pass

    validator = validator_of({"type": "object", "additionalProperties": {"type": "string", "maxLength": 1}})

    assert validator.check([Members(a=Text("x"))]) == ()
    assert validator.check([Members(a=Text("xy"))])


def test_one_engine_serves_many_threads() -> None:
    validator = validator_of({"properties": {"a": BINARY}})
    good: list[Any] = [{"a": b"x"}]
    bad: list[Any] = [{"a": b"x", "b": b"x"}]

    with ThreadPoolExecutor(8) as pool:
        verdicts = list(pool.map(lambda i: validator.check(bad if i % 2 else good), range(400)))

    assert [bool(found) for found in verdicts] == [bool(i % 2) for i in range(400)]


def test_a_2020_12_tuple_with_bytes() -> None:
    schema: dict[str, Json] = {"prefixItems": [BINARY, {"type": "string"}]}
    validator = Validator(Schema(schema, dialect_of(schema)))

    assert validator.check([b"x", "y"]) == ()
    assert [str(v) for v in validator.check([b"x", b"y"])] == ["/1: must be string"]
