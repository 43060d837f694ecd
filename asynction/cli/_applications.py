"""Serves an application of one's own: a Flask or ASGI application, or a server of ours."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from asynction.cli._serving import Address, require_uvicorn, run_asgi, run_flask
from asynction.exceptions import NotEnabledError

if TYPE_CHECKING:
    from flask import Flask


def server_for(application: Any, name: str, address: Address) -> Callable[[], None]:
    """Return a function that serves an application.

    Args:
        application: a Flask or an ASGI application, an AsynctionSocketIO or an AsynctionAsyncServer.
        name: what the user calls it.
        address: the address to listen on.

    Raises:
        ClickException: it is none of these, or cannot be served.
    """
    from flask import Flask

    from asynction.server.asgi import AsynctionAsyncServer
    from asynction.server.flask import AsynctionSocketIO

    asio = None
    if isinstance(application, AsynctionSocketIO):
        if application.app is None:
            raise click.ClickException(f"`{name}` has no app: name the factory that calls its `init_app`")
        application = application.app
    elif isinstance(application, AsynctionAsyncServer):
        asio, application = application, application.app or application.asgi_app()
    if isinstance(application, Flask):
        return _flask(application, name, address)
    if not _is_asgi(application):
        raise click.ClickException(f"`{name}` is not an application: {_advice(application)}")
    return partial(_serve_asgi, application, name, address, asio)


def _flask(app: Flask, name: str, address: Address) -> Callable[[], None]:
    server = app.extensions.get("socketio")
    if server is None:
        raise click.ClickException(
            f"`{name}` has no Socket.IO server: attach one, `AsynctionSocketIO.from_spec(..., app=app)`"
        )
    if server.async_mode == "gevent":  # as Flask-SocketIO does for its own reloader, which runs in a thread
        from gevent import monkey

        monkey.patch_thread()
        monkey.patch_time()
    return partial(_serve_flask, server, app, name, address)


def _serve_flask(server: Any, app: Flask, name: str, address: Address) -> None:
    click.echo(f"Serving {name} on {address}", err=True)
    run_flask(server, app, address, debug=app.debug)


def _serve_asgi(app: Any, name: str, address: Address, asio: Any) -> None:
    from asynction.server.asgi import socket_api

    require_uvicorn()
    if asio is None:
        with suppress(NotEnabledError):
            asio = socket_api()
    run_asgi(app, address, f"Serving {name}", asio)


def _is_asgi(found: object) -> bool:
    """Return whether an object is called like an ASGI 3 application."""
    if inspect.isclass(found) or not callable(found):
        return False
    return inspect.iscoroutinefunction(found) or inspect.iscoroutinefunction(type(found).__call__)


def _advice(found: object) -> str:
    kind = type(found)
    if kind.__module__.partition(".")[0] in ("socketio", "flask_socketio"):
        return f"its type is `{kind.__name__}`; name the application that it is attached to"
    return (
        f"its type is `{kind.__name__}`; name a Flask or ASGI application, an AsynctionSocketIO,"
        " an AsynctionAsyncServer, or a function without arguments that returns one"
    )
