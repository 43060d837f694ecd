"""Checks every part of a document against the rows of `_objects_2` and `_objects_3`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from operator import ge, gt
from typing import NamedTuple

from asynction.contract import Json
from asynction.document._nodes import Identity, Node
from asynction.document._objects_2 import (
    CODELESS,
    EXTENSIONS,
    MISSPELT,
    OBJECTS_2,
    REFERABLE,
    SCHEMA,
    VARIANTS,
)
from asynction.document._objects_3 import OBJECTS_3
from asynction.document._parts import EXAMPLE, EXTENSION, PART, Loose, follow, loose_fields
from asynction.document._schemas import (
    Schemas,
    dialect_of_format,
    implied_dialect,
    is_schema,
    named_dialect,
)
from asynction.document._subschemas import subschemas
from asynction.problems import did_you_mean

OBJECTS = {"2": OBJECTS_2, "3": OBJECTS_3}
"""The rows of each major version of AsyncAPI."""

_KINDS: dict[str, type] = {"string": str, "boolean": bool, "null": type(None)}
_NAMES = {
    str: "a string",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    dict: "a mapping",
    list: "a list",
}

_FORMS: dict[str, tuple[re.Pattern[str], str]] = {
    "uri": (re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]*"), "an absolute URI"),
    "email": (re.compile(r"[^@\s]+@[^@\s]+"), "an e-mail address"),
    "expression": (
        re.compile(r"\$message\.(header|payload)#(/(([^/~])|(~[01]))*)*"),
        "a runtime expression, such as `$message.payload#/id`",
    ),
}
_NEAR = 0.88  # other tools have extensions too: `x-headers` is not a misspelt `x-handlers`
_PAYLOADS = {"MultiFormatSchema": "schema", "Message": "payload"}
_TARGETS = {
    ("Channel", "servers"): "Server",
    ("Operation", "channel"): "Channel",
    ("Operation", "messages"): "Message",
    ("Reply", "channel"): "Channel",
    ("Reply", "messages"): "Message",
}
"""The types of what Reference Objects lead to."""
_COMPONENT_NAME = re.compile(r"[A-Za-z0-9._-]+")


def forms() -> dict[str, str]:
    """Return the patterns of the string formats, by their names in the rows."""
    return {name: pattern.pattern for name, (pattern, _) in _FORMS.items()}


class Field(NamedTuple):
    """A parsed field of a row: its type, whether it is required, and the version that introduced it."""

    kind: str
    required: bool
    since: str


class Reference(NamedTuple):
    """A Reference Object, the type that its target must have, and the target."""

    node: Node
    kind: str
    target: Node


class Reader:
    """Reads a document of one version; reports its problems to the document's sources."""

    def __init__(self, version: str) -> None:
        self.version = version
        self.objects = OBJECTS[version[0]]
        self.schemas = Schemas()
        self.references: list[Reference] = []
        self.loose: list[Loose] = []
        self.required: set[str] = set()
        """The names of security schemes in all Security Requirement Objects."""
        self.is_bound = False
        """True where the document has an extension that binds code: it is meant to be served."""
        self._seen: set[tuple[Identity, str]] = set()
        self._fields: dict[tuple[str, str], dict[str, Field]] = {}

    def read_document(self, root: Node) -> None:
        """Check a document, and find all its `$ref`s."""
        self.read(root, "Document")
        follow(self.loose, lambda *reference: self.references.append(Reference(*reference)))

    def read(self, node: Node, kind: str) -> None:
        """Check `node` against a type, as the rows name it."""
        alternatives = _alternatives(kind)
        if len(alternatives) > 1:
            self._read_either(node, alternatives)
        elif kind.startswith("["):
            self._read_list(node, kind[1:-1])
        elif kind.startswith("{"):
            self._read_mapping(node, kind[1:-1])
        elif kind in self.objects:
            self._read_object(node, kind)
        elif kind == "Schema":
            self._read_schema(node)
        elif kind == "Reference":
            self._read_reference(node, "any")
        elif kind != "any":
            _read_scalar(node, kind)

    def _read_either(self, node: Node, alternatives: tuple[str, ...]) -> None:
        if alternatives[0].startswith("'"):
            known = [alternative.strip("'") for alternative in alternatives]
            if node.value not in known:
                near = did_you_mean(str(node.value), known)
                node.report("enum", f"`{node.value}` is not one of {', '.join(known)}{near}")
        elif "[string]" in alternatives and not isinstance(node.value, str | list):
            node.report("type", f"expected a string or a list of strings, found {_name(node.value)}")
        elif node.value is not None or "null" not in alternatives:
            self.read(node, self._intended(node, alternatives))

    def _intended(self, node: Node, alternatives: tuple[str, ...]) -> str:
        """Return the type that a value is meant to have, by a required field of one type that it has."""
        if "[string]" in alternatives and isinstance(node.value, list):
            return "[string]"
        target = node.resolved() if node.ref is not None else node
        value = target.value if target is not None and isinstance(target.value, dict) else {}
        for kind in alternatives:
            required = [
                name for name, field in self.objects.get(kind, {}).items() if field_of(field).required
            ]
            if required and required[-1] in value:
                return kind
        return alternatives[0]

    def _read_list(self, node: Node, kind: str) -> None:
        if not isinstance(node.value, list):
            node.report("type", f"expected a list, found {_name(node.value)}")
            return
        for index in range(len(node.value)):
            self.read(node.child(index), kind)

    def _read_mapping(self, node: Node, kind: str) -> None:
        if not isinstance(node.value, dict):
            node.report("type", f"expected a mapping, found {_name(node.value)}")
            return
        for name in node.value:
            self.read(node.child(name), kind)

    def _read_object(self, node: Node, kind: str) -> None:
        found = self._dereferenced(node, kind) if "$ref" in _mapping(node) else node
        if found is None:
            return
        if not isinstance(found.value, dict):
            found.report("type", f"expected {_article(kind)}, found {_name(found.value)}")
            return
        if (found.identity, kind) in self._seen:  # each object once, however many `$ref`s lead to it
            return
        self._seen.add((found.identity, kind))
        if kind == "Requirement":
            self.required.update(found.value)
        fields = self._fields_of(found, kind)
        for name in found.value:
            self._read_field(found, name, fields, kind)
        for name, field in fields.items():
            if field.required and name not in found.value:
                found.report("required", f"{_article(kind)} needs the field `{name}`")
        if kind in _CHECKS:
            _CHECKS[kind](found, self.version)
        self._read_payload(found, kind)

    def _dereferenced(self, node: Node, kind: str) -> Node | None:
        """Return the target of a Reference Object; None, with a problem reported, where that fails."""
        if "$ref" in self.objects[kind]:  # a Channel Item of 2.x may have other fields: they are checked too
            if node.ref is not None and (target := self._follow(node, kind)) is not None:
                self.read(target, kind)
            return node
        if kind not in REFERABLE:
            return node
        if node.ref is None:
            if "*" in self.objects[kind]:  # bindings may be those of any protocol
                return node
            expected = f"expected a string, found {_name(_mapping(node)['$ref'])}"
            node.report("type", expected, key="$ref")
            return None
        if (since := REFERABLE[kind]) > self.version:
            came = f"{_article(kind)} may be a `$ref` since AsyncAPI {since}"
            node.report("version", f"{came}; this document is {self.version}", key="$ref")
        return self._follow(node, kind)

    def _fields_of(self, node: Node, kind: str) -> dict[str, Field]:
        """Return the fields of an object, with those of its variant and those of our extensions."""
        variant = self._variant(node, kind)
        if (kind, variant) not in self._fields:
            row = dict(self.objects[kind])
            for name, more in VARIANTS[kind][1].items() if kind in VARIANTS else ():
                known = field_of(name).kind
                # Of an unknown variant, which is reported as such, any field of any variant is accepted.
                row |= more if known == variant else {} if variant else dict.fromkeys(more, "any")
            row |= EXTENSIONS[self.version[0]].get(kind, {})
            self._fields[kind, variant] = {name: field_of(field) for name, field in row.items()}
        return self._fields[kind, variant]

    def _variant(self, node: Node, kind: str) -> str:
        """Return the value that decides which fields an object has; an empty string for an unknown one."""
        if kind not in VARIANTS:
            return ""
        key, variants = VARIANTS[kind]
        since = {field_of(name).kind: field_of(name).since for name in variants}
        variant = node.text(key)
        if variant in since:
            if since[variant] > self.version:
                came = f"the {key} `{variant}` came with AsyncAPI {since[variant]}"
                node.report("version", f"{came}; this document is {self.version}", key=key)
            return variant
        if key in _mapping(node):
            near = did_you_mean(variant, since)
            node.report("enum", f"`{variant}` is not a {key} of {_article(kind)}{near}", key=key)
        return ""

    def _read_payload(self, node: Node, kind: str) -> None:
        """Read a payload as a Schema Object, unless `schemaFormat` names another language."""
        key = _PAYLOADS.get(kind, "")
        if key in _mapping(node) and field_of(self.objects[kind][key]).kind == "any":
            schema_format = node.text("schemaFormat")
            dialect = dialect_of_format(schema_format) if schema_format else ""
            if dialect is None:
                self.loose.append(Loose(node.child(key), PART))
                self.schemas.foreign.append(node.child(key))
            else:
                self._read_schema(node.child(key), dialect or None)

    def _follow(self, node: Node, kind: str) -> Node | None:
        """Follow a Reference Object; warn of its other fields, which AsyncAPI ignores."""
        for name in _mapping(node):
            if name != "$ref":
                node.report("ref-siblings", f"`{name}` beside `$ref` is ignored", key=name)
        target = node.resolved()
        if target is not None:
            self.references.append(Reference(node, kind, target))
        return target

    def _read_reference(self, node: Node, kind: str) -> None:
        if node.ref is None:
            node.report("type", f"expected a `$ref`, found {_name(node.value)}")
            return
        target = self._follow(node, kind)
        if target is not None:
            self.read(target, kind)

    def _read_field(self, node: Node, name: str, fields: Mapping[str, Field], kind: str) -> None:
        field = fields.get(name) or fields.get("*")
        if field is None:
            self._unknown(node, name, fields, kind)
            return
        if field.since > self.version:
            came = f"`{name}` of {_article(kind)} came with AsyncAPI {field.since}"
            node.report("version", f"{came}; this document is {self.version}", key=name)
        self.is_bound |= name not in CODELESS and name in EXTENSIONS[self.version[0]].get(kind, ())
        if "any" in field.kind and _PAYLOADS.get(kind) != name:
            self.loose += _loose(node, name, kind)
        if "Reference" in field.kind:
            self._read_targets(node.child(name), field.kind.replace("Reference", _TARGETS[kind, name]))
        else:
            self.read(node.child(name), field.kind)

    def _read_targets(self, node: Node, kind: str) -> None:
        """Read a field that must be a Reference Object or a list of them; `kind` is that of their targets."""
        if not kind.startswith("["):
            self._read_reference(node, kind)
        elif not isinstance(node.value, list):
            node.report("type", f"expected a list, found {_name(node.value)}")
        else:
            for index in range(len(node.value)):
                self._read_reference(node.child(index), kind[1:-1])

    def _unknown(self, node: Node, name: str, fields: Mapping[str, Field], kind: str) -> None:
        if name in MISSPELT and MISSPELT[name] in fields:
            node.report("misspelt", f"`{name}` is read as `{MISSPELT[name]}`; correct the spelling", key=name)
            self.is_bound = True
            self.read(node.child(name), fields[MISSPELT[name]].kind)
        elif name.startswith("x-"):
            self.loose.append(Loose(node.child(name), EXTENSION))
            ours = [field for field in fields if field.startswith("x-")]
            if near := did_you_mean(name, ours, cutoff=_NEAR):
                message = f"`{name}` is not an extension of {_article(kind)}{near}"
                node.report("unknown-extension", message, key=name)
        else:
            near = did_you_mean(name, fields)
            node.report("unknown-field", f"{_article(kind)} has no field `{name}`{near}", key=name)

    def _read_schema(self, node: Node, dialect: str | None = None) -> None:
        """Check a Schema Object, and all that it refers to, against the meta-schema of its dialect."""
        waiting = [(node, dialect)]
        while waiting:
            written, outer = waiting.pop()
            schema = written.resolved()
            if schema is None or not is_schema(written, schema):
                continue
            if written.ref is not None:
                self.references.append(Reference(written, "Schema", schema))
            if (schema.identity, "Schema") in self._seen:  # schemas may refer to themselves
                continue
            self._seen.add((schema.identity, "Schema"))
            inner = named_dialect(schema) or outer
            self.schemas.nodes.append((schema, inner))
            parts = list(subschemas(schema))
            has_tuples = any("prefixItems" in _mapping(part) for part in parts)
            self.schemas.check(schema, inner or implied_dialect(has_tuples))
            for part in parts:
                if "$ref" in _mapping(part):
                    waiting.append((part, inner))
                self.loose += loose_fields(part)
                for name in SCHEMA.keys() & _mapping(part).keys():
                    self.read(part.child(name), SCHEMA[name])
                    self.schemas.has_discriminators |= name == "discriminator"


def _read_scalar(node: Node, kind: str) -> None:
    form = _FORMS.get(kind)
    is_number = isinstance(node.value, int | float) and not isinstance(node.value, bool)
    if not (is_number if kind == "number" else isinstance(node.value, _KINDS.get(kind, str))):
        expected = "a string" if form else f"a {kind}"
        node.report("type", f"expected {expected}, found {_name(node.value)}")
    elif form is not None and not form[0].fullmatch(str(node.value)):
        node.report("pattern", f"`{node.value}` is not {form[1]}")


def _loose(node: Node, name: str, kind: str) -> list[Loose]:
    """Return what has no type of its own in a field of an object."""
    if kind == "Mock":
        return [Loose(answer, EXAMPLE) for answer in node.listed(name)]
    if kind == "MessageExample":
        return [Loose(node.child(name), EXAMPLE)]
    return [Loose(node.child(name), EXTENSION if name.startswith("x-") else PART)]


def _mapping(node: Node) -> Mapping[str, Json]:
    return node.value if isinstance(node.value, dict) else {}


def _check_headers(message: Node, version: str) -> None:
    headers = message.get("headers")
    kind = _mapping(headers).get("type", "object") if headers is not None else "object"
    if headers is not None and kind != "object":
        headers.report("type", f"the schema of headers must have the type `object`, not `{kind}`", key="type")


def _check_example(example: Node, version: str) -> None:
    if version > "2.0" and not {"headers", "payload"} & _mapping(example).keys():
        example.report("required", "a message example needs `headers`, `payload` or both")


def _check_names(components: Node, version: str) -> None:
    for section in components.value if isinstance(components.value, dict) else ():
        names = components.child(section)
        for name in names.value if isinstance(names.value, dict) and not section.startswith("x-") else ():
            if not _COMPONENT_NAME.fullmatch(name):
                message = f"the name `{name}` may only contain letters, digits, `.`, `-` and `_`"
                names.report("component-key", message, key=name)


def _check_scheme(scheme: Node, version: str) -> None:
    kind = scheme.text("scheme")
    if scheme.text("type") == "http" and kind.lower() != "bearer" and "bearerFormat" in _mapping(scheme):
        message = f"`bearerFormat` belongs to the scheme `bearer`; this one is `{kind}`"
        scheme.report("unknown-field", message, key="bearerFormat")


def _check_jwt(settings: Node, version: str) -> None:
    for name, is_allowed, bound in (("leeway", ge, "0 or more"), ("timeout", gt, "more than 0")):
        seconds = _mapping(settings).get(name, 1)
        if isinstance(seconds, int | float) and not is_allowed(seconds, 0):
            settings.report("type", f"`{name}` must be a number of seconds, {bound}", key=name)


_CHECKS: dict[str, Callable[[Node, str], None]] = {
    "Components": _check_names,
    "Jwt": _check_jwt,
    "Message": _check_headers,
    "MessageTrait": _check_headers,
    "MessageExample": _check_example,
    "SecurityScheme": _check_scheme,
}
"""The checks of an object that rows cannot express."""


@cache
def _alternatives(kind: str) -> tuple[str, ...]:
    if kind[0] in "[{":
        return (kind,)
    return tuple(part.strip() for part in kind.split("|"))


@cache
def field_of(field: str) -> Field:
    """Parse a field of a row."""
    kind, _, since = field.partition("@")
    kind = kind.strip()
    return Field(kind.rstrip("! "), kind.endswith("!"), since or "2.0")


def _name(value: Json) -> str:
    return "nothing" if value is None else _NAMES[type(value)]


def _article(kind: str) -> str:
    name = f"{kind} Object" if kind.endswith("s") else kind
    return f"an {name}" if name[0] in "AEIOU" else f"a {name}"
