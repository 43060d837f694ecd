"""A dual-mode client through the loss of its server: every call ends somehow, and none runs twice."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from asynction.client import LogLevel, SocketClient
from tests.e2e.processes import DEADLINE, HOST, Process, free_port, running

HERE = Path(__file__).parent
FAST: dict[str, object] = {
    "reconnection_delay": 0.02,
    "reconnection_delay_max": 0.05,
    "timeout": DEADLINE,
    "log_level": LogLevel.CRITICAL,
}


class Service:
    """A server process that can be killed, and started again on the same port."""

    def __init__(self, folder: Path, stack: ExitStack, callback_port: int) -> None:
        self.port = free_port()
        self.url = f"{HOST}:{self.port}"
        self._runs = folder / "runs"
        self._runs.touch()
        self._folder = folder
        self._stack = stack
        self._callbacks = f"http://localhost:{callback_port}"
        self.process: Process | None = None

    def start(self) -> None:
        command = [sys.executable, HERE / "dual_service.py", "--port", self.port, "--runs", self._runs]
        self.process = self._stack.enter_context(
            running([*command, "--callbacks", self._callbacks], self.port, self._folder / "log")
        )

    def kill(self) -> None:
        assert self.process is not None
        os.kill(self.process.popen.pid, signal.SIGKILL)
        self.process.popen.wait(DEADLINE)

    def runs(self) -> Counter[str]:
        return Counter(self._runs.read_text().splitlines())


@pytest.fixture
def callback_port() -> int:
    return free_port()


@pytest.fixture
def service(tmp_path: Path, callback_port: int) -> Iterator[Service]:
    with ExitStack() as stack:
        yield Service(tmp_path, stack, callback_port)


def run(body: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(body, 2 * DEADLINE))


async def eventually(condition: Callable[[], object]) -> None:
    """Look until something is so; `run` ends what never is."""
    while not condition():
        await asyncio.sleep(0.01)


async def off_loop(function: Callable[[], None]) -> None:
    await asyncio.to_thread(function)


@asynccontextmanager
async def connected(
    service: Service, callback_port: int | None = None, **options: Any
) -> AsyncIterator[SocketClient]:
    """A client of the service; with a port, its results may come there."""
    http: tuple[str, ...] = ()
    if callback_port is not None:
        http = (f"http://{service.url}/api/call", f"http://localhost:{callback_port}/callback")
    make: Any = SocketClient  # the type checker takes any of the addresses for the options
    client: SocketClient = make(f"ws://{service.url}", *http, options={**FAST, **options})

    async def callback(request: web.Request) -> web.Response:
        return web.json_response(await client.handle_callback(await request.json()))

    app = web.Application()
    app.router.add_post("/callback", callback)
    runner = web.AppRunner(app)
    await runner.setup()
    if callback_port is not None:
        await web.TCPSite(runner, "localhost", callback_port).start()
    try:
        await client.connect_to_server()
        yield client
    finally:
        await client.disconnect()
        await runner.cleanup()


async def outcome(call: Awaitable[Any]) -> object:
    try:
        return await call
    except Exception as error:
        return error


def test_a_killed_server_loses_no_call_silently_and_runs_none_twice(
    service: Service, callback_port: int
) -> None:
    async def body() -> None:
        service.start()
        async with connected(service, callback_port) as client:
            told: list[Any] = []

            async def callback(answer: Any) -> None:
                told.append(answer["data"])

            client.register_callback("stuck", callback)
            assert await client.request("quick", 1) == 2
            stuck = [asyncio.create_task(outcome(client.request("stuck", number))) for number in range(20)]
            for number in range(20, 25):
                await client.call_api("stuck", number)
            await eventually(lambda: len(service.runs()) == 26)
            quick = [
                asyncio.create_task(outcome(client.request("quick", number))) for number in range(100, 150)
            ]
            await asyncio.sleep(0)  # they are on their way when the server is killed
            await off_loop(service.kill)
            await off_loop(service.start)
            ends = await asyncio.gather(*stuck)
            assert all(isinstance(end, ConnectionError) for end in ends)
            assert "unknown" in str(ends[0])
            for number, end in zip(range(100, 150), await asyncio.gather(*quick), strict=True):
                assert end == number * 2 or isinstance(end, ConnectionError)
            await eventually(lambda: len(told) == 5)
            assert all(data["error"]["status"] in (409, 503) for data in told)
            await eventually(lambda: client.mode == "socket")
            assert await client.request("quick", 200) == 400

    run(body())
    assert set(service.runs().values()) == {1}


def test_without_http_the_client_connects_again_or_says_that_it_cannot(service: Service) -> None:
    async def body() -> None:
        service.start()
        async with connected(service, reconnection_attempts=1000) as client:
            stuck = asyncio.create_task(outcome(client.request("stuck", 1)))
            await eventually(lambda: service.runs()["stuck 1"])
            await off_loop(service.kill)
            await eventually(lambda: client.mode is None)
            waiting = asyncio.create_task(client.request("quick", 2))  # waits for the connection
            await off_loop(service.start)
            assert await waiting == 4
            assert isinstance(await stuck, ConnectionError)
        async with connected(service, reconnection_attempts=2) as client:
            await off_loop(service.kill)
            await eventually(lambda: client.mode is None)
            with pytest.raises(ConnectionError):
                await client.request("quick", 3)
            with pytest.raises(ConnectionError):
                await client.request("quick", 4)  # also when all attempts have been made

    run(body())
    assert service.runs() == Counter({"stuck 1": 1, "quick 2": 1})


def test_http_takes_over_and_gives_back(service: Service, callback_port: int) -> None:
    async def body() -> None:
        async with connected(service, callback_port) as client:  # there is no server yet
            assert client.mode == "http"
            with pytest.raises(ConnectionError):
                await client.request("quick", 1)
            await off_loop(service.start)
            await eventually(lambda: client.mode == "socket")
            assert await client.request("quick", 2) == 4
            await off_loop(service.kill)
            await eventually(lambda: client.mode == "http")
            await off_loop(service.start)
            await eventually(lambda: client.mode == "socket")
            assert await client.request("quick", 3) == 6
        async with connected(service, callback_port, reconnection=False) as client:
            await client._connection._sio.eio.ws.close()  # type: ignore[union-attr]  # the connection, not the server
            await eventually(lambda: client.mode == "http")
            assert await client.request("quick", 4) == 8

    run(body())
    assert service.runs() == Counter({"quick 2": 1, "quick 3": 1, "quick 4": 1})
