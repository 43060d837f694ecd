"""Limits of how many events a client sends, and of how long an event takes; and what they store."""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from asynction.exceptions import EventException
from asynction.middleware import RateLimitMiddleware, TimeoutMiddleware, rate_limit_middleware
from asynction.runtime._context import Context
from tests.middleware.support import BOTH, adriven, chain, context, run


class Clock:
    def __init__(self) -> None:
        self.now = 1234.5

    def __call__(self) -> float:
        return self.now


def allowed(middleware: RateLimitMiddleware, given: Context, times: int = 1) -> int:
    """Return how many of several events are accepted."""
    passed = 0
    for _ in range(times):
        try:
            run(lambda: None, given, middleware)
        except EventException as error:
            assert error.status == 429  # noqa: PT017 - it is counted
        else:
            passed += 1
    return passed


@pytest.mark.parametrize("drive", BOTH)
def test_an_event_over_the_limit_is_refused_before_the_handler(drive: Callable[..., object]) -> None:
    middleware = RateLimitMiddleware(2, 60, clock=Clock())
    assert [drive(len, context("abc"), middleware) for _ in range(2)] == [3, 3]
    with pytest.raises(EventException, match="too many events; retry after 30 s") as caught:
        drive(pytest.fail, context("abc"), middleware)
    assert caught.value.status == 429


@pytest.mark.parametrize("limit", [1, 3, 7, 10, 60, 1000])
@pytest.mark.parametrize("per", [0.1, 1, 60])
def test_the_limit_is_exact(limit: int, per: float) -> None:
    clock = Clock()
    middleware = RateLimitMiddleware(limit, per, clock=clock)
    assert allowed(middleware, context(), limit + 5) == limit
    clock.now += per * 1.001
    assert allowed(middleware, context(), limit + 5) == limit


def test_events_come_back_one_by_one() -> None:
    clock = Clock()
    middleware = RateLimitMiddleware(4, 8, clock=clock)
    assert allowed(middleware, context(), 9) == 4
    for _ in range(3):
        clock.now += 1
        assert allowed(middleware, context(), 2) == 0
        clock.now += 1
        assert allowed(middleware, context(), 2) == 1


def test_a_client_may_send_again_after_the_given_wait() -> None:
    clock = Clock()
    middleware = RateLimitMiddleware(1, 0.5, clock=clock)
    allowed(middleware, context())
    with pytest.raises(EventException, match="retry after 1 s"):
        run(pytest.fail, context(), middleware)
    clock.now += 1
    assert allowed(middleware, context()) == 1


def test_connections_are_counted_apart() -> None:
    middleware = RateLimitMiddleware(1, 60, clock=Clock())
    assert [allowed(middleware, context(sid=sid), 2) for sid in ("a", "b")] == [1, 1]


def test_users_are_counted_over_their_connections() -> None:
    middleware = RateLimitMiddleware(2, 60, by="user", clock=Clock())
    assert [allowed(middleware, context(sid=sid, user="ann"), 2) for sid in ("a", "b")] == [2, 0]
    assert allowed(middleware, context(sid="b", user="bob"), 3) == 2


def test_an_unknown_user_is_counted_by_connection() -> None:
    middleware = RateLimitMiddleware(1, 60, by="user", clock=Clock())
    assert [allowed(middleware, context(sid=sid), 2) for sid in ("a", "b")] == [1, 1]
    assert allowed(middleware, context(sid="c", user="a"), 2) == 1  # a user with the name of a connection


def test_a_function_says_by_what_is_counted() -> None:
    middleware = RateLimitMiddleware(1, 60, by=lambda context: context.namespace, clock=Clock())
    assert allowed(middleware, context(sid="a"), 2) == 1
    assert allowed(middleware, context(sid="b"), 2) == 0
    assert allowed(middleware, context(namespace="/other"), 2) == 1


def test_idle_connections_are_forgotten() -> None:
    clock = Clock()
    middleware = RateLimitMiddleware(5, 10, clock=clock)
    most = 0
    for number in range(5_000):
        clock.now += 0.1
        allowed(middleware, context(sid=str(number)))
        most = max(most, len(middleware))
    assert most <= 101  # as many as came in `per` seconds
    clock.now += 10
    allowed(middleware, context())
    assert len(middleware) == 1


def test_a_busy_connection_does_not_keep_idle_ones() -> None:
    clock = Clock()
    middleware = RateLimitMiddleware(100, 10, clock=clock)
    for number in range(1000):
        clock.now += 0.5
        allowed(middleware, context(sid="busy"))
        allowed(middleware, context(sid=str(number)))
    assert len(middleware) <= 21


def test_a_refused_connection_is_not_forgotten_early() -> None:
    clock = Clock()
    middleware = RateLimitMiddleware(1, 10, clock=clock)
    assert allowed(middleware, context()) == 1
    clock.now += 9
    assert allowed(middleware, context(), 50) == 0
    clock.now += 1
    assert allowed(middleware, context(), 2) == 1


def test_threads_together_get_no_more_than_the_limit() -> None:
    middleware = RateLimitMiddleware(500, 3600, clock=Clock())
    barrier = threading.Barrier(8)

    def send() -> int:
        barrier.wait()
        return allowed(middleware, context(), 250)

    with ThreadPoolExecutor(8) as pool:
        passed = [future.result() for future in [pool.submit(send) for _ in range(8)]]
    assert sum(passed) == 500


@pytest.mark.parametrize(("limit", "per"), [(0, 1), (-1, 1), (1, 0), (1, -1), (1, math.inf), (1, math.nan)])
def test_an_invalid_limit_is_refused(limit: int, per: float) -> None:
    with pytest.raises(ValueError, match="a rate limit must be at least 1 event"):
        rate_limit_middleware(limit, per)


def test_a_limit_by_an_unknown_key_is_refused() -> None:
    with pytest.raises(ValueError, match='not by "ip"'):
        RateLimitMiddleware(1, 1, by="ip")


def test_a_limit_may_be_for_some_events() -> None:
    middleware = RateLimitMiddleware(1, 1, events=["a"], namespace="/chat")
    assert (middleware.events, middleware.namespace) == (frozenset({"a"}), "/chat")
    assert not middleware.asynchronous
    assert middleware  # even if it stores no keys


def test_the_factory_limits_each_connection() -> None:
    middleware = rate_limit_middleware(3, 3600)
    assert [allowed(middleware, context(sid=sid), 5) for sid in ("a", "b")] == [3, 3]


# A timeout of a nanosecond is over before anything else happens, one of an hour never.

Handler = Callable[..., Awaitable[object]]
AT_ONCE = 1e-9
NEVER = 3600


def within(seconds: float, handler: Handler, *args: object) -> object:
    async def call_next(given: Context) -> object:
        return await adriven(chain(handler)(given))

    async def main() -> object:
        try:
            return await TimeoutMiddleware(seconds)(context(*args), call_next)
        finally:
            assert asyncio.all_tasks() == {asyncio.current_task()}

    return asyncio.run(main())


async def for_ever() -> None:
    await asyncio.Event().wait()


def test_what_is_in_time_is_returned() -> None:
    async def handler(text: str) -> str:
        await asyncio.sleep(0)
        return text.upper()

    assert within(NEVER, handler, "abc") == "ABC"


def test_what_takes_longer_is_cancelled_and_cleans_up() -> None:
    done: list[str] = []

    async def handler() -> None:
        try:
            await for_ever()
        finally:
            await asyncio.sleep(0)
            done.append("clean")

    with pytest.raises(EventException, match="it took longer than 1e-09 s") as caught:
        within(AT_ONCE, handler)
    assert caught.value.status == 504
    assert done == ["clean"]


@pytest.mark.parametrize("error", [TimeoutError("mine"), asyncio.TimeoutError("mine"), KeyError("k")])
def test_an_exception_of_the_handlers_own_is_not_mistaken(error: Exception) -> None:
    async def handler() -> None:
        raise error

    with pytest.raises(type(error)) as caught:
        within(NEVER, handler)
    assert caught.value is error


def test_a_handler_that_is_cancelled_by_itself_is_cancelled() -> None:
    async def handler() -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        within(NEVER, handler)


def test_an_exception_while_cleaning_up_is_raised() -> None:
    async def handler() -> None:
        try:
            await for_ever()
        finally:
            raise KeyError("k")

    with pytest.raises(KeyError):
        within(AT_ONCE, handler)


def test_the_result_of_a_handler_that_ends_although_cancelled_is_used() -> None:
    async def handler() -> str:
        try:
            await for_ever()
        except asyncio.CancelledError:
            return "after all"
        return "never"

    assert within(AT_ONCE, handler) == "after all"


def test_cancelling_from_outside_cancels_the_handler() -> None:
    done: list[str] = []

    async def main() -> None:
        started = asyncio.Event()

        async def call_next(given: Context) -> object:
            started.set()
            try:
                await for_ever()
            finally:
                done.append("clean")
            return None

        task = asyncio.ensure_future(TimeoutMiddleware(NEVER)(context(), call_next))
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())
    assert done == ["clean"]


@pytest.mark.parametrize("seconds", [0, -1, math.inf, math.nan])
def test_an_invalid_timeout_is_refused(seconds: Any) -> None:
    with pytest.raises(ValueError, match="a timeout must be a number of seconds above 0"):
        TimeoutMiddleware(seconds)


def test_a_timeout_says_that_it_is_for_the_async_server() -> None:
    assert TimeoutMiddleware.asynchronous
    assert "timeout of its own" in TimeoutMiddleware.instead


def test_requests_without_a_connection_count_for_their_address() -> None:
    limit = RateLimitMiddleware(1, 60.0, clock=lambda: 0.0)

    def send(address: str) -> object:
        made = context("abc", environ={"REMOTE_ADDR": address})
        made.sid = None
        return run(len, made, limit)

    assert (send("::1"), send("127.0.0.1")) == (3, 3)
    with pytest.raises(EventException):
        send("::1")
