"""The packet class: strict JSON, every event answered, and the parent's hooks that this relies on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import msgpack  # type: ignore[import-untyped]  # the library has no types
import pytest
import socketio
from hypothesis import given
from hypothesis import strategies as st
from socketio.msgpack_packet import MsgPackPacket
from socketio.packet import (
    ACK,
    BINARY_ACK,
    BINARY_EVENT,
    CONNECT,
    CONNECT_ERROR,
    DISCONNECT,
    EVENT,
    Packet,
)

from asynction.exceptions import PayloadValidationException, UnknownEventException
from asynction.runtime import MalformedEvent
from asynction.server._socketio.packet import (
    MALFORMED,
    StrictJSON,
    contract_packet,
    peer_packet,
    reads_json,
)
from tests.guards import TABLES, Row, check

ContractPacket = contract_packet()
TextPacket = contract_packet(receives_text=True, sends_text=frozenset([EVENT, ACK]))

ERROR_ACK = [{"error": {"status": 500, "title": "Internal Server Error"}}]


def read(encoded: str | bytes, *attachments: Any, kind: type[Any] = ContractPacket) -> Any:
    packet = kind(encoded_packet=encoded)
    for index, attachment in enumerate(attachments):
        assert packet.add_attachment(attachment) == (index == len(attachments) - 1)
    return packet


def refusal(encoded: str | bytes, *attachments: Any, kind: type[Any] = ContractPacket) -> Exception:
    name, error = read(encoded, *attachments, kind=kind).data
    assert name == MALFORMED
    assert isinstance(error, Exception)
    return error


# The parent's hooks -----------------------------------------------------------------------------


@pytest.mark.parametrize("row", TABLES["packets"], ids=str)
def test_the_parents_have_what_we_rely_on(row: Row) -> None:
    check(row)


def test_the_parent_keeps_its_counter_of_acknowledgements_under_the_id_0() -> None:
    """Why no client may acknowledge that: `trigger_callback` would call it."""
    manager = socketio.Server(async_mode="threading").manager
    assert manager._generate_ack_id("sid", len) == 1
    assert next(manager.callbacks["sid"][0]) == 2


def test_the_parent_calls_the_hooks(monkeypatch: pytest.MonkeyPatch) -> None:
    """`__init__` reads through `decode`, and takes data for text where it is told so."""
    calls: list[object] = []
    monkeypatch.setattr(Packet, "decode", lambda self, text: calls.append(text))
    monkeypatch.setattr(Packet, "data_is_binary", pytest.fail)
    Packet(EVENT, ["e"], binary=False, encoded_packet="text")
    assert calls == ["text"]


def test_the_parent_uses_the_json_of_its_class(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Packet.json is not StrictJSON
    assert ContractPacket.json is StrictJSON
    assert issubclass(ContractPacket, Packet)


def test_the_server_makes_packets_of_its_serializer() -> None:
    server = socketio.Server(serializer=ContractPacket, async_mode="threading")
    assert server.packet_class is ContractPacket


# Which class ------------------------------------------------------------------------------------


def test_each_server_has_a_class_of_its_own() -> None:
    """python-socketio's `json=` sets an attribute of the class."""
    first, second = contract_packet(), contract_packet()
    server = socketio.Server(serializer=first, json=json, async_mode="threading")
    assert server.packet_class.json is json
    assert second.json is StrictJSON
    assert Packet.json not in (json, StrictJSON)


def test_a_contract_packet_is_taken_as_it_is() -> None:
    assert contract_packet(TextPacket) is TextPacket


def test_other_serializers_are_kept() -> None:
    class Custom(Packet):  # type: ignore[misc]  # the library has no types
        json = json

    assert issubclass(contract_packet(Custom), Custom)
    assert contract_packet(Custom).json is json
    assert issubclass(contract_packet("msgpack"), MsgPackPacket)
    with pytest.raises(ValueError, match="no serializer `banana`"):
        contract_packet("banana")


class Own(Packet):  # type: ignore[misc]  # the library has no types
    """A user's packet class, with a JSON of its own."""

    json = json


class Traced:
    """A user's mixin, which is not a packet."""


class TracedOwn(Traced, Own):
    """A user's packet class with a mixin."""


class Derived(TextPacket):  # type: ignore[misc, valid-type]  # it is made at run time
    """What a user derives from the packet class of a server."""


class TracedDerived(Traced, TextPacket):  # type: ignore[misc, valid-type]
    """The same with a mixin, which comes first."""


@pytest.mark.parametrize(
    ("packet_class", "expected"),
    [
        (contract_packet(), Packet),
        (TextPacket, Packet),
        (contract_packet("msgpack"), MsgPackPacket),
        (contract_packet(Own), Own),
        (contract_packet(TracedOwn), TracedOwn),
        (Derived, Packet),
        (contract_packet(Derived), Packet),
        (TracedDerived, Packet),
        (type("Deep", (Derived,), {}), Packet),
    ],
    ids=["default", "text", "msgpack", "own", "own mixed", "derived", "taken", "derived mixed", "deep"],
)
def test_clients_have_the_packet_class_that_a_servers_was_derived_from(
    packet_class: type[Any], expected: type[Any]
) -> None:
    assert peer_packet(packet_class) is expected


@pytest.mark.parametrize("packet_class", [ContractPacket, contract_packet("msgpack"), contract_packet(Own)])
def test_a_client_reads_what_the_server_writes_and_the_other_way_round(packet_class: type[Any]) -> None:
    peer = peer_packet(packet_class)
    for ours, theirs in ((packet_class, peer), (peer, packet_class)):
        read_again = theirs(encoded_packet=ours(EVENT, ["e", 1], "/a", 7).encode())
        assert (read_again.namespace, read_again.id, read_again.data) == ("/a", 7, ["e", 1])


def test_only_text_read_by_our_json_is_strict() -> None:
    assert reads_json(TextPacket)
    assert not reads_json(ContractPacket)
    assert not reads_json(contract_packet("msgpack", receives_text=True))


# Reading ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [ContractPacket, TextPacket])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('2["e"]', (EVENT, None, None, ["e"])),
        ('2/chat,7["e",{"a":[1,null,true]}]', (EVENT, "/chat", 7, ["e", {"a": [1, None, True]}])),
        ('37["x"]', (ACK, None, 7, ["x"])),
        ("0", (CONNECT, None, None, None)),
        ('0/chat,{"token":1}', (CONNECT, "/chat", None, {"token": 1})),
        ("1/chat,", (DISCONNECT, "/chat", None, None)),
        (r'2["e","\ud83d\ude00"]', (EVENT, None, None, ["e", "😀"])),
    ],
)
def test_good_packets_are_read_as_the_parent_reads_them(
    kind: type[Any], text: str, expected: tuple[Any, ...]
) -> None:
    packet, parents = read(text, kind=kind), Packet(encoded_packet=text)
    for each in (packet, parents):
        assert (each.packet_type, each.namespace, each.id, each.data) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("2", "an event must be a list that starts with its name"),
        ("2[]", "an event must be a list that starts with its name"),
        ("2{}", "an event must be a list that starts with its name"),
        ('2"e"', "an event must be a list that starts with its name"),
        ("2[1]", "an event must be a list that starts with its name"),
        ("2[null]", "an event must be a list that starts with its name"),
        ("2[e]", "the packet is not JSON: a mistake in line 1, column 2"),
        ('2["e"', "the packet is not JSON: a mistake in line 1, column 5"),
        ('2["e",NaN]', "NaN is not a JSON number"),
        ('2["e",{"a":[-Infinity]}]', "-Infinity is not a JSON number"),
        ('2["e",1e999]', "a number is too large"),
        ('2["e",-1.0e999]', "a number is too large"),
        ('2["e",' + "7" * 5000 + "]", "the packet is not JSON: an integer has too many digits"),
        ("2" + "[" * 100_000, "nested deeper than 128 levels"),
        ("x", "the packet cannot be read"),
        (b'2["e"]', "the packet cannot be read"),
    ],
)
def test_what_is_no_event_is_malformed(text: str | bytes, message: str) -> None:
    error = refusal(text)
    assert isinstance(error, MalformedEvent)
    assert message in str(error)


@pytest.mark.parametrize("name", ["connect", "disconnect", "*", "\\u0000malformed", "\\ud800", "a\\udc00"])
def test_no_event_can_have_a_reserved_name(name: str) -> None:
    error = refusal(f'2["{name}",1]')
    assert isinstance(error, UnknownEventException)


@pytest.mark.parametrize(
    ("text", "pointer", "message"),
    [
        (r'2["e","\ud800"]', "/0", "lone surrogate"),
        (r'2["e",1,{"a":["\udc00"]}]', "/1/a/0", "lone surrogate"),
        (r'2["e",{"\ud800":1}]', "/0", "a key is not text"),
        ('2["e",1,' + "[" * 200 + "]" * 200 + "]", "/1", "nested deeper than 128 levels"),
        ('2["e",' + '{"a":' * 200 + "1" + "}" * 200 + "]", "/0", "nested deeper than 128 levels"),
    ],
)
def test_what_no_json_value_can_be_is_pointed_at(text: str, pointer: str, message: str) -> None:
    error = refusal(text)
    assert isinstance(error, PayloadValidationException)
    assert error.errors[0].pointer == pointer
    assert message in error.errors[0].message


def test_a_refused_event_keeps_its_id_and_namespace() -> None:
    packet = read('2/chat,7["e",NaN]')
    assert (packet.packet_type, packet.namespace, packet.id) == (EVENT, "/chat", 7)


def test_much_that_is_not_deep_is_fine() -> None:
    many = [[] for _ in range(500)]  # type: ignore[var-annotated]
    assert read("2" + json.dumps(["e", many])).data == ["e", many]


def test_the_auth_of_a_connection_that_is_no_json_is_an_error() -> None:
    assert isinstance(read("0/chat,{").data, MalformedEvent)


@pytest.mark.parametrize(
    "text", ["37[", "37[NaN]", "37", '37{"a":1}', "3", '30["id of the counter"]', '61-7["x",NaN]', "3x"]
)
def test_an_ack_that_is_none_is_nobodys(text: str, caplog: pytest.LogCaptureFixture) -> None:
    """python-socketio ignores an ack without an id, and would call a callback with the keys of an object."""
    packet = read(text)
    assert packet.packet_type in (ACK, BINARY_ACK)
    assert (packet.id, packet.data) == (None, [])
    (record,) = caplog.records
    assert record.getMessage().startswith("400 event 'acknowledgement' in '/': MalformedEvent")


def test_the_parent_ignores_an_ack_without_an_id() -> None:
    server = socketio.Server(async_mode="threading")
    server.manager.callbacks["sid"] = {0: iter([1])}
    server.manager.trigger_callback("sid", None, [])
    assert list(server.manager.callbacks["sid"]) == [0]


@pytest.mark.parametrize("text", ["4[", "4NaN"])
def test_a_client_has_no_errors_to_tell(text: str) -> None:
    with pytest.raises(ValueError, match=r"a mistake in line|NaN"):
        read(text)


# Binary -----------------------------------------------------------------------------------------

PLACE = '{"_placeholder":true,"num":%s}'


def test_attachments_are_put_in_their_places() -> None:
    packet = read(f'52-7["e",{{"a":{PLACE % 1}}},{PLACE % 0}]', b"first", b"second")
    assert (packet.packet_type, packet.id) == (BINARY_EVENT, 7)
    assert packet.data == ["e", {"a": b"second"}, b"first"]


def test_no_attachments_make_no_binary_packet() -> None:
    """python-socketio would wait for one, and take no packet of this client any more."""
    assert read('50-7["e"]').packet_type == EVENT
    assert read('5["e"]').packet_type == EVENT
    assert read("60-7[1]").packet_type == ACK


@pytest.mark.parametrize("number", ["7", '"x"', "null", "{}", "1.5"])
def test_a_placeholder_must_lead_to_an_attachment(number: str) -> None:
    error = refusal(f'51-7["e",{PLACE % number}]', b"x")
    assert isinstance(error, MalformedEvent)


def test_an_ack_with_a_bad_placeholder_is_nobodys() -> None:
    packet = read(f"61-7[{PLACE % 3}]", b"x")
    assert (packet.packet_type, packet.id, packet.data) == (BINARY_ACK, None, [])


def test_the_attachments_of_a_refused_event_are_swallowed() -> None:
    for text in ('52-7["e",NaN]', '52-7["connect"]', "52-7[", "52-7{}"):
        packet = read(text, b"first", b"second")
        assert packet.data[0] == MALFORMED
        assert packet.packet_type == BINARY_EVENT


@pytest.mark.parametrize("count", ["9" * 11, "9" * 9, "101"])
def test_too_many_attachments_are_not_waited_for(count: str) -> None:
    packet = read(f'5{count}-7["e"]')
    assert packet.data[0] == MALFORMED
    assert packet.attachment_count == 0
    assert packet.packet_type == EVENT


def test_where_all_is_text_bytes_are_pointed_at() -> None:
    error = refusal(f'51-7["e",1,{{"a":{PLACE % 0}}}]', b"x", kind=TextPacket)
    assert isinstance(error, PayloadValidationException)
    assert error.errors[0].pointer == "/1/a"


def test_where_all_is_text_an_unused_attachment_does_no_harm() -> None:
    assert read('51-7["e",1]', b"x", kind=TextPacket).data == ["e", 1]


def test_the_first_reason_to_refuse_stays() -> None:
    assert isinstance(refusal('51-7["connect"]', b"x", kind=TextPacket), UnknownEventException)


# Writing ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [ContractPacket, TextPacket])
def test_packets_are_written_as_the_parent_writes_them(kind: type[Any]) -> None:
    for args in (
        (EVENT, ["e", {"a": [1, "ä", None]}], "/chat", 7),
        (ACK, [1], None, 0),
        (CONNECT, {"sid": "x"}),
    ):
        assert kind(*args).encode() == Packet(*args).encode()


def test_bytes_are_found_where_they_may_be() -> None:
    assert ContractPacket(EVENT, ["e", b"x"]).encode() == Packet(EVENT, ["e", b"x"]).encode()
    for args in ((ACK, [{"a": [b"x", 1]}], "/chat", 7), (EVENT, ["e", "text", [{"b": b""}]])):
        packet = ContractPacket(*args)
        for _ in range(2):  # a packet may be encoded more than once
            assert packet.encode() == Packet(*args).encode()
    assert packet.packet_type == BINARY_EVENT


def test_bytes_are_not_searched_for_where_none_can_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Packet, "data_is_binary", pytest.fail)
    assert TextPacket(EVENT, ["e", 1]).encode() == '2["e",1]'
    assert TextPacket(ACK, [1], id=7).encode() == "37[1]"


def test_a_refusal_in_words_is_where_clients_look_for_it() -> None:
    packet = ContractPacket(CONNECT_ERROR, data="Unable to connect", namespace="/x")
    assert packet.encode() == '4/x,{"message":"Unable to connect"}'
    assert ContractPacket(CONNECT_ERROR, {"message": "no"}).encode() == '4{"message":"no"}'


@pytest.mark.parametrize("reason", [None, "no", {"message": "no", "data": 1}, ["no"]])
def test_a_disconnection_has_no_data(reason: object) -> None:
    """The JavaScript client would take it for a parse error, and connect again."""
    assert ContractPacket(DISCONNECT, reason, "/x").encode() == "1/x,"
    written = contract_packet("msgpack")(DISCONNECT, reason, "/x").encode()
    assert msgpack.loads(written) == {"type": DISCONNECT, "nsp": "/x"}


ITSELF: list[Any] = []
ITSELF.append(ITSELF)


@pytest.mark.parametrize("kind", [ContractPacket, TextPacket])
@pytest.mark.parametrize(
    "value",
    [float("nan"), float("inf"), {1}, object(), ITSELF],
    ids=["nan", "inf", "set", "object", "itself"],
)
def test_an_ack_that_cannot_be_written_becomes_an_error(
    kind: type[Any], value: object, caplog: pytest.LogCaptureFixture
) -> None:
    written = kind(ACK, [value], namespace="/chat", id=7).encode()
    assert written.startswith("3/chat,7[")
    assert json.loads(written.removeprefix("3/chat,7")) == ERROR_ACK
    (record,) = caplog.records
    assert record.getMessage().startswith("500 event 'acknowledgement' in '/chat'")


def test_a_binary_ack_that_cannot_be_written_becomes_an_error() -> None:
    written = ContractPacket(ACK, [b"x", float("nan")], id=7).encode()
    assert json.loads(written.removeprefix("37")) == ERROR_ACK


@pytest.mark.parametrize("value", [float("nan"), {1}, ITSELF], ids=str)
def test_an_event_that_cannot_be_written_is_the_senders_error(value: object) -> None:
    with pytest.raises((ValueError, TypeError, RecursionError)):
        ContractPacket(EVENT, ["e", value]).encode()


def test_msgpack_reads_and_writes() -> None:
    kind = contract_packet("msgpack")
    packet = kind(EVENT, ["e", b"x", {"a": 1.5}], "/chat", 7)
    again = read(packet.encode(), kind=kind)
    assert (again.packet_type, again.namespace, again.id, again.data) == (
        EVENT,
        "/chat",
        7,
        ["e", b"x", {"a": 1.5}],
    )


@pytest.mark.parametrize("encoded", [b"\xc1", b"\x81", b"\x01", b"\x81\xa4type\x02"])
def test_msgpack_that_is_no_packet_is_malformed(encoded: bytes) -> None:
    assert isinstance(refusal(encoded, kind=contract_packet("msgpack")), MalformedEvent)


def test_msgpack_refuses_reserved_names() -> None:
    kind = contract_packet("msgpack")
    assert isinstance(refusal(MsgPackPacket(EVENT, ["connect"]).encode(), kind=kind), UnknownEventException)


def test_msgpack_writes_an_error_for_what_it_cannot_write() -> None:
    kind = contract_packet("msgpack")
    assert read(kind(ACK, [2**70], id=7).encode(), kind=kind).data == ERROR_ACK


# JSON -------------------------------------------------------------------------------------------


def test_strict_json_takes_bytes_as_message_queues_give_them() -> None:
    assert StrictJSON.loads(b'{"a": "\xc3\xa4"}') == {"a": "ä"}


def test_strict_json_writes_as_the_parent_asks() -> None:
    assert StrictJSON.dumps({"a": [1, None]}, separators=(",", ":")) == '{"a":[1,null]}'


def _is_no_placeholder(value: Mapping[str, object]) -> bool:
    return "_placeholder" not in value


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.binary(max_size=8),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner).filter(_is_no_placeholder),
    max_leaves=8,
)


@given(st.lists(json_values, max_size=4))
def test_args_survive_the_wire_in_both_directions(args: list[object]) -> None:
    """What one side packs the other side reads, bytes included."""
    for kind, data in ((EVENT, ["e", *args]), (ACK, args)):
        encoded = ContractPacket(kind, data, id=7).encode()
        first, *attachments = encoded if isinstance(encoded, list) else [encoded]
        for reader in (ContractPacket, Packet):
            assert read(first, *attachments, kind=reader).data == data


@pytest.mark.parametrize("value", ['"\\ud800"', "[" * 400 + "]" * 400])
def test_what_json_cannot_hold_is_in_no_ack_and_no_auth(value: str) -> None:
    ack = read(f"37[{value}]")
    assert (ack.id, ack.data) == (None, [])  # python-socketio ignores it
    auth = read('0{"token":' + value + "}")
    assert isinstance(auth.data, MalformedEvent)
    assert str(auth.data).startswith("auth: ")
    assert read('0{"token":"\\u00e9"}').data == {"token": "\xe9"}
    assert read('37["\\u00e9"]').data == ["\xe9"]
