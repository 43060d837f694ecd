"""All tokens that need a fetch share it, wait for it no longer than its deadline, and outlive its failure."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from asynction.security._fetch import FetchError
from asynction.security._key_server import KeyServer, start_thread
from asynction.security._keys import COOLDOWN, MAX_AGE, REFRESH_AGE

DEADLINE = 30.0  # seconds until a wait is a failure


class Clock:
    """A clock that goes forward when it is told to."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Bench:
    """A key server whose fetches run when the test says so."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.begun: list[Callable[[], None]] = []
        self.timeouts: list[float] = []
        self.answer: Mapping[str, object] | Exception = {"a": "key"}
        self.server = KeyServer("idp.example", self.fetch, self.clock, self.begun.append)

    def fetch(self, timeout: float) -> Mapping[str, object]:
        self.timeouts.append(timeout)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def finish(self) -> None:
        self.begun.pop(0)()


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_all_tokens_share_one_fetch(bench: Bench) -> None:
    waiting = [bench.server.pending(kid, 5) for kid in ("a", "a", "b", "c")]
    assert len(bench.begun) == 1
    assert not any(pending is None or pending.is_over() for pending in waiting)
    bench.finish()
    for pending in waiting:
        assert pending is not None
        assert pending.is_over()
        pending.wait()  # it returns at once
    assert [bench.server.key(kid) for kid in "abc"] == ["key", None, None]
    assert bench.server.pending("a", 5) is None
    assert bench.timeouts == [5]


def test_no_token_takes_the_fetch_from_the_others(bench: Bench) -> None:
    first, second = (bench.server.pending("a", 5) for _ in range(2))
    assert first is not None
    assert second is not None
    assert not first.future.cancel()
    bench.finish()
    assert second.future.result(0) is None


def test_a_token_waits_until_the_deadline_of_the_fetch_not_its_own(bench: Bench) -> None:
    first = bench.server.pending("a", 5)
    assert first is not None
    bench.clock.now += 4
    second = bench.server.pending("b", 5)
    assert second is not None
    assert (first.seconds, second.seconds) == (1, 1)
    bench.clock.now += 1
    assert first.is_over()
    second.wait()  # it returns at once, although the fetch has not ended
    assert bench.server.why_not() == "the keys could not be fetched: no answer in time"
    assert len(bench.begun) == 1


def test_keys_are_used_while_new_ones_are_fetched(bench: Bench) -> None:
    bench.server.pending("a", 5)
    bench.finish()
    bench.clock.now += REFRESH_AGE
    bench.answer = {"a": "newer"}
    assert bench.server.pending("a", 5) is None  # in the background
    assert bench.server.key("a") == "key"
    bench.finish()
    assert bench.server.key("a") == "newer"


def test_keys_outlive_a_key_server(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.server.pending("a", 5)
    bench.finish()
    bench.clock.now += MAX_AGE
    bench.answer = FetchError("status 500")
    assert bench.server.pending("a", 5) is not None
    bench.finish()
    assert bench.server.pending("a", 5) is None
    assert bench.server.key("a") == "key"
    assert bench.server.why_not() == "the keys could not be fetched: status 500"
    assert caplog.messages == ["the keys of `x-jwt` could not be fetched from 'idp.example': status 500"]


def test_a_failure_is_remembered(bench: Bench) -> None:
    bench.answer = FetchError("status 500")
    for expected in (1, 2, 3):
        assert bench.server.pending("a", 5) is not None
        bench.finish()
        for _ in range(3):
            assert bench.server.pending("a", 5) is None
        assert len(bench.timeouts) == expected
        bench.clock.now += COOLDOWN * 2 ** (expected - 1)


def test_what_an_unexpected_error_says_stays_in_it(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.answer = LookupError("MARKER")
    with caplog.at_level(logging.DEBUG):
        bench.server.pending("a", 5)
        bench.finish()
    assert bench.server.why_not() == "the keys could not be fetched: LookupError"
    assert "MARKER" not in caplog.text


def test_a_fetch_that_is_cut_short_ends_the_wait(bench: Bench) -> None:
    class Stopped(BaseException):
        """An exception such as the one that ends a greenlet."""

    def fetch(timeout: float) -> Any:
        raise Stopped

    bench.server._fetch = fetch
    pending = bench.server.pending("a", 5)
    with pytest.raises(Stopped):
        bench.finish()
    assert pending is not None
    assert pending.is_over()
    assert bench.server.why_not() == "the keys could not be fetched: the fetch was cut short"


def test_a_system_without_threads(bench: Bench) -> None:
    def start(function: Callable[[], None]) -> None:
        raise RuntimeError("can't start new thread")

    bench.server._start = start
    pending = bench.server.pending("a", 5)
    assert pending is not None
    assert pending.is_over()
    assert bench.server.why_not() == "the keys could not be fetched: no thread could be started"


def test_many_threads_wait_for_one_fetch() -> None:
    gate, fetches = threading.Event(), []

    def fetch(timeout: float) -> dict[str, object]:
        fetches.append(timeout)
        assert gate.wait(DEADLINE)
        return {"a": "key"}

    server = KeyServer("idp.example", fetch)
    found: list[object] = []
    asked = threading.Semaphore(0)

    def ask() -> None:
        pending = server.pending("a", DEADLINE)
        asked.release()
        assert pending is not None
        pending.wait()
        found.append(server.key("a"))

    threads = [threading.Thread(target=ask) for _ in range(12)]
    for thread in threads:
        thread.start()
    for _ in threads:
        assert asked.acquire(timeout=DEADLINE)
    assert found == []
    gate.set()
    for thread in threads:
        thread.join(DEADLINE)
    assert found == ["key"] * 12
    assert len(fetches) == 1


def test_a_thread_does_not_keep_the_process_alive() -> None:
    seen: list[threading.Thread] = []
    done = threading.Event()

    def look() -> None:
        seen.append(threading.current_thread())
        done.set()

    start_thread(look)
    assert done.wait(DEADLINE)
    assert seen[0].daemon
