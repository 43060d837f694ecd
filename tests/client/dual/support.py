"""Servers and dual-mode clients, on loopback."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from threading import Event
from typing import Any

import socketio
from aiohttp import web

from asynction import AsynctionAsyncServer, EventException
from asynction.client import LogLevel, SocketClient
from asynction.server.gateway import ApiGateway
from asynction.testing import serve_asgi
from tests.e2e.processes import free_port
from tests.serving import DEADLINE

OPTIONS: dict[str, object] = {
    "reconnection_delay": 0.001,
    "reconnection_delay_max": 0.002,
    "timeout": DEADLINE,
    "log_level": LogLevel.DEBUG,
}

INTEGER = {"type": "integer"}
SPEC: dict[str, Any] = {
    "asyncapi": "2.6.0",
    "info": {"title": "Dual", "version": "1.0.0"},
    "channels": {
        "/": {
            "publish": {
                "message": {
                    "oneOf": [
                        {"name": "double", "payload": INTEGER, "x-ack": {"args": INTEGER}},
                        {"name": "refuse"},
                        {"name": "never"},
                        {"name": "slow", "payload": INTEGER, "x-ack": {"args": INTEGER}},
                    ]
                }
            }
        }
    },
}


def run(body: Coroutine[Any, Any, None]) -> None:
    """Run a test; it fails if it hangs."""
    asyncio.run(asyncio.wait_for(body, DEADLINE))


async def lose(client: SocketClient) -> None:
    """Close the connection of a client, without stopping the server."""
    assert client._connection is not None
    await client._connection._sio.eio.ws.close()


async def eventually(condition: Callable[[], object]) -> None:
    """Wait until a condition is true; `run` ends a test in which it never is."""
    while not condition():
        await asyncio.sleep(0.005)


class Service:
    """A running gateway: its URL, and the calls that it has run."""

    socket_url: str
    http_url: str

    def __init__(self, callback_port: int, runs: list[object]) -> None:
        self.callback_port = callback_port
        self.callback_url = f"http://localhost:{callback_port}/callback"
        self.runs = runs
        self.release = Event()

    def at(self, url: str) -> None:
        self.socket_url = url.replace("http", "ws", 1)
        self.http_url = f"{url}/api/call"

    @property
    def http(self) -> tuple[str, str]:
        return self.http_url, self.callback_url


@contextmanager
def served(**options: Any) -> Iterator[Service]:
    """Serve a gateway by ASGI."""
    port, runs = free_port(), list[object]()
    asio = AsynctionAsyncServer.from_spec(SPEC, docs=False, grace=0)
    service = Service(port, runs)

    @asio.on("slow")
    def slow(data: int) -> int:
        runs.append(data)
        assert service.release.wait(DEADLINE)
        return data * 2

    @asio.on("double")
    async def double(data: int) -> int:
        runs.append(data)
        return data * 2

    @asio.on("refuse")
    async def refuse(data: object) -> None:
        raise EventException(409, "not now")

    @asio.on("never")
    async def never(data: object) -> None:
        runs.append(data)
        await asyncio.Event().wait()

    gateway = ApiGateway(asio, allowed_origins=[f"http://localhost:{port}"], delay=0.01, **options)
    with serve_asgi(gateway.asgi_app(asio.asgi_app())) as url:
        service.at(url)
        yield service


@contextmanager
def foreign(on_api: Callable[[Any, str, dict[str, Any]], Awaitable[None]]) -> Iterator[str]:
    """Serve the protocol as its first server does: without acks, and without storing calls."""
    sio = socketio.AsyncServer(async_mode="asgi")

    async def api(sid: str, message: dict[str, Any]) -> None:
        await on_api(sio, sid, message)

    sio.on("api", api)

    with serve_asgi(socketio.ASGIApp(sio), lifespan="off") as url:
        yield url.replace("http", "ws", 1)


@asynccontextmanager
async def connected(*urls: Any, **options: Any) -> AsyncIterator[SocketClient]:
    """Connect a client, and disconnect it in the end."""
    make: Any = SocketClient  # for the type checker, any of the URLs could be the options
    client: SocketClient = make(*urls, options={**OPTIONS, **options})
    await client.connect_to_server()
    try:
        yield client
    finally:
        await client.disconnect()


@asynccontextmanager
async def receiving(client: SocketClient, port: int) -> AsyncIterator[list[Any]]:
    """Pass requests to the callback URL to a client; return the responses."""
    answers: list[Any] = []

    async def callback(request: web.Request) -> web.Response:
        answers.append(await client.handle_callback(await request.json()))
        return web.json_response(answers[-1])

    app = web.Application()
    app.router.add_post("/callback", callback)
    async with site(app, port):
        yield answers


@asynccontextmanager
async def site(app: web.Application, port: int) -> AsyncIterator[None]:
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "localhost", port).start()
    try:
        yield
    finally:
        await runner.cleanup()


@asynccontextmanager
async def answering(status: int, body: object) -> AsyncIterator[str]:
    """Serve HTTP with the same response to every call; return its URL."""
    text = body if isinstance(body, str) else json.dumps(body)

    async def answer(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(status=status, text=text, headers={"Location": "/"})

    app = web.Application()
    app.router.add_post("/api/call", answer)
    port = free_port()
    async with site(app, port):
        yield f"http://localhost:{port}/api/call"


_DEAD: list[socket.socket] = []


def dead_port() -> int:
    """Return a loopback port that refuses all connections while the tests run.

    A port that is only free may become the source port of a client that tries it repeatedly: then the client
    would be connected to itself.
    """
    held = socket.socket()
    held.bind(("127.0.0.1", 0))  # bound, but not listening
    _DEAD.append(held)
    port: int = held.getsockname()[1]
    return port
