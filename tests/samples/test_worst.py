"""The search for slow args: which values it makes, and which it leaves out."""

from __future__ import annotations

from random import Random
from time import perf_counter
from typing import Any

from asynction.contract import Schema
from asynction.samples._worst import _is_deeper, _Search, find_worst
from asynction.validation import DRAFT_07, MAX_DEPTH, Validator


def nested(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels - 1):
        value = [value]
    return value


def test_no_value_is_deeper_than_a_server_reads() -> None:
    assert not _is_deeper((nested(MAX_DEPTH),), MAX_DEPTH)
    assert _is_deeper((nested(MAX_DEPTH + 3),), MAX_DEPTH)


def test_values_that_are_too_large_or_too_deep_are_not_tried() -> None:
    search = _Search(Validator(Schema(True, DRAFT_07)), Random(0), 100)
    worst = search.run([("x" * 200,), (nested(MAX_DEPTH + 3),), ("y",)], perf_counter())
    assert worst.accepted is not None
    assert worst.accepted.args == ("y",)
    assert worst.refused is None


def test_a_schema_without_values_is_searched_from_others() -> None:
    worst = find_worst(Schema(False, DRAFT_07), random=Random(0), seconds=0.05)
    assert worst.accepted is None
    assert worst.refused is not None


def test_every_change_makes_another_value() -> None:
    search = _Search(Validator(Schema(True, DRAFT_07)), Random(0), 2000)
    args: list[object] = [{"a": ["text", 1, b"data", {}, []]}]
    made = [search._changed(args) for _ in range(400)]
    assert args == [{"a": ["text", 1, b"data", {}, []]}]
    assert len({repr(each) for each in made}) > 100
