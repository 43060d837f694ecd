"""A real browser, which speaks to the server under test and to nobody else."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import flask
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from asynction.mock.flask import MockAsynctionSocketIO
from asynction.testing import serve_wsgi
from tests.browser.reader import Reader
from tests.e2e.processes import free_port, running

EXAMPLES = Path(__file__).parents[2] / "specs" / "examples"
OPTIONS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)
NEVER = 3600.0
"""Seconds between two events of a mock that is to send none by itself."""

Open = Callable[..., Page]
Mocked = Callable[..., str]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, for one module: the loop that Playwright keeps running is in the way of other tests."""
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("Chromium is not on PATH")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=OPTIONS.split())
        yield browser
        browser.close()


@pytest.fixture
def reader(browser: Browser) -> Iterator[Reader]:
    """Somebody who reads pages; what a page must never do fails the test."""
    reader = Reader(browser)
    yield reader
    reader.leave()
    assert reader.complaints == []


@pytest.fixture
def open_page(reader: Reader) -> Open:
    """Open a page in a browser context of its own; the options are those of the context."""
    return reader.open


@pytest.fixture
def mocked() -> Iterator[Mocked]:
    """Serve a mock of a document, which needs none of its code; gives the address of its page."""
    with ExitStack() as stack:

        def serve(spec: Any, **options: Any) -> str:
            app = flask.Flask("mock")
            options = {"interval": NEVER, "seed": 1, **options}
            MockAsynctionSocketIO.from_spec(spec, app=app, async_mode="threading", **options)
            return f"{stack.enter_context(serve_wsgi(app))}/docs/"

        yield serve


@pytest.fixture(scope="module")
def chat(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The chat example's own application."""
    port = free_port()
    command = [sys.executable, EXAMPLES / "chat" / "app.py", "--port", str(port)]
    with running(command, port, tmp_path_factory.mktemp("chat") / "log") as process:
        yield f"{process.url}/docs/"


@pytest.fixture(scope="module")
def rooms(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The rooms example by uvicorn; FastAPI has pages of its own at /docs."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "specs.examples.rooms.app:app", "--port", str(port)]
    root = EXAMPLES.parents[1]
    with running(command, port, tmp_path_factory.mktemp("rooms") / "log", cwd=root) as process:
        yield f"{process.url}/asyncapi/"


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The secured example's own application."""
    port = free_port()
    command = [sys.executable, EXAMPLES / "secured" / "app.py", "--port", str(port)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(os.environ, "NOTES_SECRET", "a secret of more than 32 characters")
        with running(command, port, tmp_path_factory.mktemp("secured") / "log") as process:
            yield f"{process.url}/docs/"
