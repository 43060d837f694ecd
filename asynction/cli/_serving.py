"""Serves a document for development, by Flask or uvicorn, and restarts when files change."""

from __future__ import annotations

import socket
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any, TypeVar

import click

from asynction.cli._spec import files_options
from asynction.exceptions import DocumentError

if TYPE_CHECKING:
    from flask import Flask
    from flask_socketio import SocketIO

    from asynction.server.asgi import AsynctionAsyncServer
    from asynction.server.flask import AsynctionSocketIO

    ASGIApp = Callable[..., Any]

C = TypeVar("C", bound=Callable[..., Any])
T = TypeVar("T")

EXTRA = "ASGI needs uvicorn, which is not installed: install `asynction[asgi]`"

_CALLERS = ("asynction.cli.", "importlib")
"""The modules between a command and the application that it imports."""

_GRACE = 10.0
"""The seconds that an ASGI application may take to stop before a restart."""

_ADDRESS = (
    click.option("--host", help="Address to listen on.  [default: 127.0.0.1]"),
    click.option(
        "-p",
        "--port",
        default=5000,
        show_default=True,
        type=click.IntRange(1, 65535),
        help="Port to listen on.",
    ),
)
_OPTIONS = (
    *_ADDRESS,
    click.option("--server-name", help="The server of the document whose path is used."),
    click.option("--asgi", is_flag=True, help="Serve by uvicorn instead of Flask."),
    files_options,
)


def address_options(command: C) -> C:
    """Add the options of an address to a command."""
    for option in reversed(_ADDRESS):
        command = option(command)
    return command


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


def serve(start: Callable[[], None], address: Address, *, reloads: bool) -> None:
    """Run `start`, which serves at `address`; raises ClickException if it cannot.

    With `reloads` it runs in a process that is restarted when a document or a module changes.
    """
    hinting = partial(_hinting, start)
    if not reloads:
        _started(hinting)
        return
    serve_reloading(lambda: hinting, address)


def _hinting(start: Callable[[], None]) -> None:
    """Call a function; name the option that serves a document with `async def` handlers."""
    try:
        start()
    except DocumentError as error:
        if not has_async_handlers(error):
            raise
        message = f"{error}\nTo await `async def` handlers, serve with `--asgi`."
        raise click.ClickException(message) from error


def serve_reloading(prepare: Callable[[], Callable[[], None]], address: Address) -> None:
    """Run what `prepare` returns in a process that is restarted when a document or a module changes.

    An error is shown, and the next change waited for. Raises ClickException if the address cannot be used.
    """
    from werkzeug.serving import is_running_from_reloader

    from asynction.cli._reloading import run_reloading

    if not is_running_from_reloader():
        _started(lambda: _listener(address).close())  # no change of a file would mend this
        click.echo("Watching code and documents; Ctrl+C stops.", err=True)
    run_reloading(partial(_prepared, prepare))


def _prepared(prepare: Callable[[], Callable[[], None]]) -> Callable[[], None]:
    start = _attempt(prepare)
    return (lambda: None) if start is None else partial(_attempt, partial(_started, start))


def _started(start: Callable[[], None]) -> None:
    try:
        start()
    except DocumentError as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:  # the address is in use, or does not belong to this machine
        raise click.ClickException(str(error)) from error


def _attempt(step: Callable[[], T]) -> T | None:
    """Call a function; show an error, and let the reloader wait for the next change."""
    try:
        return step()
    except DocumentError as error:
        click.ClickException(str(error)).show()
    except click.ClickException as error:
        error.show()
    except SystemExit as error:  # of the application, or of its server, which has said why
        if isinstance(error.code, str):
            click.echo(error.code, err=True)
    except Exception as error:
        click.echo(_traceback(error), err=True, nl=False)
    click.echo("Waiting for a change.", err=True)
    return None


def _traceback(error: Exception) -> str:
    """Return the traceback of an error in an application, without what has called it."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_globals.get("__name__", "").startswith(_CALLERS):
        trace = trace.tb_next
    return "".join(traceback.format_exception(type(error), error, trace))


def has_async_handlers(error: DocumentError) -> bool:
    """Return whether a document cannot be served by Flask because of `async def` handlers."""
    return any(problem.rule == "async-handler" for problem in error.problems)


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
    run_flask(asio, app, address, debug=debug, **(run_options or {}))


def run_flask(asio: SocketIO, app: Flask, address: Address, **options: Any) -> None:
    """Serve an app by its Flask-SocketIO server, which prints its URLs if it is ours."""
    asio.run(
        app,
        host=address.host,
        port=address.port,
        use_reloader=False,
        allow_unsafe_werkzeug=True,  # the commands serve for development only
        **options,
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
    asio = make(spec, **options)
    run_asgi(asio.asgi_app(), address, f"{verb} {spec}", asio)


def run_asgi(app: ASGIApp, address: Address, verb: str, asio: AsynctionAsyncServer | None) -> None:
    """Serve an ASGI application by uvicorn, and print its URLs.

    Args:
        app: the application.
        address: the address to listen on.
        verb: the message with the address, without `on` and the address.
        asio: the server of the application, if any.
    """
    import uvicorn

    from asynction.cli._reloading import stopped_by
    from asynction.server.announcing import notices

    with _listener(address) as listener:
        click.echo(f"{verb} on {address}", err=True)
        for notice in notices(asio, str(address)) if asio is not None else ():
            click.echo(notice, err=True)
        config = uvicorn.Config(
            app,
            log_level="warning",
            timeout_graceful_shutdown=1,  # a long poll continues after its client has left
        )
        server = uvicorn.Server(config)
        ended = Event()

        def stop() -> None:
            server.should_exit = True
            ended.wait(_GRACE)

        try:
            with stopped_by(stop):
                server.run(sockets=[listener])
        except KeyboardInterrupt:  # uvicorn has stopped already, and raises it again
            return
        finally:
            ended.set()
    if not server.started:  # uvicorn has logged the reason
        raise SystemExit(1)


def import_beside(spec: Path) -> None:
    """Put the folder of a document on the import path, then the working folder.

    Unlike with `python -m`, the latter is not on the import path of an installed command. The root of the
    file system is left out: nobody has modules there, and the reloader would look at every file.
    """
    here = Path.cwd()
    sys.path[:0] = [str(spec.absolute().parent), *([str(here)] if here.parent != here else ())]


def _listener(address: Address) -> socket.socket:
    """Listen; raises OSError if that fails, where uvicorn would end the process."""
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    return socket.create_server((address.host, address.port), family=family)
