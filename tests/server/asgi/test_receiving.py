"""Events on the async server: who runs, where, and who answers, whatever goes wrong."""

# Mocks tell no signature, and a lambda is the handler that a signature is read of.
# ruff: noqa: PLW0108

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any
from unittest.mock import AsyncMock, MagicMock

import pytest
from pydantic import BaseModel
from socketio.packet import ACK

from asynction import (
    AsynctionAsyncServer,
    EventException,
    PayloadValidationException,
    Router,
)
from asynction.inject import Data, Depends, Environ, Event, Server, SocketID, inline
from asynction.runtime import Context
from asynction.server._asgi.testing import AsyncTestClient
from asynction.testing import serve_asgi
from tests.server.asgi.support import ask, eventually, made, run, talk
from tests.server.support import INTEGER, SERVER_ERROR, STRING, channel, document, message, of, pair
from tests.serving import DEADLINE, connected

SAY = of(message("say", STRING, INTEGER))
BYTES = {"type": "string", "format": "binary"}
UNKNOWN = {"status": 404, "title": "Not Found", "detail": "no event `other` in `/`"}


# Answers ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [MagicMock, AsyncMock])
def test_the_handler_gets_the_args_and_its_result_is_the_ack(kind: Any) -> None:
    handler = kind(return_value=("a", 1))
    asio = AsynctionAsyncServer.from_spec(of(message("say", pair(STRING, INTEGER), pair(STRING, INTEGER))))
    asio.on("say", lambda text, number: handler(text, number))
    assert ask(asio, "say", "b", 2) == ["a", 1]
    handler.assert_called_once_with("b", 2)


def test_a_handler_may_take_sid_first() -> None:
    spec = of(message("say", STRING), message("two", pair(STRING, STRING)), message("none"))
    asio = made(spec, say=lambda sid, data: sid, two=lambda sid, one, two: sid, none=lambda sid: sid)

    async def body(client: AsyncTestClient) -> None:
        assert await client.call("say", "a") == [client.sid()]
        assert await client.call("two", "a", "b") == [client.sid()]
        assert await client.call("none") == [client.sid()]

    talk(asio, body)


@pytest.mark.parametrize(
    "error",
    [LookupError("MARKER"), TypeError("MARKER"), StopIteration("MARKER"), PayloadValidationException("x")],
)
@pytest.mark.parametrize("kind", [MagicMock, AsyncMock])
def test_a_handler_that_raises_is_called_once_and_answered(error: Exception, kind: Any) -> None:
    handler = kind(side_effect=error)
    asio = made(SAY, say=lambda data: handler(data))
    assert ask(asio, "say", "abc") == [SERVER_ERROR]
    assert handler.call_count == 1


def test_a_client_that_asks_for_no_ack_gets_none(monkeypatch: pytest.MonkeyPatch) -> None:
    handler = MagicMock(return_value=1)
    asio = made(SAY, say=inline(lambda data: handler(data)))
    sent: list[Any] = []

    async def body(client: AsyncTestClient) -> None:
        send = asio._send_packet

        async def sending(eio_sid: str, packet: Any) -> None:
            sent.append(packet.packet_type)
            await send(eio_sid, packet)

        monkeypatch.setattr(asio, "_send_packet", sending)
        await client.emit("say", "abc")
        await client.emit("say", 1)
        await client.emit("other")
        assert await client.call("say", "abc") == [1]

    talk(asio, body)
    assert sent == [ACK]
    assert handler.call_count == 2


def test_an_unknown_event_is_answered() -> None:
    assert ask(made(SAY, say=len), "other", 1) == [{"error": UNKNOWN}]


@pytest.mark.parametrize("options", [{}, {"async_handlers": False}])
def test_the_connection_survives_what_is_refused(options: Any) -> None:
    asio = AsynctionAsyncServer.from_spec(SAY, **options)
    asio.on("say", len)

    async def body(client: AsyncTestClient) -> None:
        for args in ((), (1,), ("a", "b"), (None,), (float("nan"),), ("\ud800",), (b"x",)):
            assert (await client.call("say", *args))[0]["error"]["status"] == 400
        for name in ("connect", "disconnect", "*", ""):
            assert (await client.call(name))[0]["error"]["status"] == 404
        assert await client.call("say", "abc") == [3]

    talk(asio, body)


MALFORMED = {
    "no data": ("299", 400),
    "no event name": ("299[]", 400),
    "an object": ('299{"a":1}', 400),
    "a number for the name": ("299[1]", 400),
    "JSON that ends early": ('299["say","', 400),
    "NaN": ('299["say",NaN]', 400),
    "too deep": (f'299["say",{"[" * 9999}{"]" * 9999}]', 400),
    "an event named connect": ('299["connect"]', 404),
    "a placeholder for nothing": ('299["say",{"_placeholder":true,"num":0}]', 400),
}


@pytest.mark.parametrize(("packet", "status"), MALFORMED.values(), ids=MALFORMED)
@pytest.mark.parametrize("spec", [SAY, None], ids=["contract", "none"])
def test_a_malformed_packet_is_answered_and_logged_once(
    packet: str, status: int, spec: Any, caplog: pytest.LogCaptureFixture
) -> None:
    asio = AsynctionAsyncServer.from_spec(spec) if spec is not None else AsynctionAsyncServer()
    asio.on("say", inline(lambda data: len(data)))

    async def body(client: AsyncTestClient) -> None:
        acks: list[Any] = []
        send = asio._send_packet

        async def sending(eio_sid: str, sent: Any) -> None:
            acks.append((sent.packet_type, sent.data))
            await send(eio_sid, sent)

        asio._send_packet = sending
        (eio_sid,) = asio.eio.sockets
        await asio._handle_eio_message(eio_sid, packet)
        await eventually(lambda: acks)
        ((kind, data),) = acks
        assert kind == ACK
        if (
            spec is not None or "placeholder" not in packet
        ):  # without a contract that is an object like others
            assert data[0]["error"]["status"] == status
        assert await client.call("say", "abc") == [3]

    talk(asio, body)
    if spec is not None:
        assert len(caplog.records) == 1


def test_an_ack_that_cannot_be_written_is_an_error_ack() -> None:
    asio = AsynctionAsyncServer()
    asio.on("say", lambda: object())
    asio.on("nan", lambda: float("nan"))
    for event in ("say", "nan"):
        assert ask(asio, event) == [SERVER_ERROR]


def test_binary_goes_both_ways() -> None:
    asio = made(of(message("flip", BYTES, BYTES)), flip=lambda data: data[::-1])

    async def body(client: AsyncTestClient) -> None:
        assert await client.call("flip", b"abc") == [b"cba"]
        assert (await client.call("flip", "abc"))[0]["error"]["pointer"] == "/0"

    talk(asio, body)


def test_msgpack_is_held_to_the_contract() -> None:
    spec = of(message("say", pair(STRING, BYTES), BYTES), sends=[message("said", pair(STRING, BYTES))])
    asio = AsynctionAsyncServer.from_spec(spec, serializer="msgpack")
    asio.on("say", lambda text, data: data[::-1])

    async def body(client: AsyncTestClient) -> None:
        assert await client.call("say", "a", b"xyz") == [b"zyx"]
        for args, pointer in (((b"a", b"x"), "/0"), (("a", "x"), "/1")):
            assert (await client.call("say", *args))[0]["error"]["pointer"] == pointer
        assert (await client.call("say", float("nan"), b"x"))[0]["error"]["status"] == 400
        assert (await client.call("connect"))[0]["error"]["status"] == 404
        await asio.emit("said", ("a", b"x"))
        assert (await client.receive())["args"] == ["a", b"x"]

    talk(asio, body)
    with serve_asgi(asio.asgi_app()) as url, connected(url, serializer="msgpack") as client:
        assert client.call("say", "a", b"xyz") == [b"zyx"]


# Where handlers run -----------------------------------------------------------------------------


@pytest.mark.parametrize("async_handlers", [True, False])
def test_a_plain_handler_holds_up_nobody_else(async_handlers: bool) -> None:
    gate = threading.Event()
    spec = of(message("wait"), message("ping"))
    asio = AsynctionAsyncServer.from_spec(spec, async_handlers=async_handlers)
    asio.on("wait", lambda: gate.wait(DEADLINE))
    asio.on("ping", lambda: "pong")

    async def body(one: AsyncTestClient, two: AsyncTestClient) -> None:
        waiting = asyncio.ensure_future(one.call("wait"))
        assert await two.call("ping") == ["pong"]
        assert not waiting.done()
        gate.set()
        assert await waiting == [True]

    talk(asio, body, "/", "/")


@pytest.mark.parametrize("inlined", [True, False])
def test_an_inline_handler_runs_on_the_thread_of_the_loop(inlined: bool) -> None:
    threads: list[bool] = []

    def handler(*args: object) -> None:
        threads.append(threading.current_thread() is threading.main_thread())

    marked = inline(handler) if inlined else handler
    asio = made(of(message("say")), say=marked, connect=marked, disconnect=marked)
    ask(asio, "say")
    assert threads == [inlined] * 3


def test_a_handler_in_a_thread_knows_its_namespace() -> None:
    """What it starts on the loop still goes to the namespace of its client."""
    spec = document(
        {
            "/rooms/{n}": channel(
                [message("say")], [message("said")], parameters={"n": {"schema": {"type": "integer"}}}
            )
        }
    )
    asio = AsynctionAsyncServer.from_spec(spec)

    async def main() -> None:
        loop = asyncio.get_running_loop()

        def say() -> None:
            emit = asio.emit("said", namespace="/rooms/{n}")
            asyncio.run_coroutine_threadsafe(emit, loop).result(DEADLINE)

        asio.on("say", say, namespace="/rooms/{n}")
        async with asio.test_client("/rooms/7") as client:
            assert await client.call("say") == []
            assert (await client.receive())["namespace"] == "/rooms/7"

    run(main())


def test_a_plain_function_may_return_what_is_to_be_awaited() -> None:
    async def later(data: str) -> int:
        return len(data)

    asio = made(SAY, say=lambda data: later(data))
    assert ask(asio, "say", "abc") == [3]


# Arguments --------------------------------------------------------------------------------------


class Person(BaseModel):
    name: str
    age: int = 7


PERSON = {
    "type": "object",
    "required": ["name"],
    "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
}


def test_models_are_read_and_written() -> None:
    asio = made(of(message("say", PERSON, PERSON), sends=[message("said", PERSON)]))

    @asio.on("say")
    async def say(person: Person) -> Person:
        await asio.emit("said", person)
        return Person(name=person.name.upper(), age=person.age + 1)

    async def body(client: AsyncTestClient) -> None:
        assert await client.call("say", {"name": "Ada"}) == [{"name": "ADA", "age": 8}]
        assert (await client.receive())["args"] == [{"name": "Ada", "age": 7}]
        assert (await client.call("say", {}))[0]["error"]["status"] == 400

    talk(asio, body)


def test_without_a_contract_models_are_what_is_checked() -> None:
    asio = AsynctionAsyncServer()

    @asio.on("say", response_model=Person)
    async def say(person: Person) -> dict[str, Any]:
        return {"name": person.name, "more": 1}

    async def body(client: AsyncTestClient) -> None:
        assert await client.call("say", {"name": "Ada"}) == [{"name": "Ada", "age": 7}]
        error = (await client.call("say", {"name": 1}))[0]["error"]
        assert (error["status"], error["pointer"]) == (400, "/0/name")

    talk(asio, body)


def test_a_handler_gets_what_it_asks_for() -> None:
    asio = made(SAY)
    found: list[Any] = []

    @asio.on("say")
    def say(  # noqa: PLR0917 - all that there is
        data: Data,
        sid: SocketID,
        environ: Environ,
        event: Event,
        server: Server,
        own: AsynctionAsyncServer,
        parent: Annotated[Any, "a note"],
        context: Context,
    ) -> int:
        found.extend([data, sid, environ["HTTP_X_TAG"], event, server, own, parent, context.namespace])
        return 1

    async def body(client: AsyncTestClient) -> None:
        assert await client.call("say", "a") == [1]
        assert found == ["a", client.sid(), "x", "say", asio, asio, "a", "/"]

    talk(asio, body, headers={"X-Tag": "x"})


# Dependencies -----------------------------------------------------------------------------------


def log_acks(asio: AsynctionAsyncServer, log: list[str]) -> None:
    """Write down when an acknowledgement goes out."""
    send = asio._send_packet

    async def sending(eio_sid: str, packet: Any) -> None:
        await send(eio_sid, packet)
        if packet.packet_type == ACK:
            log.append("ack")

    asio._send_packet = sending


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_generator_is_closed_after_the_ack(asynchronous: bool, fails: bool) -> None:
    log: list[str] = []

    def plain() -> Iterator[str]:
        try:
            yield "session"
        except LookupError:
            log.append("rollback")
        log.append("closed")

    async def awaited() -> AsyncIterator[str]:
        try:
            yield "session"
        except LookupError:
            log.append("rollback")
        log.append("closed")

    asio = made(SAY)

    @asio.on("say")
    async def say(data: str, session: str = Depends(awaited if asynchronous else plain)) -> int:
        assert session == "session"
        log.append("handled")
        if fails:
            raise LookupError
        return 1

    log_acks(asio, log)
    assert ask(asio, "say", "a") == [SERVER_ERROR if fails else 1]
    assert log == ["handled", "ack", *(["rollback"] if fails else []), "closed"]


def test_a_generator_of_an_event_without_an_ack_is_closed() -> None:
    log: list[str] = []

    async def session() -> AsyncIterator[None]:
        yield
        log.append("closed")

    asio = made(of(message("say")))
    asio.on("say", lambda _=Depends(session): None)

    async def body(client: AsyncTestClient) -> None:
        await client.emit("say")
        await eventually(lambda: log)

    talk(asio, body)


@pytest.mark.parametrize("lifecycle_event", ["connect", "disconnect"])
def test_generators_of_a_lifecycle_event_are_closed(lifecycle_event: str) -> None:
    log: list[str] = []

    async def session() -> AsyncIterator[str]:
        yield "session"
        log.append("closed")

    def handler(session: str = Depends(session)) -> None:
        log.append(session)

    ask(made(SAY, **{lifecycle_event: handler, "say": len}), "say", "a")
    assert log == ["session", "closed"]


def failing() -> None:
    raise LookupError("MARKER")


async def failing_later() -> None:
    raise EventException(409, "taken")


NOTHING: list[None] = []


def never_yields() -> Iterator[None]:
    yield from NOTHING


async def never_yields_later() -> AsyncIterator[None]:
    for nothing in NOTHING:
        yield nothing


@pytest.mark.parametrize(
    ("dependency", "error"),
    [
        (failing, SERVER_ERROR["error"]),
        (failing_later, {"status": 409, "title": "Conflict", "detail": "taken"}),
        (never_yields, SERVER_ERROR["error"]),
        (never_yields_later, SERVER_ERROR["error"]),
    ],
)
def test_a_dependency_that_raises_is_answered(dependency: Any, error: Any) -> None:
    asio = made(SAY)
    asio.on("say", lambda data, value=Depends(dependency): pytest.fail("it must not run"))
    assert ask(asio, "say", "a") == [{"error": error}]


def raises_at_the_end() -> Iterator[None]:
    yield
    raise LookupError("at the end")


async def yields_twice() -> AsyncIterator[None]:
    yield
    yield


@pytest.mark.parametrize("dependency", [raises_at_the_end, yields_twice])
def test_a_generator_that_raises_at_its_end_is_logged(
    dependency: Any, caplog: pytest.LogCaptureFixture
) -> None:
    closed: list[str] = []

    async def other() -> AsyncIterator[None]:
        yield
        closed.append("other")

    asio = made(SAY)
    asio.on("say", lambda data, one=Depends(other), two=Depends(dependency): 1)
    assert ask(asio, "say", "a") == [1]
    assert closed == ["other"]
    (record,) = caplog.records
    assert record.getMessage().startswith("500 event 'say' in '/': ")


def test_a_dependency_has_a_stand_in_for_tests() -> None:
    asio = made(SAY)
    asio.on("say", lambda data, value=Depends(failing): value)
    asio.dependency_overrides[failing] = lambda: 7
    assert ask(asio, "say", "a") == [7]
    asio.dependency_overrides.clear()
    assert ask(asio, "say", "a") == [SERVER_ERROR]


# Middleware and exception handlers ------------------------------------------------------------------


def test_middleware_goes_around_events() -> None:
    log: list[str] = []

    async def outer(context: Context, call_next: Any) -> Any:
        log.append(f"outer {context.event}")
        answer = await call_next(context)
        return answer + 1

    class Inner:
        def around(self, context: Context, rest: Any) -> Any:
            log.append("inner")
            return (yield from rest(context))

    asio = made(SAY, say=len)
    asio.add_middleware(outer)
    asio.add_middleware(Inner, events="say")
    assert ask(asio, "say", "abc") == [4]
    assert log == ["outer say", "inner"]


def test_middleware_that_raises_is_answered(caplog: pytest.LogCaptureFixture) -> None:
    async def broken(context: Context, call_next: Any) -> Any:
        raise LookupError("MARKER")

    asio = made(SAY, say=lambda data: pytest.fail("it must not run"))
    asio.add_middleware(broken, namespace="/", events=["say"])
    assert ask(asio, "say", "abc") == [SERVER_ERROR]
    assert len(caplog.records) == 1


def test_global_middleware_is_for_all() -> None:
    asio = made(SAY, say=len)
    asio.add_middleware(lambda context, call_next: call_next(context), global_middleware=True)
    assert ask(asio, "say", "abc") == [3]
    for scope in ({"namespace": "/"}, {"events": "say"}):
        with pytest.raises(TypeError, match="`global_middleware` handles all events"):
            asio.add_middleware(lambda context, call_next: None, global_middleware=True, **scope)


def test_exception_handlers_answer_the_nearest_first() -> None:
    router = Router()
    router.exception_handler(KeyError)(lambda error: "router")
    router.on("say")(lambda data: {}[data])
    spec = of(message("say", STRING), message("other", STRING))
    asio = AsynctionAsyncServer.from_spec(spec, routers=[router])
    asio.on("other", lambda data: {}[data])

    @asio.exception_handler(LookupError)
    async def answer(error: LookupError, event: Event) -> str:
        return f"server {event}"

    @asio.exception_handler(PayloadValidationException)
    def wrong(error: PayloadValidationException, sid: SocketID) -> dict[str, Any]:
        return {"wrong": error.path[0]}

    assert ask(asio, "say", "a") == ["router"]
    assert ask(asio, "other", "a") == ["server other"]
    assert ask(asio, "other", 1) == [{"wrong": 0}]


def test_an_exception_handler_that_raises_is_answered() -> None:
    asio = made(SAY, say=lambda data: {}[data])
    asio.exception_handler(KeyError)(failing_with)
    assert ask(asio, "say", "a") == [SERVER_ERROR]


def failing_with(error: Exception) -> None:
    raise LookupError("MARKER")


def test_the_error_handler_of_the_document_answers(calls: list[Any]) -> None:
    spec = of(message("say", STRING), x_handlers={"error": "tests.server.handlers.on_error"})
    asio = made(spec, say=len)

    async def body(client: AsyncTestClient) -> None:
        assert await client.call("say", 1) == [{"handled": "PayloadValidationException"}]
        assert await client.call("other", 1) == [{"handled": "UnknownEventException"}]
        assert await client.call("connect", 1) == [{"handled": "UnknownEventException"}]
        assert await client.call("say", float("inf")) == [{"handled": "MalformedEvent"}]

    talk(asio, body)
    assert [name for name, _ in calls] == ["error"] * 4


# Acknowledgements and the log ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("schema", "result", "ack"),
    [
        (STRING, "a", ["a"]),
        ({"type": ["string", "null"]}, None, [None]),
        ({"type": "array", "items": [STRING], "minItems": 0}, None, []),
        (STRING, None, [SERVER_ERROR]),
        (STRING, 1, [SERVER_ERROR]),
        (pair(STRING, INTEGER), ("a", 1), ["a", 1]),
        (pair(STRING, INTEGER), ["a", 1], [SERVER_ERROR]),
    ],
)
def test_an_ack_is_held_to_the_contract(schema: Any, result: Any, ack: Any) -> None:
    asio = made(of(message("say", STRING, schema)), say=lambda data: result)
    assert ask(asio, "say", "a") == ack


def test_what_fails_is_one_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "asynction")
    asio = made(SAY, say=lambda data: "no integer")

    async def body(client: AsyncTestClient) -> None:
        await client.call("say", {"MARKER": 1})
        await client.call("say", "MARKER")
        await client.call("other", "MARKER")

    talk(asio, body)
    assert [record.levelname for record in caplog.records] == ["WARNING", "ERROR", "WARNING"]
    assert [record.getMessage().split(" ")[0] for record in caplog.records] == ["400", "500", "404"]
    assert "MARKER" not in caplog.text
