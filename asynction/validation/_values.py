"""What JSON can carry, and where bytes are in it.

A validator looks only where its schema looks; these walks look everywhere. The first one is short
because it runs for each value that does not come from strict JSON text; the second one says where.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from asynction.exceptions import Violation

MAX_DEPTH = 128
"""How deep the args of an event may nest. Deeper ones could overflow the stack of a validator."""

_BYTES = (bytes, bytearray, memoryview)
_LEAVES = frozenset({int, bool, type(None)})
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
            (kind is str and _encodable(value)) or (kind is float and math.isfinite(value)) or kind in _LEAVES
        )
    for item in items:
        # Most values are short text or numbers: a call for each would take longer than the check.
        kind = type(item)
        if not (kind in _LEAVES or (kind is str and item.isascii()) or is_json(item, depth + 1)):
            return False
    return True


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def faults(value: object, *, binary: bool) -> list[Violation]:
    """Say where `value` is no JSON; where `binary` is true, bytes are left to the schema."""
    return list(_faults(value, (), binary))


def _faults(value: object, path: _Path, binary: bool) -> Iterator[Violation]:
    if len(path) > MAX_DEPTH:
        yield Violation(f"nested deeper than {MAX_DEPTH} levels", path[:1], (), None)
    elif isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str) or not _encodable(key):
                yield Violation("a key is no text", path, (), value)
            else:
                yield from _faults(item, (*path, key), binary)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _faults(item, (*path, index), binary)
    elif message := _leaf_fault(value, binary):
        yield Violation(message, path, (), value)


def _leaf_fault(value: object, binary: bool) -> str | None:
    if isinstance(value, str):
        return None if _encodable(value) else "text with a lone surrogate is no Unicode"
    if isinstance(value, float):
        return None if math.isfinite(value) else "NaN and infinity are no JSON numbers"
    if isinstance(value, _BYTES):
        return None if binary else "binary data where the schema has none"
    if value is None or isinstance(value, int):
        return None
    return f"a {type(value).__name__} is no JSON value"


def bytes_in(args: Sequence[object]) -> Iterator[tuple[_Path, object]]:
    """Yield the path and the value of all binary data; `args` must have passed `faults`."""
    waiting: list[tuple[_Path, object]] = [((), args)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, _BYTES):
            yield path, value
        elif isinstance(value, dict):
            waiting += [((*path, key), item) for key, item in value.items()]
        elif isinstance(value, list | tuple):
            waiting += [((*path, index), item) for index, item in enumerate(value)]
