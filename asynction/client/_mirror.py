"""Swaps the directions of a contract: a client receives the events that the server sends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from asynction.contract import Contract, Event, Namespace


def mirrored(contract: Contract) -> Contract:
    """Swap the directions of every namespace, and remove what concerns only the server.

    Code that the document names and security are removed. The handshake stays: a client checks its own
    request against it.
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
        receives=_contract_fields(namespace.sends),
        sends=_contract_fields(namespace.receives),
        parameters=namespace.parameters,
        handshake=namespace.handshake,
        security=(),
        description=namespace.description,
        location=namespace.location,
    )


def _contract_fields(events: Mapping[str, Event]) -> dict[str, Event]:
    """Copy the fields of events that describe the contract; all others name code of the server."""
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
