"""What a schema says about each place in a value, for the writer of that value."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from enum import Enum
from functools import cached_property
from typing import TypeAlias

from asynction.contract import Json, Schema
from asynction.models._compare import Node, Nodes, Side, schema_of_arg
from asynction.validation import DIALECTS

_UNIONS = ("anyOf", "oneOf")
_INCLUDED = (*_UNIONS, "allOf", "$ref")
"""Keywords with schemas that `Side.flat`, or the choice of an alternative, has included already."""

_MAX_UNIONS = 6
"""How deep unions in unions are read."""

_Object: TypeAlias = "Mapping[object, object]"


class Place:
    """The schemas of one place in a value; the places in it are made when a value first has them.

    Args:
        side: the schema that they are a part of, which resolves their references.
        schemas: the schemas; none of them says nothing.
    """

    def __init__(self, side: Side, schemas: Sequence[Json] = ()) -> None:
        self._side = side
        self._nodes = side.flat(schemas)
        # Their keys are names and numbers of the schema, so their number is limited.
        self._properties: dict[tuple[str | None, ...], Place] = {}
        self._items: dict[int, Place] = {}
        self._chosen: dict[tuple[tuple[int, ...], ...], Place] = {}

    @cached_property
    def kinds(self) -> frozenset[str]:
        """The types that the value may have; a number is an integer or a fraction."""
        return self._side.kinds(self._nodes)

    @cached_property
    def required(self) -> set[str]:
        """The properties that an object certainly must have."""
        return self._side.required(self._nodes)

    @cached_property
    def encoding(self) -> str | None:
        """The encoding of binary data as a text, or None."""
        for node in self._side.narrowed(self._nodes, "string"):
            named = "base64" if node.get("format") == "byte" else node.get("contentEncoding")
            if isinstance(named, str):
                return named.lower()
        return None

    @cached_property
    def _unions(self) -> list[list[_Alternative]]:
        return [
            [_Alternative(self._side, member) for member in members]
            for node in self._nodes
            for name in _UNIONS
            if (members := _listed(node, name))
        ]

    def of(self, value: _Object, depth: int = 0) -> Place:
        """Return the place with those alternatives of its unions only that an object may be meant for."""
        if not self._unions or depth == _MAX_UNIONS:
            return self
        chosen = tuple(
            tuple(i for i, alternative in enumerate(union) if alternative.is_meant(value))
            for union in self._unions
        )
        if chosen not in self._chosen:
            schemas: Nodes = [{k: v for k, v in node.items() if k not in _INCLUDED} for node in self._nodes]
            for union, indexes in zip(self._unions, chosen, strict=True):
                kept = [union[index].schema for index in indexes]
                schemas += self._side.flat(kept) if len(kept) == 1 else [{"anyOf": kept}] if kept else []
            self._chosen[chosen] = Place(self._side, schemas)
        found = self._chosen[chosen]
        return found.of(value, depth + 1) if any(len(indexes) == 1 for indexes in chosen) else found

    @cached_property
    def _names(self) -> tuple[Collection[str], Collection[str]]:
        """The names, and the patterns of names, of the properties that the schemas describe."""
        nodes = _with_members(self._side, self._nodes)
        return (
            {name for node in nodes for name in _mapped(node, "properties")},
            {pattern for node in nodes for pattern in _mapped(node, "patternProperties")},
        )

    def leaves_out(self, name: str) -> bool:
        """Return whether null is forbidden for a property that need not be there."""
        return name not in self.required and "null" not in self.property(name).kinds

    def property(self, name: str) -> Place:
        """Return the place of a property of an object."""
        names, patterns = self._names
        key = (name if name in names else None, *(each for each in patterns if _matches(each, name)))
        if key not in self._properties:
            self._properties[key] = Place(self._side, _of_property(self._side, self._nodes, name))
        return self._properties[key]

    @cached_property
    def _lists(self) -> Nodes:
        return self._side.narrowed(self._nodes, "array")

    @cached_property
    def _listed_items(self) -> int:
        """The number of items that have a schema of their own."""
        return max((len(_one_by_one(node)) for node in self._lists), default=0)

    def item(self, index: int) -> Place:
        """Return the place of an item of an array."""
        index = min(index, self._listed_items)
        if index not in self._items:
            self._items[index] = Place(self._side, [_of_item(node, index) for node in self._lists])
        return self._items[index]


class _Alternative:
    """An alternative of a union, and what tells its objects from those of others."""

    def __init__(self, side: Side, schema: Json) -> None:
        nodes = side.flat([schema])
        self.schema = schema
        self._is_object = "object" in side.kinds(nodes)
        self._required = side.required(nodes)
        self._tags = [
            (name, allowed)
            for node in nodes
            for name, part in _mapped(node, "properties").items()
            for inner in side.flat([part])
            if (allowed := [inner["const"]] if "const" in inner else _listed(inner, "enum"))
        ]
        self._closed = [
            _mapped(node, "properties").keys()
            for node in nodes
            if node.get("additionalProperties") is False and "patternProperties" not in node
        ]

    def is_meant(self, value: _Object) -> bool:
        """Return whether an object has the properties and the tags that the alternative requires."""
        if not self._is_object or not self._required <= value.keys():
            return False
        for name, allowed in self._tags:
            tag = value.get(name)
            tag = tag.value if isinstance(tag, Enum) else tag
            if isinstance(tag, str | int) and tag not in allowed:
                return False
        return not any(
            part is not None and name not in names for names in self._closed for name, part in value.items()
        )


ANYWHERE = Place(Side(True))
"""A place of which no schema says anything."""


def place_of_arg(schema: Schema | None, index: int) -> Place:
    """Return the place of one arg of an event, or of one value of an ack."""
    found = schema_of_arg(schema, index) if schema is not None else None
    if found is None:
        return ANYWHERE
    return Place(Side(found.value, beside_ref=DIALECTS[found.dialect] >= 2019), [found.value])


def _listed(node: Node, keyword: str) -> list[Json]:
    value = node.get(keyword)
    return value if isinstance(value, list) else []


def _mapped(node: Mapping[str, Json], keyword: str) -> Mapping[str, Json]:
    value = node.get(keyword)
    return value if isinstance(value, dict) else {}


def _with_members(side: Side, nodes: Nodes, depth: int = 0) -> Nodes:
    """Return schemas and the alternatives of their unions."""
    members = [member for node in nodes for name in _UNIONS for member in _listed(node, name)]
    if not members or depth == _MAX_UNIONS:
        return nodes
    return [*nodes, *_with_members(side, side.flat(members), depth + 1)]


def _of_property(side: Side, nodes: Nodes, name: str, depth: int = 0) -> list[Json]:
    """Return the schemas of a property; those in the alternatives of a union are a union again."""
    found: list[Json] = []
    for node in nodes:
        properties, patterns = _mapped(node, "properties"), _mapped(node, "patternProperties")
        own = [properties[name]] if name in properties else []
        own += [part for pattern, part in patterns.items() if _matches(pattern, name)]
        found += own or [node.get("additionalProperties", True)]
        for keyword in _UNIONS if depth < _MAX_UNIONS else ():
            each = [_of_property(side, side.flat([one]), name, depth + 1) for one in _listed(node, keyword)]
            if each:
                found.append({"anyOf": [{"allOf": schemas} for schemas in each]})
    return found


def _matches(pattern: str, name: str) -> bool:
    try:
        return re.search(pattern, name) is not None
    except re.error:  # a pattern of ECMAScript that Python does not have
        return False


def _one_by_one(node: Node) -> list[Json]:
    return _listed(node, "prefixItems") or _listed(node, "items")


def _of_item(node: Node, index: int) -> Json:
    listed = _one_by_one(node)
    if index < len(listed):
        return listed[index]
    items = node.get("items", True)
    return node.get("additionalItems", True) if isinstance(items, list) else items
