"""Exceptions tell what is wrong, survive pickling, and never reveal data that may be secret."""

from __future__ import annotations

import pickle

import pytest

from asynction import exceptions
from asynction.exceptions import (
    AsynctionException,
    BindingsValidationException,
    DocumentError,
    EventException,
    MessageAckValidationException,
    NotEnabledError,
    PayloadValidationException,
    SecurityException,
    UnknownEventException,
    ValidationException,
    Violation,
)
from asynction.problems import Problem

FIRST = Violation("must be string", (0, "a/b"), ("properties", "a/b", "type"), "secret")
SECOND = Violation("must be integer", (1,), ("type",), "secret")
PROBLEMS = (
    Problem("one", "error", "is wrong", "/a", "f", 1, 1),
    Problem("two", "error", "is wrong too", "/b", "f", 2, 1),
)


@pytest.mark.parametrize(
    ("child", "parent"),
    [
        (AsynctionException, RuntimeError),
        (DocumentError, AsynctionException),
        (ValidationException, AsynctionException),
        (PayloadValidationException, ValidationException),
        (BindingsValidationException, ValidationException),
        (MessageAckValidationException, ValidationException),
        (UnknownEventException, AsynctionException),
        (NotEnabledError, AsynctionException),
    ],
)
def test_the_tree_is_as_drawn(child: type[Exception], parent: type[Exception]) -> None:
    assert child.__bases__ == (parent,)
    assert child.__name__ in (exceptions.__doc__ or "")


def test_a_security_exception_is_a_refused_connection_as_in_0_8() -> None:
    assert SecurityException.__bases__ == (AsynctionException, ConnectionRefusedError)
    assert "SecurityException" in (exceptions.__doc__ or "")
    with pytest.raises(ConnectionRefusedError, match="not allowed"):
        raise SecurityException(403, "of a test")


def test_a_document_error_prints_all_its_problems_one_a_line() -> None:
    error = DocumentError(list(PROBLEMS))

    assert error.problems == PROBLEMS
    assert str(error).splitlines() == [str(problem) for problem in PROBLEMS]


def test_a_validation_exception_is_about_its_first_violation_and_keeps_all() -> None:
    error = PayloadValidationException("payload: must be string", [FIRST, SECOND])

    assert (error.message, str(error)) == ("payload: must be string", "payload: must be string")
    assert (error.path, error.schema_path, error.instance) == (
        FIRST.path,
        FIRST.schema_path,
        "secret",
    )
    assert error.errors == (FIRST, SECOND)


def test_a_validation_exception_needs_no_violation() -> None:
    error = BindingsValidationException("the method must be GET")

    assert (error.path, error.schema_path, error.instance, error.errors) == ((), (), None, ())


def test_the_instance_is_in_no_text_of_an_exception() -> None:
    error = PayloadValidationException("payload: must be string", [FIRST])

    assert "secret" not in f"{error} {error!r} {error.errors} {FIRST}"


@pytest.mark.parametrize(
    ("violation", "pointer", "text"),
    [
        (FIRST, "/0/a~1b", "/0/a~1b: must be string"),
        (Violation("expected 1 argument", (), (), None), "", "expected 1 argument"),
    ],
)
def test_a_violation_points_into_the_args(violation: Violation, pointer: str, text: str) -> None:
    assert (violation.pointer, str(violation)) == (pointer, text)


def test_a_document_error_survives_a_trip_to_another_process() -> None:
    copy = pickle.loads(pickle.dumps(DocumentError(PROBLEMS)))

    assert (copy.problems, str(copy)) == (PROBLEMS, str(DocumentError(PROBLEMS)))


def test_a_validation_exception_can_be_pickled() -> None:
    copy = pickle.loads(pickle.dumps(PayloadValidationException("m", [FIRST])))

    assert (type(copy), str(copy), copy.errors) == (PayloadValidationException, "m", (FIRST,))


@pytest.mark.parametrize(
    ("status", "kept", "text"),
    [(401, 401, "not authenticated"), (403, 403, "not allowed"), (500, 401, "not authenticated")],
)
def test_a_security_exception_reveals_nothing_but_its_status(status: int, kept: int, text: str) -> None:
    error = pickle.loads(pickle.dumps(SecurityException(status, "expired")))
    assert error.reason == "expired"
    assert (error.status, str(error)) == (kept, text)


def test_an_event_exception_has_the_status_of_an_error() -> None:
    for status in (200, 399, 450, 600):
        with pytest.raises(ValueError, match=f"status must be an HTTP status from 400 to 599, got {status}"):
            EventException(status)
    assert str(EventException(429)) == "Too Many Requests"
    copied = pickle.loads(pickle.dumps(EventException(409, "the room is full")))
    assert (copied.status, copied.detail, str(copied)) == (409, "the room is full", "the room is full")
