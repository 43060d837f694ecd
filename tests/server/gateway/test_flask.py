"""What is Flask's own of a gateway: requests, threads, and what tests see."""

from __future__ import annotations

import logging
from threading import Event, Thread
from typing import Any

import flask
import flask_socketio
import pytest
import requests

from tests.server.gateway.support import Results, call, serving_gateway
from tests.server.support import channel, document, message
from tests.serving import DEADLINE

SPEC = document({"/": channel([message("echo")]), "/other": channel([message("where")])})


def post(url: str, body: Any) -> requests.Response:
    return requests.post(f"{url}/api/call", json=body, timeout=DEADLINE)


def test_a_handler_has_its_namespace_and_the_request() -> None:
    def register(asio: Any) -> None:
        def where(data: Any) -> Any:
            return [flask.request.namespace, flask.request.headers.get("X-Key")]  # type: ignore[attr-defined]

        def echo(data: Any) -> Any:
            return flask_socketio.rooms()

        asio.on("where", namespace="/other")(where)
        asio.on("echo")(echo)

    with (
        Results() as results,
        serving_gateway("flask", SPEC, register, allowed_origins=[results.origin]) as gateway,
    ):
        with gateway.client(headers={"X-Key": "y"}) as client:
            client.sio.emit("api", call("other.where"))
            assert client.next_event()[1][0]["data"] == ["/other", "y"]
            client.sio.emit("api", call("echo"))
            assert len(client.next_event()[1][0]["data"]) == 1
        post(gateway.url, call("other.where", callback_url=results.url))
        assert results.next()["data"] == ["/other", None]


def test_while_testing_what_a_handler_raises_is_seen(caplog: pytest.LogCaptureFixture) -> None:
    def register(asio: Any) -> None:
        def echo(data: Any) -> Any:
            raise LookupError("of the handler's own")

        asio.on("echo")(echo)
        asio.on("where", namespace="/other")(lambda data: data)

    with (
        Results() as results,
        serving_gateway(
            "flask", SPEC, register, config={"TESTING": True}, allowed_origins=[results.origin]
        ) as gateway,
    ):
        request = call("echo", callback_url=results.url, client_key="k" * 22)
        post(gateway.url, request)
        gateway.gateway.close(DEADLINE)
        assert "of the handler's own" in caplog.text
        with gateway.client() as client:  # it has been run
            client.sio.emit("api", request)
            assert client.next_event()[1][0]["data"]["error"]["status"] == 500


def test_closing_waits_for_results_and_takes_no_more(caplog: pytest.LogCaptureFixture) -> None:
    release, started = Event(), Event()

    def register(asio: Any) -> None:
        def echo(data: Any) -> Any:
            started.set()
            assert release.wait(DEADLINE)
            return data

        asio.on("echo")(echo)

    with (
        Results() as results,
        serving_gateway("flask", SPEC, register, allowed_origins=[results.origin]) as gateway,
    ):
        post(gateway.url, call("echo", 1, callback_url=results.url))
        assert started.wait(DEADLINE)
        with caplog.at_level(logging.WARNING):
            gateway.gateway.close(0)
        assert "1 calls or deliveries have not ended" in caplog.text
        refused = post(gateway.url, call("echo", 2, callback_url=results.url))
        assert refused.status_code == 503
        closing = Thread(target=gateway.gateway.close, args=(DEADLINE,))
        closing.start()
        release.set()
        closing.join(DEADLINE)
        assert results.next()["data"] == 1
