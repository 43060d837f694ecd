"""Chooses the alternative of an `anyOf` or `oneOf` that a value was meant to match."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from asynction.validation._applicators import InPlace, Properties
from asynction.validation._assertions import Assertion
from asynction.validation._equality import Keys
from asynction.validation._prepare import BINARY
from asynction.validation._walk import Node, Walk

_TAGS = ("const", "enum")


class _Rank(NamedTuple):
    """The fit of an object to an alternative; the most telling count comes first, and more is better."""

    tags: int
    lacks: int
    has: int


@dataclass(slots=True)
class _Profile:
    """The types, tags and properties of a schema and of the members of its `allOf`."""

    kinds: list[Assertion] = field(default_factory=list)
    tags: dict[str, list[Assertion]] = field(default_factory=dict)
    required: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)

    def mismatches(self, value: dict[str, Any], keys: Keys) -> set[str]:
        """Return the tags of `value` that are not those of the schema."""
        return {
            name
            for name, tags in self.tags.items()
            if name in value and not all(tag.holds(value[name], keys) for tag in tags)
        }

    def rank(self, value: dict[str, Any]) -> _Rank:
        """Return the fit of `value`."""
        return _Rank(
            sum(name in value for name in self.tags),
            -sum(name not in value for name in self.required),
            sum(name in value for name in self.names),
        )


@dataclass(frozen=True, slots=True)
class WrongTag:
    """A property that should say which alternative is meant, and names none of them."""

    name: str
    allowed: list[Any]


def choose(walk: Walk, nodes: Sequence[Node], value: Any, tag: object = None) -> Node | WrongTag | None:
    """Return the alternative that fits best, or what is wrong with the tag; None where several are as good.

    `tag` is the `discriminator` of the schema: a property that has the name of an alternative.
    """
    profiles = [(node, _profile(walk, node)) for node in nodes]
    fitting = [(n, p) for n, p in profiles if all(kind.holds(value, walk.keys) for kind in p.kinds)]
    if len(fitting) == 1:
        return fitting[0][0]
    if not isinstance(value, dict) or not fitting:
        return None
    if isinstance(tag, str) and isinstance(value.get(tag), str):
        named = [node for node, _ in fitting if node.path == ("definitions", value[tag])]
        if named:
            return named[0]
    return _by_tag(walk, fitting, value)


def _by_tag(
    walk: Walk, fitting: list[tuple[Node, _Profile]], value: dict[str, Any]
) -> Node | WrongTag | None:
    wrong = [(profile.mismatches(value, walk.keys), profile) for _, profile in fitting]
    possible = [each for each, (names, _) in zip(fitting, wrong, strict=True) if not names]
    ranked = sorted(((profile.rank(value), node) for node, profile in possible), key=lambda each: each[0])
    best = ranked[-1][0] if ranked else None
    mistagged = [names for names, _ in wrong if names]
    if mistagged and (best is None or (best.tags == 0 and best.lacks < 0)):
        shared = set.intersection(*mistagged)
        if shared:
            name = min(shared)
            tags = [tag for names, profile in wrong if names for tag in profile.tags[name]]
            members = [each for tag in tags for each in _members(tag)]
            return WrongTag(name, [each for n, each in enumerate(members) if each not in members[:n]])
    is_unique = best is not None and [rank for rank, _ in ranked].count(best) == 1
    return ranked[-1][1] if is_unique else None


def _members(tag: Assertion) -> list[Any]:
    return list(tag.value) if tag.keyword == "enum" and isinstance(tag.value, list) else [tag.value]


def _profile(walk: Walk, node: Node) -> _Profile:
    profile = _Profile()
    for each in _all_of(node):
        walk.spend(1)
        profile.kinds += [a for a in each.assertions if a.keyword in ("type", BINARY)]
        required = each.schema.get("required") if isinstance(each.schema, dict) else None
        profile.required.update(required if isinstance(required, list) else ())
        for applicator in each.applicators:
            if isinstance(applicator, Properties):
                profile.names.update(applicator.nodes)
                for name, inner in applicator.nodes.items():
                    tags = [a for a in inner.assertions if a.keyword in _TAGS]
                    if tags:
                        profile.tags.setdefault(name, []).extend(tags)
    return profile


def _all_of(node: Node) -> Iterator[Node]:
    """Yield a schema, and those that it is all of."""
    waiting, seen = [node], {id(node)}
    while waiting:
        each = waiting.pop()
        yield each
        for applicator in each.applicators:
            if isinstance(applicator, InPlace):
                new = [inner for inner in applicator.nodes if id(inner) not in seen]
                seen.update(map(id, new))
                waiting += new


def name_of(node: Node) -> str | None:
    """Return a name for an alternative: its title, its tag, or its name as a definition."""
    if isinstance(node.schema, dict) and isinstance(node.schema.get("title"), str):
        return str(node.schema["title"])
    for applicator in node.applicators:
        if isinstance(applicator, Properties):
            for inner in applicator.nodes.values():
                tags = [tag for a in inner.assertions if a.keyword in _TAGS for tag in _members(a)]
                if len(tags) == 1 and isinstance(tags[0], str):
                    return tags[0]
    is_definition = node.path[:1] == ("definitions",) and len(node.path) == 2
    return str(node.path[1]) if is_definition else None


def names_of(nodes: Sequence[Node]) -> list[str]:
    """Return the names of alternatives, or their types, each once; none where one of them has neither."""
    names = [name_of(node) or _type_of(node) for node in nodes]
    return list(dict.fromkeys(name for name in names if name)) if all(names) else []


def _type_of(node: Node) -> str | None:
    kind = "binary data" if node.takes_bytes else isinstance(node.schema, dict) and node.schema.get("type")
    return kind if isinstance(kind, str) else None
