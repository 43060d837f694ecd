"""A refusal says which alternative was meant, and what is wrong in it, at a bounded cost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from asynction.contract import Json, Schema
from asynction.validation import DRAFT_07, Validator
from asynction.validation._build import build
from asynction.validation._equality import Keys
from asynction.validation._explain import MOST_ERRORS, MOST_STEPS, explain
from asynction.validation._prepare import prepare
from asynction.validation._walk import Spent, Walk
from tests.validation.bombs import BOMBS, DEPTH, DRAFT_2019, DRAFT_2020, NODE, Bomb, inheriting

CASES: dict[str, list[dict[str, Any]]] = yaml.safe_load(
    Path(__file__).with_name("explanations.yaml").read_text(encoding="utf-8")
)
BINARY: Json = {"type": "string", "format": "binary"}


def found(schema: Json, *args: object, dialect: str = DRAFT_07) -> list[str]:
    return [str(violation) for violation in Validator(Schema(schema, dialect)).check(args)]


def walked(bomb: Bomb, value: Any, **more: Json) -> tuple[Walk, bool, tuple[Any, ...]]:
    """Return a walk over a value, its verdict, and its explanation."""
    prepared = prepare(Schema({**bomb.schema, **more}, bomb.dialect))
    graph = build(prepared.value, prepared.draft)
    walk = graph.walk()
    is_valid = walk.valid(graph.root, (value,))
    return walk, is_valid, () if is_valid else explain(walk, graph.root, (value,), prepared)


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
def test_the_steps_grow_with_the_depth_not_with_the_paths(bomb: Bomb) -> None:
    for leaf in (bomb.bottom, bomb.wrong):
        few, is_valid, _ = walked(bomb, bomb.value(leaf, 10))
        many, is_valid_too, _ = walked(bomb, bomb.value(leaf, DEPTH))

        assert is_valid is is_valid_too is (leaf is bomb.bottom)
        assert many.steps <= few.steps * (DEPTH / 10 + 1)


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
def test_a_fault_below_many_levels_is_refused_and_the_same_value_without_it_accepted(bomb: Bomb) -> None:
    validator = Validator(Schema(bomb.schema, bomb.dialect))

    assert validator.check((bomb.value(bomb.bottom),)) == ()
    assert validator.check((bomb.value(bomb.wrong),))


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
def test_bytes_in_it_change_neither_verdict_nor_reason(bomb: Bomb) -> None:
    pair: Any = {"items": [{"$ref": bomb.schema["$ref"]}, BINARY], "definitions": bomb.schema["definitions"]}
    if bomb.dialect == DRAFT_2020:
        pair = {"prefixItems": pair["items"], "definitions": pair["definitions"]}
    validator, plain = Validator(Schema(pair, bomb.dialect)), Validator(Schema(bomb.schema, bomb.dialect))
    wrong = bomb.value(bomb.wrong)

    assert validator.check((bomb.value(bomb.bottom), b"x")) == ()
    assert [str(v) for v in validator.check((wrong, b"x"))] == [str(v) for v in plain.check((wrong,))]


@pytest.mark.parametrize("kind", ["allOf", "anyOf", "oneOf"])
@pytest.mark.parametrize("count", [2, 26, 60])
def test_types_that_inherit_cost_the_number_of_types_not_of_paths(kind: str, count: int) -> None:
    validator = Validator(Schema(inheriting(count, kind), DRAFT_07))
    is_valid = kind != "oneOf" or count <= 3

    assert validator.accepts(({"id": 1},)) is (is_valid if count != 3 else validator.accepts(({"id": 1},)))
    assert validator.check(({"id": "x"},))
    assert validator.check(({"id": "x"},))[0].pointer in ("/0/id", "/0")


def test_a_shared_type_is_explained_once() -> None:
    assert found(inheriting(30), {"id": "x"}) == ["/0/id: must be integer"]


@pytest.mark.parametrize(
    "case", CASES["alternatives"] + CASES["keywords"], ids=lambda case: str(case["schema"])[:60]
)
def test_what_is_wrong_is_said_in_words(case: dict[str, Any]) -> None:
    assert found(case["schema"], case["value"]) == case["violations"]


@pytest.mark.parametrize("case", CASES["later"], ids=lambda case: str(case)[:60])
def test_the_keywords_of_later_drafts_are_explained(case: dict[str, Any]) -> None:
    for dialect in (DRAFT_2019, DRAFT_2020):
        assert found(case["schema"], case["value"], dialect=dialect) == case["violations"]


ROWS: Json = {"type": "array", "items": {"type": "object", "properties": {"id": {"type": "integer"}}}}


@pytest.mark.parametrize("schema", [ROWS, {"properties": {"rows": ROWS}}], ids=["array", "object"])
def test_the_fault_of_a_late_item_among_many_is_found(schema: Json) -> None:
    rows: list[Json] = [{"id": number} for number in range(MOST_STEPS)]
    rows[-1] = {"id": "x"}
    value, path = (rows, "/0") if schema is ROWS else ({"rows": rows}, "/0/rows")

    assert found(schema, value) == [f"{path}/{MOST_STEPS - 1}/id: must be integer"]


def test_the_steps_of_an_explanation_are_bounded() -> None:
    """The engine is asked a few times only, as it would look at the bottom once for each level."""
    schema: Json = {
        "$ref": "#/definitions/N",
        "definitions": {"N": {"anyOf": [{"type": "integer"}, {"items": NODE, "type": "array"}]}},
    }
    bottom: list[Any] = [0] * 30_000
    bottom.append("x")
    value: list[Any] = bottom
    for _ in range(30):
        value = [*range(300), value]

    (violation,) = Validator(Schema(schema, DRAFT_07)).check((value,))

    assert violation.message == "breaks the schema"
    assert len(violation.path) > 1


def test_every_step_counts() -> None:
    walk = Walk(Keys())
    walk.budget = 1
    walk.spend(1)

    with pytest.raises(Spent):
        walk.spend(1)


def test_what_was_found_before_the_steps_were_spent_is_reported() -> None:
    schema: Json = {"properties": {"a": {"type": "null"}, "b": {"additionalProperties": {"type": "integer"}}}}
    many: dict[str, Any] = {str(number): number for number in range(MOST_STEPS)}

    assert found(schema, {"a": 1, "b": {**many, "last": "x"}}) == ["/0/a: must be null"]
    assert found(schema, {"b": {**many, "last": "x"}}) == ["/0/b: breaks the schema"]


def test_the_number_of_violations_is_bounded() -> None:
    schema: Json = {"items": {"properties": {str(number): {"type": "null"} for number in range(30)}}}

    assert len(found(schema, [{str(number): 1 for number in range(30)}])) == MOST_ERRORS
