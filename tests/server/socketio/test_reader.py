"""The reader of packets: what is to be done with each, with any serializer, and without a network."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from socketio.msgpack_packet import MsgPackPacket
from socketio.packet import CONNECT_ERROR, EVENT

from asynction.server._socketio.frames import ScreenedWebSocket, is_frame, screen
from asynction.server._socketio.packet import contract_packet
from asynction.server._socketio.reader import PacketReader, ProtocolError
from tests.server.support import build, client_of, message, of


def reader(serializer: Any = "default", namespaces: Any = ("/",)) -> PacketReader:
    server = SimpleNamespace(
        packet_class=contract_packet(serializer),
        handlers={},
        namespace_handlers={},
        namespaces=namespaces,
        reason=SimpleNamespace(CLIENT_DISCONNECT="client disconnect"),
        manager=SimpleNamespace(sid_from_eio_sid=lambda eio_sid, namespace: "sid"),
    )
    return PacketReader(server)


@pytest.mark.parametrize(
    ("data", "step"),
    [
        ("0", ("_handle_connect", ("eio", "/", None))),
        ('0/,{"token":1}', ("_handle_connect", ("eio", "/", {"token": 1}))),
        ("1/chat,", ("_handle_disconnect", ("eio", "/chat", "client disconnect"))),
        ('2/chat,7["e",1]', ("_handle_event", ("eio", "/chat", 7, ["e", 1]))),
        ("37[1]", ("_handle_ack", ("eio", "/", 7, [1]))),
    ],
)
def test_a_packet_has_a_method_of_the_server(data: str, step: Any) -> None:
    assert reader().step("eio", data) == step


def test_attachments_are_awaited_for_each_connection_on_its_own() -> None:
    packets = reader()
    for kind, method, sid in (("5", "_handle_event", "ada"), ("6", "_handle_ack", "bob")):
        text = f'{kind}1-7["e",{{"_placeholder":true,"num":0}}]'
        assert packets.step(sid, text) is None
        assert packets.step("eve", "0") is not None
        assert packets.step(sid, sid.encode()) == (method, (sid, "/", 7, ["e", sid.encode()]))
    assert packets.step("ada", '52-["e"]') is None
    assert packets.step("ada", b"x") is None
    packets.forget("ada")
    assert packets.step("ada", "1") is not None  # a new connection


@pytest.mark.parametrize("namespaces", ["*", ["/other"]])
def test_namespaces_are_those_of_the_server(namespaces: Any) -> None:
    step = reader(namespaces=namespaces).step("eio", "0/other,")
    assert step is not None
    assert step[0] == "_handle_connect"


@pytest.mark.parametrize("kind", [CONNECT_ERROR, 9])
def test_msgpack_has_the_same_types(kind: int) -> None:
    packet = MsgPackPacket(EVENT, ["e"])
    packet.packet_type = kind
    with pytest.raises(ProtocolError, match="of a type that clients do not send"):
        reader("msgpack").step("eio", packet.encode())


@pytest.mark.parametrize("data", ["4x", "", b"x", {}, ["e"]])
def test_what_is_not_a_packet_breaks_the_protocol(data: Any) -> None:
    with pytest.raises(ProtocolError):
        reader().step("eio", data)


def test_msgpack_has_bytes_within_its_packets() -> None:
    encoded = MsgPackPacket(EVENT, ["e", b"x"], id=1).encode()
    assert reader("msgpack").step("eio", encoded) == ("_handle_event", ("eio", "/", 1, ["e", b"x"]))


FRAMES: dict[Any, bool] = {
    "1": True,
    "2probe": True,
    "3": True,
    "5": True,
    '42["e"]': True,
    b"x": True,
    b"": True,
    "": False,
    "0": False,
    "4": False,
    "4[]": False,
    "7": False,
    "x": False,
    "bAAAA": False,
    "2" + "x" * 16: False,
    7: False,
}


@pytest.mark.parametrize("frame", FRAMES, ids=repr)
def test_frames_are_those_of_engine_io(frame: Any) -> None:
    assert is_frame(frame) is FRAMES[frame]


def test_a_server_without_websockets_is_left_alone() -> None:
    engine = SimpleNamespace(_async={"websocket": None})
    screen(engine, ScreenedWebSocket, pytest.fail)
    assert engine._async == {"websocket": None}


def test_a_test_client_that_breaks_the_protocol_is_disconnected(caplog: pytest.LogCaptureFixture) -> None:
    asio = build(of(message("say", handler="one")))
    client = client_of(asio)
    assert client.is_connected()
    asio.server._handle_eio_message(client.eio_sid, '9["x"]')
    asio.server._handle_eio_message(client.eio_sid, '9["x"]')  # is not read any more
    assert client.eio_sid not in asio.server.environ
    assert caplog.text.count("a client broke the protocol (1 so far)") == 1
