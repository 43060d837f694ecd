"""A plain WebSocket client of a router, over two queues."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any, TypeVar

from asynction.server.websocket import SocketRouter
from tests.server.asgi.support import run

T = TypeVar("T")
HEAD = {"asyncapi": "2.6.0", "info": {"title": "T", "version": "1"}}


def scope(path: str = "/", query: str = "", **headers: str) -> dict[str, Any]:
    """Make the scope of a WebSocket."""
    listed = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {"type": "websocket", "path": path, "query_string": query.encode(), "headers": listed}


class Client:
    """An ASGI server with one client; what the router sends is in `sent` until it is asked for."""

    def __init__(self, router: SocketRouter, of: dict[str, Any]) -> None:
        self.incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.sent: asyncio.Queue[Any] = asyncio.Queue()
        self.takes = asyncio.Event()
        self.takes.set()
        self.incoming.put_nowait({"type": "websocket.connect"})
        self.serving = asyncio.ensure_future(router(of, self.incoming.get, self._send))

    async def _send(self, message: Any) -> None:
        await self.takes.wait()
        self.sent.put_nowait(message)

    def send(self, text: str | bytes) -> None:
        """Send a frame as it is."""
        key = "text" if isinstance(text, str) else "bytes"
        self.incoming.put_nowait({"type": "websocket.receive", key: text})

    def ask(self, route: str, payload: object = None, uuid: object = 1, **more: object) -> None:
        """Send a request."""
        self.send(json.dumps({"uuid": uuid, "route": route, "payload": payload, **more}))

    async def message(self) -> Any:
        """Return the next message of the router to the server."""
        return await self.sent.get()

    async def receive(self) -> Any:
        """Return the next frame."""
        return json.loads((await self.message())["text"])

    async def call(self, route: str, payload: object = None, **more: Any) -> Any:
        """Send a request and return the status and the payload of its answer."""
        self.ask(route, payload, **more)
        answer = await self.receive()
        assert answer["uuid"] == more.get("uuid", 1)
        return answer["status"], answer["payload"]

    async def leave(self) -> None:
        """Leave, and wait until the router has noticed."""
        self.incoming.put_nowait({"type": "websocket.disconnect", "code": 1000})
        await self.serving


def talk(
    router: SocketRouter, body: Callable[..., Awaitable[T]], *scopes: dict[str, Any], leave: bool = True
) -> T:
    """Run a test with a client for each scope; nothing may run when they have left."""

    async def main() -> T:
        async with AsyncExitStack() as stack:
            clients = []
            for each in scopes or (scope(),):
                client = Client(router, each)
                assert await client.message() == {"type": "websocket.accept"}
                if leave:
                    stack.push_async_callback(client.leave)
                clients.append(client)
            result = await body(*clients)
        assert asyncio.all_tasks() - before == set()
        return result

    async def bounded() -> T:
        before.update(asyncio.all_tasks())
        return await main()

    before: set[asyncio.Task[Any]] = set()
    return run(bounded())


def answer(router: SocketRouter, route: str, payload: object = None, **more: Any) -> Any:
    """Connect, and return the status and the payload of one answer."""

    async def body(client: Client) -> Any:
        return await client.call(route, payload, **more)

    return talk(router, body)


def refused(router: SocketRouter, of: dict[str, Any] | None = None) -> Any:
    """Connect, and return the message with which the client is refused."""

    async def body() -> Any:
        client = Client(router, of or scope())
        await client.serving
        return await client.message()

    return run(body())
