"""A document, servers that keep it and one that does not, and clients with and without a network."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import aiohttp
import requests
import socketio

from asynction.client import AsynctionAsyncClient, AsynctionClient
from asynction.client._base import ContractClient
from asynction.testing import serve_wsgi
from asynction.testing._websocket import WebSocket
from tests.server.support import INTEGER, STRING, channel, document, message, pair
from tests.serving import DEADLINE

BINARY = {"type": "string", "format": "binary"}
CHAT = channel(
    [
        message("double", INTEGER, INTEGER),
        message("note", STRING),
        message("pair", pair(STRING, INTEGER), pair(STRING, INTEGER)),
        message("blob", BINARY, BINARY),
        message("bare"),
        message("fail", INTEGER, {"type": "object", "required": ["error"]}),
    ],
    [
        message("told", STRING),
        message("asked", INTEGER, INTEGER),
        message("picture", BINARY),
        message("open"),
    ],
)
ROOMS = channel(
    [message("say", STRING, STRING)],
    [message("said", STRING)],
    parameters={"roomId": {"schema": INTEGER}},
)
SPEC = document({"/": CHAT, "/news": channel([message("read", ack=STRING)]), "/rooms/{roomId}": ROOMS})
HANDSHAKE = {
    "ws": {
        "query": {"type": "object", "properties": {"level": INTEGER}, "required": ["level"]},
        "headers": {"type": "object", "properties": {"X-Team": {"enum": ["red"]}}},
    }
}


class Wire:
    """A client in namespaces of no server: what it would send is in `sent`."""

    def __init__(self, kind: type[Any], spec: Any = SPEC, *namespaces: str, **options: Any) -> None:
        self.client: ContractClient = kind.from_spec(spec, handle_sigint=False, **options)
        self.client.namespaces = dict.fromkeys(namespaces or ("/",), "sid")
        self.client.connected = True
        self.sent: list[Any] = []
        if not self.client.is_asyncio_based():  # what would have a thread of its own is done at once
            self.client.start_background_task = lambda function, *args: function(*args)
        self.client.eio.send = self._asend if self.client.is_asyncio_based() else self.sent.append

    async def _asend(self, data: Any) -> None:
        self.sent.append(data)

    def do(self, method: str, *args: Any, **kwargs: Any) -> Any:
        """Call a method of the client."""
        found = getattr(self.client, method)
        if not self.client.is_asyncio_based():
            return found(*args, **kwargs)

        async def called() -> Any:
            return await found(*args, **kwargs)

        return asyncio.run(called())

    def feed(self, *packets: Any) -> list[Any]:
        """Have packets arrive; gives what the client sends meanwhile."""
        self.sent.clear()
        for packet in packets:
            self.do("_handle_eio_message", packet)
        return list(self.sent)


@contextmanager
def connected(url: str, spec: Any = SPEC, **options: Any) -> Iterator[AsynctionClient]:
    """A client, connected to the namespaces of its contract and those that are named."""
    with joining(spec) as client:
        client.connect(url, wait_timeout=DEADLINE, **options)
        yield client


@contextmanager
def joining(spec: Any = SPEC, **options: Any) -> Iterator[AsynctionClient]:
    """A client that is to connect; what it opened is closed."""
    options.setdefault("reconnection", False)
    with requests.Session() as http:
        client = AsynctionClient.from_spec(
            spec, http_session=http, websocket_extra_options={"class_": WebSocket}, **options
        )
        try:
            yield client
        finally:
            # Else a connection that breaks now is made again, for ever; each try draws a random number, which
            # Hypothesis notices in other tests.
            client.reconnection = False
            client.shutdown()
            while (task := client._reconnect_task) is not None and task.is_alive():
                client._reconnect_abort.set()
                task.join(0.1)


class _Reading:
    """A session that reads every answer: Engine.IO leaves those to POST, and their connections, open."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    async def post(self, *args: Any, **kwargs: Any) -> aiohttp.ClientResponse:
        response = await self._session.post(*args, **kwargs)
        await response.read()
        return response


@asynccontextmanager
async def ajoining(spec: Any = SPEC, **options: Any) -> AsyncIterator[AsynctionAsyncClient]:
    """An async client that is to connect; what it opened is closed."""
    options.setdefault("reconnection", False)
    async with aiohttp.ClientSession() as http:
        client = AsynctionAsyncClient.from_spec(
            spec, http_session=_Reading(http), handle_sigint=False, **options
        )
        try:
            yield client
        finally:
            await client.shutdown()


@contextmanager
def breaking(*namespaces: str, **handlers: Callable[..., Any]) -> Iterator[tuple[str, socketio.Server]]:
    """A server that nothing holds to a contract, with these handlers in `/`; gives its URL and itself."""
    server = socketio.Server(async_mode="threading", namespaces=list(namespaces) or ["/"])
    for event, handler in handlers.items():
        server.on(event, handler)
    with serve_wsgi(socketio.WSGIApp(server)) as url:
        yield url, server
