"""Converts text from a URL or a header to the type in a schema, as OpenAPI does for parameters."""

from __future__ import annotations

import re
from collections.abc import Sequence

from asynction.contract import Json, Schema
from asynction.problems import unescape

_INTEGER = re.compile(r"[-+]?\d{1,20}")
_NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?")
_BOOLEANS = {"true": True, "false": False}
_MAX_REFS = 10  # a `$ref` may lead to itself


class StringCoercer:
    """Converts text by the subschemas of one schema; each `$ref` points into its `definitions`."""

    def __init__(self, schema: Schema) -> None:
        self.root = schema.value

    def read(self, texts: Sequence[str], schema: Json) -> object:
        """Convert the texts that were sent for one name to the type in `schema`; unreadable text is kept."""
        kinds = self._kinds(schema)
        if "array" in kinds:
            items = self.resolved(schema).get("items", True)
            return [self.read([text], items) for text in texts]
        if len(texts) > 1:
            return list(texts)
        text = texts[0]
        if "integer" in kinds and _INTEGER.fullmatch(text):
            return int(text)
        if "number" in kinds and _NUMBER.fullmatch(text):
            return float(text)
        if "boolean" in kinds and text in _BOOLEANS:
            return _BOOLEANS[text]
        return text

    def resolved(self, schema: Json) -> dict[str, Json]:
        """Follow the `$ref`s of `schema` within its root; return {} for a schema that is not a mapping."""
        definitions = self.root.get("definitions") if isinstance(self.root, dict) else None
        known = definitions if isinstance(definitions, dict) else {}
        for _ in range(_MAX_REFS):
            ref = schema.get("$ref") if isinstance(schema, dict) else None
            if not isinstance(ref, str):
                break
            schema = known.get(unescape(ref.removeprefix("#/definitions/")), {})
        return schema if isinstance(schema, dict) else {}

    def _kinds(self, schema: Json, depth: int = 0) -> set[str]:
        """Return the types in a schema and in the schemas that it combines."""
        resolved = self.resolved(schema)
        kinds = resolved.get("type")
        found = (
            {kinds} if isinstance(kinds, str) else set(map(str, kinds)) if isinstance(kinds, list) else set()
        )
        for keyword in ("allOf", "anyOf", "oneOf") if depth < _MAX_REFS else ():
            parts = resolved.get(keyword)
            for part in parts if isinstance(parts, list) else ():
                found |= self._kinds(part, depth + 1)
        return found
