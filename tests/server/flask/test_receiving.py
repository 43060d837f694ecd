"""Received events: who runs, who answers, what is logged, and what testing and debugging change."""

from __future__ import annotations

import logging
from typing import Any
from unittest.mock import MagicMock

import flask
import pytest

from asynction import (
    AsynctionSocketIO,
    MessageAckValidationException,
    PayloadValidationException,
    UnknownEventException,
)
from tests.server.support import (
    INTEGER,
    SERVER_ERROR,
    STRING,
    app_of,
    build,
    channel,
    client_of,
    document,
    message,
    of,
    pair,
)

SAY = of(message("say", STRING, INTEGER))
UNKNOWN = {"status": 404, "title": "Not Found", "detail": "no event `other` in `/`"}


def served(handler: Any, spec: Any = SAY, event: str = "say", **kwargs: Any) -> AsynctionSocketIO:
    asio = build(spec, **kwargs)
    asio.on(event)(handler)
    return asio


# Answers ----------------------------------------------------------------------------------------


def test_the_handler_gets_the_args_and_its_result_is_the_ack() -> None:
    handler = MagicMock(return_value=("a", 1))
    asio = served(handler, of(message("say", pair(STRING, INTEGER), pair(STRING, INTEGER))))
    assert client_of(asio).ask("say", "b", 2) == ["a", 1]
    handler.assert_called_once_with("b", 2)


def test_the_handler_is_in_the_request_context_of_its_client() -> None:
    def handler(data: str) -> int:
        request: Any = flask.request
        assert (request.namespace, request.args["token"]) == ("/", "x")
        assert request.event["message"] == "say"
        return int(request.sid == data)

    asio = served(handler)
    client = client_of(asio, query_string="token=x")
    sid = asio.server.manager.sid_from_eio_sid(client.eio_sid, "/")
    assert client.ask("say", sid) == [1]


@pytest.mark.parametrize(
    "error", [LookupError("MARKER"), TypeError("MARKER"), PayloadValidationException("x")]
)
def test_a_handler_that_raises_is_called_once_and_answered(error: Exception) -> None:
    handler = MagicMock(side_effect=error)
    assert client_of(served(handler)).ask("say", "abc") == [SERVER_ERROR]
    assert handler.call_count == 1


def test_a_client_that_asks_for_no_ack_gets_none() -> None:
    handler = MagicMock(return_value=1)
    client = client_of(served(handler))
    client.emit("say", "abc")
    client.emit("say", 1)
    client.emit("other")
    assert client.last is None
    assert handler.call_count == 1
    assert client.ask("say", "abc") == [1]


def test_an_unknown_event_is_answered() -> None:
    assert client_of(served(len)).ask("other", 1) == [{"error": UNKNOWN}]


def test_the_connection_survives_what_is_refused() -> None:
    client = client_of(served(len))
    for args in ((), (1,), ("a", "b"), (None,), (float("nan"),), ("\ud800",), (b"x",)):
        assert client.ask("say", *args)[0]["error"]["status"] == 400
    assert client.ask("say", "abc") == [3]


def test_without_validation_anything_goes() -> None:
    binding = {"ws": {"query": {"type": "object", "required": ["token"]}}}
    spec = of(message("say", STRING, INTEGER), bindings=binding, sends=[message("said", STRING)])
    asio = served(lambda *args: args, spec, validation=False)
    client = client_of(asio)
    assert client.ask("say", 1, b"x") == [1, b"x"]
    asio.emit("said", 1)
    assert client.get_received()[0]["args"] == [1]
    assert client.ask("other")[0]["error"]["status"] == 404
    with pytest.raises(UnknownEventException):
        asio.emit("other")


def test_without_validation_the_arity_of_the_handler_still_decides() -> None:
    client = client_of(served(len, validation=False))
    assert client.ask("say", "a", "b")[0]["error"]["detail"] == "the handler does not take 2 args"


# Error handlers ---------------------------------------------------------------------------------


def test_the_error_handler_of_the_document_answers(calls: list[Any]) -> None:
    asio = served(len, of(message("say", STRING), x_handlers={"error": "tests.server.handlers.on_error"}))
    client = client_of(asio)
    assert client.ask("say", 1) == [{"handled": "PayloadValidationException"}]
    assert client.ask("other", 1) == [{"handled": "UnknownEventException"}]
    assert client.ask("connect", 1) == [{"handled": "UnknownEventException"}]
    assert client.ask("say", float("inf")) == [{"handled": "MalformedEvent"}]
    assert [name for name, _ in calls] == ["error"] * 4


def test_the_error_handler_is_called_once_where_it_raises() -> None:
    handler = MagicMock(side_effect=LookupError)
    asio = served(len)
    asio.on_error_default(handler)
    (answer,) = client_of(asio).ask("say", 1)
    assert (answer["error"]["status"], answer["error"]["pointer"]) == (400, "/0")
    assert handler.call_count == 1


def test_the_nearest_error_handler_answers() -> None:
    spec = document({"/": channel([message("say", STRING)]), "/b": channel([message("say", STRING)])})
    asio = build(spec, default_error_handler=lambda error: "default")
    for namespace in ("/", "/b"):
        asio.on("say", namespace=namespace)(len)
    asio.on_error(namespace="/b")(lambda error: "own")
    client = client_of(asio)
    client.connect(namespace="/b")
    assert client.ask("say", 1) == ["default"]
    assert client.ask("say", 1, namespace="/b") == ["own"]


def test_an_error_handler_is_in_the_request_context() -> None:
    asio = served(len, default_error_handler=lambda error: flask.request.args["token"])
    assert client_of(asio, query_string="token=x").ask("say", 1) == ["x"]


# Logs -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("event", "args", "level", "text"),
    [
        ("say", (["MARKER"],), logging.WARNING, "400 event 'say' in '/': PayloadValidationException"),
        ("say", ("MARKER", 1), logging.WARNING, "expected 1 argument, got 2"),
        ("say", ("MARKER\ud800",), logging.WARNING, "400 event '(malformed)' in '/'"),
        ("say", ({"MARKER": float("nan")},), logging.WARNING, "400 event '(malformed)' in '/'"),
        ("other", ("MARKER",), logging.WARNING, "404 event 'other' in '/': UnknownEventException"),
        ("disconnect", ("MARKER",), logging.WARNING, "404 event '(malformed)' in '/'"),
        ("a\nb", ("MARKER",), logging.WARNING, r"404 event 'a\nb' in '/'"),
        ("say", ("MARKER",), logging.ERROR, "500 event 'say' in '/': LookupError"),
    ],
)
def test_a_failure_is_one_line_without_the_payload(
    event: str, args: Any, level: int, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    client = client_of(served(MagicMock(side_effect=LookupError)))
    client.ask(event, *args)
    (record,) = caplog.records
    assert record.levelno == level
    assert text in record.getMessage()
    assert "\n" not in record.getMessage()
    assert "MARKER" not in caplog.text


def test_a_wrong_ack_is_one_line_without_its_data(caplog: pytest.LogCaptureFixture) -> None:
    assert client_of(served(lambda data: "MARKER")).ask("say", "a") == [SERVER_ERROR]
    (record,) = caplog.records
    assert "500 event 'say' in '/': MessageAckValidationException" in record.getMessage()
    assert "MARKER" not in caplog.text


def test_what_goes_well_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "asynction"):
        assert client_of(served(len)).ask("say", "abc") == [3]
    assert not caplog.records


# Testing and debugging --------------------------------------------------------------------------

Mode = dict[str, Any]
RAISES: list[Mode] = [
    {"TESTING": True},
    {"DEBUG": True},
    {"PROPAGATE_EXCEPTIONS": True},
    {"PROPAGATE_EXCEPTIONS": True, "TESTING": False},
]
ANSWERS: list[Mode] = [{}, {"PROPAGATE_EXCEPTIONS": False, "TESTING": True}, {"PROPAGATE_EXCEPTIONS": False}]


@pytest.mark.parametrize("mode", RAISES, ids=str)
def test_testing_and_debugging_raise_instead(mode: Mode) -> None:
    handler = MagicMock(side_effect=TypeError("a bug"), return_value="wrong")
    asio = served(handler)
    app_of(asio).config.update(mode)
    client = client_of(asio)
    with pytest.raises(TypeError, match="a bug"):
        client.ask("say", "abc")
    assert handler.call_count == 1
    handler.side_effect = None
    with pytest.raises(MessageAckValidationException):
        client.ask("say", "abc")
    with pytest.raises(PayloadValidationException):
        client.ask("say", 1)
    with pytest.raises(UnknownEventException):
        client.ask("other")


@pytest.mark.parametrize("mode", ANSWERS, ids=str)
def test_else_it_is_answered(mode: Mode) -> None:
    asio = served(MagicMock(side_effect=LookupError))
    app_of(asio).config.update(mode)
    assert client_of(asio).ask("say", "abc") == [SERVER_ERROR]


def test_an_error_handler_answers_in_testing_too() -> None:
    asio = served(len, default_error_handler=lambda error: type(error).__name__)
    app_of(asio).testing = True
    assert client_of(asio).ask("say", 1) == ["PayloadValidationException"]


def test_an_error_handler_that_raises_in_testing_is_raised() -> None:
    def handler(error: Exception) -> None:
        raise error

    asio = served(len, default_error_handler=handler)
    app_of(asio).testing = True
    with pytest.raises(PayloadValidationException):
        client_of(asio).ask("say", 1)
