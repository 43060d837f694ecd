"""The modules whose code a document may name."""

from __future__ import annotations

import importlib
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import flask
import pytest
from click.testing import CliRunner

from asynction import AsynctionAsyncServer, AsynctionSocketIO
from asynction.cli import main
from asynction.exceptions import DocumentError
from asynction.mock.asgi import MockAsynctionAsyncServer
from asynction.runtime import allowed_modules
from asynction.runtime._binding.modules import module_of, origin_of
from asynction.server.websocket import SocketRouter

HANDLERS = """
import os
from subprocess import run
from functools import partial
import jwt

def echo(value): return value
bound = partial(echo)
class Service:
    def method(self, value): return value
    @classmethod
    def of_class(cls, value): return value
service = Service()
names = []
"""


@pytest.fixture
def my_api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    package = tmp_path / "my_api"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "handlers.py").write_text(HANDLERS)
    (tmp_path / "my_api2.py").write_text("def echo(value): return value\nraise_on_import = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    for name in [name for name in sys.modules if name.partition(".")[0] in ("my_api", "my_api2")]:
        del sys.modules[name]


def spec(*handlers: str, **rest: Any) -> dict[str, Any]:
    messages = [
        {"name": f"e{number}", "payload": {"type": "string"}, "x-handler": handler}
        for number, handler in enumerate(handlers)
    ]
    channel = {"publish": {"message": {"oneOf": messages}}} if messages else {}
    return {
        "asyncapi": "2.6.0",
        "info": {"title": "T", "version": "1"},
        "channels": {"/": {**channel, **rest}},
    }


OWN = ["echo", "bound", "service.method", "Service.of_class", "names.append"]
FOREIGN = ["os.system", "run", "os.path.join", "jwt.encode"]


@pytest.mark.parametrize("name", OWN)
@pytest.mark.parametrize("separator", [".", ":"])
def test_code_of_the_application_may_be_named(my_api: Path, name: str, separator: str) -> None:
    document = spec(f"my_api.handlers{separator}{name}")
    for handlers in (["my_api"], ["my_api.*"], ["other", "my_api.handlers"]):
        assert AsynctionAsyncServer.from_spec(document, handlers=handlers) is not None


@pytest.mark.parametrize("path", [f"my_api.handlers.{name}" for name in FOREIGN] + ["my_api.handlers:run"])
def test_what_a_module_has_imported_is_not_its_code(my_api: Path, path: str) -> None:
    with pytest.raises(DocumentError, match=r"which is not in `my_api`"):
        AsynctionAsyncServer.from_spec(spec(path), handlers=["my_api"])


@pytest.mark.parametrize("path", ["os.system", "builtins.id", "my_api2.echo", "my_api2:echo"])
def test_a_module_that_is_not_allowed_is_not_even_imported(my_api: Path, path: str) -> None:
    with pytest.raises(DocumentError, match=f"`{path}` is not in `my_api`"):
        AsynctionAsyncServer.from_spec(spec(path), handlers=["my_api"])
    assert "my_api2" not in sys.modules


def test_all_that_a_document_names_is_held_to_it(my_api: Path) -> None:
    document = spec(
        **{"x-handlers": {"connect": "os.system", "error": "os.remove"}, "x-middlewares": ["os.close"]},
    )
    document["components"] = {
        "securitySchemes": {"s": {"type": "http", "scheme": "basic", "x-basicInfoFunc": "os.open"}}
    }
    document["channels"]["/"]["x-security"] = [{"s": []}]
    document["channels"]["/"]["publish"] = {
        "message": {"name": "e", "x-handler": "my_api.handlers.echo", "x-hooks": {"access": "os.access"}}
    }
    with pytest.raises(DocumentError) as caught:
        AsynctionAsyncServer.from_spec(document, handlers=["my_api"])
    named = {problem.message.split("`")[1] for problem in caught.value.problems}
    assert named == {"os.system", "os.remove", "os.close", "os.open", "os.access"}
    assert {problem.rule for problem in caught.value.problems} == {"handler-allowed"}


def test_the_built_in_middleware_may_be_named(my_api: Path) -> None:
    document = spec("my_api.handlers.echo", **{"x-middlewares": "asynction.middleware.LoggingMiddleware"})
    assert AsynctionAsyncServer.from_spec(document, handlers=["my_api"]) is not None


@pytest.mark.parametrize("server", ["flask", "asgi", "router"])
def test_every_server_warns_of_code_that_is_not_the_applications(
    my_api: Path, server: str, caplog: pytest.LogCaptureFixture
) -> None:
    document = spec(
        "my_api.handlers.echo",
        "my_api.handlers.run",
        "my_api.handlers.jwt.get_unverified_header",
        "jwt.get_unverified_header",
    )
    with caplog.at_level(logging.WARNING, "asynction"):
        if server == "flask":
            AsynctionSocketIO.from_spec(document, app=flask.Flask("test"), async_mode="threading")
        elif server == "asgi":
            AsynctionAsyncServer.from_spec(document)
        else:
            SocketRouter.from_spec(document)
    found = [
        message for message in caplog.messages if "foreign-handler" in message or "is code of" in message
    ]
    assert len(found) == 2  # an installed package is named once
    assert "`my_api.handlers.run` is code of the standard library" in found[0]
    assert "is code of the installed package `jwt`; if the document may name it, list `jwt`" in found[1]


def test_validate_imports_nothing_and_warns_where_it_is_told_to(my_api: Path) -> None:
    (my_api / "asyncapi.yaml").write_text(
        "asyncapi: 2.6.0\ninfo: {title: T, version: '1'}\nchannels:\n  /:\n    publish:\n      message:\n"
        "        {name: a, payload: {type: string}, x-handler: os.system}\n"
    )

    def run(*args: str) -> Any:
        return CliRunner().invoke(main, ["validate", "asyncapi.yaml", "--ignore", "latest-version", *args])

    assert run().exit_code == 0
    assert "os.system" not in run().output
    warned = run("--handlers")
    assert (warned.exit_code, "is code of the standard library" in warned.output) == (0, True)
    assert "asyncapi.yaml:7:" in warned.output
    assert run("--handlers", "--fail-on", "warning").exit_code == 1
    assert run("--handlers", "--fail-on", "warning", "--ignore", "foreign-handler").exit_code == 0
    refused = run("--handlers-from", "my_api")
    assert (refused.exit_code, "`os.system` is not in `my_api`" in refused.output) == (1, True)
    assert run("--handlers-from", "os").exit_code == 0
    assert run("--handlers-from", "my-api").exit_code == 2


@pytest.mark.parametrize("names", ["my_api", ["my-api"], [""], ["my_api.**"], ["*"]])
def test_a_name_that_is_not_a_module_is_refused(names: Any) -> None:
    with pytest.raises(ValueError, match="`handlers`"):
        allowed_modules(names)


def test_where_modules_come_from(my_api: Path) -> None:
    handlers = importlib.import_module("my_api.handlers")
    assert module_of(handlers.run, "my_api.handlers.run") == "subprocess"
    assert origin_of("my_api.handlers") is None
    assert origin_of("asynction.middleware") is None
    assert origin_of("no_such_module") is None
    assert origin_of("builtins") == "the standard library"
    assert origin_of("json.decoder") == "the standard library"


def test_tools_that_only_read_a_document_import_none_of_its_code(my_api: Path) -> None:
    (my_api / "asyncapi.yaml").write_text(
        "asyncapi: 2.6.0\ninfo: {title: T, version: '1'}\nx-middlewares: my_api2.echo\nchannels:\n  /:\n"
        "    publish: {message: {name: a, payload: {type: string}, x-handler: my_api2.echo}}\n"
    )
    for command in (["validate"], ["bundle"], ["docs", "build", "-o", "site"]):
        assert CliRunner().invoke(main, [*command, "asyncapi.yaml"]).exit_code == 0
    assert CliRunner().invoke(main, ["example", "asyncapi.yaml", "/", "a"]).exit_code == 0
    assert MockAsynctionAsyncServer.from_spec("asyncapi.yaml") is not None
    assert "my_api2" not in sys.modules
