"""Plain security functions have their own threads: handlers do not wait for them, clients not without end."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Iterator
from contextlib import AsyncExitStack
from functools import partial
from typing import Any

import jwt
import pytest

from asynction import AsynctionAsyncServer, SecurityException
from asynction.inject import inline
from asynction.security import JwtCheck, SecurityBusy
from asynction.security._key_server import KeyServer
from asynction.server._asgi.security import SecurityThreads
from tests.server.asgi.support import eventually, run
from tests.server.support import channel, document, message
from tests.serving import DEADLINE

SCHEME = {"type": "http", "scheme": "bearer", "x-bearerInfoFunc": "unused.function"}
BUSY = {
    "message": "Service Unavailable",
    "data": {
        "status": 503,
        "title": "Service Unavailable",
        "detail": "the credentials cannot be checked now; try again later",
    },
}


def secured() -> dict[str, Any]:
    channels = {"/": channel([message("echo", {})]), "/secret": channel(**{"x-security": [{"token": []}]})}
    return document(channels, components={"securitySchemes": {"token": SCHEME}})


class Gate:
    """A security function that waits until the test lets it go on."""

    def __init__(self) -> None:
        self.begun = threading.Semaphore(0)
        self.open = threading.Event()
        self.calls: list[str] = []

    def __call__(self, token: str, scopes: list[str], form: str | None) -> dict[str, str]:
        self.calls.append(token)
        self.begun.release()
        assert self.open.wait(DEADLINE)
        return {"sub": token}


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.open.set()


def served(gate: Gate) -> AsynctionAsyncServer:
    asio = AsynctionAsyncServer.from_spec(secured(), security_functions={"token": gate})
    asio.on("echo", lambda sid, value: value)  # plain, so it needs a thread
    return asio


async def begun(gate: Gate, count: int = 1) -> None:
    await eventually(lambda: len(gate.calls) == count)


def test_slow_functions_keep_no_handler_waiting(gate: Gate) -> None:
    asio = served(gate)

    async def main() -> None:
        async with AsyncExitStack() as stack:
            strangers = [asio.test_client("/secret", auth={"token": str(number)}) for number in range(40)]
            entering = [asyncio.ensure_future(each.__aenter__()) for each in strangers]
            await begun(gate, 16)
            other = await stack.enter_async_context(asio.test_client())
            assert await other.call("echo", 7) == [7]
            assert not any(task.done() for task in entering)
            gate.open.set()
            await asyncio.gather(*entering)
            for stranger in strangers:
                stack.push_async_exit(stranger)
            assert all(stranger.is_connected("/secret") for stranger in strangers)

    run(main())


def test_who_waits_too_long_for_a_thread_is_refused(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("asynction.server.asgi.SecurityThreads", partial(SecurityThreads, 1, 0.05))
    asio = served(gate)

    async def main() -> None:
        first = asio.test_client("/secret", auth={"token": "first"})
        entering = asyncio.ensure_future(first.__aenter__())
        await begun(gate)
        async with asio.test_client("/secret", auth={"token": "second"}) as second:
            assert second.refusals == {"/secret": BUSY}
        gate.open.set()
        await entering
        assert first.is_connected("/secret")  # a function that has begun is not cut short
        await first.__aexit__(None, None, None)

    run(main())
    assert gate.calls == ["first"]


# The threads themselves -----------------------------------------------------------------------------


def test_a_client_that_leaves_is_not_checked_any_more(gate: Gate) -> None:
    threads = SecurityThreads(1, DEADLINE)
    check = threads.prepare(gate)

    async def main() -> None:
        first = asyncio.ensure_future(check("first", [], None))
        await begun(gate)
        second = asyncio.ensure_future(check("second", [], None))
        await asyncio.sleep(0)
        second.cancel()
        with pytest.raises(asyncio.CancelledError):
            await second
        gate.open.set()
        assert await first == {"sub": "first"}
        assert await check("third", [], None) == {"sub": "third"}

    run(main())
    assert gate.calls == ["first", "third"]


def test_a_client_that_leaves_does_not_stop_a_function_that_has_begun(
    gate: Gate, caplog: pytest.LogCaptureFixture
) -> None:
    threads = SecurityThreads(1, 0.05)
    check = threads.prepare(gate)

    async def main() -> None:
        leaving = asyncio.ensure_future(check("a", [], None))
        await begun(gate)
        leaving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leaving
        with pytest.raises(SecurityBusy):
            await check("b", [], None)  # the thread is still taken

    run(main())
    gate.open.set()  # the loop is closed by now
    threads._pool.shutdown()
    assert gate.calls == ["a"]
    assert not caplog.records


def test_a_fetch_of_keys_outlives_the_loop_that_waited_for_it(caplog: pytest.LogCaptureFixture) -> None:
    begun: list[Any] = []
    server = KeyServer("idp.example", lambda timeout: {}, start=begun.append)
    token = jwt.encode({"exp": 2_000_000_000}, "s" * 32, algorithm="HS256", headers={"kid": "a"})
    check = SecurityThreads().prepare(JwtCheck({"algorithms": ["RS256"]}, 0, None, server, 0.05))

    async def main() -> None:
        for _ in range(2):  # the second waits no more
            with pytest.raises(SecurityException):
                await check(token)

    run(main())
    (end,) = begun
    end()
    assert not caplog.records


def test_what_a_function_raises_is_raised() -> None:
    def fails(token: str) -> None:
        raise StopIteration if token == "stop" else LookupError

    async def main() -> None:
        check = SecurityThreads().prepare(fails)
        with pytest.raises(LookupError):
            await check("x")
        with pytest.raises(RuntimeError, match="StopIteration"):
            await check("stop")

    run(main())


def test_functions_that_need_no_thread_are_not_changed() -> None:
    async def later(token: str) -> None:
        """Be awaited."""

    def here(token: str) -> None:
        """Run on the loop."""

    marked = inline(here)
    threads = SecurityThreads()
    assert threads.prepare(later) is later
    assert threads.prepare(marked) is marked


VALUE: contextvars.ContextVar[str] = contextvars.ContextVar("VALUE", default="")


def test_a_function_sees_the_context_of_its_client_and_may_return_an_awaitable() -> None:
    async def found(text: str) -> str:
        return text

    def check(token: str) -> Any:
        return found(VALUE.get() + token)

    async def main() -> str:
        VALUE.set("of the client, ")
        text: str = await SecurityThreads().prepare(check)("token")
        return text

    assert run(main()) == "of the client, token"
