"""Servers for a document of one event, for tests of what serves them."""

from __future__ import annotations

from typing import Any

from flask import Flask

from asynction import AsynctionAsyncServer, AsynctionSocketIO
from tests.server.support import INTEGER, STRING, message, of

SPEC = of(message("say", STRING, INTEGER), sends=[message("said", STRING)])


def wsgi_app() -> Flask:
    """Return a Flask application that acknowledges `say` with the length of its text."""
    app = Flask("test")
    asio = AsynctionSocketIO.from_spec(SPEC, app=app, async_mode="threading")
    asio.on("say")(len)
    return app


def asgi_app() -> Any:
    """Return an ASGI application that does the same."""
    asio = AsynctionAsyncServer.from_spec(SPEC)
    asio.on("say", len)
    return asio.asgi_app()
