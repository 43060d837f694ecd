"""Searches for the args that take longest to check: what a client could make a server do."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from time import perf_counter, thread_time

from asynction.contract import Schema
from asynction.samples._errors import CannotSample
from asynction.samples._sampler import Sampler
from asynction.validation import MAX_DEPTH, Validator

_SEEDS = 6
"""The number of valid values that the search starts from."""

_POOL = 24
"""The number of values that it remembers, the slowest for their size."""

_LONGEST = 4096
"""The greatest number of items, properties or characters that one step adds."""

_WRONG: tuple[object, ...] = (None, True, 0, -1, 2**63, 1.5, "", "x", b"x", [], {}, [0], {"x": 0})
"""Values to put in the place of others, one of each kind and beside the usual bounds."""


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of one check.

    Args:
        args: the args that were checked.
        size: their size in bytes, as JSON.
        seconds: the time of one check.
    """

    args: tuple[object, ...]
    size: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Worst:
    """The slowest checks that were found; None where no value was accepted, or refused."""

    accepted: Cost | None
    refused: Cost | None

    @property
    def slowest(self) -> Cost | None:
        """The slower one of the two."""
        return max(filter(None, (self.accepted, self.refused)), key=lambda cost: cost.seconds, default=None)


def find_worst(schema: Schema, *, random: Random, seconds: float, max_size: int = 65_536) -> Worst:
    """Return the slowest checks of a schema that a search finds.

    It starts from valid values, and changes them step by step: wrong values, more items, deeper nesting. What
    is slow for its size is changed again.

    Args:
        schema: the schema of args, or of an ack.
        random: the source of chance.
        seconds: the time of the search.
        max_size: the greatest size of the args in bytes, as JSON.
    """
    return _Search(Validator(schema), random, max_size).run(_seeds(schema, random), perf_counter() + seconds)


def _seeds(schema: Schema, random: Random) -> list[tuple[object, ...]]:
    sampler = Sampler(schema, random=random)
    try:
        return [sampler.sample_args() for _ in range(_SEEDS)]
    except CannotSample:
        return [(value,) for value in _WRONG if not isinstance(value, bytes)]


class _Search:
    def __init__(self, validator: Validator, random: Random, max_size: int) -> None:
        self._validator = validator
        self._random = random
        self._max_size = max_size
        self._pool: list[Cost] = []
        self._slowest: dict[bool, Cost] = {}

    def run(self, seeds: list[tuple[object, ...]], end: float) -> Worst:
        for seed in seeds:
            self._try(seed)
        while perf_counter() < end:
            base = self._random.choice(self._pool).args if self._pool else self._random.choice(seeds)
            args: list[object] = list(base)
            for _ in range(self._random.randint(1, 3)):
                args = self._changed(args)
            self._try(tuple(args))
        return Worst(self._slowest.get(True), self._slowest.get(False))

    def _try(self, args: tuple[object, ...]) -> None:
        size = _size(args)
        if size > self._max_size or _is_deeper(args, MAX_DEPTH):
            return
        start = thread_time()  # other work on the machine does not count
        is_accepted = self._validator.accepts(args)
        taken = thread_time() - start
        known = self._slowest.get(is_accepted)
        if known is None or taken > known.seconds:
            # Again, so that a pause of the machine is not taken for the cost of the check.
            taken = min(taken, self._again(args))
        cost = Cost(args, size, taken)
        if known is None or taken > known.seconds:
            self._slowest[is_accepted] = cost
        self._pool.append(cost)
        if len(self._pool) > 2 * _POOL:
            self._pool = sorted(self._pool, key=lambda each: each.seconds / (each.size + 200))[-_POOL:]

    def _again(self, args: tuple[object, ...]) -> float:
        start = thread_time()
        self._validator.accepts(args)
        return thread_time() - start

    def _changed(self, args: list[object]) -> list[object]:
        """Return args with one part changed."""
        path = self._random.choice(list(_paths(args)))
        change = self._random.choice((self._wrong, self._longer, self._deeper, self._other, self._unknown))
        changed = _replaced(args, path, lambda part: change(args, part))
        return changed if isinstance(changed, list) else [changed]

    def _wrong(self, args: object, part: object) -> object:
        return self._random.choice(_WRONG)

    def _other(self, args: object, part: object) -> object:
        """Return another part of the same args: recursive schemas accept it in many places."""
        return _part(args, self._random.choice(list(_paths(args))))

    def _deeper(self, args: object, part: object) -> object:
        """Nest a part in itself, at the place of its innermost container."""
        inner = [path for path in _paths(part) if isinstance(_part(part, path), dict | list)]
        return _replaced(part, self._random.choice(inner), lambda _: part) if inner else part

    def _longer(self, args: object, part: object) -> object:
        """Add items, properties or characters, as many as there may be at all."""
        if isinstance(part, list):
            item = part[-1] if part else 0
            if self._random.random() < 0.5:
                return [*part, *range(2**63, 2**63 + self._count(2**63))]
            return [*part, *[item] * self._count(item)]
        if isinstance(part, dict):
            value = next(iter(part.values()), 0)
            return {**part, **{f"p{number}": value for number in range(self._count(value))}}
        return part * self._count(part) if isinstance(part, str | bytes) else part

    def _count(self, item: object) -> int:
        most = min(_LONGEST, self._max_size // (_size(item) + 1))
        return self._random.randint(1, max(1, most))

    def _unknown(self, args: object, part: object) -> object:
        return {**part, "unknown": part} if isinstance(part, dict) else [part]


Path = tuple["str | int", ...]


def _paths(value: object) -> Iterator[Path]:
    """Yield the paths of a value and its parts, of long containers only the first and the last few."""
    waiting: list[tuple[Path, object]] = [((), value)]
    while waiting:
        path, part = waiting.pop()
        yield path
        if isinstance(part, dict):
            waiting += [((*path, key), part[key]) for key in (*list(part)[:8], *list(part)[-2:])]
        elif isinstance(part, list):
            indices = range(len(part)) if len(part) <= 10 else (*range(8), len(part) - 1)
            waiting += [((*path, index), part[index]) for index in indices]


def _part(value: object, path: Path) -> object:
    for key in path:
        value = value[key]  # type: ignore[index]  # the path is one of the value's
    return value


def _replaced(value: object, path: Path, change: Callable[[object], object]) -> object:
    """Return a copy of a value with one part changed; the other parts are shared."""
    if not path:
        return change(value)
    key, *rest = path
    if isinstance(value, dict):
        return {**value, key: _replaced(value[key], tuple(rest), change)}
    copied = list(value)  # type: ignore[call-overload]  # the path is one of the value's
    copied[key] = _replaced(copied[key], tuple(rest), change)
    return copied


def _is_deeper(value: object, limit: int) -> bool:
    level = [value]
    for _ in range(limit + 1):
        level = [
            inner
            for part in level
            if isinstance(part, dict | list | tuple)
            for inner in (part.values() if isinstance(part, dict) else part)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True


def _size(value: object) -> int:
    return len(json.dumps(value, default=lambda data: "." * len(data), separators=(",", ":")))
