"""The background tasks of a mock: when they start and end, and where they send."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from asynction.document import load
from asynction.mock._emitter import Emitter, play_all
from asynction.runtime import Args, Match, drive
from tests.mock.support import script
from tests.server.support import STRING, channel, document, message


class Server:
    """A server for an emitter: with clients, a clock, and tasks that the test runs."""

    def __init__(self, *namespaces: str) -> None:
        self.manager = self
        self.rooms = {namespace: {"sid": "eio"} for namespace in namespaces}
        self.tasks: list[tuple[Callable[[Any], object], Any]] = []
        self.leaving: set[str] = set()
        self.slept = 0.0
        self.on_sleep: Callable[[], None] = lambda: None

    def get_namespaces(self) -> Any:
        return self.rooms.keys()

    def get_participants(self, namespace: str, room: None) -> Iterator[tuple[str, str]]:
        if namespace in self.leaving:
            raise KeyError(room)
        yield from self.rooms[namespace].items()

    def sleep(self, seconds: float) -> None:
        self.slept += seconds
        self.on_sleep()
        if self.slept > 10:
            raise AssertionError("it does not end")

    def start_background_task(self, target: Callable[[Any], object], flow: Any) -> None:
        self.tasks.append((target, flow))

    def run(self) -> None:
        """Run the tasks until they end."""
        while self.tasks:
            target, flow = self.tasks.pop(0)
            target(flow)


def match(namespace: str) -> Match | None:
    if namespace.startswith("/rooms/"):
        return Match("/rooms/{id}")
    return Match(namespace) if namespace in ("/", "/chat") else None


SPEC = document(
    {
        "/": channel(sends=[message("a", {"const": 1}), message("b", {"const": 2})]),
        "/rooms/{id}": channel(sends=[message("c", {"const": 3})], parameters={"id": {"schema": STRING}}),
    }
)


class Stage:
    """An emitter and the events that it sends."""

    def __init__(self, *namespaces: str) -> None:
        self.server = Server(*namespaces)
        self.sent: list[tuple[str, Args, str]] = []
        self.emitter = Emitter(
            script(SPEC),
            match,
            driver=drive,
            emit=lambda event, args, namespace: self.sent.append((event, args, namespace)),
        )

    def start(self) -> None:
        self.emitter.start(self.server)

    def leave_at(self, seconds: float) -> None:
        """Disconnect all clients."""

        def leave() -> None:
            if self.server.slept >= seconds:
                self.server.rooms.clear()

        self.server.on_sleep = leave

    def run_until(self, seconds: float) -> list[tuple[str, Args, str]]:
        self.leave_at(seconds)
        self.server.run()
        return self.sent


def test_events_are_sent_until_the_last_client_has_left() -> None:
    stage = Stage("/")
    stage.start()
    assert stage.run_until(3) == [("a", (1,), "/"), ("b", (2,), "/")] * 2
    assert stage.server.slept == 3


def test_events_of_a_pattern_go_to_all_its_namespaces_with_clients() -> None:
    stage = Stage("/rooms/1", "/rooms/2", "/elsewhere")
    stage.start()
    assert stage.run_until(2) == [("c", (3,), "/rooms/1"), ("c", (3,), "/rooms/2")]


def test_more_clients_start_no_more_tasks() -> None:
    stage = Stage("/")
    stage.start()
    stage.start()
    assert len(stage.server.tasks) == 1


def test_the_next_client_starts_it_again() -> None:
    stage = Stage("/")
    for round in (1, 2):
        stage.server.slept = 0
        stage.server.rooms["/"] = {"sid": "eio"}
        stage.start()
        assert len(stage.run_until(2)) == 2 * round


@pytest.mark.parametrize("begun", [False, True])
def test_a_task_that_was_cancelled_is_started_again(begun: bool) -> None:
    stage = Stage("/")
    stage.start()
    ((_, flow),) = stage.server.tasks
    next(flow)
    if begun:
        flow.send(None)
    flow.close()
    stage.server.tasks.clear()
    stage.start()
    assert len(stage.server.tasks) == 1


def test_a_namespace_that_the_last_client_is_just_leaving_is_empty() -> None:
    stage = Stage("/", "/rooms/1")
    stage.server.leaving = {"/"}
    stage.start()
    assert stage.run_until(2) == [("c", (3,), "/rooms/1")]


def test_a_namespace_without_clients_is_sent_nothing() -> None:
    stage = Stage("/", "/rooms/1")
    stage.server.rooms["/"].clear()
    stage.start()
    assert stage.run_until(2) == [("c", (3,), "/rooms/1")]


@pytest.mark.parametrize(("workers", "tasks"), [(1, 1), (2, 2), (8, 3)])
def test_workers_share_the_events(workers: int, tasks: int) -> None:
    stage = Stage("/", "/rooms/1")
    stage.emitter.set_workers(workers)
    stage.start()
    assert len(stage.server.tasks) == tasks
    flows = [flow for _, flow in stage.server.tasks]
    for flow in flows:
        next(flow)  # all sleep
    found = []
    for flow in flows:
        function, args = flow.send(None)
        while function != stage.server.sleep:
            found.append(args)
            function, args = flow.send(None)
    assert sorted(found) == [("a", (1,), "/"), ("b", (2,), "/"), ("c", (3,), "/rooms/1")]


def test_there_is_at_least_one_worker() -> None:
    with pytest.raises(ValueError, match="the number of workers must be at least 1, not 0"):
        Stage().emitter.set_workers(0)


def test_every_event_that_is_received_is_played() -> None:
    spec = document({"/": channel([message("say")], [message("told")]), "/chat": channel([message("ask")])})
    router = play_all(load(spec), print)
    found: list[tuple[str, str, object]] = []

    class Listener:
        def hear(self, registration: Any) -> None:
            found.append((registration.namespace, registration.event, registration.handler))

    listener = Listener()
    router.subscribe(listener.hear)
    assert found == [("/", "say", print), ("/chat", "ask", print)]
