"""Writes the rows of `_objects_2` and `_objects_3` as a JSON Schema, for editors."""

from __future__ import annotations

from collections.abc import Mapping

from asynction.contract import Json
from asynction.document._objects_2 import EXTENSIONS, REFERABLE, VARIANTS
from asynction.document._reader import OBJECTS, field_of, forms
from asynction.validation import DRAFT_07

_PLAIN: Mapping[str, Json] = {
    "string": {"type": "string"},
    "boolean": {"type": "boolean"},
    "number": {"type": "number"},
    "null": {"type": "null"},
    "any": {},
    "Schema": {"type": ["object", "boolean"]},
    "Reference": {"type": "object", "required": ["$ref"], "properties": {"$ref": {"type": "string"}}},
}


def editor_schema() -> dict[str, Json]:
    """Return a JSON Schema (draft-07) of AsyncAPI documents of all supported versions."""
    definitions: dict[str, Json] = {"Reference": dict(_PLAIN["Reference"])}  # type: ignore[arg-type]  # it is a mapping
    for major, objects in OBJECTS.items():
        for kind in objects:
            definitions[f"{major}-{kind}"] = _object(major, kind)
    return {
        "$schema": f"{DRAFT_07}#",
        "title": "AsyncAPI with the extensions of asynction",
        "type": "object",
        "required": ["asyncapi"],
        "if": {"properties": {"asyncapi": {"type": "string", "pattern": "^2\\."}}},
        "then": _ref("2-Document"),
        "else": _ref("3-Document"),
        "definitions": definitions,
    }


def _object(major: str, kind: str) -> Json:
    row = OBJECTS[major][kind]
    fields = {**row, **EXTENSIONS[major].get(kind, {})}
    named = {name: _type(major, field_of(field).kind) for name, field in fields.items() if name != "*"}
    schema: dict[str, Json] = {
        "type": "object",
        "properties": named,
        "required": [name for name, field in row.items() if field_of(field).required],
        "patternProperties": {"^x-": {}},
        "additionalProperties": _type(major, field_of(str(row["*"])).kind) if "*" in row else False,
    }
    if kind in VARIANTS:
        schema = _with_variants(major, kind, schema)
    if REFERABLE.get(kind, "4.0")[0] <= major and "$ref" not in row:
        return {"if": {"type": "object", "required": ["$ref"]}, "then": _ref("Reference"), "else": schema}
    return schema


def _with_variants(major: str, kind: str, schema: dict[str, Json]) -> dict[str, Json]:
    key, variants = VARIANTS[kind]
    fields = {name: _type(major, "any") for row in variants.values() for name in row}
    properties = schema["properties"]
    known = properties if isinstance(properties, dict) else {}
    names = [field_of(variant).kind for variant in variants]
    cases: list[Json] = [
        {
            "if": {"properties": {key: {"const": name}}},
            "then": {
                "required": [name for name, field in row.items() if field_of(field).required],
                "properties": {name: _type(major, field_of(field).kind) for name, field in row.items()},
            },
        }
        for name, row in zip(names, variants.values(), strict=True)
    ]
    named: dict[str, Json] = {**fields, **known, key: {"enum": list(names)}}
    return {**schema, "properties": named, "allOf": cases}


def _type(major: str, kind: str) -> Json:
    parts = [part.strip() for part in kind.split("|")] if kind[0] not in "[{" else [kind]
    if len(parts) > 1:
        if parts[0].startswith("'"):
            return {"enum": [part.strip("'") for part in parts]}
        return {"anyOf": [_type(major, part) for part in parts]}
    if kind.startswith("["):
        return {"type": "array", "items": _type(major, kind[1:-1])}
    if kind.startswith("{"):
        return {"type": "object", "additionalProperties": _type(major, kind[1:-1])}
    if kind in OBJECTS[major]:
        return _ref(f"{major}-{kind}")
    if kind in forms():
        return {"type": "string", "pattern": f"^(?:{forms()[kind]})$"}
    return _PLAIN[kind]


def _ref(name: str) -> dict[str, Json]:
    return {"$ref": f"#/definitions/{name}"}
