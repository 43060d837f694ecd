"""`asynction run SPEC` as a process."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.e2e.clients import Connect
from tests.e2e.conftest import EXAMPLES
from tests.e2e.processes import DEADLINE, Process, free_port, running
from tests.e2e.wire import answered

ASYNCTION = Path(sys.executable).with_name("asynction")

Run = Callable[..., Process]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    """Start `asynction run` with these arguments, from a folder that has nothing to do with it."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with ExitStack() as stack:

        def start(spec: Path, *options: str) -> Process:
            port = free_port()
            command = [ASYNCTION, "run", spec, "--port", str(port), *options]
            process: AbstractContextManager[Process]
            process = running(command, port, tmp_path / f"log-{port}", cwd=elsewhere)
            return stack.enter_context(process)

        yield start


@pytest.mark.parametrize("document", ["asyncapi.yaml", "asyncapi-3.1.yaml"])
def test_the_chat_runs_without_application_code(
    run: Run, async_mode: str, connect: Connect, document: str
) -> None:
    process = run(EXAMPLES / "chat" / document, "--async-mode", async_mode)
    ada, bob = (connect(process.url, query={"name": name}) for name in ("Ada", "Bob"))
    (receipt,) = ada.call("say", {"text": "hello"})
    assert receipt == {"id": 1, "reached": 1}
    assert bob.receive("said") == [{"id": 1, "from": "Ada", "text": "hello"}]


def test_the_accounts_run_with_their_misspelt_keys(run: Run, connect: Connect) -> None:
    process = run(EXAMPLES / "accounts" / "asyncapi.yaml")
    client = connect(process.url, "/user")
    assert client.call("sign up", {"name": "Ada"}) == []
    assert client.call("log in", {}) == []
    (ack,) = client.call("log in", "Ada")  # user_error returns nothing: the default ack
    assert ack["error"]["status"] == 400
    for place in ("asyncapi.yaml:15:5", "asyncapi.yaml:24:7", "asyncapi.yaml:29:7"):
        assert place in process.log()


@pytest.fixture
def accounts_app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Process]:
    """The accounts example's own application, started from a folder that is not its own."""
    port = free_port()
    monkeypatch.setenv("PORT", str(port))
    command = [sys.executable, EXAMPLES / "accounts" / "app.py"]
    with running(command, port, tmp_path / "log", cwd=tmp_path) as process:
        yield process


def test_the_accounts_app_runs_as_its_readme_says(accounts_app: Process, connect: Connect) -> None:
    client = connect(accounts_app.url, "/user")
    assert client.call("sign up", {"name": "Ada"}) == []
    accounts_app.wait_for(lambda: "Signing up user" in accounts_app.log())


SPEC = """
asyncapi: 2.6.0
info: {title: Reloaded, version: 1.0.0}
channels:
  /:
    publish:
      message: {name: greet, payload: {$ref: 'person.yaml'}, x-handler: handlers.greet}
"""
BROKEN = SPEC.replace("handlers.greet", "handlers.gret")
PERSON = "{type: string, maxLength: 3}\n"
HANDLER = """
import words

def greet(name):
    return f"{words.HELLO}, {name}"
"""
WORDS = 'HELLO = "Hello"\n'


class Change(NamedTuple):
    """A file that changes, a name to greet, and what shows that the change is served."""

    file: str
    text: str
    name: str
    shows: str


CHANGES = {
    "a handler": Change("handlers.py", HANDLER.replace(", {", " there, {"), "Ada", "Hello there, Ada"),
    "a module that a handler imports": Change("words.py", 'HELLO = "Bye"\n', "Ada", "Bye, Ada"),
    "the document": Change("asyncapi.yaml", SPEC.replace("name: greet", "name: gret"), "Ada", "404"),
    "a file that the document refers to": Change("person.yaml", "{type: string}\n", "Adam", "Hello, Adam"),
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    files = {
        "asyncapi.yaml": SPEC,
        "person.yaml": PERSON,
        "handlers.py": HANDLER,
        "words.py": WORDS,
    }
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder


def greet(process: Process, name: str) -> str:
    """Return what the server answers, as text; nothing while it restarts."""
    return answered(process.url, "greet", name)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_reload_restarts_when_a_file_changes(run: Run, project: Path, change: Change) -> None:
    process = run(project / "asyncapi.yaml", "--reload")
    process.wait_for(lambda: "Hello, Ada" in greet(process, "Ada"))
    (project / change.file).write_text(change.text)
    process.wait_for(lambda: change.shows in greet(process, change.name))


def test_reload_outlives_a_broken_document(run: Run, project: Path) -> None:
    process = run(project / "asyncapi.yaml", "--reload")
    process.wait_for(lambda: "Hello, Ada" in greet(process, "Ada"))
    (project / "asyncapi.yaml").write_text(BROKEN)
    process.wait_for(lambda: "handlers.gret" in process.log())
    (project / "asyncapi.yaml").write_text(SPEC)
    process.wait_for(lambda: "Hello, Ada" in greet(process, "Ada"))


def asynction(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a command that ends by itself."""
    command = [str(part) for part in (ASYNCTION, *arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE, check=False)


def test_a_broken_document_does_not_start(project: Path) -> None:
    spec = project / "asyncapi.yaml"
    spec.write_text(BROKEN)
    ended = asynction("run", spec, "--port", free_port())
    assert ended.returncode != 0
    assert f"{spec}:7:" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_run_explains_itself() -> None:
    ended = asynction("run", "-h")
    assert ended.returncode == 0
    for option in ("--host", "--port", "--debug", "--reload"):
        assert option in ended.stdout
