"""Sends the events of a mock while there are clients."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from threading import Lock
from typing import Any

from asynction.contract import Contract
from asynction.mock._script import Emissions, Script
from asynction.runtime import Args, Function, Match, Router


class Emitter:
    """The background tasks of a mock: they start with the first client and end after the last one has left.

    Args:
        script: the events to send, and their values.
        match: returns the contract's namespace for that of a client.
        driver: runs a flow on the server: `drive` or `adrive`.
        emit: sends an event: called with its name, its args and a client's namespace.
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
        """Set the maximum number of tasks that share the events; raises ValueError if it is less than 1."""
        if number < 1:
            raise ValueError(f"the number of workers must be at least 1, not {number}")
        self._workers = number

    def start(self, server: Any) -> None:
        """Start the tasks that do not run yet; `server` is a `socketio.Server` or `AsyncServer`."""
        keys = self.script.sends
        for number in range(min(self._workers, len(keys))):
            with self._lock:
                if number in self._running:
                    continue
                self._running.add(number)
            # Every n-th event, so that a slow event does not delay those of the other workers.
            emissions = self.script.emissions(
                keys[number :: self._workers],
                self._emit,
                server.sleep,
                partial(self._namespaces, server),
                partial(self._is_over, server, number),
            )
            server.start_background_task(self._driver, self._watched(number, emissions))

    def _watched(self, number: int, emissions: Emissions) -> Emissions:
        try:
            yield from emissions
        except BaseException:  # the task is cancelled: the next client starts it again
            with self._lock:
                self._running.discard(number)
            raise

    def _is_over(self, server: Any, number: int) -> bool:
        # One lock for the look and the note: a client that connects after it starts the task again.
        with self._lock:
            if next(_occupied(server), None) is not None:
                return False
            self._running.discard(number)
            return True

    def _namespaces(self, server: Any, name: str) -> Iterator[str]:
        """Yield the namespaces with clients that belong to a namespace of the contract."""
        for namespace in _occupied(server):
            match = self._match(namespace)
            if match is not None and match.name == name:
                yield namespace


def _occupied(server: Any) -> Iterator[str]:
    """Yield the namespaces that have clients, including clients that are still connecting."""
    # A copy of the list: clients connect and leave in other threads.
    for namespace in list(server.manager.get_namespaces()):
        try:
            is_empty = next(server.manager.get_participants(namespace, None), None) is None
        except KeyError:  # the last client has just left, in another thread
            continue
        if not is_empty:
            yield namespace


def play_all(contract: Contract, play: Function) -> Router:
    """Return a router with `play` as the handler of every event that a contract receives."""
    router = Router()
    for namespace in contract.namespaces.values():
        for name in namespace.receives:
            router.on(name, namespace.name)(play)
    return router
