"""`asynction run`: serve a document with no application code."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click
from flask import Flask

from asynction.cli import HELP
from asynction.document import load
from asynction.exceptions import DocumentError
from asynction.server.flask import AsynctionSocketIO


@click.command("run", context_settings=HELP)
@click.argument("spec", type=click.Path(path_type=Path))
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    default=5000,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="Port to listen on.",
)
@click.option("--server-name", help="The server of the document whose path is used.")
@click.option("--debug", is_flag=True, help="Raise exceptions of handlers instead of answering them.")
@click.option("--reload", is_flag=True, help="Restart when the document or its handlers change.")
@click.option(
    "--async-mode",
    type=click.Choice(["threading", "gevent", "eventlet"]),
    help="How clients are served; without it Flask-SocketIO takes the best that is installed.",
)
def command(spec: Path, **options: Any) -> None:
    """Serve SPEC, an AsyncAPI document; its folder is on the import path."""
    reload = options.pop("reload")
    host, port, debug = options.pop("host"), options.pop("port"), options.pop("debug")
    sys.path.insert(0, str(spec.absolute().parent))
    app = Flask(spec.stem)
    app.debug = debug
    options = {name: value for name, value in options.items() if value is not None}
    try:
        asio = AsynctionSocketIO.from_spec(spec, app=app, **options)
        click.echo(f"Serving {spec} on http://{host}:{port}", err=True)
        asio.run(
            app,
            host=host,
            port=port,
            debug=debug,
            use_reloader=reload,
            extra_files=load(spec).files if reload else None,
            allow_unsafe_werkzeug=True,
        )
    except DocumentError as error:
        raise click.ClickException(str(error)) from error
