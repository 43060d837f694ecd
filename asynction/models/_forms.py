"""The JSON forms of values that JSON lacks: dates, UUIDs, decimals, bytes, numbers of numpy."""

from __future__ import annotations

import base64
import math
import sys
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from pathlib import PurePath
from typing import Any, TypeAlias
from uuid import UUID

from asynction.models._places import Place
from asynction.validation import BYTES

Form: TypeAlias = Callable[[Any, Place], object]

_MAX_DIGITS = 4300
"""The length of the longest integers that Python writes."""

_FINER_THAN_PYTHON = ("ns", "ps", "fs", "as")
_ENCODINGS: dict[str, Callable[[bytes], bytes]] = {
    "base64": base64.b64encode,
    "base64url": base64.urlsafe_b64encode,
    "base32": base64.b32encode,
    "base16": base64.b16encode,
}


@lru_cache(maxsize=512)
def form_of(kind: type) -> Form | None:
    """Return the function that writes values of a type as its schema wants them; None for an unknown type."""
    found = next((form for base, form in _FORMS if issubclass(kind, base)), None)
    numpy: Any = sys.modules.get("numpy")  # a value of numpy exists only where it has been imported
    if numpy is not None and issubclass(kind, (numpy.generic, numpy.ndarray)):
        return _numpy
    return found


def _numpy(value: Any, place: Place) -> object:
    numpy: Any = sys.modules["numpy"]
    if value.dtype.kind in "mM" and numpy.datetime_data(value.dtype)[0] in _FINER_THAN_PYTHON:
        value = value.astype(f"{value.dtype.kind}8[us]")  # else it would become a number of nanoseconds
    made = value.tolist()
    return float(made) if type(made).__name__ == "longdouble" else made  # Python has no such number


def _is_number(place: Place) -> bool:
    """Return whether a schema wants a number where a text is the exact form."""
    return "string" not in place.kinds and not place.kinds.isdisjoint(("integer", "fraction"))


def _decimal(value: Decimal, place: Place) -> object:
    if not value.is_finite():
        return math.nan  # which the check refuses
    if not _is_number(place):
        return str(value)
    is_whole = value == value.to_integral_value()
    wants_whole = "fraction" not in place.kinds or int(value.as_tuple().exponent) >= 0
    return int(value) if is_whole and wants_whole and value.adjusted() < _MAX_DIGITS else float(value)


def _duration(value: timedelta, place: Place) -> object:
    if not _is_number(place):
        return _iso_duration(value)
    seconds = value.total_seconds()
    return int(seconds) if "fraction" not in place.kinds and seconds.is_integer() else seconds


def _iso_duration(value: timedelta) -> str:
    """Return a duration of ISO 8601, such as `P1DT2H0M3.5S`."""
    if value < timedelta():
        return f"-{_iso_duration(-value)}"
    minutes, seconds = divmod(value.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    fraction = f".{value.microseconds:06}".rstrip("0") if value.microseconds else ""
    last = f"{seconds}{fraction}S" if seconds or fraction else ""
    middle = f"{minutes}M" if minutes or (hours and last) else ""  # RFC 3339 has no hours and seconds alone
    clock = f"{hours}H{middle}{last}" if hours else middle + last
    days = f"{value.days}D" if value.days else ""
    return f"P{days}T{clock}" if clock else f"P{days or '0D'}"


def _time(value: datetime | time, _: Place) -> str:
    text = value.isoformat()
    return f"{text[:-6]}Z" if text.endswith("+00:00") else text


def _bytes(value: bytes | bytearray | memoryview, place: Place) -> object:
    encode = _ENCODINGS.get(place.encoding or "")
    data = bytes(value)
    return data if encode is None else encode(data).decode()


_FORMS: tuple[tuple[type | tuple[type, ...], Form], ...] = (
    (Enum, lambda value, _: value.value),
    ((datetime, time), _time),
    (date, lambda value, _: value.isoformat()),
    (timedelta, _duration),
    (Decimal, _decimal),
    ((UUID, PurePath), lambda value, _: str(value)),
    (BYTES, _bytes),
)
