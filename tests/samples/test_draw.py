"""All choices come from `random()`, which returns the same numbers on every Python version."""

from __future__ import annotations

from random import Random

import pytest

from asynction.samples._draw import Draw, PlainDraw


def test_the_choices_of_a_seed_are_these_on_every_python() -> None:
    draw = Draw(Random(7))

    assert [draw.below(10) for _ in range(6)] == [3, 1, 6, 0, 5, 3]
    assert draw.order("abcde") == ["a", "d", "b", "c", "e"]
    assert draw.text("xyz", 5) == "xyzxx"
    assert draw.below(2**70) == 740742405011974350948
    assert [draw.coin() for _ in range(4)] == [True, False, True, False]


@pytest.mark.parametrize("bound", [1, 2, 10, 2**31, 2**32, 2**64, 10**40])
def test_a_number_is_below_its_bound(bound: int) -> None:
    draw = Draw(Random(1))
    drawn = [draw.below(bound) for _ in range(200)]

    assert min(drawn) >= 0
    assert max(drawn) < bound
    assert bound == 1 or max(drawn) >= bound // 2 > min(drawn)


def test_a_range_includes_both_ends() -> None:
    draw = Draw(Random(1))

    assert {draw.between(-1, 1) for _ in range(50)} == {-1, 0, 1}
    assert {draw.one_of("ab") for _ in range(50)} == {"a", "b"}


def test_a_plain_draw_takes_the_first_of_everything() -> None:
    draw = PlainDraw()

    assert (draw.plain, Draw(Random(0)).plain) == (True, False)
    assert (draw.between(3, 9), draw.one_of("xyz"), draw.coin()) == (3, "x", True)
    assert draw.order("abc") == ["a", "b", "c"]
