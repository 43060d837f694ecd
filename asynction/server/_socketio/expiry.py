"""Disconnects clients when their credentials end (`x-enforceExpiry`)."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Generator
from threading import Lock
from typing import Any, TypeAlias

from asynction.runtime import Args, Function, drive

LONGEST = 3600.0
"""How many seconds are slept at once: clocks are set, and computers sleep too."""

log = logging.getLogger("asynction")

Watching: TypeAlias = "Generator[tuple[Function, Args], object, None]"


def wait_for(wake: Any, pause: float) -> None:
    """Wait until `wake` is set, `pause` seconds at the most."""
    wake.wait(pause)


class Expiries:
    """Who is to leave when, watched by one background task, which ends when nobody is left.

    `server` is a `socketio.Server` or `AsyncServer`; its own kinds of task and event fit however it
    serves. `driver` runs the task, and `wait` waits in it for such an event, so many seconds at the most.
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
        """Disconnect a client at `end`, in seconds since the epoch."""
        with self._lock:
            self._ends[sid] = (end, namespace)
            if self._wake is not None:
                self._wake.set()
                return
            self._wake = self._server.eio.create_event()
        self._server.start_background_task(self._driver, self._watch(self._wake))

    def remove(self, sid: str) -> None:
        """Forget a client that has left."""
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
                pause = min([LONGEST, *(end - now for end, _ in self._ends.values())])
            for sid, namespace in due:
                try:
                    yield self._server.disconnect, (sid, namespace)
                except Exception as error:  # of a handler, while testing; the others are to leave as well
                    log.error("disconnecting a client raised %s", type(error).__name__)
            if not due:
                yield self._wait, (wake, pause)
                wake.clear()
