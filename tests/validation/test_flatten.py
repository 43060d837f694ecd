"""A schema whose types inherit is made flat, and accepts what it has accepted."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asynction.contract import Json
from asynction.validation._engines import ENGINES
from asynction.validation._flatten import flatten
from tests.validation.bombs import inheriting


def ref(name: str) -> Json:
    return {"$ref": f"#/definitions/{name}"}


def flat(root: dict[str, Json], types: dict[str, Json], draft: int = 7) -> Any:
    return flatten({**root, "definitions": types}, draft)


DIAMOND: dict[str, Json] = {
    "A": {"required": ["a"]},
    "B": {"allOf": [ref("A")], "required": ["b"]},
    "C": {"allOf": [ref("A"), {"required": ["c"]}]},
}


def test_a_shared_ancestor_is_there_once() -> None:
    changed = flat({"items": [{"allOf": [ref("B"), ref("C")]}]}, DIAMOND)

    assert changed["items"] == [{"allOf": [ref("B.own"), ref("C.own"), ref("A")]}]
    assert changed["definitions"] == {
        **DIAMOND,
        "B.own": {"required": ["b"]},
        "C.own": {"allOf": [{"required": ["c"]}]},
    }


@pytest.mark.parametrize(
    ("draft", "root"),
    [
        (7, {"allOf": [ref("B")]}),
        (7, {"allOf": [{"type": "object"}]}),
        (7, {"$ref": "#/definitions/B", "allOf": [ref("B"), ref("C")]}),
        (2019, {"allOf": [ref("B"), ref("C")], "unevaluatedProperties": False}),
        (
            2019,
            {"allOf": [{"$ref": "#/definitions/A", "not": {}}, {"$ref": "#/definitions/A", "type": "null"}]},
        ),
    ],
)
def test_what_is_flat_or_depends_on_its_parents_is_left_as_it_is(draft: int, root: dict[str, Json]) -> None:
    assert flat(root, DIAMOND, draft) == {**root, "definitions": DIAMOND}


def test_the_names_of_what_a_type_says_itself_are_new() -> None:
    changed = flat({"allOf": [ref("B"), ref("C")]}, {**DIAMOND, "B.own": {"type": "null"}})

    assert changed["definitions"]["B.own"] == {"type": "null"}
    assert changed["definitions"]["B.own."] == {"required": ["b"]}


def test_very_many_ancestors_are_left_to_the_walk() -> None:
    schema = inheriting(300)

    assert flatten({**schema, "items": [{"allOf": [ref("T299"), ref("T298")]}]}, 7)["items"] == [
        {"allOf": [ref("T299"), ref("T298")]}
    ]


NAMES = ["T0", "T1", "T2", "T3"]
TYPES = st.fixed_dictionaries(
    {
        name: st.fixed_dictionaries(
            {},
            optional={
                "required": st.lists(st.sampled_from("abc"), min_size=1, max_size=2, unique=True),
                "allOf": st.lists(
                    st.sampled_from([ref(each) for each in NAMES[:index]] + [{"maxProperties": 2}]),
                    min_size=1,
                    max_size=3,
                ),
                "properties": st.dictionaries(
                    st.sampled_from("abc"), st.sampled_from([ref(each) for each in NAMES]), max_size=2
                ),
                "unevaluatedProperties": st.booleans(),
            },
        )
        for index, name in enumerate(NAMES)
    }
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.just({}), lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3), max_leaves=5
)


@settings(deadline=None, max_examples=200)
@given(TYPES, VALUES, st.sampled_from([7, 2019, 2020]))
def test_a_flat_schema_accepts_the_same_values(types: dict[str, Json], value: Json, draft: int) -> None:
    schema: dict[str, Json] = {"allOf": [ref("T3"), ref("T2")], "definitions": types}

    assert ENGINES[draft](flatten(schema, draft)).is_valid(value) is ENGINES[draft](schema).is_valid(value)
