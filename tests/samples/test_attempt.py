"""One attempt: its choices, its retries and its limits."""

from __future__ import annotations

from random import Random

import pytest

from asynction.contract import Json, Schema
from asynction.samples import CannotSample, example
from asynction.samples._attempt import MAX_DEPTH, MAX_STEPS, Attempt
from asynction.samples._draw import Draw, PlainDraw
from asynction.samples._errors import NoValue, StepBudgetExceeded
from asynction.samples._fakes import Fakes
from asynction.samples._source import Source
from asynction.validation import DRAFT_07
from tests.samples.support import schema_of


def attempt(
    value: Json, draw: Draw | None = None, *, use_known: bool = False, is_wild: bool = False
) -> Attempt:
    source = Source(schema_of(value), Fakes(None))
    return Attempt(source, draw or Draw(Random(0)), use_known=use_known, is_wild=is_wild)


def test_what_breaks_its_schema_is_made_again() -> None:
    value: Json = {"type": "array", "items": {"type": "integer", "not": {"multipleOf": 2}}, "minItems": 50}
    found = attempt(value)
    made = found.make(value)

    assert isinstance(made, list)
    assert all(each % 2 for each in made)
    assert found.steps > 80


def test_a_plain_attempt_asks_chance_where_it_must_and_only_there() -> None:
    value: Json = {"properties": {"a": {"type": "string", "not": {"const": "text"}}, "b": {"type": "string"}}}
    draw = PlainDraw()

    assert attempt(value, draw).make(value) == attempt(value, draw).make(value)
    made = attempt(value, draw).make(value)
    assert isinstance(made, dict)
    assert (made["a"] != "text", made["b"]) == (True, "text")


def test_values_of_the_document_are_used_on_request() -> None:
    value: Json = {"type": "string", "default": "own"}

    assert attempt(value, use_known=True).make(value) == "own"
    assert attempt(value).make(value) != "own"


def test_a_wild_attempt_makes_kinds_that_the_schema_does_not_speak_of() -> None:
    value: Json = {"minLength": 3}

    assert {type(attempt(value, Draw(Random(seed))).make(value)) for seed in range(40)} == {str}
    wild = [attempt(value, Draw(Random(seed)), is_wild=True).make(value) for seed in range(40)]
    assert {dict, list, bool, type(None), str} <= {type(each) for each in wild}


def test_an_impossible_value_is_given_up() -> None:
    value: Json = {"type": "integer", "not": {"type": "integer", "minimum": -5}}

    with pytest.raises(NoValue, match="must not match"):
        attempt(value).make(value)


def test_a_value_that_nests_without_end_is_given_up() -> None:
    value: Json = {
        "definitions": {"a": {"type": "array", "minItems": 1, "items": {"$ref": "#/definitions/a"}}},
        "$ref": "#/definitions/a",
    }
    found = attempt(value)

    with pytest.raises(StepBudgetExceeded):
        found.make(value)
    assert found.steps == MAX_DEPTH + 2


def test_a_value_that_is_too_large_is_given_up() -> None:
    value: Json = {"type": "array", "minItems": 2000, "items": {"type": "array", "minItems": 2000}}
    found = attempt(value)

    with pytest.raises(StepBudgetExceeded):
        found.make(value)
    assert found.steps == MAX_STEPS + 1


def test_a_failed_search_counts_as_many_steps() -> None:
    value: Json = {"type": "string", "minLength": 2, "maxLength": 1}
    found = attempt(value)

    with pytest.raises(NoValue):
        found.make(value)
    assert found.steps > 100


def test_once_many_values_are_made_only_what_must_be_there_is() -> None:
    inner: Json = {"type": "object", "properties": {"a": {"type": "null"}}}
    value: Json = {"type": "array", "minItems": 400, "items": inner}
    made = attempt(value).make(value)

    assert isinstance(made, list)
    assert {} in made[:50]
    assert {"a": None} in made[:50]
    assert made[300:400] == [{}] * 100


def test_an_attempt_joins_a_limited_number_of_schemas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("asynction.samples._attempt._MAX_JOINS", 3)
    schema = Schema({"allOf": [{}, {}, {}, {}]}, DRAFT_07)
    with pytest.raises(CannotSample, match="refer to each other in too many ways"):
        example(schema)
