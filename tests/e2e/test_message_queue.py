"""Several processes on one message queue: those that serve, and those that only emit."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator

import pytest
import redis

from tests.e2e.clients import Connect
from tests.e2e.conftest import program
from tests.e2e.processes import DEADLINE, HOST, Process, free_port, running


@pytest.fixture(scope="module")
def queue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a redis of our own that keeps nothing."""
    binary = shutil.which("redis-server")
    if binary is None:  # a system package that pip and npm cannot bring
        pytest.skip("redis-server is not installed")
    port = free_port()
    folder = tmp_path_factory.mktemp("redis")
    options = ["--bind", HOST, "--port", str(port), "--save", "", "--appendonly", "no"]
    with running([binary, *options, "--dir", folder], port, folder / "log"):
        yield f"redis://{HOST}:{port}/0"


@pytest.fixture(scope="module")
def servers(queue: str, server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Process]]:
    """Two processes that serve the same contract."""
    folder = tmp_path_factory.mktemp("servers")
    ports = free_port(), free_port()
    command = [*program(server), "--queue", queue]
    with (
        running([*command, "--port", str(ports[0])], ports[0], folder / "0") as first,
        running([*command, "--port", str(ports[1])], ports[1], folder / "1") as second,
    ):
        yield [first, second]


def wait_for_subscribers(queue: str, process: Process, number: int) -> None:
    """Wait until so many servers listen; each begins with its first client."""
    with redis.Redis.from_url(queue) as client:

        def listening() -> bool:
            channels = ("flask-socketio", "socketio")  # Flask-SocketIO's name, and python-socketio's own
            return any(count >= number for _, count in client.pubsub_numsub(*channels))

        process.wait_for(listening)


def test_what_a_write_only_process_emits_is_delivered(
    queue: str, server: str, servers: list[Process], connect: Connect
) -> None:
    clients = [connect(each.url) for each in servers]
    wait_for_subscribers(queue, servers[0], 2)
    published = subprocess.run(
        [*map(str, program(server, "publish.py")), queue],
        capture_output=True,
        timeout=DEADLINE,
        check=True,
    )
    report = json.loads(published.stdout)
    assert report["refusal"]
    assert not report["handlers_imported"]
    # The invalid emit came before this one, and never arrived.
    for client in clients:
        assert client.receive("news") == [{"text": "from another process"}]


def test_a_broadcast_crosses_processes(queue: str, servers: list[Process], connect: Connect) -> None:
    speaker, listener = (connect(each.url) for each in servers)
    wait_for_subscribers(queue, servers[0], 2)
    speaker.call("tell", "hello")
    assert listener.receive("news") == speaker.receive("news") == [{"text": "hello"}]


def test_a_bad_event_never_reaches_the_queue(queue: str, servers: list[Process], connect: Connect) -> None:
    speaker, listener = (connect(each.url) for each in servers)
    wait_for_subscribers(queue, servers[0], 2)
    assert speaker.call("misspeak", "x")[0]["error"]["status"] == 500
    speaker.call("tell", "hello")
    assert listener.receive("news") == [{"text": "hello"}]


def test_an_ack_crosses_processes(queue: str, servers: list[Process], connect: Connect) -> None:
    client = connect(servers[0].url)
    wait_for_subscribers(queue, servers[0], 1)
    client.answer("question", 42)
    client.call("ask later", "how many?")
    assert client.receive("answered") == [42]
