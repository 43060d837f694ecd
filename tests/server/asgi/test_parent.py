"""What we rely on of python-socketio beyond its manual: where it changes, a test here fails."""

from __future__ import annotations

import asyncio
import inspect
import json
from typing import Any

import engineio
import pytest
import socketio
from socketio.async_pubsub_manager import AsyncPubSubManager
from socketio.packet import ACK, EVENT, Packet

from asynction import AsynctionAsyncServer, PayloadValidationException
from asynction.server._asgi.loop import Engine
from asynction.server._asgi.testing import AsyncTestClient
from asynction.server._socketio.packet import MALFORMED, StrictJSON, _ContractPacket
from tests.guards import TABLES, Row, check, described
from tests.server.asgi.support import ask, eventually, made, refusal, run, talk
from tests.server.support import INTEGER, STRING, document, message, no_namespace, of

SAY = of(message("say", STRING, INTEGER), sends=[message("said", STRING)])
BYTES = {"type": "string", "format": "binary"}


def parameters(function: Any) -> list[str]:
    return list(inspect.signature(function).parameters)


# Private methods ----------------------------------------------------------------------------------


@pytest.mark.parametrize("row", TABLES["asgi"], ids=str)
def test_the_parents_have_what_we_rely_on(row: Row) -> None:
    check(row)


@pytest.mark.parametrize("name", ["_handle_event_internal", "_handle_eio_disconnect"])
def test_private_methods_of_ours_take_what_the_parents_take(name: str) -> None:
    ours, parents = (getattr(kind, name) for kind in (AsynctionAsyncServer, socketio.AsyncServer))
    assert described(ours) == described(parents)


@pytest.mark.parametrize("async_handlers", [True, False])
def test_the_parent_calls_it_once_for_each_event(async_handlers: bool) -> None:
    got: list[Any] = []

    class Plain(socketio.AsyncServer):  # type: ignore[misc]  # the library has no types
        async def _handle_event_internal(self, *args: Any) -> None:
            got.append(args)

    async def main() -> tuple[Any, str]:
        plain = Plain(async_mode="asgi", async_handlers=async_handlers)
        await plain._handle_eio_connect("eio", {})
        sid = await plain.manager.connect("eio", "/")
        await plain._handle_eio_message("eio", '27["say",1,"a"]')
        await eventually(lambda: got)
        return plain, sid

    plain, sid = run(main())
    assert got == [(plain, sid, "eio", ["say", 1, "a"], "/", 7)]


def test_the_parent_starts_it_as_a_task_that_we_can_tell() -> None:
    """`shutdown` waits for those tasks, and only for those."""
    source = inspect.getsource(socketio.AsyncServer._handle_event)
    assert "self.start_background_task(\n                self._handle_event_internal" in source

    async def main() -> None:
        asio = made(SAY)
        begun, gate = asyncio.Event(), asyncio.Event()

        @asio.on("say")
        async def say(data: str) -> int:
            begun.set()
            await gate.wait()
            return 1

        async with asio.test_client() as client:
            asio.start_background_task(gate.wait)
            asking = asyncio.ensure_future(client.call("say", "a"))
            await begun.wait()
            assert len(asio._handlers()) == 1
            assert len(asio.eio.tasks) > 1
            gate.set()
            await asking
            await eventually(lambda: not asio._handlers())

    run(main())


def test_an_acknowledgement_is_written_as_we_expect() -> None:
    packet = Packet(ACK, namespace="/", id=1, data=["a"])
    assert packet.encode() == '31["a"]'


def test_the_parent_calls_a_connect_handler_with_auth_or_none() -> None:
    """Why `_connect_any` takes what it takes, and never lets a TypeError through."""
    assert parameters(socketio.AsyncServer._handle_connect) == ["self", "eio_sid", "namespace", "data"]
    calls: list[Any] = []

    async def connect(*args: Any) -> None:
        calls.append(args[2:])
        raise TypeError

    async def main() -> None:
        plain = socketio.AsyncServer(async_mode="asgi")
        plain.on("connect", connect)
        await plain._handle_eio_connect("eio", {})
        for packet in ('0{"token":1}', "0"):
            with pytest.raises(TypeError):
                await plain._handle_eio_message("eio", packet)
            await plain.manager.disconnect(plain.manager.sid_from_eio_sid("eio", "/"), "/")

    run(main())
    assert calls == [({"token": 1},), (None,), ()]


def test_the_parent_tries_a_disconnect_handler_again_without_the_reason() -> None:
    """Why `_disconnect_any` never lets a TypeError through."""
    calls: list[Any] = []

    async def disconnect(*args: Any) -> None:
        calls.append(args[1:])
        if len(calls) == 1:
            raise TypeError

    async def main() -> None:
        plain = socketio.AsyncServer(async_mode="asgi")
        plain.on("disconnect", disconnect)
        await plain._handle_eio_connect("eio", {})
        await plain.manager.connect("eio", "/")
        await plain._handle_eio_disconnect("eio", "transport close")

    run(main())
    assert calls == [("transport close",), ()]


def test_the_parent_awaits_a_partial_of_a_coroutine_function() -> None:
    """Handlers and callbacks of ours are such."""
    server = AsynctionAsyncServer.from_spec(document({"/": {}, "/chat": {}}))
    for namespace in ("/", "/chat"):
        for lifecycle_event in ("connect", "disconnect"):
            assert inspect.iscoroutinefunction(server.handlers[namespace][lifecycle_event])


def test_the_parent_puts_the_namespace_first_for_handlers_of_all() -> None:
    server = socketio.AsyncServer(async_mode="asgi")
    server.on("connect", "any", namespace="*")
    assert server._get_event_handler("connect", "/a", ("sid",)) == ("any", ("/a", "sid"))
    server.on("connect", "own", namespace="/a")
    assert server._get_event_handler("connect", "/a", ("sid",)) == ("own", ("sid",))


def test_the_parent_makes_its_engine_of_the_class_that_we_say() -> None:
    assert isinstance(made(SAY).eio, Engine)
    source = inspect.getsource(socketio.AsyncServer.start_background_task)
    assert "self.eio.start_background_task(" in source


def test_the_parents_engine_is_stopped_as_we_do() -> None:
    """A second `shutdown` of the engine would raise: we look whether there is anything to end."""
    source = inspect.getsource(engineio.AsyncServer.shutdown)
    assert "await self.service_task_handle" in source
    close = inspect.signature(engineio.async_socket.AsyncSocket.close)
    assert close.parameters["wait"].default is True
    assert close.parameters["reason"].default is None  # it stands for "server disconnect"


def test_the_methods_that_know_patterns_take_a_namespace() -> None:
    for name in (
        "enter_room",
        "leave_room",
        "close_room",
        "rooms",
        "get_session",
        "save_session",
        "session",
        "get_environ",
        "transport",
        "disconnect",
    ):
        assert "namespace" in parameters(getattr(socketio.AsyncServer, name))
        assert parameters(getattr(AsynctionAsyncServer, name)) == parameters(
            getattr(socketio.AsyncServer, name)
        )


def test_emit_and_call_take_what_the_parents_take() -> None:
    for name in ("emit", "call"):
        assert parameters(getattr(AsynctionAsyncServer, name)) == parameters(
            getattr(socketio.AsyncServer, name)
        )


def test_send_comes_by_our_emit() -> None:
    async def main() -> None:
        with pytest.raises(PayloadValidationException):
            await made(of(sends=[message("message", STRING)])).send(1)

    run(main())


# Packets ------------------------------------------------------------------------------------------


def test_an_event_is_read_by_our_packet() -> None:
    asio = made(SAY)
    packet = asio.packet_class(encoded_packet='2["connect"]')
    assert packet.data[0] == MALFORMED
    assert asio.packet_class.json is StrictJSON


@pytest.mark.parametrize("own_json", [False, True])
def test_bytes_are_searched_for_only_where_another_writer_may_hide_them(
    monkeypatch: pytest.MonkeyPatch, own_json: bool
) -> None:
    searched: list[int] = []
    monkeypatch.setattr(_ContractPacket, "data_is_binary", lambda self, data: searched.append(1))
    mixed = of(message("say", STRING, BYTES), sends=[message("said", BYTES)])
    for asio, expected in (
        (made(SAY), False),
        (made(mixed), True),
        (AsynctionAsyncServer.from_spec(SAY, validation=False), True),
        (AsynctionAsyncServer.from_spec(SAY, strict=False), True),
        (AsynctionAsyncServer(), True),
    ):
        searched.clear()
        if own_json:
            monkeypatch.setattr(asio.packet_class, "json", json)
        asio.packet_class(EVENT, ["said", "a"])
        assert bool(searched) == (expected and own_json)


def test_json_of_ones_own_is_used_and_no_other_servers_is_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = engineio.packet.Packet
    monkeypatch.setattr(engine, "json", engine.json)  # Engine.IO's own is changed for the process

    class Loud:
        dumps = staticmethod(lambda value, **options: json.dumps(value, **options).upper())
        loads = staticmethod(json.loads)

    asio, other = AsynctionAsyncServer.from_spec(SAY, json=Loud), made(SAY)
    assert asio.packet_class(EVENT, ["said", "abc"]).encode() == '2["SAID","ABC"]'
    assert other.packet_class.json is StrictJSON
    assert Packet.json is not Loud


def test_a_packet_class_of_ones_own_is_used() -> None:
    class Counting(Packet):  # type: ignore[misc]  # the library has no types
        encoded = 0

        def encode(self) -> Any:
            type(self).encoded += 1
            return super().encode()

    asio = AsynctionAsyncServer.from_spec(SAY, serializer=Counting)
    asio.on("say", len)
    assert ask(asio, "say", "abc") == [3]
    assert ask(asio, "say", 1)[0]["error"]["status"] == 400
    assert asio.packet_class.encoded >= 2
    assert issubclass(asio.packet_class, Counting)


# Other processes ----------------------------------------------------------------------------------


class Queue(AsyncPubSubManager):  # type: ignore[misc]
    """A message queue that keeps what is published."""

    def __init__(self) -> None:
        super().__init__(write_only=True)
        self.published: list[dict[str, Any]] = []

    async def _publish(self, data: dict[str, Any]) -> None:
        self.published.append(data)


def test_a_process_that_only_emits_needs_no_handlers() -> None:
    spec = of(message("e", handler="nowhere.to.be.found"), sends=[message("said", STRING)])
    queue = Queue()

    async def main() -> None:
        asio = AsynctionAsyncServer.from_spec(spec, client_manager=queue)
        await asio.emit("said", "a", to="room")
        with pytest.raises(PayloadValidationException):
            await asio.emit("said", 1)

    run(main())
    (published,) = queue.published
    assert (published["event"], published["data"], published["room"]) == ("said", ["a"], "room")


# The admin UI -------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["production", "development"])
@pytest.mark.parametrize("spec", [SAY, None], ids=["contract", "none"])
def test_the_admin_ui_looks_on(mode: str, spec: Any) -> None:
    asio = made(spec) if spec is not None else AsynctionAsyncServer()
    asio.on("say", lambda data: 1)
    auth = {"username": "admin", "password": "secret"}
    admin = asio.instrument(auth=auth, mode=mode, server_stats_interval=3600)
    try:

        async def body(client: AsyncTestClient) -> None:
            async with asio.test_client("/admin", auth=auth) as looking:
                while (event := await looking.receive())["name"] != "config":
                    pass
                assert "supportedFeatures" in event["args"][0]
                if mode == "development":
                    await looking.emit("join", "/", "room", client.sid())
                    await eventually(lambda: "room" in asio.rooms(client.sid()))
                    await looking.emit("_disconnect", "/", False, client.sid())
                    await eventually(lambda: not client.is_connected())
                await asio.shutdown()

        talk(asio, body)
    finally:
        admin.uninstrument()


def test_the_admin_ui_is_guarded_and_does_not_open_the_contract() -> None:
    asio = made(SAY, say=len)
    admin = asio.instrument(auth={"a": 1}, mode="production", namespace="/watch")
    try:
        assert refusal(asio, "/watch", auth={"a": 2}) == {"message": "authentication failed"}
        assert refusal(asio, "/nowhere") == no_namespace("/nowhere")
        assert ask(asio, "say", 1)[0]["error"]["status"] == 400
        assert ask(asio, "connect", namespace="/watch", auth={"a": 1})[0]["error"]["status"] == 404
    finally:
        admin.uninstrument()
