"""`asynction dev`: serve an application or a document, and restart it when code or documents change."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import click

from asynction.cli import HELP
from asynction.cli._applications import server_for
from asynction.cli._serving import (
    Address,
    address_options,
    asgi_serve,
    flask_serve,
    has_async_handlers,
    import_beside,
    require_uvicorn,
    serve_reloading,
)
from asynction.cli._target import Target, application_of, is_document, target_of
from asynction.exceptions import DocumentError


@click.command("dev", context_settings=HELP)
@click.argument("target")
@address_options
def command(target: str, *, host: str | None, port: int) -> None:
    """Serve TARGET, and restart when its code or a document changes.

    TARGET is an application, as `module:app` or `folder/file.py:app`, or the path of a document. An
    application is that of Flask, FastAPI or another ASGI framework, an AsynctionSocketIO, an
    AsynctionAsyncServer, or a function that returns one of these. If code or document is broken, the error is
    shown, and the server returns when it is mended.
    """
    address = Address(host or "127.0.0.1", port)
    if is_document(target):
        serve_reloading(partial(_document, Path(target), address), address)
    else:
        serve_reloading(partial(_application, target, target_of(target), address), address)


def _application(text: str, target: Target, address: Address) -> Callable[[], None]:
    return server_for(application_of(target), text, address)


def _document(spec: Path, address: Address) -> Callable[[], None]:
    import_beside(spec)
    return partial(_serve_document, spec, address)


def _serve_document(spec: Path, address: Address) -> None:
    """Serve a document by Flask or, if its handlers are `async def`, by uvicorn."""
    from asynction.server.asgi import AsynctionAsyncServer
    from asynction.server.flask import AsynctionSocketIO

    try:
        flask_serve(AsynctionSocketIO.from_spec, spec, address, "Serving", async_mode="threading")
    except DocumentError as error:
        if not has_async_handlers(error):
            raise
        require_uvicorn()
        asgi_serve(AsynctionAsyncServer.from_spec, spec, address, "Serving")
