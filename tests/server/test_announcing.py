"""Servers say at their start where their docs page is, and watch the files of their document."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from pathlib import Path
from typing import Any

import flask
import flask_socketio
import pytest
from fastapi import FastAPI
from flask.cli import routes_command, run_command

from asynction import AsynctionAsyncServer, AsynctionSocketIO
from asynction.server.announcing import RELOAD_HINT, notices, reload_hint
from asynction.ui import _assets

DOCUMENT = """\
asyncapi: 2.6.0
info: {title: News, version: 1.0.0}
channels: {/: {subscribe: {message: {$ref: sent.json}}}}
"""
SENT = '{"name": "news"}'
WITH_CONSOLE = "Docs page with console: "


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(_assets, "CONSOLE", ())
    Path("asyncapi.yaml").write_text(DOCUMENT, encoding="utf-8")
    Path("sent.json").write_text(SENT, encoding="utf-8")


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The options with which Flask-SocketIO would have served."""
    calls: list[dict[str, Any]] = []
    monkeypatch.setattr(flask_socketio.SocketIO, "run", lambda *_, **options: calls.append(options))
    return calls


def on_flask(**options: Any) -> tuple[AsynctionSocketIO, flask.Flask]:
    app = flask.Flask("news")
    return AsynctionSocketIO.from_spec("asyncapi.yaml", app=app, async_mode="threading", **options), app


def on_asgi(**options: Any) -> AsynctionAsyncServer:
    return AsynctionAsyncServer.from_spec("asyncapi.yaml", **options)


@pytest.mark.parametrize(
    ("options", "server_name", "origin"),
    [
        ({}, None, "http://127.0.0.1:5000"),
        ({"host": "0.0.0.0", "port": 80}, None, "http://0.0.0.0:80"),
        ({"host": "::1", "ssl_context": "adhoc"}, None, "https://[::1]:5000"),
        ({}, "news.test:8000", "http://127.0.0.1:8000"),
        ({}, "news.test", "http://127.0.0.1:5000"),
    ],
)
def test_run_prints_the_url(
    options: dict[str, Any],
    server_name: str | None,
    origin: str,
    ran: list[dict[str, Any]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    asio, app = on_flask()
    app.config["SERVER_NAME"] = server_name
    asio.run(app, **options)
    assert capsys.readouterr().err == f"{WITH_CONSOLE}{origin}/docs/\n"


@pytest.mark.parametrize("make", [lambda **options: on_flask(**options)[0], on_asgi], ids=["flask", "asgi"])
@pytest.mark.parametrize(
    ("options", "lines"),
    [
        ({}, ["Docs page with console: http://a/docs/"]),
        ({"docs": False}, []),
        (
            {"http": True},
            [
                "Docs page with console: http://a/docs/",
                "Events by HTTP: http://a/events/",
                "OpenAPI document: http://a/docs/openapi.json",
            ],
        ),
        ({"http": True, "docs": False}, ["Events by HTTP: http://a/events/"]),
    ],
)
def test_each_url_has_a_line(make: Any, options: dict[str, Any], lines: list[str]) -> None:
    assert list(notices(make(**options), "http://a")) == lines


def test_without_a_page_and_in_the_reloader_nothing_is_printed(
    ran: list[dict[str, Any]], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asio, app = on_flask(docs=False)
    asio.run(app)
    monkeypatch.setitem(os.environ, "WERKZEUG_RUN_MAIN", "true")
    asio, app = on_flask()
    asio.run(app)
    assert len(ran) == 2
    assert capsys.readouterr().err == ""


def test_the_reloader_watches_the_files_of_the_document(ran: list[dict[str, Any]]) -> None:
    asio, app = on_flask()
    asio.run(app, debug=True)
    asio.run(app, extra_files=["a.txt"], reloader_options={"extra_files": ["b.txt"], "reloader_type": "stat"})
    first, second = (options["reloader_options"] for options in ran)
    document, sent = first["extra_files"]
    assert (document, Path(sent).name) == ("asyncapi.yaml", "sent.json")
    assert second == {"reloader_type": "stat", "extra_files": (document, sent, "b.txt", "a.txt")}


def test_without_the_libraries_the_notice_says_what_adds_the_console(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_assets, "CONSOLE", ("nowhere.js",))
    (notice,) = notices(on_flask()[0], "http://a")
    assert notice == "Docs page: http://a/docs/ (without a console, which `make assets` adds)"


def started(app: Any = None) -> None:
    """Start and stop an async server, as its lifespan does."""
    asio = AsynctionAsyncServer.from_spec("asyncapi.yaml", app=app)

    async def run() -> None:
        await asio._start()
        await asio.shutdown()

    asyncio.run(run())


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        ({"uvicorn.error": logging.INFO}, "uvicorn.error"),
        ({"asynction": logging.INFO}, "asynction"),
        ({}, None),
    ],
)
def test_an_async_server_logs_the_path_where_it_is_seen(
    level: dict[str, int], expected: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    for name, value in level.items():
        caplog.set_level(value, name)
    started(FastAPI())
    records = [
        (record.name, record.getMessage()) for record in caplog.records if "Docs" in record.getMessage()
    ]
    assert records == ([(expected, f"{WITH_CONSOLE}/asyncapi/")] if expected else [])


UVICORN = (
    f"{RELOAD_HINT}, or uvicorn ... --reload-include '*.json' --reload-include '*.yaml'"
    " (needs the package watchfiles)"
)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("/bin/uvicorn app:app --reload", [UVICORN]),
        ("/lib/uvicorn/__main__.py app:app --reload", [UVICORN]),
        ("/bin/uvicorn app:app --reload --reload-include=*.yaml", []),
        ("/bin/uvicorn app:app", []),
        ("/bin/fastapi dev app.py", [RELOAD_HINT]),
        ("/lib/fastapi_cli/__main__.py dev app.py", [RELOAD_HINT]),
        ("/bin/fastapi dev app.py --no-reload", []),
        ("/bin/fastapi run app.py", []),
        ("/bin/hypercorn app:app --reload", [RELOAD_HINT]),
        ("/home/uvicorn/app.py --reload", []),
        ("/bin/asynction dev app:app --reload", []),
        ("", []),
    ],
)
def test_who_reloads_code_only_is_told_how_to_reload_with_the_document(
    line: str, expected: list[str], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", line.split())
    caplog.set_level(logging.INFO, "uvicorn.error")
    started()
    messages = [record.getMessage() for record in caplog.records]
    assert [message for message in messages if message.startswith(RELOAD_HINT)] == expected


def test_without_files_there_is_nothing_to_reload() -> None:
    assert reload_hint((), ["uvicorn", "app:app", "--reload"]) is None


@pytest.mark.parametrize(
    ("words", "is_reloader", "expected"),
    [
        ("run --port 80 --no-reload", False, f"{WITH_CONSOLE}http://127.0.0.1:80/docs/\n"),
        ("run --host ::1 --cert adhoc", False, f"{WITH_CONSOLE}https://[::1]:5000/docs/\n"),
        ("run", True, f"{RELOAD_HINT}, or flask run --extra-files asyncapi.yaml{os.pathsep}sent.json\n"),
        ("run --extra-files asyncapi.yaml", True, ""),
        ("routes", False, ""),
        ("routes", True, ""),
    ],
)
def test_flask_run_is_told_what_run_prints(
    words: str,
    is_reloader: bool,
    expected: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if is_reloader:
        monkeypatch.setenv("WERKZEUG_RUN_MAIN", "true")
    name, *options = words.split()
    command = {"run": run_command, "routes": routes_command}[name]
    with command.make_context(name, options):
        on_flask()
    assert capsys.readouterr().err == expected
