"""Random values and examples of whole schemas, all of them valid."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from asynction.contract import Json, Schema
from asynction.document import load
from asynction.problems import Location
from asynction.samples import CannotSample, Sampler, example, example_args
from asynction.validation import DRAFT_07, Validator, schema_problems
from tests.samples.support import DRAFT_04, DRAFT_2019, DRAFT_2020, sampler_of, samples, schema_of

NODE: Json = {
    "type": "object",
    "required": ["value"],
    "properties": {"value": {"type": "integer"}, "next": {"$ref": "#/definitions/Node"}},
}
TREE: Json = {
    "type": "object",
    "required": ["kids"],
    "properties": {"kids": {"type": "array", "items": {"$ref": "#/definitions/Tree"}}},
}
TERM: Json = {
    "oneOf": [
        {
            "type": "object",
            "required": ["left", "right"],
            "properties": {"left": {"$ref": "#/definitions/Term"}, "right": {"$ref": "#/definitions/Term"}},
            "additionalProperties": False,
        },
        {"type": "number"},
    ]
}
ENDLESS: Json = {
    "type": "object",
    "required": ["a"],
    "properties": {"a": {"$ref": "#/definitions/Endless"}},
}


def _ref(name: str) -> dict[str, Json]:
    return {"$ref": f"#/definitions/{name}"}


CHAIN: dict[str, Json] = {
    f"d{index}": {
        "type": "object",
        "required": ["x"],
        "properties": {"x": _ref(f"d{index + 1}"), "y": {"type": "null"}},
    }
    for index in range(40)
}
EVEN: Json = {"multipleOf": 2}

HARD: dict[str, tuple[Json, str]] = {
    "anything": ({}, DRAFT_07),
    "true": (True, DRAFT_07),
    "several types": ({"type": ["null", "integer", "array"]}, DRAFT_07),
    "an integer without bounds of its own": ({"type": "integer", "minimum": 2**64 - 5}, DRAFT_07),
    "large integers": ({"type": "integer", "minimum": 2**80, "maximum": 2**80 + 9}, DRAFT_07),
    "an open range": ({"type": "number", "exclusiveMinimum": 1, "exclusiveMaximum": 1.001}, DRAFT_07),
    "exclusive flags of draft 4": (
        {"type": "integer", "minimum": 3, "exclusiveMinimum": True, "maximum": 5, "exclusiveMaximum": True},
        DRAFT_04,
    ),
    "cents": ({"type": "number", "multipleOf": 0.01, "minimum": 19.98, "maximum": 20}, DRAFT_07),
    "an integer of fractions": ({"type": "integer", "multipleOf": 2.5, "maximum": -1}, DRAFT_07),
    "int32": ({"type": "integer", "format": "int32", "minimum": 2**31 - 4}, DRAFT_07),
    "text of one length": ({"type": "string", "minLength": 70, "maxLength": 70}, DRAFT_07),
    "a lookahead": ({"type": "string", "pattern": r"^(?=.*\d)(?=.*[a-z])[a-z0-9]{4,8}$"}, DRAFT_07),
    "two patterns": ({"pattern": "^[ab]+$", "allOf": [{"pattern": "^.{3}$"}], "type": "string"}, DRAFT_07),
    "a format and a length": ({"type": "string", "format": "email", "minLength": 25}, DRAFT_07),
    "a negated value": ({"type": "integer", "minimum": 1, "maximum": 2, "not": {"const": 1}}, DRAFT_07),
    "a negated type": ({"not": {"type": ["object", "array", "string"]}}, DRAFT_07),
    "a negated schema in each item": (
        {"type": "array", "minItems": 20, "items": {"type": "integer", "not": EVEN}},
        DRAFT_07,
    ),
    "exactly one of two that overlap": (
        {"type": "integer", "oneOf": [EVEN, {"multipleOf": 3}]},
        DRAFT_07,
    ),
    "an alternative that contradicts": (
        {"type": "string", "anyOf": [{"type": "null"}, False, {"minLength": 50}]},
        DRAFT_07,
    ),
    "joined objects": (
        {
            "allOf": [
                {"properties": {"a": {"type": "integer"}, "c": True}, "required": ["a"]},
                {"properties": {"a": {"minimum": 5}, "b": {"enum": ["x"]}}, "additionalProperties": False},
                {"required": ["b"], "type": "object"},
            ]
        },
        DRAFT_07,
    ),
    "joined arrays": (
        {
            "allOf": [
                {"type": "array", "items": [{"type": "integer"}, True], "minItems": 4},
                {"items": {"minimum": 100}, "uniqueItems": True},
                {"items": [True], "additionalItems": {"type": "integer"}},
            ]
        },
        DRAFT_07,
    ),
    "listed values that both have": (
        {"allOf": [{"enum": [1, True, "a", None]}, {"enum": ["a", 1.0]}, {"const": 1}]},
        DRAFT_07,
    ),
    "different values of a short list": (
        {"type": "array", "uniqueItems": True, "minItems": 4, "items": {"enum": [1, True, [1], {"a": 1}]}},
        DRAFT_07,
    ),
    "it contains": (
        {"type": "array", "items": {"type": "integer"}, "contains": {"const": 5}, "maxItems": 4},
        DRAFT_07,
    ),
    "it contains several": (
        {"type": "array", "contains": {"type": "integer"}, "minContains": 2, "maxContains": 2},
        DRAFT_2019,
    ),
    "a tuple and a rest": (
        {"type": "object", "properties": {"a": {"prefixItems": [{"const": 1}], "items": {"type": "null"}}}},
        DRAFT_2020,
    ),
    "a tuple and no rest": (
        {"allOf": [{"type": "array", "items": [{"const": 1}], "additionalItems": False}]},
        DRAFT_07,
    ),
    "names of a kind": (
        {"type": "object", "propertyNames": {"pattern": "^x_"}, "minProperties": 2, "maxProperties": 3},
        DRAFT_07,
    ),
    "names that are not allowed": (
        {"properties": {"a": True, "x": True}, "propertyNames": {"const": "x"}, "type": "object"},
        DRAFT_07,
    ),
    "properties by pattern": (
        {
            "type": "object",
            "patternProperties": {"^n": {"type": "integer"}, "e$": {"maximum": 3}, "^z": False},
            "additionalProperties": False,
            "minProperties": 1,
        },
        DRAFT_07,
    ),
    "many properties without names": (
        {"type": "object", "minProperties": 30, "additionalProperties": {"type": "null"}},
        DRAFT_07,
    ),
    "few properties of many": (
        {
            "type": "object",
            "properties": dict.fromkeys("abcdef", True),
            "maxProperties": 2,
            "required": ["c"],
        },
        DRAFT_07,
    ),
    "a property that brings others": (
        {
            "type": "object",
            "required": ["a"],
            "dependencies": {"a": ["b"], "b": {"required": ["c"], "properties": {"c": {"const": 1}}}},
        },
        DRAFT_07,
    ),
    "the same in 2019": (
        {
            "type": "object",
            "required": ["a"],
            "dependentRequired": {"a": ["b"], "z": ["y"]},
            "dependentSchemas": {"b": {"minProperties": 3}, "a": {"properties": {"b": {"const": 2}}}},
        },
        DRAFT_2019,
    ),
    "a condition": (
        {
            "type": "object",
            "properties": {"kind": {"enum": ["a", "b"]}},
            "required": ["kind"],
            "if": {"properties": {"kind": {"const": "a"}}},
            "then": {"required": ["x"]},
            "else": {"required": ["y"], "properties": {"x": False}},
        },
        DRAFT_07,
    ),
    "a condition that draft 6 does not have": (
        {"type": "integer", "if": True, "then": False, "contains": True},
        "http://json-schema.org/draft-06/schema",
    ),
    "keywords that draft 4 does not have": (
        {"type": "array", "contains": {"not": True}, "const": 1, "minItems": 1},
        DRAFT_04,
    ),
    "a condition that cannot hold": (
        {"type": "integer", "if": {"type": "string"}, "then": False, "else": {"minimum": 4}},
        DRAFT_07,
    ),
    "nothing that nobody asked for": (
        {
            "type": "object",
            "allOf": [{"properties": {"a": {"type": "integer"}}, "required": ["a"]}],
            "anyOf": [{"properties": {"b": {"const": 1}}, "required": ["b"]}, {"required": ["a"]}],
            "unevaluatedProperties": False,
        },
        DRAFT_2019,
    ),
    "no more items than asked for": (
        {"allOf": [{"type": "array", "allOf": [{"prefixItems": [True]}], "unevaluatedItems": False}]},
        DRAFT_2020,
    ),
    "beside a reference": (
        {"definitions": {"a": {"type": "integer"}}, "$ref": "#/definitions/a", "minimum": 2**40},
        DRAFT_2019,
    ),
    "beside a reference of old": (
        {"definitions": {"a": {"type": "integer"}}, "$ref": "#/definitions/a", "type": "string"},
        DRAFT_07,
    ),
    "a list of nodes": ({"definitions": {"Node": NODE}, "$ref": "#/definitions/Node"}, DRAFT_07),
    "a tree": ({"definitions": {"Tree": TREE}, "$ref": "#/definitions/Tree"}, DRAFT_07),
    "a term": ({"definitions": {"Term": TERM}, "$ref": "#/definitions/Term"}, DRAFT_07),
    "one of itself": (
        {
            "definitions": {"a": {"anyOf": [{"$ref": "#/definitions/a"}, {"type": "string"}]}},
            "allOf": [{"$ref": "#/definitions/a"}, {"type": "string"}],
        },
        DRAFT_2019,
    ),
    "deep but finite": ({"definitions": {**CHAIN, "d40": {"type": "integer"}}, **_ref("d0")}, DRAFT_07),
    "a kind that the schema does not speak of": (
        {"minimum": 3, "exclusiveMaximum": 3, "minLength": 2, "maxLength": 1},
        DRAFT_07,
    ),
}

IMPOSSIBLE: dict[str, tuple[Json, str]] = {
    "false": (False, "allows no value"),
    "lengths": ({"type": "string", "minLength": 3, "maxLength": 2}, "no text has the required length"),
    "long text": ({"type": "string", "minLength": 10**9}, "no text has the required length"),
    "pattern": ({"type": "string", "pattern": "^a$", "minLength": 2}, "no text was found"),
    "range": ({"type": "integer", "exclusiveMinimum": 1, "exclusiveMaximum": 2}, "no number"),
    "types": ({"allOf": [{"type": "string"}, {"type": "integer"}]}, "contradict"),
    "values": ({"enum": ["a"], "type": "integer"}, "none of the listed values"),
    "alternatives": ({"anyOf": [{"type": "string"}, False], "type": "null"}, "none of its alternatives"),
    "negation": ({"const": 1, "not": {"type": "integer", "minimum": 0}}, "must not match"),
    "items": ({"allOf": [{"type": "array", "minItems": 2, "maxItems": 1}]}, "no array"),
    "an item": ({"allOf": [{"type": "array", "minItems": 1, "items": False}]}, "no array"),
    "different items": (
        {"type": "array", "minItems": 2, "uniqueItems": True, "items": {"type": "null"}},
        "too few different items",
    ),
    "properties": (
        {"type": "object", "minProperties": 2, "maxProperties": 1},
        "more properties are required than allowed",
    ),
    "a property": ({"type": "object", "required": ["a"], "properties": {"a": False}}, "allows no value"),
    "no more properties": (
        {"type": "object", "minProperties": 2, "properties": {"a": True}, "additionalProperties": False},
        "at least 2 properties",
    ),
    "recursion": ({"definitions": {"Endless": ENDLESS}, "$ref": "#/definitions/Endless"}, "nest without end"),
    "itself": ({"definitions": {"a": {"$ref": "#/definitions/a"}}, "$ref": "#/definitions/a"}, "itself"),
    "too large": (
        {"type": "array", "minItems": 2000, "items": {"type": "array", "minItems": 2000}},
        "too large",
    ),
    "many items": ({"allOf": [{"type": "array", "minItems": 10**6}]}, "more than 2000 items"),
    "many properties": ({"type": "object", "minProperties": 10**6}, "more than 2000 properties"),
}


@pytest.mark.parametrize(("value", "dialect"), HARD.values(), ids=HARD)
def test_a_hard_schema_has_samples_and_an_example(value: Json, dialect: str) -> None:
    schema = Schema(value, dialect)
    sampler = Sampler(schema, random=Random(0))
    made = [sampler.sample_args() for _ in range(20)]
    made.append(example_args(schema))

    validator = Validator(schema)
    assert [args for args in made if not validator.accepts(args)] == []


@pytest.mark.parametrize(("value", "reason"), IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_a_schema_without_values_is_reported_with_its_location(value: Json, reason: str) -> None:
    location = Location("a.yaml", 7, 3, "/x")
    schema = Schema(value, DRAFT_07, location)

    with pytest.raises(CannotSample, match=reason) as found:
        Sampler(schema, random=Random(0)).sample()
    assert found.value.location is location
    with pytest.raises(CannotSample, match=r"^a\.yaml:7:3: "):
        example(schema)


def test_what_has_failed_once_is_not_tried_again() -> None:
    random = Random(0)
    sampler = Sampler(schema_of({"type": "string", "pattern": "^a$", "minLength": 2}), random=random)
    with pytest.raises(CannotSample) as first:
        sampler.sample()
    state = random.getstate()

    with pytest.raises(CannotSample) as second:
        sampler.sample()
    assert str(second.value) == str(first.value)
    assert random.getstate() == state


def test_a_schema_in_another_language_has_no_values_here() -> None:
    schema = Schema(None, "application/vnd.apache.avro")

    with pytest.raises(CannotSample, match="avro"):
        example(schema)
    with pytest.raises(CannotSample, match="avro"):
        Sampler(schema, random=Random(0))


@pytest.mark.parametrize("value", [HARD["a tree"][0], HARD["joined objects"][0], {}, HARD["a lookahead"][0]])
def test_a_seed_gives_the_same_values(value: Json) -> None:
    def drawn(seed: int) -> list[Any]:
        sampler = sampler_of(value, seed)
        return [sampler.sample() for _ in range(20)]

    assert drawn(1) == drawn(1) != drawn(2)


def test_these_are_the_values_of_a_seed_on_every_python() -> None:
    schema: Json = {
        "type": "object",
        "required": ["id", "at", "name", "price"],
        "properties": {
            "id": {"type": "string", "format": "uuid"},
            "at": {"type": "string", "format": "date-time"},
            "name": {"type": "string"},
            "price": {"type": "number", "multipleOf": 0.05},
            "code": {"type": "string", "pattern": "^[A-Z]{2}$"},
            "tags": {"type": "array", "items": {"enum": ["a", "b"]}},
        },
    }
    assert [sampler_of(schema, seed).sample() for seed in (1, 2)] == [
        {
            "id": "a6cecc0c-c9e9-4606-9807-2e8f0741c7bc",
            "at": "2027-08-14T07:44:06Z",
            "name": "silver fjord",
            "price": 901.45,
            "code": "FK",
            "tags": [],
        },
        {
            "id": "ab73739b-4ee2-47e8-9b1f-28269b575bc1",
            "at": "2024-04-20T22:39:37Z",
            "name": "zephyr yarrow north",
            "price": 268.25,
            "tags": [],
        },
    ]


@pytest.mark.parametrize(
    ("value", "args"),
    [
        ({"type": "array", "items": {"type": "null"}, "minItems": 1}, ([None],)),
        ({"items": [{"const": 1}, {"const": "a"}]}, (1, "a")),
        ({"prefixItems": [{"const": 1}], "items": {"const": 2}, "minItems": 3, "maxItems": 3}, (1, 2, 2)),
        ({"items": [{"const": 1}], "additionalItems": {"const": 2}}, (1,)),
        ({"items": [True], "minItems": 0, "maxItems": 0}, ()),
        ({"const": [1]}, ([1],)),
        ({"items": [{"type": "string", "format": "binary"}]}, (b"\x00\x01\x02\x03",)),
    ],
)
def test_a_tuple_describes_the_args_one_by_one(value: Json, args: tuple[object, ...]) -> None:
    schema = schema_of(value)

    assert example_args(schema) == args
    assert example(schema) == (list(args) if Validator(schema).is_tuple else args[0])
    for seed in range(10):
        made = sampler_of(value, seed).sample_args()
        assert Validator(schema).accepts(made)
        whole = sampler_of(value, seed).sample()
        assert whole == (list(made) if Validator(schema).is_tuple else made[0])


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ({"type": "string", "examples": ["Ada", "Bo"], "default": "x"}, "Ada"),
        ({"type": "string", "example": "Ada", "default": "x"}, "Ada"),
        ({"type": "string", "default": "x", "enum": ["y", "x"]}, "x"),
        ({"type": "string", "examples": [3, "valid"]}, "valid"),
        ({"type": "string", "default": 3}, "text"),
        ({"const": {"a": 1}}, {"a": 1}),
        ({"enum": ["b", "a"]}, "b"),
        ({"type": "string"}, "text"),
        ({"type": "string", "minLength": 6}, "text amber"),
        ({"type": "string", "maxLength": 3}, "tex"),
        ({"type": "string", "format": "email"}, "ada@example.com"),
        ({"type": "string", "format": "first_name"}, "text"),
        ({"type": "string", "format": "date-time"}, "2026-01-31T12:30:00Z"),
        ({"type": "string", "pattern": r"^[A-Z]{2}-\d{3}$"}, "AA-000"),
        ({"type": ["null", "integer"]}, 1),
        ({"type": "integer", "minimum": 18}, 18),
        ({"type": "integer", "maximum": 0}, 0),
        ({"type": "number"}, 1.5),
        ({"type": "number", "multipleOf": 0.4}, 1.6),
        ({"type": "boolean"}, True),
        ({"type": "null"}, None),
        ({"type": "array", "items": {"type": "integer"}}, [1]),
        ({"type": "array"}, ["text"]),
        ({"type": "array", "items": {"enum": [1, 2]}, "minItems": 2}, [1, 1]),
        ({"type": "array", "items": False}, []),
        ({"type": "object"}, {}),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, {"amber": 1}),
        ({"type": "object", "patternProperties": {"^x-": True}}, {"x-": "text"}),
        ({"oneOf": [{"type": "integer"}, {"type": "string"}]}, 1),
        ({"type": "string", "not": {"const": "text"}}, "kettle grove meadow"),
        (
            {
                "type": "object",
                "required": ["b"],
                "properties": {
                    "a": {"type": "string"},
                    "b": {"type": "object", "properties": {"c": {"type": "integer"}}},
                    "d": {"type": "object", "properties": {"hidden": True}, "additionalProperties": True},
                    "e": False,
                },
            },
            {"a": "text", "b": {"c": 1}, "d": {}},
        ),
        (HARD["a list of nodes"][0], {"value": 1, "next": {"value": 1}}),
        (HARD["a tree"][0], {"kids": [{"kids": []}]}),
    ],
)
def test_an_example_is_the_documents_own_or_something_typical(value: Json, shown: object) -> None:
    assert example(schema_of(value)) == shown


def test_an_example_is_a_copy() -> None:
    value: Json = {"enum": [["a"]], "default": ["a"]}
    for _ in range(2):
        found = example(schema_of(value))
        assert found == ["a"]
        assert isinstance(found, list)
        found.append("changed")
    sample = sampler_of({"enum": [["a"]]}).sample()
    assert isinstance(sample, list)
    sample.append("changed")

    assert value == {"enum": [["a"]], "default": ["a"]}


def test_optional_properties_are_there_or_not() -> None:
    made = samples({"type": "object", "properties": {"a": {"type": "null"}, "b": {"type": "null"}}})

    assert {tuple(each) for each in made} == {(), ("a",), ("b",), ("a", "b")}


def test_a_recursion_ends_but_not_at_once() -> None:
    def depth(tree: Any) -> int:
        return 1 + max(map(depth, tree["kids"]), default=0)

    depths = [depth(tree) for tree in samples(HARD["a tree"][0], 100)]
    assert min(depths) == 1
    assert 3 < max(depths) < 12


SPECS = Path(__file__).parents[2] / "specs" / "examples"


@pytest.mark.parametrize("path", sorted(SPECS.glob("*/asyncapi*.yaml")), ids=lambda path: str(path.name))
def test_each_event_of_the_examples_has_an_example_and_samples(path: Path) -> None:
    namespaces = load(path).namespaces.values()
    events = [event for each in namespaces for event in (*each.receives.values(), *each.sends.values())]
    schemas = [schema for event in events for schema in (event.args, event.ack) if schema is not None]

    for schema in schemas:
        validator = Validator(schema)
        assert validator.accepts(example_args(schema))
        assert validator.accepts(Sampler(schema, random=Random(0)).sample_args())
    assert schemas


# ------------------------------------------------------------------------ whatever the schema

COUNTS = st.integers(0, 3)
VALUES = st.sampled_from([None, True, 0, 1, 1.5, "", "ab", [], [1, "a"], {}, {"a": 1}])
KINDS = ["null", "boolean", "integer", "number", "string", "array", "object"]
SMALL: st.SearchStrategy[Json] = st.one_of(
    st.booleans(),
    st.fixed_dictionaries(
        {"type": st.sampled_from(KINDS) | st.lists(st.sampled_from(KINDS), min_size=1, unique=True)}
    ),
    st.fixed_dictionaries(
        {"type": st.sampled_from(["integer", "number"])},
        optional={
            "minimum": st.integers(-3, 3),
            "exclusiveMaximum": st.integers(3, 9),
            "multipleOf": st.sampled_from([1, 2, 0.5, 0.25]),
        },
    ),
    st.fixed_dictionaries(
        {"type": st.just("string")},
        optional={
            "minLength": COUNTS,
            "maxLength": COUNTS,
            "pattern": st.sampled_from(["^a", "b$", r"^\d+$", "^[a-c]{2}$", "(x|y)"]),
            "format": st.sampled_from(["date", "uuid", "ipv6", "uri", "unheard-of"]),
        },
    ),
    st.fixed_dictionaries({"const": VALUES}),
    st.fixed_dictionaries({"enum": st.lists(VALUES, min_size=1, max_size=3)}),
)
NAMES = st.sampled_from(["a", "b"])


def _more(inner: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    some = st.lists(inner, min_size=1, max_size=2)
    keywords: dict[str, st.SearchStrategy[Any]] = {
        "items": inner | some,
        "contains": inner,
        "minItems": COUNTS,
        "maxItems": COUNTS,
        "uniqueItems": st.booleans(),
        "properties": st.dictionaries(NAMES, inner, max_size=2),
        "patternProperties": st.dictionaries(st.sampled_from(["^a", "^x"]), inner, max_size=2),
        "additionalProperties": inner,
        "propertyNames": inner,
        "required": st.lists(NAMES, unique=True, min_size=1),
        "minProperties": COUNTS,
        "maxProperties": COUNTS,
        "dependencies": st.dictionaries(NAMES, inner | st.just(["b"]), max_size=2),
        "allOf": some,
        "anyOf": some,
        "oneOf": some,
        "not": inner,
        "if": inner,
        "then": inner,
        "else": inner,
        "$ref": st.just("#/definitions/d"),
    }
    return st.fixed_dictionaries({}, optional=keywords)


SCHEMAS = st.recursive(SMALL, _more, max_leaves=5)
CHECKED = jsonschema.FormatChecker(formats=())
"""The formats that are checked here, too: alternatives may differ in nothing else."""


def _is_of_format(name: str) -> Callable[[object], bool]:
    validator = Validator(Schema({"format": name}, DRAFT_07))
    return lambda text: validator.accepts((text,))


for name in ("date", "uuid", "ipv6", "uri"):
    CHECKED.checks(name)(_is_of_format(name))


@pytest.mark.no_cover
@settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow]
)
@given(SCHEMAS, SCHEMAS, st.integers(0, 9), st.sampled_from([DRAFT_07, DRAFT_2020]))
def test_whatever_is_made_conforms(value: Json, definition: Json, seed: int, dialect: str) -> None:
    if isinstance(value, dict):
        value = {**value, "definitions": {"d": definition}}
    assume(not schema_problems(value, dialect))
    schema = Schema(value, dialect)
    try:
        found = [Sampler(schema, random=Random(seed)).sample_args(), example_args(schema)]
    except CannotSample:
        return
    library: Any = jsonschema.Draft7Validator if dialect == DRAFT_07 else jsonschema.Draft202012Validator
    for args in found:
        assert Validator(schema).accepts(args)
        instance = list(args) if Validator(schema).is_tuple else args[0]
        with contextlib.suppress(RecursionError):  # a schema that refers to itself in place
            assert library(value, format_checker=CHECKED).is_valid(instance)


@pytest.mark.no_cover
@settings(deadline=None, max_examples=100)
@given(SMALL, st.integers(0, 9))
def test_a_schema_that_takes_a_value_of_each_kind_has_samples(inner: Json, seed: int) -> None:
    """Text is always possible, whatever the other alternative is."""
    value: Json = {
        "type": "object",
        "required": ["a"],
        "properties": {"a": {"anyOf": [inner, {"type": "string"}]}},
    }

    assert sampler_of(value, seed).sample() is not None
