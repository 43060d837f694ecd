"""`asynction run` and `asynction mock` as processes, with `emit` and `listen` as clients."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.e2e.processes import DEADLINE, Process, free_port, running

ASYNCTION = Path(sys.executable).with_name("asynction")
SPEC = """\
asyncapi: 2.6.0
info: {title: Greeter, version: '1'}
channels:
  /:
    publish:
      message:
        {name: greet, payload: {type: string}, x-ack: {args: {type: string}}, x-handler: handlers.greet}
    subscribe: {message: {name: told, payload: {const: 1}}}
"""
HANDLERS = "async def greet(name):\n    return f'Hello, {name}'\n"

Start = Callable[..., Process]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "asyncapi.yaml").write_text(SPEC)
    (folder / "handlers.py").write_text(HANDLERS)
    return folder


@pytest.fixture
def start(tmp_path: Path, project: Path) -> Iterator[Start]:
    """Start a command that serves; `{spec}` in its arguments is the document."""
    with ExitStack() as stack:

        def started(*words: str) -> Process:
            port = free_port()
            command = [ASYNCTION, *words, "--port", str(port)]
            return stack.enter_context(running(command, port, tmp_path / f"log-{port}", cwd=project))

        yield started


def asynction(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [str(ASYNCTION), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE, check=False, cwd=cwd)


def greeted(process: Process, project: Path) -> str:
    """Return the response of the server; nothing while it restarts."""
    return asynction("emit", process.url, "greet", "Ada", cwd=project).stdout


def test_async_handlers_run_by_asgi(start: Start, project: Path) -> None:
    process = start("run", "asyncapi.yaml", "--asgi")

    assert json.loads(greeted(process, project)) == "Hello, Ada"


def test_asgi_reloads(start: Start, project: Path) -> None:
    process = start("run", "asyncapi.yaml", "--asgi", "--reload")
    process.wait_for(lambda: "Hello" in greeted(process, project))
    (project / "handlers.py").write_text("")
    process.wait_for(lambda: "Waiting for a change." in process.log())
    (project / "handlers.py").write_text(HANDLERS.replace("Hello", "Bye bye"))
    process.wait_for(lambda: "Bye" in greeted(process, project))
    assert "Traceback" not in process.log()


@pytest.mark.parametrize(
    "words",
    [
        ["mock", "asyncapi.yaml"],
        ["mock", "asyncapi.yaml", "--asgi"],
        ["--spec", "asyncapi.yaml", "mock", "run", "--host", "127.0.0.1"],
    ],
    ids=" ".join,
)
def test_a_mock_answers_and_sends(start: Start, project: Path, words: list[str]) -> None:
    process = start(*words)

    answered = asynction("emit", process.url, "greet", "Ada", "--spec", "asyncapi.yaml", cwd=project)
    heard = asynction("listen", process.url, "--count", "1", "--spec", "asyncapi.yaml", cwd=project)
    assert (answered.returncode, heard.returncode) == (0, 0), (answered.stderr, heard.stderr)
    assert isinstance(json.loads(answered.stdout), str)
    assert json.loads(heard.stdout) == {"event": "told", "args": [1]}
