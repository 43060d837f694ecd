"""Serves an application on a free port of the loopback interface, in a thread of the test's process."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from threading import Thread
from typing import Any, TypeAlias

from werkzeug.serving import WSGIRequestHandler, make_server

from asynction.exceptions import NotEnabledError

App: TypeAlias = Callable[..., Any]

HOST = "127.0.0.1"
EXTRA = "`serve_asgi` needs the extra `asgi`: install `asynction[asgi]`"

_POLL = 0.05  # seconds until the server notices that it is to stop


class _QuietHandler(WSGIRequestHandler):
    """A request handler that keeps requests out of the output of the tests."""

    def log(self, type: str, message: str, *args: Any) -> None:
        """Do nothing."""


@contextmanager
def serve_wsgi(app: App, *, timeout: float = 30.0) -> Iterator[str]:
    """Serve a WSGI application, and yield its URL; a connection has a thread of its own.

    ::

        with serve_wsgi(app) as url:
            client.connect(url)

    Make the Flask-SocketIO server with `async_mode="threading"`. Disconnect clients before the end of the
    block: the thread of an open WebSocket lives until its client has left.

    Args:
        app: The application, as a Flask application is one.
        timeout: How many seconds the server may take to stop.

    Raises:
        TypeError: `app` is not a WSGI application.
        TimeoutError: The server has not stopped in time.
    """
    _check_wsgi(app)
    server = make_server(HOST, 0, app, threaded=True, request_handler=_QuietHandler)
    thread = Thread(target=server.serve_forever, args=(_POLL,), name="asynction-wsgi", daemon=True)
    thread.start()
    try:
        yield f"http://{HOST}:{server.server_port}"
    finally:
        server.shutdown()
        thread.join(timeout)
        server.server_close()
    _check_stopped(thread, timeout)


@contextmanager
def serve_asgi(app: App, *, timeout: float = 30.0, **config: Any) -> Iterator[str]:
    """Serve an ASGI application by uvicorn, with its lifespan, and yield its URL.

    ::

        with serve_asgi(server.asgi_app()) as url:
            client.connect(url)

    The application runs on an event loop of its own, in another thread. Requests and WebSockets that are
    open at the end of the block have one second to end.

    Args:
        app: The application: `asgi_app()` of an AsynctionAsyncServer, or that of FastAPI or Starlette.
        timeout: How many seconds the application may take to start, and to stop.
        config: Arguments of `uvicorn.Config`, such as `root_path` or `lifespan`.

    Raises:
        TypeError: `app` is not an ASGI application.
        NotEnabledError: The extra `asgi` is missing.
        RuntimeError: The application does not start, or its end fails; the log of `uvicorn.error` says why.
        TimeoutError: The application has not started, or has not stopped, in time.
    """
    _check_asgi(app)
    _check_extra()
    from asynction.testing._uvicorn import ThreadedServer

    server = ThreadedServer(app, HOST, config)
    thread = Thread(target=server.run_in_thread, name="asynction-asgi", daemon=True)
    thread.start()
    try:
        server.wait_until_started(timeout)
        yield server.url
    finally:
        server.should_exit = True
        thread.join(timeout)
    _check_stopped(thread, timeout)
    server.check_end()


def _check_wsgi(app: object) -> None:
    name = type(app).__name__
    if not callable(app):
        raise TypeError(f"`{name}` is not a WSGI application: pass the Flask application of the server")
    if inspect.iscoroutinefunction(app) or inspect.iscoroutinefunction(type(app).__call__):
        raise TypeError(f"`{name}` is an ASGI application: serve it by `serve_asgi`")


def _check_asgi(app: object) -> None:
    name = type(app).__name__
    if not callable(app):
        raise TypeError(f"`{name}` is not an ASGI application: pass `asgi_app()` of the server")
    if hasattr(app, "wsgi_app"):
        raise TypeError(f"`{name}` is a WSGI application: serve it by `serve_wsgi`")


def _check_extra() -> None:
    """Raise NotEnabledError if uvicorn or websockets is not installed."""
    try:
        for name in ("uvicorn", "websockets"):
            import_module(name)
    except ImportError as error:
        raise NotEnabledError(EXTRA) from error


def _check_stopped(thread: Thread, timeout: float) -> None:
    if thread.is_alive():
        raise TimeoutError(f"the server has not stopped within {timeout:g} seconds")
