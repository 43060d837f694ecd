"""Discriminators: the property of a value that names the schema which decides (AsyncAPI, Schema Object).

A `discriminator` is no keyword of JSON Schema, so it is written in keywords that are: each alternative gets
the values of the property that mean it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property

from asynction.contract import Json
from asynction.document._nodes import Identity, Node
from asynction.problems import did_you_mean

_UNIONS = ("oneOf", "anyOf")
_FIELDS = frozenset(["args", "headers", "payload", "query", "schema", "x-auth"])
"""The keys that say where a schema is written, and are not its name."""


def check_discriminator(node: Node) -> None:
    """Warn of a discriminator that tells nothing apart: its property is not defined, or not required."""
    name = _named_by(node)
    if name is None:
        return
    parts = list(_all_parts(node))
    known, required = _names(parts, "properties"), _names(parts, "required")
    choices = [choice for part in parts for keyword in _UNIONS for choice in _members(part, keyword)]
    inner = [list(_all_parts(choice)) for choice in choices if _may_be_object(choice)]
    lacking = [each for each in inner if name not in _names(each, "properties")]
    if name not in known and (lacking or not inner):
        offered = known | {key for each in inner for key in _names(each, "properties")}
        message = f"no property `{name}` is defined, so the discriminator checks nothing"
        if inner and len(lacking) < len(inner):
            message = f"an alternative has no property `{name}`, so the discriminator does not check it"
        node.report("discriminator", message + did_you_mean(name, offered), key="discriminator")
    elif name not in required and (not inner or any(name not in _names(each, "required") for each in inner)):
        node.report("discriminator", f"`{name}` is not in `required`; add it", key="discriminator")


def _may_be_object(choice: Node) -> bool:
    """Return False for an alternative of another type, such as `{type: 'null'}`."""
    target = choice.resolved()
    return (
        target is not None and isinstance(target.value, dict) and target.value.get("type") in (None, "object")
    )


def conditions(schema: Node, choice: Node, name: str, families: Families) -> dict[str, Json]:
    """Return the keywords that a value must meet to be a choice of a `oneOf` or `anyOf`.

    Args:
        schema: The schema with the `oneOf` or `anyOf`, and the discriminator.
        choice: One of its members.
        name: The discriminator.
        families: The families of the document.
    """
    target = choice.resolved()
    if target is None or families.property_of(target) is not None:
        return {}  # the family decides
    parts, own = list(_all_parts(choice)), list(_all_parts(schema))
    if name not in _names(parts, "properties") | _names(own, "properties"):
        return {}
    found: dict[str, Json] = {}
    if name not in _names(parts, "required") | _names(own, "required"):
        found["required"] = [name]
    offered, title = _constants(parts, name), _title(target)
    allowed = _constants(own, name) if offered is None else offered
    is_told = offered is not None and len(offered) == 1
    is_union = any(_members(target, keyword) for keyword in _UNIONS)
    if title is not None and not is_told and not is_union and (allowed is None or title in allowed):
        found["properties"] = {name: {"enum": [title]}}
    return found


class Families:
    """The named schemas of a document that have a `discriminator`, or inherit one by `allOf`."""

    def __init__(self, schemas: Iterable[Node]) -> None:
        self._schemas = {node.identity: node for node in schemas}
        self._parents: dict[Identity, list[Node]] = {}
        """The schemas that a schema inherits from directly."""
        self._references: dict[Identity, list[Identity]] = {}
        self._properties: dict[Identity, str | None] = {}
        for identity, node in self._schemas.items():
            references = [each for part in _own_parts(node) for each in _members(part, "allOf") if each.ref]
            targets = [target for each in references if (target := each.resolved()) is not None]
            self._parents[identity] = targets
            self._references[identity] = [each.identity for each in references]

    def property_of(self, node: Node) -> str | None:
        """Return the discriminator that a schema of a family has or inherits; None for any other schema."""
        if node.identity not in self._properties:
            self._properties[node.identity] = self._property_of(node)
        return self._properties[node.identity]

    def _property_of(self, node: Node) -> str | None:
        name = self._inherited_by(node)
        return name if name is not None and _is_told(node, name) else None

    def _inherited_by(self, node: Node) -> str | None:
        """Return the discriminator of a schema or of its nearest ancestor, if its property is defined."""
        for each in (node, *self._ancestors(node)) if node.identity in self._parents else ():
            for part in _own_parts(each):
                name = _named_by(part)
                # With alternatives of its own, a schema is no base: they are told apart where it is copied.
                if name is not None and not any(_members(part, keyword) for keyword in _UNIONS):
                    return name if name in _names(_all_parts(each), "properties") else None
        return None

    def report_untold(self) -> None:
        """Warn of named schemas that no value of their discriminator means."""
        for node in self._schemas.values():
            name = self._inherited_by(node)
            if name is not None and _title(node) is not None and not _is_told(node, name):
                message = f"no value of `{name}` means this schema; give it a `const`"
                node.report("discriminator", message)

    def _ancestors(self, node: Node) -> list[Node]:
        found: dict[Identity, Node] = {}
        waiting = list(self._parents[node.identity])
        while waiting:
            each = waiting.pop(0)
            if each.identity not in found:
                found[each.identity] = each
                waiting += self._parents.get(each.identity, ())
        return list(found.values())

    @cached_property
    def inheriting(self) -> frozenset[Identity]:
        """The members of an `allOf` by which a schema of a family inherits: they lead to the schema alone."""
        return frozenset(
            reference
            for identity, node in self._schemas.items()
            if self.property_of(node) is not None
            for reference in self._references[identity]
        )

    @cached_property
    def _children(self) -> dict[Identity, list[Node]]:
        children: dict[Identity, list[Node]] = {}
        for identity, node in self._schemas.items():
            if self.property_of(node) is not None:
                for parent in self._parents[identity]:
                    children.setdefault(parent.identity, []).append(node)
        return children

    @property
    def heirs(self) -> frozenset[Identity]:
        """All schemas that inherit from one of a family."""
        return frozenset(child.identity for children in self._children.values() for child in children)

    def alternatives(self, node: Node) -> list[tuple[Node, list[Json]]]:
        """Return a schema and those that inherit from it, each with its values of the discriminator."""
        name = self.property_of(node)
        found: dict[Identity, Node] = {}
        waiting = [node] if name is not None else []
        while waiting:
            each = waiting.pop(0)
            if each.identity not in found:
                found[each.identity] = each
                waiting += self._children.get(each.identity, ())
        tags = [(each, self._tags(each, str(name))) for each in found.values()]
        taken = [tag for _, values in tags if len(values) == 1 for tag in values]
        free = [
            (each, [v for v in values if v not in taken] if len(values) > 1 else values)
            for each, values in tags
        ]
        return [(each, values) for each, values in free if values]

    def _tags(self, node: Node, name: str) -> list[Json]:
        """Return the constants of the property, or the name of the schema if it may have that."""
        title = _title(node)
        own = _constants(_own_parts(node), name)
        if own is None:
            inherited = (_constants(_own_parts(each), name) for each in self._ancestors(node))
            own = next((values for values in inherited if values is not None and len(values) == 1), None)
        if own is None or (title in own and len(own) > 1):
            return [title]
        return own


def _is_told(node: Node, name: str) -> bool:
    """Return True where a value of a property means a schema: a constant of its own, or its name."""
    if _constants(_own_parts(node), name) is not None:
        return True
    title, allowed = _title(node), _constants(_all_parts(node), name)
    return title is not None and (allowed is None or len(allowed) == 1 or title in allowed)


def _named_by(node: Node) -> str | None:
    name = node.value.get("discriminator") if isinstance(node.value, dict) else None
    return name if isinstance(name, str) else None


def _title(node: Node) -> str | None:
    """Return the name of a schema: its key, or that of its file; None for one without a name."""
    holder = node.location.pointer.split("/")[-2:-1]
    return None if node.key in _FIELDS and holder != ["schemas"] else node.label


def _members(node: Node, keyword: str) -> list[Node]:
    members = node.value.get(keyword) if isinstance(node.value, dict) else None
    if not isinstance(members, list):
        return []
    holder = node.child(keyword)
    return [holder.child(index) for index in range(len(members))]


def _own_parts(node: Node) -> Iterator[Node]:
    """Yield a schema, and the members of its `allOf` that are written in it."""
    waiting = [node]
    while waiting:
        each = waiting.pop()
        if isinstance(each.value, dict):
            yield each
            waiting += [member for member in _members(each, "allOf") if member.ref is None]


def _all_parts(node: Node) -> Iterator[Node]:
    """Yield a schema, its `$ref` followed, and all that it includes by `allOf`."""
    waiting, seen = [node], set[Identity]()
    while waiting:
        each = waiting.pop().resolved()
        if each is not None and isinstance(each.value, dict) and each.identity not in seen:
            seen.add(each.identity)
            yield each
            waiting += _members(each, "allOf")


def _names(parts: Iterable[Node], keyword: str) -> set[str]:
    """Return the names under `properties`, or in `required`, of parts of a schema."""
    found: set[str] = set()
    for part in parts:
        names = part.value.get(keyword) if isinstance(part.value, dict) else None
        if isinstance(names, dict | list):
            found.update(map(str, names))
    return found


def _constants(parts: Iterable[Node], name: str) -> list[Json] | None:
    """Return the values that a property may have, by a `const` or an `enum`; None without one."""
    for part in parts:
        if name in _names([part], "properties"):
            for each in _all_parts(part.child("properties").child(name)):
                schema = each.value if isinstance(each.value, dict) else {}
                values = [schema["const"]] if "const" in schema else schema.get("enum")
                if isinstance(values, list):
                    return values
    return None
