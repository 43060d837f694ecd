"""The files that the page loads: its own, and the libraries that are put beside them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

STATIC = Path(__file__).parent / "static"

CONSOLE = ("console.js", "vendor/socket.io.esm.min.js")
"""Without these there is no console; without the schema validator it says that it checks nothing."""

TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
"""What is served, by the end of its name."""

_NAME = re.compile(r"(?:[A-Za-z0-9_-][A-Za-z0-9_.-]*/)*[A-Za-z0-9_-][A-Za-z0-9_.-]*")


def asset(name: str) -> bytes | None:
    """The content of a file below `static`; None for any other name."""
    path = STATIC / name
    if not _NAME.fullmatch(name) or path.suffix not in TYPES or not path.is_file():
        return None
    return path.read_bytes()


def assets() -> Iterator[str]:
    """The names of all files that are served."""
    for path in sorted(STATIC.rglob("*")):
        if path.is_file() and path.suffix in TYPES:
            yield path.relative_to(STATIC).as_posix()


def missing() -> tuple[str, ...]:
    """The files that the console needs and that are not there."""
    return tuple(name for name in CONSOLE if not (STATIC / name).is_file())
