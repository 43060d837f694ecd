"""Limits of how many events a client sends, and of how long an event takes."""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import TypeAlias

from asynction.exceptions import EventException
from asynction.middleware._base import BaseMiddleware, Events, Rest
from asynction.runtime import Context, Response

Key: TypeAlias = Callable[[Context], Hashable]


def _by_sid(context: Context) -> Hashable:
    if context.sid is None:  # HTTP has no connections that last
        return "address", context.environ.get("REMOTE_ADDR")
    return "sid", context.sid


def _by_user(context: Context) -> Hashable:
    return _by_sid(context) if context.user is None else ("user", context.user)


KEYS: dict[str, Key] = {"sid": _by_sid, "user": _by_user}
"""Functions that return the key by which events are counted; an unknown user is a connection."""


class RateLimitMiddleware(BaseMiddleware):
    """A middleware that refuses events beyond a rate with EventException (429), before they are handled.

    A client may send `limit` events at once, and then `limit` in each `per` seconds.

    Args:
        limit: the number of events.
        per: the seconds in which `limit` events are allowed.
        by: the key that events are counted by: "sid" for each connection to a namespace (an HTTP request
            counts for its address), "user", or a function that takes the Context.
        clock: returns the time in seconds; it must be monotonic.
        events: the names of the events to count; all by default.
        namespace: the only namespace whose events to count; all by default.

    Raises:
        ValueError: `limit` is less than 1, `per` is not above 0, or `by` is unknown.
    """

    # A token bucket takes two numbers for each key, where a sliding window stores the time of each event,
    # and has no double burst at the boundary of two fixed windows. After `per` seconds without events a
    # bucket is full again, so it can be forgotten: memory holds only the keys of the last `per` seconds.

    def __init__(
        self,
        limit: int,
        per: float,
        *,
        by: str | Key = "sid",
        clock: Callable[[], float] = time.monotonic,
        events: Events = None,
        namespace: str | None = None,
    ) -> None:
        super().__init__(events, namespace)
        if limit < 1 or not 0 < per < math.inf:
            raise ValueError("a rate limit must be at least 1 event in a number of seconds above 0")
        if isinstance(by, str) and by not in KEYS:
            raise ValueError(f'a rate must be limited by "sid", "user" or a function, not by "{by}"')
        self._limit = limit
        self._per = per
        self._key = KEYS[by] if isinstance(by, str) else by
        self._clock = clock
        self._buckets: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """Return the number of keys that are stored."""
        return len(self._buckets)

    def __bool__(self) -> bool:
        """Return True: a middleware without keys is still a middleware."""
        return True

    def around(self, context: Context, rest: Rest) -> Response:
        """Count the event, then handle it."""
        wait = self._take(self._key(context))
        if wait > 0:
            raise EventException(429, f"too many events; retry after {math.ceil(wait)} s")
        return (yield from rest(context))

    def _take(self, key: Hashable) -> float:
        """Take a token and return 0; if there is none, return the seconds until there is one."""
        with self._lock:
            now = self._clock()  # read within the lock, so that buckets are in the order of their times
            self._forget(now)
            tokens, since = self._buckets.get(key, (self._limit, now))
            tokens = min(self._limit, tokens + (now - since) * self._limit / self._per)
            if tokens < 1:
                return (1 - tokens) * self._per / self._limit
            self._buckets[key] = (tokens - 1, now)
            self._buckets.move_to_end(key)
            return 0

    def _forget(self, now: float) -> None:
        while self._buckets:
            key, (_, since) = next(iter(self._buckets.items()))
            if now - since < self._per:
                return
            del self._buckets[key]


def rate_limit_middleware(max_requests: int, window_seconds: float) -> RateLimitMiddleware:
    """Return a middleware that refuses events of a connection beyond `max_requests` in `window_seconds`."""
    return RateLimitMiddleware(max_requests, window_seconds)


class TimeoutMiddleware:
    """A middleware for the async server that cancels a handler after `seconds`: EventException (504).

    It waits while a cancelled handler cleans up. A function that runs in a thread cannot be cancelled: it
    continues, but its result is ignored. A TimeoutError that the handler raises itself is raised as it is.
    Raises ValueError if `seconds` is not above 0.
    """

    asynchronous = True
    instead = (
        "a thread cannot be cancelled: give each operation that the handler waits for a timeout of its own"
    )
    """The advice for the Flask server, where this middleware cannot be used."""

    def __init__(self, seconds: float) -> None:
        if not 0 < seconds < math.inf:
            raise ValueError(f"a timeout must be a number of seconds above 0, not {seconds}")
        self.seconds = seconds

    async def __call__(self, context: Context, call_next: Callable[[Context], Awaitable[object]]) -> object:
        """Handle the event, for at most `seconds`."""
        # Not `asyncio.wait_for`: its TimeoutError cannot be distinguished from one that the handler raises.
        # With a task of its own, Python 3.10 can also tell our cancellation from one that comes from outside.
        task = asyncio.ensure_future(call_next(context))
        late = False
        try:
            await asyncio.wait((task,), timeout=self.seconds)
        finally:
            late = not task.done()
            if late:
                task.cancel()
                await asyncio.wait((task,))
        if late and task.cancelled():
            raise EventException(504, f"it took longer than {self.seconds:g} s")
        return task.result()
