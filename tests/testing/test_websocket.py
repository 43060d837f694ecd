"""The WebSocket of test clients gives its socket back, whoever ends the connection."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from typing import Any

import pytest
import websocket

from asynction.testing._websocket import WebSocket

CLOSE = b"\x88\x02\x03\xe8"  # the frame of an end, with the status 1000
TEXT = b"\x81\x02hi"

Pair = tuple[Any, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    """A client that is connected, and the socket of its peer."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        client: Any = WebSocket()
        client.sock = socket.create_connection(server.getsockname())
        client.connected = True
        peer, _ = server.accept()
    with peer:
        yield client, peer
    client.close()


def test_messages_are_received(pair: Pair) -> None:
    client, peer = pair
    peer.sendall(TEXT)
    assert client.recv() == "hi"
    assert client.sock is not None


def test_the_socket_is_given_back_when_the_peer_ends_the_connection(pair: Pair) -> None:
    client, peer = pair
    peer.sendall(CLOSE)
    assert not client.recv()
    assert client.sock is None


def test_the_socket_is_given_back_when_the_peer_breaks_the_connection(pair: Pair) -> None:
    client, peer = pair
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # so that it is reset
    peer.close()
    with pytest.raises(ConnectionResetError):
        client.recv()
    assert client.sock is None


def test_the_socket_is_given_back_when_nothing_can_be_sent_any_more(pair: Pair) -> None:
    client, _ = pair
    client.send_close()  # as the reading thread does, at the end that the peer announced
    client.close()
    assert client.sock is None


def test_a_connection_outlives_a_wait_that_was_too_long(pair: Pair) -> None:
    client, peer = pair
    client.settimeout(0.01)
    with pytest.raises(websocket.WebSocketTimeoutException):
        client.recv()
    peer.sendall(TEXT)
    client.settimeout(30)
    assert client.recv() == "hi"
