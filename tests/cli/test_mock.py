"""`asynction mock`: which mock is served, and how."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from asynction.cli import main
from asynction.cli._latency import read_latency
from asynction.mock.asgi import MockAsynctionAsyncServer
from asynction.mock.flask import MockAsynctionSocketIO

SPEC: dict[str, Any] = {
    "asyncapi": "2.6.0",
    "info": {"title": "News", "version": "1.0.0"},
    "servers": {name: {"url": f"ws://example.org/{name}", "protocol": "ws"} for name in "ab"},
    "channels": {
        "/": {
            "publish": {"message": {"name": "ask", "payload": {}, "x-handler": "nowhere.ask"}},
            "subscribe": {"message": {"name": "told", "payload": {"type": "string"}}},
        }
    },
}


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "asyncapi.yaml").write_text(json.dumps(SPEC))
    (tmp_path / "other.yaml").write_text(json.dumps(SPEC))
    return "asyncapi.yaml"


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Return the arguments of the Flask mock and of its `run`; nothing listens."""
    made: list[dict[str, Any]] = []
    served: list[tuple[dict[str, Any], dict[str, Any]]] = []
    original = MockAsynctionSocketIO.from_spec

    def from_spec(spec: Any, **kwargs: Any) -> MockAsynctionSocketIO:
        made.append(kwargs)
        return original(spec, **kwargs)

    def run(self: MockAsynctionSocketIO, app: Any, **kwargs: Any) -> None:
        served.append((made[-1], kwargs))

    monkeypatch.setattr(MockAsynctionSocketIO, "from_spec", from_spec)
    monkeypatch.setattr(MockAsynctionSocketIO, "run", run)
    return served


def invoke(*args: object) -> Result:
    return CliRunner().invoke(main, [str(arg) for arg in args])


def test_it_mocks_the_document(spec: str, served: list[Any]) -> None:
    result = invoke("mock", spec)

    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "Mocking asyncapi.yaml on http://127.0.0.1:5000\n"
    ((made, how),) = served
    assert (made["interval"], made["latency"], made["validation"]) == (1, (0, 0), True)
    assert made["cors_allowed_origins"] == "*"
    assert (how["host"], how["port"], how["debug"]) == ("127.0.0.1", 5000, False)
    assert "nowhere" not in sys.modules


def test_it_takes_options(spec: str, served: list[Any]) -> None:
    result = invoke(
        *("mock", spec, "--host", "::1", "--port", 80, "--server-name", "b", "--seed", 7, "--interval", 0.5),
        *("--latency", "50..200ms", "--error-rate", 0.1, "--disconnect-rate", 0.2, "--only", "told"),
    )

    assert result.stderr == "Mocking asyncapi.yaml on http://[::1]:80\n"
    ((made, how),) = served
    assert (made["seed"], made["interval"], made["latency"]) == (7, 0.5, (0.05, 0.2))
    assert (made["error_rate"], made["disconnect_rate"]) == (0.1, 0.2)
    assert (made["only"], made["server_name"]) == (("told",), "b")
    assert (how["host"], how["port"]) == ("::1", 80)


def test_the_form_of_the_first_asynction_still_works(spec: str, served: list[Any]) -> None:
    result = invoke(
        *("--spec", "other.yaml", "--server", "b", "--without-validation"),
        *("mock", "--custom-formats-sample-size", 3, "run", "-p", 8080, "-d"),
        *("--subscription-task-interval", 0.5, "--max-workers", 2),
    )

    assert result.stderr == "Mocking other.yaml on http://0.0.0.0:8080\n"
    ((made, how),) = served
    assert (made["server_name"], made["validation"]) == ("b", False)
    assert (made["custom_formats_sample_size"], made["interval"]) == (3, 0.5)
    assert (how["max_worker_number"], how["debug"]) == (2, True)


@pytest.mark.parametrize(
    ("args", "name", "host"),
    [
        (["mock", "run"], "asyncapi.yaml", "0.0.0.0"),
        (["mock", "run", "--host", "127.0.0.1"], "asyncapi.yaml", "127.0.0.1"),
        (["-s", "other.yaml", "mock", "run"], "other.yaml", "0.0.0.0"),
        (["-s", "other.yaml", "mock"], "other.yaml", "127.0.0.1"),
        (["mock", "run", "other.yaml"], "other.yaml", "127.0.0.1"),
        (["mock", "other.yaml", "--custom-formats-sample-size", "0"], "other.yaml", "127.0.0.1"),
    ],
)
def test_the_document_is_found(spec: str, served: list[Any], args: list[str], name: str, host: str) -> None:
    assert invoke(*args).stderr == f"Mocking {name} on http://{host}:5000\n"
    assert len(served) == 1


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["mock"], "Missing argument 'SPEC'"),
        (["mock", "a", "b"], "`asynction mock` takes only one document"),
        (["-s", "a", "mock", "b"], "`asynction mock` takes only one document"),
        (["-s", "a", "run", "a"], "`asynction --spec SPEC mock run`"),
        (["mock", "asyncapi.yaml", "--only", "tlod"], "no event `tlod`; did you mean `told`?"),
        (["mock", "asyncapi.yaml", "--latency", "fast"], "`fast` is not a time"),
        (["mock", "asyncapi.yaml", "--error-rate", "2"], "2.0 is not in the range"),
        (["mock", "asyncapi.yaml", "--interval", "0"], "0.0 is not in the range"),
    ],
)
def test_a_wrong_command_line_is_a_usage_error(
    spec: str, served: list[Any], args: list[str], message: str
) -> None:
    result = invoke(*args)

    assert result.exit_code == 2
    assert message in " ".join(result.stderr.split())
    assert not served


@pytest.mark.parametrize("asgi", [[], ["--asgi"]])
def test_a_broken_document_is_reported_without_a_traceback(spec: str, asgi: list[str]) -> None:
    result = invoke("mock", "missing.yaml", *asgi)

    assert result.exit_code == 1
    assert result.stderr.startswith("Error: missing.yaml file /")
    assert isinstance(result.exception, SystemExit)


def test_asgi_mocks_by_uvicorn(spec: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = []
    monkeypatch.setattr(
        "asynction.cli.mock.asgi_serve", lambda make, *_, **options: made.append((make, options))
    )

    assert invoke("mock", spec, "--asgi", "--seed", 1, "--server-name", "a").exit_code == 0
    ((make, options),) = made
    assert make == MockAsynctionAsyncServer.from_spec
    assert options["seed"] == 1
    assert isinstance(make(spec, **options), MockAsynctionAsyncServer)


@pytest.mark.parametrize(("asgi", "mode"), [([], "threading"), (["--asgi"], None)])
def test_reload_serves_by_threads(
    spec: str, monkeypatch: pytest.MonkeyPatch, asgi: list[str], mode: str | None
) -> None:
    plans: list[Any] = []
    monkeypatch.setattr("asynction.cli.mock.serve", lambda start, _, reloads: plans.append((start, reloads)))

    assert invoke("mock", spec, "--reload", *asgi).exit_code == 0
    ((start, reloads),) = plans
    assert reloads
    assert start.args[2].make.get("async_mode") == mode


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("50ms..200ms", (0.05, 0.2)),
        ("50..200ms", (0.05, 0.2)),
        ("50ms", (0.05, 0.05)),
        ("0.1s", (0.1, 0.1)),
        (" 50 MS - 1 s ", (0.05, 1)),
        ("0s", (0, 0)),
    ],
)
def test_a_latency_is_read_kindly(text: str, seconds: tuple[float, float]) -> None:
    assert read_latency(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not a time"),
        ("soon", "is not a time"),
        ("-5ms", "is not a time"),
        ("50", "has no unit: write `50ms` or `50s`"),
        ("50ms..200", "has no unit"),
        ("1.2.3s", "has a part that is not a number"),
        ("2s..1s", "is not a range: write the shorter time first"),
    ],
)
def test_a_wrong_latency_says_what_is_wrong(text: str, message: str) -> None:
    with pytest.raises(click.BadParameter, match=message):
        read_latency(text)
