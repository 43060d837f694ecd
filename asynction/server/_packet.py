"""The Socket.IO packet as a contract needs it: strict JSON, and every event answered.

python-socketio takes a packet class as its `serializer`, and lets an exception in one end in a log
line and silence. So what cannot be an event becomes a MALFORMED event here, which is answered like
any other one, and an acknowledgement that cannot be written becomes an error acknowledgement.
"""

from __future__ import annotations

import json
import re
from types import ModuleType
from typing import Any, cast

from socketio.packet import ACK, BINARY_ACK, BINARY_EVENT, CONNECT, EVENT, Packet

from asynction.runtime import MalformedEvent, error_ack, log_failure
from asynction.validation import MAX_DEPTH, is_json

MALFORMED = "\x00malformed"
"""The name of an event that cannot be read; its one arg is a MalformedEvent. No contract can have it."""

RESERVED = frozenset({"connect", "disconnect", "*", MALFORMED})
"""Names that mean something else than an event to python-socketio."""

_ATTACHMENTS = re.compile(r"\d(\d{1,10})-")
_encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is no JSON number")


_decode = json.JSONDecoder(parse_constant=_no_constant).decode


class StrictJSON:
    """The standard library's JSON without what JSON does not have; the form that python-socketio asks for."""

    @staticmethod
    def dumps(value: object, **_: object) -> str:
        """Write compact JSON; raises ValueError for NaN and infinity, TypeError for what is no JSON."""
        return _encode(value)

    @staticmethod
    def loads(text: str, **_: object) -> object:
        """Read JSON; raises ValueError for NaN, infinity, lone surrogates and too deep nesting."""
        value = _decode(text)
        # Only text with escapes can hold a lone surrogate, and only many brackets nest deep.
        suspicious = "\\" in text and "\\u" in text
        if (suspicious or text.count("[") + text.count("{") > MAX_DEPTH) and not is_json(value):
            raise ValueError("the JSON has a lone surrogate or is nested too deep")
        return value


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


def is_strict(packet_class: type[Any]) -> bool:
    """True where what `packet_class` reads needs no further check that it is JSON."""
    return bool(packet_class.receives_text) and packet_class.json is StrictJSON


class _ContractPacket:
    json: type[Any] | ModuleType
    receives_text: bool
    sends_text: frozenset[int]
    packet_type: int
    namespace: str | None
    id: int | None
    data: Any

    def __init__(
        self, packet_type: int = EVENT, *args: Any, binary: bool | None = None, **kwargs: Any
    ) -> None:
        if binary is None and packet_type in self.sends_text:
            binary = False
        super().__init__(packet_type, *args, binary=binary, **kwargs)  # type: ignore[call-arg]

    def decode(self, encoded_packet: Any) -> int:
        try:
            attachments: int = super().decode(encoded_packet)  # type: ignore[misc]  # mixed into a Packet
        except (ValueError, RecursionError) as error:
            if self.packet_type not in (EVENT, BINARY_EVENT, CONNECT):
                raise
            attachments = _announced(encoded_packet)
            self._refuse("the packet is no JSON" if isinstance(error, RecursionError) else str(error))
        if self.packet_type in (EVENT, BINARY_EVENT):
            self._check_event()
        return attachments

    def _check_event(self) -> None:
        data = self.data
        if not isinstance(data, list) or not data or not isinstance(data[0], str):
            self._refuse("an event is a list that starts with its name")
        elif data[0] in RESERVED and not isinstance(data[-1], MalformedEvent):
            self._refuse(f"the event name {data[0]!r} is reserved")
        elif self.receives_text and self.packet_type == BINARY_EVENT:
            self._refuse("the contract has no binary data")

    def _refuse(self, message: str) -> None:
        error = MalformedEvent(message)
        self.data = error if self.packet_type == CONNECT else [MALFORMED, error]

    def encode(self) -> Any:
        try:
            return super().encode()  # type: ignore[misc]  # mixed into a Packet
        except (TypeError, ValueError, RecursionError) as error:
            if self.packet_type not in (ACK, BINARY_ACK):
                raise
            log_failure(error, self.namespace or "/", "acknowledgement")
            self.packet_type, self.data = ACK, list(error_ack(error))
            return super().encode()  # type: ignore[misc]


def _announced(encoded_packet: Any) -> int:
    """How many binary attachments follow a packet that cannot be read; they are swallowed with it."""
    match = _ATTACHMENTS.match(encoded_packet) if isinstance(encoded_packet, str) else None
    return int(match[1]) if match else 0
