"""Where JSON Schemas stand inside a JSON Schema, for every draft from 4 to 2020-12."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from asynction.contract import Json

ONE = frozenset(
    [
        "additionalItems",
        "additionalProperties",
        "contains",
        "contentSchema",
        "else",
        "if",
        "items",
        "not",
        "propertyNames",
        "then",
        "unevaluatedItems",
        "unevaluatedProperties",
    ]
)
LIST = frozenset(["allOf", "anyOf", "items", "oneOf", "prefixItems"])
MAP = frozenset(
    ["$defs", "definitions", "dependencies", "dependentSchemas", "patternProperties", "properties"]
)
_APPLICATORS = ONE | LIST | MAP

DIALECTS = {
    "http://json-schema.org/draft-04/schema": 4,
    "http://json-schema.org/draft-06/schema": 6,
    "http://json-schema.org/draft-07/schema": 7,
    "https://json-schema.org/draft/2019-09/schema": 2019,
    "https://json-schema.org/draft/2020-12/schema": 2020,
}
"""The drafts that are understood, by their URI without a fragment."""

DRAFT_07 = "http://json-schema.org/draft-07/schema"
DRAFT_2020_12 = "https://json-schema.org/draft/2020-12/schema"

SINCE = {
    **dict.fromkeys(
        [
            *("$ref", "additionalItems", "additionalProperties", "allOf", "anyOf", "dependencies", "enum"),
            *("exclusiveMaximum", "exclusiveMinimum", "format", "items", "maxItems", "maxLength"),
            *("maxProperties", "maximum", "minItems", "minLength", "minProperties", "minimum", "multipleOf"),
            *("not", "oneOf", "pattern", "patternProperties", "properties", "required", "type"),
            "uniqueItems",
        ],
        4,
    ),
    **dict.fromkeys(["const", "contains", "propertyNames"], 6),
    **dict.fromkeys(["else", "if", "then"], 7),
    **dict.fromkeys(["dependentRequired", "dependentSchemas", "maxContains", "minContains"], 2019),
    **dict.fromkeys(["unevaluatedItems", "unevaluatedProperties"], 2019),
    "prefixItems": 2020,
}
"""The keywords that check a value, and the first draft in which they do."""

ANNOTATIONS = frozenset(
    [
        *("$anchor", "$comment", "$defs", "$dynamicAnchor", "$dynamicRef", "$id", "$recursiveAnchor"),
        *("$recursiveRef", "$schema", "$vocabulary", "contentEncoding", "contentMediaType"),
        *("contentSchema", "default", "definitions", "deprecated", "description", "examples", "id"),
        *("readOnly", "title", "writeOnly"),
    ]
)
"""The keywords that check nothing by themselves; we read them in every draft alike."""


def map_subschemas(schema: dict[str, Json], change: Callable[[Json], Json]) -> dict[str, Json]:
    """Return a copy of `schema` with `change` applied to each schema that stands directly in it."""
    changed: dict[str, Json] = {}
    for keyword, value in schema.items():
        if isinstance(value, dict):
            if keyword in MAP:
                # `dependencies` may have lists of property names beside schemas.
                changed[keyword] = {k: v if isinstance(v, list) else change(v) for k, v in value.items()}
                continue
            value = change(value) if keyword in ONE else value  # noqa: PLW2901 - one name for what it becomes
        elif isinstance(value, list):
            if keyword in LIST:
                value = [change(item) for item in value]  # noqa: PLW2901
        elif isinstance(value, bool) and keyword in ONE:
            value = change(value)  # noqa: PLW2901
        changed[keyword] = value
    return changed


def subschemas(schema: Json) -> Iterator[dict[str, Json]]:
    """Yield `schema` and every schema inside it that is a mapping."""
    waiting = [schema]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            yield value
            for keyword in [name for name in value if name in _APPLICATORS]:
                inner = value[keyword]
                if isinstance(inner, list):
                    waiting += inner if keyword in LIST else ()
                elif keyword in ONE:
                    waiting.append(inner)
                elif isinstance(inner, dict) and keyword in MAP:
                    waiting += inner.values()


def dialect_of(schema: Json) -> str:
    """Name the draft that a schema is written in: its `$schema`, 2020-12 for `prefixItems`, else draft-07."""
    named = schema.get("$schema") if isinstance(schema, dict) else None
    if isinstance(named, str):
        return named.rstrip("#")
    return DRAFT_2020_12 if any("prefixItems" in each for each in subschemas(schema)) else DRAFT_07
