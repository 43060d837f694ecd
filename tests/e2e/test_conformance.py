"""Every case of specs/conformance/events*.yaml, on every kind of server, by every kind of client."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.cases import CASES, Case, careless_clients, namespace_of, python_value
from tests.conformance.test_events import TITLES
from tests.e2e.clients import (
    Address,
    Client,
    ConnectionRejected,
    JavaScriptClient,
    JavaScriptDriver,
    PythonClient,
)
from tests.e2e.conftest import CLIENTS
from tests.e2e.processes import Process, free_port, running

SCRIPT = Path(__file__).parent / "conformance.py"
DEEPEST = 90  # levels that the driver of the JavaScript client, and its JSON, take


@pytest.fixture(scope="module")
def served(server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    port = free_port()
    output = tmp_path_factory.mktemp("conformance") / "log"
    with running([sys.executable, SCRIPT, server, port], port, output) as process:
        yield process


@pytest.fixture(scope="module", params=CLIENTS)
def send(
    request: pytest.FixtureRequest, served: Process, javascript: JavaScriptDriver
) -> Iterator[Callable[[Case], list[Any] | None]]:
    """Send a case's event by one kind of client, which stays connected; None where it is refused."""
    language, transport = request.param.split("-")
    make: Callable[[Address], Client]
    make = partial(PythonClient, transport)
    if language == "js":
        make = partial(JavaScriptClient, javascript, transport)
    clients: dict[str, Client | None] = {}
    with careless_clients(), ExitStack() as stack:

        def sending(case: Case) -> list[Any] | None:
            namespace = case.namespace or namespace_of(case)
            if language == "js" and not _is_plain(python_value(case.send)):
                pytest.skip("JavaScript, or JSON, has no such value to send")
            if language == "js" and case.event in ("connect", "disconnect", "connect_error"):
                pytest.skip("socket.io-client sends no event of this name")
            if transport == "polling" and case.name == "large bytes":
                pytest.skip("as base64 it is longer than Engine.IO lets a request be")
            if namespace not in clients:
                clients[namespace] = _connected(make, Address(served.url, namespace), stack)
            client = clients[namespace]
            name = case.name if case.event is None else case.event
            return None if client is None else client.call(name, *case.send)

        yield sending


def _connected(make: Callable[[Address], Client], address: Address, stack: ExitStack) -> Client | None:
    try:
        client = make(address)
    except ConnectionRejected:
        return None
    stack.callback(client.close)
    return client


def _is_plain(value: object) -> bool:
    try:
        text = json.dumps(value, allow_nan=False, default=lambda item: item.hex(), ensure_ascii=False)
        text.encode()
    except (ValueError, RecursionError, UnicodeEncodeError):
        return False
    return text.count("[") < DEEPEST and not any(_is_large(number) for number in _numbers(value))


def _numbers(value: object) -> Iterator[int | float]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for item in value:
            yield from _numbers(item)
    elif isinstance(value, int | float):
        yield value


def _is_large(number: int | float) -> bool:
    """JavaScript writes 1e2 for 100.0 and knows no integers beyond these."""
    return abs(number) > 2**53 or (isinstance(number, float) and number.is_integer())


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_case(send: Callable[[Case], list[Any] | None], case: Case) -> None:
    ack = send(case)
    expect = case.expect
    assert (ack is not None) == expect.connected
    if expect.ack is not None:
        assert ack == expect.ack
    if expect.status is not None:
        assert ack is not None
        error = ack[0]["error"]
        assert (error["status"], error["title"]) == (expect.status, TITLES[expect.status])
        assert expect.pointer is None or error["pointer"] == expect.pointer
        assert expect.detail is None or error["detail"] == expect.detail
    assert "MARKER" not in str(ack) or expect.ack is not None
