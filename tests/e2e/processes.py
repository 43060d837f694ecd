"""Start a server as a process of its own on a free loopback port, and read what it logs."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

HOST = "127.0.0.1"
DEADLINE = 30.0  # seconds until a wait is a failure; no test measures time
_PAUSE = 0.02  # seconds between two looks

T = TypeVar("T")


def free_port() -> int:
    """Return a loopback port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Process:
    """A running server process and the file that its output goes to."""

    popen: subprocess.Popen[bytes]
    port: int
    output: Path
    _mark: int = field(default=0)

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def mark(self) -> None:
        """Forget the log up to here."""
        self._mark = self.output.stat().st_size

    def log(self) -> str:
        """Return what was written since the last mark."""
        with self.output.open("rb") as file:
            file.seek(self._mark)
            return file.read().decode(errors="replace")

    def records(self) -> list[str]:
        """Return the lines that asynction logged since the last mark."""
        return [line for line in self.log().splitlines() if line.startswith("[asynction")]

    def wait_for(self, look: Callable[[], T]) -> T:
        """Look until there is something, and return it; fail when the process ends before."""
        for _ in range(int(DEADLINE / _PAUSE)):
            found = look()
            if found:
                return found
            with suppress(subprocess.TimeoutExpired):
                self.popen.wait(_PAUSE)
                raise AssertionError(f"the process ended: {self.output.read_text()}")
        raise AssertionError(f"waited in vain: {self.output.read_text()}")

    def accepts(self) -> bool:
        """Say whether the process listens on its port."""
        with suppress(OSError), socket.create_connection((HOST, self.port), timeout=1):
            return True
        return False


@contextmanager
def running(command: Sequence[object], port: int, output: Path, cwd: Path | None = None) -> Iterator[Process]:
    """Run a command that serves on `port`, from when it accepts connections until the block ends.

    Its children end with it: the process leads a group of its own.
    """
    with output.open("wb") as sink:
        popen = subprocess.Popen(
            [str(part) for part in command],
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
            start_new_session=True,
        )
    process = Process(popen, port, output)
    try:
        process.wait_for(process.accepts)
        yield process
    finally:
        _stop(popen)


def _stop(popen: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(popen.pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        popen.wait(DEADLINE)
    with suppress(ProcessLookupError):  # what is left of the group
        os.killpg(popen.pid, signal.SIGKILL)
    popen.wait()
