"""Makes calls idempotent: for some time, a repeated `request_id` gets the result of the first call."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace
from threading import Lock
from time import monotonic
from typing import TypeAlias

from asynction.exceptions import EventException

Respond: TypeAlias = Callable[[object], object]
"""A function that sends the result of a call to its caller."""


@dataclass(slots=True)
class Entry:
    """A call that runs, with those who wait for it, or has run, with its result."""

    fingerprint: Hashable
    waiting: dict[Hashable, Respond] = field(default_factory=dict)
    is_done: bool = False
    result: object = None
    until: float = 0.0


class IdempotencyStore:
    """The calls that run, and the results of the last `seconds`, up to `size`; it drops the oldest first."""

    def __init__(self, size: int, seconds: float, clock: Callable[[], float] = monotonic) -> None:
        self._size = size
        self._seconds = seconds
        self._clock = clock
        self._lock = Lock()
        self._running: dict[str, Entry] = {}
        self._done: OrderedDict[str, Entry] = OrderedDict()

    def enter(self, id: str, fingerprint: Hashable, target: Hashable, respond: Respond) -> tuple[bool, Entry]:
        """Return whether the caller must run a call, and its entry.

        If the call runs already, `respond` is called when that ends. Raises EventException if the id belongs
        to another request (409), or too many calls run (503).

        Args:
            id: the `request_id`.
            fingerprint: equal for the same request of the same client.
            target: where the result goes; for each target there is one response.
            respond: sends the result.
        """
        with self._lock:
            self._expire()
            entry = self._running.get(id) or self._done.get(id)
            if entry is None:
                if len(self._running) >= self._size:
                    raise EventException(503, "too many calls are running")
                self._running[id] = Entry(fingerprint, {target: respond})
                return True, self._running[id]
            if entry.fingerprint != fingerprint:
                raise EventException(409, "this request_id belongs to another request")
            if not entry.is_done:
                entry.waiting[target] = respond
            return False, replace(entry)  # as it is now: another thread may finish it

    def finish(self, id: str, result: object) -> list[Respond]:
        """Store the result of a call, and return the functions that send it."""
        with self._lock:
            entry = self._running.pop(id)
            entry.is_done, entry.result, entry.until = True, result, self._clock() + self._seconds
            self._done[id] = entry
            self._expire()
            replies, entry.waiting = list(entry.waiting.values()), {}
            return replies

    def _expire(self) -> None:
        now = self._clock()
        while self._done:
            first = next(iter(self._done.values()))
            if first.until > now and len(self._done) <= self._size:
                return
            self._done.popitem(last=False)
