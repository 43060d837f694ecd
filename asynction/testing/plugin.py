"""Fixtures for pytest: write `pytest_plugins = ["asynction.testing.plugin"]` in the `conftest.py` at the top.

Servers and clients end with the test that has started them, the last one first.

PYTEST_DONT_REWRITE: this module has no assertions, and a conftest may import its types before pytest does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, TypeAlias

import pytest

from asynction.client import AsynctionClient
from asynction.document import Spec
from asynction.testing import connect, serve_asgi, serve_wsgi

Serve: TypeAlias = Callable[..., str]
"""Serves an application until the end of the test, and returns its URL."""

Connect: TypeAlias = Callable[..., AsynctionClient]
"""Connects a client until the end of the test, and returns it."""


@pytest.fixture
def asynction_stack() -> Iterator[ExitStack]:
    """Keep what the other fixtures have started, and end it after the test, the last one first."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def asynction_serve_wsgi(asynction_stack: ExitStack) -> Serve:
    """Return a function that serves a WSGI application, with the arguments of `serve_wsgi`."""

    def serve(app: Callable[..., Any], **options: Any) -> str:
        return asynction_stack.enter_context(serve_wsgi(app, **options))

    return serve


@pytest.fixture
def asynction_serve_asgi(asynction_stack: ExitStack) -> Serve:
    """Return a function that serves an ASGI application, with the arguments of `serve_asgi`."""

    def serve(app: Callable[..., Any], **options: Any) -> str:
        return asynction_stack.enter_context(serve_asgi(app, **options))

    return serve


@pytest.fixture
def asynction_connect(asynction_stack: ExitStack) -> Connect:
    """Return a function that connects a client, with the arguments of `connect`."""

    def connected(url: str, spec: Spec | None = None, **options: Any) -> AsynctionClient:
        return asynction_stack.enter_context(connect(url, spec, **options))

    return connected
