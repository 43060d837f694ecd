"""Values are equal as JSON Schema says, found by hashing."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asynction.validation._equality import Blob, Blobs, Keys

VALUES = st.recursive(
    st.sampled_from([None, False, True, -1, 0, 1, 2, 0.0, 1.0, 0.5, 2.0**60, 2**60, "", "1", "a"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=6,
)


def equal(one: Any, other: Any) -> bool:
    """Compare as JSON Schema does, one pair after the other."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(equal, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(equal(one[key], other[key]) for key in one)
    return bool(one == other)


@given(VALUES, VALUES)
def test_equal_values_have_equal_keys_and_others_have_not(one: Any, other: Any) -> None:
    keys = Keys()

    assert (keys.of(one) == keys.of(other)) is equal(one, other)
    assert keys.of(one) == Keys(keys).of(one)


@given(st.lists(VALUES, max_size=5))
def test_items_are_unique_if_no_two_are_equal(items: list[Any]) -> None:
    pairs = [(one, other) for index, one in enumerate(items) for other in items[:index]]

    assert Keys().are_unique(items) is not any(equal(one, other) for one, other in pairs)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (1, 1.0, True),
        (1, True, False),
        (0, False, False),
        (1, "1", False),
        (None, False, False),
        (2**53 + 1, float(2**53), False),
        (10**30, 1e30, False),
        (2**70, float(2**70), True),
        ([1, 2], [2, 1], False),
        ([1, 2], (1, 2), True),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        ({"a": 1}, {"a": True}, False),
        ([], {}, False),
        (Blob(b"x", ()), Blob(bytearray(b"x"), (1,)), True),
        (Blob(b"x", ()), Blob(memoryview(b"y"), ()), False),
        (Blob(b"x", ()), "x", False),
    ],
)
def test_types_decide_before_values_do(one: object, other: object, same: bool) -> None:
    keys = Keys()

    assert (keys.of(one) == keys.of(other)) is same
    assert keys.are_unique([one, other]) is not same


def test_large_integers_do_not_share_a_hash() -> None:
    """Python's own hash of an integer is its rest by a prime: all of these have the hash 0."""
    prime = 2**61 - 1
    numbers = [prime * factor for factor in range(1, 1000)]

    assert {hash(number) for number in numbers} == {0}
    assert len({hash(Keys().of(number)) for number in numbers}) > 900


def test_a_container_is_read_once() -> None:
    keys, inner = Keys(), [1, 2, 3]
    key = keys.of([inner, inner])
    inner.append(4)  # never done in the code; it shows that the value is not read again

    assert keys.of([inner, inner]) == key


def test_bytes_are_replaced_and_what_has_none_is_kept() -> None:
    plain, data = {"a": [1]}, b"x"
    blobs = Blobs()

    copy: Any = blobs.replace({"plain": plain, "list": (data, [data])})

    assert copy["plain"] is plain
    assert [blob.path for blob in blobs.found] == [("list", 0), ("list", 1, 0)]
    assert blobs.holders == {id(each) for each in (copy, copy["list"], copy["list"][1], *blobs.found)}


@pytest.mark.parametrize(("one", "other"), [(-1, -2), (0.5, 2.0**-62), (2**61, 1), (0, 2**61 - 1), (1, 2)])
def test_a_client_cannot_send_many_containers_that_share_a_hash(one: Any, other: Any) -> None:
    """Python's own hash of the first pairs is the same."""
    keys = Keys()
    rows = list(product((one, other), repeat=10))
    for values in ([list(row) for row in rows], [dict(enumerate(row)) for row in rows]):
        assert len({hash(keys._content(value)) for value in values}) == len(rows)
        assert keys.are_unique(values)
