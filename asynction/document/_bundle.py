"""A schema in a document to a Schema that stands alone, whatever files and cycles its `$ref`s go through."""

from __future__ import annotations

import itertools
import re
from collections import deque
from collections.abc import Iterator

from asynction.contract import Json, Schema
from asynction.document._sources import Node
from asynction.validation import (
    DIALECTS,
    Validator,
    compile_problem,
    dialect_of,
    map_subschemas,
    schema_problems,
    subschemas,
)

_FORMATS = {
    "application/schema": {uri.rpartition("/")[0].rpartition("/")[2]: uri for uri in DIALECTS},
    # What AsyncAPI itself calls a schema: read as if there were no `schemaFormat`.
    "application/vnd.aai.asyncapi": dict.fromkeys(
        ("2.0.0", "2.1.0", "2.2.0", "2.3.0", "2.4.0", "2.5.0", "2.6.0"), ""
    ),
}
"""The media types of `schemaFormat` that are JSON Schema, with the dialect of each version."""

# Rewritten `$ref`s count from the root, so nothing may move their base; what `definitions` hold is
# reached by `$ref`s, which bring it along.
_DROPPED = frozenset(
    ["$anchor", "$defs", "$dynamicAnchor", "$id", "$recursiveAnchor", "$schema", "definitions", "id"]
)
_BESIDE_REF = _DROPPED | {"$ref", "$comment"}
_ANNOTATIONS = frozenset(
    ["default", "deprecated", "description", "examples", "readOnly", "title", "writeOnly"]
)
_NOT_IN_NAME = re.compile(r"[^A-Za-z0-9_.-]")
"""What a name needs no escaping without, neither as a part of a pointer nor of a URI."""
_DYNAMIC = ("$dynamicRef", "$recursiveRef")


def dialect_of_format(schema_format: str) -> str | None:
    """Read a message's `schemaFormat`; None where it is no JSON Schema that is understood, "" for any."""
    media, _, parameters = schema_format.lower().replace(" ", "").replace('"', "").partition(";")
    versions = _FORMATS.get(media.removesuffix("+json").removesuffix("+yaml"), {})
    version = parameters.removeprefix("version=")
    return versions.get(version, versions.get(version.removeprefix("draft-")))


def named_dialect(node: Node) -> str | None:
    """The `$schema` that a schema names, or the file that it stands in."""
    for holder in (node.value, node.file_data):
        if isinstance(holder, dict) and isinstance(holder.get("$schema"), str):
            return dialect_of(holder)
    return None


def is_schema(node: Node, target: Node) -> bool:
    """True where the `$ref` of `node` leads to something that may be a schema; else a problem is noted."""
    if node.ref is not None and not isinstance(target.value, dict | bool):
        node.note("schema", f"`$ref: {node.ref}` leads to no schema", key="$ref")
        return False
    return True


def note_schema_problems(node: Node, dialect: str) -> bool:
    """Hold a schema against its meta-schema and note each fault at its place; True where there is one."""
    problems = schema_problems(node.value, dialect)
    for path, message in problems:
        at = node
        for token in path[:-1]:
            at = at.child(token)
        at.note("schema", message, key=path[-1] if path else None)
    return bool(problems)


def bundle(node: Node, dialect: str | None = None) -> Schema | None:
    """Collect a schema and all that it refers to; None, with a problem noted, where that fails.

    `dialect` is what `schemaFormat` says; a `$schema` nearer to the schema wins over it.
    """
    root = node if _says_more(node, named_dialect(node) or dialect) else node.resolved()
    if root is None or not is_schema(node, root):
        return None
    bundler = _Bundler(root)
    value = bundler.run()
    written = named_dialect(root) or named_dialect(node) or dialect or dialect_of(value)
    bundled = Node(value, root.sources, root.base, root.parent, root.key)
    if note_schema_problems(bundled, written) or not bundler.complete:
        return None
    if node is not root and node.ref is not None:
        bundler.refs.append((node, root))
    _warn(bundler, written)
    schema = Schema(value, written, root.place)
    if message := compile_problem(schema):
        root.note("schema", f"cannot be used: {message}")
        return None
    _check_values(bundled, schema)
    return schema


def _says_more(node: Node, dialect: str | None) -> bool:
    """True where what stands beside a `$ref` counts: since draft 2019-09 it does."""
    if node.ref is None or not isinstance(node.value, dict) or DIALECTS.get(dialect or "", 0) < 2019:
        return False
    return any(name not in _BESIDE_REF | _ANNOTATIONS for name in node.value)


def _warn(bundler: _Bundler, dialect: str) -> None:
    for node, target in bundler.refs:
        other = named_dialect(target)
        if other is not None and other != dialect:
            message = f"is written in `{other}`, but read in `{dialect}` as what refers to it"
            node.note("schema-dialect", message, severity="warning", key="$ref")
        if DIALECTS[dialect] < 2019 and isinstance(node.value, dict):
            for name in node.value.keys() - _BESIDE_REF:
                message = f"ignored: `{name}` stands beside `$ref`"
                node.note("ref-siblings", message, severity="warning", key=name)


def _check_values(bundled: Node, schema: Schema) -> None:
    """Warn of a `default` or an example that breaks the schema that it stands in."""
    value = schema.value
    definitions = value.get("definitions", {}) if isinstance(value, dict) else {}
    for each in subschemas(value):
        for name, path, instance in _values(each):
            rest = {key: item for key, item in each.items() if key != "definitions"}
            # `allOf` keeps a tuple from being read as several args.
            validator = Validator(Schema({"allOf": [rest], "definitions": definitions}, schema.dialect))
            violations = () if validator.takes_bytes else validator.check((instance,))
            for violation in violations[:1]:
                node = Node(each, bundled.sources, bundled.base)
                message = f"breaks its own schema: {violation.message}"
                if path:
                    node.child(name).note("schema-example", message, severity="warning", key=path[0])
                else:
                    node.note("schema-default", message, severity="warning", key=name)


def _values(schema: dict[str, Json]) -> Iterator[tuple[str, tuple[int, ...], Json]]:
    if "default" in schema:
        yield "default", (), schema["default"]
    examples = schema.get("examples")
    if isinstance(examples, list):
        for index, example in enumerate(examples):
            yield "examples", (index,), example


class _Bundler:
    """Copies a schema; each target of a `$ref` becomes one entry of `definitions`."""

    def __init__(self, root: Node) -> None:
        self.root = root
        self.names: dict[object, str] = {}
        self.waiting: deque[tuple[str, Node]] = deque()
        self.refs: list[tuple[Node, Node]] = []
        self.complete = True

    def run(self) -> Json:
        value = self.copy(self.root)
        definitions: dict[str, Json] = {}
        while self.waiting:
            name, target = self.waiting.popleft()
            definitions[name] = self.copy(target)
        if isinstance(value, dict) and definitions:
            value["definitions"] = definitions
        return value

    def copy(self, node: Node) -> Json:
        if not isinstance(node.value, dict):
            return node.value
        for name in _DYNAMIC:
            if name in node.value:
                node.note("schema", f"`{name}` is not understood; write `$ref`", key=name)
                self.complete = False
        kept = {keyword: value for keyword, value in node.value.items() if keyword not in _DROPPED}
        copied = map_subschemas(kept, lambda value: self.copy(Node(value, node.sources, node.base)))
        for keyword, value in kept.items():
            if isinstance(value, dict | list):
                node.sources.copy_place(value, copied[keyword])
        if node.ref is not None:
            copied["$ref"] = self.point_to(node)
        node.sources.copy_place(node.value, copied)
        return copied

    def point_to(self, node: Node) -> str:
        target = node.resolved()
        if target is None or not is_schema(node, target):
            self.complete = False
            return "#"
        self.refs.append((node, target))
        # What is no mapping has no identity of its own, but its place has.
        identity = id(target.value) if isinstance(target.value, dict) else (id(target.parent), target.key)
        if identity not in self.names:
            self.names[identity] = self.new_name(str(target.key) or "schema")
            self.waiting.append((self.names[identity], target))
        return f"#/definitions/{self.names[identity]}"

    def new_name(self, wanted: str) -> str:
        taken = set(self.names.values())
        safe = _NOT_IN_NAME.sub("_", wanted)
        others = (f"{safe}-{count}" for count in itertools.count(2))
        return next(name for name in itertools.chain([safe], others) if name not in taken)
