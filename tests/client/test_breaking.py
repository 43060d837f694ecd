"""A server that breaks the protocol of Socket.IO, and both clients: they leave, and connect again."""

from __future__ import annotations

import asyncio
from queue import Queue
from threading import Event
from typing import Any

import pytest

from tests.client.support import ajoining, breaking, joining
from tests.serving import DEADLINE

PICTURE = '51-["picture",{"_placeholder":true,"num":0}]'
TOLD = '2["told","too late"]'

BROKEN: dict[str, list[Any]] = {
    "a text where an attachment is due": [PICTURE, TOLD],
    "an attachment of nothing": [b"bytes"],
}
AGAIN: dict[str, Any] = {"reconnection": True, "reconnection_delay": 0.01, "reconnection_delay_max": 0.01}

transports = pytest.mark.parametrize("transport", ["websocket", "polling"])
broken = pytest.mark.parametrize("name", BROKEN)


class Sessions:
    """The connections that a server has got."""

    def __init__(self, server: Any) -> None:
        self._server, self._sids = server, Queue[str]()

    def connected(self, sid: str, environ: Any) -> None:
        self._sids.put(sid)

    def send(self, *frames: Any) -> None:
        """Send messages of Engine.IO to the next client that connects, as they are."""
        sid = self._server.manager.eio_sid_from_sid(self._sids.get(timeout=DEADLINE), "/")
        for frame in frames:
            self._server.eio.send(sid, frame)


@transports
@broken
def test_a_client_leaves_and_connects_again(
    transport: str, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    got: Queue[object] = Queue()
    left = Event()
    with breaking() as (url, server), joining(**AGAIN) as client:
        sessions = Sessions(server)
        server.on("connect", sessions.connected)
        client.on("told", got.put)
        client.on("picture", got.put)
        client.on("disconnect", lambda *_: left.set())
        client.connect(url, namespaces="/", transports=[transport], wait_timeout=DEADLINE)
        sessions.send(*BROKEN[name])
        assert left.wait(DEADLINE)
        sessions.send(PICTURE, b"bytes", '2["told","again"]')
        assert {got.get(timeout=DEADLINE) for _ in range(2)} == {b"bytes", "again"}
    assert caplog.text.count(f"the server broke the protocol and is disconnected: {name_of(name)}") == 1


@transports
@broken
def test_an_async_client_leaves_and_connects_again(
    transport: str, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def body(url: str, sessions: Sessions) -> None:
        got: asyncio.Queue[object] = asyncio.Queue()
        left = asyncio.Event()
        async with ajoining(**AGAIN) as client:
            client.on("told", got.put)
            client.on("picture", got.put)
            client.on("disconnect", lambda *_: left.set())
            await client.connect(url, namespaces="/", transports=[transport], wait_timeout=DEADLINE)
            await asyncio.to_thread(sessions.send, *BROKEN[name])
            await asyncio.wait_for(left.wait(), DEADLINE)
            await asyncio.to_thread(sessions.send, PICTURE, b"bytes", '2["told","again"]')
            found = [await asyncio.wait_for(got.get(), DEADLINE) for _ in range(2)]
            assert set(found) == {b"bytes", "again"}

    with breaking() as (url, server):
        sessions = Sessions(server)
        server.on("connect", sessions.connected)
        asyncio.run(body(url, sessions))
    assert caplog.text.count(f"the server broke the protocol and is disconnected: {name_of(name)}") == 1


def name_of(name: str) -> str:
    """Return what is logged."""
    return "an attachment that belongs to no packet" if name == "an attachment of nothing" else name


PLACE = '{"_placeholder":true,"num":%s}'


@pytest.mark.parametrize("number", ["-1", "1", "true", "false", "0.0", '"0"', "null"])
def test_a_placeholder_of_the_server_must_have_an_attachment(
    number: str, caplog: pytest.LogCaptureFixture
) -> None:
    got: Queue[object] = Queue()
    with breaking() as (url, server), joining() as client:
        sessions = Sessions(server)
        server.on("connect", sessions.connected)
        client.on("told", got.put)
        client.on("picture", got.put)
        client.connect(url, namespaces="/", transports=["websocket"], wait_timeout=DEADLINE)
        sessions.send(f'51-["picture",{PLACE % number}]', b"bytes", '2["told","it lives"]')
        assert got.get(timeout=DEADLINE) == "it lives"
    assert "a packet of the server cannot be read: MalformedEvent" in caplog.text
