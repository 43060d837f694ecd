"""A server that real clients use answers what its handlers raise that is no Exception, and lives on."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.e2e.exits_service import FAULTS, PLACES
from tests.e2e.processes import DEADLINE, Process, free_port, running
from tests.serving import connected

SERVICE = Path(__file__).with_name("exits_service.py")
ERROR = {"status": 500, "title": "Internal Server Error"}


@contextmanager
def serving(server: str, folder: Path) -> Iterator[Process]:
    port = free_port()
    with running(
        [sys.executable, SERVICE, "--port", port, "--kind", server], port, folder / "log"
    ) as process:
        yield process


@pytest.fixture(scope="module")
def service(server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    with serving(server, tmp_path_factory.mktemp("exits")) as process:
        yield process


def faults(server: str) -> list[str]:
    """The names of what is raised on a server: what ends the process is not among them."""
    asked = [name for name in FAULTS if name != "KeyboardInterrupt"]
    if server != "gevent":
        asked.remove("Timeout")
    if server == "asgi" and sys.version_info < (3, 11):  # where a task does not tell why it is cancelled
        asked.remove("CancelledError")
    return asked


@pytest.mark.parametrize("place", PLACES)
def test_an_event_is_answered(service: Process, server: str, place: str) -> None:
    expected = ["done"] if place == "closing" else [{"error": ERROR}]
    with connected(service.url) as client:
        for fault in faults(server):
            service.mark()
            assert client.call(place, fault) == expected, fault
            service.wait_for(lambda: "which is not an Exception" in service.log())
            assert fault in service.log()


@pytest.mark.parametrize("place", PLACES)
def test_a_request_is_answered(service: Process, server: str, place: str) -> None:
    for fault in faults(server):
        got = requests.post(f"{service.url}/events/{place}", json=fault, timeout=DEADLINE)
        if place == "closing":
            assert (got.status_code, got.json()) == (200, "done"), fault
        else:
            assert (got.status_code, got.json()) == (500, ERROR), fault


def test_a_connection_is_refused(service: Process, server: str) -> None:
    for fault in faults(server):
        with connected(service.url, "/connect", auth=fault) as client:
            assert client.refusals == {"/connect": {"message": ERROR["title"], "data": ERROR}}, fault


def test_a_client_leaves(service: Process) -> None:
    service.mark()
    with connected(service.url, "/disconnect"):
        pass
    service.wait_for(lambda: "the application raised SystemExit" in service.log())
    with connected(service.url) as client:
        assert client.call("handler", "SystemExit") == [{"error": ERROR}]


@pytest.mark.parametrize("kind", ["gevent", "asgi"])  # a thread cannot end its process
def test_an_interrupt_ends_the_process(kind: str, tmp_path: Path) -> None:
    with serving(kind, tmp_path) as process, connected(process.url) as client:
        client.sio.emit("later", "KeyboardInterrupt")
        process.popen.wait(DEADLINE)
        assert "which is not an Exception" not in process.log()
