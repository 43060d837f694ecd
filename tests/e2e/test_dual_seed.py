"""The examples of the dual-mode client that users come from run here, but for the line that imports it.

Each file is an example word for word; a line that is ours ends in `# asynction`.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.e2e.processes import DEADLINE, Process, free_port, running

SEEDS = Path(__file__).parent / "dual_seed"
MARK = "  # asynction"
OURS = {"run", "serve"}

# How many lines of each example are ours, and a digest of all others, which are the user's.
EXAMPLES = {"beside_fastapi": (1, "07508bc51b2786de"), "steps": (6, "bb8b25f934d1a531")}

kinds = pytest.mark.parametrize("kind", ["flask", "asgi"])


@contextmanager
def server(kind: str, port: int, own: int, folder: Path) -> Iterator[Process]:
    command = [sys.executable, SEEDS / "serve.py", kind, port, f"http://localhost:{own}"]
    with running(command, port, folder / "server") as process:
        yield process


@contextmanager
def application(port: int, own: int, folder: Path) -> Iterator[Process]:
    command = [sys.executable, SEEDS / "run.py", "beside_fastapi.py", port, own]
    with running(command, own, folder / "application") as process:
        yield process


def called(application: Process, **request: Any) -> requests.Response:
    return requests.post(f"{application.url}/api/call", json=request, timeout=DEADLINE)


@kinds
def test_the_fastapi_example_calls_by_socketio(kind: str, tmp_path: Path) -> None:
    port, own = free_port(), free_port()
    with server(kind, port, own, tmp_path) as service, application(port, own, tmp_path) as app:
        response = called(app, api="user.get", data={"id": 1}, request_id="a")
        assert response.json() == {"success": True, "message": "the call is sent", "request_id": "a"}
        assert called(app, api="user.update", data={"id": 1, "name": "Eve"}).json()["success"] is True
        service.wait_for(
            lambda: {"user.get {'id': 1}", "user.update {'id': 1, 'name': 'Eve'}"} <= lines(service)
        )
        wrong: dict[str, Any]
        for wrong in ({"api": "nobody", "data": {}}, {"data": {}}, {"api": "user.get", "callback_type": "x"}):
            assert called(app, **wrong).status_code == 500


@kinds
def test_the_fastapi_example_takes_results_by_its_callback(kind: str, tmp_path: Path) -> None:
    port, own = free_port(), free_port()
    with ExitStack() as stack:
        app = stack.enter_context(application(port, own, tmp_path))  # it starts without a server, by HTTP
        assert called(app, api="user.get", data={"id": 1}).status_code == 500  # nobody is there
        service = stack.enter_context(server(kind, port, own, tmp_path))
        response = called(app, api="user.get", data={"id": 1}, callback_type="http", request_id="b")
        assert response.status_code == requests.codes.ok, response.text
        answer = response.json()
        assert (answer["success"], answer["request_id"]) == (True, "b")
        app.wait_for(lambda: re.search(r'"POST /api/callback HTTP/1.1" 200', app.log()))
        service.wait_for(lambda: "user.get {'id': 1}" in lines(service))


def test_the_callback_of_the_fastapi_example_answers_at_once(tmp_path: Path) -> None:
    with application(free_port(), own := free_port(), tmp_path):
        url = f"http://localhost:{own}/api/callback"
        taken = requests.post(url, json={"callback_func": "user.get", "data": {}}, timeout=DEADLINE)
        assert taken.json() == {"success": True, "message": "the result is taken"}
        refused = requests.post(url, json={"callback_func": "nobody"}, timeout=DEADLINE)
        assert (refused.status_code, "register_callback" in refused.text) == (500, True)


@kinds
def test_the_steps_run_one_after_the_other(kind: str, tmp_path: Path) -> None:
    port, own = free_port(), free_port()
    with server(kind, port, own, tmp_path) as service:
        command = [sys.executable, str(SEEDS / "run.py"), "steps.py", str(port), str(own)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE, check=True)
        service.wait_for(lambda: "api_name {'param': 'value'}" in lines(service))
    shown = done.stdout.splitlines()
    assert shown[0].startswith("收到响应数据: {'api': 'api_name'")
    assert shown[-1].startswith("其他错误:")  # the example calls without arguments


def lines(process: Process) -> set[str]:
    return set(process.log().splitlines())


@pytest.mark.parametrize("name", EXAMPLES)
def test_only_marked_lines_name_a_package(name: str) -> None:
    text = (SEEDS / f"{name}.py").read_text(encoding="utf-8").splitlines()
    theirs = [line for line in text if not line.endswith(MARK)]
    assert not [line for line in theirs if "asynction" in line]
    digest = hashlib.sha256("\n".join(line.strip() for line in theirs).encode()).hexdigest()
    assert (len(text) - len(theirs), digest[:16]) == EXAMPLES[name]


def test_every_example_is_run() -> None:
    assert {path.stem for path in SEEDS.glob("*.py")} == {*EXAMPLES, *OURS}
