"""Reads the packets of a server's clients, and says what to do with each; it does no I/O."""

from __future__ import annotations

import logging
from typing import Any, TypeAlias

from socketio.packet import (
    ACK,
    BINARY_ACK,
    BINARY_EVENT,
    CONNECT,
    CONNECT_ERROR,
    DISCONNECT,
    EVENT,
)

from asynction.exceptions import UnknownEventException
from asynction.runtime import error_body, log_failure

Step: TypeAlias = "tuple[str, tuple[Any, ...]]"
"""A method of python-socketio's server to call, and its arguments."""

log = logging.getLogger("asynction")

_TYPES = frozenset({CONNECT, DISCONNECT, EVENT, ACK, BINARY_EVENT, BINARY_ACK})
"""The types of packets that clients send; only a server sends CONNECT_ERROR."""

_DIGITS = frozenset(map(str, _TYPES))


class ProtocolError(Exception):
    """A packet breaks the protocol of Socket.IO; the connection is closed, as by Node's server.

    An event that is well-formed and breaks the contract is answered instead.
    """


class PacketReader:
    """The packets of all connections of a server, with the attachments that are due.

    Args:
        server: the server of python-socketio.
    """

    def __init__(self, server: Any) -> None:
        self._server = server
        self._due: dict[str, Any] = {}
        self._refused: set[str] = set()
        self._broken = 0

    def step(self, eio_sid: str, data: object) -> Step | None:
        """Return what to do with a message of Engine.IO; None while more of its packet is due.

        Raises ProtocolError.
        """
        packet = self._due.get(eio_sid)
        if packet is None:
            packet = self._read(data)
            if packet.attachment_count:
                self._expect(eio_sid, packet)
                return None
        else:
            if not isinstance(data, bytes | bytearray):
                raise ProtocolError("a text where an attachment is due")
            if not packet.add_attachment(data):
                return None
            del self._due[eio_sid]
        return self._step(eio_sid, packet)

    def _read(self, data: object) -> Any:
        kind = self._server.packet_class
        if not isinstance(data, str | bytes | bytearray) or not data:
            raise ProtocolError("a message without a packet")  # Engine.IO reads some as lists or objects
        if kind.uses_binary_events and not isinstance(data, str):
            raise ProtocolError("an attachment that belongs to no packet")
        if isinstance(data, str) and kind.uses_binary_events and data[0] not in _DIGITS:
            raise ProtocolError("a packet of a type that clients do not send")
        try:
            packet = kind(encoded_packet=data)
        except Exception:  # a serializer can raise anything
            raise ProtocolError("a packet that cannot be read") from None
        if packet.packet_type not in _TYPES:
            raise ProtocolError("a packet of a type that clients do not send")
        return packet

    def _expect(self, eio_sid: str, packet: Any) -> None:
        """Remember a packet until its attachments have come, in a namespace of the client only."""
        if not self._server.manager.sid_from_eio_sid(eio_sid, packet.namespace or "/"):
            raise ProtocolError("attachments in a namespace that the client has not connected to")
        self._due[eio_sid] = packet

    def _step(self, eio_sid: str, packet: Any) -> Step:
        namespace = packet.namespace or "/"
        if packet.packet_type == CONNECT:
            if not self._is_served(namespace):
                return "_send_packet", (eio_sid, self._refusal(eio_sid, namespace))
            return "_handle_connect", (eio_sid, namespace, packet.data)
        if packet.packet_type == DISCONNECT:
            return "_handle_disconnect", (eio_sid, namespace, self._server.reason.CLIENT_DISCONNECT)
        is_event = packet.packet_type in (EVENT, BINARY_EVENT)
        name = "_handle_event" if is_event else "_handle_ack"
        return name, (eio_sid, namespace, packet.id, packet.data)

    def _is_served(self, namespace: str) -> bool:
        """Return whether python-socketio has a namespace; what it would say of others explains nothing."""
        server = self._server
        return (
            namespace in server.handlers
            or namespace in server.namespace_handlers
            or server.namespaces == "*"
            or namespace in server.namespaces
        )

    def _refusal(self, eio_sid: str, namespace: str) -> Any:
        """Return the packet that refuses a namespace; the first one of a connection is logged."""
        error = UnknownEventException(f"no namespace `{namespace:.80}`")
        if eio_sid not in self._refused:  # a stranger could fill the log
            self._refused.add(eio_sid)
            log_failure(error, namespace, "connect")
        data = {"message": str(error), "data": error_body(error)}
        return self._server.packet_class(CONNECT_ERROR, data, namespace)

    def report(self, error: ProtocolError | str) -> None:
        """Log why a connection is closed; nothing else of it is read, so there is one line for each."""
        self._broken += 1
        log.warning("a client broke the protocol (%d so far) and is disconnected: %s", self._broken, error)

    def forget(self, eio_sid: str) -> None:
        """Forget a connection that has ended."""
        self._due.pop(eio_sid, None)
        self._refused.discard(eio_sid)
