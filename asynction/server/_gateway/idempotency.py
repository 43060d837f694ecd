"""What makes a call idempotent: for a while, a repeated `request_id` gets the answer of the first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace
from threading import Lock
from time import monotonic
from typing import TypeAlias

from asynction.exceptions import EventException

Respond: TypeAlias = Callable[[object], object]
"""Gives a caller the result of its call."""


@dataclass(slots=True)
class Entry:
    """A call that runs, or has run: who waits for it, or what it resulted in."""

    fingerprint: Hashable
    waiting: dict[Hashable, Respond] = field(default_factory=dict)
    is_done: bool = False
    result: object = None
    until: float = 0.0


class IdempotencyStore:
    """The calls that run and those of the last `seconds`, `size` of them at the most: the oldest go first."""

    def __init__(self, size: int, seconds: float, clock: Callable[[], float] = monotonic) -> None:
        self._size = size
        self._seconds = seconds
        self._clock = clock
        self._lock = Lock()
        self._running: dict[str, Entry] = {}
        self._done: OrderedDict[str, Entry] = OrderedDict()

    def enter(self, id: str, fingerprint: Hashable, target: Hashable, respond: Respond) -> tuple[bool, Entry]:
        """Whether a call is to be run, and its entry; where another runs it, `respond` waits for that.

        Raises EventException where the id belongs to another request (409), or too many run (503).
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
        """Keep the result of a call; returns whom to tell."""
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
