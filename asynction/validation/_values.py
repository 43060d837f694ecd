"""What JSON can carry, and where bytes are in it.

A validator looks only where its schema looks; these walks look everywhere. The first one is short
because it runs for each value that does not come from strict JSON text; the second one says where.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from asynction.exceptions import Violation

MAX_DEPTH = 128
"""How deep the args of an event may nest. Deeper ones could overflow the stack of a validator."""

BYTES = (bytes, bytearray, memoryview)
_LEAVES = frozenset({bool, type(None)})
_MOST_INT = 10**4300 - 1
_LEAST_INT = -_MOST_INT
"""The longest integers that Python reads from text or writes to it, unless told otherwise."""
_NUMBER = re.compile(r"\+?[0-9]{1,40}")
_Path = tuple["str | int", ...]


def is_json(value: Any, depth: int = 0) -> bool:
    """True for plain JSON without bytes, NaN or lone surrogates, nested at most MAX_DEPTH deep."""
    kind = type(value)
    if kind is dict:
        try:
            keys = "".join(value)
        except TypeError:
            return False
        if depth > MAX_DEPTH or not (keys.isascii() or _encodable(keys)):
            return False
        items = value.values()
    elif kind is list or kind is tuple:
        if depth > MAX_DEPTH:
            return False
        items = value
    else:
        return (
            (kind is str and _encodable(value))
            or (kind is int and _LEAST_INT <= value <= _MOST_INT)
            or (kind is float and math.isfinite(value))
            or kind in _LEAVES
        )
    for item in items:
        # Most values are short text or numbers: a call for each would take longer than the check.
        kind = type(item)
        if not (
            (kind is str and item.isascii())
            or (kind is int and _LEAST_INT <= item <= _MOST_INT)
            or kind in _LEAVES
            or is_json(item, depth + 1)
        ):
            return False
    return True


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def faults(value: object, *, binary: bool, limit: int) -> list[Violation]:
    """Return where `value` is not JSON, at most `limit` of them; `binary` leaves bytes to the schema."""
    return list(islice(_faults(value, (), binary), limit))


def _faults(value: object, path: _Path, binary: bool) -> Iterator[Violation]:
    if isinstance(value, dict | list | tuple) and len(path) > MAX_DEPTH:
        yield Violation(f"nested deeper than {MAX_DEPTH} levels", path[:1], (), None)
    elif isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str) or not _encodable(key):
                yield Violation("a key is not text", path, (), value)
            else:
                yield from _faults(item, (*path, key), binary)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _faults(item, (*path, index), binary)
    elif message := _leaf_fault(value, binary):
        yield Violation(message, path, (), value)


def _leaf_fault(value: object, binary: bool) -> str | None:
    if isinstance(value, str):
        return None if _encodable(value) else "text with a lone surrogate is not Unicode"
    if isinstance(value, float):
        return None if math.isfinite(value) else "NaN and infinity are not JSON numbers"
    if isinstance(value, BYTES):
        return None if binary else "binary data where the schema has none"
    if isinstance(value, int):
        return None if _LEAST_INT <= value <= _MOST_INT else "the integer is too large"
    if value is None:
        return None
    return f"a {type(value).__name__} is not a JSON value"


def locate(value: Any, path: Iterable[str | int]) -> tuple[tuple[str | int, ...], object]:
    """Follow the path of an error to its value; return it as it should be, and the value.

    jsonschema-rs gives the name of a property as a number where it reads as one.
    """
    found: list[str | int] = []
    for token in path:
        name = token
        if isinstance(value, dict) and isinstance(token, int):
            name = next(
                (key for key in (str(token), *value) if key in value and _reads_as(key, token)), token
            )
        found.append(name)
        value = value[name]
    return tuple(found), value


def _reads_as(key: str, number: int) -> bool:
    return _NUMBER.fullmatch(key) is not None and int(key) == number
