"""The one reader and the one writer of JSON text, on every wire.

A wire that has read args with `read_args` has JsonArgs: of those only the schema is left to check. The type
checker keeps other tuples out of where they are expected, and the runtime tells them by their identity:
`context.json_args` is `context.args` only as long as no code has put other args there.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from typing import Any, NewType

from asynction.exceptions import PayloadValidationException
from asynction.validation._values import MAX_DEPTH, faults, is_json

_MAX_FAULTS = 20


JsonArgs = NewType("JsonArgs", "tuple[Any, ...]")
"""Args that were read from JSON text without NaN, lone surrogates, or more than MAX_DEPTH levels.

Only what reads JSON text makes them: `read_args`, and the packet class of Socket.IO.
"""


class NotJson(ValueError):
    """A text that is not JSON (RFC 8259)."""


def read_json(text: str | bytes) -> Any:
    """Read JSON text, which is UTF-8 where it comes as bytes; raise NotJson.

    NaN, infinity and numbers beyond the range of a double are refused. A value may still have lone
    surrogates or too many levels: see `read_args`, which says where.
    """
    try:
        return _decode(text if isinstance(text, str) else text.decode())
    except RecursionError:
        raise NotJson(f"nested deeper than {MAX_DEPTH} levels") from None
    except UnicodeDecodeError:
        raise NotJson("the text is not UTF-8") from None
    except NotJson:
        raise
    except json.JSONDecodeError as error:
        raise NotJson(f"a mistake in line {error.lineno}, column {error.colno}") from None
    except ValueError:  # Python reads integers of a limited length only
        raise NotJson("an integer has too many digits") from None


def read_args(values: Iterable[Any], text: str | bytes) -> JsonArgs:
    """Return the args among what `read_json` has read from `text`.

    Raises PayloadValidationException, with the places, where they have a lone surrogate or more than
    MAX_DEPTH levels.
    """
    args = JsonArgs(tuple(values))
    fault = json_fault(args) if is_suspicious(text) else None
    if fault is not None:
        raise fault
    return args


def json_fault(values: Sequence[Any], *, binary: bool = False) -> PayloadValidationException | None:
    """Return an exception that says where values cannot be JSON text; None where all of them can.

    `binary` accepts bytes, too.
    """
    if is_json(values):
        return None
    found = tuple(faults(values, binary=binary, limit=_MAX_FAULTS))
    return PayloadValidationException(f"payload: {found[0]}", found) if found else None


def write_json(value: object) -> str:
    """Return compact JSON text; raise ValueError for NaN and infinity, TypeError for other Python objects."""
    return _encode(value)


def is_suspicious(text: str | bytes) -> bool:
    """Return whether JSON text may hold a lone surrogate, which takes an escape, or too many levels.

    Looking at the text costs a fraction of a walk over the value that is read from it.
    """
    if isinstance(text, str):
        return "\\u" in text or text.count("[") + text.count("{") > MAX_DEPTH
    return b"\\u" in text or text.count(b"[") + text.count(b"{") > MAX_DEPTH


def _no_constant(name: str) -> object:
    raise NotJson(f"{name} is not a JSON number")


def _finite(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise NotJson("a number is too large")
    return value


_encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode
_decode = json.JSONDecoder(parse_constant=_no_constant, parse_float=_finite).decode
