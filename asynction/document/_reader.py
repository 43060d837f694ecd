"""One generic reader: holds any part of a document against the rows of `_objects` and notes every problem."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from asynction.contract import Json
from asynction.document._bundle import is_schema, named_dialect, note_schema_problems
from asynction.document._objects import EXTENSIONS, MISSPELT, OBJECTS, REFERABLE
from asynction.document._sources import Node
from asynction.problems import did_you_mean
from asynction.validation import dialect_of, subschemas

_KINDS = {"string": str, "boolean": bool}
_NAMES = {
    str: "a string",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    dict: "a mapping",
    list: "a list",
}


class Reader:
    """Reads one document of one version; what it finds wrong goes to the document's sources."""

    def __init__(self, version: str) -> None:
        self.version = version
        self.seen: set[tuple[int, str]] = set()

    def read(self, node: Node, kind: str) -> None:
        """Check `node` against a type expression of `_objects`."""
        alternatives = _alternatives(kind)
        if len(alternatives) > 1:
            self.read_either(node, alternatives)
        elif kind.startswith("["):
            self.read_list(node, kind[1:-1])
        elif kind.startswith("{"):
            self.read_mapping(node, kind[1:-1])
        elif kind in OBJECTS:
            self.read_object(node, kind)
        elif kind == "Schema":
            self.read_schema(node)
        elif kind != "any" and not isinstance(node.value, _KINDS[kind]):
            node.note("type", f"expected a {kind}, found {_name(node.value)}")

    def read_either(self, node: Node, alternatives: tuple[str, ...]) -> None:
        if all(a.startswith("'") for a in alternatives):
            known = [a.strip("'") for a in alternatives]
            if node.value not in known:
                near = did_you_mean(str(node.value), known)
                node.note("enum", f"`{node.value}` is none of {', '.join(known)}{near}")
            return
        # Of two objects, the one whose required field is there is meant.
        first, *others = alternatives
        value = node.value if isinstance(node.value, dict) else {}
        for other in others:
            if any(name in value for name, field in OBJECTS[other].items() if _field(field)[1]):
                first = other
        self.read(node, first)

    def read_list(self, node: Node, kind: str) -> None:
        if not isinstance(node.value, list):
            node.note("type", f"expected a list, found {_name(node.value)}")
            return
        for index in range(len(node.value)):
            self.read(node.child(index), kind)

    def read_mapping(self, node: Node, kind: str) -> None:
        if not isinstance(node.value, dict):
            node.note("type", f"expected a mapping, found {_name(node.value)}")
            return
        for name in node.value:
            self.read(node.child(name), kind)

    def read_object(self, node: Node, kind: str) -> None:
        if kind in REFERABLE and node.ref is not None:
            target = self.follow(node)
            if target is None:
                return
            node = target
        if (id(node.value), kind) in self.seen:
            return
        if not isinstance(node.value, dict):
            node.note("type", f"expected {_article(kind)}, found {_name(node.value)}")
            return
        self.seen.add((id(node.value), kind))
        fields = {**OBJECTS[kind], **EXTENSIONS.get(kind, {})}
        for name in node.value:
            self.read_field(node, name, fields, kind)
        for name, field in OBJECTS[kind].items():
            if _field(field)[1] and name not in node.value:
                node.note("required", f"{_article(kind)} needs the field `{name}`")

    def follow(self, node: Node) -> Node | None:
        """Follow a Reference Object; in 2.x nothing else may stand in one."""
        for name in node.value if isinstance(node.value, dict) else ():
            if name != "$ref":
                message = f"ignored: `{name}` stands beside `$ref`"
                node.note("ref-siblings", message, severity="warning", key=name)
        return node.resolved()

    def read_field(self, node: Node, name: str, fields: Mapping[str, str], kind: str) -> None:
        field = fields.get(name, fields.get("*"))
        if field is None:
            self.unknown(node, name, fields, kind)
            return
        expression, _, since = _field(field)
        if since > self.version:
            message = (
                f"`{name}` of {_article(kind)} came with AsyncAPI {since}, this document is {self.version}"
            )
            node.note("version", message, key=name)
        self.read(node.child(name), expression)

    def unknown(self, node: Node, name: str, fields: Mapping[str, str], kind: str) -> None:
        if name in MISSPELT and MISSPELT[name] in fields:
            message = f"`{name}` is read as `{MISSPELT[name]}`; write it so"
            node.note("misspelt", message, severity="warning", key=name)
            self.read(node.child(name), _field(fields[MISSPELT[name]])[0])
        elif name.startswith("x-"):
            if near := did_you_mean(name, [f for f in fields if f.startswith("x-")]):
                node.note(
                    "unknown-extension",
                    f"`{name}` is no extension of {_article(kind)}{near}",
                    key=name,
                )
        else:
            near = did_you_mean(name, fields)
            node.note("unknown-field", f"{_article(kind)} has no field `{name}`{near}", key=name)

    def read_schema(self, node: Node) -> None:
        """A Schema Object and all that it refers to: correct by the meta-schema of its dialect."""
        waiting: list[tuple[Node, str | None]] = [(node, None)]
        while waiting:
            written, outer = waiting.pop()
            schema = written.resolved()
            if schema is None or not is_schema(written, schema):
                continue
            if (id(schema.value), "Schema") in self.seen:
                continue
            self.seen.add((id(schema.value), "Schema"))
            dialect = named_dialect(schema) or outer
            note_schema_problems(schema, dialect or dialect_of(schema.value))
            for inner in subschemas(schema.value):
                if "$ref" in inner and inner is not schema.value:
                    waiting.append((Node(inner, schema.sources, schema.base), dialect))


@cache
def _alternatives(kind: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in kind.split("|"))


@cache
def _field(field: str) -> tuple[str, bool, str]:
    """Split a field of a row into its type, whether it is required, and its first version."""
    expression, _, since = field.partition("@")
    expression = expression.strip()
    return expression.rstrip("!"), expression.endswith("!"), since or "2.0"


def _name(value: Json) -> str:
    return "nothing" if value is None else _NAMES[type(value)]


def _article(kind: str) -> str:
    name = f"{kind} Object" if kind.endswith("s") else kind
    return f"an {name}" if name[0] in "AEIOU" else f"a {name}"
