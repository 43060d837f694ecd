"""What the servers for Flask and for ASGI share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl

from socketio.packet import ACK, EVENT

from asynction.contract import namespace_name
from asynction.runtime import HandlerRegistry, Registrar, Service
from asynction.security import Request
from asynction.server._socketio.packet import contract_packet

DEFAULT_PATH = "socket.io"
"""Where Socket.IO is, if nobody says otherwise."""


class ContractServer(Registrar):
    """What the servers for Flask and for ASGI have in common."""

    _service: Service

    def security_info(self, sid: str) -> Mapping[str, object] | None:
        """What the security function said of a connected client; None where none was asked."""
        identity = self._service.identities.get(sid)
        return identity.token_info if identity is not None else None


def exclude_unauthenticated(manager: Any, service: Service) -> None:
    """Send nothing to a client that is still being asked who it is, unless it is meant by name.

    python-socketio counts it among the participants of its namespace from the moment it knocks.
    """
    participants = manager.get_participants

    def get_participants(namespace: str, room: object) -> Iterator[tuple[str, str]]:
        for sid, eio_sid in participants(namespace, room):
            by_name = sid in room if isinstance(room, list | tuple) else sid == room
            if by_name or not service.is_hidden(namespace, sid):
                yield sid, eio_sid

    manager.get_participants = get_participants


def parent_options(
    registry: HandlerRegistry, given: Mapping[str, Any], options: Mapping[str, Any]
) -> dict[str, Any]:
    """The options of the parent class: those `given`, and what the contract decides where nobody does.

    `options` are all that are known of by now.
    """
    chosen = dict(given)
    schemas, strict = registry.schemas, registry.strict
    if schemas.patterns:  # python-socketio then asks the handlers of `*`
        chosen["namespaces"] = "*"
    elif strict:  # else code may serve namespaces of its own
        chosen.setdefault("namespaces", options.get("namespaces") or list(registry.contract.namespaces))
    sends_text = set()
    if strict and schemas.sends_text:  # without strict, events that no schema describes are sent
        sends_text.add(EVENT)
    if strict and schemas.acks_text:
        sends_text.add(ACK)
    chosen["serializer"] = contract_packet(
        options.get("serializer", "default"),
        receives_text=strict and schemas.receives_text,
        sends_text=frozenset(sends_text),
    )
    return chosen


def handler_namespace(name: str | None) -> str:
    """The namespace that a handler is registered for; `*` stands for all, as in python-socketio."""
    return "*" if name == "*" else namespace_name(name or "/")


def certificate_of(environ: Mapping[str, Any]) -> str | None:
    """The client's verified certificate, as the server that ends TLS sets it; no client can."""
    verified = environ.get("SSL_CLIENT_VERIFY", "SUCCESS") == "SUCCESS"
    return environ.get("SSL_CLIENT_CERT") if verified else None


def request_of(environ: Mapping[str, Any], auth: object) -> Request:
    """What a client brought with the ASGI request that opened its connection, and its `auth` payload."""
    scope = environ.get("asgi.scope", {})
    headers = tuple(
        (name.decode("latin-1"), value.decode("latin-1")) for name, value in scope.get("headers", ())
    )
    query = tuple(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))
    chain = scope.get("extensions", {}).get("tls", {}).get("client_cert_chain") or (None,)
    return Request(
        environ.get("REQUEST_METHOD", "GET"), query, headers, auth, certificate_of(environ) or chain[0]
    )
