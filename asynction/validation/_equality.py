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


class Blobs:
    """The pieces of binary data in a value."""

    def __init__(self) -> None:
        self.found: list[Blob] = []
        self.holders: set[int] = set()
        """The ids of the blobs, and of the copies that have one in them."""

    def replace(self, value: object, path: tuple[str | int, ...] = ()) -> object:
        """Return JSON data with blobs in place of bytes; what has no bytes in it is not copied."""
        before = len(self.found)
        copy: object
        if isinstance(value, dict):
            copy = {key: self.replace(item, (*path, key)) for key, item in value.items()}
        elif isinstance(value, list | tuple):
            copy = [self.replace(item, (*path, index)) for index, item in enumerate(value)]
        elif isinstance(value, BYTES):
            copy = Blob(value, path)
            self.found.append(copy)
        else:
            return value
        if len(self.found) == before:
            return value
        self.holders.add(id(copy))
        return copy


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
            return frozenset((name, _salted(self.of(item))) for name, item in value.items())
        if isinstance(value, list | tuple):
            return ("array", *[_salted(self.of(item)) for item in value])
        return bytes(value.data) if isinstance(value, Blob) else value


def _salted(key: Hashable) -> Hashable:
    """Return a key whose hash a client cannot foresee, as that of text and of bytes.

    Python's hash of -1 is that of -2: with the numbers themselves, a client could send many different
    containers that share one hash, and each would be compared with all others.
    """
    return b"%d" % key if isinstance(key, int) else key


def _of_number(value: int | float) -> Hashable:
    if isinstance(value, float):
        if not value.is_integer():
            return value.hex().encode()  # the hash of a float repeats with its exponent
        value = int(value)
    return value if -_SMALL < value < _SMALL else ("integer", hex(value))
