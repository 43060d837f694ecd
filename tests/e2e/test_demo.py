"""`make run` starts the chat example and a mock of it, and prints the URLs of both."""

from __future__ import annotations

import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import requests

from tests.e2e.processes import DEADLINE, HOST, free_port, running

DEMO = Path(__file__).parents[2] / "scripts" / "demo.py"


def test_it_prints_the_urls_of_what_it_serves(tmp_path: Path) -> None:
    port, mock = free_port(), free_port()
    command = [sys.executable, DEMO, "--port", port, "--mock-port", mock]
    with running(command, mock, tmp_path / "log") as process:
        process.wait_for(lambda: "Ctrl-C stops both." in process.log())
        for url in (f"http://{HOST}:{port}/docs/", f"http://{HOST}:{mock}/docs/"):
            assert url in process.log()
            assert "static/console.js" in requests.get(url, timeout=DEADLINE).text


def a_port_before_one_that_is_taken() -> tuple[int, socket.socket]:
    while True:
        port = free_port()
        with suppress(OSError, OverflowError):
            return port, socket.create_server((HOST, port + 1))


def test_the_mock_leaves_a_port_that_is_taken(tmp_path: Path) -> None:
    port, taken = a_port_before_one_that_is_taken()
    with taken, running([sys.executable, DEMO, "--port", port], port, tmp_path / "log") as process:
        process.wait_for(lambda: "Ctrl-C stops both." in process.log())
        assert f"mock        http://{HOST}:{port + 1}/" not in process.log()


def test_it_ends_if_one_of_them_cannot_start() -> None:
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
        command = [sys.executable, DEMO, "--port", port, "--mock-port", free_port()]
        done = subprocess.run(
            [str(word) for word in command], capture_output=True, text=True, timeout=DEADLINE, check=False
        )
    assert done.returncode == 1
    assert "Address already in use" in done.stderr
