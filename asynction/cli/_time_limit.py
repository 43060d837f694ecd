"""Ends a command that takes too long: a document may come from a stranger."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Timer

TIMED_OUT = 3
"""The exit code of a command that has been ended."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """End the process with a message if the block takes longer.

    A thread ends it, because the main thread may wait in a system call, for the writer of a pipe for example.
    """
    timer = Timer(seconds, _end, [seconds])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _end(seconds: float) -> None:
    sys.stdout.flush()
    sys.stderr.write(f"Error: the check took longer than {seconds:g} seconds (`--timeout`).\n")
    sys.stderr.flush()
    os._exit(TIMED_OUT)
