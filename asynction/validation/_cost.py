"""Estimates the visits of the engine: it follows a shared `$ref` once for each path to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from asynction.validation import _applicators as keywords
from asynction.validation._walk import Applicator, Node

_FEWEST = 256
_FACTOR = 4
_MOST_HASHES = 3
"""The maximum number of comparisons by hash that contain each other."""


class _Token(NamedTuple):
    """The target of a schema: the value itself, a child with a name, or any child of a kind."""

    kind: str
    name: str | int | None = None


_HERE = _Token("here")
_Visits = Counter[_Token]


@dataclass(frozen=True, slots=True)
class _Cost:
    """The visits that a schema makes, and how many of them there may be of one value."""

    visits: _Visits
    most: int


_ONCE = _Cost(Counter({_HERE: 1}), 1)


@dataclass(slots=True)
class _Part:
    """The schema of a definition: how many objects it has, what it refers to, whether it may hash."""

    size: int = 0
    refs: list[str] = field(default_factory=list)
    hashes: bool = False
    factor: int = 1
    """The visits of each schema that it refers to: two if it has `unevaluated...`, otherwise one."""


def may_be_costly(schema: dict[str, Any]) -> bool:
    """Return False for a schema that is not costly at first sight, without its nodes.

    It is not if it stays small when each `$ref` that does not lead back is replaced by what it leads to.
    """
    definitions = schema.get("definitions", {})
    parts = {f"#/definitions/{name}": _part(definition) for name, definition in definitions.items()}
    parts[""] = _part({key: value for key, value in schema.items() if key != "definitions"})
    sizes: dict[str, int] = {}
    stack = [""]
    is_recursive = False
    begun = {""}
    while stack:
        part = parts[stack[-1]]
        inner = next((ref for ref in part.refs if ref in parts and ref not in begun), None)
        if inner is not None:
            begun.add(inner)
            stack.append(inner)
        else:
            is_recursive |= any(ref in begun and ref not in sizes for ref in part.refs)
            sizes[stack.pop()] = part.size + part.factor * sum(sizes.get(ref, 1) for ref in part.refs)
    hashes = any(part.hashes for part in parts.values())
    return sizes[""] > _FEWEST or (is_recursive and hashes)


def _part(schema: Any) -> _Part:
    part, waiting = _Part(), [schema]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            part.size += 1
            part.hashes |= "uniqueItems" in value or "enum" in value
            if "unevaluatedProperties" in value or "unevaluatedItems" in value:
                part.factor = 2
            if isinstance(value.get("$ref"), str):
                part.refs.append(value["$ref"])
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
    return part


def is_costly(root: Node) -> bool:
    """Return whether a walk, which visits each schema once, may be much quicker than the engine.

    The engine remembers its verdicts on recursive `$ref`s, so one that leads back counts as one visit.
    """
    costs: dict[int, _Cost] = {}
    begun = {id(root)}
    stack = [(root, _edges(root))]
    is_recursive = False
    while stack:
        node, edges = stack[-1]
        inner = next((inner for _, inner in edges if id(inner) not in begun), None)
        if inner is not None:
            begun.add(id(inner))
            stack.append((inner, _edges(inner)))
        else:
            stack.pop()
            is_recursive |= any(id(inner) not in costs for _, inner in _edges(node))
            costs[id(node)] = _cost(node, costs)
    return costs[id(root)].most > _FEWEST + _FACTOR * len(costs) or (is_recursive and _hashes_again(root))


def _cost(node: Node, known: dict[int, _Cost]) -> _Cost:
    """Add up the visits of a schema from those of the schemas that it applies."""
    total: _Visits = Counter({_HERE: 1})
    # To find what is left to `unevaluated...`, the engine visits what is in place once more.
    times = 2 if any(isinstance(each, keywords.Unevaluated) for each in node.applicators) else 1
    for token, inner in _edges(node):
        cost = known.get(id(inner), _ONCE)
        if token is _HERE:
            for place, count in cost.visits.items():
                total[place] += times * count
        else:
            total[token] += cost.most
    return _Cost(total, _most(total))


def _most(visits: _Visits) -> int:
    """Return how many visits there may be of the value itself, or of one of its children."""
    most = visits[_HERE]
    for kind in ("property", "item"):
        named = [count for token, count in visits.items() if token.kind == kind and token.name is not None]
        most = max(most, visits[_Token(kind)] + max(named, default=0))
    return most


def _edges(node: Node) -> Iterator[tuple[_Token, Node]]:
    for applicator in node.applicators:
        yield from _EDGES[type(applicator)](applicator)


def _in_place(*nodes: Node | None) -> Iterator[tuple[_Token, Node]]:
    return ((_HERE, node) for node in nodes if node is not None)


def _children(kind: str, nodes: Any) -> Iterator[tuple[_Token, Node]]:
    return ((_Token(kind, name), node) for name, node in nodes)


def _unevaluated(applicator: keywords.Unevaluated) -> Iterator[tuple[_Token, Node]]:
    kind = "property" if applicator.kind is dict else "item"
    return iter([(_Token(kind), applicator.node)])


_EDGES: dict[type[Applicator], Any] = {
    keywords.InPlace: lambda a: _in_place(*a.nodes),
    keywords.AnyOf: lambda a: _in_place(*a.nodes),
    keywords.OneOf: lambda a: _in_place(*a.nodes),
    keywords.Not: lambda a: _in_place(a.node),
    keywords.If: lambda a: _in_place(a.condition, a.then, a.otherwise),
    keywords.Dependent: lambda a: _in_place(*a.nodes.values()),
    keywords.Properties: lambda a: _children("property", a.nodes.items()),
    keywords.PatternProperties: lambda a: ((_Token("property"), node) for _, node in a.patterns),
    keywords.AdditionalProperties: lambda a: iter([(_Token("property"), a.node)]),
    keywords.PropertyNames: lambda a: iter([(_Token("name"), a.node)]),
    keywords.Tuple: lambda a: _children("item", enumerate(a.nodes)),
    keywords.Items: lambda a: iter([(_Token("item"), a.node)]),
    keywords.Contains: lambda a: iter([(_Token("item"), a.node)]),
    keywords.Unevaluated: _unevaluated,
}


def _hashes_again(root: Node) -> bool:
    """Return whether what a recursive schema compares by hash may be part of what it compares by hash."""
    return any(_reaches(node, node) for node in _reachable(root) if _hashes(node))


def hashes_deeply(root: Node) -> bool:
    """Return whether what is compared by hash is often part of what is compared by hash.

    The engine asks for each comparison by itself, so it reads the innermost values once for each level.
    """
    heres: dict[int, bool] = {}
    belows: dict[int, int] = {}
    begun = {id(root)}
    stack = [root]
    while stack:
        node = stack[-1]
        inner = next((inner for _, inner in _edges(node) if id(inner) not in begun), None)
        if inner is not None:
            begun.add(id(inner))
            stack.append(inner)
        else:
            stack.pop()
            edges = [(token, id(inner)) for token, inner in _edges(node)]
            own = any(heres.get(inner, False) for token, inner in edges if token is _HERE)
            heres[id(node)] = own or _hashes(node)
            belows[id(node)] = max(
                (
                    belows.get(inner, 0) + (token is not _HERE and heres.get(inner, False))
                    for token, inner in edges
                ),
                default=0,
            )
    return belows[id(root)] + heres[id(root)] > _MOST_HASHES


def _hashes(node: Node) -> bool:
    return any(each.keyword in ("uniqueItems", "enum", "const") for each in node.assertions)


def _reaches(start: Node, goal: Node) -> bool:
    return any(inner is goal for node in _reachable(start) for _, inner in _edges(node))


def _reachable(start: Node) -> list[Node]:
    found = [start]
    seen = {id(start)}
    for node in found:
        for _, inner in _edges(node):
            if id(inner) not in seen:
                seen.add(id(inner))
                found.append(inner)
    return found
