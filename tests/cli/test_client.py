"""`asynction emit` and `asynction listen` with real servers; tests/e2e/test_run.py runs them as processes."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import click
import pytest
import socketio
from click.testing import CliRunner, Result

from asynction.cli import main
from asynction.cli._client import Target
from asynction.cli.emit import _emit, _flush
from asynction.testing import serve_asgi

SPEC = """\
asyncapi: 2.6.0
info: {title: T, version: '1'}
channels:
  /:
    publish:
      message:
        oneOf:
          - {name: echo, payload: {type: array, items: [{type: string}]}, x-ack: {args: {type: string}}}
          - {name: broken, x-ack: {args: {type: string}}}
          - {name: refuse}
          - {name: pair, x-ack: {args: {type: string}}}
          - {name: empty, x-ack: {args: {type: string}}}
    subscribe:
      message:
        oneOf:
          - {name: told, payload: {type: integer}}
          - {name: asked, x-ack: {args: {type: integer}}}
"""
HANDSHAKE = "    bindings: {ws: {query: {type: object, properties: {level: {type: integer}}}}}\n"
AVRO = (
    "    subscribe: {message: {name: a, schemaFormat: application/vnd.apache.avro, payload: {type: int}}}\n"
)
TWO_PATHS = "servers: {a: {url: 'ws://h/a', protocol: ws}, b: {url: 'ws://h', protocol: ws}}\n"
SILENT = threading.Event()
"""Set once the server has received an event that it does not acknowledge."""
ERROR = {"error": {"status": 403, "title": "Forbidden", "detail": "no", "pointer": "/0"}}


def make_server() -> socketio.AsyncServer:
    """Return a server without a contract, so it can break that of a test."""
    sio = socketio.AsyncServer(async_mode="asgi", namespaces="*")
    seen: dict[str, Any] = {}

    async def connect(namespace: str, sid: str, environ: Any, auth: Any) -> None:
        seen.update(query=environ["QUERY_STRING"], key=environ.get("HTTP_X_KEY"), auth=auth)
        if auth == "nobody":
            raise socketio.exceptions.ConnectionRefusedError("not you")
        if namespace == "/news":
            for event, arg in (("told", 1), ("told", "two"), ("odd\u0085", b"\x00"), ("odd", b"\x01")):
                await sio.emit(event, arg, to=sid, namespace=namespace)
        if namespace == "/asks":
            asked = partial(acknowledged, sid)
            await sio.emit("asked", to=sid, namespace=namespace, callback=asked)
        if namespace == "/odd":
            await sio.emit("connect", to=sid, namespace=namespace)
            await sio.eio.send(sio.manager.eio_sid_from_sid(sid, namespace), '2/odd,{"a":1}')
        if namespace == "/bye":
            sio.start_background_task(leave, sid, namespace)

    async def acknowledged(sid: str, *args: Any) -> None:
        await sio.emit("told", len(args), to=sid, namespace="/asks")

    async def leave(sid: str, namespace: str) -> None:
        await sio.emit("told", 1, to=sid, namespace=namespace)
        await sio.disconnect(sid, namespace=namespace)

    async def answer(sid: str, *args: Any) -> Any:
        return args

    async def on_leave(sid: str) -> None:
        await sio.disconnect(sid)

    async def note(sid: str, text: str) -> None:
        seen["note"] = text

    async def silent(sid: str) -> None:
        SILENT.set()
        await asyncio.Event().wait()

    handlers: dict[str, Any] = {
        "echo": answer,
        "broken": lambda sid, *_: 5,
        "refuse": lambda sid, *_: ERROR,
        "slight": lambda sid, *_: {"error": {"status": 500, "title": "Oh"}},
        "seen": lambda sid: seen,
        "photo": lambda sid: b"\x01\x02",
        "leave": on_leave,
        "note": note,
        "pair": lambda sid, *_: ("a", 1),
        "empty": lambda sid: None,
        "silent": silent,
    }
    for name, handler in handlers.items():
        sio.on(name, handler)
    sio.on("connect", connect, namespace="*")
    return sio


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serve_asgi(socketio.ASGIApp(make_server())) as url:
        yield url


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "asyncapi.yaml").write_text(SPEC)
    (tmp_path / "news.yaml").write_text(SPEC.replace("  /:", "  /news:"))
    (tmp_path / "pathed.yaml").write_text(SPEC + "servers: {a: {url: 'ws://h/socket.io', protocol: ws}}\n")
    (tmp_path / "paths.yaml").write_text(SPEC + TWO_PATHS)
    (tmp_path / "asks.yaml").write_text(SPEC.replace("  /:", "  /asks:"))
    (tmp_path / "odd.yaml").write_text(SPEC.replace("  /:", "  /odd:"))
    (tmp_path / "handshake.yaml").write_text(SPEC + HANDSHAKE)
    (tmp_path / "avro.yaml").write_text(SPEC.replace("  /:\n", "  /avro:\n" + AVRO + "  /:\n"))


def run(*args: str) -> Result:
    return CliRunner().invoke(main, list(args))


# emit -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "ack"),
    [
        (["echo", "hi"], "hi"),
        (["echo", '{"a": [1, null]}'], {"a": [1, None]}),
        (["echo", "NaN"], "NaN"),
        (["echo", "--", "-1", "true"], [-1, True]),
        (["echo", "hi", "--spec", "asyncapi.yaml"], "hi"),
        (["echo", "hi", "--spec", "pathed.yaml"], "hi"),
        (["echo", "hi", "--spec", "paths.yaml", "--path", "/socket.io/"], "hi"),
        (["photo"], "AQI="),
    ],
)
def test_emit_prints_the_ack_as_json(url: str, args: list[str], ack: object) -> None:
    result = run("emit", url, *args)

    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout) == ack
    assert ("base64" in result.stderr) == (args == ["photo"])


def test_emit_brings_what_it_is_given(url: str) -> None:
    result = run(
        *("emit", url.removeprefix("http://"), "seen", "--auth", '{"token": 1}'),
        *("--query", "a=1", "--query", "b=x=y", "--header", "X-Key: secret"),
    )

    seen = json.loads(result.stdout)
    assert "a=1&b=x%3Dy" in seen["query"]
    assert (seen["key"], seen["auth"]) == ("secret", {"token": 1})


def test_emit_need_not_wait_for_the_ack(url: str) -> None:
    assert (run("emit", url, "note", "unheard", "--no-ack").output, run("emit", url, "echo").output) == (
        "",
        "",
    )
    assert json.loads(run("emit", url, "seen").stdout)["note"] == "unheard"


def test_a_word_that_looks_like_json_but_is_not_is_noted(url: str) -> None:
    result = run("emit", url, "echo", "{a: 1}")

    assert (json.loads(result.stdout), result.exit_code) == ("{a: 1}", 0)
    assert result.stderr == "Note: `{a: 1}` is not JSON; it is sent as a string.\n"


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["refuse"], "403 Forbidden: no (/0)"),
        (["slight"], "500 Oh"),
        (["leave"], "the connection to `/` ended before `leave` was acknowledged"),
        (["echo", "--auth", '"nobody"'], "the server refuses the connection: not you"),
        (["echo", "--path", "other"], "at the path `other`: Unexpected status code 404"),
        (["broken", "--spec", "asyncapi.yaml"], "acknowledgement of `broken` in `/`: /0: must be string"),
        (["echo", "1", "--spec", "asyncapi.yaml"], "payload of `echo` in `/`: /0: must be string"),
        (
            ["ehco", "1", "--spec", "asyncapi.yaml"],
            "the contract receives no event `ehco` in `/`; did you mean `echo`?",
        ),
        (
            ["echo", "--spec", "news.yaml", "--namespace", "nws"],
            "the contract has no namespace `/nws`; did you mean `/news`?",
        ),
        (["echo", "--spec", "missing.yaml"], "missing.yaml file /"),
    ],
)
def test_emit_fails_with_the_reason(url: str, args: list[str], message: str) -> None:
    result = run("emit", url, *args)

    assert result.exit_code == 1
    assert message in result.stderr
    assert isinstance(result.exception, SystemExit)


@pytest.mark.parametrize(
    ("args", "ack"),
    [
        (["refuse"], ERROR),
        (["broken", "--spec", "asyncapi.yaml"], 5),
        (["pair", "--spec", "asyncapi.yaml"], ["a", 1]),
    ],
)
def test_emit_prints_an_ack_that_is_an_error_or_breaks_the_contract(
    url: str, args: list[str], ack: object
) -> None:
    result = run("emit", url, *args)

    assert (result.exit_code, json.loads(result.stdout)) == (1, ack)


def test_an_empty_ack_that_breaks_the_contract_is_not_printed(url: str) -> None:
    result = run("emit", url, "empty", "--spec", "asyncapi.yaml")

    assert (result.exit_code, result.stdout) == (1, "")
    assert "acknowledgement of `empty` in `/`" in result.stderr


def test_what_breaks_the_handshake_of_the_contract_is_not_sent(url: str) -> None:
    result = run("emit", url, "echo", "--spec", "handshake.yaml", "--query", "level=high")

    assert (result.exit_code, result.stderr) == (1, "Error: query: /level: must be integer\n")


def test_a_schema_that_cannot_be_checked_is_a_problem_of_the_document(url: str) -> None:
    result = run("emit", url, "echo", "--spec", "avro.yaml")

    assert result.exit_code == 1
    assert "avro.yaml:" in result.stderr
    assert "schema-format" in result.stderr


def test_a_wait_has_an_end(url: str) -> None:
    result = run("emit", url, "silent", "--timeout", "2")

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "Error: `silent` was not acknowledged within 2 seconds\n"


def test_an_event_that_cannot_be_sent_is_an_error() -> None:
    client = MagicMock()
    client.eio.queue.join = asyncio.Event().wait

    with pytest.raises(click.ClickException, match=r"the event could not be sent within 0\.01 seconds"):
        asyncio.run(_flush(client, 0.01))


def test_an_interrupt_is_not_taken_for_the_end_of_the_connection(url: str) -> None:
    SILENT.clear()

    async def interrupted() -> None:
        target = Target(f"{url}/", "socket.io", "/", None, {}, {}, 30)
        called = asyncio.ensure_future(_emit(target, "silent", (), wants_ack=True))
        while not SILENT.is_set():
            await asyncio.sleep(0.01)
        called.cancel()
        await called

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(interrupted())


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["http://h/chat", "echo"], "`http://h/chat` has a path"),
        (["ftp://h", "echo"], "`ftp://h` is not a URL of a server"),
        (["http://h:x", "echo"], "`http://h:x` is not a URL of a server"),
        (["http://", "echo"], "`http://` is not a URL of a server"),
        (["h", "echo", "--auth", "{"], "`{` is not JSON"),
        (["h", "echo", "--query", "a"], "`a` is not a name, `=` and a value"),
        (["h", "echo", "--header", ": b"], "`: b` is not a name, `:` and a value"),
        (["h", "echo", "--spec", "paths.yaml"], "choose one by `--path`: `socket.io`, `a`"),
    ],
)
def test_a_wrong_command_line_is_a_usage_error(args: list[str], message: str) -> None:
    result = run("emit", *args)

    assert result.exit_code == 2
    assert message in " ".join(result.stderr.split())


@pytest.mark.parametrize("args", [["emit", "h", "e"], ["listen", "h"]])
def test_a_missing_client_names_the_extra(args: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "aiohttp", None)

    assert "install `asynction[client]`" in run(*args).stderr


# listen -----------------------------------------------------------------------------------------


def test_listen_prints_lines_and_marks_what_breaks_the_contract(url: str) -> None:
    result = run("listen", url, "--namespace", "news", "--count", "4", "--spec", "news.yaml")

    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        '{"event": "told", "args": [1]}',
        '{"event": "told", "args": ["two"]}',
        '{"event": "odd\\u0085", "args": ["AA=="]}',
        '{"event": "odd", "args": ["AQ=="]}',
    ]
    assert result.stderr.splitlines() == [
        f"Listening to {url}/ in /news",
        "Breaks the contract: payload of `told` in `/news`: /0: must be integer",
        "Note: binary data is shown in base64.",
        "Breaks the contract: the contract sends no event `odd\\x85` in `/news`",
        "Breaks the contract: the contract sends no event `odd` in `/news`",
    ]


def test_listen_acknowledges_with_nothing(url: str) -> None:
    result = run("listen", url, "--namespace", "/asks", "--count", "2", "--spec", "asks.yaml")

    assert (result.exit_code, result.stderr) == (0, f"Listening to {url}/ in /asks\n")
    assert result.stdout.splitlines() == ['{"event": "asked", "args": []}', '{"event": "told", "args": [0]}']


@pytest.mark.parametrize(
    ("spec", "faults"),
    [
        ([], []),
        (
            ["--spec", "odd.yaml"],
            [
                "Breaks the contract: the contract sends no event `connect` in `/odd`",
                "Breaks the contract: an event must be a list that starts with its name",
            ],
        ),
    ],
)
def test_listen_shows_packets_that_are_not_events(url: str, spec: list[str], faults: list[str]) -> None:
    result = run("listen", url, "--namespace", "/odd", "--count", "2", *spec)

    assert result.exit_code == (1 if faults else 0)
    assert result.stderr.splitlines()[1:] == faults
    assert result.stdout.splitlines() == [
        '{"event": "connect", "args": []}',
        '{"event": "(malformed)", "args": []}',
    ]


def test_listen_without_a_contract_takes_all(url: str) -> None:
    result = run("listen", url, "--namespace", "/news", "--count", "2")

    assert (result.exit_code, len(result.stdout.splitlines())) == (0, 2)


def test_listen_ends_when_the_server_leaves(url: str) -> None:
    result = run("listen", url, "--namespace", "/bye")

    assert result.exit_code == 1
    assert result.stdout == '{"event": "told", "args": [1]}\n'
    assert result.stderr.endswith("Error: the server has closed the connection\n")


def test_an_interrupt_ends_listening_cleanly(url: str) -> None:
    command = [sys.executable, "-m", "asynction", "listen", url, "--namespace", "/news"]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert "told" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        errors = process.stderr.read()

    assert process.returncode == 0, errors
    assert "Traceback" not in errors


def test_an_interrupt_is_not_an_error(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(listening: Any) -> None:
        listening.close()
        raise KeyboardInterrupt

    monkeypatch.setattr("asyncio.run", interrupted)

    assert run("listen", url).exit_code == 0
