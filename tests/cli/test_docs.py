"""`asynction docs`: the page as files, and served."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner, Result

from asynction.cli import docs, main

SPEC = """\
asyncapi: 3.1.0
info: {title: Weather, version: '1'}
servers: {a: {host: h, pathname: /live, protocol: ws}}
channels: {c: {address: /, messages: {rain: {payload: {type: string}}}}}
operations: {o: {action: send, channel: {$ref: '#/channels/c'}}}
"""


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "asyncapi.yaml").write_text(SPEC)


def run(*args: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(main, ["docs", *args], input=stdin)


@pytest.mark.parametrize("name", ["asyncapi.yaml", "-"])
def test_build_writes_the_page_and_its_files(name: str, tmp_path: Path) -> None:
    result = run("build", name, "-o", "site/api", "--title", "Sunshine", stdin=SPEC)

    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "Wrote site/api/index.html\n"
    assert "Sunshine" in (tmp_path / "site" / "api" / "index.html").read_text(encoding="utf-8")
    assert (tmp_path / "site" / "api" / "asyncapi.json").exists()


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["build", "missing.yaml", "-o", "x"], "missing.yaml file /"),
        (["build", "asyncapi.yaml", "-o", "x", "--server-name", "b"], "no server `b`"),
        (["build", "asyncapi.yaml", "-o", "asyncapi.yaml/x"], "asyncapi.yaml"),
        (["serve", "missing.yaml"], "missing.yaml file /"),
    ],
)
def test_an_error_is_reported_without_a_traceback(args: list[str], message: str) -> None:
    result = run(*args)

    assert result.exit_code == 1
    assert message in result.stderr
    assert isinstance(result.exception, SystemExit)


@pytest.fixture
def url() -> Iterator[str]:
    server = docs._Server("127.0.0.1", 0, docs._site("asyncapi.yaml", server_name=None, title=None))
    with server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join(30)


def test_serve_answers_like_the_page(url: str) -> None:
    page = requests.get(url, timeout=30)
    again = requests.get(url, headers={"If-None-Match": page.headers["ETag"]}, timeout=30)
    head = requests.head(f"{url}/asyncapi.json", timeout=30)

    assert (page.status_code, "Weather" in page.text) == (200, True)
    assert (again.status_code, again.content) == (304, b"")
    assert (head.status_code, head.content) == (200, b"")
    assert requests.get(f"{url}/nothing", timeout=30).status_code == 404


def test_serve_ends_by_an_interrupt(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(self: docs._Server) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(docs._Server, "serve_forever", interrupted)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = str(probe.getsockname()[1])

    result = run("serve", "asyncapi.yaml", "--port", port)
    assert result.exit_code == 0
    assert result.stderr == f"Serving the docs page of asyncapi.yaml on http://127.0.0.1:{port}\n\n"


def test_an_address_in_use_is_reported() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = run("serve", "asyncapi.yaml", "--port", str(taken.getsockname()[1]))

    assert result.exit_code == 1
    assert "in use" in result.stderr
