"""Warns of schemas that clients can make slow to check: what is known before any message arrives."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from heapq import heappop, heappush
from typing import NamedTuple

from asynction.contract import Contract, Json, Namespace, Schema
from asynction.problems import Problem, problem_at
from asynction.validation import (
    APPLICATOR_LISTS,
    APPLICATOR_MAPS,
    APPLICATORS,
    MAX_DEPTH,
    subschemas,
)

MAX_MESSAGE = 1_000_000
"""The bytes of a message that Socket.IO servers accept by default (`max_http_buffer_size`)."""

_ALTERNATIVES = frozenset(["anyOf", "oneOf", "if", "not"])
_TAGS = frozenset(["const", "enum"])
_SIZED = {
    **dict.fromkeys(["items", "prefixItems", "additionalItems", "contains", "unevaluatedItems"], len("[]")),
    **dict.fromkeys(["additionalProperties", "unevaluatedProperties", "propertyNames"], len('{"":}')),
    "patternProperties": len('{"":}'),
}
"""The bytes that a step into a part of the value costs; `properties` also has a name."""


def cost_problems(contract: Contract) -> Iterator[Problem]:
    """Yield a warning for what clients may send that is slow to check or large, at its schema."""
    for namespace in contract.namespaces.values():
        for _, schema in client_schemas(namespace):
            yield from _recursion(schema)
            yield from _unique(schema)


def client_schemas(namespace: Namespace) -> Iterator[tuple[str, Schema]]:
    """Yield the JSON Schemas of what clients send, with names: args of received events, acks of sent ones."""
    given = [(event.name, event.args) for event in namespace.receives.values()]
    given += [(f"ack of {event.name}", event.ack) for event in namespace.sends.values()]
    for name, schema in given:
        if schema is not None and schema.is_json_schema:
            yield name, schema


def _recursion(schema: Schema) -> Iterator[Problem]:
    found = min(_loops(schema.value), default=None)
    if found is not None:
        size, name = found
        message = (
            f"`{name}` contains itself by way of alternatives: about {MAX_DEPTH * size:,} bytes have"
            f" {MAX_DEPTH} levels, and each level is compared with all alternatives"
        )
        yield problem_at(schema.location, "recursive-alternatives", message)


def _unique(schema: Schema) -> Iterator[Problem]:
    if any(part.get("uniqueItems") is True and "maxItems" not in part for part in subschemas(schema.value)):
        count = MAX_MESSAGE // len("0,")
        size = f"a message of {MAX_MESSAGE:,} bytes has {count:,} items to compare"
        message = f"`uniqueItems` without `maxItems`: {size}"
        yield problem_at(schema.location, "unbounded-unique", message)


class _Step(NamedTuple):
    """A reference inside a schema: its bytes in the value, and whether it passes through alternatives."""

    target: str
    size: int
    is_alternative: bool


def _loops(schema: Json) -> Iterator[tuple[int, str]]:
    """Yield the bytes of one level, and the name, of each definition that leads back to itself."""
    definitions = schema.get("definitions") if isinstance(schema, Mapping) else None
    if not isinstance(definitions, Mapping):
        return
    steps = {name: list(_steps(body, 0, is_alternative=False)) for name, body in definitions.items()}
    for name in definitions:
        if (size := _loop(name, steps)) is not None:
            yield size, name


def _loop(start: str, steps: Mapping[str, list[_Step]]) -> int | None:
    """Return the fewest bytes on a way back to a definition that passes through alternatives (Dijkstra)."""
    waiting, seen = [(0, start, False)], set[tuple[str, bool]]()
    while waiting:
        size, name, is_alternative = heappop(waiting)
        if name == start and is_alternative and size:
            return size
        if (name, is_alternative) in seen:
            continue
        seen.add((name, is_alternative))
        for step in steps.get(name, ()):
            heappush(waiting, (size + step.size, step.target, is_alternative or step.is_alternative))
    return None


def _are_tagged(members: Json) -> bool:
    """Return True for alternatives that a property tells apart before anything else is looked at."""
    shared: set[str] | None = None
    for member in members if isinstance(members, list) else ():
        properties = member.get("properties") if isinstance(member, Mapping) else None
        named = properties.items() if isinstance(properties, Mapping) else ()
        tags = {name for name, each in named if isinstance(each, Mapping) and each.keys() & _TAGS}
        shared = tags if shared is None else shared & tags
    return bool(shared)


def _steps(schema: Json, size: int, *, is_alternative: bool) -> Iterator[_Step]:
    """Yield the references in a schema."""
    if not isinstance(schema, Mapping):
        return
    ref = schema.get("$ref")
    if isinstance(ref, str):
        yield _Step(ref.rpartition("/")[2], size, is_alternative)
    for keyword, value in schema.items():
        within = is_alternative or (keyword in _ALTERNATIVES and not _are_tagged(value))
        inner = size + _SIZED.get(keyword, 0)
        if keyword in APPLICATOR_MAPS and isinstance(value, Mapping) and keyword != "definitions":
            for name, each in value.items():
                named = len(json.dumps(name)) + len("{:}") if keyword == "properties" else 0
                yield from _steps(each, inner + named, is_alternative=within)
        elif keyword in APPLICATOR_LISTS and isinstance(value, list):
            for each in value:
                yield from _steps(each, inner, is_alternative=within)
        elif keyword in APPLICATORS:
            yield from _steps(value, inner, is_alternative=within)
