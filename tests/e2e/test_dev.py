"""`asynction dev TARGET` as a process: it serves applications and documents, and follows their changes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.e2e.processes import DEADLINE, Process, free_port, running
from tests.e2e.wire import answered

ASYNCTION = Path(sys.executable).with_name("asynction")

SPEC = """\
asyncapi: 2.6.0
info: {title: Reloaded, version: 1.0.0}
channels:
  /:
    publish:
      message: {name: greet, payload: {$ref: schemas/person.yaml}, x-handler: service.handlers.greet}
"""
PERSON = "{type: string, maxLength: 3}\n"
SYNC = "def greet(name):\n    return f'Hello, {name}'\n"
ASYNC = f"async {SYNC}"

FLASK = """\
from flask import Flask
from asynction import AsynctionSocketIO

app = Flask(__name__)
asio = AsynctionSocketIO.from_spec("../asyncapi.yaml", app=app, http=True)
"""
FACTORY = """\
from flask import Flask
from asynction import AsynctionSocketIO

asio = AsynctionSocketIO.from_spec("../asyncapi.yaml", async_mode="threading")


def create_app():
    app = Flask(__name__)
    asio.init_app(app)
    return app
"""
FASTAPI = """\
from contextlib import asynccontextmanager
from fastapi import FastAPI
from asynction import AsynctionAsyncServer


@asynccontextmanager
async def lifespan(app):
    yield
    print("The application has stopped.", flush=True)


app = FastAPI(lifespan=lifespan)
asio = AsynctionAsyncServer.from_spec("../asyncapi.yaml", app=app, http=True)
"""
ALONE = """\
from asynction import AsynctionAsyncServer

asio = AsynctionAsyncServer.from_spec("../asyncapi.yaml")
"""


class Project(NamedTuple):
    """An application, what `asynction dev` is given, and the paths of which it prints the URLs."""

    app: str
    handlers: str
    target: str
    paths: tuple[str, ...] = ("/docs/",)


HTTP = ("/docs/", "/events/", "/docs/openapi.json")
PROJECTS = {
    "Flask": Project(FLASK, SYNC, "service.app:app", HTTP),
    "a factory in a file": Project(FACTORY, SYNC, "{folder}/service/app.py"),
    "FastAPI": Project(FASTAPI, ASYNC, "service.app", ("/asyncapi/", "/events/", "/asyncapi/openapi.json")),
    "an async server": Project(ALONE, ASYNC, "{folder}/service/app.py:asio"),
    "a document": Project("", SYNC, "{folder}/asyncapi.yaml"),
    "a document, async": Project("", ASYNC, "asyncapi.yaml"),
}

Dev = Callable[[Project], Process]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    for name in ("service", "schemas"):
        (folder / name).mkdir(parents=True)
    (folder / "service" / "__init__.py").touch()
    (folder / "asyncapi.yaml").write_text(SPEC)
    (folder / "schemas" / "person.yaml").write_text(PERSON)
    return folder


@pytest.fixture
def dev(tmp_path: Path, folder: Path) -> Iterator[Dev]:
    """Write a project, and serve it: from its folder, or from elsewhere if the target has a path."""
    with ExitStack() as stack:

        def start(project: Project) -> Process:
            (folder / "service" / "app.py").write_text(project.app)
            (folder / "service" / "handlers.py").write_text(project.handlers)
            port = free_port()
            target = project.target.format(folder=folder)
            command = [ASYNCTION, "dev", target, "--port", str(port)]
            cwd = folder if target == project.target else tmp_path
            return stack.enter_context(running(command, port, tmp_path / "log", cwd=cwd))

        yield start


def wait_for_answer(process: Process, name: str, answer: str) -> None:
    process.wait_for(lambda: answer in answered(process.url, "greet", name))


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.mark.parametrize("project", PROJECTS.values(), ids=PROJECTS)
def test_it_prints_the_urls_and_follows_a_referenced_file(dev: Dev, folder: Path, project: Project) -> None:
    process = dev(project)
    wait_for_answer(process, "Ada", "Hello, Ada")
    for path in project.paths:
        assert f": {process.url}{path}\n" in process.log()
    edit(folder / "schemas" / "person.yaml", "3", "4")
    wait_for_answer(process, "Adam", "Hello, Adam")
    assert ("The application has stopped." in process.log()) is (project.app == FASTAPI)


class Break(NamedTuple):
    """An edit that breaks a project, and what is then shown."""

    file: str
    old: str
    new: str
    shown: str


BREAKS: dict[str, tuple[Break, ...]] = {
    "Flask": (
        Break("asyncapi.yaml", "channels:", "channels: [", "asyncapi.yaml:"),
        Break("service/app.py", "app = ", "app == (", "SyntaxError"),
    ),
    "FastAPI": (
        Break("service/handlers.py", "def greet", "def great", "`service.handlers.greet`"),
        Break("service/app.py", "app = ", "app = missing or ", "NameError"),
    ),
}


@pytest.mark.parametrize(("project", "breaks"), BREAKS.items(), ids=BREAKS)
def test_it_outlives_what_is_broken(dev: Dev, folder: Path, project: str, breaks: tuple[Break, ...]) -> None:
    process = dev(PROJECTS[project])
    for broken in breaks:
        process.mark()
        edit(folder / broken.file, broken.old, broken.new)
        process.wait_for(lambda: "Waiting for a change." in process.log())
        assert broken.shown in process.log()
        assert "asynction/cli" not in process.log()  # of the traceback, only what is the application's
        edit(folder / broken.file, broken.new, broken.old)
        process.wait_for(lambda: "Serving" in process.log())
    wait_for_answer(process, "Ada", "Hello, Ada")


def test_it_waits_for_a_file_that_does_not_exist_yet(dev: Dev, folder: Path) -> None:
    process = dev(PROJECTS["a document"])
    edit(folder / "asyncapi.yaml", "person", "people")
    process.wait_for(lambda: "Waiting for a change." in process.log())
    assert "schemas/people.yaml` cannot be read" in process.log()
    (folder / "schemas" / "people.yaml").write_text(PERSON)
    wait_for_answer(process, "Ada", "Hello, Ada")


def test_an_address_in_use_ends_it(dev: Dev, folder: Path) -> None:
    process = dev(PROJECTS["a document"])
    command = [str(ASYNCTION), "dev", "asyncapi.yaml", "--port", str(process.port)]
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=DEADLINE, check=False)
    assert ended.returncode == 1
    assert ended.stderr.startswith("Error: [Errno ")
    assert "in use" in ended.stderr


@pytest.mark.parametrize("async_mode", ["threading", "gevent"])
def test_flasks_own_reloader_follows_the_files_of_the_document(
    tmp_path: Path, folder: Path, async_mode: str
) -> None:
    port = free_port()
    app = FLASK.replace("http=True", f"async_mode='{async_mode}'")
    run = f"asio.run(app, port={port}, debug=True, allow_unsafe_werkzeug=True)"
    path = f"import sys\nsys.path.insert(0, {str(folder)!r})\n"
    (folder / "service" / "app.py").write_text(f"{path}{app}{run}\n")
    (folder / "service" / "handlers.py").write_text(SYNC)
    command = [sys.executable, folder / "service" / "app.py"]
    with running(command, port, tmp_path / "log", tmp_path) as process:
        wait_for_answer(process, "Ada", "Hello, Ada")
        edit(folder / "schemas" / "person.yaml", "3", "4")
        wait_for_answer(process, "Adam", "Hello, Adam")
