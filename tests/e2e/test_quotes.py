"""The quotes example: one contract on three wires, served by uvicorn, asked by real clients of each."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.e2e.clients import Address, Connect, PythonClient
from tests.e2e.processes import DEADLINE, Process, free_port, running
from tests.e2e.test_websocket import ObservableSocket, connected

ROOT = Path(__file__).parents[2]
KEY = {"X-Api-Key": "key-of-ada"}
NEITHER = {"X-Api-Key": "key-of-nobody"}

PRINTED = """\
                                 Socket.IO                        WebSocket                        HTTP
price "ACME"                     {"symbol":"ACME","price":12.5}   {"symbol":"ACME","price":12.5}   {"symbol":"ACME","price":12.5}
price "NONE"                     404 there is no NONE             404 there is no NONE             404 there is no NONE
price 7                          400 must be string at /0         400 must be string               400 must be string
history ["ACME",3]               [12.5,12.25,11.0]                [12.5,12.25,11.0]                [12.5,12.25,11.0]
history ["ACME"]                 400 expected 2 arguments, got 1  400 expected 2 arguments, got 1  400 expected 2 arguments, got 1
watch "ACME"                     {"symbol":"ACME","price":12.5}   {"symbol":"ACME","price":12.5}   404 no event `watch` in `/`
trade ["ACME",13.5]              403 not allowed                  403 Access denied                401 not authenticated
the same with a key              2                                2                                2
tick                             {"symbol":"ACME","price":13.5}   {"symbol":"ACME","price":13.5}   only answers
"""  # noqa: E501 - as it is printed

# An event, what it is sent with, and the answer: its status and, where that is 200, its payload.
ASKED: dict[str, tuple[str, Any, tuple[int, Any]]] = {
    "one arg": ("price", "INIT", (200, {"symbol": "INIT", "price": 3.0})),
    "several args": ("history", ["INIT", 30], (200, [3.0, 3.25])),
    "unknown to the handler": ("price", "NONE", (404, None)),
    "unknown to the contract": ("buy", "INIT", (404, None)),
    "sent, not received": ("tick", "INIT", (404, None)),
    "no such type": ("price", 7, (400, None)),
    "null": ("price", None, (400, None)),
    "too few args": ("history", ["INIT"], (400, None)),
    "too many args": ("history", ["INIT", 1, 2], (400, None)),
    "out of bounds": ("history", ["INIT", 31], (400, None)),
}
asked = pytest.mark.parametrize(("event", "data", "expected"), ASKED.values(), ids=ASKED)


@contextmanager
def serving(output: Path) -> Iterator[Process]:
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "specs.examples.quotes.app:app", "--port", port]
    command += ["--timeout-graceful-shutdown", "1"]  # a long poll lasts longer than any test has to
    with running(command, port, output, cwd=ROOT) as process:
        yield process


@pytest.fixture(scope="module")
def quotes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    with serving(tmp_path_factory.mktemp("quotes") / "log") as process:
        yield process


@pytest.fixture(scope="module")
def observable(quotes: Process) -> Iterator[ObservableSocket]:
    client = ObservableSocket()
    with client.process:
        client("connect", url=f"{quotes.url}/ws".replace("http", "ws", 1))
        yield client
        assert client.process.stdin is not None
        client.process.stdin.close()


def of_ack(ack: list[Any]) -> tuple[int, Any]:
    """The status of an acknowledgement of Socket.IO, and its arg."""
    (arg,) = ack
    return (arg["error"]["status"], None) if isinstance(arg, dict) and "error" in arg else (200, arg)


def of_frame(frame: Any) -> tuple[int, Any]:
    return frame["status"], frame["payload"] if frame["status"] == 200 else None


def post(quotes: Process, event: str, data: Any, headers: dict[str, str] | None = None) -> tuple[int, Any]:
    response = requests.post(
        f"{quotes.url}/events/{event}",
        json.dumps(data),
        headers={"Content-Type": "application/json", **(headers or {})},
        timeout=DEADLINE,
    )
    return response.status_code, response.json() if response.ok else None


def args_of(data: Any) -> list[Any]:
    return data if isinstance(data, list) else [data]


# The script ----------------------------------------------------------------------------------------


def test_the_script_prints_the_answers_side_by_side(tmp_path: Path) -> None:
    with serving(tmp_path / "log") as process:
        command = [sys.executable, "specs/examples/quotes/call.py", "--url", process.url]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=DEADLINE, cwd=ROOT, check=False
        )
        log = process.records()
    assert (done.stdout, done.stderr) == (PRINTED, "")
    assert "`watch` of `/` cannot be sent by HTTP: its handler takes a `sid`" in log[0]
    assert [line.split()[1] for line in log[1:]] == [*["404"] * 3, *["400"] * 6, "404", "403", "403", "401"]


# The same on all wires -----------------------------------------------------------------------------


@asked
def test_socketio_answers(
    quotes: Process, connect: Connect, event: str, data: Any, expected: tuple[int, Any]
) -> None:
    assert of_ack(connect(quotes.url).call(event, *args_of(data))) == expected


@asked
def test_a_plain_websocket_answers(quotes: Process, event: str, data: Any, expected: tuple[int, Any]) -> None:
    with connected(f"{quotes.url}/ws") as ask:
        assert of_frame(ask(event, data)) == expected


@asked
def test_a_plain_websocket_answers_javascript(
    observable: ObservableSocket, event: str, data: Any, expected: tuple[int, Any]
) -> None:
    assert of_frame(observable("send", route=event, payload=data)) == expected


@asked
def test_http_answers(quotes: Process, event: str, data: Any, expected: tuple[int, Any]) -> None:
    assert post(quotes, event, data) == expected


# The key -------------------------------------------------------------------------------------------

SAME = ["INIT", 3.0]  # no other test is to see a change


@pytest.mark.parametrize(("auth", "status"), [(None, 403), (NEITHER, 403), (KEY, 200)])
def test_socketio_asks_for_the_key(
    quotes: Process, connect: Connect, auth: dict[str, str] | None, status: int
) -> None:
    assert of_ack(connect(quotes.url, auth=auth).call("trade", *SAME))[0] == status


@pytest.mark.parametrize(("headers", "status"), [({}, 403), (NEITHER, 403), (KEY, 200)])
def test_a_plain_websocket_asks_for_the_key(quotes: Process, headers: dict[str, str], status: int) -> None:
    with connected(f"{quotes.url}/ws", header=headers) as ask:
        assert ask("trade", SAME)["status"] == status


@pytest.mark.parametrize(("headers", "status"), [({}, 401), (NEITHER, 401), (KEY, 200)])
def test_http_asks_for_the_key(quotes: Process, headers: dict[str, str], status: int) -> None:
    assert post(quotes, "trade", SAME, headers)[0] == status


# Pushes --------------------------------------------------------------------------------------------


def test_a_trade_by_http_is_told_on_both_other_wires(
    quotes: Process, connect: Connect, observable: ObservableSocket
) -> None:
    client, other = connect(quotes.url), connect(quotes.url)
    assert of_ack(client.call("watch", "ACME"))[0] == 200
    assert of_frame(observable("send", route="watch", payload="ACME"))[0] == 200
    status, _ = post(quotes, "trade", ["ACME", 14.5], KEY)
    tick = {"symbol": "ACME", "price": 14.5}
    frame = observable("next")
    assert (status, client.receive("tick")) == (200, [tick])
    assert (frame["route"], frame["payload"]) == ("tick", tick)
    assert other.call("price", "ACME") == [tick]  # who does not watch has been told nothing before


def test_who_has_gone_watches_no_more(quotes: Process) -> None:
    client = PythonClient("websocket", Address(quotes.url))
    client.call("watch", "INIT")
    with connected(f"{quotes.url}/ws") as ask:
        ask("watch", "INIT")
        assert post(quotes, "trade", SAME, KEY) == (200, 2)
    client.close()
    quotes.wait_for(lambda: post(quotes, "trade", SAME, KEY) == (200, 0))


# Pages ---------------------------------------------------------------------------------------------


def test_the_pages_of_the_application_and_of_its_events_are_beside_each_other(quotes: Process) -> None:
    pages = [requests.get(f"{quotes.url}/{path}", timeout=DEADLINE) for path in ("docs", "asyncapi")]
    assert [page.status_code for page in pages] == [200, 200]
    found = requests.get(f"{quotes.url}/asyncapi/openapi.json", timeout=DEADLINE).json()
    assert set(found["paths"]) == {"/events/price", "/events/history", "/events/trade"}
