"""Compiles a prepared schema: a table from a keyword to what makes its applicator."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from asynction.validation._applicators import (
    AdditionalProperties,
    AnyOf,
    Contains,
    Dependent,
    If,
    InPlace,
    Items,
    Not,
    OneOf,
    PatternProperties,
    Properties,
    PropertyNames,
    Tuple,
    Unevaluated,
)
from asynction.validation._assertions import assertions, matcher, never
from asynction.validation._equality import Keys
from asynction.validation._walk import Applicator, Node, Walk


class Graph(NamedTuple):
    """A compiled schema: its first node, the keys of its constants, whether it has `unevaluated...`."""

    root: Node
    known: Keys
    has_unevaluated: bool

    def walk(self, *, exhaustive: bool = False) -> Walk:
        """Return a new walk over a value."""
        return Walk(self.known, exhaustive=exhaustive or self.has_unevaluated)


def build(schema: dict[str, Any], draft: int) -> Graph:
    """Compile a prepared schema."""
    builder = Builder(schema, draft)
    root = builder.build()
    return Graph(root, builder.known, builder.has_unevaluated)


class Builder:
    """Compiles a prepared schema into nodes; its `$ref`s lead into its own `definitions`."""

    def __init__(self, root: dict[str, Any], draft: int) -> None:
        self.root = root
        self.draft = draft
        self.known = Keys()
        self.has_unevaluated = False
        self._targets: dict[str, Node] = {}
        self._waiting: list[Node] = []

    def build(self) -> Node:
        """Return the node of the whole schema."""
        node = self._node(self.root, ())
        while self._waiting:  # not one within another: a chain of `$ref`s may be long
            self._fill(self._waiting.pop())
        return node

    def _node(self, schema: Any, path: tuple[str | int, ...]) -> Node:
        if isinstance(schema, dict) and "$ref" in schema and (self.draft < 2019 or len(schema) == 1):
            return self._target(schema["$ref"])
        node = Node(schema, path)
        self._fill(node)
        return node

    def _fill(self, node: Node) -> None:
        if node.schema is False:
            node.assertions = (never(),)
        elif isinstance(node.schema, dict) and "$ref" in node.schema and self.draft < 2019:
            node.applicators = (self.ref(node, node.schema, "$ref"),)  # what is beside it does not count
        elif isinstance(node.schema, dict):
            node.assertions = assertions(node.schema, self.draft, self.known)
            node.applicators = tuple(self._applicators(node, node.schema))
            node.of_containers = not any(each.in_place for each in node.applicators)

    def _applicators(self, node: Node, schema: dict[str, Any]) -> Iterator[Applicator]:
        for keyword, (since, make) in _TABLE.items():
            if keyword in schema and self.draft >= since:
                made = make(self, node, schema, keyword)
                if made is not None:
                    yield made

    def _target(self, ref: str) -> Node:
        """Return the node of a definition, which may be filled later."""
        known = self._targets.get(ref)
        if known is None:
            name = ref.removeprefix("#/definitions/")
            known = self._targets[ref] = Node(self.root["definitions"][name], ("definitions", name))
            self._waiting.append(known)
        return known

    def ref(self, node: Node, schema: dict[str, Any], keyword: str) -> Applicator:
        """Make `$ref`."""
        return InPlace(keyword, [self._target(schema[keyword])])

    def _one(self, node: Node, schema: dict[str, Any], keyword: str) -> Node:
        return self._node(schema[keyword], (*node.path, keyword))

    def _several(self, node: Node, schema: dict[str, Any], keyword: str) -> list[Node]:
        return [self._node(each, (*node.path, keyword, i)) for i, each in enumerate(schema[keyword])]

    def _named(self, node: Node, schema: dict[str, Any], keyword: str) -> dict[str, Node]:
        named = schema[keyword].items()
        return {k: self._node(v, (*node.path, keyword, k)) for k, v in named if not isinstance(v, list)}

    def all_of(self, node: Node, schema: dict[str, Any], keyword: str) -> Applicator:
        """Make `allOf`."""
        return InPlace(keyword, self._several(node, schema, keyword))

    def dependent(self, node: Node, schema: dict[str, Any], keyword: str) -> Applicator:
        """Make `dependencies`, `dependentSchemas` or `dependentRequired`."""
        names = {name: value for name, value in schema[keyword].items() if isinstance(value, list)}
        return Dependent(keyword, self._named(node, schema, keyword), names)

    def properties(self, node: Node, schema: dict[str, Any], keyword: str) -> Applicator:
        """Make `properties`."""
        return Properties(self._named(node, schema, keyword))

    def pattern_properties(self, node: Node, schema: dict[str, Any], keyword: str) -> Applicator:
        """Make `patternProperties`."""
        named = self._named(node, schema, keyword)
        return PatternProperties([(matcher(pattern, self.draft), inner) for pattern, inner in named.items()])

    def additional_properties(self, node: Node, schema: dict[str, Any], keyword: str) -> Applicator:
        """Make `additionalProperties`."""
        matchers = [matcher(pattern, self.draft) for pattern in schema.get("patternProperties", ())]
        named = frozenset(schema.get("properties", ()))
        return AdditionalProperties(self._one(node, schema, keyword), named, matchers)

    def property_names(self, node: Node, schema: dict[str, Any], keyword: str) -> Applicator:
        """Make `propertyNames`."""
        return PropertyNames(self._one(node, schema, keyword))

    def prefix_items(self, node: Node, schema: dict[str, Any], keyword: str) -> Applicator:
        """Make `prefixItems`."""
        return Tuple(keyword, self._several(node, schema, keyword))

    def items(self, node: Node, schema: dict[str, Any], keyword: str) -> Applicator:
        """Make `items`."""
        if isinstance(schema[keyword], list):
            return self.prefix_items(node, schema, keyword)
        start = len(schema.get("prefixItems", ())) if self.draft >= 2020 else 0
        return Items(keyword, self._one(node, schema, keyword), start)

    def additional_items(self, node: Node, schema: dict[str, Any], keyword: str) -> Applicator | None:
        """Make `additionalItems`; it means nothing beside `items` that is not a list."""
        items = schema.get("items")
        if self.draft >= 2020 or not isinstance(items, list):
            return None
        return Items(keyword, self._one(node, schema, keyword), len(items))

    def contains(self, node: Node, schema: dict[str, Any], keyword: str) -> Applicator:
        """Make `contains`."""
        fewest, most = 1, float("inf")
        if self.draft >= 2019:
            fewest, most = schema.get("minContains", fewest), schema.get("maxContains", most)
        return Contains(self._one(node, schema, keyword), fewest, most, self.draft >= 2020)

    def any_of(self, node: Node, schema: dict[str, Any], keyword: str) -> Applicator:
        """Make `anyOf`."""
        return AnyOf(self._several(node, schema, keyword))

    def one_of(self, node: Node, schema: dict[str, Any], keyword: str) -> Applicator:
        """Make `oneOf`."""
        return OneOf(self._several(node, schema, keyword))

    def not_(self, node: Node, schema: dict[str, Any], keyword: str) -> Applicator:
        """Make `not`."""
        return Not(self._one(node, schema, keyword))

    def if_(self, node: Node, schema: dict[str, Any], keyword: str) -> Applicator:
        """Make `if`."""
        then, otherwise = (self._one(node, schema, k) if k in schema else None for k in ("then", "else"))
        return If(self._one(node, schema, keyword), then, otherwise)

    def unevaluated(self, node: Node, schema: dict[str, Any], keyword: str) -> Applicator:
        """Make `unevaluatedProperties` or `unevaluatedItems`."""
        self.has_unevaluated = True
        return Unevaluated(keyword, node, self._one(node, schema, keyword))


_TABLE: dict[str, tuple[int, Callable[[Builder, Node, dict[str, Any], str], Applicator | None]]] = {
    "dependentRequired": (2019, Builder.dependent),
    "dependencies": (4, Builder.dependent),
    "properties": (4, Builder.properties),
    "patternProperties": (4, Builder.pattern_properties),
    "additionalProperties": (4, Builder.additional_properties),
    "propertyNames": (6, Builder.property_names),
    "prefixItems": (2020, Builder.prefix_items),
    "items": (4, Builder.items),
    "additionalItems": (4, Builder.additional_items),
    "contains": (6, Builder.contains),
    "dependentSchemas": (2019, Builder.dependent),
    "$ref": (4, Builder.ref),
    "allOf": (4, Builder.all_of),
    "anyOf": (4, Builder.any_of),
    "oneOf": (4, Builder.one_of),
    "not": (4, Builder.not_),
    "if": (7, Builder.if_),
    "unevaluatedProperties": (2019, Builder.unevaluated),
    "unevaluatedItems": (2019, Builder.unevaluated),
}
"""Each keyword, the draft that it comes with, and what makes its applicator; `unevaluated...` comes last."""
