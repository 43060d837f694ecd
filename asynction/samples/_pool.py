"""Values made ahead."""

from __future__ import annotations

from threading import Lock

from asynction.samples._sampler import Sampler


class Pool:
    """The args that a sampler gives, `size` of them made at once and then taken again and again.

    Each round has another order, and whoever takes some owns them: they are copies. Safe to share
    between threads. Raises CannotSample where the sampler does, ValueError where `size` is less than 1.
    """

    def __init__(self, sampler: Sampler, *, size: int = 50) -> None:
        if size < 1:
            raise ValueError("a pool holds one value at least")
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
    # Much faster than `copy.deepcopy`, which looks for what JSON cannot hold.
    if isinstance(value, dict):
        return {name: _copy(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_copy(item) for item in value]
    return value
