"""Speak Engine.IO 4 and Socket.IO 5 by hand, to send what no client library would."""

from __future__ import annotations

import base64
import json
from collections import deque
from contextlib import closing, suppress
from typing import Any, Protocol
from urllib.parse import urlencode, urlsplit

import requests
import websocket

from tests.e2e.processes import DEADLINE

Packet = str | bytes

_RECORD_SEPARATOR = "\x1e"  # between the packets of one polling payload
_PING = "2"


class Transport(Protocol):
    """Carries Engine.IO packets."""

    def send(self, packet: Packet) -> None:
        """Send one packet, in full: `42["event"]`; bytes are an attachment."""

    def receive(self) -> Packet:
        """Wait for one packet."""

    def close(self) -> None:
        """Leave, without a word."""


class WebSocketTransport:
    """One packet a frame."""

    def __init__(self, url: str, query: dict[str, str]) -> None:
        query = {**query, "EIO": "4", "transport": "websocket"}
        netloc = urlsplit(url).netloc
        address = f"ws://{netloc}/socket.io/?{urlencode(query)}"
        self._socket = websocket.create_connection(address, timeout=DEADLINE)

    def send(self, packet: Packet) -> None:
        if isinstance(packet, bytes):
            self._socket.send_binary(packet)
        else:
            self._socket.send(packet)

    def receive(self) -> Packet:
        packet: Packet = self._socket.recv()
        assert packet, "the server closed the connection"
        return packet

    def close(self) -> None:
        self._socket.close()
        self._socket.shutdown()  # type: ignore[no-untyped-call]  # after a close frame, `close` leaves it open


class PollingTransport:
    """GET brings packets, POST takes them."""

    def __init__(self, url: str, query: dict[str, str]) -> None:
        self._address = f"{url}/socket.io/"
        self._query = {**query, "EIO": "4", "transport": "polling"}
        self._session = requests.Session()
        self._packets: deque[Packet] = deque()
        self._poll()
        opening = self._packets[0]
        assert isinstance(opening, str)
        self._query["sid"] = json.loads(opening[1:])["sid"]

    def _poll(self) -> None:
        response = self._session.get(self._address, params=self._query, timeout=DEADLINE)
        assert response.status_code == requests.codes.ok, response.text
        for packet in response.text.split(_RECORD_SEPARATOR):
            binary = packet.startswith("b")
            self._packets.append(base64.b64decode(packet[1:]) if binary else packet)

    def send(self, packet: Packet) -> None:
        if isinstance(packet, bytes):
            packet = f"b{base64.b64encode(packet).decode()}"
        response = self._session.post(
            self._address, params=self._query, data=packet.encode(), timeout=DEADLINE
        )
        assert response.status_code == requests.codes.ok, response.text

    def receive(self) -> Packet:
        while not self._packets:
            self._poll()
        return self._packets.popleft()

    def close(self) -> None:
        self._session.post(self._address, params=self._query, data=b"1", timeout=DEADLINE)
        self._session.close()


TRANSPORTS: dict[str, type[WebSocketTransport] | type[PollingTransport]] = {
    "websocket": WebSocketTransport,
    "polling": PollingTransport,
}


class Wire:
    """A Socket.IO connection of which every packet is in the test's hands."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        opening = self.receive()
        assert isinstance(opening, str)
        assert opening.startswith("0{")
        self.close = transport.close
        self.send = transport.send

    def receive(self) -> Packet:
        """Return the next packet; a ping means that the server had nothing else to say for 25 s."""
        packet = self._transport.receive()
        assert packet != _PING, "no answer"
        return packet

    def join(self, namespace: str = "/", auth: str = "") -> str:
        """Ask to connect to a namespace and return the whole answer: `40{...}` or `44{...}`."""
        prefix = "" if namespace == "/" else f"{namespace},"
        self.send(f"40{prefix}{auth}")
        answer = self.receive()
        assert isinstance(answer, str)
        return answer

    def ack(self, prefix: str) -> Any:
        """Return the args of the next packet, which is the ack `43...` that starts like this."""
        packet = self.receive()
        assert isinstance(packet, str)
        assert packet.startswith(prefix), packet[:200]
        return json.loads(packet.removeprefix(prefix))

    def call(self, event: str, *args: object) -> Any:
        """Emit to the namespace `/` with the ack id 77, and return the args of the ack."""
        self.send("4277" + json.dumps([event, *args]))
        return self.ack("4377")


def answered(url: str, event: str, arg: object) -> str:
    """Return what a server answers to an event, as text; nothing while it restarts."""
    restarts = suppress(OSError, AssertionError, websocket.WebSocketException)
    with restarts, closing(WebSocketTransport(url, {})) as transport:
        wire = Wire(transport)
        wire.join()
        return str(wire.call(event, arg))
    return ""
