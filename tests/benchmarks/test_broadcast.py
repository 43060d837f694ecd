"""What a broadcast costs that the contract checks, against python-socketio's own to the same clients.

Run by `make bench`, never by `make test`. A broadcast is resolved, checked and encoded once; what is left is
python-socketio's work for each recipient, so the ratio of a namespace that asks no credentials is bounded.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

import engineio
import flask
import flask_socketio
import socketio

from asynction import AsynctionAsyncServer, AsynctionSocketIO
from asynction.security import Identity
from tests.benchmarks.measure import quickest, table
from tests.benchmarks.test_asgi import MESSAGE, PAYLOAD

CLIENTS = 500
BOUND = 1.02

DOCUMENT = {
    "asyncapi": "2.6.0",
    "info": {"title": "Benchmark", "version": "1.0.0"},
    "channels": {
        "/": {"subscribe": {"message": MESSAGE}},
        "/members": {"subscribe": {"message": MESSAGE}, "x-security": [{"token": []}]},
    },
    "components": {
        "securitySchemes": {
            "token": {"type": "http", "scheme": "bearer", "x-bearerInfoFunc": f"{__name__}.known"}
        }
    },
}


def known(token: str, *_: object) -> dict[str, object]:
    return {"sub": token}


def connected(sio: Any, namespace: str) -> list[str]:
    """Put clients into a namespace, past the handshake; return their sids."""
    sids = []
    for number in range(CLIENTS):
        eio_sid = f"{namespace}{number}"
        found = sio.manager.connect(eio_sid, namespace)
        sids.append(asyncio.run(found) if asyncio.iscoroutine(found) else found)
        if not sio.is_asyncio_based():
            client = sio.eio.sockets[eio_sid] = engineio.socket.Socket(sio.eio, eio_sid)
            client.connected = True
    return sids


def accept(asio: Any, sids: list[str]) -> None:
    """Let the clients of `/members` have shown their credentials."""
    asio._service.identities.update({sid: Identity({"token": {"sub": sid}}) for sid in sids})


def compare(title: str, broadcasts: dict[str, Callable[[], object]]) -> None:
    for _ in range(3):  # noise only ever adds: the first run within the bound counts
        times = quickest(broadcasts, rounds=400, repeats=1)
        if times["asynction"] / times["parent"] <= BOUND:
            break
    table(f"broadcast of 64 B to {CLIENTS} clients, {title}", times, base="parent")
    assert times["asynction"] / times["parent"] <= BOUND


def test_a_broadcast_of_flask() -> None:
    app = flask.Flask("ours")
    ours = AsynctionSocketIO.from_spec(DOCUMENT, app=app, async_mode="threading", docs=False)
    plain = flask_socketio.SocketIO(flask.Flask("plain"), async_mode="threading")
    for asio in (ours, plain):
        connected(asio.server, "/")
        sids = connected(asio.server, "/members")  # both have as many clients, whose queues are emptied
        if asio is ours:
            accept(ours, sids)

    def broadcast(asio: Any, namespace: str = "/") -> None:
        asio.emit("event", PAYLOAD, namespace=namespace)
        for client in asio.server.eio.sockets.values():
            client.queue.queue.clear()

    compare(
        "Flask-SocketIO",
        {
            "parent": partial(broadcast, plain),
            "asynction": partial(broadcast, ours),
            "asynction, with credentials": partial(broadcast, ours, "/members"),
        },
    )


def test_a_broadcast_of_asgi() -> None:
    ours = AsynctionAsyncServer.from_spec(DOCUMENT, docs=False)
    plain = socketio.AsyncServer(async_mode="asgi")

    async def sent(eio_sid: str, packet: object) -> None: ...

    for sio in (ours, plain):
        connected(sio, "/")
        sio._send_eio_packet = sent
    accept(ours, connected(ours, "/members"))
    loop = asyncio.new_event_loop()

    def broadcast(sio: Any, namespace: str = "/") -> None:
        loop.run_until_complete(sio.emit("event", PAYLOAD, namespace=namespace))

    compare(
        "ASGI",
        {
            "parent": partial(broadcast, plain),
            "asynction": partial(broadcast, ours),
            "asynction, with credentials": partial(broadcast, ours, "/members"),
        },
    )
    loop.close()
