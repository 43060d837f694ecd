"""Numbers, text and binary data."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from asynction.contract import Json
from asynction.samples._draw import Draw, PlainDraw
from asynction.samples._errors import NoValue
from asynction.samples._fakes import Fakes
from asynction.samples._leaves import binary, number, text
from asynction.samples._shape import shape_of

NO_FAKES = Fakes(None)


def numbers(schema: dict[str, Json], *, integral: bool) -> list[Any]:
    draw = Draw(Random(0))
    return [number(shape_of(schema, 7), draw, NO_FAKES, integral=integral) for _ in range(200)]


@pytest.mark.parametrize(
    ("schema", "low", "high"),
    [
        ({}, 0, 1000),
        ({"minimum": -5}, -5, 995),
        ({"maximum": 7}, 0, 7),
        ({"maximum": -7}, -1007, -7),
        ({"maximum": 10**6}, 10**6 - 1000, 10**6),
        ({"minimum": 2**31 - 3, "format": "int32"}, 2**31 - 3, 2**31 - 1),
        ({"maximum": -(2**63) + 2}, -(2**63), -(2**63) + 2),
        ({"minimum": 10**30, "maximum": 10**30 + 2}, 10**30, 10**30 + 2),
        ({"exclusiveMinimum": 0, "exclusiveMaximum": 3}, 1, 2),
    ],
)
def test_an_integer_stays_in_its_range(schema: dict[str, Json], low: int, high: int) -> None:
    made = numbers(schema, integral=True)

    assert {type(each) for each in made} == {int}
    assert low <= min(made) <= low + (high - low) // 10
    assert high - (high - low) // 10 <= max(made) <= high


@pytest.mark.parametrize(
    ("schema", "few"),
    [
        ({"minimum": 1, "maximum": 1}, {1}),
        ({"minimum": 0, "maximum": 0}, {0}),
        ({"minimum": -0.3, "maximum": -0.3}, {-0.3}),
        ({"multipleOf": 0.25, "minimum": 0.3, "maximum": 1}, {0.5, 0.75, 1}),
        ({"multipleOf": 1e-9, "exclusiveMinimum": 0, "maximum": 2e-9}, {1e-9, 2e-9}),
        ({"minimum": 1e300, "maximum": 1e300}, {10**300}),
    ],
)
def test_a_number_is_one_of_few(schema: dict[str, Json], few: set[float]) -> None:
    assert set(numbers(schema, integral=False)) == few


def test_a_narrow_range_has_numbers_too() -> None:
    made = numbers({"exclusiveMinimum": 0.001, "exclusiveMaximum": 0.002}, integral=False)

    assert 0.001 < min(made) < max(made) < 0.002


def test_numbers_are_short() -> None:
    assert all(len(str(each)) <= 6 for each in numbers({}, integral=False))


@pytest.mark.parametrize("schema", [{"minimum": 2, "maximum": 1}, {"minimum": 1, "exclusiveMaximum": 1}])
def test_an_empty_range_has_no_number(schema: dict[str, Json]) -> None:
    for integral in (True, False):
        with pytest.raises(NoValue):
            number(shape_of(schema, 7), PlainDraw(), NO_FAKES, integral=integral)


def made(schema: dict[str, Json], draw: Draw) -> str:
    return text(shape_of(schema, 7), draw, NO_FAKES)


@pytest.mark.parametrize(("least", "most"), [(0, 0), (0, 3), (5, 5), (41, 41), (60, 300)])
def test_text_has_its_length(least: int, most: int) -> None:
    for draw in (Draw(Random(1)), PlainDraw()):
        found = made({"minLength": least, "maxLength": most}, draw)
        assert least <= len(found) <= most
        assert not found.endswith(" ")


def test_where_a_format_does_not_fit_other_text_does() -> None:
    assert made({"format": "password", "maxLength": 4}, PlainDraw()) == "text"
    assert made({"format": "email", "pattern": "^x$"}, PlainDraw()) == "x"


def test_where_a_pattern_is_not_understood_some_text_may_match_it() -> None:
    assert made({"pattern": r"\p{Cyrillic}|e"}, PlainDraw()) == "text"
    with pytest.raises(NoValue):
        made({"pattern": r"^\p{Cyrillic}$"}, PlainDraw())


def test_binary_data_is_bytes() -> None:
    drawn = {binary(Draw(Random(seed))) for seed in range(20)}

    assert len(drawn) == 20
    assert {len(each) for each in drawn} <= set(range(1, 17))
    assert binary(PlainDraw()) == b"\x00\x01\x02\x03"
