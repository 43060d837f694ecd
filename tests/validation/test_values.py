"""What JSON can carry is told apart from what it cannot."""

from __future__ import annotations

import enum
import json
import math
from collections import OrderedDict
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asynction.validation._values import MAX_DEPTH, faults, is_json, locate


class Word(str):
    pass


class Level(enum.IntEnum):
    LOW = 1


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.builds(pow, st.sampled_from([10, -10]), st.integers(4296, 4303))
    | st.floats()
    | st.text(st.characters())
    | st.binary(max_size=3)
    | st.sampled_from([Decimal(1), Word("x"), Level.LOW, {1}, object()]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text(st.characters()) | st.integers() | st.just(Word("k")), inner, max_size=4)
        | st.dictionaries(st.text(), inner, max_size=2).map(OrderedDict)
    ),
    max_leaves=12,
)


def nested(depth: int, kind: type) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value] if kind is list else (value,) if kind is tuple else {"a": value}
    return value


def round_trips(value: object) -> bool:
    """What `is_json` claims, by the standard library: strict JSON text, in UTF-8, that reads back equal."""

    def plain(value: Any) -> bool:
        if type(value) is dict:
            return all(isinstance(key, str) for key in value) and all(map(plain, value.values()))
        if type(value) in (list, tuple):
            return all(map(plain, value))
        return type(value) in (str, int, float, bool, type(None))

    def listed(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: listed(item) for key, item in value.items()}
        return [listed(item) for item in value] if isinstance(value, list | tuple) else value

    if not plain(value):
        return False
    try:
        text = json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except ValueError:
        return False
    return bool(json.loads(text) == listed(value))


@settings(deadline=None, max_examples=300)
@given(ANYTHING)
def test_json_is_what_survives_a_strict_round_trip(value: object) -> None:
    assert is_json(value) is round_trips(value)


@settings(deadline=None, max_examples=300)
@given(ANYTHING)
def test_what_is_json_has_no_faults(value: object) -> None:
    if is_json(value):
        assert faults(value, binary=False, limit=9) == []


@pytest.mark.parametrize("kind", [list, tuple, dict])
@pytest.mark.parametrize(
    ("depth", "expected"), [(MAX_DEPTH + 1, True), (MAX_DEPTH + 2, False), (100_000, False)]
)
def test_nesting_is_bounded_and_never_overflows_the_stack(kind: type, depth: int, expected: bool) -> None:
    value = nested(depth, kind)

    assert is_json(value) is expected
    assert (faults(value, binary=False, limit=9) == []) is expected


def test_what_contains_itself_is_no_json() -> None:
    value: list[object] = []
    value.append(value)

    assert not is_json(value)
    assert [str(fault) for fault in faults(value, binary=True, limit=9)] == [
        f"/0: nested deeper than {MAX_DEPTH} levels"
    ]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ([math.nan], ["/0: NaN and infinity are not JSON numbers"]),
        ({"a": -math.inf}, ["/a: NaN and infinity are not JSON numbers"]),
        ("\ud800", ["text with a lone surrogate is not Unicode"]),
        ([{"a\udfff": 1}], ["/0: a key is not text"]),
        ([{1: 2}], ["/0: a key is not text"]),
        ([10**4300], ["/0: the integer is too large"]),
        ([-(10**4300)], ["/0: the integer is too large"]),
        ([Decimal(1), {1}], ["/0: a Decimal is not a JSON value", "/1: a set is not a JSON value"]),
        (
            (b"x", [bytearray(b"y")]),
            [
                "/0: binary data where the schema has none",
                "/1/0: binary data where the schema has none",
            ],
        ),
        ([memoryview(b"x")], ["/0: binary data where the schema has none"]),
        (["ok", None, True, 1, 1.5, Word("w"), Level.LOW, OrderedDict(a=1)], []),
    ],
)
def test_faults_say_what_is_wrong_and_where(value: object, expected: list[str]) -> None:
    assert [str(fault) for fault in faults(value, binary=False, limit=9)] == expected


def test_bytes_are_no_fault_where_a_schema_may_have_them() -> None:
    assert faults([b"x", bytearray(b"y"), memoryview(b"z")], binary=True, limit=9) == []


def test_faults_stop_at_the_most_that_are_wanted() -> None:
    assert len(faults([math.nan] * 100_000, binary=False, limit=5)) == 5


@pytest.mark.parametrize(
    ("path", "expected", "found"),
    [
        ((), (), {"a": [1, 2], "0": {"+1": "x", "01": "y", "1x": "z"}, "5": 6, "05": 7}),
        (("a", 1), ("a", 1), 2),
        ((0, 1), ("0", "+1"), "x"),
        (("0", "01"), ("0", "01"), "y"),
        ((5,), ("5",), 6),
    ],
)
def test_a_path_is_followed_with_the_names_of_properties_mended(
    path: tuple[str | int, ...], expected: tuple[str | int, ...], found: object
) -> None:
    value = {"a": [1, 2], "0": {"+1": "x", "01": "y", "1x": "z"}, "5": 6, "05": 7}

    assert locate(value, path) == (expected, found)
