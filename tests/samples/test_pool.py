"""Values made in advance: each is used once in a round, and is a copy."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from asynction.contract import Json
from asynction.samples import CannotSample, Pool
from tests.samples.support import sampler_of

TEXT: Json = {"type": "array", "minItems": 2, "items": {"type": "object", "required": ["a"]}}
NUMBERS: Json = {"type": "integer", "minimum": 0, "maximum": 10**9}


def test_a_round_takes_each_value_once_and_the_next_one_in_another_order() -> None:
    pool = Pool(sampler_of(NUMBERS), size=20)
    first, second, third = ([pool.take_args() for _ in range(20)] for _ in range(3))

    assert len(set(first)) == 20
    assert sorted(map(str, first)) == sorted(map(str, second)) == sorted(map(str, third))
    assert first != second != third


def test_the_seed_decides() -> None:
    one, same, other = (Pool(sampler_of(NUMBERS, seed), size=3) for seed in (1, 1, 2))
    taken = [[pool.take_args() for _ in range(10)] for pool in (one, same, other)]

    assert taken[0] == taken[1] != taken[2]


def test_a_value_is_a_copy() -> None:
    pool = Pool(sampler_of(TEXT), size=1)
    (first,) = pool.take_args()
    assert isinstance(first, list)
    before = json.dumps(first)
    first[0]["a"] = "changed"
    first.append(None)

    assert json.dumps(pool.take_args()[0]) == before


def test_a_tuple_gives_several_args() -> None:
    assert len(Pool(sampler_of({"items": [{"type": "string"}, True]}), size=1).take_args()) == 2


def test_threads_may_share_it() -> None:
    pool = Pool(sampler_of(NUMBERS), size=10)
    with ThreadPoolExecutor(8) as threads:
        taken = list(threads.map(lambda _: pool.take_args(), range(100)))

    assert {taken.count(args) for args in taken} == {10}


def test_a_schema_without_values_raises_at_once() -> None:
    with pytest.raises(CannotSample):
        Pool(sampler_of(False))


def test_a_pool_has_at_least_one_value() -> None:
    with pytest.raises(ValueError, match="`size` must be at least 1"):
        Pool(sampler_of(True), size=0)
