"""`asynction run`: serve a document without application code."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import click

from asynction.cli import HELP
from asynction.cli._serving import (
    Address,
    asgi_serve,
    flask_serve,
    import_beside,
    require_uvicorn,
    serve,
    serving_options,
)
from asynction.cli._spec import LocalCopies, handlers_option


@click.command("run", context_settings=HELP)
@click.argument("spec", type=click.Path(path_type=Path))
@serving_options
@click.option("--debug", is_flag=True, help="Raise exceptions of handlers instead of sending error acks.")
@click.option("--reload", "reloads", is_flag=True, help="Restart when the document or its handlers change.")
@handlers_option
@click.option(
    "--async-mode",
    type=click.Choice(["threading", "gevent", "eventlet"]),
    help="The async mode of Flask-SocketIO; default: the best that is installed.",
)
def command(
    spec: Path,
    *,
    host: str | None,
    port: int,
    server_name: str | None,
    asgi: bool,
    debug: bool,
    reloads: bool,
    async_mode: str | None,
    root: Path | None,
    retriever: LocalCopies | None,
    handlers_from: tuple[str, ...],
) -> None:
    """Serve SPEC, an AsyncAPI document; its folder is on the import path."""
    import_beside(spec)
    address = Address(host or "127.0.0.1", port)
    options: dict[str, Any] = {
        "server_name": server_name,
        "root": root,
        "retriever": retriever,
        "handlers": handlers_from or None,
    }
    if asgi:
        for option, given in (("--async-mode", async_mode), ("--debug", debug)):
            if given:
                raise click.UsageError(f"`{option}` is only for Flask: leave out `--asgi`")
        require_uvicorn()
        start = partial(_asgi, spec, address, options)
    else:
        # The reloader runs in a thread, which gevent and eventlet would not allow.
        if async_mode or reloads:
            options["async_mode"] = async_mode or "threading"
        start = partial(_flask, spec, address, options, debug)
    serve(start, address, reloads=reloads)


def _flask(spec: Path, address: Address, options: dict[str, Any], debug: bool) -> None:
    from asynction.server.flask import AsynctionSocketIO

    flask_serve(AsynctionSocketIO.from_spec, spec, address, "Serving", debug=debug, **options)


def _asgi(spec: Path, address: Address, options: dict[str, Any]) -> None:
    from asynction.server.asgi import AsynctionAsyncServer

    asgi_serve(AsynctionAsyncServer.from_spec, spec, address, "Serving", **options)
