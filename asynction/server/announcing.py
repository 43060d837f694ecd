"""Says where the docs page is, when a server starts."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence

from asynction.server._socketio.common import ContractServer

_LOGGERS = ("uvicorn.error", "hypercorn.error", "asynction")
"""The loggers of ASGI servers, whose lines users see without configuring anything; else ours."""


def docs_notice(server: ContractServer, origin: str = "") -> str | None:
    """Return a line with the URL of a server's docs page; None if it has none.

    Without `origin`, such as `http://127.0.0.1:5000`, it has only the path.
    """
    from asynction.ui import has_console  # importing the templates takes time

    if server.docs_path is None:
        return None
    if has_console():
        return f"Docs page with console: {origin}{server.docs_path}"
    return f"Docs page: {origin}{server.docs_path} (without a console, which `make assets` adds)"


def log_notices(server: ContractServer, files: Sequence[str]) -> None:
    """Log what `docs_notice` returns, and how uvicorn reloads with `files`, those of the document."""
    loggers = map(logging.getLogger, _LOGGERS)
    log = next((each for each in loggers if each.hasHandlers() and each.isEnabledFor(logging.INFO)), None)
    if log is None:
        return
    if notice := docs_notice(server):
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
