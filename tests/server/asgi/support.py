"""Async servers of documents in a few words, and clients of them without a network."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack
from typing import Any, TypeVar

from asynction import AsynctionAsyncServer
from asynction.server._asgi.testing import AsyncTestClient
from tests.serving import DEADLINE

T = TypeVar("T")
Body = Callable[..., Awaitable[T]]


def made(spec: Any, **handlers: Any) -> AsynctionAsyncServer:
    """Make a server of `spec`, with these handlers of events of `/`."""
    asio = AsynctionAsyncServer.from_spec(spec)
    for event, handler in handlers.items():
        asio.on(event, handler)
    return asio


def run(body: Coroutine[Any, Any, T]) -> T:
    """Run a test; one that hangs fails."""
    return asyncio.run(asyncio.wait_for(body, DEADLINE))


def talk(asio: AsynctionAsyncServer, body: Body[T], *namespaces: str, **options: Any) -> T:
    """Run a test with a client in each of these namespaces, of `/` if none is given."""

    async def main() -> T:
        async with AsyncExitStack() as stack:
            clients = [
                await stack.enter_async_context(asio.test_client(namespace, **options))
                for namespace in namespaces or ("/",)
            ]
            return await body(*clients)

    return run(main())


def ask(
    asio: AsynctionAsyncServer, event: str, *args: object, namespace: str = "/", **options: Any
) -> list[Any]:
    """Connect, emit an event and return the args of its acknowledgement."""

    async def body(client: AsyncTestClient) -> list[Any]:
        return await client.call(event, *args)

    return talk(asio, body, namespace, **options)


def refusal(asio: AsynctionAsyncServer, namespace: str = "/", **options: Any) -> Any:
    """Connect, and return what the client is refused with; None where it is let in."""

    async def body(client: AsyncTestClient) -> Any:
        assert client.is_connected() != bool(client.refusals)
        return client.refusals.get(namespace)

    return talk(asio, body, namespace, **options)


async def eventually(condition: Callable[[], object]) -> None:
    """Let other tasks run until something is so; `run` ends what never is."""
    while not condition():
        await asyncio.sleep(0)
