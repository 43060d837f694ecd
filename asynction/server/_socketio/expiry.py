"""Disconnects clients when their credentials expire (`x-enforceExpiry`)."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Generator
from threading import Lock
from typing import Any, TypeAlias

from asynction.runtime import Args, Function, drive

MAX_PAUSE = 3600.0
"""The longest wait in seconds: a clock may be changed, or the computer may sleep, meanwhile."""

log = logging.getLogger("asynction")

Watching: TypeAlias = "Generator[tuple[Function, Args], object, None]"


def wait_for(wake: Any, pause: float) -> None:
    """Wait until `wake` is set, for at most `pause` seconds."""
    wake.wait(pause)


class Expiries:
    """The expiry times of clients, with one background task that runs while there are any.

    Args:
        server: a `socketio.Server` or `AsyncServer`; its own tasks and events fit its `async_mode`.
        now: returns the current Unix time.
        driver: runs the flow of the task: `drive` or `adrive`.
        wait: waits for an event of the server, for at most a number of seconds.
    """

    def __init__(
        self,
        server: Any,
        now: Callable[[], float] = time.time,
        *,
        driver: Callable[[Watching], object] = drive,
        wait: Callable[[Any, float], object] = wait_for,
    ) -> None:
        self._server = server
        self._driver = driver
        self._wait = wait
        self._now = now
        self._lock = Lock()
        self._ends: dict[str, tuple[float, str]] = {}
        self._wake: Any = None

    def add(self, sid: str, namespace: str, end: float) -> None:
        """Disconnect a client at `end`, a Unix time."""
        with self._lock:
            self._ends[sid] = (end, namespace)
            if self._wake is not None:
                self._wake.set()
                return
            self._wake = self._server.eio.create_event()
        self._server.start_background_task(self._driver, self._watch(self._wake))

    def remove(self, sid: str) -> None:
        """Remove a client that has disconnected."""
        with self._lock:
            self._ends.pop(sid, None)

    def _watch(self, wake: Any) -> Watching:
        while True:
            now = self._now()
            with self._lock:
                if not self._ends:
                    self._wake = None
                    return
                due = [(sid, namespace) for sid, (end, namespace) in self._ends.items() if end <= now]
                for sid, _ in due:
                    del self._ends[sid]
                pause = min([MAX_PAUSE, *(end - now for end, _ in self._ends.values())])
            for sid, namespace in due:
                try:
                    yield self._server.disconnect, (sid, namespace)
                except Exception as error:  # a disconnect handler, while testing; the others must leave, too
                    log.error("disconnecting a client raised %s", type(error).__name__)
            if not due:
                yield self._wait, (wake, pause)
                wake.clear()
