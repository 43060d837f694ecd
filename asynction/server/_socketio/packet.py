"""A Socket.IO packet with strict JSON, which makes sure that every event gets an answer.

python-socketio takes a packet class as its `serializer`; it logs an exception in one, and the client gets no
answer. So here an event that cannot be read becomes a MALFORMED event, which is answered like any other, and
an acknowledgement that cannot be written becomes an error ack.

Besides the public `encode` and `decode` this relies on `__init__` and `add_attachment` of
python-socketio's Packet; tests/server/socketio/test_packet.py fails if those change.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from types import ModuleType
from typing import Any, cast

from socketio.packet import ACK, BINARY_ACK, BINARY_EVENT, CONNECT, CONNECT_ERROR, DISCONNECT, EVENT, Packet

from asynction.exceptions import (
    AsynctionException,
    UnknownEventException,
)
from asynction.runtime import MalformedEvent, error_ack, log_failure, with_attachments
from asynction.validation import NotJson, is_json, is_suspicious, json_fault, read_json, write_json

MALFORMED = "\x00malformed"
"""The name of an event that cannot be read; its arg is the exception. No contract can have this name."""

RESERVED = frozenset({"connect", "disconnect", "*", MALFORMED})
"""Names with another meaning in python-socketio: a client could call the connect handler, for example."""

MAX_ATTACHMENTS = 100
"""The greatest number of binary attachments of one event."""

_ATTACHMENTS = re.compile(r"\d(\d{1,10})-")
_REFUSALS = frozenset({CONNECT_ERROR, DISCONNECT})
_WITHOUT_BINARY = {BINARY_EVENT: EVENT, BINARY_ACK: ACK}
_WITH_BINARY = {text: binary for binary, text in _WITHOUT_BINARY.items()}


class StrictJSON:
    """The reader and the writer of JSON, in the form that python-socketio takes as its `json`."""

    @staticmethod
    def dumps(value: object, **_: object) -> str:
        """Write compact JSON; raise ValueError for NaN and infinity, TypeError for other Python objects."""
        return write_json(value)

    @staticmethod
    def loads(text: str | bytes, **_: object) -> object:
        """Read JSON; raise NotJson, a ValueError, also for NaN and for infinity, which `1e999` is, too."""
        return read_json(text)


def contract_packet(
    serializer: str | type[Any] = "default",
    *,
    receives_text: bool = False,
    sends_text: frozenset[int] = frozenset(),
) -> type[Any]:
    """Derive the packet class of one server from the `serializer` option of python-socketio.

    Args:
        serializer: `default`, `msgpack` or a packet class.
        receives_text: whether no received event may have bytes: binary events are then rejected.
        sends_text: the types of packets that never have bytes: they are never searched for bytes, also if
            the user's JSON module writes them.
    """
    base: type[Any] = Packet if serializer == "default" else _base(serializer)
    if issubclass(base, _ContractPacket):
        return base
    members: dict[str, object] = {"receives_text": receives_text, "sends_text": sends_text}
    if base is Packet:
        members["json"] = StrictJSON
    return type("ContractPacket", (_ContractPacket, base), members)


def _base(serializer: str | type[Any]) -> type[Any]:
    if isinstance(serializer, str):
        if serializer != "msgpack":
            raise ValueError(f"no serializer `{serializer}`: use `default`, `msgpack` or a packet class")
        from socketio.msgpack_packet import MsgPackPacket  # its library is optional

        return cast("type[Any]", MsgPackPacket)
    return serializer


def peer_packet(packet_class: type[Any]) -> type[Any]:
    """Return the packet class that clients of a server have: what `packet_class` was derived from.

    It follows the contract's part; subclasses, and mixins that are not packets, come before that part.
    """
    kinds: tuple[type[Any], ...] = packet_class.__mro__
    return kinds[kinds.index(_ContractPacket) + 1]


def reads_json(packet_class: type[Any]) -> bool:
    """Return whether the args that `packet_class` reads are JsonArgs.

    True if the reader is StrictJSON and the contract has no bytes: then all args come from JSON text that
    `decode` has checked, and validation need not check the types of their values again.
    """
    return bool(packet_class.receives_text) and packet_class.json is StrictJSON


class _ContractPacket:
    json: type[Any] | ModuleType
    receives_text: bool
    sends_text: frozenset[int]
    packet_type: int
    namespace: str | None
    id: int | None
    data: Any

    def __init__(  # noqa: PLR0917 - as the parent has it
        self,
        packet_type: int = EVENT,
        data: Any = None,
        namespace: str | None = None,
        id: int | None = None,
        binary: bool | None = None,
        encoded_packet: Any = None,
    ) -> None:
        parent: Any = super().__init__
        if packet_type in _REFUSALS:
            data = _refusal(packet_type, data)
        if binary is None and (packet_type in self.sends_text or self.json is StrictJSON):
            binary = False  # `encode` notices bytes: the search for them would take longer than the text
        try:
            parent(packet_type, data, namespace, id, binary, encoded_packet)
        except RecursionError as error:  # data with deep nesting, in the search for bytes
            if packet_type != ACK:
                raise
            parent(ACK, self._error_ack(error), namespace, id, False)

    @staticmethod
    def data_is_binary(data: object) -> bool:
        """Return whether data contains bytes, as the parent does, in a sixth of its time."""
        return _has_bytes(data)

    @classmethod
    def reconstruct_binary(cls, data: Any, attachments: Any) -> Any:
        """Return data with its attachments; raise MalformedEvent."""
        return with_attachments(data, attachments)

    def decode(self, encoded_packet: Any) -> int:
        error: AsynctionException | None = None
        try:
            attachments: int = super().decode(encoded_packet) or 0  # type: ignore[misc]  # mixed into a Packet
        except Exception as cause:  # a serializer can raise anything
            if self.packet_type not in (EVENT, BINARY_EVENT, CONNECT, ACK, BINARY_ACK):
                raise
            attachments = _attachment_count(encoded_packet)
            # Only the message of our own reader is known to have nothing internal.
            is_text_error = isinstance(cause, NotJson)
            error = MalformedEvent(
                f"the packet is not JSON: {cause}" if is_text_error else "the packet cannot be read"
            )
        else:
            suspicious = isinstance(encoded_packet, str) and is_suspicious(encoded_packet)
            if self.packet_type in (ACK, BINARY_ACK):
                error = self._ack_fault(suspicious)
            elif self.packet_type in (EVENT, BINARY_EVENT):
                error = self._event_fault(suspicious)
            elif self.packet_type == CONNECT and suspicious:
                fault = json_fault((self.data,))
                error = None if fault is None else MalformedEvent(f"auth: {fault.errors[0].message}")
        if attachments > MAX_ATTACHMENTS:  # python-socketio keeps them in memory until the last one arrives
            error, attachments = MalformedEvent(f"more than {MAX_ATTACHMENTS} attachments"), 0
        if error is not None:
            self._reject(error)
        if not attachments:  # python-socketio would wait for attachments that never arrive
            self.packet_type = _WITHOUT_BINARY.get(self.packet_type, self.packet_type)
        return attachments

    def add_attachment(self, attachment: bytes) -> bool:
        try:
            complete = bool(super().add_attachment(attachment))  # type: ignore[misc]  # mixed into a Packet
        except MalformedEvent as error:
            self._reject(error)
            return True
        if complete and self.receives_text and self.packet_type == BINARY_EVENT and self.data[0] != MALFORMED:
            fault = json_fault(self.data[1:])
            if fault is not None:
                self._reject(fault)
        return complete

    def _event_fault(self, suspicious: bool) -> AsynctionException | None:
        """Return why an event is invalid under any contract, or None."""
        data = self.data
        if not isinstance(data, list) or not data or not isinstance(data[0], str):
            return MalformedEvent("an event must be a list that starts with its name")
        if data[0] in RESERVED or (suspicious and not is_json(data[0])):
            return UnknownEventException(f"no event can be named {data[0]!r:.80}")
        return json_fault(data[1:]) if suspicious else None

    def _ack_fault(self, suspicious: bool) -> AsynctionException | None:
        """Return why an ack is invalid, or None; python-socketio stores its counter under the id 0."""
        if not isinstance(self.data, list) or self.id == 0:
            return MalformedEvent("an acknowledgement must have an id and a list of args")
        return json_fault(self.data) if suspicious else None

    def _reject(self, error: AsynctionException) -> None:
        if self.packet_type in (ACK, BINARY_ACK):
            log_failure(error, self.namespace or "/", "acknowledgement")
            self.id, self.data = None, []  # python-socketio ignores an ack with an unknown id
        else:
            self.data = error if self.packet_type == CONNECT else [MALFORMED, error]

    def _to_dict(self) -> dict[str, Any]:
        found: dict[str, Any] = super()._to_dict()  # type: ignore[misc]  # mixed into a Packet
        if self.packet_type == DISCONNECT:
            del found["data"]  # the JavaScript client takes null for data
        return found

    def encode(self) -> Any:
        try:
            return super().encode()  # type: ignore[misc]  # mixed into a Packet
        except Exception as error:  # a serializer can raise anything
            if isinstance(error, TypeError) and self._becomes_binary():
                return self.encode()
            if self.packet_type not in (ACK, BINARY_ACK):
                raise
            self.packet_type, self.data = ACK, self._error_ack(error)
            return super().encode()  # type: ignore[misc]

    def _becomes_binary(self) -> bool:
        """Make an event or an ack with bytes a binary packet; return whether it has become one."""
        kind = _WITH_BINARY.get(self.packet_type)
        if kind is None or self.packet_type in self.sends_text or not _has_bytes(self.data):
            return False
        self.packet_type = kind
        return True

    def _error_ack(self, error: Exception) -> list[dict[str, object]]:
        """Log an error in an acknowledgement, and return the error ack to send instead."""
        log_failure(error, self.namespace or "/", "acknowledgement")
        return list(error_ack(error))


def _refusal(packet_type: int, data: object) -> object:
    """Return the data of a packet that refuses or ends a connection, as protocol 5 allows it."""
    if packet_type == CONNECT_ERROR:
        return {"message": data} if isinstance(data, str) else data
    # python-socketio sends the reason of a refusal with `always_connect`. The JavaScript client takes a
    # DISCONNECT with data for a parse error, and connects again, for ever.
    return None


_LEAVES = frozenset({str, int, float, bool, type(None)})


def _has_bytes(data: object) -> bool:
    if isinstance(data, dict):
        values: Iterable[object] = data.values()
    elif isinstance(data, list):
        values = data
    else:
        return isinstance(data, bytes | bytearray)
    for value in values:  # noqa: SIM110 - a generator takes 50 % longer
        if type(value) not in _LEAVES and _has_bytes(value):
            return True
    return False


def _attachment_count(encoded_packet: Any) -> int:
    """Return the number of attachments that follow a packet that cannot be read: they must be skipped."""
    match = _ATTACHMENTS.match(encoded_packet) if isinstance(encoded_packet, str) else None
    return int(match[1]) if match else 0
