"""The keywords that apply other schemas."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from asynction.validation._walk import Applicator, Each, Judging, Node, Pair, Walk

Matcher = Callable[[str], bool]


class InPlace(Each):
    """`$ref` and `allOf`: schemas for the value itself, each of them once."""

    __slots__ = ("keyword", "nodes")
    in_place = True

    def __init__(self, keyword: str, nodes: Iterable[Node]) -> None:
        self.keyword = keyword
        self.nodes = list(dict.fromkeys(nodes))

    def pairs(self, walk: Walk, value: Any) -> Iterator[Pair]:
        """Yield each schema, with the value itself."""
        return (Pair(node, value) for node in self.nodes)


class Dependent(Each):
    """`dependencies`, `dependentSchemas`, `dependentRequired`: what a property asks for."""

    __slots__ = ("keyword", "names", "nodes")
    in_place = True

    def __init__(self, keyword: str, nodes: dict[str, Node], names: dict[str, list[str]]) -> None:
        self.keyword = keyword
        self.nodes = nodes
        self.names = names

    def missing(self, value: Any) -> list[str]:
        """Return the properties that others of `value` require."""
        if not isinstance(value, dict):
            return []
        return [
            name
            for given, names in self.names.items()
            if given in value
            for name in names
            if name not in value
        ]

    def pairs(self, walk: Walk, value: Any) -> Iterator[Pair]:
        """Yield the schemas of the properties that are there."""
        if isinstance(value, dict):
            yield from (Pair(node, value) for name, node in self.nodes.items() if name in value)

    def judge(self, walk: Walk, value: Any) -> Judging:
        """Decide whether what is required is there, and the schemas are met."""
        return (yield from Each.judge(self, walk, value)) if not self.missing(value) else False


class Properties(Each):
    """`properties`."""

    __slots__ = ("nodes",)
    keyword = "properties"

    def __init__(self, nodes: dict[str, Node]) -> None:
        self.nodes = nodes

    def pairs(self, walk: Walk, value: Any) -> Iterator[Pair]:
        """Yield each property that is there, with its schema."""
        if isinstance(value, dict):
            yield from (Pair(node, value[name], name) for name, node in self.nodes.items() if name in value)


class PatternProperties(Each):
    """`patternProperties`."""

    __slots__ = ("patterns",)
    keyword = "patternProperties"

    def __init__(self, patterns: list[tuple[Matcher, Node]]) -> None:
        self.patterns = patterns

    def pairs(self, walk: Walk, value: Any) -> Iterator[Pair]:
        """Yield each property that a pattern matches, with its schema."""
        if isinstance(value, dict):
            for matches, node in self.patterns:
                yield from (Pair(node, item, name) for name, item in value.items() if matches(name))


class AdditionalProperties(Each):
    """`additionalProperties`."""

    __slots__ = ("matchers", "named", "node")
    keyword = "additionalProperties"

    def __init__(self, node: Node, named: frozenset[str], matchers: list[Matcher]) -> None:
        self.node = node
        self.named = named
        self.matchers = matchers

    def pairs(self, walk: Walk, value: Any) -> Iterator[Pair]:
        """Yield each property without a schema of its own."""
        if isinstance(value, dict):
            for name, item in value.items():
                if name not in self.named and not any(matches(name) for matches in self.matchers):
                    yield Pair(self.node, item, name)


class PropertyNames(Each):
    """`propertyNames`."""

    __slots__ = ("node",)
    keyword = "propertyNames"

    def __init__(self, node: Node) -> None:
        self.node = node

    def pairs(self, walk: Walk, value: Any) -> Iterator[Pair]:
        """Yield each name."""
        if isinstance(value, dict):
            yield from (Pair(self.node, name, name) for name in value)

    def followed(self, walk: Walk, value: Any) -> Iterator[Pair]:
        """Yield nothing: the values of the properties have not been looked at."""
        return iter(())


class Tuple(Each):
    """`prefixItems`, and `items` where it is a list: a schema for each of the first items."""

    __slots__ = ("keyword", "nodes")

    def __init__(self, keyword: str, nodes: list[Node]) -> None:
        self.keyword = keyword
        self.nodes = nodes

    def pairs(self, walk: Walk, value: Any) -> Iterator[Pair]:
        """Yield each item that has a schema of its own."""
        if isinstance(value, list | tuple):
            for index, (node, item) in enumerate(zip(self.nodes, value, strict=False)):
                yield Pair(node, item, index)


class Items(Each):
    """`items`, or `additionalItems`: one schema for all items, or for those after the first ones."""

    __slots__ = ("keyword", "node", "start")

    def __init__(self, keyword: str, node: Node, start: int) -> None:
        self.keyword = keyword
        self.node = node
        self.start = start

    def pairs(self, walk: Walk, value: Any) -> Iterator[Pair]:
        """Yield each item from `start` on."""
        if isinstance(value, list | tuple):
            for index in range(self.start, len(value)):
                yield Pair(self.node, value[index], index)


class Contains(Applicator):
    """`contains`, with `minContains` and `maxContains`."""

    __slots__ = ("evaluates", "fewest", "most", "node")
    keyword = "contains"

    def __init__(self, node: Node, fewest: float, most: float, evaluates: bool) -> None:
        self.node = node
        self.fewest = fewest
        self.most = most
        self.evaluates = evaluates

    def judge(self, walk: Walk, value: Any) -> Judging:
        """Count the items that match."""
        if not isinstance(value, list | tuple):
            return True
        count = 0
        for item in value:
            count += yield from walk.decide(Pair(self.node, item))
            if not walk.exhaustive and (
                count > self.most or (count >= self.fewest and self.most == float("inf"))
            ):
                break
        return self.fewest <= count <= self.most

    def followed(self, walk: Walk, value: Any) -> Iterator[Pair]:
        """Yield the items that match."""
        if isinstance(value, list | tuple):
            for index, item in enumerate(value):
                if walk.valid(self.node, item):
                    yield Pair(self.node, item, index)


class AnyOf(Applicator):
    """`anyOf`."""

    __slots__ = ("nodes",)
    in_place = True
    keyword = "anyOf"
    most = float("inf")

    def __init__(self, nodes: list[Node]) -> None:
        self.nodes = nodes

    def judge(self, walk: Walk, value: Any) -> Judging:
        """Count the alternatives that fit, as far as it is needed."""
        count = 0
        for node in self.nodes:
            count += yield from walk.decide(Pair(node, value))
            if count > self.most or (count and self.most > 1 and not walk.exhaustive):
                break
        return 0 < count <= self.most

    def followed(self, walk: Walk, value: Any) -> Iterator[Pair]:
        """Yield the alternatives that fit."""
        return (Pair(node, value) for node in self.nodes if walk.valid(node, value))


class OneOf(AnyOf):
    """`oneOf`."""

    __slots__ = ()
    keyword = "oneOf"
    most = 1


class Not(Applicator):
    """`not`."""

    __slots__ = ("node",)
    in_place = True
    keyword = "not"

    def __init__(self, node: Node) -> None:
        self.node = node

    def judge(self, walk: Walk, value: Any) -> Judging:
        """Decide whether `value` breaks the schema."""
        return not (yield from walk.decide(Pair(self.node, value)))

    def followed(self, walk: Walk, value: Any) -> Iterator[Pair]:
        """Yield nothing: the schema is not met."""
        return iter(())


class If(Applicator):
    """`if`, `then` and `else`; what is absent is None."""

    __slots__ = ("condition", "otherwise", "then")
    in_place = True
    keyword = "if"

    def __init__(self, condition: Node, then: Node | None, otherwise: Node | None) -> None:
        self.condition = condition
        self.then = then
        self.otherwise = otherwise

    def judge(self, walk: Walk, value: Any) -> Judging:
        """Decide the condition, then the branch that it leads to."""
        holds = yield from walk.decide(Pair(self.condition, value))
        branch = self.then if holds else self.otherwise
        return branch is None or (yield from walk.decide(Pair(branch, value)))

    def branch(self, walk: Walk, value: Any) -> Node | None:
        """Return the branch that the condition leads to."""
        return self.then if walk.valid(self.condition, value) else self.otherwise

    def followed(self, walk: Walk, value: Any) -> Iterator[Pair]:
        """Yield the condition if it is met, and the branch."""
        for node in (self.condition, self.branch(walk, value)):
            if node is not None and walk.valid(node, value):
                yield Pair(node, value)


class Unevaluated(Each):
    """`unevaluatedProperties` and `unevaluatedItems`: what no other keyword beside or below has looked at."""

    __slots__ = ("keyword", "kind", "node", "owner")

    def __init__(self, keyword: str, owner: Node, node: Node) -> None:
        self.keyword = keyword
        self.kind = dict if keyword == "unevaluatedProperties" else (list, tuple)
        self.owner = owner
        self.node = node

    def pairs(self, walk: Walk, value: Any) -> Iterator[Pair]:
        """Yield each property, or item, that is left over."""
        if isinstance(value, self.kind):
            left = walk.left_over(self.owner, self, value)
            keys: Iterable[Any] = value if isinstance(value, dict) else range(len(value))
            yield from (Pair(self.node, value[key], key) for key in keys if key in left)
