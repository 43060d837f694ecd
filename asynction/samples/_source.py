"""The schema, its definitions and its checks, which all attempts share."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from asynction.contract import Json, Schema
from asynction.samples._fakes import Fakes
from asynction.samples._heights import PREFIX, Heights
from asynction.samples._shape import Shape, shape_of
from asynction.validation import DIALECTS, Validator, subschemas

# Keywords that a value can break even though each of its parts is valid.
_TRICKY = frozenset(
    [
        *("allOf", "const", "contains", "dependencies", "dependentRequired", "dependentSchemas", "enum"),
        *("if", "maxProperties", "not", "oneOf", "pattern", "patternProperties", "propertyNames"),
        *("unevaluatedItems", "unevaluatedProperties", "uniqueItems"),
    ]
)
_EASY = ({"enum"}, {"enum", "type"}, {"const"}, {"const", "type"})
"""Schemas with a tricky keyword whose values need no check of their own."""


class Source:
    """One schema and its definitions, with checks for the subschemas that need one of their own."""

    def __init__(self, schema: Schema, fakes: Fakes) -> None:
        self.fakes = fakes
        self.draft = DIALECTS[schema.dialect]
        self._dialect = schema.dialect
        definitions = schema.value.get("definitions") if isinstance(schema.value, dict) else None
        self.definitions: Mapping[str, Json] = definitions if isinstance(definitions, dict) else {}
        # Schemas are identified by `id`, which is safe as long as they are referenced here.
        self._own = {id(each): each for each in subschemas(schema.value)}
        self._checks: dict[int, Validator] = {}
        self._shapes: dict[int, Shape] = {}

    def target(self, ref: str) -> Json:
        """Return the schema that a `$ref` leads to."""
        return self.definitions[ref.removeprefix(PREFIX)]

    def shape(self, schema: Mapping[str, Json]) -> Shape:
        """Return the shape of a schema: its keywords, except those that combine schemas."""
        shape = self._shapes.get(id(schema))
        if shape is None:
            shape = shape_of(schema, self.draft)
            if id(schema) in self._own:
                self._shapes[id(schema)] = shape
        return shape

    @cached_property
    def heights(self) -> Heights:
        """The depths of the flattest values of the definitions."""
        return Heights(self.definitions, self.draft)

    def check_for(self, schema: Json) -> Validator | None:
        """Return the validator for a subschema; None if its values need no check of their own."""
        if not isinstance(schema, dict) or id(schema) not in self._own or schema.keys() in _EASY:
            return None
        has_more = "$ref" in schema and len(schema) > 1
        return self.check(schema) if has_more or not _TRICKY.isdisjoint(schema) else None

    def check(self, schema: Json) -> Validator:
        """Return the validator for any schema."""
        check = self._checks.get(id(schema))
        if check is None:
            # `allOf` keeps a tuple from being read as several args.
            whole: Json = {"allOf": [schema], "definitions": self.definitions}
            check = Validator(Schema(whole, self._dialect))
            if id(schema) in self._own:
                self._checks[id(schema)] = check
        return check
