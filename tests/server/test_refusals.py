"""Connect handlers refuse by the exceptions that people already raise, the same on both servers."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable
from typing import Any

import fastapi
import flask
import pytest
import socketio.exceptions

from asynction import AsynctionAsyncServer, AsynctionSocketIO
from asynction.testing import serve_wsgi
from tests.server.support import of
from tests.serving import connected

REFUSED = {"message": "Connection refused by server"}
FAULT = {"message": "Internal Server Error", "data": {"status": 500, "title": "Internal Server Error"}}


def on_flask(handler: Callable[[], object], **options: Any) -> object:
    app = flask.Flask(__name__)
    asio = AsynctionSocketIO.from_spec(of(), app=app, async_mode="threading", **options)
    asio.on("connect")(handler)
    with serve_wsgi(app) as url, connected(url, "/") as client:
        return client.refusals.get("/")


def on_asgi(handler: Callable[[], object]) -> object:
    asio = AsynctionAsyncServer.from_spec(of())
    asio.on("connect")(handler)

    async def main() -> object:
        async with asio.test_client() as client:
            return client.refusals.get("/")

    return asyncio.run(main())


def raising(error: Exception) -> Callable[[], object]:
    def connect() -> object:
        raise error

    return connect


@pytest.mark.parametrize("refusal", [on_flask, on_asgi])
@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ConnectionRefusedError(), REFUSED),
        (ConnectionRefusedError("internals"), REFUSED),
        (ConnectionRefusedError(errno.ECONNREFUSED, "of the database"), FAULT),
        (socketio.exceptions.ConnectionRefusedError("not today", 7), {"message": "not today", "data": 7}),
        (
            fastapi.HTTPException(401, "log in first"),
            {
                "message": "log in first",
                "data": {"status": 401, "title": "Unauthorized", "detail": "log in first"},
            },
        ),
        (
            fastapi.HTTPException(403, {"why": "banned"}),
            {
                "message": "Forbidden",
                "data": {"status": 403, "title": "Forbidden", "detail": {"why": "banned"}},
            },
        ),
        (fastapi.HTTPException(302, "elsewhere"), FAULT),
        (PermissionError("internals"), FAULT),
    ],
)
def test_a_connect_handler_refuses(
    refusal: Callable[[Callable[[], object]], object], error: Exception, expected: object
) -> None:
    assert refusal(raising(error)) == expected


def test_an_error_handler_of_flask_does_not_let_a_refused_client_in() -> None:
    refused = on_flask(raising(ConnectionRefusedError()), default_error_handler=lambda error: "fine")
    assert refused == REFUSED
