"""What the server says no with, read."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from socketio.exceptions import ConnectionError as NotConnected

from asynction import AsynctionException, load
from asynction.client import CallError, ConnectionRefused
from asynction.client._errors import error_in
from asynction.runtime import ContractSchemas
from tests.server.support import INTEGER, message, of

BODY = {"status": 404, "title": "Not Found"}
RULES = ContractSchemas(
    load(of(message("a"), message("b", ack=INTEGER), message("c", ack={"type": "object"})))
).receives["/"]


@pytest.mark.parametrize(
    ("event", "args", "expected"),
    [
        ("a", ({"error": BODY},), "404 Not Found"),
        ("b", ({"error": BODY},), "404 Not Found"),
        ("b", ({"error": {**BODY, "detail": "no"}},), "404 Not Found: no"),
        ("b", ({"error": {**BODY, "detail": 1, "pointer": 2}},), "404 Not Found"),
        ("c", ({"error": BODY},), None),
        ("a", (), None),
        ("a", ({"error": BODY}, 1), None),
        ("a", ("error",), None),
        ("a", ({"error": "no"},), None),
        ("a", ({"error": BODY, "more": 1},), None),
        ("a", ({"error": {"status": 200, "title": "OK"}},), None),
        ("a", ({"error": {"status": "404", "title": "OK"}},), None),
        ("a", ({"error": {"status": 404}},), None),
    ],
)
def test_an_error_ack_is_what_the_contract_has_no_place_for(event: str, args: Any, expected: Any) -> None:
    found = error_in(RULES[event], args)
    assert (str(found) if found is not None else None) == expected


def test_without_rules_an_error_ack_is_one() -> None:
    assert isinstance(error_in(None, ({"error": BODY},)), CallError)


def test_an_error_has_the_members() -> None:
    error = error_in(RULES["b"], ({"error": {**BODY, "detail": "no", "pointer": "/0"}},))
    assert isinstance(error, AsynctionException)
    assert isinstance(error, CallError)
    assert (error.status, error.title, error.detail, error.pointer) == (404, "Not Found", "no", "/0")
    assert error.ack == ({"error": {**BODY, "detail": "no", "pointer": "/0"}},)


@pytest.mark.parametrize(
    ("told", "reason", "data", "status"),
    [
        ({"message": "no", "data": {"status": 401}}, "no", {"status": 401}, 401),
        ({"message": "no", "data": {"status": "401"}}, "no", {"status": "401"}, None),
        ({"message": "no"}, "no", None, None),
        ("no", "no", None, None),
        (None, "no reason given", None, None),
        ({"other": 1}, "no reason given", {"other": 1}, None),
    ],
)
def test_a_refusal_is_read(told: Any, reason: str, data: Any, status: int | None) -> None:
    error = ConnectionRefused({"/a": told, "/b": None})
    assert (error.namespace, error.reason, error.data, error.status) == ("/a", reason, data, status)
    assert error.refusals == {"/a": told, "/b": None}
    assert str(error) == f"the server refuses `/a`: {reason}"
    assert isinstance(error, NotConnected)
    assert isinstance(error, AsynctionException)


@pytest.mark.parametrize(
    "error", [CallError(404, "Not Found", "no", "/0", ack=(1,)), ConnectionRefused({"/": {"message": "no"}})]
)
def test_errors_can_be_pickled(error: Exception) -> None:
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), str(copy), vars(copy)) == (type(error), str(error), vars(error))
