"""A schema in a document to a Schema that stands alone, whatever files and cycles its `$ref`s go through."""

from __future__ import annotations

from collections import deque

from asynction.contract import Json, Schema
from asynction.document._sources import Node
from asynction.problems import escape
from asynction.validation import (
    DIALECTS,
    DRAFT_07,
    compile_problem,
    dialect_of,
    map_subschemas,
    schema_problems,
)

_FORMATS = {
    "application/schema": {uri.rpartition("/")[0].rpartition("/")[2]: uri for uri in DIALECTS},
    "application/vnd.aai.asyncapi": dict.fromkeys(
        ("2.0.0", "2.1.0", "2.2.0", "2.3.0", "2.4.0", "2.5.0", "2.6.0"), DRAFT_07
    ),
}
"""The media types of `schemaFormat` that are JSON Schema, with the dialect of each version."""


def dialect_of_format(schema_format: str) -> str | None:
    """Read a message's `schemaFormat`; None where it is no JSON Schema that is understood."""
    media, _, parameters = schema_format.replace(" ", "").partition(";")
    versions = _FORMATS.get(media.removesuffix("+json").removesuffix("+yaml"), {})
    return versions.get(parameters.removeprefix("version="))


def bundle(node: Node, dialect: str | None = None) -> Schema | None:
    """Collect a schema and all that it refers to; None, with a problem noted, where that fails."""
    root = node.resolved()
    if root is None:
        return None
    if not isinstance(root.value, dict | bool):
        root.note("schema", "a schema is a mapping or a boolean")
        return None
    value, complete = _Bundler(root).run()
    schema = Schema(value, dialect or dialect_of(value), root.place)
    if not complete or schema_problems(value):
        return None  # noted where the document is read
    if isinstance(value, dict) and "$schema" in value:
        schema = Schema(value, dialect_of(value), root.place)
    if message := compile_problem(schema):
        root.note("schema", f"cannot be used: {message}")
        return None
    return schema


class _Bundler:
    """Copies a schema; each target of a `$ref` becomes one entry of `definitions`."""

    def __init__(self, root: Node) -> None:
        self.root = root
        self.names: dict[int, str] = {}
        self.waiting: deque[tuple[str, Node]] = deque()
        self.complete = True

    def run(self) -> tuple[Json, bool]:
        value = self.copy(self.root)
        definitions: dict[str, Json] = {}
        while self.waiting:
            name, target = self.waiting.popleft()
            definitions[name] = self.copy(target)
        if definitions and isinstance(value, dict):
            value["definitions"] = definitions
        return value, self.complete

    def copy(self, node: Node) -> Json:
        if not isinstance(node.value, dict):
            return node.value
        # Rewritten `$ref`s count from the root, so nothing may move their base; what `definitions`
        # hold is reached by `$ref`s, which bring it along.
        kept = {k: v for k, v in node.value.items() if k not in ("$id", "definitions", "$defs")}
        copied = map_subschemas(kept, lambda value: self.copy(Node(value, node.sources, node.base)))
        if node.ref is not None:
            copied["$ref"] = self.point_to(node)
        node.sources.copy_place(node.value, copied)
        return copied

    def point_to(self, node: Node) -> str:
        target = node.resolved()
        if target is None:
            self.complete = False
            return "#"
        if target.value is self.root.value:
            return "#"
        name = self.names.get(id(target.value))
        if name is None or not isinstance(target.value, dict):
            name = self.new_name(str(target.key) or "schema")
            self.names[id(target.value)] = name
            self.waiting.append((name, target))
        return f"#/definitions/{escape(name)}"

    def new_name(self, wanted: str) -> str:
        taken = set(self.names.values())
        name, count = wanted, 1
        while name in taken:
            count += 1
            name = f"{wanted}-{count}"
        return name
