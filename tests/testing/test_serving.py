"""Applications are served on a free port for as long as a block lasts, and nothing of them is left behind."""

from __future__ import annotations

import asyncio
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
import socketio
from starlette.applications import Starlette

from asynction import AsynctionAsyncServer, NotEnabledError
from asynction.testing import connect, serve_asgi, serve_wsgi
from asynction.testing._websocket import WebSocket
from tests.serving import DEADLINE
from tests.testing.support import SPEC, asgi_app, wsgi_app

Serve = Callable[..., AbstractContextManager[str]]

both = pytest.mark.parametrize(
    ("serve", "make"), [(serve_wsgi, wsgi_app), (serve_asgi, asgi_app)], ids=["wsgi", "asgi"]
)


def threads() -> set[str]:
    return {thread.name for thread in threading.enumerate() if thread.name.startswith("asynction-")}


def is_open(url: str) -> bool:
    parts = urlsplit(url)
    with socket.socket() as client:
        return client.connect_ex((parts.hostname, parts.port)) == 0


@both
@pytest.mark.parametrize("transport", ["polling", "websocket"])
def test_clients_of_python_socketio_are_served(serve: Serve, make: Any, transport: str) -> None:
    with serve(make()) as url:
        client = socketio.SimpleClient(websocket_extra_options={"class_": WebSocket})
        client.connect(url, transports=[transport])
        try:
            assert client.call("say", "hello") == 5
        finally:
            client.disconnect()


@both
def test_a_url_is_of_the_loopback_interface_and_has_no_path(serve: Serve, make: Any) -> None:
    with serve(make()) as url:
        parts = urlsplit(url)
        assert (parts.scheme, parts.hostname, parts.path) == ("http", "127.0.0.1", "")
        assert requests.get(f"{url}/docs/", timeout=DEADLINE).status_code == 200


@both
def test_several_are_served_at_a_time(serve: Serve, make: Any) -> None:
    with serve(make()) as first, serve(make()) as second, connect(first, SPEC) as one, connect(second) as two:
        assert first != second
        assert one.call("say", "a") == 1
        assert two.call("say", "ab") == 2


@both
def test_nothing_is_left_at_the_end(serve: Serve, make: Any) -> None:
    with serve(make()) as url, connect(url):
        assert is_open(url)
        assert len(threads()) == 1
    assert not is_open(url)
    assert threads() == set()


@both
def test_an_exception_of_the_block_is_raised_and_ends_serving(serve: Serve, make: Any) -> None:
    with pytest.raises(KeyError, match="mine"), serve(make()) as url:
        raise KeyError("mine")
    assert not is_open(url)
    assert threads() == set()


@both
def test_requests_are_not_printed(serve: Serve, make: Any, capfd: pytest.CaptureFixture[str]) -> None:
    with serve(make()) as url:
        requests.get(url, timeout=DEADLINE)
    assert capfd.readouterr() == ("", "")


# Lifespans ----------------------------------------------------------------------------------------


async def nothing(scope: Any, receive: Any, send: Any) -> None:
    """Be an application without a lifespan."""
    assert scope["type"] == "http"
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": scope["root_path"].encode()})


def test_arguments_of_uvicorn_are_taken() -> None:
    with pytest.raises(RuntimeError, match="did not start"), serve_asgi(nothing, lifespan="on"):
        pass
    with serve_asgi(nothing, lifespan="off", headers=[("X-Mine", "1")]) as url:
        assert requests.get(url, timeout=DEADLINE).headers["X-Mine"] == "1"


def test_a_lifespan_is_run_on_the_same_event_loop() -> None:
    loops: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        loops.append(asyncio.get_running_loop())
        if scope["type"] == "lifespan":
            for step in ("startup", "shutdown"):
                assert (await receive())["type"] == f"lifespan.{step}"
                await send({"type": f"lifespan.{step}.complete"})
            loops.append("stopped")
        else:
            await nothing(scope, receive, send)

    with serve_asgi(app) as url:
        assert requests.get(url, timeout=DEADLINE).status_code == 204
    first, second, last = loops
    assert first is second
    assert last == "stopped"


def test_an_application_that_does_not_start_is_an_error_with_its_reason(
    caplog: pytest.LogCaptureFixture,
) -> None:
    asio = AsynctionAsyncServer.from_spec(SPEC)
    text = "did not start the application: the log of `uvicorn.error` says why"
    with pytest.raises(RuntimeError, match=text), serve_asgi(asio.asgi_app()):
        raise AssertionError("it is served")
    assert "say" in caplog.text
    assert threads() == set()


def test_an_error_of_the_server_is_raised_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    import uvicorn

    async def shutdown(self: Any, sockets: Any = None) -> None:
        await real(self, sockets)
        raise KeyError("mine")

    real = uvicorn.Server.shutdown
    monkeypatch.setattr(uvicorn.Server, "shutdown", shutdown)
    with pytest.raises(RuntimeError, match="serving ended in an error") as failure, serve_asgi(nothing):
        pass
    assert isinstance(failure.value.__cause__, KeyError)


def test_an_application_that_takes_too_long_to_start_is_given_up() -> None:
    gate = threading.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.to_thread(gate.wait, DEADLINE)

    serving = serve_asgi(app, timeout=0.01)
    with pytest.raises(TimeoutError, match=r"has not started within 0\.01 seconds"), serving:
        raise AssertionError("it is served")
    gate.set()
    for thread in threading.enumerate():
        if thread.name.startswith("asynction-"):
            thread.join(DEADLINE)
    assert threads() == set()


def test_an_application_that_takes_too_long_to_stop_is_given_up() -> None:
    gate = threading.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        for step in ("startup", "shutdown"):
            await receive()
            if step == "shutdown":
                await asyncio.to_thread(gate.wait, DEADLINE)
            await send({"type": f"lifespan.{step}.complete"})

    with (
        pytest.raises(TimeoutError, match=r"has not stopped within 0\.5 seconds"),
        serve_asgi(app, timeout=0.5),
    ):
        pass
    gate.set()
    for thread in threading.enumerate():
        if thread.name.startswith("asynction-"):
            thread.join(DEADLINE)
    assert threads() == set()


# What is served -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("serve", "app", "message"),
    [
        (
            serve_wsgi,
            AsynctionAsyncServer(),
            "`AsynctionAsyncServer` is not a WSGI application: pass the Flask",
        ),
        (serve_wsgi, nothing, "`function` is an ASGI application: serve it by `serve_asgi`"),
        (serve_wsgi, Starlette(), "`Starlette` is an ASGI application: serve it by `serve_asgi`"),
        (serve_asgi, wsgi_app(), "`Flask` is a WSGI application: serve it by `serve_wsgi`"),
        (
            serve_asgi,
            AsynctionAsyncServer(),
            r"`AsynctionAsyncServer` is not an ASGI .*: pass `asgi_app\(\)`",
        ),
    ],
)
def test_what_cannot_be_served_is_refused_with_what_to_pass(serve: Serve, app: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message), serve(app):
        pass


@pytest.mark.parametrize("library", ["uvicorn", "websockets"])
def test_a_missing_extra_is_named(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    text = r"`serve_asgi` needs the extra `asgi`: install `asynction\[asgi\]`"
    with pytest.raises(NotEnabledError, match=text), serve_asgi(nothing):
        pass
