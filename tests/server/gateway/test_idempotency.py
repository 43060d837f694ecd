"""Which calls are run, which wait for those that run, and what is remembered for how long."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest

from asynction.exceptions import EventException
from asynction.runtime import ANONYMOUS
from asynction.security import Identity
from asynction.server._gateway.idempotency import IdempotencyStore, Key, canonical, digest, window_of


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def reply(_: object) -> None:
    """Take a result."""


def other(_: object) -> None:
    """Take a result, elsewhere."""


def key(id: str) -> Key:
    return "ada", id


def finished(window: IdempotencyStore, *ids: str) -> None:
    for id in ids:
        assert window.enter(key(id), "same", id, reply)[0]
        window.finish(key(id), f"result of {id}")


def test_a_repeated_id_gets_the_first_result() -> None:
    window = IdempotencyStore(10, 60)
    finished(window, "a")
    is_first, entry = window.enter(key("a"), "same", "elsewhere", other)
    assert (is_first, entry.is_done, entry.result) == (False, True, "result of a")


def test_who_comes_while_a_call_runs_waits_for_its_result_once() -> None:
    window = IdempotencyStore(10, 60)
    assert window.enter(key("a"), "same", "one", reply)[0]
    for _ in range(2):
        is_first, entry = window.enter(key("a"), "same", "two", other)
        assert (is_first, entry.is_done) == (False, False)
    assert window.finish(key("a"), 1) == [reply, other]


def test_an_id_is_for_one_request() -> None:
    window = IdempotencyStore(10, 60)
    finished(window, "a")
    with pytest.raises(EventException) as caught:
        window.enter(key("a"), "another", "a", reply)
    assert caught.value.status == 409


def test_the_oldest_are_forgotten_after_a_time_and_when_there_are_too_many() -> None:
    clock = Clock()
    window = IdempotencyStore(2, 60, clock)
    finished(window, "a")
    clock.now = 30
    finished(window, "b", "c")
    assert window.enter(key("a"), "same", "a", reply)[0]  # forgotten: only two are remembered
    assert not window.enter(key("b"), "same", "b", reply)[0]
    clock.now = 90
    assert window.enter(key("b"), "same", "b", reply)[0]


def test_calls_that_run_are_not_forgotten_but_refused_when_there_are_too_many() -> None:
    clock = Clock()
    window = IdempotencyStore(1, 60, clock)
    assert window.enter(key("a"), "same", "a", reply)[0]
    clock.now = 1000
    with pytest.raises(EventException) as caught:
        window.enter(key("b"), "same", "b", reply)
    assert caught.value.status == 503
    assert not window.enter(key("a"), "same", "a", reply)[0]


def test_the_ids_of_one_caller_say_nothing_about_those_of_another() -> None:
    window = IdempotencyStore(10, 60)
    finished(window, "a")
    assert window.enter(("bob", "a"), "another", "bob", reply)[0]
    assert not window.enter(key("a"), "same", "a", reply)[0]


# Windows --------------------------------------------------------------------------------------------


def user(scheme: str = "key", **info: object) -> Identity:
    return Identity({scheme: info})


DIFFERENT: list[tuple[Any, ...]] = [
    (user(sub="1"), None, "sid"),
    (user(sub=1), None, "sid"),
    (user(sub=1.0), None, "sid"),
    (user(sub=True), None, "sid"),
    (user(sub=["1"]), None, "sid"),
    (user(sub={"id": "1"}), None, "sid"),
    (user(sub={"id": 1}), None, "sid"),
    (user(sub="1", iss="https://a.example"), None, "sid"),
    (user("other", sub="1"), None, "sid"),
    (user(sub={1}), None, "sid"),  # nothing that could be looked up
    (user(sub={1}), None, "sid"),
    (user(), None, "of a user without a name"),
    (user(scope="read"), None, "of another"),
    (ANONYMOUS, None, "1"),
    (ANONYMOUS, None, "2"),
    (ANONYMOUS, "1", "a sid"),
    (ANONYMOUS, "2", "a sid"),
    (None, None, "3"),
]


def test_callers_who_may_be_others_have_windows_of_their_own() -> None:
    windows = [window_of(*caller) for caller in DIFFERENT]
    for one, other in combinations(windows, 2):
        assert one != other
    assert len(set(windows)) == len(windows)


SAME: list[tuple[Any, Any]] = [
    ((user(sub="1", exp=1), None, "a"), (user(exp=2, sub="1", scope="more"), "key", "b")),
    ((user(uid=7), None, "a"), (user(uid=7), None, "b")),
    ((user(sub={"a": 1, "b": [2]}), None, "a"), (user(sub={"b": (2,), "a": 1}), None, "b")),
    ((ANONYMOUS, "key", "a"), (ANONYMOUS, "key", "b")),
    ((ANONYMOUS, None, "a"), (user(scope="read"), None, "a")),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_a_caller_keeps_its_window(one: Any, other: Any) -> None:
    assert window_of(*one) == window_of(*other)


def test_a_canonical_form_does_not_depend_on_order() -> None:
    assert canonical({"a": 1, "b": 2}) == canonical({"b": 2, "a": 1})
    assert canonical([1, 2]) != canonical([2, 1])


def test_the_digest_of_data_tells_data_apart() -> None:
    values: list[Any] = [None, {}, [], 1, 1.0, True, "1", "\ud800", b"1", ["1"], {"a": b"1"}, {"a": "1"}]
    assert len({digest(value) for value in values}) == len(values)
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})


@pytest.mark.parametrize("data", [{"a": {1, 2}}, {b"a": 1, "b": 2}], ids=["a set", "keys of two types"])
def test_data_that_no_json_can_be_is_refused(data: Any) -> None:
    with pytest.raises(EventException) as caught:
        digest(data)
    assert caught.value.status == 400
