"""Random documents: made from the rows that the reader uses, and changed at random locations."""

from __future__ import annotations

import copy
from random import Random
from typing import Any

from asynction.document._objects_2 import REFERABLE, VARIANTS
from asynction.document._reader import OBJECTS, Field, field_of

SCHEMAS: list[Any] = [
    True,
    {},
    {"type": "object", "default": {}},
    {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]},
    {"type": "array", "items": {"type": "string"}},
    {"type": "array", "items": [{"type": "string"}, {"type": "integer"}]},
    {"$ref": "#/x-nowhere"},
    {"allOf": [{"type": "number", "minimum": 0}], "examples": [1]},
    {"discriminator": "kind", "deprecated": True, "externalDocs": {"url": "https://x.example"}},
]
OBJECT_SCHEMAS: list[Any] = [{}, {"type": "object"}, {"$ref": "#/x-nowhere"}]
TEXTS = {
    "uri": ["https://x.example/a", "urn:a:b"],
    "email": ["a@x.example"],
    "expression": ["$message.payload#/id", "$message.header#/a/b"],
    "string": ["a", "b", "application/json", "text"],
}
VALUES: list[Any] = [None, True, 0, 1.5, "text", [], {}, ["a"], {"a": 1}, [{}], {"$ref": "#/x-nowhere"}]
NAMES = ["a", "b-c", "D_e.f"]


class Generator:
    """Makes documents of one version that match the rows, and changes them so that they may not."""

    def __init__(self, random: Random, version: str) -> None:
        self.random = random
        self.version = version
        self.objects = OBJECTS[version[0]]
        self.made: set[str] = set()
        """The rows that an object was made for."""

    def document(self) -> dict[str, Any]:
        """Make a document whose structure is correct."""
        made = self.object("Document", 0)
        made["asyncapi"] = f"{self.version}.0"
        return made

    def value(self, kind: str, depth: int) -> Any:
        """Make a value of a type, as the rows name it."""
        if kind[0] == "[":
            return self.unique(kind[1:-1], depth)
        if kind[0] == "{":
            return {name: self.value(kind[1:-1], depth + 1) for name in self.some(NAMES, depth)}
        if "|" in kind:
            return self.value(self.random.choice(kind.split("|")).strip(), depth)
        if kind[0] == "'":
            return kind.strip("'")
        if kind in self.objects:
            may_refer = REFERABLE.get(kind, "4.0") <= self.version and "$ref" not in self.objects[kind]
            if may_refer and self.random.random() < 0.1:
                return {"$ref": "#/x-nowhere"}
            return self.object(kind, depth + 1)
        return copy.deepcopy(self.leaf(kind))

    def leaf(self, kind: str) -> Any:
        if kind == "Schema":
            return self.random.choice(SCHEMAS)
        if kind == "Reference":
            return {"$ref": "#/x-nowhere"}
        if kind == "boolean":
            return self.random.random() < 0.5
        if kind == "null":
            return None
        return self.random.choice(VALUES if kind == "any" else TEXTS[kind])

    def object(self, kind: str, depth: int) -> dict[str, Any]:
        row = {name: field_of(field) for name, field in self.objects[kind].items()}
        made: dict[str, Any] = {}
        self.made.add(kind)
        if kind in VARIANTS:
            key, variants = VARIANTS[kind]
            known = [name for name in variants if field_of(name).since <= self.version]
            variant = self.random.choice(known)
            made[key] = field_of(variant).kind
            row |= {name: field_of(field) for name, field in variants[variant].items()}
        for name, field in row.items():
            if name not in made and self.wanted(name, field, 0 if kind == "OAuthFlows" else depth):
                made[name] = self.field(kind, name, field.kind, depth)
        if "bearerFormat" in made:
            made["scheme"] = "bearer"
        if "*" not in row and self.random.random() < 0.1:
            made["x-note"] = copy.deepcopy(self.random.choice(VALUES))
        return made

    def field(self, kind: str, name: str, field: str, depth: int) -> Any:
        if name == "headers" and kind.startswith("Message") and "Schema" in field:
            return copy.deepcopy(self.random.choice(OBJECT_SCHEMAS))
        if (kind, name) in [("Message", "payload"), ("MultiFormatSchema", "schema")]:
            return self.value("Schema", depth)
        return self.value(field, depth)

    def wanted(self, name: str, field: Field, depth: int) -> bool:
        if field.since > self.version or name in ("*", "$ref"):
            return False
        if name == "payload":  # an example has this or headers
            return True
        return field.required or self.random.random() < 0.6 / (depth + 1)

    def some(self, names: list[str], depth: int) -> list[str]:
        return self.random.sample(names, self.random.randint(0, 1 if depth > 2 else 2))

    def unique(self, kind: str, depth: int) -> list[Any]:
        made: list[Any] = []
        for _ in range(self.random.randint(0, 2)):
            item = self.value(kind, depth + 1)
            if item not in made and not _same_name(item, made):
                made.append(item)
        return made

    def mutate(self, document: Any) -> None:
        """Delete, replace, copy, rename or add one node of `document`."""
        parent = self.random.choice(containers(document))
        key = self.random.choice(range(len(parent)) if isinstance(parent, list) else list(parent))
        change = self.random.choice(["delete", "replace", "copy", "rename", "add"])
        if change == "delete":
            del parent[key]
        elif change == "replace":
            parent[key] = copy.deepcopy(self.random.choice(VALUES))
        elif change == "copy":
            parent[key] = copy.deepcopy(self.random.choice(containers(document)))
        elif isinstance(parent, list):
            parent.append(copy.deepcopy(self.random.choice(VALUES)))
        else:
            name = self.random.choice([f"{key}z", *sorted(self.random.choice(list(self.objects.values())))])
            parent[name] = parent.pop(key) if change == "rename" else copy.deepcopy(parent[key])

    def point(self, document: Any, refs: list[str]) -> None:
        """Put a Reference Object in place of one node of `document`."""
        parent = self.random.choice(containers(document))
        key = self.random.choice(range(len(parent)) if isinstance(parent, list) else list(parent))
        parent[key] = {"$ref": self.random.choice(refs)}


def _same_name(item: Any, others: list[Any]) -> bool:
    """Give each tag of a list a name of its own."""
    name = item.get("name") if isinstance(item, dict) else None
    return name is not None and any(isinstance(o, dict) and o.get("name") == name for o in others)


def containers(value: Any) -> list[Any]:
    """Return all mappings and lists in `value` that are not empty."""
    found = [value] if isinstance(value, dict | list) and value else []
    for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        found += containers(child)
    return found
