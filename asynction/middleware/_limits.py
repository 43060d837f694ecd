"""Limits: how many events a client may send, and how long one may take."""

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
from asynction.runtime._context import Context
from asynction.runtime._flow import Response

Key: TypeAlias = Callable[[Context], Hashable]


def _by_sid(context: Context) -> Hashable:
    if context.sid is None:  # over HTTP nobody stays connected
        return "address", context.environ.get("REMOTE_ADDR")
    return "sid", context.sid


def _by_user(context: Context) -> Hashable:
    return _by_sid(context) if context.user is None else ("user", context.user)


KEYS: dict[str, Key] = {"sid": _by_sid, "user": _by_user}
"""By what events are counted; a user's who is not known are counted by connection."""


class RateLimitMiddleware(BaseMiddleware):
    """Lets `limit` events through at once, and as many in each `per` seconds after; it counts them by key.

    `by` is "sid" (each connection to a namespace has one; a request over HTTP counts for its address),
    "user", or a function that takes the context.
    Raises EventException (429) before anything inside runs, and ValueError for a limit that is none.
    """

    # A token bucket: two numbers a key however high the limit is, where a window that slides keeps each
    # event's time; and no double burst at the seam of two windows. A key untouched for `per` seconds has a
    # full bucket again, so forgetting it changes nothing: memory holds the keys of the last `per` seconds.

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
            raise ValueError("a rate limit is at least 1 event in a number of seconds above 0")
        if isinstance(by, str) and by not in KEYS:
            raise ValueError(f'a rate is limited by "sid", "user" or a function, not by "{by}"')
        self._limit = limit
        self._per = per
        self._key = KEYS[by] if isinstance(by, str) else by
        self._clock = clock
        self._buckets: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """How many keys are remembered."""
        return len(self._buckets)

    def __bool__(self) -> bool:
        """A middleware, also when it remembers nobody."""
        return True

    def around(self, context: Context, rest: Rest) -> Response:
        """Count the event, then run the rest."""
        wait = self._take(self._key(context))
        if wait > 0:
            raise EventException(429, f"too many events; retry after {math.ceil(wait)} s")
        return (yield from rest(context))

    def _take(self, key: Hashable) -> float:
        """Take a token; return 0, or in how many seconds there is one."""
        with self._lock:
            now = self._clock()  # within the lock: the times in the buckets are in order
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
    """Let each connection send `max_requests` events in `window_seconds`; refuse others with 429."""
    return RateLimitMiddleware(max_requests, window_seconds)


class TimeoutMiddleware:
    """Cancels what takes longer than `seconds`, and raises EventException (504); on the async server only.

    A handler may clean up: it is waited for. What runs in a thread cannot be cancelled: it goes on, but
    nobody waits for it. A TimeoutError of the handler's own is raised like any other exception.
    """

    asynchronous = True
    instead = "a thread cannot be cancelled: give what the handler waits for a timeout of its own"
    """What to do on the Flask server, which cannot have this middleware."""

    def __init__(self, seconds: float) -> None:
        if not 0 < seconds < math.inf:
            raise ValueError("a timeout is a number of seconds above 0")
        self.seconds = seconds

    async def __call__(self, context: Context, call_next: Callable[[Context], Awaitable[object]]) -> object:
        """Run the rest, for `seconds` at the most."""
        # A task of its own, as `asyncio.wait_for` before Python 3.12: with a `TimeoutError` nothing says
        # whose it is, and Python 3.10 has no other way to tell our cancelling from somebody else's.
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
