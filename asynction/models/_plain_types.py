"""The JSON Schema of annotations without models: JSON's types, Literal, Enum, dates, containers of these."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, MutableSequence, Sequence
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin
from uuid import UUID

from asynction.contract import Json
from asynction.models._convert import bare

FLEXIBLE = (Decimal, timedelta)
"""Classes that are written as a text or as a number, as the schema wants."""

_OWN_SCHEMA = "__get_pydantic_core_schema__"
_MAX_DEPTH = 12

_BASIC: Mapping[object, str] = {
    None: "null",
    NoneType: "null",
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
}
_ARRAYS = (list, set, frozenset, Sequence, MutableSequence)
_OBJECTS = (dict, Mapping, MutableMapping)


def schema_of_type(annotation: object, *, receives: bool, depth: int = 0) -> Json:
    """Return the schema of what an annotation takes, or of what it is written as; `True` if it is not known.

    Args:
        annotation: the annotation of a parameter, or of a result.
        receives: whether values become the type, or it becomes values.
        depth: how deep the annotation is in another one.
    """
    named = getattr(annotation, "__value__", annotation)  # of `type X = ...`
    if any(hasattr(data, _OWN_SCHEMA) for data in getattr(named, "__metadata__", ())):
        return True  # code decides, such as a validator of pydantic
    annotation = bare(annotation)
    origin, args = get_origin(annotation), get_args(annotation)
    if depth > _MAX_DEPTH:
        return True
    if origin is Literal:
        return _values([each.value if isinstance(each, Enum) else each for each in args])
    inner = [schema_of_type(each, receives=receives, depth=depth + 1) for each in args]
    if origin in (Union, UnionType):
        return {"anyOf": inner}
    kind = annotation if origin is None else origin
    if kind in _BASIC:
        return {"type": _BASIC[kind]}
    if kind in _ARRAYS:
        return {"type": "array", "items": inner[0]} if inner else {"type": "array"}
    if kind in _OBJECTS:
        return {"type": "object", "additionalProperties": inner[1]} if len(inner) > 1 else {"type": "object"}
    if kind is tuple:
        return {"type": "array"}
    return _of_class(kind, receives=receives) if isinstance(kind, type) else True


def _of_class(kind: type[Any], *, receives: bool) -> Json:
    """Return the schema of the forms that a class which JSON does not have is read from, or written in."""
    if hasattr(kind, _OWN_SCHEMA):
        return True
    if issubclass(kind, bytes):
        return {"type": "string", "format": "binary"}
    if issubclass(kind, Enum):
        # A class with a `_missing_` of its own takes other values, too.
        is_closed = kind._missing_.__func__ is Enum._missing_.__func__  # type: ignore[attr-defined]
        return _values([member.value for member in kind]) if is_closed or not receives else True
    if issubclass(kind, FLEXIBLE):
        return {"type": ["string", "number"]}
    if issubclass(kind, date | time):
        return {"type": ["string", "number"]} if receives else {"type": "string"}
    return {"type": "string"} if issubclass(kind, UUID | PurePath) else True


def _values(values: list[Any]) -> Json:
    is_json = all(isinstance(value, str | int | float | NoneType) for value in values)
    return {"enum": list(values)} if is_json else True
