"""Bundles a schema of a document, with all that its `$ref`s lead to, into a self-contained Schema."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from asynction.contract import Json, Schema
from asynction.document._discriminators import Families, conditions
from asynction.document._files import Unreadable
from asynction.document._lint import is_plain, lint
from asynction.document._nodes import Identity, Node, unused_name
from asynction.document._subschemas import map_subschemas, subschemas
from asynction.validation import (
    DIALECTS,
    DRAFT_07,
    Validator,
    compile_problem,
    dialect_of,
    schema_problems,
)

_FORMATS = {
    "application/schema": {"": ""} | {uri.rpartition("/")[0].rpartition("/")[2]: uri for uri in DIALECTS},
    # AsyncAPI's own Schema Object: read as if there were no `schemaFormat`.
    "application/vnd.aai.asyncapi": dict.fromkeys(
        ("2.0.0", "2.1.0", "2.2.0", "2.3.0", "2.4.0", "2.5.0", "2.6.0", "3.0.0", "3.1.0"), ""
    ),
}
"""The media types of `schemaFormat` that are JSON Schema, and the dialect of each of their versions."""

# The `$ref`s of a bundle are relative to its root, so nothing may change their base URI, as `$id` would.
# The schemas in `definitions` and `$defs` are copied when a `$ref` leads to them.
_DROPPED = frozenset(
    ["$anchor", "$defs", "$dynamicAnchor", "$id", "$recursiveAnchor", "$schema", "definitions", "id"]
)
_BESIDE_REF = _DROPPED | {"$ref", "$comment"}
_ANNOTATIONS = frozenset(
    ["default", "deprecated", "description", "examples", "readOnly", "title", "writeOnly"]
)
_DYNAMIC = frozenset(["$dynamicRef", "$recursiveRef"])
_RECURSIVE = "#"
"""What stands for the anchor of `$recursiveRef`, which has no name."""


def dialect_of_format(schema_format: str) -> str | None:
    """Return the dialect of a message's `schemaFormat`.

    None for another schema language or an unknown version; an empty string where the schema itself may
    name its dialect.
    """
    media, _, parameters = schema_format.lower().replace(" ", "").replace('"', "").partition(";")
    versions = _FORMATS.get(media.removesuffix("+json").removesuffix("+yaml"), {})
    version = parameters.removeprefix("version=")
    return versions.get(version, versions.get(version.removeprefix("draft-")))


def named_dialect(node: Node) -> str | None:
    """Return the `$schema` of a schema, or of the file that it is in."""
    for holder in (node.value, node.file_data):
        if isinstance(holder, dict) and isinstance(holder.get("$schema"), str):
            return dialect_of(holder)
    return None


def implied_dialect(has_tuples: bool) -> str:
    """Return the dialect of schemas without `$schema`, by whether one of them has `prefixItems`."""
    return dialect_of({"prefixItems": []} if has_tuples else {})


def is_schema(node: Node, target: Node) -> bool:
    """Return True where the `$ref` of `node` leads to what may be a schema; else report a problem."""
    if node.ref is not None and not isinstance(target.value, dict | bool):
        node.report("schema", f"`$ref: {node.ref}` does not lead to a schema", key="$ref")
        return False
    return True


@dataclass(slots=True)
class _Part:
    """A schema as it is written, and a copy of it that can be put under `definitions`."""

    node: Node
    value: Json = None
    targets: dict[str, tuple[Node, bool]] = field(default_factory=dict)
    """The schemas that the copy refers to, by their names in `definitions`; True for a schema alone."""
    refs: list[tuple[Node, Node]] = field(default_factory=list)
    """Each inner schema with a `$ref`, and its target."""
    examined: list[tuple[Node, dict[str, Json]]] = field(default_factory=list)
    """Each inner schema with a default or examples, and its copy."""
    patterns: list[tuple[Node, str]] = field(default_factory=list)
    """The regular expressions in it that were not compiled yet."""
    dynamic: set[str] = field(default_factory=set)
    """The anchors of its dynamic references."""
    suspects: list[Node] = field(default_factory=list)
    """The inner schemas that may say what is not checked."""
    complete: bool = True
    has_tuples: bool = False


class Schemas:
    """The schemas of one document; each is read once, however many others refer to it."""

    def __init__(self) -> None:
        self.nodes: list[tuple[Node, str | None]] = []
        """All schemas of the document that a field or a `$ref` leads to, with the dialects that are named."""
        self.foreign: list[Node] = []
        """The payloads in other schema languages."""
        self.has_discriminators = False
        self._parts: dict[tuple[Identity, bool], _Part] = {}
        self._names: dict[tuple[Identity, bool], str] = {}
        self._taken: set[str] = set()
        self._sound: dict[tuple[Identity, str], bool] = {}
        self._examined: set[Identity] = set()
        self._linted: set[Identity] = set()
        """The schemas that were looked at for what they do not check, in any dialect."""
        self._looked_at: set[tuple[Identity, str]] = set()

    @cached_property
    def _families(self) -> Families:
        return Families([node for node, _ in self.nodes] if self.has_discriminators else ())

    def reserve_names(self, components: Mapping[str, Node]) -> None:
        """Give the schemas of a document's components their keys as names, before others can take them."""
        for follows in (False, True):
            for entry in components.values():
                target = entry.resolved() if follows == (entry.ref is not None) else None
                if target is not None:
                    alone = self._families.property_of(target) is None
                    if (target.identity, alone) not in self._names:
                        self._reserve(target, entry.label, alone=alone)

    def bundle(self, node: Node, dialect: str | None = None) -> Schema | None:
        """Return a schema with all that it refers to; None, with a problem reported, where that fails.

        `dialect` is that of `schemaFormat`; a `$schema` in the schema or its file takes precedence.
        """
        dialect = named_dialect(node) or dialect
        root = node if _siblings_count(node, dialect) else node.resolved()
        if root is None or not is_schema(node, root):
            return None
        part = self._part(root)
        others = self._closure(part)
        parts = [part, *others.values()]
        dialect = named_dialect(root) or dialect or implied_dialect(any(each.has_tuples for each in parts))
        # A list, not a generator: all are checked, so that all problems are reported.
        sound = [self.check(each.node, dialect) and _is_usable(each) for each in parts]
        if not all(sound):
            return None
        if node is not root and node.ref is not None:
            _warn(node, root, dialect)
        for each in parts:
            for referring, target in each.refs:
                _warn(referring, target, dialect)
            self._examine(each, dialect)
            self._lint(each, dialect)
        if _is_ambiguous(parts):
            return Schema(None, f"{dialect}, with `$dynamicRef` to more than one anchor", root.location)
        return Schema(_with_definitions(part, others), dialect, root.location)

    def check(self, node: Node, dialect: str) -> bool:
        """Check a schema against its meta-schema, and report each fault; return True for none."""
        known = (node.identity, dialect)
        if known not in self._sound:
            self._sound[known] = not _report_faults(node, dialect)
        return self._sound[known]

    def examine_unused(self) -> None:
        """Check the defaults, examples and keywords of the schemas that no message uses."""
        self._families.report_untold()
        foreign = _referred(self.foreign)
        for node, named in self.nodes:
            part = self._part(node, alone=True)
            if part.examined and node.identity not in self._examined:
                self.bundle(node)
            # What they refer to is read in their draft, so those go first that do not have the default one.
            if (named is not None or part.has_tuples) and node.identity not in foreign:
                self._lint_all(part, named)
        for node, _ in self.nodes:
            part = self._part(node, alone=True)
            if part.suspects and node.identity not in self._linted and node.identity not in foreign:
                self._lint_all(part, None)

    @property
    def heirs(self) -> frozenset[Identity]:
        """The schemas that a discriminator may name, though no `$ref` leads to them."""
        return self._families.heirs

    def _lint_all(self, part: _Part, named: str | None) -> None:
        parts = [part, *self._closure(part).values()]
        dialect = named or implied_dialect(any(each.has_tuples for each in parts))
        for each in parts:
            self._lint(each, dialect)

    def _lint(self, part: _Part, dialect: str) -> None:
        """Warn of what a schema does not check, if it is valid; once for each dialect."""
        known = (part.node.identity, dialect)
        if part.suspects and known not in self._looked_at:
            self._looked_at.add(known)
            self._linted.add(part.node.identity)
            for node in part.suspects if self._sound.get(known, False) else ():
                lint(node, dialect)

    def _part(self, node: Node, *, alone: bool = False) -> _Part:
        """Return a schema; of a family with a discriminator, the one that a value names, unless `alone`."""
        choices = [] if alone else self._families.alternatives(node)
        known = (node.identity, not choices)
        if known not in self._parts:
            part = self._parts[known] = _Part(node)
            part.value = self._one_of(node, choices, part) if choices else self._copy(node, part)
        return self._parts[known]

    def _one_of(self, node: Node, choices: list[tuple[Node, list[Json]]], part: _Part) -> Json:
        """Return a schema that applies the one of a family that a value names by the discriminator."""
        name = str(self._families.property_of(node))
        told: list[dict[str, Json]] = [
            {
                "allOf": [{"$ref": self._definition(each, part, alone=True)}],
                "properties": {name: {"enum": values}},
            }
            for each, values in choices
        ]
        asked: dict[str, Json] = told[0] if len(told) == 1 else {"anyOf": [*told]}
        return {"required": [name], **asked}

    def _closure(self, part: _Part) -> dict[str, _Part]:
        """Return all schemas that a schema refers to, directly or not, by name."""
        found: dict[str, _Part] = {}
        waiting = deque([part])
        while waiting:
            for name, (target, alone) in waiting.popleft().targets.items():
                if name not in found:
                    found[name] = self._part(target, alone=alone)
                    waiting.append(found[name])
        return found

    def _copy(self, node: Node, part: _Part) -> Json:
        if not isinstance(node.value, dict):
            return node.value
        copied = map_subschemas(node, lambda inner: self._copy(inner, part), without=_DROPPED)
        part.patterns += _patterns(node)
        part.has_tuples |= "prefixItems" in copied
        if not is_plain(node.value):
            part.suspects.append(node)
        if "discriminator" in copied:
            self._tell_apart(node, copied)
        if "default" in copied or "examples" in copied:
            part.examined.append((node, copied))
        for keyword in sorted(_DYNAMIC & copied.keys()):
            dynamic = str(copied.pop(keyword))
            target = node.lookup(dynamic, keyword)
            part.dynamic.add(dynamic.rpartition("#")[2] or _RECURSIVE)
            pointer = self._point_to(node, part, target and target.resolved())
            if "$ref" in copied or node.ref is not None:
                copied["allOf"] = [*_items(copied.get("allOf")), {"$ref": pointer}]
            else:
                copied["$ref"] = pointer
        if node.ref is not None:
            copied["$ref"] = self._point_to(node, part, node.resolved())
        return copied

    def _point_to(self, node: Node, part: _Part, target: Node | None) -> str:
        if target is None or not is_schema(node, target):
            part.complete = False
            return "#"
        part.refs.append((node, target))
        return self._definition(target, part, alone=node.identity in self._families.inheriting)

    def _definition(self, target: Node, part: _Part, *, alone: bool) -> str:
        """Return the `$ref` to a schema under `definitions`."""
        alone = alone or self._families.property_of(target) is None
        name = self._name(target, alone=alone)
        part.targets[name] = (target, alone)
        return f"#/definitions/{name}"

    def _name(self, target: Node, *, alone: bool) -> str:
        name = self._names.get((target.identity, alone))
        if name is not None:
            return name
        if (
            alone and self._families.property_of(target) is not None
        ):  # the name itself is for what others refer to
            return self._reserve(target, f"{self._name(target, alone=False)}.alone", alone=True)
        return self._reserve(target, target.label, alone=alone)

    def _reserve(self, target: Node, wanted: str, *, alone: bool) -> str:
        name = self._names[target.identity, alone] = unused_name(wanted, self._taken)
        self._taken.add(name)
        return name

    def _tell_apart(self, node: Node, copied: dict[str, Json]) -> None:
        """Add what a discriminator asks to the members of a `oneOf` or `anyOf`, in a copy of a schema."""
        name = copied["discriminator"]
        for keyword in ("oneOf", "anyOf"):
            members = copied.get(keyword)
            if isinstance(name, str) and isinstance(members, list):
                choices = [node.child(keyword).child(index) for index in range(len(members))]
                more = [conditions(node, choice, name, self._families) for choice in choices]
                copied[keyword] = [
                    {"allOf": [member], **asked} if asked else member
                    for member, asked in zip(members, more, strict=True)
                ]

    def _examine(self, part: _Part, dialect: str) -> None:
        """Warn of a `default` or an example that breaks the schema that it is in."""
        identity = part.node.identity
        if not part.examined or identity in self._examined:
            return
        self._examined.add(identity)
        definitions = {name: each.value for name, each in self._closure(part).items()}
        for node, value in part.examined:
            # Inside `allOf`, a tuple schema describes one array; at the root it would describe several args.
            validator = Validator(Schema({"allOf": [value], "definitions": definitions}, dialect))
            for name, path, instance in _values(value) if not validator.takes_bytes else ():
                for violation in validator.check((instance,))[:1]:
                    fault = f"breaks its own schema: {violation.message}"
                    if path:
                        node.child(name).report("schema-example", f"the example {fault}", key=path[0])
                    else:
                        node.report("schema-default", f"the default {fault}", key=name)


def _is_ambiguous(parts: list[_Part]) -> bool:
    """Return True where it depends on the way to a dynamic reference what that leads to.

    With one anchor of its name, it is a `$ref` (JSON Schema 2020-12 Core, section 8.2.3.2).
    """
    wanted = {name for part in parts for name in part.dynamic}
    if not wanted:
        return False
    anchors: dict[str, set[Identity]] = {}
    for schema in (schema for part in parts for schema in subschemas(part.node)):
        if "$recursiveAnchor" in schema.entries():
            anchors.setdefault(_RECURSIVE, set()).add(schema.identity)
        anchors.setdefault(schema.text("$dynamicAnchor"), set()).add(schema.identity)
    return any(len(anchors.get(name, ())) > 1 for name in wanted)


def _items(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def _referred(nodes: list[Node]) -> set[Identity]:
    """Return the schemas in the same file that payloads in other languages refer to."""
    found: set[Identity] = set()
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        if node.ref is not None and node.ref.startswith("#"):
            try:
                target = node.sources.find(node.ref, node.base)
            except Unreadable:
                continue  # the reader has reported it
            if target is not None and target.identity not in found:
                found.add(target.identity)
                waiting.append(target)
        elif isinstance(node.value, dict | list):
            waiting += map(node.child, node.value if isinstance(node.value, dict) else range(len(node.value)))
    return found


def _with_definitions(part: _Part, others: dict[str, _Part]) -> Json:
    if not others or not isinstance(part.value, dict):
        return part.value
    return {**part.value, "definitions": {name: each.value for name, each in others.items()}}


def _report_faults(node: Node, dialect: str) -> bool:
    found = False
    for path, message in schema_problems(node.value, dialect):
        at = node
        for token in path[:-1]:
            at = at.child(token)
        # A fault of a `$ref` is reported when it is followed, in more detail.
        if path[-1:] != ("$ref",) or at.ref is None or not _holds_schema(node, at):
            at.report("schema", message, key=path[-1] if path else None)
            found = True
    return found


def _holds_schema(node: Node, inner: Node) -> bool:
    """Return True where `inner` is a schema in `node`; otherwise its `$ref` may be the name of a property."""
    return any(each.identity == inner.identity for each in subschemas(node))


def _is_usable(part: _Part) -> bool:
    """Report the patterns that no engine accepts; return False where anything is wrong with a schema."""
    while part.patterns:
        node, pattern = part.patterns.pop()
        if message := compile_problem(Schema({"pattern": pattern}, DRAFT_07)):
            node.report("schema", f"the pattern cannot be used: {message}")
            part.complete = False
    return part.complete


def _patterns(node: Node) -> Iterator[tuple[Node, str]]:
    """Yield the regular expressions directly in a schema, and their nodes."""
    value = node.value if isinstance(node.value, dict) else {}
    pattern, properties = value.get("pattern"), value.get("patternProperties")
    if isinstance(pattern, str):
        yield node.child("pattern"), pattern
    if isinstance(properties, dict):
        for name in properties:
            yield node.child("patternProperties").child(name), name


def _siblings_count(node: Node, dialect: str | None) -> bool:
    """Return True where keywords beside a `$ref` count: since draft 2019-09 (JSON Schema Core, 8.2.4.1)."""
    if node.ref is None or not isinstance(node.value, dict) or DIALECTS.get(dialect or "", 0) < 2019:
        return False
    return any(name not in _BESIDE_REF | _ANNOTATIONS for name in node.value)


def _warn(node: Node, target: Node, dialect: str) -> None:
    """Warn of the parts of a schema with a `$ref` that are ignored: its own dialect, and other keywords."""
    other = named_dialect(target)
    if other is not None and other != dialect:
        reading = f"is read as `{dialect}`, like the schema that refers to it"
        message = f"the schema is written in `{other}` but {reading}"
        node.report("schema-dialect", message, key="$ref")
    if DIALECTS[dialect] < 2019 and isinstance(node.value, dict):  # draft-07 Core, section 8.3
        for name in node.value.keys() - _BESIDE_REF:
            node.report("ref-siblings", f"`{name}` beside `$ref` is ignored", key=name)


def _values(schema: dict[str, Json]) -> Iterator[tuple[str, tuple[int, ...], Json]]:
    if "default" in schema:
        yield "default", (), schema["default"]
    examples = schema.get("examples")
    if isinstance(examples, list):
        for index, example in enumerate(examples):
            yield "examples", (index,), example
