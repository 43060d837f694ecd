"""A namespace with parameters takes the namespaces that match it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from asynction.contract import Contract, Event, Info, Namespace, Schema, Target
from asynction.exceptions import UnknownEventException
from asynction.runtime import Binder, CallSpec, ContractSchemas, Match, PlanError, is_pattern, plan_call
from asynction.runtime._namespaces import Pattern, snake_case
from asynction.validation import DRAFT_07
from tests.runtime.support import context

INTEGER = Schema({"type": "integer", "minimum": 1}, DRAFT_07)
COLOUR = Schema({"type": "string", "enum": ["red", "blue"]}, DRAFT_07)


def pattern(name: str, validation: bool = True, **parameters: Schema) -> Pattern:
    return Pattern(Namespace(name, {}, {}, parameters=parameters), validation=validation)


@pytest.mark.parametrize(
    ("name", "namespace", "values"),
    [
        ("/rooms/{id}", "/rooms/42", {"id": 42}),
        ("/rooms/{id}", "/rooms/0", None),
        ("/rooms/{id}", "/rooms/x", None),
        ("/rooms/{id}", "/rooms/", None),
        ("/rooms/{id}", "/rooms/4/2", None),
        ("/rooms/{id}", "/rooms", None),
        ("/rooms/{id}", "/x/rooms/42", None),
        ("/{colour}/{id}", "/red/7", {"colour": "red", "id": 7}),
        ("/{colour}/{id}", "/green/7", None),
        ("/{any}.log", "/x.log", {"any": "x"}),
        ("/{any}.log", "/xalog", None),
    ],
)
def test_a_pattern_matches_by_form_and_by_the_schemas_of_its_parameters(
    name: str, namespace: str, values: dict[str, object] | None
) -> None:
    match = pattern(name, id=INTEGER, colour=COLOUR).match(namespace)

    assert match == (None if values is None else Match(name, values))


def test_without_validation_only_the_form_counts() -> None:
    assert pattern("/{id}", validation=False, id=INTEGER).match("/0") == Match("/{id}", {"id": 0})


@pytest.mark.parametrize(
    ("name", "snake"), [("roomId", "room_id"), ("room", "room"), ("room-id", "room_id"), ("ID", "id")]
)
def test_parameters_have_a_python_spelling(name: str, snake: str) -> None:
    assert snake_case(name) == snake


def test_only_braces_make_a_pattern() -> None:
    assert [name for name in ("/", "/a", "/{a}", "/a/{b}") if is_pattern(name)] == ["/{a}", "/a/{b}"]


def book() -> ContractSchemas:
    event = Event("said", Schema({"type": "string"}, DRAFT_07))
    names = ["/", "/rooms/{id}", "/rooms/{colour}"]
    parameters = {"id": INTEGER, "colour": COLOUR}
    namespaces = {name: Namespace(name, {}, {"said": event}, parameters=parameters) for name in names}
    return ContractSchemas(Contract(Info("T", "1"), {}, namespaces, {}))


@pytest.mark.parametrize(
    ("namespace", "name"),
    [
        ("/", "/"),
        ("/rooms/1", "/rooms/{id}"),
        ("rooms/red", "/rooms/{colour}"),
        ("/rooms/x", None),
        ("/x", None),
    ],
)
def test_a_rule_book_finds_the_namespace_that_one_belongs_to(namespace: str, name: str | None) -> None:
    match = book().match(namespace)

    assert (match and match.name) == name


def test_what_is_sent_to_a_match_has_the_rules_of_its_pattern() -> None:
    assert book().sent("/rooms/1", "said").namespace == "/rooms/{id}"
    with pytest.raises(UnknownEventException):
        book().sent("/rooms/x", "said")


def no_keyword(data: object) -> None: ...
def needed(data: object, *, room_id: int) -> None: ...
def as_written(data: object, *, roomId: int) -> None: ...  # noqa: N803 - the parameter's own spelling
def optional(data: object, *, room_id: int = 0, other: int = 1) -> None: ...


@pytest.mark.parametrize(
    ("handler", "names"),
    [
        (no_keyword, []),
        (needed, ["room_id"]),
        (as_written, ["roomId"]),
        (optional, ["room_id"]),
        (dict.fromkeys, []),
        (type, []),
    ],
)
def test_a_handler_asks_for_parameters_by_keyword(handler: Callable[..., Any], names: list[str]) -> None:
    made = plan_call(handler, CallSpec(parameters=["roomId"]))
    assert [name for name, _ in made.keywords] == names


def test_a_keyword_that_is_no_parameter_does_not_fit() -> None:
    assert plan_call(needed, CallSpec(1, 1, parameters=["roomId"])).min_args == 1
    with pytest.raises(PlanError, match="needs the keyword argument `room_id`, which is not passed"):
        plan_call(needed, CallSpec(1, 1, parameters=["other"]))


def test_a_handler_is_given_what_it_asks_for() -> None:
    def handler(data: str, *, room_id: int) -> tuple[str, int]:
        return data, room_id

    made = plan_call(handler, CallSpec(parameters=["roomId"]))
    function, args = made.call(context("x", parameters={"roomId": 7}))

    assert function(*args) == ("x", 7)


@pytest.mark.parametrize(("values", "given"), [({}, 0), ({"roomId": 7}, 7)])
def test_a_parameter_without_a_value_leaves_the_default(values: dict[str, object], given: int) -> None:
    def handler(data: str, *, room_id: int = 0) -> tuple[str, int]:
        return data, room_id

    function, args = plan_call(handler, CallSpec(parameters=["roomId"])).call(context("x", parameters=values))

    assert function(*args) == ("x", given)


def test_a_handler_without_a_schema_is_held_to_its_keywords_all_the_same() -> None:
    binder = Binder()

    assert binder.plan(needed, Target("tests.needed"), CallSpec()) is None
    assert [problem.rule for problem in binder.problems] == ["handler-signature"]
