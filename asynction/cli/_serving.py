"""Serves a document for development, by Flask or uvicorn, and restarts when files change."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from asynction.cli._spec import root_option
from asynction.document import files_of
from asynction.exceptions import DocumentError

if TYPE_CHECKING:
    from asynction.server.asgi import AsynctionAsyncServer
    from asynction.server.flask import AsynctionSocketIO

C = TypeVar("C", bound=Callable[..., Any])

EXTRA = "`--asgi` needs the extra `asgi`: install `asynction[asgi]`"

_OPTIONS = (
    click.option("--host", help="Address to listen on.  [default: 127.0.0.1]"),
    click.option(
        "-p",
        "--port",
        default=5000,
        show_default=True,
        type=click.IntRange(1, 65535),
        help="Port to listen on.",
    ),
    click.option("--server-name", help="The server of the document whose path is used."),
    click.option("--asgi", is_flag=True, help="Serve by uvicorn instead of Flask."),
    root_option,
)


def serving_options(command: C) -> C:
    """Add the options of a server to a command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@dataclass(frozen=True, slots=True)
class Address:
    """The address of a server."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


def serve(spec: Path, start: Callable[[], None], *, reloads: bool, root: Path | None = None) -> None:
    """Run `start`, which serves `spec`; raises ClickException if it cannot.

    With `reloads` it runs in a process that is restarted when the document or a module changes.
    """
    if not reloads:
        _started(start)
        return
    from werkzeug._reloader import run_with_reloader  # private, but Flask-SocketIO imports it, too

    run_with_reloader(partial(_start_if_sound, start), extra_files=files_of(spec, root=root))


def _started(start: Callable[[], None]) -> None:
    try:
        start()
    except DocumentError as error:
        raise click.ClickException(f"{error}{_hint(error)}") from error
    except OSError as error:  # the address is in use, or does not belong to this machine
        raise click.ClickException(str(error)) from error


def _start_if_sound(start: Callable[[], None]) -> None:
    """Serve; on an error, show it and let the reloader wait for the next change."""
    # Because of this variable, Werkzeug's server would expect a socket from the parent process.
    os.environ.pop("WERKZEUG_RUN_MAIN", None)
    try:
        _started(start)
    except click.ClickException as error:
        error.show()
        click.echo("Waiting for a change.", err=True)


def _hint(error: DocumentError) -> str:
    is_async = any(problem.rule == "async-handler" for problem in error.problems)
    return "\nTo await `async def` handlers, serve with `--asgi`." if is_async else ""


def flask_serve(
    make: Callable[..., AsynctionSocketIO],
    spec: Path,
    address: Address,
    verb: str,
    *,
    debug: bool = False,
    run_options: dict[str, Any] | None = None,
    **options: Any,
) -> None:
    """Serve a document by Flask.

    Args:
        make: builds the server from `spec` and `options`.
        spec: the path of the document.
        address: the address to listen on.
        verb: the first word of the message with the address.
        debug: the debug mode of the app.
        run_options: the arguments of `run`.
        **options: the arguments of `make`.
    """
    from flask import Flask

    app = Flask(spec.stem)
    app.debug = debug
    asio = make(spec, app=app, **options)
    click.echo(f"{verb} {spec} on {address}", err=True)
    asio.run(
        app,
        host=address.host,
        port=address.port,
        debug=debug,
        use_reloader=False,
        allow_unsafe_werkzeug=True,  # the command serves for development only
        **(run_options or {}),
    )


def require_uvicorn() -> None:
    """Raise ClickException if uvicorn is not installed."""
    try:
        import uvicorn  # noqa: F401 - only checks that it is installed
    except ImportError:
        raise click.ClickException(EXTRA) from None


def asgi_serve(
    make: Callable[..., AsynctionAsyncServer], spec: Path, address: Address, verb: str, **options: Any
) -> None:
    """Serve a document by uvicorn.

    Args:
        make: builds the server from `spec` and `options`.
        spec: the path of the document.
        address: the address to listen on.
        verb: the first word of the message with the address.
        **options: the arguments of `make`.
    """
    import uvicorn

    from asynction.server.announcing import docs_notice

    asio = make(spec, **options)
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    # uvicorn would end the process if the address is in use; this raises OSError instead.
    listener = socket.create_server((address.host, address.port), family=family)
    with listener:
        click.echo(f"{verb} {spec} on {address}", err=True)
        if notice := docs_notice(asio, str(address)):
            click.echo(notice, err=True)
        config = uvicorn.Config(
            asio.asgi_app(),
            log_level="warning",
            timeout_graceful_shutdown=1,  # a long poll continues after its client has left
        )
        server = uvicorn.Server(config)
        try:
            server.run(sockets=[listener])
        except KeyboardInterrupt:  # uvicorn has stopped already, and raises it again
            return
    if not server.started:  # uvicorn has logged the reason
        raise SystemExit(1)
