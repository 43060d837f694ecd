"""`asio.sync`: what `def` handlers and other threads send, on the event loop of the server."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
import socketio

from asynction import AsynctionAsyncServer, NotEnabledError, PayloadValidationException
from asynction.inject import inline
from asynction.server._asgi.testing import AsyncTestClient
from tests.server.asgi.support import run, talk
from tests.server.support import INTEGER, STRING, channel, document, message

ROOM = channel(
    [message("do")],
    [message("text", STRING), message("message", STRING), message("ask", STRING, INTEGER)],
)
SPEC = document({"/": ROOM, "/rooms/{id}": {**ROOM, "parameters": {"id": {}}}})


def made(action: Callable[[AsynctionAsyncServer, str], object]) -> AsynctionAsyncServer:
    """Make a server whose `def` handler of `do` runs an action with its sid, in a thread."""
    asio = AsynctionAsyncServer.from_spec(SPEC)

    def do(sid: str) -> object:
        assert threading.current_thread() is not threading.main_thread()
        return action(asio, sid)

    for namespace in ("/", "/rooms/{id}"):
        asio.on("do", do, namespace)
    return asio


def names(client: AsyncTestClient) -> list[tuple[str, Any]]:
    return [(packet["name"], packet["args"]) for packet in client.get_received()]


def emit_twice(asio: AsynctionAsyncServer, sid: str) -> str:
    asio.sync.emit("text", "a")
    asio.sync.send("b", to=sid)
    return "done"


def through_rooms(asio: AsynctionAsyncServer, sid: str) -> None:
    asio.sync.enter_room(sid, "r")
    asio.sync.emit("text", "in", to="r")
    asio.sync.leave_room(sid, "r")
    asio.sync.emit("text", "left", room="r")
    asio.sync.enter_room(sid, "r")
    asio.sync.close_room("r")
    asio.sync.emit("text", "closed", to="r")


def with_sessions(asio: AsynctionAsyncServer, sid: str) -> object:
    asio.sync.save_session(sid, {"a": 1})
    with asio.sync.session(sid) as session:
        session["b"] = 2
    return asio.sync.get_session(sid)


@pytest.mark.parametrize(
    ("action", "answer", "sent"),
    [
        (emit_twice, ["done"], [("text", ["a"]), ("message", "b")]),
        (through_rooms, [], [("text", ["in"])]),
        (with_sessions, [{"a": 1, "b": 2}], []),
    ],
)
def test_a_def_handler_calls_the_server(action: Any, answer: list[Any], sent: list[Any]) -> None:
    async def body(client: AsyncTestClient) -> None:
        assert await client.call("do") == answer
        assert names(client) == sent

    talk(made(action), body)


def test_a_def_handler_of_a_pattern_emits_in_its_own_namespace() -> None:
    def action(asio: AsynctionAsyncServer, sid: str) -> None:
        asio.sync.emit("text", "a", namespace="/rooms/{id}")

    async def body(client: AsyncTestClient, other: AsyncTestClient) -> None:
        await client.call("do")
        assert names(client) == [("text", ["a"])]
        assert names(other) == []

    talk(made(action), body, "/rooms/1", "/rooms/2")


def test_a_def_handler_asks_its_client_and_disconnects_it() -> None:
    def action(asio: AsynctionAsyncServer, sid: str) -> object:
        answer = asio.sync.call("ask", "?", to=sid)
        asio.sync.disconnect(sid)
        return answer

    answers: list[object] = []
    asio = made(lambda asio, sid: answers.append(action(asio, sid)))

    async def body(client: AsyncTestClient) -> None:
        client.on("ask", lambda text: 3)
        await client.emit("do")
        while client.is_connected():
            await asyncio.sleep(0)

    talk(asio, body)
    assert answers == [3]


def test_what_breaks_the_contract_is_raised_in_the_thread() -> None:
    def action(asio: AsynctionAsyncServer, sid: str) -> str:
        with pytest.raises(PayloadValidationException, match="/0: must be string"):
            asio.sync.emit("text", 1)
        return "raised"

    async def body(client: AsyncTestClient) -> None:
        assert await client.call("do") == ["raised"]

    talk(made(action), body)


async def in_foreign_thread(function: Callable[[], object]) -> object:
    """Run a function in a thread that knows nothing of this task."""
    done: Future[object] = Future()

    def runs() -> None:
        try:
            done.set_result(function())
        except Exception as error:
            done.set_exception(error)

    threading.Thread(target=runs).start()
    return await asyncio.wrap_future(done)


def test_a_foreign_thread_emits_once_the_server_serves() -> None:
    asio = AsynctionAsyncServer.from_spec(SPEC, strict=False)
    asio.on("do", emit_twice)
    asio.on("do", emit_twice, "/rooms/{id}")
    with pytest.raises(NotEnabledError, match=r"not started.*write `asyncio.run\(asio.emit\(...\)\)`"):
        asio.sync.emit("text", "a")

    async def body(client: AsyncTestClient) -> None:
        await in_foreign_thread(lambda: asio.sync.emit("text", "a"))
        assert (await client.receive())["args"] == ["a"]

    talk(asio, body)


def test_after_the_server_has_stopped_nothing_is_sent() -> None:
    asio = made(emit_twice)

    async def main() -> None:
        async with asio.test_client():
            pass
        await asio.shutdown()
        with pytest.raises(NotEnabledError, match="not started"):
            await in_foreign_thread(lambda: asio.sync.emit("text", "a"))

    run(main())


def test_a_call_that_the_stop_of_the_loop_cancels_is_an_error() -> None:
    asio = made(emit_twice)

    async def main() -> Future[object]:
        async with asio.test_client() as client:
            sid = next(iter(asio.manager.get_participants("/", None)))[0]
            asked = asyncio.Event()

            async def ask(text: str) -> None:
                asked.set()
                await asyncio.Event().wait()

            client.on("ask", ask)
            asio.sync.serve_on(asyncio.get_running_loop())
            pool = ThreadPoolExecutor(1)
            waiting = pool.submit(asio.sync.call, "ask", "?", to=sid, timeout=600)
            await asked.wait()
            pool.shutdown(wait=False)
            return waiting  # `asyncio.run` cancels what is left

    waiting = asyncio.run(main())
    with pytest.raises(NotEnabledError, match="has stopped"):
        waiting.result()


@pytest.mark.parametrize("name", ["emit", "send"])
def test_on_the_event_loop_it_would_block_so_it_is_refused(name: str) -> None:
    asio = AsynctionAsyncServer.from_spec(SPEC, strict=False)

    @asio.on("do")
    @inline
    def do(sid: str) -> str:
        with pytest.raises(RuntimeError, match=rf"this is the event loop: write `await asio.{name}\(...\)`"):
            getattr(asio.sync, name)("text")
        return "refused"

    asio.on("do", do, "/rooms/{id}")

    async def body(client: AsyncTestClient) -> None:
        assert await client.call("do") == ["refused"]

    talk(asio, body)


def test_a_server_that_another_application_wraps_is_known_by_its_first_client() -> None:
    asio = made(emit_twice)
    asio._service.check_complete()
    app = socketio.ASGIApp(asio)

    async def main() -> None:
        async with AsyncTestClient(app, "/", path="socket.io") as client:
            await in_foreign_thread(lambda: asio.sync.emit("text", "a"))
            assert (await client.receive())["args"] == ["a"]

    run(main())
    with pytest.raises(NotEnabledError, match="has stopped"):
        asio.sync.emit("text", "a")
