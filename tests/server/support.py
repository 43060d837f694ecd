"""Documents in a few words, and servers of them in an app."""

from __future__ import annotations

from typing import Any

import flask

from asynction import AsynctionSocketIO
from tests.serving import KeepsAcks

STRING = {"type": "string"}
INTEGER = {"type": "integer"}
SERVER_ERROR = {"error": {"status": 500, "title": "Internal Server Error"}}


def no_namespace(name: str) -> dict[str, Any]:
    """The refusal of a namespace that does not exist."""
    detail = f"no namespace `{name}`"
    return {"message": detail, "data": {"status": 404, "title": "Not Found", "detail": detail}}


def pair(first: Any, second: Any) -> dict[str, Any]:
    """The schema of two args."""
    return {"type": "array", "items": [first, second]}


def message(name: str, payload: Any = ..., ack: Any = ..., handler: str | None = None) -> dict[str, Any]:
    """One message; what is not given is not in it."""
    found: dict[str, Any] = {"name": name}
    if payload is not ...:
        found["payload"] = payload
    if ack is not ...:
        found["x-ack"] = {"args": ack}
    if handler is not None:
        found["x-handler"] = handler if "." in handler else f"tests.server.handlers.{handler}"
    return found


def channel(receives: Any = (), sends: Any = (), **rest: Any) -> dict[str, Any]:
    """One channel; `rest` are its other fields, with `_` for `-`."""
    found: dict[str, Any] = {key.replace("_", "-"): value for key, value in rest.items()}
    if receives:
        found["publish"] = {"message": {"oneOf": list(receives)}}
    if sends:
        found["subscribe"] = {"message": {"oneOf": list(sends)}}
    return found


def document(channels: Any = None, **rest: Any) -> dict[str, Any]:
    """A document of these channels; `rest` are its other fields."""
    return {
        "asyncapi": "2.6.0",
        "info": {"title": "Test", "version": "1.0.0"},
        "channels": channels or {},
        **rest,
    }


def of(*receives: Any, sends: Any = (), **rest: Any) -> dict[str, Any]:
    """A document of the namespace `/` alone."""
    return document({"/": channel(receives, sends, **rest)})


def build(spec: Any, **kwargs: Any) -> AsynctionSocketIO:
    """Make a server of `spec` in an app of its own."""
    kwargs.setdefault("async_mode", "threading")
    app = kwargs.pop("app", None) or flask.Flask("test")
    return AsynctionSocketIO.from_spec(spec, app=app, **kwargs)


def app_of(asio: AsynctionSocketIO) -> flask.Flask:
    """The app that a server is attached to."""
    app = asio.sockio_mw.flask_app
    assert isinstance(app, flask.Flask)
    return app


def client_of(asio: AsynctionSocketIO, namespace: str = "/", **kwargs: Any) -> KeepsAcks:
    """Connect a test client."""
    return KeepsAcks(app_of(asio), asio, namespace=namespace, **kwargs)
