"""Sends a mock's events for as long as there are clients."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from threading import Lock
from typing import Any

from asynction.contract import Contract
from asynction.mock._script import Emissions, Script
from asynction.runtime import Args, Function, Match, Router


class Emitter:
    """The background tasks of a mock: they start with the first client, and end when the last one has left.

    `server` is a `socketio.Server` or `AsyncServer`, `driver` runs a flow on it, and `match` tells the
    namespace of the contract that a client's namespace belongs to.
    """

    def __init__(
        self,
        script: Script,
        match: Callable[[str], Match | None],
        *,
        driver: Function,
        emit: Callable[[str, Args, str], object],
    ) -> None:
        self.script = script
        self._match = match
        self._driver = driver
        self._emit = emit
        self._running: set[int] = set()
        self._lock = Lock()
        self._workers = 1

    def set_workers(self, number: int) -> None:
        """Let so many tasks share the events, at the most; raises ValueError for less than one."""
        if number < 1:
            raise ValueError("events are sent by one worker at the least")
        self._workers = number

    def start(self, server: Any) -> None:
        """Start the tasks that do not run; each has its share of the events."""
        keys = self.script.sends
        for number in range(min(self._workers, len(keys))):
            with self._lock:
                if number in self._running:
                    continue
                self._running.add(number)
            emissions = self.script.emissions(
                keys[number :: self._workers],
                self._emit,
                server.sleep,
                partial(self._places, server),
                partial(self._is_over, server, number),
            )
            server.start_background_task(self._driver, self._watched(number, emissions))

    def _watched(self, number: int, emissions: Emissions) -> Emissions:
        try:
            yield from emissions
        except BaseException:  # the task is cancelled: the next client starts it anew
            with self._lock:
                self._running.discard(number)
            raise

    def _is_over(self, server: Any, number: int) -> bool:
        with self._lock:  # whoever comes in after the look finds the task ended, and starts it
            if next(_occupied(server), None) is not None:
                return False
            self._running.discard(number)
            return True

    def _places(self, server: Any, name: str) -> Iterator[str]:
        """The namespaces with clients that a namespace of the contract stands for."""
        for namespace in _occupied(server):
            match = self._match(namespace)
            if match is not None and match.name == name:
                yield namespace


def _occupied(server: Any) -> Iterator[str]:
    """The namespaces that clients are in, or are coming in to."""
    for namespace in list(server.manager.get_namespaces()):
        try:
            is_empty = next(server.manager.get_participants(namespace, None), None) is None
        except KeyError:  # in another thread the last one has just left
            continue
        if not is_empty:
            yield namespace


def play_all(contract: Contract, play: Function) -> Router:
    """A router that has `play` for every event that a contract receives."""
    router = Router()
    for namespace in contract.namespaces.values():
        for name in namespace.receives:
            router.on(name, namespace.name)(play)
    return router
