"""Which calls are run, which wait for those that run, and what is remembered for how long."""

from __future__ import annotations

import pytest

from asynction.exceptions import EventException
from asynction.server._gateway.idempotency import IdempotencyStore


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def reply(_: object) -> None:
    """Take a result."""


def other(_: object) -> None:
    """Take a result, elsewhere."""


def finished(window: IdempotencyStore, *ids: str) -> None:
    for id in ids:
        assert window.enter(id, "same", id, reply)[0]
        window.finish(id, f"result of {id}")


def test_a_repeated_id_gets_the_first_result() -> None:
    window = IdempotencyStore(10, 60)
    finished(window, "a")
    is_first, entry = window.enter("a", "same", "elsewhere", other)
    assert (is_first, entry.is_done, entry.result) == (False, True, "result of a")


def test_who_comes_while_a_call_runs_waits_for_its_result_once() -> None:
    window = IdempotencyStore(10, 60)
    assert window.enter("a", "same", "one", reply)[0]
    for _ in range(2):
        is_first, entry = window.enter("a", "same", "two", other)
        assert (is_first, entry.is_done) == (False, False)
    assert window.finish("a", 1) == [reply, other]


def test_an_id_is_for_one_request() -> None:
    window = IdempotencyStore(10, 60)
    finished(window, "a")
    with pytest.raises(EventException) as caught:
        window.enter("a", "another", "a", reply)
    assert caught.value.status == 409


def test_the_oldest_are_forgotten_after_a_time_and_when_there_are_too_many() -> None:
    clock = Clock()
    window = IdempotencyStore(2, 60, clock)
    finished(window, "a")
    clock.now = 30
    finished(window, "b", "c")
    assert window.enter("a", "same", "a", reply)[0]  # forgotten: only two are remembered
    assert not window.enter("b", "same", "b", reply)[0]
    clock.now = 90
    assert window.enter("b", "same", "b", reply)[0]


def test_calls_that_run_are_not_forgotten_but_refused_when_there_are_too_many() -> None:
    clock = Clock()
    window = IdempotencyStore(1, 60, clock)
    assert window.enter("a", "same", "a", reply)[0]
    clock.now = 1000
    with pytest.raises(EventException) as caught:
        window.enter("b", "same", "b", reply)
    assert caught.value.status == 503
    assert not window.enter("a", "same", "a", reply)[0]
