"""Converts the schemas of a contract for OpenAPI 3.1: JSON Schema 2020-12, with definitions as components."""

from __future__ import annotations

import re
from collections.abc import Mapping

from asynction.contract import Json, Schema
from asynction.document import public_schema
from asynction.problems import unescape
from asynction.validation import DIALECTS, map_subschemas

_PREFIX = "#/definitions/"
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9._-]+")
_FIRST_MODERN_DRAFT = 2019
"""The first draft with the meaning of keywords in 2020-12, except `items`."""


class Schemas:
    """The schemas of one document; `found` are its components."""

    def __init__(self, found: dict[str, Json]) -> None:
        self.found = found

    def read(self, schema: Schema, count: tuple[int, int | None] | None = None) -> Json:
        """Convert a schema, and add its definitions to `found`.

        `count` is the least and greatest number of args, for a tuple schema.
        """
        if not schema.is_json_schema:
            return {}
        value, draft = public_schema(schema.value), DIALECTS[schema.dialect]
        if not isinstance(value, dict):
            return value
        definitions = value.get("definitions")
        own = definitions if isinstance(definitions, dict) else {}
        names = self._add_definitions(own, draft)
        kept = {key: item for key, item in value.items() if key not in ("definitions", "$schema")}
        read = _modern(kept, draft, names)
        if count is None or not isinstance(read, dict):
            return read
        min_args, max_args = count
        bounds: dict[str, Json] = (
            {"minItems": min_args} if max_args is None else {"minItems": min_args, "maxItems": max_args}
        )
        return {**read, "type": "array", **bounds}

    def _add_definitions(self, own: Mapping[str, Json], draft: int) -> Mapping[str, str]:
        """Add the definitions of one schema to `found`, and return their new names.

        A name that another schema uses for a different definition gets a number.
        """
        count = 1
        while True:
            names = {
                name: (_NOT_IN_NAMES.sub("_", name) or "_") + (f".{count}.{index}" if count > 1 else "")
                for index, name in enumerate(own)
            }
            made = {names[name]: _modern(definition, draft, names) for name, definition in own.items()}
            if len(made) == len(own) and all(
                self.found.get(name, each) == each for name, each in made.items()
            ):
                self.found |= made
                return names
            count += 1


def _modern(schema: Json, draft: int, names: Mapping[str, str]) -> Json:
    """Convert a schema of any draft to 2020-12; its `$ref`s point to the components with these names."""
    if not isinstance(schema, dict):
        return schema
    ref = schema.get("$ref")
    moved: dict[str, Json] = {}
    if isinstance(ref, str):
        name = unescape(ref.removeprefix(_PREFIX))
        moved["$ref"] = f"#/components/schemas/{names[name]}" if name in names else ref
        if draft < _FIRST_MODERN_DRAFT:  # before 2019-09, keywords next to a `$ref` are ignored
            return moved
    changed = {**map_subschemas(schema, lambda inner: _modern(inner, draft, names)), **moved}
    if draft < 2020:
        _list_items(changed)
    if draft < _FIRST_MODERN_DRAFT:
        _depend(changed)
    if draft == 4:
        _exclude(changed)
    return changed


def _list_items(schema: dict[str, Json]) -> None:
    rest = schema.pop("additionalItems", None)
    if isinstance(schema.get("items"), list):
        schema["prefixItems"] = schema.pop("items")
        if rest is not None:
            schema["items"] = rest


def _depend(schema: dict[str, Json]) -> None:
    dependencies = schema.pop("dependencies", None)
    if isinstance(dependencies, dict):
        lists = {key: value for key, value in dependencies.items() if isinstance(value, list)}
        others = {key: value for key, value in dependencies.items() if key not in lists}
        schema |= {"dependentRequired": lists} if lists else {}
        schema |= {"dependentSchemas": others} if others else {}


def _exclude(schema: dict[str, Json]) -> None:
    """Convert `exclusiveMinimum: true` of draft 4, which makes `minimum` exclusive."""
    for keyword, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if schema.pop(exclusive, None) is True and keyword in schema:
            schema[exclusive] = schema.pop(keyword)
    if "id" in schema:
        schema.pop("id")
