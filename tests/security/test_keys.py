"""When keys are fetched, used and given up: all of it by a clock that the test has."""

from __future__ import annotations

from typing import Any

import pytest

from asynction.security._keys import (
    COOLDOWN,
    KEPT,
    LOST,
    MAX_AGE,
    MAX_PAUSE,
    REFRESH_AGE,
    KeyCache,
    Step,
)

IDLE = Step(begins=False, waits=False)
FETCH = Step(begins=True, waits=True)
WAIT = Step(begins=False, waits=True)
REFRESH = Step(begins=True, waits=False)

START = 1000.0
EMPTY = KeyCache()
FETCHING = EMPTY.begun(START, 5)
FRESH = FETCHING.succeeded(START, START + 1, {"a": "key"})
FAILED = FETCHING.failed(START, START + 1, "status 500")


def stale(age: float) -> KeyCache:
    """Return a cache whose keys have this age at START, and could not be fetched again one second ago."""
    fetched = KeyCache({"a": "key"}, fetched=START - age)
    return fetched.begun(START - 2, 5).failed(START - 2, START - 1, "status 500")


@pytest.mark.parametrize(
    ("cache", "kid", "now", "step"),
    [
        (EMPTY, "a", START, FETCH),
        (FETCHING, "a", START, WAIT),
        (FETCHING, "a", START + 4, WAIT),
        (FETCHING, "a", START + 5 + LOST - 1, WAIT),  # past its deadline: the wait is over at once
        (FETCHING, "a", START + 5 + LOST, FETCH),
        (FRESH, "a", START + 1, IDLE),
        (FRESH, "a", START + REFRESH_AGE - 1, IDLE),
        (FRESH, "a", START + REFRESH_AGE, REFRESH),
        (FRESH, "a", START + MAX_AGE - 1, REFRESH),
        (FRESH, "a", START + MAX_AGE, FETCH),
        (FRESH, "b", START + 1, IDLE),
        (FRESH, "b", START + COOLDOWN, IDLE),
        (FRESH, "b", START + 1 + COOLDOWN, FETCH),
        (FRESH.begun(START + 10, 5), "a", START + 11, IDLE),
        (FRESH.begun(START + 10, 5), "b", START + 11, WAIT),
        (FRESH.begun(START + MAX_AGE, 5), "a", START + MAX_AGE, WAIT),
        (FAILED, "a", START + 1, IDLE),
        (FAILED, "a", START + COOLDOWN, IDLE),
        (FAILED, "a", START + 1 + COOLDOWN, FETCH),
        (stale(MAX_AGE), "a", START, IDLE),
        (stale(MAX_AGE), "b", START, IDLE),
        (stale(MAX_AGE), "a", START - 1 + COOLDOWN, REFRESH),
        (stale(MAX_AGE), "b", START - 1 + COOLDOWN, FETCH),
        (stale(MAX_AGE).begun(START, 5), "a", START, IDLE),
        (stale(MAX_AGE).begun(START, 5), "b", START, WAIT),
        (stale(KEPT), "a", START - 1 + COOLDOWN, FETCH),
        (stale(REFRESH_AGE), "a", START - 1 + COOLDOWN, REFRESH),
    ],
)
def test_what_a_token_needs(cache: KeyCache, kid: str, now: float, step: Step) -> None:
    assert cache.step(kid, now) == step


@pytest.mark.parametrize(
    ("cache", "kid", "now", "key"),
    [
        (EMPTY, "a", START, None),
        (FRESH, "a", START + 1, "key"),
        (FRESH, "b", START + 1, None),
        (FRESH, "a", START + KEPT - 1, "key"),
        (FRESH, "a", START + KEPT, None),
        (stale(MAX_AGE), "a", START, "key"),
        (stale(KEPT), "a", START, None),
    ],
)
def test_keys_are_kept_until_they_are_too_old(cache: KeyCache, kid: str, now: float, key: Any) -> None:
    assert cache.key(kid, now) == key


def test_the_pause_doubles_with_each_failure() -> None:
    cache, now, pauses = FRESH, START + MAX_AGE, []
    for _ in range(20):
        cache = cache.begun(now, 5).failed(now, now, "status 500")
        pauses.append(cache.not_before - now)
        now = cache.not_before
    assert pauses[:5] == [COOLDOWN, 2 * COOLDOWN, 4 * COOLDOWN, 8 * COOLDOWN, MAX_PAUSE]
    assert set(pauses[4:]) == {MAX_PAUSE}
    healed = cache.begun(now, 5).succeeded(now, now + 1, {})
    assert (healed.failures, healed.fault, healed.not_before) == (0, "", now + 1 + COOLDOWN)


def test_new_keys_replace_the_old_ones() -> None:
    later = START + MAX_AGE
    cache = FRESH.begun(later, 5).succeeded(later, later + 1, {"b": "other"})
    assert (cache.key("a", later + 1), cache.key("b", later + 1)) == (None, "other")


def test_a_fetch_that_was_given_up_changes_nothing() -> None:
    second = FETCHING.begun(START + 100, 5)
    assert second.failed(START, START + 101, "status 500") is second
    assert second.succeeded(START, START + 101, {}) is second
    assert second.succeeded(START + 100, START + 101, {"b": 1}).keys == {"b": 1}


@pytest.mark.parametrize(
    ("cache", "reason"),
    [
        (FETCHING, "the keys could not be fetched: no answer in time"),
        (FAILED, "the keys could not be fetched: status 500"),
        (FRESH, "no key of the key server has its key id (the server has 1)"),
        (stale(MAX_AGE), "the keys could not be fetched: status 500"),
    ],
)
def test_why_there_is_no_key(cache: KeyCache, reason: str) -> None:
    assert cache.why_not(START + 10) == reason


def test_keys_are_in_no_log() -> None:
    assert "MARKER" not in repr(KeyCache({"a": "MARKER"}))
