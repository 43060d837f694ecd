"""Says what `flask run` does not: where the pages of a server are, and how to reload with its document."""

from __future__ import annotations

import os
from collections.abc import Sequence

import click
from flask.cli import run_command
from werkzeug.serving import is_running_from_reloader

from asynction.server._socketio.common import ContractServer
from asynction.server.announcing import RELOAD_HINT, notices


def announce(server: ContractServer, files: Sequence[str]) -> None:
    """Print the URLs of a server, and how to reload with `files`, if `flask run` is loading its app.

    The URLs are printed once; the other only where code is reloaded.
    """
    context = click.get_current_context(silent=True)
    if context is None or context.command is not run_command:
        return
    given = context.params
    if not is_running_from_reloader():
        origin = origin_of(given["host"], given["port"], is_secure=bool(given["cert"]))
        lines = list(notices(server, origin))
    elif files and not given["extra_files"]:
        lines = [f"{RELOAD_HINT}, or flask run --extra-files {os.pathsep.join(files)}"]
    else:
        lines = []
    for line in lines:
        click.echo(line, err=True)


def origin_of(host: str, port: int, *, is_secure: bool) -> str:
    """Return the origin of a server that listens on an address."""
    shown = f"[{host}]" if ":" in host else host
    return f"{'https' if is_secure else 'http'}://{shown}:{port}"
