"""The static files of the page: its own, and the vendored libraries."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

STATIC = Path(__file__).parent / "static"

CONSOLE = ("console.js", "vendor/socket.io.esm.min.js")
"""The files that the console needs; without the schema validator it works, but checks nothing."""

TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
"""The content types of files that are served, by suffix."""

_NAME = re.compile(r"(?:[A-Za-z0-9_-][A-Za-z0-9_.-]*/)*[A-Za-z0-9_-][A-Za-z0-9_.-]*")


def asset(name: str) -> bytes | None:
    """Return the content of a file in `static`; None for any other name."""
    path = STATIC / name
    # `_NAME` allows no `..` and no absolute path: nothing outside the folder is read.
    if not _NAME.fullmatch(name) or path.suffix not in TYPES or not path.is_file():
        return None
    return path.read_bytes()


def assets() -> Iterator[str]:
    """Yield the names of all files that are served."""
    for path in sorted(STATIC.rglob("*")):
        if path.is_file() and path.suffix in TYPES:
            yield path.relative_to(STATIC).as_posix()


def missing() -> tuple[str, ...]:
    """Return the files that the console needs but that are missing."""
    return tuple(name for name in CONSOLE if not (STATIC / name).is_file())


def has_console() -> bool:
    """Return whether the page has a console: a checkout may lack the vendored libraries."""
    return not missing()
