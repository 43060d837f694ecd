"""Clients leave when their credentials end; nobody waits for a clock here."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from asynction.runtime import adrive
from asynction.server._socketio.expiry import MAX_PAUSE, Expiries


class Event:
    """An event whose waiting moves the clock."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.sets = 0

    def set(self) -> None:
        self.sets += 1

    def clear(self) -> None:
        self.sets = 0

    def wait(self, seconds: float) -> None:
        self.server.waits.append(seconds)
        if self.server.meanwhile:
            self.server.meanwhile.pop(0)()
        if not self.sets:
            self.server.now += seconds


class Server:
    """What `Expiries` needs of a `socketio.Server`; tasks run when the test says so."""

    def __init__(self) -> None:
        self.eio = self
        self.now = 1000.0
        self.tasks: list[Callable[[], None]] = []
        self.left: list[tuple[float, str, str]] = []
        self.waits: list[float] = []
        self.meanwhile: list[Callable[[], None]] = []
        self.error: Exception | None = None

    def create_event(self) -> Event:
        return Event(self)

    def start_background_task(self, target: Any, *args: Any) -> None:
        self.tasks.append(lambda: target(*args))

    def disconnect(self, sid: str, namespace: str) -> None:
        self.left.append((self.now, sid, namespace))
        if self.error is not None:
            raise self.error

    def run(self) -> None:
        """Run the only task to its end."""
        (task,) = self.tasks
        self.tasks.clear()
        task()


class AsyncServer(Server):
    """What `Expiries` needs of a `socketio.AsyncServer`."""

    async def disconnect(self, sid: str, namespace: str) -> None:  # type: ignore[override]  # as there
        await asyncio.sleep(0)
        super().disconnect(sid, namespace)

    def run(self) -> None:
        (task,) = self.tasks
        self.tasks.clear()
        asyncio.run(task())  # type: ignore[arg-type]  # a coroutine


async def wait_async(wake: Any, pause: float) -> None:
    await asyncio.sleep(0)
    wake.wait(pause)


@pytest.fixture(params=[Server, AsyncServer])
def server(request: pytest.FixtureRequest) -> Server:
    made: Server = request.param()
    return made


@pytest.fixture
def expiries(server: Server) -> Expiries:
    if isinstance(server, AsyncServer):
        return Expiries(server, lambda: server.now, driver=adrive, wait=wait_async)
    return Expiries(server, lambda: server.now)


def test_each_leaves_at_its_end(server: Server, expiries: Expiries) -> None:
    for sid, end in (("b", 1020), ("a", 1010), ("c", 1010)):
        expiries.add(sid, "/", end)
    server.run()
    assert server.left == [(1010, "a", "/"), (1010, "c", "/"), (1020, "b", "/")]
    assert server.waits == [10, 10, 10]  # the first ended at once: somebody had come


def test_who_is_late_leaves_at_once(server: Server, expiries: Expiries) -> None:
    expiries.add("a", "/n", 0)
    server.run()
    assert server.left == [(1000, "a", "/n")]


def test_who_has_left_is_forgotten(server: Server, expiries: Expiries) -> None:
    expiries.add("a", "/", 1010)
    expiries.remove("a")
    expiries.remove("b")
    server.run()
    assert server.left == []


def test_who_comes_meanwhile_may_leave_sooner(server: Server, expiries: Expiries) -> None:
    expiries.add("a", "/", 1010)
    server.meanwhile = [lambda: expiries.add("b", "/", 1005)]
    server.run()
    assert server.left == [(1005, "b", "/"), (1010, "a", "/")]


def test_a_task_starts_again(server: Server, expiries: Expiries) -> None:
    expiries.add("a", "/", 1010)
    server.run()
    expiries.add("b", "/", 1020)
    server.run()
    assert [sid for _, sid, _ in server.left] == ["a", "b"]


def test_nobody_sleeps_for_ever(server: Server, expiries: Expiries) -> None:
    expiries.add("a", "/", 1000 + 2 * MAX_PAUSE)
    server.run()
    assert server.waits == [MAX_PAUSE, MAX_PAUSE]


def test_a_handler_that_raises_keeps_nobody_here(
    server: Server, expiries: Expiries, caplog: pytest.LogCaptureFixture
) -> None:
    server.error = LookupError("MARKER")
    expiries.add("a", "/", 1010)
    expiries.add("b", "/", 1020)
    server.run()
    assert [sid for _, sid, _ in server.left] == ["a", "b"]
    assert caplog.messages == ["disconnecting a client raised LookupError"] * 2
