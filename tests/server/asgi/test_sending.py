"""All ways to send on the async server are held to the contract, and what clients acknowledge is, too."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
import socketio
from socketio.exceptions import TimeoutError as SocketIOTimeout

from asynction import (
    AsynctionAsyncServer,
    MessageAckValidationException,
    PayloadValidationException,
    UnknownEventException,
)
from asynction.server._asgi.testing import AsyncTestClient
from asynction.testing import serve_asgi
from tests.server.asgi.support import eventually, talk
from tests.server.support import INTEGER, SERVER_ERROR, STRING, channel, document, message, pair
from tests.serving import connected

ROOT = channel(
    [message("do")],
    [
        message("text", STRING),
        message("message", STRING),
        message("two", pair(STRING, INTEGER)),
        message("none", {"type": "array", "items": [STRING], "minItems": 0}),
        message("null", {"type": "null"}),
        message("list", {"type": "array", "items": INTEGER}),
        message("bytes", {"type": "string", "format": "binary"}),
        message("free"),
        message("ask", STRING, INTEGER),
        message("ask two", STRING, pair(STRING, INTEGER)),
        message("ask free", STRING),
    ],
)
CHAT = channel([message("do")], [message("text", STRING), message("ask", STRING, INTEGER)])
SPEC = document({"/": ROOT, "/chat": CHAT})


def made(**kwargs: Any) -> AsynctionAsyncServer:
    """Make a server whose `do` awaits `asio.action(sid)`."""
    asio = AsynctionAsyncServer.from_spec(SPEC, **kwargs)

    async def do(sid: str) -> Any:
        return await asio.action(sid)

    for namespace in ("/", "/chat"):
        asio.on("do", do, namespace)
    return asio


def received(client: AsyncTestClient) -> list[tuple[str, Any]]:
    return [(packet["name"], packet["args"]) for packet in client.get_received()]


async def flushed(asio: AsynctionAsyncServer, client: AsyncTestClient) -> list[tuple[str, Any]]:
    """Return what has been sent to a client so far."""

    async def nothing(sid: str) -> None: ...

    asio.action = nothing
    await client.call("do")
    return received(client)


# emit -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("event", "data", "sent"),
    [
        ("text", "a", ["a"]),
        ("two", ("a", 1), ["a", 1]),
        ("none", (), []),
        ("none", ("a",), ["a"]),
        ("null", None, [None]),
        ("list", [1, 2], [[1, 2]]),
        ("bytes", b"x", [b"x"]),
        ("free", None, []),
        ("free", (None,), [None]),
        ("free", (1, b"x"), [1, b"x"]),
    ],
)
def test_what_keeps_the_contract_is_sent(event: str, data: Any, sent: Any) -> None:
    asio = made()

    async def body(client: AsyncTestClient) -> None:
        await asio.emit(event, data)
        assert await flushed(asio, client) == [(event, sent)]

    talk(asio, body)


@pytest.mark.parametrize(
    ("event", "data"),
    [
        ("text", 1),
        ("text", None),
        ("text", ("a", "b")),
        ("text", b"x"),
        ("text", "\ud800"),
        ("two", ("a",)),
        ("two", ["a", 1]),
        ("list", (1, 2)),
        ("bytes", "x"),
        ("null", float("nan")),
    ],
)
def test_what_breaks_the_contract_is_not_sent(event: str, data: Any) -> None:
    asio = made()

    async def body(client: AsyncTestClient) -> None:
        with pytest.raises(PayloadValidationException, match=f"payload of `{event}` in `/`"):
            await asio.emit(event, data)
        assert await flushed(asio, client) == []

    talk(asio, body)


@pytest.mark.parametrize("namespace", ["chat", "/chat"])
def test_the_namespace_decides(namespace: str) -> None:
    asio = made()

    async def body(client: AsyncTestClient, other: AsyncTestClient) -> None:
        await asio.emit("text", data="a", namespace=namespace)
        assert await flushed(asio, client) == []
        assert await flushed(asio, other) == [("text", ["a"])]

    talk(asio, body, "/", "/chat")


@pytest.mark.parametrize(
    ("event", "namespace", "text"),
    [
        ("texts", "/", "the contract sends no event `texts` in `/`; did you mean `text`?"),
        ("do", "/", "the contract sends no event `do` in `/`"),
        ("message", "/chat", "the contract sends no event `message` in `/chat`"),
        ("text", "/caht", "the contract has no namespace `/caht`; did you mean `/chat`?"),
    ],
)
def test_an_unknown_event_cannot_be_sent(event: str, namespace: str, text: str) -> None:
    async def body() -> None:
        asio = made()
        for method in (asio.emit, asio.call):
            with pytest.raises(UnknownEventException) as caught:
                await method(event, "a", to="sid", namespace=namespace)
            assert str(caught.value) == text

    asyncio.run(body())


def test_without_strict_an_unknown_event_is_sent_unchecked(caplog: pytest.LogCaptureFixture) -> None:
    asio = made(strict=False)

    async def body(client: AsyncTestClient) -> None:
        with caplog.at_level(logging.WARNING, "asynction"):
            await asio.emit("other", (1, b"x"))
        assert await flushed(asio, client) == [("other", [1, b"x"])]

    talk(asio, body)
    assert "sends no event `other` in `/`; it is sent unchecked" in caplog.text


def test_send_is_the_event_message() -> None:
    asio = made()

    async def body(client: AsyncTestClient) -> None:
        await asio.send("a")
        with pytest.raises(PayloadValidationException):
            await asio.send(1)
        with pytest.raises(UnknownEventException):
            await asio.send("a", namespace="/chat")
        assert await flushed(asio, client) == [("message", "a")]

    talk(asio, body)


@pytest.mark.parametrize(
    ("options", "mine", "others"),
    [
        ({}, 1, 1),
        ({"to": "room"}, 1, 0),
        ({"room": "room"}, 1, 0),
        ({"to": ["room", "nowhere"]}, 1, 0),
        ({"to": "room", "skip_sid": "me"}, 0, 0),
        ({"skip_sid": ["me"]}, 0, 1),
        ({"to": "nowhere"}, 0, 0),
    ],
)
def test_rooms_and_recipients(options: Any, mine: int, others: int) -> None:
    asio = made()

    async def body(client: AsyncTestClient, other: AsyncTestClient) -> None:
        me = {"me": client.sid()}
        given: dict[str, Any] = {
            name: me.get(value, value) if isinstance(value, str) else [me.get(one, one) for one in value]
            for name, value in options.items()
        }
        await asio.enter_room(client.sid(), "room")
        await asio.emit("text", "a", **given)
        assert len(await flushed(asio, client)) == mine
        assert len(await flushed(asio, other)) == others
        await asio.leave_room(client.sid(), "room")
        await asio.emit("text", "b", to="room")
        assert await flushed(asio, client) == []

    talk(asio, body, "/", "/")


def test_what_a_handler_sends_is_checked() -> None:
    asio = made()

    async def body(client: AsyncTestClient) -> None:
        for action in (
            lambda sid: asio.emit("text", 1),
            lambda sid: asio.emit("texts", "a"),
            lambda sid: asio.send(1),
            lambda sid: asio.call("ask", 1, to=sid),
        ):
            asio.action = action
            assert await client.call("do") == [SERVER_ERROR]
        assert await flushed(asio, client) == []

    talk(asio, body)


# Acknowledgements of clients ----------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["plain", "async"])
@pytest.mark.parametrize(
    ("event", "ack", "args"),
    [
        ("ask", 7, (7,)),
        ("ask two", ("a", 1), ("a", 1)),
        ("ask free", ["a", 1], (["a", 1],)),
        ("ask free", None, ()),
    ],
)
def test_a_good_acknowledgement_reaches_the_callback(event: str, ack: Any, args: Any, kind: str) -> None:
    asio = made()
    got: list[Any] = []

    async def callback(*args: object) -> None:
        got.append(args)

    async def body(client: AsyncTestClient) -> None:
        client.on(event, lambda question: ack)
        used = callback if kind == "async" else lambda *args: got.append(args)
        await asio.emit(event, "?", to=client.sid(), callback=used)
        await eventually(lambda: got)

    talk(asio, body)
    assert got == [args]


@pytest.mark.parametrize(
    ("event", "ack"),
    [("ask", "MARKER"), ("ask", (1, 2)), ("ask", None), ("ask two", ["a", 1]), ("ask two", "MARKER")],
)
def test_a_bad_acknowledgement_does_not(event: str, ack: Any, caplog: pytest.LogCaptureFixture) -> None:
    asio = made()

    async def body(client: AsyncTestClient) -> None:
        client.on(event, lambda question: ack)
        await asio.emit(
            event, "?", to=client.sid(), callback=lambda *args: pytest.fail("it must not be called")
        )
        await eventually(lambda: caplog.records)

    talk(asio, body)
    (record,) = caplog.records
    assert f"500 event '{event}' in '/': MessageAckValidationException" in record.getMessage()
    assert "MARKER" not in record.getMessage()


@pytest.mark.parametrize("kind", ["plain", "async"])
def test_a_callback_that_raises_is_logged(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    asio = made()

    async def raises(number: int) -> None:
        raise LookupError("why")

    async def body(client: AsyncTestClient) -> None:
        client.on("ask", lambda question: 7)
        used = raises if kind == "async" else lambda number: [][number]
        await asio.emit("ask", "?", to=client.sid(), callback=used)
        await eventually(lambda: caplog.records)

    talk(asio, body)
    assert [record.getMessage()[:21] for record in caplog.records] == ["500 event 'ask' in '/"]


def test_a_bad_acknowledgement_goes_to_the_exception_handler() -> None:
    asio = made()
    got: list[Exception] = []
    asio.exception_handler(MessageAckValidationException)(got.append)

    async def body(client: AsyncTestClient) -> None:
        client.on("ask", lambda question: "x")
        await asio.emit("ask", "?", to=client.sid(), callback=print)
        await eventually(lambda: got)

    talk(asio, body)


def test_call_returns_what_the_client_acknowledges() -> None:
    asio = made()

    async def body(client: AsyncTestClient) -> None:
        for event, ack, answer in (
            ("ask", 7, 7),
            ("ask two", ("a", 1), ("a", 1)),
            ("ask free", ["a"], ["a"]),
            ("ask free", None, None),
        ):
            client.on(event, lambda question, ack=ack: ack)
            assert await asio.call(event, "?", to=client.sid()) == answer
            assert await asio.call(event, "?", sid=client.sid()) == answer

    talk(asio, body)


def test_call_checks_both_directions() -> None:
    asio = made()

    async def body(client: AsyncTestClient) -> None:
        with pytest.raises(PayloadValidationException):
            await asio.call("ask", 1, to=client.sid())
        client.on("ask", lambda question: "x")
        with pytest.raises(
            MessageAckValidationException, match="acknowledgement of `ask` in `/`: /0: must be"
        ):
            await asio.call("ask", "?", to=client.sid())

    talk(asio, body)


def test_call_in_a_handler() -> None:
    asio = made()

    async def body(client: AsyncTestClient) -> None:
        client.on("ask", lambda question: 7)
        asio.action = lambda sid: asio.call("ask", "?", to=sid)
        assert await client.call("do") == [7]
        client.on("ask", lambda question: "x")
        assert await client.call("do") == [SERVER_ERROR]

    talk(asio, body)


def test_call_ends_in_a_timeout_where_nobody_answers() -> None:
    asio = made()
    numbers: list[int] = []

    async def body(client: AsyncTestClient) -> None:
        with pytest.raises(SocketIOTimeout):
            await asio.call("ask", "?", to=client.sid(), timeout=0)
        late = asyncio.get_running_loop().create_future()
        client.on("text", late.set_result)
        await asio.emit("text", "go", to=client.sid())
        await late
        # The answer comes after all, twice, to nobody.
        (eio_sid,) = asio.eio.sockets
        for _ in range(2):
            await asio._handle_eio_message(eio_sid, "31[7]")
        numbers.append(1)

    talk(asio, body)
    assert numbers


def test_an_answer_that_comes_twice_counts_once() -> None:
    asio = made()

    async def body(client: AsyncTestClient) -> None:
        taken: list[Any] = []
        generate = asio.manager._generate_ack_id

        def generated(sid: str, callback: Any) -> int:
            taken.append(callback)
            return int(generate(sid, callback))

        asio.manager._generate_ack_id = generated
        client.on("ask", lambda question: 7)
        assert await asio.call("ask", "?", to=client.sid()) == 7
        taken[0](8)

    talk(asio, body)


def test_call_is_for_one_client_and_needs_async_handlers() -> None:
    async def body() -> None:
        with pytest.raises(ValueError, match="for one client"):
            await made().call("ask", "?")
        with pytest.raises(RuntimeError, match="async_handlers"):
            await made(async_handlers=False).call("ask", "?", to="sid")

    asyncio.run(body())


def test_without_strict_call_asks_anything() -> None:
    asio = made(strict=False)

    async def body(client: AsyncTestClient) -> None:
        client.on("other", lambda *args: ["anything", *args])
        assert await asio.call("other", (1, 2), to=client.sid()) == ["anything", 1, 2]
        got: list[Any] = []
        await asio.emit("other", 1, to=client.sid(), callback=got.append)
        await eventually(lambda: got)
        assert got == [["anything", 1]]

    talk(asio, body)


# Class-based namespaces ---------------------------------------------------------------------------


class Chat(socketio.AsyncNamespace):  # type: ignore[misc]  # the library has no types
    action: Any

    async def on_do(self, sid: str) -> Any:
        return await self.action(sid)


def test_a_class_sends_what_the_contract_has() -> None:
    asio = made()
    chat = Chat("/chat")
    asio.register_namespace(chat)

    async def body(client: AsyncTestClient) -> None:
        chat.action = lambda sid: chat.emit("text", "a")
        assert await client.call("do") == []
        assert (await client.receive())["args"] == ["a"]
        for action in (
            lambda sid: chat.emit("text", 1),
            lambda sid: chat.emit("text"),
            lambda sid: chat.emit("texts", "a"),
            lambda sid: chat.send("a"),
            lambda sid: chat.call("ask", 1, to=sid),
        ):
            chat.action = action
            assert await client.call("do") == [SERVER_ERROR]
        client.on("ask", lambda question: 7)
        chat.action = lambda sid: chat.call("ask", "?", to=sid)
        assert await client.call("do") == [7]
        with pytest.raises(UnknownEventException, match="in `/`"):
            await chat.call("unknown", 1, to=client.sid(), namespace="/")

    talk(asio, body, "/chat")


# A real client ------------------------------------------------------------------------------------


def test_a_real_client_answers() -> None:
    asio = made()
    with serve_asgi(asio.asgi_app()) as url, connected(url) as client:
        client.acks["ask"] = 7
        asio.action = lambda sid: asio.call("ask", "?", to=sid)
        assert client.call("do") == [7]
        client.acks["ask"] = "x"
        assert client.call("do") == [SERVER_ERROR]
        asio.action = lambda sid: asio.emit("bytes", b"x", to=sid)
        assert client.call("do") == []
        assert [client.next_event() for _ in range(3)] == [
            ("ask", ("?",)),
            ("ask", ("?",)),
            ("bytes", (b"x",)),
        ]
