"""Removes what must not leave the server from a document: the extensions that name code or hold secrets."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache

from asynction.contract import Json
from asynction.document._objects_2 import EXTENSIONS, MISSPELT, VARIANTS
from asynction.document._reader import OBJECTS, field_of
from asynction.validation import map_subschemas

_CODE = ("x-handler", "x-handlers", "x-hooks", "x-jwt", "x-middlewares")
_FUNCTION = "Func"
_NEAR = 0.88
"""The similarity that makes an extension a misspelt one of ours: its value is a path to code too."""

_DATA = ("const", "default", "enum", "example", "examples")
"""Keywords whose values are data: no key in them is an extension."""

_SCHEMAS = {("Message", "payload"), ("MultiFormatSchema", "schema")}
"""Fields of type `any` that hold schemas."""


@cache
def binds_code(key: str) -> bool:
    """Return True for the name of an extension that names code or holds secrets, also for a misspelt one."""
    if not key.startswith("x-"):
        return False
    if key in MISSPELT or key.endswith(_FUNCTION):
        return True
    return bool(get_close_matches(key, _CODE, n=1, cutoff=_NEAR))


def public_document(source: Mapping[str, Json]) -> dict[str, Json]:
    """Copy a document without the extensions that bind code; data, and keys that are names, are kept."""
    major = str(source.get("asyncapi", ""))[:1]
    rows = OBJECTS.get(major, OBJECTS["3"])
    copied = _Copier({kind: _fields(kind, row, major) for kind, row in rows.items()}).copy(source, "Document")
    return copied if isinstance(copied, dict) else {}


def public_schema(schema: Json) -> Json:
    """Copy a schema without the extensions that bind code; a property may have any name."""
    if not isinstance(schema, dict):
        return schema
    kept = {key: value for key, value in schema.items() if not binds_code(key)}
    return map_subschemas(kept, public_schema)


def _fields(kind: str, row: Mapping[str, str], major: str) -> dict[str, str]:
    """Return the type of each field of an object, with those of its variants and of our extensions."""
    fields = dict(row)
    for more in VARIANTS[kind][1].values() if kind in VARIANTS else ():
        fields |= more
    fields |= EXTENSIONS.get(major, {}).get(kind, {})
    return {name: field_of(field).kind for name, field in fields.items()}


class _Copier:
    """Copies a document by the types of its objects, as the reader checks it."""

    def __init__(self, objects: Mapping[str, Mapping[str, str]]) -> None:
        self.objects = objects

    def copy(self, value: Json, kind: str) -> Json:
        if kind == "data" or not isinstance(value, Mapping | list):
            return value
        if isinstance(value, list):
            inner = kind[1:-1] if kind.startswith("[") else "unknown"
            return [self.copy(item, inner) for item in value]
        if kind.startswith("{"):  # its keys are names
            return {key: self.copy(item, kind[1:-1]) for key, item in value.items()}
        if " | " in kind:
            kind = self.intended(value, kind.split(" | "))
        if kind == "Schema":
            return self.schema(dict(value))
        fields = self.objects.get(kind, {})
        names = kind == "Requirement"
        return {
            key: self.copy(item, self.type_of(kind, key, fields))
            for key, item in value.items()
            if names or not binds_code(key)
        }

    def type_of(self, kind: str, key: str, fields: Mapping[str, str]) -> str:
        """Return the type of a field; an unknown one has no names as keys, so extensions go at any depth."""
        if kind == "MessageExample":
            return "data"
        found = fields.get(key, fields.get("*", "unknown"))
        return "Schema" if found == "any" and (kind, key) in _SCHEMAS else found

    def intended(self, value: Mapping[str, Json], kinds: list[str]) -> str:
        """Return the type that a mapping is meant to have: one with a field of its own, else the first."""
        if "schema" in value and "MultiFormatSchema" in kinds:
            return "MultiFormatSchema"
        if "oneOf" in value and "MessageList" in kinds:
            return "MessageList"
        return kinds[0]

    def schema(self, schema: dict[str, Json]) -> Json:
        """Copy a schema; in keywords that JSON Schema does not define, extensions go at any depth."""
        kept = {key: value for key, value in schema.items() if not binds_code(key)}
        return map_subschemas(
            {
                k: v if k in _DATA or not k.startswith("x-") else self.copy(v, "unknown")
                for k, v in kept.items()
            },
            lambda inner: self.schema(inner) if isinstance(inner, dict) else inner,
        )
