"""The Socket.IO packet as a contract needs it: strict JSON, and every event answered.

python-socketio takes a packet class as its `serializer`, and lets an exception in one end in a log
line and silence. So what cannot be served becomes a MALFORMED event here, which is answered like
any other one, and an acknowledgement that cannot be written becomes an error acknowledgement.

Besides the public `encode` and `decode` this relies on `__init__` and `add_attachment` of
python-socketio's Packet; tests/server/socketio/test_packet.py fails where those change.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from types import ModuleType
from typing import Any, cast

from socketio.packet import ACK, BINARY_ACK, BINARY_EVENT, CONNECT, CONNECT_ERROR, EVENT, Packet

from asynction.exceptions import (
    AsynctionException,
    UnknownEventException,
)
from asynction.runtime import MalformedEvent, error_ack, log_failure
from asynction.validation import is_json, is_suspicious, json_fault, read_json, write_json

MALFORMED = "\x00malformed"
"""The name of an event that cannot be served; its one arg is why. No contract can have it."""

RESERVED = frozenset({"connect", "disconnect", "*", MALFORMED})
"""Names that mean something else than an event to python-socketio."""

MAX_ATTACHMENTS = 100
"""How many pieces of binary data one event may have."""

_ATTACHMENTS = re.compile(r"\d(\d{1,10})-")
_WITHOUT_BINARY = {BINARY_EVENT: EVENT, BINARY_ACK: ACK}


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
    """Derive the packet class of one server from what python-socketio takes as its `serializer`.

    `receives_text` says that no event received has a place for bytes: binary ones are then refused.
    `sends_text` has the packet types that never carry bytes: their data is not searched for any
    (at 2.4 KB a third of the time python-socketio takes).
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
            raise ValueError(f"no serializer `{serializer}`: take `default`, `msgpack` or a packet class")
        from socketio.msgpack_packet import MsgPackPacket  # its library is optional

        return cast("type[Any]", MsgPackPacket)
    return serializer


def peer_packet(packet_class: type[Any]) -> type[Any]:
    """Return the packet class that clients of a server have: what `packet_class` was derived from.

    That comes right after the contract's part; before it are subclasses, and mixins that are no packets.
    """
    kinds: tuple[type[Any], ...] = packet_class.__mro__
    return kinds[kinds.index(_ContractPacket) + 1]


def reads_json(packet_class: type[Any]) -> bool:
    """Return whether the args that `packet_class` reads are JsonArgs.

    They are where its reader is the strict one, and the contract has no place for bytes: then every event
    that passes `decode` came from JSON text that has been looked through.
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
        if packet_type == CONNECT_ERROR and isinstance(data, str):
            data = {"message": data}  # where clients of protocol 5 look for it
        if binary is None and packet_type in self.sends_text:
            binary = False
        try:
            parent(packet_type, data, namespace, id, binary, encoded_packet)
        except RecursionError as error:  # in the search for binary data
            if packet_type != ACK:
                raise
            parent(ACK, self._apology(error), namespace, id, False)

    @staticmethod
    def data_is_binary(data: object) -> bool:
        """Whether data has bytes, as the parent finds them, in a sixth of its time."""
        return _has_bytes(data)

    def decode(self, encoded_packet: Any) -> int:
        error: AsynctionException | None = None
        try:
            attachments: int = super().decode(encoded_packet) or 0  # type: ignore[misc]  # mixed into a Packet
        except Exception as cause:  # whatever the serializer raises
            if self.packet_type not in (EVENT, BINARY_EVENT, CONNECT, ACK, BINARY_ACK):
                raise
            attachments = _announced(encoded_packet)
            told = isinstance(cause, ValueError)  # of what is wrong with the text
            error = MalformedEvent(str(cause) if told else "the packet cannot be read")
        else:
            if self.packet_type in (ACK, BINARY_ACK):
                error = self._ack_fault()
            elif self.packet_type in (EVENT, BINARY_EVENT):
                error = self._fault(isinstance(encoded_packet, str) and is_suspicious(encoded_packet))
        if attachments > MAX_ATTACHMENTS:  # they would be kept in memory until the last one comes
            error, attachments = MalformedEvent(f"more than {MAX_ATTACHMENTS} attachments"), 0
        if error is not None:
            self._refuse(error)
        if not attachments:  # python-socketio would wait for what never comes
            self.packet_type = _WITHOUT_BINARY.get(self.packet_type, self.packet_type)
        return attachments

    def add_attachment(self, attachment: bytes) -> bool:
        try:
            complete = bool(super().add_attachment(attachment))  # type: ignore[misc]  # mixed into a Packet
        except (IndexError, TypeError):
            self._refuse(MalformedEvent("a placeholder leads to no attachment"))
            return True
        if complete and self.receives_text and self.packet_type == BINARY_EVENT and self.data[0] != MALFORMED:
            fault = json_fault(self.data[1:])
            if fault is not None:
                self._refuse(fault)
        return complete

    def _fault(self, suspicious: bool) -> AsynctionException | None:
        """Say why an event cannot be served, whatever its contract is."""
        data = self.data
        if not isinstance(data, list) or not data or not isinstance(data[0], str):
            return MalformedEvent("an event is a list that starts with its name")
        if data[0] in RESERVED or (suspicious and not is_json(data[0])):
            return UnknownEventException(f"no event can be named {data[0]!r:.80}")
        return json_fault(data[1:]) if suspicious else None

    def _ack_fault(self) -> AsynctionException | None:
        """Say why an acknowledgement cannot be taken; python-socketio keeps its counter under the id 0."""
        fine = isinstance(self.data, list) and self.id != 0
        return None if fine else MalformedEvent("an acknowledgement is an id and a list of args")

    def _refuse(self, error: AsynctionException) -> None:
        if self.packet_type in (ACK, BINARY_ACK):
            log_failure(error, self.namespace or "/", "acknowledgement")
            self.id, self.data = None, []  # nobody waits for it: python-socketio ignores it
        else:
            self.data = error if self.packet_type == CONNECT else [MALFORMED, error]

    def encode(self) -> Any:
        try:
            return super().encode()  # type: ignore[misc]  # mixed into a Packet
        except Exception as error:  # whatever the serializer raises
            if self.packet_type not in (ACK, BINARY_ACK):
                raise
            self.packet_type, self.data = ACK, self._apology(error)
            return super().encode()  # type: ignore[misc]

    def _apology(self, error: Exception) -> list[dict[str, object]]:
        """What acknowledges an event whose own acknowledgement cannot be written."""
        log_failure(error, self.namespace or "/", "acknowledgement")
        return list(error_ack(error))


_LEAVES = frozenset({str, int, float, bool, type(None)})


def _has_bytes(data: object) -> bool:
    if isinstance(data, dict):
        values: Iterable[object] = data.values()
    elif isinstance(data, list):
        values = data
    else:
        return isinstance(data, bytes | bytearray)
    for value in values:  # noqa: SIM110 - a generator would take half as long again
        if type(value) not in _LEAVES and _has_bytes(value):
            return True
    return False


def _announced(encoded_packet: Any) -> int:
    """How many binary attachments follow a packet that cannot be read; they are swallowed with it."""
    match = _ATTACHMENTS.match(encoded_packet) if isinstance(encoded_packet, str) else None
    return int(match[1]) if match else 0
