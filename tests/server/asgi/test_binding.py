"""Decorators, wildcards, classes and patterns on the async server are held to the contract."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import socketio

from asynction import AsynctionAsyncServer, DocumentError, UnknownEventException
from asynction.server._asgi.testing import AsyncTestClient
from tests.server.asgi.support import ask, eventually, made, refusal, talk
from tests.server.support import INTEGER, SERVER_ERROR, STRING, channel, document, message, of, pair

SAY = of(message("say", STRING, INTEGER))
CHAT = document({"/chat": channel([message("say", STRING, INTEGER)], [message("said", STRING)])})
ROOM = {"roomId": {"schema": {"type": "integer", "minimum": 1}}}
ROOMS = document(
    {
        "/rooms/{roomId}": channel(
            [message("say", STRING, ack=INTEGER)],
            [message("said", STRING), message("ask", STRING, INTEGER)],
            parameters=ROOM,
        ),
        "/rooms/{colour}": channel(
            [message("say", STRING, ack=INTEGER), message("paint", STRING, ack=STRING)],
            parameters={"colour": {"schema": {"enum": ["red", "blue"]}}},
        ),
        "/plain": channel([message("say", STRING, ack=INTEGER)]),
    }
)


# Decorators -------------------------------------------------------------------------------------


def by_on(asio: AsynctionAsyncServer, handler: Any) -> None:
    assert asio.on("say")(handler) is handler


def by_argument(asio: AsynctionAsyncServer, handler: Any) -> None:
    asio.on("say", handler=handler)


def by_event(asio: AsynctionAsyncServer, handler: Any) -> None:
    @asio.event  # type: ignore[untyped-decorator]  # the library has no types
    async def say(data: str) -> Any:
        return handler(data)


def by_event_with_arguments(asio: AsynctionAsyncServer, handler: Any) -> None:
    @asio.event(namespace="/")  # type: ignore[untyped-decorator]
    def say(data: str) -> Any:
        return handler(data)


@pytest.mark.parametrize("bind", [by_on, by_argument, by_event, by_event_with_arguments])
def test_handlers_of_code_are_held_to_the_contract(bind: Any) -> None:
    asio = made(SAY)
    bind(asio, len)
    assert ask(asio, "say", "abc") == [3]
    assert ask(asio, "say", 1)[0]["error"]["pointer"] == "/0"
    bind(asio, str.upper)
    assert ask(asio, "say", "abc") == [SERVER_ERROR]


@pytest.mark.parametrize("namespace", ["chat", "/chat"])
def test_a_namespace_may_lack_its_slash(namespace: str) -> None:
    asio = made(CHAT)
    asio.on("say", len, namespace)
    assert ask(asio, "say", "abc", namespace="/chat") == [3]


@pytest.mark.parametrize(
    ("event", "namespace", "text"),
    [
        ("sayy", None, "receives no event `sayy` in `/`; did you mean `say`"),
        ("say", "/chat", "has no namespace `/chat`"),
        ("say", "*", "has no namespace `\\*`"),
        ("*", None, "receives no event `\\*`"),
        ("connect", "/chat", "has no namespace `/chat`"),
    ],
)
def test_what_the_contract_does_not_have_cannot_be_bound(
    event: str, namespace: str | None, text: str
) -> None:
    with pytest.raises(UnknownEventException, match=text):
        made(SAY).on(event, namespace=namespace)(lambda *args: None)


def test_a_handler_that_cannot_take_the_args_is_refused_and_not_bound() -> None:
    asio = made(SAY)
    with pytest.raises(DocumentError, match="takes 3 arguments, but the contract passes 1 argument"):
        asio.on("say")(lambda first, second, third, fourth: None)
    assert refusal(asio)["data"]["status"] == 500


def test_something_that_cannot_be_called_is_no_handler() -> None:
    with pytest.raises(DocumentError, match="cannot be called"):
        made(SAY).on("say", 7)  # type: ignore[arg-type]


# Wildcards --------------------------------------------------------------------------------------


def test_a_wildcard_serves_what_has_no_handler_of_its_own() -> None:
    asio = AsynctionAsyncServer()
    asio.on("say", lambda sid, data: len(data))
    asio.on("*", lambda event, sid, *args: [event, *args])

    async def body(client: AsyncTestClient) -> None:
        assert await client.call("say", "abc") == [3]
        assert await client.call("other", 1, 2) == [["other", 1, 2]]
        assert (await client.call("connect"))[0]["error"]["status"] == 404

    talk(asio, body)


def test_a_wildcard_is_held_to_what_the_contract_has() -> None:
    asio = AsynctionAsyncServer.from_spec(SAY, strict=False)
    asio.on("*", lambda event, sid, *args: len(args))
    assert ask(asio, "say", "abc") == [1]
    assert ask(asio, "say", 1)[0]["error"]["status"] == 400
    assert ask(asio, "other", 1, 2) == [2]


@pytest.mark.parametrize("event", ["say", "*"])
def test_without_a_contract_a_handler_may_be_for_every_namespace(event: str) -> None:
    asio = AsynctionAsyncServer(namespaces="*")
    seen: list[str] = []

    async def connect(namespace: str, sid: str, environ: Any, auth: Any) -> None:
        seen.append(namespace)

    if event == "*":
        asio.on("*", lambda event, namespace, sid, *args: [event, namespace, *args], namespace="*")
    else:
        asio.on("say", lambda namespace, sid, *args: ["say", namespace, *args], namespace="*")
    asio.on("connect", connect, namespace="*")
    asio.on("own", lambda data: data, namespace="/a")

    async def body(one: AsyncTestClient, two: AsyncTestClient) -> None:
        assert await one.call("say", 1) == [["say", "/a", 1]]
        assert await one.call("own", 1) == [1]
        assert await two.call("say", 1) == [["say", "/b", 1]]

    talk(asio, body, "/a", "/b")
    assert "/b" in seen


@pytest.mark.parametrize(("spec", "namespace"), [(SAY, "/"), (ROOMS, "/rooms/7")], ids=["plain", "pattern"])
def test_what_the_contract_has_is_never_handled_past_it(spec: Any, namespace: str) -> None:
    """A handler for every namespace would be given what nobody has checked, whoever sent it."""
    asio = AsynctionAsyncServer.from_spec(spec, strict=False)
    asio.on("*", lambda event, namespace, sid, *args: event, namespace="*")
    assert ask(asio, "other", 1, namespace=namespace) == ["other"]
    assert ask(asio, "say", 1, namespace=namespace)[0]["error"]["status"] == 404


def test_a_malformed_event_never_reaches_a_handler_of_every_namespace() -> None:
    asio = AsynctionAsyncServer()
    asio.on("*", lambda *args: pytest.fail("it must not run"), namespace="*")
    assert ask(asio, "connect")[0]["error"]["status"] == 404


# Classes ----------------------------------------------------------------------------------------


class Chat(socketio.AsyncNamespace):  # type: ignore[misc]  # the library has no types
    """Keeps what happened."""

    def __init__(self, namespace: str = "/chat") -> None:
        super().__init__(namespace)
        self.log: list[Any] = []

    async def on_connect(self, sid: str, environ: dict[str, Any], auth: object) -> None:
        self.log.append(("connect", auth))

    def on_disconnect(self, sid: str, reason: str) -> None:
        self.log.append(("disconnect", reason))

    async def on_say(self, sid: str, data: str) -> int:
        self.log.append(data)
        if data == "fail":
            raise LookupError(data)
        await self.emit("said", data, to=sid)
        return len(data)


SEEN = [("connect", {"token": 1}), "abc", "fail", ("disconnect", "client disconnect")]


@pytest.mark.parametrize("name", ["/chat", "chat"])
def test_a_class_is_held_to_the_contract(name: str) -> None:
    asio = made(CHAT)
    chat = Chat(name)
    asio.register_namespace(chat)

    async def body(client: AsyncTestClient) -> None:
        assert await client.call("say", "abc") == [3]
        assert (await client.receive())["args"] == ["abc"]
        assert (await client.call("say", 1))[0]["error"]["status"] == 400
        assert await client.call("say", "fail") == [SERVER_ERROR]
        await client.disconnect()

    talk(asio, body, "/chat", auth={"token": 1})
    assert chat.log == SEEN


def test_a_class_works_without_a_contract() -> None:
    asio = AsynctionAsyncServer()
    chat = Chat()
    asio.register_namespace(chat)

    async def body(client: AsyncTestClient) -> None:
        assert await client.call("say", "abc") == [3]
        assert await client.call("say", "fail") == [SERVER_ERROR]
        assert (await client.call("other"))[0]["error"]["status"] == 404
        await client.disconnect()

    talk(asio, body, "/chat", auth={"token": 1})
    assert chat.log == SEEN


@pytest.mark.parametrize("method", ["on_other", "on_syy"])
def test_a_method_for_an_unknown_event_is_refused(method: str) -> None:
    kind = type("Other", (Chat,), {method: lambda self: None})
    with pytest.raises(UnknownEventException, match="receives no event"):
        made(CHAT).register_namespace(kind())


def test_a_class_for_an_unknown_namespace_is_refused_and_not_registered() -> None:
    asio = made(CHAT)
    with pytest.raises(UnknownEventException, match="no namespace `/caht`"):
        asio.register_namespace(Chat("/caht"))
    assert "/caht" not in asio.namespace_handlers


def test_without_strict_a_class_may_have_a_namespace_of_its_own() -> None:
    asio = AsynctionAsyncServer.from_spec(CHAT, strict=False)
    asio.on("say", len, "/chat")
    asio.register_namespace(Chat("/other"))
    assert ask(asio, "say", "abc", namespace="/other") == [3]


class Routing(Chat):
    """Routes its events itself."""

    async def trigger_event(self, event: str, *args: Any) -> Any:
        self.log.append((event, len(args)))
        return len(args[1]) if event == "say" else None


ROUTED = [("connect", 3), ("say", 2), ("disconnect", 2)]


@pytest.mark.parametrize("spec", [CHAT, None], ids=["contract", "none"])
def test_a_class_that_routes_its_events_itself_gets_them_all(spec: Any) -> None:
    asio = made(spec) if spec is not None else AsynctionAsyncServer()
    chat = Routing()
    asio.register_namespace(chat)

    async def body(client: AsyncTestClient) -> None:
        assert await client.call("say", "abc") == [3]
        if spec is not None:
            assert (await client.call("say", 1))[0]["error"]["status"] == 400
        await client.disconnect()

    talk(asio, body, "/chat")
    assert chat.log == ROUTED


def test_a_class_that_routes_its_events_may_ask_its_parent() -> None:
    class Logging(Chat):
        async def trigger_event(self, event: str, *args: Any) -> Any:
            return await super().trigger_event(event, *args)

        async def on_two(self, sid: str, first: str, second: str) -> int:
            return len(first + second)

    spec = document(
        {
            "/chat": channel(
                [message("say", STRING, INTEGER), message("two", pair(STRING, STRING), INTEGER)],
                [message("said", STRING)],
            )
        }
    )
    asio = made(spec)
    chat = Logging()
    asio.register_namespace(chat)

    async def body(client: AsyncTestClient) -> None:
        assert await client.call("say", "abc") == [3]
        assert await client.call("two", "abc", "de") == [5]
        assert await client.call("say", "fail") == [SERVER_ERROR]
        await client.disconnect()

    talk(asio, body, "/chat", auth={"token": 1})
    assert chat.log == SEEN


# Patterns ---------------------------------------------------------------------------------------


def rooms(**options: Any) -> AsynctionAsyncServer:
    asio = AsynctionAsyncServer.from_spec(ROOMS, **options)

    @asio.on("say", namespace="/rooms/{roomId}")
    async def say(text: str, *, room_id: int) -> int:
        await asio.emit("said", text, namespace="/rooms/{roomId}")
        return room_id

    @asio.on("say", namespace="/rooms/{colour}")
    def say_colour(text: str) -> int:
        return len(text)

    @asio.on("paint", namespace="/rooms/{colour}")
    def paint(sid: str, text: str, *, colour: str) -> str:
        return f"{text} in {colour}"

    @asio.on("say", namespace="/plain")
    def say_plainly(text: str) -> int:
        return -1

    return asio


@pytest.mark.parametrize(
    ("namespace", "event", "ack"),
    [
        ("/rooms/42", "say", 42),
        ("/rooms/7", "say", 7),
        ("/rooms/red", "say", 2),
        ("/rooms/blue", "paint", "hi in blue"),
        ("/plain", "say", -1),
    ],
)
def test_a_handler_receives_the_parameters_of_its_namespace(namespace: str, event: str, ack: object) -> None:
    assert ask(rooms(), event, "hi", namespace=namespace) == [ack]


@pytest.mark.parametrize("namespace", ["/rooms/0", "/rooms/green", "/rooms", "/rooms/1/2", "/", "/other"])
def test_what_matches_no_namespace_is_refused(namespace: str) -> None:
    assert refusal(rooms(), namespace)["data"]["status"] == 404


@pytest.mark.parametrize(
    ("event", "args", "status"), [("say", (1,), 400), ("paint", ("x",), 404), ("connect", (), 404)]
)
def test_events_are_held_to_the_contract_of_the_pattern(event: str, args: Any, status: int) -> None:
    assert ask(rooms(), event, *args, namespace="/rooms/1")[0]["error"]["status"] == status


def test_what_is_sent_goes_to_one_namespace_and_is_checked() -> None:
    asio = rooms()

    async def body(here: AsyncTestClient, there: AsyncTestClient) -> None:
        await asyncio.gather(here.call("say", "here"), there.call("say", "there"))
        assert (await here.receive())["args"] == ["here"]
        assert (await there.receive())["args"] == ["there"]
        await asio.emit("said", "by name", namespace="/rooms/2")
        assert (await there.receive())["args"] == ["by name"]
        for namespace in ("/rooms/x", "/rooms/{roomId}"):
            with pytest.raises(UnknownEventException):
                await asio.emit("said", "hi", namespace=namespace)
            with pytest.raises(UnknownEventException):
                await asio.call("ask", "hi", to=there.sid(), namespace=namespace)
        assert here.get_received() == there.get_received() == []

    talk(asio, body, "/rooms/1", "/rooms/2")


def test_lifecycle_events_receive_the_parameters_and_may_emit() -> None:
    seen: list[object] = []
    asio = rooms()

    @asio.on("connect", namespace="/rooms/{roomId}")
    async def connect(sid: str, environ: Any, auth: Any, *, roomId: int) -> None:  # noqa: N803 - its own spelling
        await asio.emit("said", "welcome", namespace="/rooms/{roomId}")
        seen.append(("connect", roomId))

    @asio.on("disconnect", namespace="/rooms/{roomId}")
    def disconnect(*, room_id: int) -> None:
        seen.append(("disconnect", room_id))

    async def body(one: AsyncTestClient, two: AsyncTestClient) -> None:
        await two.disconnect()
        assert (await one.receive())["args"] == ["welcome"]

    talk(asio, body, "/rooms/3", "/rooms/3")
    assert seen == [("connect", 3)] * 2 + [("disconnect", 3)] * 2


def test_a_keyword_that_the_namespace_does_not_have_is_a_problem() -> None:
    with pytest.raises(DocumentError, match="`room`, which is not passed"):

        @AsynctionAsyncServer.from_spec(ROOMS).on("say", namespace="/rooms/{roomId}")
        def say(text: str, *, room: int) -> int:
            return room


class Room(socketio.AsyncNamespace):  # type: ignore[misc]
    async def on_say(self, sid: str, text: str, *, room_id: int) -> int:
        await self.enter_room(sid, "all")
        assert "all" in self.rooms(sid)
        await self.save_session(sid, {"room": room_id})
        async with self.session(sid) as session:
            session["room"] += 1
        await self.emit("said", text, to="all")
        await self.leave_room(sid, "all")
        await self.close_room("all")
        return int((await self.get_session(sid))["room"])


def test_a_class_may_be_for_a_pattern() -> None:
    asio = rooms()
    asio.register_namespace(Room("/rooms/{roomId}"))

    async def body(client: AsyncTestClient) -> None:
        assert await client.call("say", "x") == [9]
        assert (await client.receive())["args"] == ["x"]

    talk(asio, body, "/rooms/8")


def test_a_class_for_a_pattern_may_put_a_client_out() -> None:
    class Strict(socketio.AsyncNamespace):  # type: ignore[misc]
        async def on_say(self, sid: str, text: str) -> int:
            await self.disconnect(sid)
            return 1

    asio = rooms()
    asio.register_namespace(Strict("/rooms/{roomId}"))

    async def body(client: AsyncTestClient) -> None:
        await client.emit("say", "x")
        await eventually(lambda: not client.is_connected())

    talk(asio, body, "/rooms/8")


def test_without_strict_other_namespaces_are_let_in() -> None:
    asio = rooms(strict=False)
    asio.on("hi", lambda: "own", namespace="/own")
    assert ask(asio, "hi", namespace="/own") == ["own"]
    assert ask(asio, "hi", namespace="/elsewhere")[0]["error"]["status"] == 404


def test_a_class_that_routes_its_events_may_be_for_a_pattern() -> None:
    seen: list[Any] = []

    class Router(socketio.AsyncNamespace):  # type: ignore[misc]
        async def trigger_event(self, event: str, *args: Any) -> Any:
            seen.append(event)
            return 5

    asio = rooms()
    asio.register_namespace(Router("/rooms/{roomId}"))
    assert ask(asio, "say", "x", namespace="/rooms/8") == [5]
    assert seen == ["connect", "say", "disconnect"]
