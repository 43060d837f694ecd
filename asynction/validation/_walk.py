"""A validator of our own: it visits each schema at most once with each value.

The engine is faster, but it follows a shared `$ref` once for each path that leads to it, and it cannot read
bytes. The walk keeps its own stack, so that neither deep values nor deep schemas end it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Container, Generator, Iterable, Iterator
from typing import Any, NamedTuple

from asynction.validation._assertions import Assertion
from asynction.validation._equality import Blob, Keys
from asynction.validation._prepare import BINARY


class Pair(NamedTuple):
    """A schema to be met by a value; `key` leads to the value, None where it is the same one."""

    node: Node
    value: Any
    key: str | int | None = None


AcceptsAll = Callable[["Node", list[Any]], bool]
"""Says quickly whether many values are all valid: the engine does."""

_CONTAINERS = (dict, list, tuple)
_MANY_STEPS = 500
"""The number of steps after which the walk asks the engine instead, if there is one."""

_MOST_ASKED = 8
"""The maximum number of parts of a value that the engine checks; they may contain each other."""

Judging = Generator[Pair, bool, bool]
"""Yields what else has to be decided, is sent the verdict, and returns its own."""


class Node:
    """A schema: what it asserts itself, and what it asks of others. `path` is where it is written."""

    __slots__ = ("applicators", "assertions", "of_containers", "path", "schema", "takes_bytes")

    def __init__(self, schema: Any, path: tuple[str | int, ...]) -> None:
        self.schema = schema
        self.path = path
        self.assertions: tuple[Assertion, ...] = ()
        self.applicators: tuple[Applicator, ...] = ()
        self.of_containers = False
        """True if the applicators concern children only: other values have to meet only the assertions."""
        self.takes_bytes = isinstance(schema, dict) and BINARY in schema

    def asserts(self, value: object, keys: Keys) -> bool:
        """Return whether `value` meets the assertions."""
        for _, _, holds in self.assertions:  # noqa: SIM110 - a generator costs more than most checks
            if not holds(value, keys):
                return False
        return True

    def judge(self, walk: Walk, value: object) -> Judging:
        """Decide whether `value` is valid."""
        if not self.asserts(value, walk.keys):
            return False
        for applicator in self.applicators:
            if not (yield from applicator.judge(walk, value)):
                return False
        return True


class Applicator(ABC):
    """A keyword that applies other schemas."""

    __slots__ = ()
    keyword: str
    in_place = False
    """True if it applies schemas to the value itself, whatever its type."""
    evaluates = True
    """True if its results count as evaluated for `unevaluatedProperties` and `unevaluatedItems`."""

    @abstractmethod
    def judge(self, walk: Walk, value: Any) -> Judging:
        """Decide whether `value` meets the keyword."""

    @abstractmethod
    def followed(self, walk: Walk, value: Any) -> Iterator[Pair]:
        """Yield the pairs that count for a value that meets the keyword."""


class Each(Applicator):
    """A keyword that wants each of its pairs to be valid."""

    __slots__ = ()

    @abstractmethod
    def pairs(self, walk: Walk, value: Any) -> Iterator[Pair]:
        """Yield what the keyword applies to `value`."""

    def judge(self, walk: Walk, value: Any) -> Judging:
        """Decide whether all pairs are valid."""
        known = walk.known
        for pair in self.pairs(walk, value):
            holds = known(pair)
            if not ((yield pair) if holds is None else holds):
                return False
        return True

    def followed(self, walk: Walk, value: Any) -> Iterator[Pair]:
        """Yield all pairs."""
        return self.pairs(walk, value)


class Spent(Exception):
    """The walk has taken all the steps that it may take."""


class Walk:
    """One visit of a value; its verdicts are remembered.

    Args:
        known: The keys of the schema's constants.
        exhaustive: Visit all alternatives, also when one has been found to fit. Needed where it matters
            which ones fit: for `unevaluated...`, and for the places of bytes.
    """

    def __init__(self, known: Keys, *, exhaustive: bool = False) -> None:
        self.exhaustive = exhaustive
        self.keys = Keys(known)
        self.steps = 0
        self.budget: float = float("inf")
        self.accepts_all: AcceptsAll | None = None
        self.asked = 0
        self._verdicts: dict[tuple[int, int], bool] = {}
        self._evaluated: dict[tuple[int, int], set[str | int]] = {}

    def valid(self, node: Node, value: object) -> bool:
        """Return whether `value` is valid. What is asked of itself while it is decided is taken as valid."""
        pair = Pair(node, value)
        answer = self.known(pair)
        if answer is not None:
            return answer
        stack = [self._begin(pair)]
        try:
            return self._decide(stack)
        except Spent:
            for key, _ in stack:  # not decided, so nothing to remember
                del self._verdicts[key]
            raise

    def _decide(self, stack: list[tuple[tuple[int, int], Judging]]) -> bool:
        sent: bool | None = None
        while stack:
            key, judging = stack[-1]
            try:
                asked = judging.send(sent) if sent is not None else next(judging)
            except StopIteration as end:
                self._verdicts[key] = sent = end.value
                stack.pop()
            else:
                stack.append(self._begin(asked))
                sent = None
        return bool(sent)

    def quickly(self, node: Node, value: object) -> bool:
        """Return whether `value` is valid; ask the engine about one that takes many steps."""
        if self.accepts_all is None:
            return self.valid(node, value)
        budget = self.budget
        self.budget = min(budget, self.steps + _MANY_STEPS)
        try:
            return self.valid(node, value)
        except Spent:
            if not self.may_ask():
                raise
        finally:
            self.budget = budget
        return self.accepts_all(node, [value])

    def may_ask(self) -> bool:
        """Return whether the engine may be asked once more, and count it."""
        self.asked += 1
        return self.accepts_all is not None and self.asked <= _MOST_ASKED

    def decide(self, pair: Pair) -> Judging:
        """Return the verdict on a pair, after asking for it where it is not known yet."""
        answer = self.known(pair)
        return (yield pair) if answer is None else answer

    def known(self, pair: Pair) -> bool | None:
        """Return the verdict on a pair if it is known; otherwise None: then the caller yields the pair."""
        self.steps += 1
        if self.steps > self.budget:
            raise Spent
        node, value, _ = pair
        if not node.applicators or (node.of_containers and not isinstance(value, _CONTAINERS)):
            return node.asserts(value, self.keys)
        return self._verdicts.get((id(node), id(value)))

    def _begin(self, pair: Pair) -> tuple[tuple[int, int], Judging]:
        key = (id(pair.node), id(pair.value))
        self._verdicts[key] = True
        return key, pair.node.judge(self, pair.value)

    def spend(self, steps: int) -> None:
        """Count steps; raise Spent where there are more than may be taken."""
        self.steps += steps
        if self.steps > self.budget:
            raise Spent

    def evaluated(self, applicators: Iterable[Applicator], value: object) -> set[str | int]:
        """Return the properties, or items, that a schema's own applicators and what they apply evaluate."""
        found: set[str | int] = set()
        seen: set[int] = set()
        waiting = list(applicators)
        while waiting:
            applicator = waiting.pop()
            if not applicator.evaluates:
                continue
            for node, _, key in applicator.followed(self, value):
                self.spend(1)
                if key is not None:
                    found.add(key)
                elif id(node) not in seen and self.valid(node, value):
                    seen.add(id(node))
                    waiting.extend(node.applicators)
        return found

    def left_over(self, owner: Node, asking: Applicator, value: Any) -> set[str | int]:
        """Return the properties, or items, that no other applicator of `owner` has evaluated."""
        key = (id(asking), id(value))
        if key not in self._evaluated:
            others = [each for each in owner.applicators if each is not asking]
            names = value if isinstance(value, dict) else range(len(value))
            self._evaluated[key] = set(names) - self.evaluated(others, value)
        return self._evaluated[key]

    def welcome(self, root: Node, value: object, holders: Container[int]) -> None:
        """Mark each Blob in a valid value that has its place in the schema.

        Args:
            root: The schema.
            value: The value.
            holders: The ids of the values with a Blob in them; the others are passed over.
        """
        waiting, seen = [(root, value)], set()
        while waiting:
            node, item = waiting.pop()
            if (id(node), id(item)) in seen:
                continue
            seen.add((id(node), id(item)))
            if isinstance(item, Blob):
                item.welcome |= node.takes_bytes
            for applicator in node.applicators:
                for inner, part, _ in applicator.followed(self, item):
                    if id(part) in holders:
                        waiting.append((inner, part))
