"""Removes what must not leave the server from a document: extensions that name code, or are unknown."""

from __future__ import annotations

from collections.abc import Collection, Mapping
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

_SCHEMAS = {("Message", "payload"), ("MultiFormatSchema", "schema")}
"""Fields of type `any` that hold schemas."""


_EXTENSION = "extension"
"""The type of an extension that is published by name: whatever is in it goes with it, except code."""


@cache
def binds_code(key: str) -> bool:
    """Return True for the name of an extension that names code or holds secrets, also for a misspelt one."""
    if not key.startswith("x-"):
        return False
    if key in MISSPELT or key.endswith(_FUNCTION):
        return True
    return bool(get_close_matches(key, _CODE, n=1, cutoff=_NEAR))


@cache
def _ours() -> frozenset[str]:
    """Return our extensions that clients may see, such as `x-ack`."""
    rows = (row for version in EXTENSIONS.values() for row in version.values())
    return frozenset(name for row in rows for name in row if not binds_code(name))


def check_extensions(names: Collection[str]) -> frozenset[str]:
    """Return the names of extensions to publish; raise ValueError for one that cannot be published."""
    if isinstance(names, str):
        raise ValueError(f"`public_extensions` is a list of names: write [{names!r}]")
    for name in names:
        if not name.startswith("x-"):
            raise ValueError(
                f"`public_extensions`: `{name}` is not an extension, whose name starts with `x-`"
            )
        if binds_code(name):
            raise ValueError(
                f"`public_extensions`: `{name}` names code or holds secrets, so it is never public"
            )
    return frozenset(names)


def public_document(source: Mapping[str, Json], extensions: Collection[str] = ()) -> dict[str, Json]:
    """Copy a document without its extensions; data, and keys that are names, are kept.

    Our extensions that do not bind code are kept, as are those that `extensions` names; what other tools or
    people have written for themselves is not for everybody. Raises ValueError for a name that cannot be kept.
    """
    major = str(source.get("asyncapi", ""))[:1]
    rows = OBJECTS.get(major, OBJECTS["3"])
    objects = {kind: _fields(kind, row, major) for kind, row in rows.items()}
    copied = _Copier(objects, check_extensions(extensions)).copy(source, "Document")
    return copied if isinstance(copied, dict) else {}


def public_schema(schema: Json) -> Json:
    """Copy a schema without extensions, except ours that bind no code; a property may have any name."""
    if not isinstance(schema, dict):
        return schema
    kept = {key: value for key, value in schema.items() if not key.startswith("x-") or key in _ours()}
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

    def __init__(self, objects: Mapping[str, Mapping[str, str]], extensions: frozenset[str]) -> None:
        self.objects = objects
        self.extensions = extensions
        self.kept = _ours() | extensions

    def keeps(self, key: str, kind: str = "") -> bool:
        """Return whether a key of an object is copied."""
        if kind == _EXTENSION:
            return not binds_code(key)
        return not key.startswith("x-") or key in self.kept

    def copy(self, value: Json, kind: str) -> Json:
        if kind == "data" or not isinstance(value, Mapping | list):
            return value
        if isinstance(value, list):
            inner = kind[1:-1] if kind.startswith("[") else kind if kind == _EXTENSION else "unknown"
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
            if names or self.keeps(key, kind)
        }

    def type_of(self, kind: str, key: str, fields: Mapping[str, str]) -> str:
        """Return the type of a field; an unknown one has no names as keys, so extensions go at any depth."""
        if kind == "MessageExample":
            return "data"
        if kind == _EXTENSION or key in self.extensions:
            return _EXTENSION
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
        """Copy a schema; in extensions that are kept, code goes at any depth."""
        kept = {key: value for key, value in schema.items() if self.keeps(key)}
        return map_subschemas(
            {
                key: self.copy(value, _EXTENSION) if key.startswith("x-") else value
                for key, value in kept.items()
            },
            lambda inner: self.schema(inner) if isinstance(inner, dict) else inner,
        )
