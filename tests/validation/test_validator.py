"""A validator checks the args of an event against one schema."""

from __future__ import annotations

import json
import math
from collections import UserList
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asynction.contract import Json, Schema
from asynction.validation import DIALECTS, DRAFT_07, MAX_DEPTH, JsonArgs, Validator
from asynction.validation._explain import MOST_ERRORS

NO_ARGS: dict[str, Json] = {"items": [{}], "minItems": 0, "maxItems": 0}
TREE: dict[str, Json] = {
    "$ref": "#/definitions/t",
    "definitions": {
        "t": {"anyOf": [{"type": "integer"}, {"items": {"$ref": "#/definitions/t"}, "type": "array"}]}
    },
}


def validator(schema: Json, dialect: str = DRAFT_07) -> Validator:
    return Validator(Schema(schema, dialect))


def found(schema: Json, *args: object, dialect: str = DRAFT_07) -> list[str]:
    return [str(violation) for violation in validator(schema, dialect).check(args)]


@pytest.mark.parametrize(
    ("schema", "args", "violations"),
    [
        ({"type": "string"}, ("a",), []),
        ({"type": "string"}, (1,), ["/0: must be string"]),
        ({"type": "string"}, (), ["expected 1 argument, got 0"]),
        ({"type": "string"}, ("a", "b"), ["expected 1 argument, got 2"]),
        ({"type": "array", "items": {"type": "integer"}}, (1, 2), ["expected 1 argument, got 2"]),
        ({"type": "array", "items": {"type": "integer"}}, ([1, 2],), []),
        ({"type": "array", "items": [{}, {}]}, ([1, 2],), ["expected 2 arguments, got 1"]),
        ({"type": "array", "items": [{"type": "integer"}, {}]}, ("a", 1), ["/0: must be integer"]),
        ({"items": [{}], "additionalItems": {"type": "null"}}, (), ["expected at least 1 argument, got 0"]),
        ({"items": [{}], "additionalItems": {"type": "null"}}, (1, None, 2), ["/2: must be null"]),
        ({"items": [{}, {}], "minItems": 1}, (1, 2, 3), ["expected 1 to 2 arguments, got 3"]),
        (NO_ARGS, (), []),
        (NO_ARGS, (1,), ["expected 0 arguments, got 1"]),
        (True, ("anything",), []),
        (False, ("anything",), ["/0: is not allowed here"]),
        (
            {"required": ["b", "a"], "additionalProperties": False},
            ({"c": 1},),
            [
                "/0: needs the property `b`",
                "/0: needs the property `a`",
                "/0: has a property that the schema does not have",
            ],
        ),
        (
            {"properties": {"a/b": {"items": {"maximum": 3}}}},
            ({"a/b": [1, 4]},),
            ["/0/a~1b/1: must be at most 3"],
        ),
        ({"type": "integer"}, (2**64,), [f"/0: must be at most {2**64 - 1}"]),
        ({"type": "integer"}, (True,), ["/0: must be integer"]),
        ({"type": "integer"}, (1.0,), []),
        ({"type": "integer"}, (10**4301,), ["/0: the integer is too large"]),
        ({}, (math.nan,), ["/0: NaN and infinity are not JSON numbers"]),
        ({}, ("\ud800",), ["/0: text with a lone surrogate is not Unicode"]),
        ({}, (b"x",), ["/0: binary data where the schema has none"]),
        ({}, ({1: 2},), ["/0: a key is not text"]),
        ({}, (object(),), ["/0: a object is not a JSON value"]),
        ({"type": "string", "format": "binary"}, (b"x",), []),
        ({"type": "string", "format": "binary"}, ("x",), ["/0: must be binary data"]),
        ({"type": ["string", "null"], "format": "binary"}, (None,), []),
        ({"format": "unheard-of", "type": "string"}, ("x",), []),
        ({"format": "date", "type": "string"}, ("31.1.2026",), ["/0: must match the format `date`"]),
        ({"x-binary": "not ours"}, ("x",), []),
        ({"additionalProperties": {"type": "null"}}, ({"0": 1},), ["/0/0: must be null"]),
        ({"additionalProperties": {"type": "null"}}, ({"007": [1]},), ["/0/007: must be null"]),
        ({"properties": {"1": {"items": {"type": "null"}}}}, ({"1": [1]},), ["/0/1/0: must be null"]),
    ],
)
def test_a_violation_says_where_and_what(
    schema: Json, args: tuple[object, ...], violations: list[str]
) -> None:
    assert found(schema, *args) == violations


def test_an_enumeration_of_many_members_is_checked_in_every_part_of_a_value() -> None:
    schema: Json = {"items": {"enum": [{"id": number} for number in range(300)]}}

    assert found(schema, [{"id": 0}, {"id": 299.0}]) == []
    assert found(schema, [{"id": 0}, {"id": 300}]) == [
        "/0/1: must be one of the 300 values that the schema lists"
    ]
    assert found(schema, [{"id": True}]) == ["/0/0: must be one of the 300 values that the schema lists"]


def test_args_of_another_type_than_a_list_are_read_as_one() -> None:
    assert validator({"type": "string"}).check(UserList(["a"])) == ()


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_dialect_has_its_engine(dialect: str) -> None:
    assert found({"type": "string"}, "a", dialect=dialect) == []
    assert found({"type": "string"}, 1, dialect=dialect) == ["/0: must be string"]


@pytest.mark.parametrize(
    ("dialect", "schema", "accepted"),
    [
        ("http://json-schema.org/draft-04/schema", {"maximum": 1, "exclusiveMaximum": True}, False),
        (DRAFT_07, {"exclusiveMaximum": 1}, False),
        ("http://json-schema.org/draft-04/schema", {"const": 2}, True),
        (DRAFT_07, {"dependentRequired": {"a": ["b"]}}, True),
    ],
)
def test_a_dialect_decides_what_a_keyword_means(dialect: str, schema: Json, accepted: bool) -> None:
    assert validator(schema, dialect).accepts((1,)) is accepted


def test_violations_carry_paths_and_the_instance_apart_from_the_message() -> None:
    schema: Json = {
        "properties": {"a": {"$ref": "#/definitions/n"}},
        "definitions": {"n": {"type": "integer"}},
    }
    (violation,) = validator(schema).check([{"a": "secret"}])

    assert (violation.path, violation.schema_path) == ((0, "a"), ("definitions", "n", "type"))
    assert violation.instance == "secret"
    assert "secret" not in f"{violation} {violation!r}"


@pytest.mark.parametrize(
    ("schema", "schema_path"),
    [({"maximum": 0}, ("maximum",)), ({"items": [{"maximum": 0}]}, ("items", 0, "maximum"))],
)
def test_the_path_in_the_schema_is_one_in_the_schema_as_written(
    schema: Json, schema_path: tuple[str | int, ...]
) -> None:
    assert validator(schema).check([1])[0].schema_path == schema_path


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "null"}, True),
        ({}, True),
        ({"type": "string"}, False),
        ({"items": [{}]}, True),
        ({"items": [{}, {}]}, False),
        (NO_ARGS, False),
    ],
)
def test_a_validator_knows_whether_null_will_do(schema: Json, expected: bool) -> None:
    assert validator(schema).accepts_null is expected


def test_a_validator_knows_its_kind() -> None:
    pair = validator({"items": [{}, {"type": "string", "format": "binary"}]})
    single = validator({"type": "string"})

    assert (pair.is_tuple, pair.takes_bytes, pair.min_args, pair.max_args) == (True, True, 2, 2)
    assert (single.is_tuple, single.takes_bytes, single.min_args, single.max_args) == (False, False, 1, 1)


def test_args_that_a_reader_made_are_checked_by_the_schema_alone() -> None:
    open_to_all = validator({"items": [True]})
    surrogate = "\ud800"  # no reader would let it pass
    assert [str(v) for v in open_to_all.check((surrogate,))] == [
        "/0: text with a lone surrogate is not Unicode"
    ]
    args, wrong = JsonArgs((surrogate,)), JsonArgs((1,))
    assert open_to_all.check(args, args) == ()
    assert [str(v) for v in validator({"type": "string"}).check(wrong, wrong)] == ["/0: must be string"]
    assert open_to_all.check((surrogate, *args[1:]), args) != ()  # as JsonArgs only the same tuple counts


def test_whatever_an_engine_raises_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    checker = validator({"type": "string"})

    def fail(args: object) -> bool:
        raise ValueError("secret")

    monkeypatch.setattr(checker, "_is_valid", fail)

    assert [str(violation) for violation in checker.check(["a"])] == ["cannot be checked"]
    assert not checker.is_valid(["a"])


@pytest.mark.parametrize(
    ("args", "expected"),
    [(["a"], True), ([], False), (["a", "b"], False), ([1], False), ([object()], False), (["\ud800"], False)],
)
def test_a_verdict_needs_no_explanation(args: list[object], expected: bool) -> None:
    assert validator({"type": "string"}).is_valid(args) == expected == (not found({"type": "string"}, *args))


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 1_000, 100_000])
@pytest.mark.parametrize("schema", [{}, TREE, {"items": {"type": "string", "format": "binary"}}])
def test_deep_nesting_is_refused_before_any_engine_sees_it(schema: Json, depth: int) -> None:
    assert found(schema, nested(depth)) == [f"/0: nested deeper than {MAX_DEPTH} levels"]


@pytest.mark.parametrize("schema", [{}, TREE])
def test_nesting_within_the_bound_is_checked(schema: Json) -> None:
    deepest = nested(MAX_DEPTH - 1)

    assert found(schema, deepest) == []


@pytest.mark.parametrize("leaf", ["wrong", b"wrong"])
def test_a_fault_at_the_greatest_depth_is_found(leaf: object) -> None:
    value: Any = leaf
    for _ in range(MAX_DEPTH):
        value = [value]

    assert validator(TREE).check([value])


def test_the_number_of_violations_is_bounded() -> None:
    assert len(found({"items": {"type": "integer"}}, ["x"] * 100_000)) == MOST_ERRORS
    assert (
        len(found({"additionalProperties": {"type": "integer"}}, {str(i): "x" for i in range(5_000)})) == 20
    )


def test_a_refusal_without_a_reason_is_still_a_violation(monkeypatch: pytest.MonkeyPatch) -> None:
    checker = validator({"type": "string"})
    monkeypatch.setattr(checker, "_is_valid", lambda args: False)

    assert [str(violation) for violation in checker.check(["a"])] == ["breaks the schema"]


def test_to_draft_4_a_float_is_not_an_integer() -> None:
    draft_4 = "http://json-schema.org/draft-04/schema"

    assert found({"type": "integer"}, 1, dialect=draft_4) == []
    assert found({"type": "integer", "enum": [1.0]}, 1.0, dialect=draft_4) == ["/0: must be integer"]


def test_a_definition_may_be_a_reference_and_then_nothing_else() -> None:
    schema: Json = {
        "$ref": "#/definitions/a",
        "definitions": {"a": {"$ref": "#/definitions/b", "maximum": 0}, "b": {"type": "integer"}},
    }

    assert found(schema, 1) == []
    assert found(schema, "x") == ["/0: must be integer"]


def test_a_schema_that_refers_to_itself_in_place_ends() -> None:
    endless: Json = {
        "$ref": "#/definitions/a",
        "definitions": {"a": {"allOf": [{"$ref": "#/definitions/a"}]}},
    }

    assert found(endless, 1) == []


ITEMS: list[tuple[Json, st.SearchStrategy[Any]]] = [
    ({"type": "integer"}, st.integers(-(2**63), 2**63)),
    ({"type": "string"}, st.text(st.characters(codec="utf-8"))),
    ({"type": "null"}, st.none()),
    ({"type": "array", "items": {"type": "boolean"}}, st.lists(st.booleans())),
    ({"type": "object"}, st.dictionaries(st.text(st.characters(codec="utf-8")), st.none())),
]


@settings(deadline=None, max_examples=100)
@given(st.data(), st.lists(st.sampled_from(ITEMS), max_size=4), st.booleans())
def test_args_survive_the_rules_of_tuples_in_both_directions(
    data: st.DataObject, items: list[tuple[Json, st.SearchStrategy[Any]]], modern: bool
) -> None:
    """Several args fit their tuple, and a list of them is one arg, before and after the wire."""
    schemas = [schema for schema, _ in items]
    args = tuple(data.draw(strategy) for _, strategy in items)
    dialect = "https://json-schema.org/draft/2020-12/schema" if modern else DRAFT_07
    keyword = "prefixItems" if modern else "items"
    several = validator({keyword: schemas} if schemas else {keyword: [True], "maxItems": 0}, dialect)
    single = validator({"type": "array", "items": {"anyOf": schemas or [False]}}, dialect)

    received = json.loads(json.dumps(args))
    assert several.check(args) == several.check(received) == ()
    assert single.check((list(args),)) == single.check([received]) == ()
    if len(args) != 1:
        assert not several.accepts([received])
        assert not single.accepts(args)
    assert not several.accepts([*received, None])
    assert not several.accepts(received[:-1]) or not items
