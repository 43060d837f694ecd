"""The async client and real servers: one that keeps the contract, one that does not."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
import socketio
from socketio.exceptions import DisconnectedError
from socketio.exceptions import TimeoutError as SocketIOTimeout

from asynction import (
    AsynctionAsyncServer,
    BindingsValidationException,
    MessageAckValidationException,
    PayloadValidationException,
    SecurityException,
)
from asynction.client import AsynctionAsyncClient, CallError, ConnectionRefused
from asynction.exceptions import ValidationException
from asynction.testing import serve_asgi
from tests.client.support import HANDSHAKE, SPEC, ajoining, breaking
from tests.server.asgi.support import run
from tests.server.support import INTEGER, message, of
from tests.serving import DEADLINE

transports = pytest.mark.parametrize("transport", ["websocket", "polling"])


def made(**kwargs: Any) -> AsynctionAsyncServer:
    """A server that keeps the contract and has all its handlers."""
    asio = AsynctionAsyncServer.from_spec(SPEC, **kwargs)

    async def note(sid: str, text: str) -> None:
        await asio.emit("told", text, to=sid)

    async def say(sid: str, text: str, *, room_id: int) -> str:
        await asio.emit("said", text, to=sid, namespace="/rooms/{roomId}")
        return f"{room_id}: {text}"

    asio.on("note", note)
    asio.on("double", lambda sid, number: number * 2)
    asio.on("pair", lambda sid, text, number: (text, number))
    asio.on("blob", lambda sid, data: data + b"!")
    asio.on("bare", lambda sid, *args: list(args))
    asio.on("fail", lambda sid, number: {"error": number})
    asio.on("read", lambda sid: "news", "/news")
    asio.on("say", say, "/rooms/{roomId}")
    return asio


@transports
def test_both_sides_talk(transport: str) -> None:
    async def body(url: str) -> None:
        got: asyncio.Queue[Any] = asyncio.Queue()
        async with ajoining() as client:
            client.on("told", got.put)
            await client.connect(
                url, transports=[transport], namespaces=["/", "/rooms/42"], wait_timeout=DEADLINE
            )
            assert await client.call("double", 2) == 4
            assert await client.call("pair", ("a", 1)) == ("a", 1)
            assert await client.call("blob", b"\x00") == b"\x00!"
            await client.emit("note", "hello")
            assert await got.get() == "hello"
            await client.emit("double", 4, callback=got.put)
            assert await got.get() == 8

            def said(text: str, *, room_id: int) -> None:
                got.put_nowait((text, room_id))

            client.on("said", said, "/rooms/{roomId}")
            assert await client.call("say", "hi", namespace="/rooms/42") == "42: hi"
            assert await got.get() == ("hi", 42)
            with pytest.raises(PayloadValidationException):
                await client.emit("double", "x")

    with serve_asgi(made().asgi_app()) as url:
        run(body(url))


def test_messages_may_be_packed() -> None:
    async def body(url: str) -> None:
        async with ajoining(serializer="msgpack") as client:
            await client.connect(url, transports=["websocket"], wait_timeout=DEADLINE)
            assert sorted(client.namespaces) == ["/", "/news"]
            assert await client.call("double", 2) == 4
            assert await client.call("blob", b"\x00") == b"\x00!"

    with serve_asgi(made(serializer="msgpack").asgi_app()) as url:
        run(body(url))


def test_a_server_that_breaks_the_contract_is_not_believed() -> None:
    async def body(url: str, server: socketio.Server, acked: list[Any]) -> None:
        told: asyncio.Queue[Any] = asyncio.Queue()
        async with ajoining() as client:
            client.on("asked", told.put)
            client.exception_handler(ValidationException)(told.put)
            await client.connect(url, namespaces="/", wait_timeout=DEADLINE)
            with pytest.raises(MessageAckValidationException):
                await client.call("double", 1)
            with pytest.raises(CallError, match="418"):
                await client.call("bare")
            await client.emit("note", "x")
            assert isinstance(await told.get(), PayloadValidationException)
            with pytest.raises(SocketIOTimeout):
                await client.call("blob", b"", timeout=0)

    def note(sid: str, text: str) -> None:
        server.emit("asked", "secret", to=sid)

    def bare(sid: str) -> Any:
        return {"error": {"status": 418, "title": "I'm a teapot"}}

    with breaking(double=lambda sid, number: "text", note=note, bare=bare) as (url, server):
        run(body(url, server, []))


def test_what_breaks_the_handshake_never_leaves() -> None:
    async def body() -> None:
        async with ajoining(of(bindings=HANDSHAKE)) as client:
            with pytest.raises(BindingsValidationException):
                await client.connect("http://127.0.0.1:1")

    run(body())


def test_a_refusal_says_why() -> None:
    async def body(url: str) -> None:
        async with ajoining(of()) as client:
            with pytest.raises(ConnectionRefused) as caught:
                await client.connect(url, wait_timeout=DEADLINE)
            assert (caught.value.status, caught.value.reason) == (403, "not allowed")

    def connect(sid: str) -> None:
        raise SecurityException(403)

    asio = AsynctionAsyncServer.from_spec(of())
    asio.on("connect", connect)
    with serve_asgi(asio.asgi_app()) as url:
        run(body(url))


async def drop(client: AsynctionAsyncClient) -> None:
    """Lose the connection as a network would."""
    await client.eio.ws.close()


def test_a_lost_connection_comes_back_with_all_that_was_brought() -> None:
    spec = of(message("double", ack=INTEGER), bindings=HANDSHAKE)
    numbers: Iterator[int] = iter(range(100))

    async def auth() -> dict[str, int]:
        return {"n": next(numbers)}

    async def body(url: str, entered: list[Any]) -> None:
        back: asyncio.Queue[str] = asyncio.Queue()
        async with ajoining(spec, reconnection=True, reconnection_delay=0, randomization_factor=0) as client:
            client.on("connect", lambda: back.put("connect"))
            client.on("disconnect", lambda reason: back.put("disconnect"))
            await client.connect(
                url, auth=auth, query={"level": 3}, transports=["websocket"], wait_timeout=DEADLINE
            )
            assert await back.get() == "connect"
            await drop(client)
            assert await back.get() == "disconnect"
            assert await back.get() == "connect"
            assert await client.call("double") == 2
        assert entered == [{"n": 0}, {"n": 1}]

    entered: list[Any] = []
    asio = AsynctionAsyncServer.from_spec(spec)
    asio.on("double", lambda sid: 2)
    asio.on("connect", lambda sid, environ, auth: entered.append(auth))
    with serve_asgi(asio.asgi_app()) as url:
        run(body(url, entered))


def test_a_call_is_told_that_its_connection_is_lost() -> None:
    async def body(url: str, server: socketio.Server) -> None:
        async with ajoining() as client:
            await client.connect(url, namespaces=["/"], transports=["websocket"], wait_timeout=DEADLINE)
            with pytest.raises(DisconnectedError):
                await client.call("double", 1, timeout=DEADLINE)

    with breaking(double=lambda sid, number: server.disconnect(sid)) as (url, server):
        run(body(url, server))


def test_a_handler_may_be_cancelled() -> None:
    async def body() -> None:
        closed: list[str] = []
        running = asyncio.Event()
        client = AsynctionAsyncClient.from_spec(SPEC, handle_sigint=False)
        client.namespaces = {"/": "sid"}

        async def told(text: str) -> None:
            running.set()
            try:
                await asyncio.Event().wait()
            finally:
                closed.append(text)

        client.on("told", told)
        task = asyncio.ensure_future(client._handle_eio_message('2["told","x"]'))
        await running.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert closed == ["x"]

    run(body())
