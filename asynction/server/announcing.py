"""Says where the docs page and the HTTP wire are, when a server starts."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, Sequence

from asynction.server._socketio.common import ContractServer

_LOGGERS = ("uvicorn.error", "hypercorn.error", "asynction")
"""The loggers of ASGI servers, whose lines users see without configuring anything; else ours."""


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
    """Log what `notices` returns, and how uvicorn reloads with `files`, those of the document."""
    loggers = map(logging.getLogger, _LOGGERS)
    log = next((each for each in loggers if each.hasHandlers() and each.isEnabledFor(logging.INFO)), None)
    if log is None:
        return
    for notice in notices(server):
        log.info("%s", notice)
    if files and _reloads_code_only(sys.argv):
        suffixes = sorted({f"'*.{name.rpartition('.')[2]}'" for name in files})
        flags = " ".join(f"--reload-include {suffix}" for suffix in suffixes)
        log.info("To reload with the document too: uvicorn ... %s (needs the package watchfiles)", flags)


def _reloads_code_only(argv: Sequence[str]) -> bool:
    """Return whether this process was started by `uvicorn --reload` without `--reload-include`."""
    return (
        "uvicorn" in argv[0] and "--reload" in argv and not any("--reload-include" in word for word in argv)
    )
