"""JSON Schema's equality, by hashing: equal values have equal keys.

1 equals 1.0, but true, "1" and 1 differ; the order of properties does not matter; bytes equal bytes.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable

from asynction.validation._values import BYTES

_SMALL = 2**60
"""Python hashes larger integers modulo a prime, so a client could send many that share one hash."""


class Blob:
    """A piece of binary data: each has an identity, which equal `bytes` may share."""

    __slots__ = ("data", "path", "welcome")

    def __init__(self, data: bytes | bytearray | memoryview, path: tuple[str | int, ...]) -> None:
        self.data = data
        self.path = path
        self.welcome = False


def with_blobs(value: object, blobs: list[Blob], path: tuple[str | int, ...] = ()) -> object:
    """Copy JSON data, its binary pieces as blobs and its tuples as lists."""
    if isinstance(value, dict):
        return {key: with_blobs(item, blobs, (*path, key)) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [with_blobs(item, blobs, (*path, index)) for index, item in enumerate(value)]
    if isinstance(value, BYTES):
        blob = Blob(value, path)
        blobs.append(blob)
        return blob
    return value


class Keys:
    """Gives each value a small key; two values of one `Keys` are equal if their keys are.

    A container is read once: its key is a number, not a copy of what it holds. Keys that were given by
    `known`, which must not change any more, stay valid.
    """

    def __init__(self, known: Keys | None = None) -> None:
        self._known = known.numbers if known is not None else {}
        self.numbers: dict[Hashable, int] = {}
        self._seen: dict[int, tuple[object, Hashable]] = {}

    def of(self, value: object) -> Hashable:
        """Return the key of a JSON value or a Blob."""
        if isinstance(value, str):
            return value
        if isinstance(value, bool) or value is None:
            return (value, "constant")
        if isinstance(value, int | float):
            return _of_number(value)
        known = self._seen.get(id(value))
        if known is None:
            key = ("container", self._number(self._content(value)))
            # The value is kept, so that no other object can get its id.
            known = self._seen[id(value)] = (value, key)
        return known[1]

    def are_unique(self, items: Iterable[object]) -> bool:
        """Return whether no two items are equal."""
        seen: set[Hashable] = set()
        for item in items:
            key = self.of(item)
            if key in seen:
                return False
            seen.add(key)
        return True

    def _number(self, content: Hashable) -> int:
        number = self._known.get(content)
        return (
            self.numbers.setdefault(content, len(self._known) + len(self.numbers))
            if number is None
            else number
        )

    def _content(self, value: object) -> Hashable:
        if isinstance(value, dict):
            return frozenset((name, self.of(item)) for name, item in value.items())
        if isinstance(value, list | tuple):
            # The text makes the hash one that a client cannot foresee.
            return ("array", *map(self.of, value))
        return bytes(value.data) if isinstance(value, Blob) else value


def _of_number(value: int | float) -> Hashable:
    if isinstance(value, float):
        if not value.is_integer():
            return value
        value = int(value)
    return value if -_SMALL < value < _SMALL else ("integer", hex(value))
