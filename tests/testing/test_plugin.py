"""The fixtures serve and connect until the end of a test, where a conftest.py asks for them."""

from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

from asynction.testing.plugin import Connect, Serve
from tests.serving import DEADLINE
from tests.testing.support import SPEC, asgi_app, wsgi_app

pytest_plugins = ["asynction.testing.plugin"]

USER = """
import urllib.request

import pytest
from asynction import AsynctionAsyncServer
from asynction.testing import AsyncTestClient

SPEC = {
    "asyncapi": "2.6.0",
    "info": {"title": "Test", "version": "1"},
    "channels": {
        "/": {"publish": {"message": {"name": "say", "x-ack": {"args": {"type": "integer"}}}}}
    },
}
urls = []


@pytest.fixture
def url(asynction_serve_asgi):
    asio = AsynctionAsyncServer.from_spec(SPEC)
    asio.on("say", len)
    return asynction_serve_asgi(asio.asgi_app())


def test_one(asynction_connect, url):
    urls.append(url)
    assert asynction_connect(url, SPEC).call("say", "hello") == 5


def test_the_server_of_another_test_has_ended(url):
    urls.append(url)
    with pytest.raises(OSError):
        urllib.request.urlopen(urls[0])
    assert urllib.request.urlopen(urls[1] + "/docs/").status == 200


def test_a_failure_is_reported(asynction_connect, url):
    assert asynction_connect(url, SPEC).call("say", "hello") == 6
"""


def test_wsgi_applications_are_served(asynction_serve_wsgi: Serve, asynction_connect: Connect) -> None:
    assert asynction_connect(asynction_serve_wsgi(wsgi_app()), SPEC).call("say", "hello") == 5


def test_asgi_applications_are_served(asynction_connect: Connect, asynction_serve_asgi: Serve) -> None:
    url = asynction_serve_asgi(asgi_app(), timeout=DEADLINE)
    assert asynction_connect(url, SPEC, transports=["websocket"]).call("say", "hello") == 5


def test_the_last_one_ends_first(
    asynction_stack: ExitStack, asynction_serve_wsgi: Serve, asynction_connect: Connect
) -> None:
    """Whatever the order of the fixtures is: a client leaves before its server stops."""
    client = asynction_connect(asynction_serve_wsgi(wsgi_app()))
    asynction_stack.push(lambda *_: ended.append(client.connected))
    ended: list[bool] = []
    asynction_stack.close()
    assert ended == [True]
    assert not client.connected


def test_a_conftest_asks_for_it(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["asynction.testing.plugin"]\n')
    (tmp_path / "test_user.py").write_text(USER)
    words = [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert "assert 5 == 6" in done.stdout, done.stdout
    assert "1 failed, 2 passed" in done.stdout


def test_each_fixture_is_listed_with_a_sentence(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "pytest", "-p", "asynction.testing.plugin", "--fixtures"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    for name in ("connect", "serve_asgi", "serve_wsgi", "stack"):
        assert f"asynction_{name} -- " in done.stdout
    assert "Return a function that connects a client, with the arguments of `connect`." in done.stdout
