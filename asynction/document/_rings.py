"""Finds alternatives that lead back to themselves for the same value: they would accept everything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from asynction.contract import Contract, Json, Schema
from asynction.problems import Problem, problem_at

_ALTERNATIVES = ("anyOf", "oneOf")


def ring_problems(contract: Contract) -> Iterator[Problem]:
    """Yield an error for each schema with a ring of alternatives.

    `A` is `B` or text, and `B` is `A` or a number: to decide `A` for a value is to decide `A` for it, which
    JSON Schema does not allow (Core, 9.4.1). Rings with an `allOf` are left: there each member has its say.
    """
    for namespace in contract.namespaces.values():
        for event in (*namespace.receives.values(), *namespace.sends.values()):
            for schema in (event.args, event.ack):
                if schema is not None and (ring := _ring(schema)) is not None:
                    names = " -> ".join(f"`{name}`" for name in (*ring, ring[0]))
                    message = f"alternatives lead back to themselves for the same value: {names}"
                    yield problem_at(schema.location, "ref-cycle", message)


def _ring(schema: Schema) -> list[str] | None:
    definitions = schema.value.get("definitions") if isinstance(schema.value, Mapping) else None
    if not isinstance(definitions, Mapping):
        return None
    steps = {name: list(_steps(body)) for name, body in definitions.items()}
    done: set[str] = set()
    for start, first in steps.items():
        path, waiting = [start], [iter(first)]
        while waiting and start not in done:
            name = next(waiting[-1], None)
            if name is None:
                waiting.pop()
                done.add(path.pop())
            elif name in path:
                return path[path.index(name) :]
            elif name not in done and name in steps:
                path.append(name)
                waiting.append(iter(steps[name]))
    return None


def _steps(schema: Json) -> Iterator[str]:
    """Yield the definitions that a schema is an alternative of, or the same as."""
    waiting = [schema]
    while waiting:
        each = waiting.pop()
        if isinstance(each, Mapping):
            ref = each.get("$ref")
            if isinstance(ref, str):
                yield ref.rpartition("/")[2]
            for keyword in _ALTERNATIVES:
                members = each.get(keyword)
                waiting += members if isinstance(members, list) else []
