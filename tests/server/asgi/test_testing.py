from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import socketio
from socketio.msgpack_packet import MsgPackPacket

from asynction.server._asgi.testing import AsyncTestClient


def echo(sid: str, *args: object) -> tuple[object, ...]:
    return args


def server(**options: Any) -> socketio.AsyncServer:
    made = socketio.AsyncServer(async_mode="asgi", namespaces=["/", "/chat"], **options)
    for namespace in ("/", "/chat"):
        made.on("echo", echo, namespace=namespace)
    return made


def served(sio: socketio.AsyncServer, **options: Any) -> Any:
    return socketio.ASGIApp(sio, **options)


def with_client(
    body: Callable[[socketio.AsyncServer, AsyncTestClient], Awaitable[None]],
    sio: socketio.AsyncServer | None = None,
    **options: Any,
) -> None:
    """Run a test with one client of one server."""
    used = sio or server()

    async def main() -> None:
        async with AsyncTestClient(served(used), **options) as client:
            await body(used, client)

    asyncio.run(main())


@pytest.mark.parametrize(
    ("args", "emitted", "called"),
    [
        ((), [], []),
        ((1,), 1, [1]),
        (([1, 2],), [1, 2], [[1, 2]]),
        ((1, 2), [1, 2], [1, 2]),
        ((b"\x00\xff", {"b": [b"x"]}), [b"\x00\xff", {"b": [b"x"]}], [b"\x00\xff", {"b": [b"x"]}]),
        ((bytearray(b"x"),), b"x", [b"x"]),
    ],
)
@pytest.mark.parametrize("packet_class", [socketio.packet.Packet, MsgPackPacket])
def test_an_ack_is_what_the_handler_returned(
    args: tuple[object, ...], emitted: object, called: list[object], packet_class: Any
) -> None:
    async def body(sio: socketio.AsyncServer, client: AsyncTestClient) -> None:
        assert await client.emit("echo", *args, callback=True) == emitted
        assert await client.call("echo", *args) == called

    with_client(body, server(serializer=packet_class), packet_class=packet_class)


def test_an_event_without_a_callback_is_not_waited_for() -> None:
    async def body(sio: socketio.AsyncServer, client: AsyncTestClient) -> None:
        got: asyncio.Queue[tuple[object, ...]] = asyncio.Queue()
        sio.on("tell", lambda sid, *args: got.put_nowait(args))
        assert await client.emit("tell", 1, b"2") is None
        assert await got.get() == (1, b"2")

    with_client(body)


@pytest.mark.parametrize(("json", "name"), [(False, "message"), (True, "json")])
def test_send_is_an_event_of_one_arg(json: bool, name: str) -> None:
    async def body(sio: socketio.AsyncServer, client: AsyncTestClient) -> None:
        sio.on(name, echo)
        assert await client.send({"a": 1}, json=json, callback=True) == {"a": 1}

    with_client(body)


def test_what_the_server_emits_is_received_in_its_order_and_namespace() -> None:
    async def body(sio: socketio.AsyncServer, client: AsyncTestClient) -> None:
        await client.connect("/chat")
        await sio.emit("one", (1, b"1"))
        await sio.emit("other", namespace="/chat")
        await sio.send("two")
        await sio.emit("json", {"three": 3})
        assert await client.receive("/chat") == {"name": "other", "args": [], "namespace": "/chat"}
        assert await client.receive() == {"name": "one", "args": [1, b"1"], "namespace": "/"}
        await client.call("echo")  # all that was sent before has arrived
        assert client.get_received() == [
            {"name": "message", "args": "two", "namespace": "/"},
            {"name": "json", "args": {"three": 3}, "namespace": "/"},
        ]
        assert client.get_received() == client.get_received("/chat") == []

    with_client(body)


def test_handshake_and_auth_reach_the_server() -> None:
    seen: list[Any] = []
    sio = server()

    def enter(sid: str, environ: dict[str, Any], auth: object) -> None:
        seen.append((environ["QUERY_STRING"], environ["HTTP_X_A"], environ["HTTP_HOST"], auth))

    sio.on("connect", enter)

    async def body(sio: socketio.AsyncServer, client: AsyncTestClient) -> None:
        assert client.is_connected()
        assert client.sid() in sio.manager.rooms["/"]

    options: dict[str, Any] = {"query_string": "?a=1&b=2", "auth": {"token": "t"}}
    with_client(body, sio, headers={"X-A": "1", "Host": "example.org"}, **options)
    with_client(body, sio, headers=[("x-a", "1"), ("x-a", "2")], **options)
    query = "EIO=4&transport=websocket&a=1&b=2"
    assert seen == [
        (query, "1", "example.org", {"token": "t"}),
        (query, "1,2", "testserver", {"token": "t"}),
    ]


def test_what_connect_is_given_goes_before_what_the_client_has() -> None:
    seen: list[Any] = []
    sio = server()
    sio.on("connect", lambda sid, environ, auth: seen.append((environ["HTTP_X"], auth)))

    async def main() -> None:
        client = AsyncTestClient(served(sio), headers={"x": "own"}, auth="own")
        await client.connect(headers={"x": "given"}, auth="given")
        await client.disconnect()
        await client.connect()
        with pytest.raises(ValueError, match="the connection is open"):
            await client.connect("/chat", headers={})
        with pytest.raises(ValueError, match="the connection is open"):
            await client.connect("/chat", query_string="")
        with pytest.raises(RuntimeError, match="already connected"):
            await client.connect()
        await client.disconnect()

    asyncio.run(main())
    assert seen == [("given", "given"), ("own", "own")]


def refuse(sid: str, environ: object, auth: object) -> None:
    raise socketio.exceptions.ConnectionRefusedError("no", {"more": 1})


@pytest.mark.parametrize(
    ("always_connect", "refusal"),
    [(False, {"message": "no", "data": {"more": 1}}), (True, {"message": "no", "data": {"more": 1}})],
)
def test_a_refusal_is_kept_as_the_server_sent_it(always_connect: bool, refusal: object) -> None:
    sio = server(always_connect=always_connect)
    sio.on("connect", refuse, namespace="/chat")

    async def body(sio: socketio.AsyncServer, client: AsyncTestClient) -> None:
        await client.connect("/chat")
        await client.call("echo")
        assert client.refusals == {"/chat": refusal}
        assert not client.is_connected("/chat")
        assert client.is_connected()

    with_client(body, sio)


@pytest.mark.parametrize(
    ("path", "query_string", "refusal"),
    [("socket.io", "sid=unknown", '"Invalid session unknown"'), ("elsewhere", None, "")],
)
def test_a_refused_handshake_is_a_refusal_too(path: str, query_string: str, refusal: str) -> None:
    async def nothing(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "websocket.close"})

    async def main() -> None:
        app = served(server(), other_asgi_app=nothing)
        async with AsyncTestClient(app, path=path, query_string=query_string) as client:
            assert not client.is_connected()
            assert client.refusals == {"/": refusal}
            with pytest.raises(RuntimeError, match="not connected"):
                await client.emit("echo")
            with pytest.raises(RuntimeError, match="not connected"):
                client.get_received()

    asyncio.run(main())


def test_before_connecting_nothing_works() -> None:
    async def main() -> None:
        client = AsyncTestClient(served(server()))
        assert not client.is_connected()
        for call in (client.receive, client.disconnect, lambda: client.call("echo")):
            with pytest.raises(RuntimeError, match="not connected"):
                await call()
        with pytest.raises(RuntimeError, match="not connected"):
            client.sid()

    asyncio.run(main())


def test_handlers_of_disconnect_have_run_when_the_client_has_left() -> None:
    left: list[tuple[str, str]] = []
    sio = server()

    async def leave(namespace: str, reason: str) -> None:
        await asyncio.sleep(0)
        left.append((namespace, reason))

    for namespace in ("/", "/chat"):

        async def leaving(sid: str, reason: str, namespace: str = namespace) -> None:
            await leave(namespace, reason)

        sio.on("disconnect", leaving, namespace=namespace)

    async def body(sio: socketio.AsyncServer, client: AsyncTestClient) -> None:
        await client.connect("/chat")
        await sio.emit("last")
        await client.disconnect()
        assert left == [("/", "client disconnect")]
        assert [event["name"] for event in client.get_received()] == ["last"]
        with pytest.raises(RuntimeError, match="not connected"):
            await client.disconnect()
        await client.disconnect("/chat")
        assert left[1:] == [("/chat", "client disconnect")]
        await client.connect()
        assert client.is_connected()

    with_client(body, sio)
    assert left[2:] == [("/", "transport close")]


def test_a_namespace_that_the_server_ends_ends_what_waits_there() -> None:
    async def body(sio: socketio.AsyncServer, client: AsyncTestClient) -> None:
        await client.connect("/chat")

        async def end(sid: str) -> None:
            await sio.emit("last", to=sid)
            await sio.disconnect(sid)
            await asyncio.Event().wait()

        sio.on("end", end)
        with pytest.raises(ConnectionError, match="not in `/`: the server ended it"):
            await client.call("end")
        assert not client.is_connected()
        assert client.is_connected("/chat")
        assert [event["name"] for event in client.get_received()] == ["last"]
        with pytest.raises(ConnectionError, match="the server ended it"):
            await client.emit("echo")
        await client.connect()
        assert await client.call("echo", 1) == [1]

    with_client(body)


def test_a_connection_that_the_server_ends_ends_what_waits() -> None:
    async def body(sio: socketio.AsyncServer, client: AsyncTestClient) -> None:
        eio_sid = sio.manager.eio_sid_from_sid(client.sid(), "/")
        await sio.emit("last")
        waits = asyncio.ensure_future(client.call("unknown"))
        await client.receive()
        await sio.eio.disconnect(eio_sid)
        with pytest.raises(ConnectionError, match="the server closed the connection"):
            await waits
        with pytest.raises(ConnectionError, match="the server closed the connection"):
            await client.receive()
        with pytest.raises(ConnectionError):
            client.sid()

    with_client(body)


def test_an_ack_that_never_comes_is_a_timeout() -> None:
    async def body(sio: socketio.AsyncServer, client: AsyncTestClient) -> None:
        client._timeout = 0.01  # connecting had longer
        with pytest.raises(TimeoutError, match=r"no ack of `unknown` in 0.01 seconds"):
            await client.call("unknown")
        client._timeout = 30

    with_client(body)


async def slow(value: int) -> int:
    await asyncio.sleep(0)
    return value


@pytest.mark.parametrize(
    ("function", "acked"),
    [
        (lambda value: value + 1, 2),
        (lambda value: None, None),
        (lambda value: (1, b"2"), (1, b"2")),
        (slow, 1),
    ],
)
def test_a_function_answers_the_server(function: Callable[[int], Any], acked: object) -> None:
    async def body(sio: socketio.AsyncServer, client: AsyncTestClient) -> None:
        client.on("ask", function)
        assert await sio.call("ask", 1, to=client.sid()) == acked
        await sio.emit("ask", 1)  # asks for no answer, and gets none
        assert await sio.call("ask", 1, to=client.sid()) == acked
        assert len(client.get_received()) == 3

    with_client(body)


def broken(*args: object) -> None:
    raise KeyError("broken")


def test_a_function_that_raises_ends_the_connection() -> None:
    async def body(sio: socketio.AsyncServer, client: AsyncTestClient) -> None:
        client.on("ask", broken)
        await sio.emit("ask")
        with pytest.raises(ConnectionError, match="`ask`'s function raised KeyError") as caught:
            await client.call("unknown")
        assert isinstance(caught.value.__cause__, KeyError)

    with_client(body)


def test_what_nobody_was_told_of_is_raised_on_leaving() -> None:
    async def body(sio: socketio.AsyncServer, client: AsyncTestClient) -> None:
        left = asyncio.Event()
        sio.on("disconnect", lambda sid, reason: left.set())
        client.on("ask", broken)
        await sio.emit("ask")
        await left.wait()

    with pytest.raises(KeyError, match="broken"):
        with_client(body)

    async def raising(sio: socketio.AsyncServer, client: AsyncTestClient) -> None:
        await body(sio, client)
        raise AssertionError("of the test")

    with pytest.raises(AssertionError, match="of the test"):
        with_client(raising)


def test_a_packet_that_cannot_be_read_ends_the_connection() -> None:
    class Mute(socketio.packet.Packet):  # type: ignore[misc]  # the library has no types
        def decode(self, encoded_packet: str) -> int:
            raise ValueError("unreadable")

    with pytest.raises(ConnectionError, match="the server sent what cannot be read: ValueError"):
        with_client(lambda sio, client: asyncio.sleep(0), packet_class=Mute)


def test_an_application_that_raises_ends_the_connection() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise KeyError("app")

    async def main() -> None:
        async with AsyncTestClient(app):
            pass

    with pytest.raises(ConnectionError, match="the application raised KeyError"):
        asyncio.run(main())


def test_an_application_that_returns_ends_the_connection() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "websocket.accept"})

    with pytest.raises(ConnectionError, match="the application returned"):
        asyncio.run(AsyncTestClient(app).connect())


def test_an_application_that_closes_the_websocket_says_why() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.close", "code": 1001, "reason": "going away"})

    with pytest.raises(ConnectionError, match="the server closed the connection going away"):
        asyncio.run(AsyncTestClient(app).connect())


def test_an_application_that_does_not_leave_is_cancelled() -> None:
    cancelled: list[bool] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        for kind, text in (("accept", None), ("send", "0{}"), ("send", '40{"sid":"1"}')):
            await send({"type": f"websocket.{kind}", "text": text})
        while True:
            try:
                await receive()
                await asyncio.sleep(0)
            except asyncio.CancelledError:
                cancelled.append(True)
                raise

    async def main() -> None:
        async with AsyncTestClient(app, timeout=0.05) as client:
            assert client.is_connected()

    asyncio.run(main())
    assert cancelled == [True]


def test_pings_are_answered() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "bytes": None, "text": "0{}"})
        assert (await receive())["text"] == "40"
        await send({"type": "websocket.send", "text": "2"})
        assert (await receive())["text"] == "3"
        await send({"type": "websocket.send", "text": '40{"sid":"1"}'})
        while (await receive())["type"] != "websocket.disconnect":
            pass

    async def main() -> None:
        async with AsyncTestClient(app) as client:
            assert client.sid() == "1"

    asyncio.run(main())


def test_several_clients_share_one_application() -> None:
    async def main() -> None:
        sio = server()
        app = served(sio)
        async with AsyncTestClient(app) as one, AsyncTestClient(app) as two, AsyncTestClient(app) as three:
            await sio.enter_room(one.sid(), "room")
            await sio.enter_room(two.sid(), "room")
            await sio.emit("told", 1, room="room", skip_sid=one.sid())
            await sio.emit("all")
            assert [event["name"] for event in [await two.receive(), await two.receive()]] == ["told", "all"]
            assert (await one.receive())["name"] == (await three.receive())["name"] == "all"
        assert sio.manager.rooms == {}

    asyncio.run(main())


def test_a_client_may_leave_from_its_own_function() -> None:
    async def body(sio: socketio.AsyncServer, client: AsyncTestClient) -> None:
        left = asyncio.Event()
        sio.on("disconnect", lambda sid, reason: left.set())

        async def leave() -> None:
            await client.disconnect()

        client.on("leave", leave)
        await sio.emit("leave")
        await left.wait()

    with_client(body)


def test_nothing_of_the_client_is_left_running() -> None:
    async def main() -> None:
        before = asyncio.all_tasks()
        sio = server(monitor_clients=False)
        async with AsyncTestClient(served(sio)) as client:
            client.on("hang", lambda: asyncio.Event().wait())
            await sio.emit("hang")
            await client.call("echo")
        left = asyncio.all_tasks() - before
        # Engine.IO's next ping is asleep, and finds nobody when it wakes.
        assert {task.get_coro().__qualname__ for task in left} == {"AsyncSocket._send_ping"}  # type: ignore[union-attr]

    asyncio.run(main())
