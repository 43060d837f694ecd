"""One log line for each event, without secrets, which no client can forge."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from typing import Any

import pytest

from asynction.exceptions import EventException, SecurityException
from asynction.middleware import LoggingMiddleware, logging_middleware
from asynction.middleware._logging import MAX_LENGTH, one_line
from tests.middleware.support import BOTH, chain, context, run

SECRET = "s3cret"


def fields(record: logging.LogRecord) -> dict[str, Any]:
    names = ("event", "namespace", "sid", "user", "status")
    return {name: getattr(record, name) for name in names}


def raising(error: Exception) -> Callable[..., object]:
    def handler(*_: object) -> None:
        raise error

    return handler


@pytest.mark.parametrize("drive", BOTH)
def test_an_event_is_one_line(drive: Callable[..., object], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    assert drive(len, context("abc", user="ann"), LoggingMiddleware()) == 3
    (record,) = caplog.records
    assert record.name == "asynction.events"
    assert record.levelno == logging.INFO
    assert fields(record) == {
        "event": "message",
        "namespace": "/rooms/42",
        "sid": "sid1",
        "user": "ann",
        "status": 200,
    }
    assert isinstance(record.duration_ms, float)  # type: ignore[attr-defined]
    assert record.getMessage().startswith("200 event 'message' in '/rooms/42' from 'sid1' (user 'ann') in ")


def test_an_event_without_a_connection_has_no_sid(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    run(len, context("abc", sid=None), LoggingMiddleware())
    assert fields(caplog.records[0])["sid"] is None


@pytest.mark.parametrize("drive", BOTH)
@pytest.mark.parametrize(
    ("error", "status"),
    [(EventException(429, SECRET), 429), (SecurityException(403), 403), (ValueError(SECRET), 500)],
)
def test_a_failure_is_logged_with_its_status_and_raised(
    drive: Callable[..., object], error: Exception, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with pytest.raises(type(error)) as caught:
        drive(raising(error), context(SECRET), LoggingMiddleware())
    assert caught.value is error
    assert fields(caplog.records[0])["status"] == status


def test_what_is_cancelled_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    flow = chain(len, LoggingMiddleware())(context("abc"))
    next(flow)
    flow.close()
    assert fields(caplog.records[0])["status"] == 499


@pytest.mark.parametrize("handler", [lambda *_: SECRET, raising(ValueError(SECRET))])
def test_no_secret_is_logged(handler: Callable[..., object], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    given = context({"password": SECRET}, environ={"HTTP_AUTHORIZATION": SECRET, "QUERY_STRING": SECRET})
    given.auth = {"token": SECRET}
    with contextlib.suppress(ValueError):
        run(handler, given, LoggingMiddleware())
    (record,) = caplog.records
    assert SECRET not in caplog.text
    assert SECRET not in repr(vars(record))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("message", "message"),
        ("grüße", "grüße"),
        ("a\n200 event", r"a\n200 event"),
        ("a\u2028b\x1b[2J", r"a\u2028b\x1b[2J"),
        ("\ud800", r"\ud800"),
        ("a" * MAX_LENGTH, "a" * MAX_LENGTH),
        ("a" * 1_000_000, "a" * (MAX_LENGTH - 3) + "..."),
    ],
)
def test_a_text_of_a_client_stays_on_its_line(
    text: str, shown: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert one_line(text) == shown
    caplog.set_level(logging.INFO)
    run(
        len, context("abc", event=text, namespace=text, sid=text, user=text, known=False), LoggingMiddleware()
    )
    (record,) = caplog.records
    assert fields(record) == {
        "event": shown,
        "namespace": shown,
        "sid": shown,
        "user": shown,
        "status": 200,
    }
    assert record.getMessage().isprintable()


def test_logger_and_level_may_be_chosen(caplog: pytest.LogCaptureFixture) -> None:
    own = logging.getLogger("tests.middleware.own")
    caplog.set_level(logging.DEBUG, logger=own.name)
    run(len, context("abc"), LoggingMiddleware(own, logging.DEBUG, events="message", namespace="/chat"))
    run(len, context("abc"), logging_middleware(own))
    assert [(record.name, record.levelno) for record in caplog.records] == [
        (own.name, logging.DEBUG),
        (own.name, logging.INFO),
    ]


def test_a_level_that_is_off_costs_no_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    assert run(len, context("abc"), LoggingMiddleware()) == 3
    assert caplog.records == []
