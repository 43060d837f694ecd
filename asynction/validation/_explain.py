"""Explains a refusal: finds the first few faults of a value, within a budget."""

from __future__ import annotations

from collections.abc import Iterator

from asynction.exceptions import Violation
from asynction.validation._explainers import Found, faults_of
from asynction.validation._faults import Failing, Fault, Place
from asynction.validation._prepare import Prepared
from asynction.validation._walk import Node, Spent, Walk

MOST_ERRORS = 20
"""The maximum number of violations that are reported for one instance."""

MOST_STEPS = 20_000
"""The maximum number of steps of an explanation; a step applies one schema to one value."""


def explain(walk: Walk, root: Node, args: object, prepared: Prepared) -> tuple[Violation, ...]:
    """Return the first faults of `args`, which break the schema; never an empty tuple.

    Where the steps do not suffice, the last violation has the place that was reached.
    """
    walk.budget = walk.steps + MOST_STEPS
    reached = Failing(root, args, Place())
    found: list[Violation] = []
    try:
        for each in _search(walk, reached):
            if isinstance(each, Failing):
                reached = each
                continue
            schema_path = prepared.own_path(each.schema_path)
            found.append(Violation(each.message, each.place.path(), schema_path, each.value))
            if len(found) == MOST_ERRORS:
                break
    except Spent:
        pass
    if not found:
        schema_path = prepared.own_path(reached.node.path)
        found = [Violation("breaks the schema", reached.place.path(), schema_path, reached.value)]
    return tuple(found)


def _search(walk: Walk, first: Failing) -> Iterator[Fault | Failing]:
    """Yield what is wrong, depth first; a schema is explained once for each place."""
    seen: set[tuple[int, int]] = set()
    stack: list[Found] = [iter([first])]
    while stack:
        each = next(stack[-1], None)
        if each is None:
            stack.pop()
        elif isinstance(each, Fault):
            yield each
        elif (key := (id(each.node), id(each.place))) not in seen:
            seen.add(key)
            yield each
            stack.append(faults_of(walk, each))
