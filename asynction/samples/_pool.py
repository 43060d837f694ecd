"""Values that are made in advance."""

from __future__ import annotations

from threading import Lock

from asynction.samples._sampler import Sampler


class Pool:
    """A pool of `size` samples, made at once and then used in turn, in another order in each round.

    What it returns are copies. Threads may share it. Raises CannotSample as the sampler does, and
    ValueError if `size` is less than 1.
    """

    def __init__(self, sampler: Sampler, *, size: int = 50) -> None:
        if size < 1:
            raise ValueError("`size` must be at least 1")
        self._made = [sampler.sample_args() for _ in range(size)]
        self._draw = sampler.draw
        self._waiting = list(reversed(self._made))
        self._lock = Lock()

    def take_args(self) -> tuple[object, ...]:
        """Return the next args."""
        with self._lock:
            if not self._waiting:
                self._waiting = self._draw.order(self._made)
            args = self._waiting.pop()
        return tuple(map(_copy, args))


def _copy(value: object) -> object:
    # Much faster than `copy.deepcopy`, which also handles what JSON cannot hold.
    if isinstance(value, dict):
        return {name: _copy(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_copy(item) for item in value]
    return value
