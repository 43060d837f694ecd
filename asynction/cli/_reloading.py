"""Runs a function in a process that is restarted when code, or a file of a document, changes."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

# Private, but Flask-SocketIO imports it, too.
from werkzeug._reloader import StatReloaderLoop, reloader_loops, run_with_reloader
from werkzeug.serving import is_running_from_reloader

from asynction.document import reporting_reads

_State: TypeAlias = "tuple[int, int, int] | None"
"""The time, size and inode of a file, by which a change is noticed; None if there is no file."""

_NAME = "asynction"

_stops: list[Callable[[], None]] = []
"""The functions that stop the servers in other threads of this process."""


def run_reloading(prepare: Callable[[], Callable[[], None]]) -> None:
    """Run what `prepare` returns in another process, and restart that when a file changes.

    These are the files of modules, new ones on the import path, and those that documents were read from, or
    would be if they existed. `prepare` runs in the main thread, for the sake of the modules that it imports;
    what it returns runs in another one.
    """
    read: dict[Path, _State] = {}
    reloader_loops[_NAME] = partial(_Reloader, read, time.time())  # type: ignore[assignment]  # it makes one
    report = partial(_remember, read)
    serve: Callable[[], None] = _nothing
    if is_running_from_reloader():
        with reporting_reads(report):
            serve = prepare()
    try:
        run_with_reloader(partial(_reporting, report, serve), reloader_type=_NAME)
    finally:
        for stop in tuple(_stops):
            stop()


@contextmanager
def stopped_by(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` before the process ends, if that is within a block of the thread that serves."""
    _stops.append(stop)
    try:
        yield
    finally:
        _stops.remove(stop)


def _nothing() -> None:
    """Do nothing: the parent process only starts the other one."""


def _reporting(report: Callable[[Path], None], serve: Callable[[], None]) -> None:
    # Because of this variable, Werkzeug's server would expect a socket from the parent process.
    os.environ.pop("WERKZEUG_RUN_MAIN", None)
    with reporting_reads(report):
        serve()


def _remember(read: dict[Path, _State], path: Path) -> None:
    read.setdefault(path, _state(path))


def _state(path: Path) -> _State:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


class _Reloader(StatReloaderLoop):
    """Werkzeug's reloader, which also watches the files that documents were read from.

    By itself it watches only files that exist when it starts, and compares them with their state at its first
    look; a broken document or import may need a new file, or may be mended before that.
    """

    def __init__(self, read: dict[Path, _State], started: float, **options: Any) -> None:
        super().__init__(**options)
        self._read = read
        self._started = started

    def run_step(self) -> None:
        """Restart the process if a file has changed."""
        for path, state in list(self._read.items()):  # another thread may add to it
            if _state(path) != state:
                self.trigger_reload(str(path))
        known = self.mtimes.copy()
        super().run_step()
        now = time.time()
        for name in self.mtimes.keys() - known:
            # A file from the future would restart the process for ever.
            if self._started < self.mtimes[name] <= now:
                self.trigger_reload(name)
