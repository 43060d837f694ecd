"""Says where the docs page and the HTTP wire are, when a server starts."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from asynction.server._socketio.common import ContractServer

_LOGGERS = ("uvicorn.error", "hypercorn.error", "asynction")
"""The loggers of ASGI servers, whose lines users see without configuring anything; else ours."""

_RELOADS: Mapping[str, tuple[str, str | None]] = {
    "fastapi": ("dev", "--no-reload"),
    "fastapi_cli": ("dev", "--no-reload"),
    "hypercorn": ("--reload", None),
    "uvicorn": ("--reload", "--reload-include"),
}
"""The word that makes a program reload code, and the option with which it does not, or not only that."""

RELOAD_HINT = "To reload with the document too: asynction dev"


def notices(server: ContractServer, origin: str = "") -> Iterator[str]:
    """Yield a line for each URL of a server: its docs page, its HTTP wire, and the OpenAPI document.

    Without `origin`, such as `http://127.0.0.1:5000`, they have only the paths.
    """
    if server.docs_path is not None:
        yield _docs_notice(f"{origin}{server.docs_path}")
    if server.http_path is not None:
        yield f"Events by HTTP: {origin}{server.http_path}/"
    if server.docs_path is not None and server.http_path is not None:
        yield f"OpenAPI document: {origin}{server.docs_path}openapi.json"


def _docs_notice(url: str) -> str:
    from asynction.ui import has_console  # importing the templates takes time

    if has_console():
        return f"Docs page with console: {url}"
    return f"Docs page: {url} (without a console, which `make assets` adds)"


def log_notices(server: ContractServer, files: Sequence[str]) -> None:
    """Log what `notices` returns, and how to reload with `files`, those of the document."""
    loggers = map(logging.getLogger, _LOGGERS)
    log = next((each for each in loggers if each.hasHandlers() and each.isEnabledFor(logging.INFO)), None)
    if log is None:
        return
    for notice in notices(server):
        log.info("%s", notice)
    if hint := reload_hint(files, sys.argv):
        log.info("%s", hint)


def reload_hint(files: Sequence[str], argv: Sequence[str]) -> str | None:
    """Return how to reload with `files` too; None if this process was not started to reload code only."""
    program = Path(argv[0]).stem if argv else ""
    if program == "__main__":  # of `python -m`
        program = Path(argv[0]).parent.name
    if not files or program not in _RELOADS:
        return None
    word, exception = _RELOADS[program]
    if word not in argv or (exception and any(each.startswith(exception) for each in argv)):
        return None
    if program != "uvicorn":
        return RELOAD_HINT
    suffixes = sorted({f"'*.{name.rpartition('.')[2]}'" for name in files})
    flags = " ".join(f"--reload-include {suffix}" for suffix in suffixes)
    return f"{RELOAD_HINT}, or uvicorn ... {flags} (needs the package watchfiles)"
