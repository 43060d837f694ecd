"""What a client is told, and what is logged, when an event fails."""

from __future__ import annotations

import logging

import pytest

from asynction.exceptions import (
    BindingsValidationException,
    DocumentError,
    MessageAckValidationException,
    PayloadValidationException,
    SecurityException,
    UnknownEventException,
    ValidationException,
    Violation,
)
from asynction.runtime import MalformedEvent, error_ack, error_body, log_failure, status_of

BROKEN = Violation("must be string", (0, "a/b"), ("properties", "a/b", "type"), "MARKER")


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (PayloadValidationException("no"), 400),
        (BindingsValidationException("no"), 400),
        (MalformedEvent("no"), 400),
        (UnknownEventException("no"), 404),
        (MessageAckValidationException("no"), 500),
        (ValidationException("no"), 500),
        (DocumentError([]), 500),
        (LookupError("no"), 500),
        (SystemExit(), 500),
    ],
)
def test_every_exception_has_a_status(error: BaseException, status: int) -> None:
    assert status_of(error) == status


def test_a_violation_is_described_by_its_place() -> None:
    error = PayloadValidationException("payload of `e`: all of it", [BROKEN])
    assert error_body(error) == {
        "status": 400,
        "title": "Bad Request",
        "detail": "must be string",
        "pointer": "/0/a~1b",
    }


def test_without_violations_the_message_is_the_detail() -> None:
    assert error_body(UnknownEventException("no event `x`")) == {
        "status": 404,
        "title": "Not Found",
        "detail": "no event `x`",
    }


def test_a_fault_of_the_server_tells_nothing_internal() -> None:
    plain = {"status": 500, "title": "Internal Server Error"}
    assert error_body(LookupError("a secret")) == plain
    assert error_body(MessageAckValidationException("a secret", [BROKEN])) == plain


def test_the_error_ack_is_one_arg() -> None:
    assert error_ack(LookupError()) == ({"error": {"status": 500, "title": "Internal Server Error"}},)


def test_a_failure_of_a_client_is_one_warning(caplog: pytest.LogCaptureFixture) -> None:
    log_failure(PayloadValidationException("must be\nstring", [BROKEN]), "/", "a\nb")
    (record,) = caplog.records
    assert (record.name, record.levelno, record.exc_info) == ("asynction", logging.WARNING, None)
    assert record.getMessage() == r"400 event 'a\nb' in '/': PayloadValidationException 'must be\nstring'"
    assert "MARKER" not in caplog.text


def test_the_log_says_why_a_client_is_refused_and_the_client_is_not_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    error = SecurityException(401, "token: expired 5 s ago\n")
    log_failure(error, "/", "connect")
    assert caplog.messages == [
        "401 event 'connect' in '/': SecurityException 'not authenticated', "
        "because 'token: expired 5 s ago\\n'"
    ]
    assert error_body(error) == {"status": 401, "title": "Unauthorized", "detail": "not authenticated"}
    assert "expired" not in f"{error} {error!r} {error_ack(error)}"


def test_a_failure_of_a_handler_has_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    error = LookupError("why")
    log_failure(error, "/chat", "e")
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert record.getMessage() == "500 event 'e' in '/chat': LookupError"
    assert record.exc_info
    assert record.exc_info[1] is error


def test_long_names_are_cut(caplog: pytest.LogCaptureFixture) -> None:
    log_failure(UnknownEventException("x" * 1000), "/", "y" * 1000)
    assert len(caplog.records[0].getMessage()) < 500
