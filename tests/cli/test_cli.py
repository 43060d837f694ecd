"""The `asynction` command and its `run`; tests/e2e/test_run.py serves for real."""

from __future__ import annotations

import json
import os
import runpy
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import click
import pytest
import uvicorn
from click.testing import CliRunner, Result

from asynction import AsynctionSocketIO, __version__
from asynction.cli import _reloading, main
from tests.e2e.processes import free_port

HANDLERS = "def greet(name):\n    return f'Hello, {name}'\n"
SPEC: dict[str, Any] = {
    "asyncapi": "2.6.0",
    "info": {"title": "Greeter", "version": "1.0.0"},
    "servers": {
        "a": {"url": "ws://example.org/a", "protocol": "ws"},
        "b": {"url": "ws://example.org/b", "protocol": "ws"},
    },
    "channels": {
        "/": {
            "publish": {
                "message": {
                    "name": "greet",
                    "payload": {"type": "string"},
                    "x-handler": "greeter_handlers.greet",
                }
            }
        }
    },
}


@pytest.fixture(autouse=True)
def _clean_imports() -> Iterator[None]:
    """Restore the import path and remove the modules that a command has imported."""
    path = list(sys.path)
    yield
    sys.path[:] = path
    sys.modules.pop("greeter_handlers", None)


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    (tmp_path / "greeter_handlers.py").write_text(HANDLERS)
    path = tmp_path / "asyncapi.json"
    path.write_text(json.dumps(SPEC))
    return path


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[tuple[AsynctionSocketIO, dict[str, Any]]]:
    """Return the server and its options; nothing listens."""
    served: list[tuple[AsynctionSocketIO, dict[str, Any]]] = []

    def run(self: AsynctionSocketIO, app: Any, **kwargs: Any) -> None:
        served.append((self, {"app": app, **kwargs}))

    monkeypatch.setattr(AsynctionSocketIO, "run", run)
    return served


def invoke(*args: object) -> Result:
    return CliRunner().invoke(main, [str(arg) for arg in args])


# The command ------------------------------------------------------------------------------------


def test_version() -> None:
    result = invoke("--version")
    assert (result.exit_code, result.output) == (0, f"asynction, version {__version__}\n")


@pytest.mark.parametrize("option", ["-h", "--help"])
@pytest.mark.parametrize(
    "command", [[], ["run"], ["dev"], ["mock"], ["emit"], ["listen"], ["example"], ["docs", "build"]]
)
def test_help_is_everywhere(command: list[str], option: str) -> None:
    result = invoke(*command, option)
    assert result.exit_code == 0
    assert result.output.startswith("Usage:")


def test_help_lists_the_commands() -> None:
    _, _, commands = invoke("-h").output.partition("Commands:\n")

    assert [line.split()[0] for line in commands.splitlines()] == [
        *("bundle", "dev", "docs", "emit", "example", "listen", "mock", "run", "schema", "validate")
    ]
    assert "Serve SPEC, an AsyncAPI document" in commands


@pytest.mark.parametrize("args", [["rnu"], ["run"], ["run", "x", "--port", "banana"], ["run", "x", "--prot"]])
def test_a_wrong_command_line_is_a_usage_error(args: list[str]) -> None:
    result = invoke(*args)
    assert result.exit_code == 2
    assert "Error:" in result.output


def test_every_command_can_be_had() -> None:
    assert isinstance(main, click.Group)
    context = click.Context(main)
    for name in main.list_commands(context):
        command = main.get_command(context, name)
        assert command is not None
        assert command.name == name


def process(*args: object, **kwargs: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, **kwargs)


def test_it_is_a_module_too() -> None:
    done = process("-m", "asynction", "--version")
    assert (done.returncode, done.stdout) == (0, f"asynction, version {__version__}\n")


def test_the_module_is_the_command(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setattr(sys, "argv", ["asynction", "--version"])
    with pytest.raises(SystemExit):
        runpy.run_module("asynction", run_name="__main__")
    assert __version__ in capsys.readouterr().out


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_help_and_version_need_no_web_framework(option: str) -> None:
    code = (
        "import sys; from click.testing import CliRunner; from asynction.cli import main;"
        f"CliRunner().invoke(main, ['{option}']);"
        "print([name for name in ('flask', 'socketio', 'aiohttp', 'uvicorn') if name in sys.modules])"
    )
    assert process("-c", code).stdout == "[]\n"


# run --------------------------------------------------------------------------------------------


def test_run_serves_the_document(spec: Path, served: list[Any]) -> None:
    result = invoke("run", spec)
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == f"Serving {spec} on http://127.0.0.1:5000\n"
    ((asio, options),) = served
    assert (options["host"], options["port"], options["debug"]) == ("127.0.0.1", 5000, False)
    assert options["use_reloader"] is False
    assert list(asio.contract.namespaces["/"].receives) == ["greet"]
    assert asio.sockio_mw.engineio_path == "/socket.io/"


def test_run_takes_options(spec: Path, served: list[Any]) -> None:
    result = invoke(
        *("run", spec, "--host", "0.0.0.0", "--port", 8080, "--debug"),
        *("--server-name", "b", "--async-mode", "threading"),
    )
    assert result.exit_code == 0
    ((asio, options),) = served
    assert (options["host"], options["port"], options["debug"]) == ("0.0.0.0", 8080, True)
    assert options["app"].debug
    assert asio.async_mode == "threading"
    assert asio.sockio_mw.engineio_path == "/b/"


def test_the_folder_of_the_document_is_on_the_import_path(
    spec: Path, served: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(spec.parent)
    assert invoke("run", spec.name).exit_code == 0
    assert sys.path[0] == str(spec.parent)


def broken(spec: Path, **changes: Any) -> None:
    spec.write_text(json.dumps(SPEC | changes))


def test_a_document_with_problems_is_refused_without_a_traceback(spec: Path, served: list[Any]) -> None:
    broken(spec, asyncapi="banana")
    result = invoke("run", spec)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: {spec}:")
    assert isinstance(result.exception, SystemExit)
    assert not served


def test_all_missing_handlers_are_listed(spec: Path) -> None:
    (spec.parent / "greeter_handlers.py").write_text("")
    result = invoke("run", spec)
    assert result.exit_code == 1
    assert "`greeter_handlers` has no `greet`" in result.stderr


def test_a_missing_document_is_refused(tmp_path: Path) -> None:
    result = invoke("run", tmp_path / "nowhere.yaml")
    assert result.exit_code == 1
    assert "nowhere.yaml" in result.stderr
    assert isinstance(result.exception, SystemExit)


def test_an_unknown_server_is_refused(spec: Path) -> None:
    result = invoke("run", spec, "--server-name", "c")
    assert result.exit_code == 1
    assert "no server `c`" in result.stderr


@pytest.mark.parametrize("mode", ["threading", "gevent"])
def test_an_address_in_use_is_reported_without_a_traceback(spec: Path, mode: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = process("-m", "asynction", "run", spec, "--port", port, "--async-mode", mode)
    assert done.returncode == 1
    assert "in use" in done.stderr
    assert "Traceback" not in done.stderr


def test_async_handlers_lead_to_asgi(spec: Path) -> None:
    (spec.parent / "greeter_handlers.py").write_text("async " + HANDLERS)
    result = invoke("run", spec)
    assert result.exit_code == 1
    assert "is `async def`" in result.stderr
    assert result.stderr.endswith("serve with `--asgi`.\n")


# run --asgi -------------------------------------------------------------------------------------


@pytest.fixture
def by_uvicorn(monkeypatch: pytest.MonkeyPatch) -> list[uvicorn.Server]:
    """Return the servers that uvicorn would run."""
    ran: list[uvicorn.Server] = []

    def run(self: uvicorn.Server, sockets: list[socket.socket]) -> None:
        self.started = True
        ran.append(self)

    monkeypatch.setattr(uvicorn.Server, "run", run)
    return ran


def test_asgi_serves_by_uvicorn(spec: Path, by_uvicorn: list[uvicorn.Server]) -> None:
    (spec.parent / "greeter_handlers.py").write_text("async " + HANDLERS)
    port = free_port()
    result = invoke("run", spec, "--asgi", "--port", port, "--server-name", "a")
    url = f"http://127.0.0.1:{port}"
    said = f"Serving {spec} on {url}\nDocs page with console: {url}/docs/\n"
    assert (result.exit_code, result.stderr) == (0, said)
    assert len(by_uvicorn) == 1


def test_the_end_of_uvicorn_is_the_end(spec: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uvicorn.Server, "run", MagicMock(side_effect=KeyboardInterrupt))
    assert invoke("run", spec, "--asgi", "--port", free_port()).exit_code == 0


def test_a_start_that_fails_is_an_error(spec: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uvicorn.Server, "run", MagicMock())
    assert invoke("run", spec, "--asgi", "--port", free_port()).exit_code == 1


def test_asgi_tells_of_an_address_in_use(spec: Path, by_uvicorn: list[uvicorn.Server]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = invoke("run", spec, "--asgi", "--port", taken.getsockname()[1])
    assert (result.exit_code, isinstance(result.exception, SystemExit)) == (1, True)
    assert "in use" in result.stderr
    assert not by_uvicorn


@pytest.mark.parametrize("option", [["--async-mode", "gevent"], ["--debug"]])
def test_options_for_flask_are_refused_with_asgi(spec: Path, option: list[str]) -> None:
    result = invoke("run", spec, "--asgi", *option)
    assert result.exit_code == 2
    assert f"`{option[0]}` is only for Flask: leave out `--asgi`" in result.stderr


@pytest.mark.parametrize("command", ["run", "mock"])
def test_a_missing_uvicorn_names_the_extra(spec: Path, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    result = invoke(command, spec, "--asgi")
    assert result.exit_code == 1
    assert "install `asynction[asgi]`" in result.stderr


def test_an_error_of_the_system_is_reported(spec: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AsynctionSocketIO, "run", MagicMock(side_effect=OSError(13, "Permission denied")))
    result = invoke("run", spec, "--port", 80)
    assert (result.exit_code, isinstance(result.exception, SystemExit)) == (1, True)
    assert result.stderr.endswith("Error: [Errno 13] Permission denied\n")


# run --reload -----------------------------------------------------------------------------------


@pytest.fixture
def reloaded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the reloaders that would watch; the server is run once, as in the process that is restarted."""
    types: list[str] = []

    def run_with_reloader(serve: Any, *, reloader_type: str) -> None:
        types.append(reloader_type)
        serve()

    monkeypatch.setenv("WERKZEUG_RUN_MAIN", "true")
    monkeypatch.setattr(_reloading, "run_with_reloader", run_with_reloader)
    return types


def test_reload_serves_by_threads(spec: Path, served: list[Any], reloaded: list[str]) -> None:
    assert invoke("run", spec, "--reload").exit_code == 0
    ((asio, options),) = served
    assert reloaded == ["asynction"]
    assert asio.async_mode == "threading"
    assert options["use_reloader"] is False
    assert "WERKZEUG_RUN_MAIN" not in os.environ


def test_reload_waits_for_a_change_of_a_broken_document(
    spec: Path, served: list[Any], reloaded: list[str]
) -> None:
    broken(spec, channels=7)
    result = invoke("run", spec, "--reload")
    assert result.exit_code == 0
    assert result.stderr.startswith(f"Error: {spec}:")
    assert result.stderr.endswith("Waiting for a change.\n")
    assert len(reloaded) == 1
    assert not served
