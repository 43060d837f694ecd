"""A client is connected for as long as a block lasts, and held to the contract."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from flask import Flask

from asynction import AsynctionSocketIO, NotEnabledError, PayloadValidationException, UnknownEventException
from asynction.client import AsynctionClient, ConnectionRefused
from asynction.testing import connect, serve_asgi, serve_wsgi
from tests.testing.support import SPEC, asgi_app, wsgi_app


def test_a_client_is_connected_until_the_end_of_the_block() -> None:
    with serve_asgi(asgi_app()) as url:
        with connect(url, SPEC) as client:
            assert isinstance(client, AsynctionClient)
            assert client.connected
            assert client.call("say", "hello") == 5
        assert not client.connected


def test_it_is_disconnected_after_an_exception() -> None:
    with serve_asgi(asgi_app()) as url:
        with pytest.raises(KeyError, match="mine"), connect(url) as client:
            raise KeyError("mine")
        assert not client.connected


def test_it_keeps_the_contract_that_it_is_given() -> None:
    with serve_wsgi(wsgi_app()) as url:
        with connect(url, SPEC) as client:
            with pytest.raises(PayloadValidationException):
                client.call("say", 1)
            with pytest.raises(UnknownEventException):
                client.emit("sai", "a")
        with connect(url) as client:
            assert client.contract is None
            client.emit("sai", "a")


@pytest.mark.parametrize("transport", ["polling", "websocket"])
def test_arguments_of_connect_are_taken(transport: str) -> None:
    app = Flask("test")
    asio = AsynctionSocketIO.from_spec(SPEC, app=app, async_mode="threading")
    asio.on("say")(len)
    asio.on("connect")(lambda auth: auth == {"token": "good"})
    with serve_wsgi(app) as url:
        with connect(url, SPEC, auth={"token": "good"}, transports=[transport]) as client:
            assert client.transport() == transport
        with pytest.raises(ConnectionRefused), connect(url, SPEC, auth={"token": "bad"}, wait_timeout=5):
            pass


@pytest.mark.parametrize("library", ["requests", "websocket"])
def test_a_missing_extra_is_named(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    monkeypatch.delitem(sys.modules, "asynction.testing._websocket", raising=False)
    connecting = connect("http://127.0.0.1:1", SPEC)
    with pytest.raises(NotEnabledError, match="AsynctionClient needs the extra `client`"), connecting:
        pass


def test_a_websocket_is_closed_without_a_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its frame that ends the connection goes to the thread that reads."""
    import websocket

    waits: list[Any] = []
    real = websocket.WebSocket.close

    def close(self: Any, status: int, reason: Any, timeout: float | None = 3) -> None:
        waits.append(timeout)
        real(self, status, reason, timeout)

    monkeypatch.setattr(websocket.WebSocket, "close", close)
    with serve_asgi(asgi_app()) as url, connect(url, transports=["websocket"]):
        pass
    assert set(waits) == {0}
