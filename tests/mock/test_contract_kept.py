"""A hundred clients and ten minutes, in which another validator checks everything that a mock sends.

The time is simulated: the mock's sleep moves the clock.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from contextlib import AsyncExitStack
from itertools import cycle
from typing import Any

import flask
import pytest
from jsonschema import Draft7Validator, FormatChecker

from asynction import MockAsynctionAsyncServer, MockAsynctionSocketIO
from asynction.runtime import adrive, drive
from tests.mock import documents
from tests.server.asgi.support import run
from tests.server.support import client_of

pytestmark = pytest.mark.no_cover  # tracing would double its time, and other tests reach the same lines

CLIENTS = 100
MINUTES = 10
INTERVAL = 10.0
COMPONENTS = {"components": {"schemas": {"Person": documents.PERSON}}}

Heard = list[tuple[str, str, str, Any]]
"""The client that received it, `emitted` or `acknowledged`, the event, and its args."""


def judge(args: Mapping[str, Any]) -> Draft7Validator:
    """Return the schema of the list of args, written without the code under test."""
    return Draft7Validator({**args, "type": "array", **COMPONENTS}, format_checker=FormatChecker())


def one(schema: Mapping[str, Any]) -> Draft7Validator:
    """Return the schema of one arg."""
    return judge({"items": [schema], "minItems": 1, "maxItems": 1})


NOTHING = judge({"maxItems": 0})
TWO = judge({"items": documents.PAIR["items"], "minItems": 2, "maxItems": 2})
JUDGES = {
    ("emitted", "joined"): one(documents.REF),
    ("emitted", "listed"): one(documents.PEOPLE),
    ("emitted", "ticked"): NOTHING,
    ("emitted", "moved"): TWO,
    ("acknowledged", "ask"): one(documents.PEOPLE),
    ("acknowledged", "bye"): NOTHING,
    ("acknowledged", "make"): one(documents.REF),
}
ASKED: dict[str, list[tuple[Any, ...]]] = {
    "/": [("ask", "x", documents.person(1)), ("bye",)],
    "/rooms/1": [("make", documents.person(7))],
    "/rooms/2": [("make", documents.person(8))],
}
ROUNDS = int(MINUTES * 60 / INTERVAL)


class Clock:
    """A simulated clock: a sleep ends at once, and after the last minute all clients have left."""

    def __init__(self) -> None:
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        """Move the clock."""
        self.now += seconds

    def is_over(self) -> bool:
        """Return True after the last minute."""
        return self.now > MINUTES * 60


def args_of(event: Mapping[str, Any]) -> list[Any]:
    args = event["args"]
    return args if isinstance(args, list) else [args]


def flask_heard(seed: int, count: int = CLIENTS) -> Heard:
    """Return everything that the clients of a Flask mock receive."""
    app, clock = flask.Flask("test"), Clock()
    asio = MockAsynctionSocketIO.from_spec(
        documents.big(), app=app, async_mode="threading", interval=INTERVAL, seed=seed
    )
    tasks: list[Any] = []
    asio.server.start_background_task = lambda driver, flow: tasks.append(flow)
    asio.server.sleep = clock.sleep
    asio._emitter._is_over = lambda server, number: clock.is_over()  # type: ignore[method-assign]
    clients = [
        (name, client_of(asio, name))
        for name, _ in zip(cycle(documents.NAMESPACES), range(count), strict=False)
    ]
    heard: Heard = []

    def ask() -> None:
        for number, (name, client) in enumerate(clients):
            for event, *args in ASKED[name]:
                heard.append((str(number), "acknowledged", event, client.ask(event, *args, namespace=name)))

    (flow,) = tasks
    ask()
    drive(flow)
    ask()
    for number, (name, client) in enumerate(clients):
        for event in client.get_received(name):
            heard.append((str(number), "emitted", event["name"], args_of(event)))
    return heard


def asgi_heard(seed: int, count: int = CLIENTS) -> Heard:
    """Return everything that the clients of an ASGI mock receive."""
    asio = MockAsynctionAsyncServer.from_spec(documents.big(), interval=INTERVAL, seed=seed)
    clock, heard, tasks = Clock(), Heard(), list[Any]()
    start = asio.start_background_task

    def keep(target: Any, *args: Any, **kwargs: Any) -> Any:
        if target is adrive:
            return tasks.append(args[0])
        return start(target, *args, **kwargs)

    async def sleep(seconds: float) -> None:
        clock.sleep(seconds)
        await asyncio.sleep(0)

    asio.start_background_task = keep
    asio._emitter._is_over = lambda server, number: clock.is_over()  # type: ignore[method-assign]
    asio.sleep = sleep

    async def main() -> None:
        async with AsyncExitStack() as stack:
            clients = [
                await stack.enter_async_context(asio.test_client(name))
                for name, _ in zip(cycle(documents.NAMESPACES), range(count), strict=False)
            ]

            async def ask() -> None:
                for number, client in enumerate(clients):
                    for event, *args in ASKED[client._namespace]:
                        heard.append((str(number), "acknowledged", event, await client.call(event, *args)))

            (flow,) = tasks
            await ask()
            await adrive(flow)
            await ask()  # everything that was sent before has arrived, too
            for number, client in enumerate(clients):
                for event in client.get_received():
                    heard.append((str(number), "emitted", event["name"], args_of(event)))

    run(main())
    return heard


WIRES = {"flask": flask_heard, "asgi": asgi_heard}


@pytest.mark.parametrize("wire", WIRES)
def test_all_that_a_hundred_clients_hear_in_ten_minutes_keeps_the_contract(wire: str) -> None:
    heard = WIRES[wire](seed=1)

    for client, what, event, args in heard:
        faults = [error.message for error in JUDGES[what, event].iter_errors(args)]
        assert faults == [], (client, what, event, args)
    counted = Counter((what, event) for _, what, event, _ in heard)
    members = Counter(name for name, _ in zip(cycle(documents.NAMESPACES), range(CLIENTS), strict=False))
    rooms = members["/rooms/1"] + members["/rooms/2"]
    assert counted == {
        ("emitted", "joined"): members["/"] * MINUTES * 2,
        ("emitted", "listed"): members["/"] * ROUNDS,
        ("emitted", "ticked"): members["/"] * ROUNDS,
        ("emitted", "moved"): rooms * ROUNDS,
        ("acknowledged", "ask"): members["/"] * 2,
        ("acknowledged", "bye"): members["/"] * 2,
        ("acknowledged", "make"): rooms * 2,
    }


@pytest.mark.parametrize("wire", WIRES)
def test_a_seed_repeats_all_values(wire: str) -> None:
    first, second, other = (WIRES[wire](seed, count=6) for seed in (1, 1, 2))
    assert first == second != other


def test_both_wires_say_the_same() -> None:
    assert flask_heard(seed=1, count=3) == asgi_heard(seed=1, count=3)
