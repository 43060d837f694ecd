"""The keywords of a JSON Schema in words."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from asynction.contract import Json

_RANGES = (
    ("minLength", "maxLength", "character"),
    ("minItems", "maxItems", "item"),
    ("minProperties", "maxProperties", "property"),
)
_PLURALS = {"property": "properties"}
_FLAGS = (
    ("uniqueItems", "no duplicate items"),
    ("readOnly", "read-only"),
    ("writeOnly", "write-only"),
    ("deprecated", "deprecated"),
)
_TEXTS = (("pattern", "matches"), ("contentMediaType", "contains"), ("contentEncoding", "encoded in"))
_IMPLIED = (
    ("properties", "object"),
    ("additionalProperties", "object"),
    ("required", "object"),
    ("items", "array"),
    ("prefixItems", "array"),
    ("minLength", "string"),
    ("pattern", "string"),
)
"""The type that a keyword suggests for a schema without `type`."""


def literal(value: Json) -> str:
    """Return a JSON value on one line."""
    return json.dumps(value, ensure_ascii=False)


def types(schema: Mapping[str, Json]) -> list[str]:
    """Return the names of the types that a schema allows, `null` last; bytes are `binary`."""
    named = schema.get("type")
    kinds = [str(kind) for kind in named] if isinstance(named, list) else [named] if named else []
    if not kinds:
        kinds = [kind for keyword, kind in _IMPLIED if keyword in schema][:1]
    if "binary" in (schema.get("format"), schema.get("contentEncoding")):
        kinds = ["binary" if kind == "string" else kind for kind in kinds]
    if schema.get("nullable") is True and "null" not in kinds:
        kinds = [*kinds, "null"]
    return sorted(map(str, kinds), key=lambda kind: kind == "null")


def constraints(schema: Mapping[str, Json]) -> Iterator[str]:
    """Yield a short phrase for each constraint of a schema except its type."""
    format_ = schema.get("format")
    if isinstance(format_, str) and format_ != "binary":
        yield f"format {format_}"
    yield from _number(schema)
    for low, high, unit in _RANGES:
        if phrase := _count(schema.get(low), schema.get(high), unit):
            yield phrase
    for keyword, words in _TEXTS:
        value = schema.get(keyword)
        if isinstance(value, str) and value != "binary":
            yield f"{words} {value}"
    for keyword, words in _FLAGS:
        if schema.get(keyword) is True:
            yield words
    if schema.get("additionalProperties") is False or schema.get("unevaluatedProperties") is False:
        yield "no other properties"


def _number(schema: Mapping[str, Json]) -> Iterator[str]:
    low, high = schema.get("minimum"), schema.get("maximum")
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    if above is True:  # in draft 4 the exclusive keywords are flags
        low, above = None, low
    if below is True:
        high, below = None, high
    if _is_number(low) and _is_number(high):
        yield f"{literal(low)} to {literal(high)}"
    else:
        yield from (
            f"{words} {literal(v)}" for words, v in (("at least", low), ("at most", high)) if _is_number(v)
        )
    yield from (f"{words} {literal(v)}" for words, v in (("above", above), ("below", below)) if _is_number(v))
    step = schema.get("multipleOf")
    if _is_number(step):
        yield f"multiple of {literal(step)}"


def _count(low: Json, high: Json, unit: str) -> str:
    """Describe a range of counts, such as `3 to 20 characters`."""
    if not _is_number(low):
        return f"at most {_several(high, unit)}" if _is_number(high) else ""
    if not _is_number(high):
        return f"at least {_several(low, unit)}"
    return f"exactly {_several(low, unit)}" if low == high else f"{literal(low)} to {_several(high, unit)}"


def _several(count: Json, unit: str) -> str:
    return f"{literal(count)} {unit if count == 1 else _PLURALS.get(unit, unit + 's')}"


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
