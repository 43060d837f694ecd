"""Real servers, real clients, and nothing between them but loopback."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.clients import (
    Address,
    Client,
    Connect,
    JavaScriptClient,
    JavaScriptDriver,
    PythonClient,
)
from tests.e2e.processes import Process, free_port, running
from tests.e2e.wire import TRANSPORTS, Wire

SERVICES = Path(__file__).parent
EXAMPLES = Path(__file__).parents[2] / "specs" / "examples"

ASYNC_MODES = ["threading", "gevent"]
SERVERS = [*ASYNC_MODES, "asgi"]
CLIENTS = ["python-websocket", "python-polling", "js-websocket", "js-polling"]


@pytest.fixture(scope="session", params=ASYNC_MODES)
def async_mode(request: pytest.FixtureRequest) -> str:
    mode: str = request.param
    return mode


@pytest.fixture(scope="session", params=SERVERS)
def server(request: pytest.FixtureRequest) -> str:
    """A kind of server: Flask-SocketIO with threads or gevent, or ASGI by uvicorn."""
    kind: str = request.param
    return kind


def program(server: str, name: str = "serve.py") -> list[object]:
    """The command that serves the contract in service/ by a kind of server, or another program beside it."""
    if server == "asgi":
        return [sys.executable, SERVICES / "service_asgi" / name]
    options = ["--async-mode", server] if name == "serve.py" else []
    return [sys.executable, SERVICES / "service" / name, *options]


@pytest.fixture(scope="session")
def service(server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """The contract in service/, served by each kind of server."""
    port = free_port()
    output = tmp_path_factory.mktemp("service") / "log"
    with running([*program(server), "--port", str(port)], port, output) as process:
        yield process


@pytest.fixture(scope="session")
def chat(async_mode: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """The chat example's own application."""
    port = free_port()
    command = [sys.executable, EXAMPLES / "chat" / "app.py", "--port", str(port)]
    output = tmp_path_factory.mktemp("chat") / "log"
    with running([*command, "--async-mode", async_mode], port, output) as process:
        yield process


@pytest.fixture(scope="session")
def javascript() -> Iterator[JavaScriptDriver]:
    driver = JavaScriptDriver()
    yield driver
    driver.close()


@pytest.fixture(params=CLIENTS)
def connect(request: pytest.FixtureRequest) -> Iterator[Connect]:
    """Connect clients of each kind; all are closed afterwards."""
    language, transport = request.param.split("-")
    make: Callable[[Address], Client]
    if language == "python":
        make = partial(PythonClient, transport)
    else:
        make = partial(JavaScriptClient, request.getfixturevalue("javascript"), transport)
    with ExitStack() as stack:

        def connecting(*args: Any, **kwargs: Any) -> Client:
            client = make(Address(*args, **kwargs))
            stack.callback(client.close)
            return client

        yield connecting


@pytest.fixture(params=sorted(TRANSPORTS))
def wire(request: pytest.FixtureRequest, service: Process) -> Iterator[Wire]:
    """A hand-driven connection to the service, not yet in any namespace."""
    transport = TRANSPORTS[request.param](service.url, {})
    wire = Wire(transport)
    yield wire
    wire.close()
