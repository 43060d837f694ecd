"""Random choices that are the same on every Python version for the same seed."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")

_CHUNK = 32
"""The number of bits of one call of `random()`, the only method whose sequence Python guarantees."""


class Draw:
    """Random choices."""

    plain = False
    """True if choices are not random."""

    def __init__(self, random: Random) -> None:
        self._random = random.random

    def below(self, bound: int) -> int:
        """Return an integer from 0 to `bound` - 1."""
        number = 0
        for _ in range(bound.bit_length() // _CHUNK + 1):
            number = (number << _CHUNK) + int(self._random() * (1 << _CHUNK))
        return number * bound >> (_CHUNK * (bound.bit_length() // _CHUNK + 1))

    def between(self, low: int, high: int) -> int:
        """Return an integer from `low` to `high`."""
        return low + self.below(high - low + 1)

    def one_of(self, options: Sequence[T]) -> T:
        """Return one of `options`."""
        return options[self.below(len(options))]

    def coin(self) -> bool:
        """Return True or False."""
        return self.below(2) == 0

    def order(self, options: Sequence[T]) -> list[T]:
        """Return `options` in another order."""
        left = list(options)
        return [left.pop(self.below(len(left))) for _ in options]

    def text(self, alphabet: str, length: int) -> str:
        """Return `length` characters of `alphabet`."""
        return "".join(self.one_of(alphabet) for _ in range(length))


class PlainDraw(Draw):
    """Choices without chance: always the first option, the lowest number, True."""

    plain = True

    def __init__(self) -> None:
        super().__init__(Random(0))  # noqa: S311 - nothing here is a secret

    def below(self, bound: int) -> int:
        """Return 0."""
        return 0
