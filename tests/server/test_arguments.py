"""Arguments that are easily written in another form: paths, namespaces, and foreign ASGI applications."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
import requests
import socketio
from flask import Flask

from asynction import AsynctionAsyncServer, AsynctionSocketIO
from asynction.server._asgi.testing import AsyncTestClient
from asynction.testing import connect, serve_asgi, serve_wsgi
from tests.server.asgi.support import run, talk
from tests.server.support import STRING, build, channel, client_of, document, message, of

SPEC = of(message("say", STRING))
CHAT = document({"/chat": channel([message("say", STRING)])})


@pytest.mark.parametrize("path", ["", "/", "sio", "/sio/"])
def test_an_async_server_is_served_at_its_path(path: str) -> None:
    asio = AsynctionAsyncServer.from_spec(SPEC, socketio_path=path)
    asio.on("say", lambda text: text)

    async def body(client: AsyncTestClient) -> None:
        assert await client.call("say", "x") == ["x"]

    talk(asio, body)
    with serve_asgi(asio.asgi_app()) as url:
        address = "/".join(filter(None, (url, path.strip("/"), "?EIO=4&transport=polling")))
        assert requests.get(address, timeout=30).text.startswith("0{")


@pytest.mark.parametrize("option", ["path", "resource"])
@pytest.mark.parametrize("path", ["", "/", "sio", "/sio/"])
def test_a_flask_server_is_served_at_its_path(path: str, option: str) -> None:
    app = Flask("test")
    options: dict[str, Any] = {option: path}
    asio = AsynctionSocketIO.from_spec(SPEC, app=app, async_mode="threading", **options)
    asio.on("say")(lambda text: text)
    with serve_wsgi(app) as url:
        address = "/".join(filter(None, (url, path.strip("/"), "?EIO=4&transport=polling")))
        assert requests.get(address, timeout=30).text.startswith("0{")


# Namespaces of test clients ---------------------------------------------------------------------


@pytest.mark.parametrize("name", ["chat", "/chat"])
def test_a_namespace_may_lack_its_slash_on_asgi(name: str) -> None:
    asio = AsynctionAsyncServer.from_spec(CHAT)
    asio.on("say", lambda text: text, namespace=name)

    async def body(client: AsyncTestClient) -> None:
        assert client.is_connected("chat")
        assert client.is_connected("/chat")
        assert await client.call("say", "x", namespace=name) == ["x"]

    talk(asio, body, name)


@pytest.mark.parametrize("name", ["chat", "/chat"])
def test_a_namespace_may_lack_its_slash_on_flask(name: str) -> None:
    app = Flask("test")
    asio = build(CHAT, app=app)
    asio.on("say", name)(lambda text: text)
    assert asio.test_client(app, name).is_connected("/chat")
    assert asio.test_client(app, namespace=name, auth={"a": 1}).is_connected("/chat")
    assert client_of(asio, "/chat").ask("say", "x", namespace="/chat") == ["x"]


def test_a_client_waits_as_long_as_it_is_told_to() -> None:
    asio = AsynctionAsyncServer()

    @asio.on("connect")
    async def never(sid: str, environ: Any) -> None:
        await asyncio.Event().wait()

    async def main() -> None:
        with pytest.raises(TimeoutError, match=r"in 0\.01 seconds"):
            await asio.test_client(timeout=0.01).__aenter__()

    run(main())


# python-socketio's ASGIApp ----------------------------------------------------------------------


def entered(app: Any) -> Any:
    """Connect to an ASGI application, and say what it was refused with."""

    async def main() -> Any:
        async with AsyncTestClient(app) as client:
            return client.refusals.get("/")

    return run(main())


def test_a_foreign_application_says_at_its_first_request_what_is_missing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    app = socketio.ASGIApp(AsynctionAsyncServer.from_spec(SPEC))
    for _ in range(2):
        assert entered(app)["message"] == "Internal Server Error"
    errors = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert len(errors) == 1
    assert "`asio.asgi_app()` would not have started" in errors[0].getMessage()
    assert "the event `say` of `/` has no handler" in errors[0].getMessage()


def test_a_foreign_application_serves_what_is_complete(caplog: pytest.LogCaptureFixture) -> None:
    asio = AsynctionAsyncServer.from_spec(SPEC)
    asio.on("say", lambda text: text)
    app = socketio.ASGIApp(asio)
    assert entered(app) is None
    with serve_asgi(app) as url, connect(url) as client:
        assert client.call("say", "x") == "x"
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
