"""How an async server stops: handlers end or are cancelled, clients leave, and nothing goes on running."""

# Mocks tell no signature, and a lambda is the handler that a signature is read of.

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from asynction import AsynctionAsyncServer
from asynction.inject import Depends
from tests.server.asgi.support import eventually, made, run
from tests.server.support import INTEGER, STRING, channel, document, message, of

SAY = of(message("say", STRING, INTEGER), sends=[message("said", STRING)])
STOPPING = {"error": {"status": 503, "title": "Service Unavailable", "detail": "the server is stopping"}}


class Gate:
    """A handler that tells when it has begun, and ends when it is let."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.open = asyncio.Event()
        self.log: list[str] = []

    async def say(self, data: str) -> int:
        self.begun.set()
        try:
            await self.open.wait()
        except asyncio.CancelledError:
            self.log.append("cancelled")
            raise
        return len(data)


def gated(**options: Any) -> tuple[AsynctionAsyncServer, Gate]:
    asio = AsynctionAsyncServer.from_spec(SAY, **options)
    gate = Gate()
    asio.on("say", gate.say)
    return asio, gate


async def nothing_runs() -> None:
    """Fail where a task goes on that is not the test's own; what has ended may need a moment to be gone."""
    for _ in range(20):
        await asyncio.sleep(0)
    names = {
        getattr(task.get_coro(), "__qualname__", "")
        for task in asyncio.all_tasks() - {asyncio.current_task()}
    }
    assert names <= {"wait_for"}  # which `run` waits for the test in


# Handlers ---------------------------------------------------------------------------------------


def test_a_handler_that_takes_too_long_is_cancelled_and_its_client_told() -> None:
    async def main() -> None:
        asio, gate = gated(grace=0)
        async with asio.test_client() as client:
            ack = asyncio.ensure_future(client.call("say", "abc"))
            await gate.begun.wait()
            await asio.shutdown()
            assert await ack == [STOPPING]
        assert gate.log == ["cancelled"]

    run(main())


def test_a_handler_that_ends_in_time_is_not_cancelled() -> None:
    async def main() -> None:
        asio, gate = gated(grace=30)
        async with asio.test_client() as client:
            ack = asyncio.ensure_future(client.call("say", "abc"))
            await gate.begun.wait()
            stopping = asyncio.ensure_future(asio.shutdown())
            gate.open.set()
            assert await ack == [3]
            await stopping
        assert gate.log == []

    run(main())


def test_an_event_that_comes_while_the_server_stops_is_cancelled_like_the_others() -> None:
    async def main() -> None:
        asio, gate = gated(grace=30)
        late = asyncio.Event()

        async def other(data: str) -> int:
            late.set()
            asio.grace = 0
            await asyncio.Event().wait()
            return 0

        async with asio.test_client() as client:
            first = asyncio.ensure_future(client.call("say", "abc"))
            await gate.begun.wait()
            stopping = asyncio.ensure_future(asio.shutdown())
            await asyncio.sleep(0)
            asio.on("say", other)
            second = asyncio.ensure_future(client.call("say", "abc"))
            await late.wait()
            gate.open.set()
            assert await first == [3]
            assert await second == [STOPPING]
            await stopping

    run(main())


def test_no_ack_is_sent_where_none_was_asked_for() -> None:
    async def main() -> None:
        asio, gate = gated(grace=0)
        async with asio.test_client() as client:
            await client.emit("say", "abc")
            await gate.begun.wait()
            await asio.shutdown()
        assert gate.log == ["cancelled"]

    run(main())


def test_a_handler_that_is_cancelled_while_serving_goes_on_is_not_told_to_stop() -> None:
    """Only when the server stops is 503 true."""

    async def main() -> None:
        asio, gate = gated()
        async with asio.test_client() as client:
            await client.emit("say", "abc")
            await gate.begun.wait()
            (task,) = asio._handlers()
            task.cancel()
            await eventually(task.done)
            ack = asyncio.ensure_future(client.call("say", "abc"))
            await eventually(asio._handlers)
            (task,) = asio._handlers()
            gate.open.set()
            assert await ack == [3]

    run(main())


def test_generators_of_a_cancelled_handler_are_closed_after_its_ack() -> None:
    log: list[str] = []

    async def session() -> AsyncIterator[str]:
        log.append("open")
        try:
            yield "session"
        except Exception:
            pytest.fail("a cancellation is no exception of the handler's")
        finally:
            log.append("closed")

    async def main() -> None:
        asio, gate = gated(grace=0)

        @asio.on("say")
        async def say(data: str, session: str = Depends(session)) -> int:
            return await gate.say(data)

        log_acks(asio, log)
        async with asio.test_client() as client:
            ack = asyncio.ensure_future(client.call("say", "abc"))
            await gate.begun.wait()
            await asio.shutdown()
            assert await ack == [STOPPING]
        assert log == ["open", "ack", "closed"]

    run(main())


def log_acks(asio: AsynctionAsyncServer, log: list[str]) -> None:
    """Write down when an acknowledgement goes out."""
    send = asio._send_packet

    async def sending(eio_sid: str, packet: Any) -> None:
        await send(eio_sid, packet)
        if packet.packet_type == 3:
            log.append("ack")

    asio._send_packet = sending


def test_a_handler_may_stop_the_server() -> None:
    async def main() -> None:
        asio = AsynctionAsyncServer.from_spec(SAY, grace=0)

        @asio.on("say")
        async def say(data: str) -> int:
            await asio.shutdown()
            return len(data)

        async with asio.test_client() as client:
            with pytest.raises(ConnectionError):
                await client.call("say", "abc")
        await nothing_runs()

    run(main())


# Clients ----------------------------------------------------------------------------------------


def test_clients_are_disconnected_and_their_handlers_run() -> None:
    async def main() -> None:
        left: list[object] = []
        asio = AsynctionAsyncServer.from_spec(document({"/": {}, "/chat": {}}))

        async def disconnect(reason: str) -> None:
            await asyncio.sleep(0)
            left.append(reason)

        asio.on("disconnect", disconnect)
        asio.on("disconnect", left.append, namespace="/chat")
        async with asio.test_client() as one, asio.test_client("/chat") as two:
            await asio.shutdown()
            for client in (one, two):
                with pytest.raises(ConnectionError):
                    await client.receive()
        assert left == ["server disconnect"] * 2
        await nothing_runs()

    run(main())


def test_the_poll_of_a_client_that_says_goodbye_ends() -> None:
    """Else the web server waits for it when it stops."""

    async def main() -> None:
        asio = AsynctionAsyncServer.from_spec(SAY, strict=False)
        transport = httpx.ASGITransport(asio.asgi_app())
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
            params = {"EIO": "4", "transport": "polling"}
            opened = await http.get("/socket.io/", params=params)
            params["sid"] = json.loads(opened.text[1:])["sid"]
            poll = asyncio.ensure_future(http.get("/socket.io/", params=params))
            await asyncio.sleep(0)
            await http.post("/socket.io/", params=params, content="1")
            await poll
        await asio.shutdown()
        await nothing_runs()

    run(main())


def test_a_polling_client_that_is_not_there_is_not_waited_for() -> None:
    async def main() -> None:
        asio = AsynctionAsyncServer.from_spec(SAY, strict=False, grace=3600)
        transport = httpx.ASGITransport(asio.asgi_app())
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
            opened = await http.get("/socket.io/", params={"EIO": "4", "transport": "polling"})
            assert opened.status_code == 200
        await asio.shutdown()
        await nothing_runs()

    run(main())


@pytest.mark.parametrize("clients", [0, 1, 3])
def test_nothing_goes_on_running(clients: int) -> None:
    async def main() -> None:
        asio = made(SAY, say=len)
        connected = [asio.test_client() for _ in range(clients)]
        for client in connected:
            await client.__aenter__()
            assert await client.call("say", "abc") == [3]
        await asio.shutdown()
        for client in connected:
            await client.__aexit__(None, None, None)
        await nothing_runs()

    run(main())


def test_a_server_stops_twice_and_starts_again() -> None:
    async def main() -> None:
        asio = made(SAY, say=len)
        for _ in range(2):
            await asio._start()
            async with asio.test_client() as client:
                assert await client.call("say", "abc") == [3]
                await asio.shutdown()
                await asio.shutdown()
        await nothing_runs()

    run(main())


# Background tasks -------------------------------------------------------------------------------


def test_background_tasks_are_cancelled() -> None:
    async def main() -> None:
        asio = made(SAY, say=len)
        log: list[str] = []

        async def forever() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                log.append("over")

        async def brief(value: str, *, more: str) -> str:
            return value + more

        long = asio.start_background_task(forever)
        assert await asio.start_background_task(brief, "a", more="b") == "ab"
        await asio.shutdown()
        assert log == ["over"]
        assert long.cancelled()
        await nothing_runs()

    run(main())


def test_a_background_task_emits_until_then() -> None:
    async def main() -> None:
        asio = made(SAY, say=len)

        async def ticking() -> None:
            while True:
                await asio.emit("said", "tick")
                await asio.sleep(0)

        async with asio.test_client() as client:
            asio.start_background_task(ticking)
            for _ in range(3):
                assert (await client.receive())["args"] == ["tick"]
            await asio.shutdown()
        await nothing_runs()

    run(main())


# A client that leaves ---------------------------------------------------------------------------


def test_a_handler_goes_on_when_its_client_has_left(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    log: list[str] = []

    async def session() -> AsyncIterator[str]:
        yield "session"
        log.append("closed")

    async def main() -> None:
        asio, gate = gated()

        @asio.on("say")
        async def say(data: str, session: str = Depends(session)) -> int:
            await gate.say(data)
            await asio.emit("said", "to whoever is there")
            log.append("done")
            return 1

        async with asio.test_client() as client:
            asking = asyncio.ensure_future(client.call("say", "abc"))
            await gate.begun.wait()
        with pytest.raises(ConnectionError):
            await asking
        gate.open.set()
        await eventually(lambda: not asio._handlers())
        assert log == ["done", "closed"]
        await asio.shutdown()
        await nothing_runs()

    run(main())
    assert not caplog.records


def test_a_client_that_leaves_the_namespace_gets_no_ack_and_nothing_breaks(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def main() -> None:
        asio = AsynctionAsyncServer.from_spec(
            document({"/": channel([message("say", STRING, INTEGER)]), "/chat": {}})
        )
        gate = Gate()
        asio.on("say", gate.say)
        async with asio.test_client() as client:
            await client.connect("/chat")
            asking = asyncio.ensure_future(client.call("say", "abc"))
            await gate.begun.wait()
            await client.disconnect("/")
            gate.open.set()
            with pytest.raises((ConnectionError, RuntimeError)):
                await asking
            assert client.is_connected("/chat")
        await asio.shutdown()

    run(main())
    assert not caplog.records
