"""`asynction run`: serve a document with no application code."""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path
from typing import Any

import click
from flask import Flask
from werkzeug._reloader import run_with_reloader  # where Flask-SocketIO takes it from, too

from asynction.cli import HELP
from asynction.document import files_of
from asynction.exceptions import DocumentError
from asynction.server.flask import AsynctionSocketIO


@click.command("run", context_settings=HELP)
@click.argument("spec", type=click.Path(path_type=Path))
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", default=5000, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on."
)
@click.option("--server-name", help="The server of the document whose path is used.")
@click.option("--debug", is_flag=True, help="Raise exceptions of handlers instead of answering them.")
@click.option("--reload", "reloads", is_flag=True, help="Restart when the document or its handlers change.")
@click.option(
    "--async-mode",
    type=click.Choice(["threading", "gevent", "eventlet"]),
    help="How clients are served; without it Flask-SocketIO takes the best that is installed.",
)
def command(spec: Path, reloads: bool, **options: Any) -> None:
    """Serve SPEC, an AsyncAPI document; its folder is on the import path."""
    sys.path.insert(0, str(spec.absolute().parent))
    if reloads:
        options["async_mode"] = options["async_mode"] or "threading"  # the reloader is a thread of its own
        run_with_reloader(partial(_serve_if_sound, spec, **options), extra_files=files_of(spec))
        return
    try:
        _serve(spec, **options)
    except DocumentError as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:  # the address is in use, or is none of this machine's
        raise click.ClickException(str(error)) from error


def _serve_if_sound(spec: Path, **options: Any) -> None:
    """Serve, or show what is wrong and let the reloader wait for the next change."""
    # Werkzeug's server would take this for its own reloader, and ask for a socket of its parent.
    os.environ.pop("WERKZEUG_RUN_MAIN", None)
    try:
        _serve(spec, **options)
    except DocumentError as error:
        click.echo(f"Error: {error}\nWaiting for a change.", err=True)


def _serve(spec: Path, *, host: str, port: int, debug: bool, **options: Any) -> None:
    app = Flask(spec.stem)
    app.debug = debug
    chosen = {name: value for name, value in options.items() if value is not None}
    asio = AsynctionSocketIO.from_spec(spec, app=app, **chosen)
    click.echo(f"Serving {spec} on http://{host}:{port}", err=True)
    asio.run(
        app,
        host=host,
        port=port,
        debug=debug,
        use_reloader=False,
        allow_unsafe_werkzeug=True,  # a document without application code is served for development
    )
