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

    def wait(item: Json) -> Json:
        waiting.append(item)
        return item

    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            yield value
            map_subschemas(value, wait)


def dialect_of(schema: Json) -> str:
    """Name the draft that a schema is written in: its `$schema`, 2020-12 for `prefixItems`, else draft-07."""
    named = schema.get("$schema") if isinstance(schema, dict) else None
    if isinstance(named, str):
        return named.rstrip("#")
    return DRAFT_2020_12 if any("prefixItems" in each for each in subschemas(schema)) else DRAFT_07
