"""The keys of a key server, and when to fetch them: decided without I/O, without threads and without a clock.

Times are in seconds, of any clock that only goes forward.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import inf

MAX_AGE = 300.0
"""The age at which keys are fetched again before a token is checked."""

REFRESH_AGE = 240.0
"""The age at which keys are fetched again in the background."""

KEPT = 86_400.0
"""The age up to which keys are used if newer ones cannot be had.

The limit ensures that a withdrawn key expires, even if an attacker blocks all fetches.
"""

COOLDOWN = 5.0
"""The least time between two fetches: tokens with invented key ids cannot cause more of them."""

MAX_PAUSE = 60.0
"""The longest pause after a failed fetch; it is COOLDOWN after the first, and doubles with each."""

LOST = 60.0
"""The time after its deadline at which a fetch is given up: its thread has ended without a word (`fork`)."""

_MAX_DOUBLINGS = 10


@dataclass(frozen=True, slots=True)
class Step:
    """The decision for one token: whether to start a fetch, and whether to wait for the current one."""

    begins: bool
    waits: bool


@dataclass(frozen=True, slots=True)
class KeyCache:
    """The state of one key server: its keys, by their ids, and its fetches.

    Args:
        keys: the keys of the last fetch that succeeded.
        fetched: when that fetch began.
        started: when the fetch under way began; None for none.
        deadline: when tokens stop waiting for the fetch under way.
        not_before: when the next fetch may begin.
        failures: the number of failed fetches since the last success.
        fault: why the last fetch failed; empty if it succeeded.
    """

    keys: Mapping[str, object] = field(default_factory=dict, repr=False)
    fetched: float = -inf
    started: float | None = None
    deadline: float = -inf
    not_before: float = -inf
    failures: int = 0
    fault: str = ""

    def key(self, kid: str, now: float) -> object | None:
        """Return the key with this id; None for an unknown one, and for all of a set that is too old."""
        return self.keys.get(kid) if now - self.fetched < KEPT else None

    def step(self, kid: str, now: float) -> Step:
        """Return what a token with this key id needs."""
        is_known, age = self.key(kid, now) is not None, now - self.fetched
        is_under_way = self._is_under_way(now)
        begins = (not is_known or age >= REFRESH_AGE) and not is_under_way and now >= self.not_before
        # After a failure old keys are used at once: else tokens would wait for each new attempt.
        is_missing = not is_known or (age >= MAX_AGE and not self.failures)
        return Step(begins, (begins or is_under_way) and is_missing)

    def begun(self, now: float, timeout: float) -> KeyCache:
        """Return the state in which a fetch is under way."""
        return replace(self, started=now, deadline=now + timeout)

    def succeeded(self, started: float, now: float, keys: Mapping[str, object]) -> KeyCache:
        """Return the state after the fetch that began at `started` has brought keys."""
        if self.started != started:  # it was given up
            return self
        return KeyCache(keys, fetched=started, not_before=now + COOLDOWN)

    def failed(self, started: float, now: float, fault: str) -> KeyCache:
        """Return the state after the fetch that began at `started` has failed; the keys stay."""
        if self.started != started:
            return self
        pause = min(COOLDOWN * 2 ** min(self.failures, _MAX_DOUBLINGS), MAX_PAUSE)
        failures = self.failures + 1
        return replace(self, started=None, not_before=now + pause, failures=failures, fault=fault)

    def why_not(self, now: float) -> str:
        """Return the reason for a missing key, for the log."""
        if self._is_under_way(now):
            return "the keys could not be fetched: no answer in time"
        if self.fault:
            return f"the keys could not be fetched: {self.fault}"
        return f"no key of the key server has its key id (the server has {len(self.keys)})"

    def _is_under_way(self, now: float) -> bool:
        return self.started is not None and now < self.deadline + LOST
