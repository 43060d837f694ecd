"""The functions that the servers for Flask and ASGI share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from socketio.packet import ACK, EVENT

from asynction.contract import namespace_name
from asynction.runtime import Registrar, Service
from asynction.security import Request
from asynction.server._origins import OriginPolicy
from asynction.server._socketio.packet import contract_packet

DEFAULT_PATH = "socket.io"
"""The Socket.IO path, unless the document or an option names another."""


class ContractServer(Registrar):
    """The base class of the servers for Flask and ASGI.

    Attributes:
        origins: the policy for pages of other origins, of every wire of the server.
        docs_path: the path of the docs page, such as `/docs/`; None without one.
        http_path: the path of events by HTTP, such as `/events`; None if they are off.
        app: the Flask, FastAPI or Starlette application that it is attached to, if any.
    """

    origins: OriginPolicy
    docs_path: str | None = None
    http_path: str | None = None
    app: Any = None

    def security_info(self, sid: str) -> Mapping[str, object] | None:
        """Return the security function's result for a connected client; None for an anonymous one."""
        identity = self._service.identities.get(sid)
        return identity.token_info if identity is not None else None


def service_of(server: ContractServer) -> Service:
    """Return the Service of a server, for modules that are built on top of it."""
    return server._service


def exclude_unauthenticated(manager: Any, service: Service) -> None:
    """Exclude clients that are not authenticated yet from broadcasts; a message to their sid is sent.

    python-socketio adds a client to the participants of its namespace as soon as it asks to connect.
    """
    participants = manager.get_participants
    accepted = service.identities
    demands_credentials = service.routes.demands_credentials

    def get_participants(namespace: str, room: object) -> Iterable[tuple[str, str]]:
        found: Iterable[tuple[str, str]] = participants(namespace, room)
        if not demands_credentials(namespace):
            return found
        named = frozenset(room) if isinstance(room, list | tuple) else frozenset((room,))
        return (pair for pair in found if pair[0] in accepted or pair[0] in named)

    manager.get_participants = get_participants


def parent_options(service: Service, given: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options for the parent class: those `given`, and those that depend on the contract.

    `options` are all options of the server, also those of an earlier call.
    """
    chosen = dict(given)
    schemas, strict = service.routes.schemas, service.strict
    if schemas.patterns:  # python-socketio compares names only; our connect handler matches the pattern
        chosen["namespaces"] = "*"
    elif strict:  # without strict, code may serve other namespaces
        chosen.setdefault("namespaces", options.get("namespaces") or list(service.contract.namespaces))
    sends_text = set()
    if strict and schemas.sends_text:  # without strict, events without a schema can be sent
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
    """Return the namespace that a handler is registered for; `*` means all, as in python-socketio."""
    return "*" if name == "*" else namespace_name(name or "/")


def certificate_of(environ: Mapping[str, Any]) -> str | None:
    """Return the client's verified certificate, which the server that terminates TLS sets.

    These are variables of the WSGI server: a client can only set variables that begin with `HTTP_`.
    """
    verified = environ.get("SSL_CLIENT_VERIFY", "SUCCESS") == "SUCCESS"
    return environ.get("SSL_CLIENT_CERT") if verified else None


def request_of(environ: Mapping[str, Any], auth: object) -> Request:
    """Return the ASGI request that opened a connection, with an `auth` payload, for security functions."""
    scope = environ.get("asgi.scope", {})
    headers = tuple(
        (name.decode("latin-1"), value.decode("latin-1")) for name, value in scope.get("headers", ())
    )
    query = tuple(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))
    chain = scope.get("extensions", {}).get("tls", {}).get("client_cert_chain") or (None,)
    return Request(
        environ.get("REQUEST_METHOD", "GET"), query, headers, auth, certificate_of(environ) or chain[0]
    )
