"""The contract as a client has it: what the server sends is what a client receives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from asynction.contract import Contract, Event, Namespace


def mirrored(contract: Contract) -> Contract:
    """Swap the directions of every namespace, and leave out what only a server does.

    The code that the document names, and what clients must prove, are the server's. The handshake stays:
    a client can hold what it brings against it.
    """
    return replace(
        contract,
        servers={name: replace(server, security=()) for name, server in contract.servers.items()},
        namespaces={name: _mirrored(namespace) for name, namespace in contract.namespaces.items()},
        middlewares=(),
    )


def _mirrored(namespace: Namespace) -> Namespace:
    return Namespace(
        namespace.name,
        receives=_bare(namespace.sends),
        sends=_bare(namespace.receives),
        parameters=namespace.parameters,
        handshake=namespace.handshake,
        security=(),
        description=namespace.description,
        location=namespace.location,
    )


def _bare(events: Mapping[str, Event]) -> dict[str, Event]:
    """The events with what both sides hold to, made anew: other fields name code."""
    return {
        name: Event(
            name,
            args=event.args,
            ack=event.ack,
            summary=event.summary,
            description=event.description,
            examples=event.examples,
            location=event.location,
        )
        for name, event in events.items()
    }
