"""Sends the same events on all three wires.

Start app.py, then run `python specs/examples/quotes/call.py`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any, Protocol

from aiohttp import ClientSession, ClientWebSocketResponse

from asynction import AsynctionAsyncClient
from asynction.client import CallError

_CONTRACT = Path(__file__).resolve().with_name("asyncapi.yaml")
_KEY = "key-of-ada"
_TRADE = ("trade", ("ACME", 13.5))  # a tuple is several args
_ASKED: list[tuple[str, object]] = [
    ("price", "ACME"),
    ("price", "NONE"),
    ("price", 7),
    ("history", ("ACME", 3)),
    ("history", ("ACME",)),
    ("watch", "ACME"),
    _TRADE,
]
_WIDTH = 33


class Wire(Protocol):
    """A connection, or for HTTP a client."""

    async def ask(self, event: str, data: object) -> str:
        """Return the result, or the status and the fault."""

    async def tick(self) -> str:
        """Wait for an event of the server and return it."""


class SocketIO:
    """Socket.IO: an event and its acknowledgement."""

    def __init__(self, client: AsynctionAsyncClient) -> None:
        self.client = client
        self.ticks: asyncio.Queue[object] = asyncio.Queue()
        client.on("tick", self.ticks.put)

    async def ask(self, event: str, data: object) -> str:
        try:
            return _json(await self.client.call(event, data))
        except CallError as error:
            return _wrong(error.status, error.detail or error.title, error.pointer)

    async def tick(self) -> str:
        return _json(await self.ticks.get())


class WebSocket:
    """A plain WebSocket: a frame in each direction, with the same `uuid`."""

    def __init__(self, ws: ClientWebSocketResponse[bool]) -> None:
        self.ws = ws
        self.ticks: deque[object] = deque()

    async def ask(self, event: str, data: object) -> str:
        await self.ws.send_json({"uuid": 1, "route": event, "payload": data})
        while "route" in (frame := await self.ws.receive_json()):  # an event that was pushed in the meantime
            self.ticks.append(frame["payload"])
        status, payload = frame["status"], frame["payload"]
        if status == HTTPStatus.OK:
            return _json(payload)
        return _wrong(status, payload.get("detail", payload["Message"]), payload.get("pointer"))

    async def tick(self) -> str:
        return _json(self.ticks.popleft() if self.ticks else (await self.ws.receive_json())["payload"])


class Http:
    """HTTP: a request and its response."""

    def __init__(self, http: ClientSession) -> None:
        self.http = http

    async def ask(self, event: str, data: object) -> str:
        async with self.http.post(f"/events/{event}", json=data) as response:
            answer = await response.json(content_type=None)
        if response.ok:
            return _json(answer)
        return _wrong(answer["status"], answer.get("detail", answer["title"]), answer.get("pointer"))

    async def tick(self) -> str:
        return "only answers"


@asynccontextmanager
async def connected(url: str, key: str | None = None) -> AsyncIterator[list[Wire]]:
    """Connect on all three wires, with or without a key."""
    headers = {"X-Api-Key": key} if key else {}
    client = AsynctionAsyncClient.from_spec(
        _CONTRACT, validation=False
    )  # the server must report the fault, not the client
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(ClientSession(url, headers=headers))
        ws = await stack.enter_async_context(http.ws_connect("/ws"))
        socketio = SocketIO(client)
        await client.connect(url, credentials={"key": key} if key else None, wait_timeout=10)
        stack.push_async_callback(client.disconnect)
        yield [socketio, WebSocket(ws), Http(http)]


async def main() -> None:
    """Ask without a key, then trade with one; print the results in a column for each wire."""
    parser = argparse.ArgumentParser(description="Call the quotes example.")
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    url: str = parser.parse_args().url
    _show("", ["Socket.IO", "WebSocket", "HTTP"])
    async with connected(url) as visitor, connected(url, _KEY) as trader:
        for event, data in _ASKED:
            _show(f"{event} {_json(data)}", [await wire.ask(event, data) for wire in visitor])
        _show("the same with a key", [await wire.ask(*_TRADE) for wire in trader])
        _show("tick", [await wire.tick() for wire in visitor])


def _show(question: str, answers: list[str]) -> None:
    print("".join(cell.ljust(_WIDTH) for cell in (question, *answers)).rstrip())


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def _wrong(status: int, detail: str, pointer: str | None) -> str:
    return f"{status} {detail}" + (f" at {pointer}" if pointer else "")


if __name__ == "__main__":
    asyncio.run(main())
