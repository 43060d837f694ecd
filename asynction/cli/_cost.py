"""The report of `asynction validate --cost`: the slowest events, and those without bounds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from random import Random

from asynction.contract import Contract, Event, Json, Namespace, Schema
from asynction.document import MAX_MESSAGE, client_schemas
from asynction.samples import Cost, find_worst
from asynction.validation import subschemas

_BOUNDS = frozenset(["maxLength", "maxItems", "maxProperties", "const", "enum", "pattern", "format"])

_SEEDS = 2
"""The number of searches for each schema; the worst result counts."""


@dataclass(frozen=True, slots=True)
class EventCost:
    """The slowest check of one event that the search found."""

    namespace: str
    event: str
    is_accepted: bool
    cost: Cost

    def __str__(self) -> str:
        milliseconds = self.cost.seconds * 1e3
        verb = "accepted" if self.is_accepted else "refused"
        return (
            f"`{self.event}` of `{self.namespace}`: {verb} {self.cost.size:,} bytes in {milliseconds:.2f} ms"
        )


def worst_events(contract: Contract, seconds: float) -> list[EventCost]:
    """Return the event of each namespace whose check was the slowest in a search.

    `seconds` is the time for the whole document.
    """
    found = [
        (name, event, schema)
        for name, namespace in contract.namespaces.items()
        for event, schema in client_schemas(namespace)
    ]
    worst: dict[str, EventCost] = {}
    for namespace, event, schema in found:
        each = _searched(namespace, event, schema, seconds / len(found) / _SEEDS)
        known = worst.get(namespace)
        if each is not None and (known is None or each.cost.seconds > known.cost.seconds):
            worst[namespace] = each
    return list(worst.values())


def _searched(namespace: str, event: str, schema: Schema, seconds: float) -> EventCost | None:
    found: EventCost | None = None
    for seed in range(_SEEDS):
        worst = find_worst(schema, random=Random(seed), seconds=seconds)  # noqa: S311 - nothing is a secret
        slowest = worst.slowest
        if slowest is not None and (found is None or slowest.seconds > found.cost.seconds):
            found = EventCost(namespace, event, slowest is worst.accepted, slowest)
    return found


def _is_public(contract: Contract, namespace: Namespace) -> bool:
    """Return whether clients may connect without credentials."""
    demanded = (
        [namespace.security]
        if namespace.security is not None
        else [server.security for server in contract.servers.values()]
    )
    return not demanded or any(not each or {} in each for each in demanded)


def boundless(contract: Contract) -> Iterator[str]:
    """Yield a line for each public namespace whose events have no bound."""
    for namespace in contract.namespaces.values():
        if _is_public(contract, namespace):
            yield from _boundless(namespace)


def _boundless(namespace: Namespace) -> Iterator[str]:
    events = [event for event in namespace.receives.values() if not event.security]
    if events and not any(map(_has_bounds, events)):
        names = ", ".join(f"`{event.name}`" for event in events[:3]) + ", ..." * (len(events) > 3)
        yield (
            f"`{namespace.name}` demands no credentials, and none of its events ({names}) has a bound"
            f" (`maxLength`, `maxItems`, ...): each message may have {MAX_MESSAGE:,} bytes"
        )


def _has_bounds(event: Event) -> bool:
    """Return whether anything in the args is bounded, or there is nothing that could grow."""
    if event.args is None or not event.args.is_json_schema:
        return event.args is not None
    parts = list(subschemas(event.args.value))
    if any(not _BOUNDS.isdisjoint(part) for part in parts):
        return True
    return bool(parts) and not any(_can_grow(part) for part in parts)


def _can_grow(part: Mapping[str, Json]) -> bool:
    kinds = part.get("type", ["string"])
    named = kinds if isinstance(kinds, list) else [kinds]
    return "string" in named or "object" in named or ("array" in named and "items" in part)
