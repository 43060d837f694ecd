"""From a document to a server: `from_spec`, app factories, paths, and all that is refused at load."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import flask
import flask_socketio
import pytest
import socketio
import yaml

from asynction import AsynctionSocketIO, DocumentError
from asynction.exceptions import PayloadValidationException
from tests.server.support import STRING, build, channel, client_of, document, message, of, pair

ECHO = of(message("echo", STRING, handler="echo"))


def lines_of(error: pytest.ExceptionInfo[DocumentError]) -> list[str]:
    return str(error.value).splitlines()


@pytest.fixture(params=["str", "path", "json", "mapping"])
def spec(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """The same document as everything that `spec_path` may be."""
    path = tmp_path / ("asyncapi.json" if request.param == "json" else "asyncapi.yaml")
    path.write_text(json.dumps(ECHO) if request.param == "json" else yaml.safe_dump(ECHO))
    return {"str": str(path), "path": path, "json": path, "mapping": ECHO}[request.param]


def test_a_document_becomes_a_server(spec: Any) -> None:
    asio = build(spec)
    assert isinstance(asio, flask_socketio.SocketIO)
    assert list(asio.contract.namespaces) == ["/"]
    assert client_of(asio).ask("echo", "hello") == ["hello"]


def test_the_problems_of_the_document_are_raised() -> None:
    wrong = document({"/": {"publsh": {}, "publish": {"message": {"payload": {"type": "banana"}}}}})
    with pytest.raises(DocumentError) as caught:
        AsynctionSocketIO.from_spec(wrong)
    assert len(lines_of(caught)) >= 2


def test_the_warnings_of_the_document_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    misspelt = of({"name": "echo", "x-hander": "tests.server.handlers.echo"})
    with caplog.at_level(logging.WARNING, "asynction"):
        asio = build(misspelt)
    assert asio.contract is not None
    assert [r.getMessage() for r in caplog.records] == [str(p) for p in asio.contract.warnings]
    assert "x-handler" in caplog.text
    assert client_of(asio).ask("echo", 1) == [1]


def test_other_arguments_go_to_flask_socketio() -> None:
    asio = build(ECHO, ping_interval=7, cors_allowed_origins="https://example.org", docs=False)
    assert asio.server.eio.ping_interval == 7
    assert asio.server.eio.cors_allowed_origins is asio.origins
    assert asio.async_mode == "threading"


# The Socket.IO path -----------------------------------------------------------------------------


def with_servers(**urls: str) -> dict[str, Any]:
    variables = {"stage": {"default": "beta"}}
    servers = {
        name: {"url": url, "protocol": "wss"} | ({"variables": variables} if "{" in url else {})
        for name, url in urls.items()
    }
    return document({"/": {}}, servers=servers)


def path_of(asio: AsynctionSocketIO) -> str:
    return str(asio.sockio_mw.engineio_path)


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("wss://example.org/api/socket.io", "/api/socket.io/"),
        ("wss://example.org/{stage}/io/", "/beta/io/"),
        ("wss://example.org:8080", "/socket.io/"),
        ("wss://example.org/", "/socket.io/"),
        ("example.org/io", "/io/"),
    ],
)
def test_a_sole_server_gives_the_path(url: str, path: str) -> None:
    assert path_of(build(with_servers(only=url))) == path


TWO = with_servers(old="wss://old.example.org/v1/io", new="wss://example.org/v2/io")


def test_of_several_servers_one_is_named() -> None:
    assert path_of(build(TWO, server_name="new")) == "/v2/io/"
    assert path_of(build(TWO)) == "/socket.io/"


def test_a_server_that_the_document_does_not_have(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="no server `news`; did you mean `new`"):
        build(TWO, server_name="news")
    path = tmp_path / "asyncapi.yaml"
    path.write_text(yaml.safe_dump(TWO))
    with pytest.raises(DocumentError, match=r"asyncapi.yaml server-name /servers .* no server `third`"):
        build(path, server_name="third")


def test_a_path_that_code_gives_goes_first() -> None:
    assert path_of(build(TWO, server_name="new", path="mine")) == "/mine/"
    assert path_of(build(TWO, server_name="new", resource="mine")) == "/mine/"


# App factories ----------------------------------------------------------------------------------


def test_an_app_may_come_later() -> None:
    asio = AsynctionSocketIO.from_spec(with_servers(only="wss://x.org/io"), async_mode="threading")
    app = flask.Flask("late")
    asio.init_app(app, ping_interval=7)
    assert app.extensions["socketio"] is asio
    assert path_of(asio) == "/io/"
    assert asio.server.eio.ping_interval == 7


def test_several_apps_in_a_row_are_all_served() -> None:
    spec = of(message("echo", STRING, handler="echo"), message("own", STRING))
    asio = AsynctionSocketIO.from_spec(spec, async_mode="threading")

    @asio.on("own")
    def own(data: str) -> str:
        return data.upper()

    for name in ("first", "second"):
        asio.init_app(flask.Flask(name))
        client = client_of(asio)
        assert client.ask("echo", "a") == ["a"]
        assert client.ask("own", "a") == ["A"]
        assert client.ask("own", 1)[0]["error"]["status"] == 400


def test_without_an_app_no_handler_is_imported() -> None:
    asio = AsynctionSocketIO.from_spec(of(message("e", handler="nowhere.to.be.found")))
    with pytest.raises(DocumentError, match="no module `nowhere`"):
        asio.init_app(flask.Flask("late"))


class Queue(socketio.PubSubManager):  # type: ignore[misc]  # the library has no types
    """A message queue that keeps what is published."""

    def __init__(self) -> None:
        super().__init__(write_only=True)
        self.published: list[dict[str, Any]] = []

    def _publish(self, data: dict[str, Any]) -> None:
        self.published.append(data)


def test_another_process_only_emits() -> None:
    spec = of(message("e", handler="nowhere.to.be.found"), sends=[message("said", pair(STRING, STRING))])
    queue = Queue()
    asio = AsynctionSocketIO.from_spec(spec, message_queue="queue://", client_manager=queue)
    asio.emit("said", "a", "b", to="room")
    with pytest.raises(PayloadValidationException):
        asio.emit("said", "a")
    (published,) = queue.published
    assert (published["event"], published["data"], published["room"]) == ("said", ["a", "b"], "room")


# Handlers that cannot be bound ------------------------------------------------------------------


def test_all_that_is_wrong_with_handlers_is_told_together(tmp_path: Path) -> None:
    handlers = {"connect": "tests.server.handlers.two", "disconnect": "no.such", "error": "builtins.len"}
    spec = of(
        message("missing", handler="nowhere.function"),
        message("typo", handler="tests.server.handlers.ehco"),
        message("no-function", handler="THE_ANSWER"),
        message("arity", STRING, handler="two"),
        message("async", STRING, handler="later"),
        message("instance", STRING, handler="tests.server.handlers.Service.method"),
        x_handlers=handlers | {"error": "tests.server.handlers.two"},
    )
    path = tmp_path / "asyncapi.yaml"
    path.write_text(yaml.safe_dump(spec))
    with pytest.raises(DocumentError) as caught:
        build(path)
    assert len(caught.value.problems) == 9
    assert {problem.pointer.rpartition("/")[2] for problem in caught.value.problems} == {
        "x-handler",
        "connect",
        "disconnect",
        "error",
    }
    assert all(line.startswith(f"{path}:") for line in lines_of(caught))
    assert all(problem.line is not None for problem in caught.value.problems)
    text = str(caught.value)
    for part in (
        "no module `nowhere`",
        "has no `ehco`; did you mean `echo`?",
        "`tests.server.handlers.THE_ANSWER` is a int, which cannot be called",
        "takes 2 arguments, but the contract passes 1 argument",
        "AsynctionAsyncServer",
        "is a method that needs an instance",
        "no module `no`",
    ):
        assert part in text


def test_a_module_that_fails_to_import_is_the_cause(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "fails_on_import.py").write_text("1 / 0")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(DocumentError, match="raised ZeroDivisionError") as caught:
        build(of(message("e", handler="fails_on_import.function")))
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_a_method_of_an_instance_is_a_handler() -> None:
    asio = build(of(message("e", STRING, handler="tests.server.handlers.service.method")))
    assert client_of(asio).ask("e", "x") == ["x"]


# Security ---------------------------------------------------------------------------------------

SCHEMES = {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}}
TOKEN: list[Any] = [{"token": []}]


@pytest.mark.parametrize(
    "spec",
    [
        document(
            {"/": {}}, components=SCHEMES, servers={"a": {"url": "x", "protocol": "ws", "security": TOKEN}}
        ),
        document({"/": channel(x_security=TOKEN)}, components=SCHEMES),
        document(
            {"/": {"publish": {"security": TOKEN, "message": message("e", handler="echo")}}},
            components=SCHEMES,
        ),
    ],
    ids=["server", "channel", "operation"],
)
def test_a_demand_for_credentials_that_nobody_can_check_is_refused(spec: Any) -> None:
    with pytest.raises(DocumentError, match=r"security-function .* write `x-bearerInfoFunc`") as caught:
        build(spec)
    assert len(caught.value.problems) == 1


def test_a_channel_may_waive_what_the_server_demands() -> None:
    servers = {"a": {"url": "x", "protocol": "ws", "security": TOKEN}}
    build(document({"/": channel(x_security=[])}, components=SCHEMES, servers=servers))
