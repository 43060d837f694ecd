"""What `asynction dev` makes of its argument; tests/e2e/test_dev.py serves for real."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from fastapi import FastAPI

from asynction import AsynctionAsyncServer
from asynction.cli import _applications, _reloading, main
from asynction.cli._target import Target, is_document, target_of

CODE = """
import flask
import flask_socketio
import socketio
from fastapi import FastAPI
from asynction import AsynctionAsyncServer, AsynctionSocketIO

DOCUMENT = {
    "asyncapi": "2.6.0",
    "info": {"title": "T", "version": "1.0.0"},
    "channels": {"/": {"subscribe": {"message": {"name": "news"}}}},
}

app = flask.Flask("with a server")
asio = AsynctionSocketIO.from_spec(DOCUMENT, app=app, async_mode="threading")
parent = flask.Flask("with the parent's server")
flask_socketio.SocketIO(parent, async_mode="threading")
bare = flask.Flask("without a server")
loose = AsynctionSocketIO.from_spec(DOCUMENT, async_mode="threading")

fast = FastAPI()
mounted = AsynctionAsyncServer.from_spec(DOCUMENT, app=fast)
alone = AsynctionAsyncServer.from_spec(DOCUMENT)
sio = socketio.AsyncServer(async_mode="asgi")
wrapped = socketio.ASGIApp(sio)


async def bare_asgi(scope, receive, send): ...


def wsgi(environ, start_response): ...


def factory():
    return app


async def async_factory():
    return fast


class holder:
    made = staticmethod(factory)


def failing():
    raise RuntimeError("no such database")


def ending():
    raise SystemExit("DATABASE is not set")
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The working directory, with the module `site_of_tests`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    (tmp_path / "site_of_tests.py").write_text(CODE)
    yield tmp_path
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, Any]]:
    """Return the applications that are served, and their servers; nothing listens, and nothing restarts."""
    served: list[tuple[Any, Any]] = []

    def run_flask(server: Any, app: Any, *_: Any, **__: Any) -> None:
        served.append((app, server))

    def run_asgi(app: Any, address: Any, verb: str, server: Any) -> None:
        served.append((app, server))

    monkeypatch.setenv("WERKZEUG_RUN_MAIN", "true")
    monkeypatch.setattr(_reloading, "run_with_reloader", lambda serve, reloader_type: serve())
    monkeypatch.setattr(_applications, "run_flask", run_flask)
    monkeypatch.setattr(_applications, "run_asgi", run_asgi)
    return served


def invoke(*args: object) -> Result:
    return CliRunner().invoke(main, ["dev", *map(str, args)])


@pytest.mark.parametrize(
    ("target", "app", "server"),
    [
        ("site_of_tests", "app", "asio"),
        ("site_of_tests:app", "app", "asio"),
        ("site_of_tests:asio", "app", "asio"),
        ("site_of_tests:parent", "parent", None),
        ("site_of_tests:factory", "app", "asio"),
        ("site_of_tests:factory()", "app", "asio"),
        ("site_of_tests:holder.made", "app", "asio"),
        ("site_of_tests:mounted", "fast", "mounted"),
        ("site_of_tests:fast", "fast", "alone"),  # the server that was created last
        ("site_of_tests:wrapped", "wrapped", "alone"),
        ("site_of_tests:bare_asgi", "bare_asgi", "alone"),
    ],
)
def test_what_is_served(folder: Path, served: list[Any], target: str, app: str, server: str | None) -> None:
    assert invoke(target).exit_code == 0
    module = sys.modules["site_of_tests"]
    ((served_app, served_by),) = served
    assert served_app is getattr(module, app)
    expected = getattr(module, server) if server is not None else served_app.extensions["socketio"]
    assert served_by is expected


def test_an_async_server_of_its_own_is_served_by_its_asgi_app(folder: Path, served: list[Any]) -> None:
    assert invoke("site_of_tests:alone").exit_code == 0
    ((app, server),) = served
    assert type(app) is type(server.asgi_app())
    assert server is sys.modules["site_of_tests"].alone


AWAITING = """
from flask import Flask
from asynction import AsynctionSocketIO

async def handle(): ...

app = Flask("asynchronous")
document = {
    "asyncapi": "2.6.0",
    "info": {"title": "T", "version": "1.0.0"},
    "channels": {"/": {"publish": {"message": {"name": "news", "x-handler": "awaiting.handle"}}}},
}
AsynctionSocketIO.from_spec(document, app=app, async_mode="threading")
"""
BROKEN = """
asyncapi: 2.6.0
info: {title: T, version: 1.0.0}
channels: {/: {publish: {message: {name: news, x-handler: nowhere.handle}}}}
"""
ERRORS = {
    "site_of_tests:ap": "`site_of_tests` has no `ap`; did you mean `app`?",
    "site_of_tests:app.nme": "`site_of_tests` has no `app.nme`",
    "site_of_tets:app": "there is no module `site_of_tets` in `{folder}`",
    "site_of_tests.more:app": "there is no module `site_of_tests.more` in `{folder}`",
    "{folder}/nowhere.py": "there is no module `nowhere` in `{folder}`",
    "empty": "`empty` has none of `app`, `application`, `create_app`, `make_app`, `asio`",
    "site_of_tests:bare": "`site_of_tests:bare` has no Socket.IO server: attach one",
    "site_of_tests:loose": "`site_of_tests:loose` has no app: name the factory that calls its `init_app`",
    "{folder}/asyncapi.yaml": "`nowhere.handle`",
    "awaiting": "async-handler",
    "site_of_tests:sio": "its type is `AsyncServer`; name the application that it is attached to",
    "site_of_tests:wsgi": "`site_of_tests:wsgi` is not an application: its type is `function`; name a",
    "site_of_tests:DOCUMENT": "`site_of_tests:DOCUMENT` is not an application: its type is `dict`; name a",
    "site_of_tests:holder": "`site_of_tests:holder` is not an application: its type is `type`; name a",
    "site_of_tests:async_factory": "`site_of_tests:async_factory` is an `async def`: a factory is a plain",
    "site_of_tests:failing": "RuntimeError: no such database",
    "site_of_tests:ending": "DATABASE is not set",
    "importing": "ModuleNotFoundError: No module named 'not_there'",
    "reading": "FileNotFoundError: [Errno 2] No such file or directory: 'settings'",
    "syntax": "SyntaxError: ",
    "missing.yaml": "missing.yaml file / `missing.yaml` cannot be read: No such file or directory",
}


@pytest.mark.parametrize("target", ERRORS)
def test_an_error_is_shown_and_a_change_waited_for(folder: Path, served: list[Any], target: str) -> None:
    for name, text in {
        "empty": "",
        "importing": "import not_there",
        "reading": "open('settings')",
        "awaiting": AWAITING,
        "syntax": "def",
    }.items():
        (folder / f"{name}.py").write_text(text)
    (folder / "asyncapi.yaml").write_text(BROKEN)
    result = invoke(target.format(folder=folder))
    assert result.exit_code == 0
    assert "--asgi" not in result.stderr  # an option of other commands
    assert ERRORS[target].format(folder=folder) in result.stderr
    assert result.stderr.endswith("\nWaiting for a change.\n")
    assert "asynction/cli" not in result.stderr
    assert not served


@pytest.mark.parametrize("target", [":app", "a b:app", "folder/app:app", "app:1", ""])
def test_what_names_nothing_is_a_usage_error(folder: Path, served: list[Any], target: str) -> None:
    result = invoke(target)
    assert result.exit_code == 2
    assert "Invalid value for TARGET: `" in result.stderr
    assert not served


def test_a_file_in_a_package_is_imported_from_the_folder_of_the_package(folder: Path) -> None:
    package = folder / "shop" / "web"
    package.mkdir(parents=True)
    for name in ("shop", "shop/web"):
        (folder / name / "__init__.py").touch()
    assert target_of("shop/web/app.py:site") == Target("shop.web.app", folder, "site")
    assert target_of("shop/web/__init__.py") == Target("shop.web", folder)
    assert target_of(f"{folder}/site_of_tests.py") == Target("site_of_tests", folder)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("asyncapi.yaml", True),
        ("missing.yml", True),
        ("asyncapi.json", True),
        ("contract", True),  # a file
        ("site_of_tests.py", False),
        ("site_of_tests", False),
        ("site_of_tests:app", False),
    ],
)
def test_what_is_a_document(folder: Path, text: str, expected: bool) -> None:
    (folder / "contract").touch()
    assert is_document(text) is expected


@pytest.mark.parametrize("attached", [True, False])
def test_a_server_knows_the_application_that_it_is_attached_to(folder: Path, attached: bool) -> None:
    app = FastAPI() if attached else None
    assert AsynctionAsyncServer(app=app).app is app
