"""Waiting calls, and the forms of results and errors."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from asynction.client import CallError
from asynction.client._dual.calls import Call, Calls, LostError, error_data, error_of
from tests.serving import DEADLINE


def call(id: str) -> Call:
    return Call({"request_id": id, "api": "x"}, None, is_http=False)


def never(_: Call) -> None:
    raise AssertionError("it has not waited that long")


def test_a_call_is_taken_once_and_remembered() -> None:
    async def body() -> None:
        calls = Calls()
        one, two = call("1"), call("2")
        calls.add(one, DEADLINE, never)
        calls.add(two, DEADLINE, never)
        assert calls.all() == [one, two]
        assert calls.take("1") is one
        assert calls.take("1") is None
        assert calls.take(None) is None
        assert (calls.is_done("1"), calls.is_done("2"), calls.is_done(None)) == (True, False, False)
        with pytest.raises(ValueError, match="is still waiting"):
            calls.add(call("2"), DEADLINE, never)
        calls.add(call("1"), DEADLINE, never)
        assert not calls.is_done("1")
        calls.take("1")
        calls.take("2")

    asyncio.run(body())


def test_only_the_last_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("asynction.client._dual.calls._REMEMBERED", 1)

    async def body() -> None:
        calls = Calls()
        for id in "12":
            calls.add(call(id), DEADLINE, never)
            calls.take(id)
        assert (calls.is_done("1"), calls.is_done("2")) == (False, True)

    asyncio.run(body())


def test_a_call_waits_no_longer_than_it_may() -> None:
    async def body() -> None:
        expired: asyncio.Future[Call] = asyncio.get_running_loop().create_future()
        calls, one = Calls(), call("1")
        calls.add(one, 0.001, expired.set_result)
        assert await asyncio.wait_for(expired, DEADLINE) is one

    asyncio.run(body())


@pytest.mark.parametrize(
    "data",
    [
        None,
        7,
        [],
        {},
        {"error": "no object"},
        {"error": {}},
        {"error": {"status": "x"}},
        {"error": {"status": 1}, "b": 2},
    ],
)
def test_a_result_is_not_an_error(data: Any) -> None:
    assert error_of(data) is None


def test_an_error_has_what_the_server_says() -> None:
    body = {"status": 400, "title": "Bad Request", "detail": "must be integer", "pointer": "/0/id"}
    error = error_of({"error": body})
    assert isinstance(error, CallError)
    assert error.ack == ({"error": body},)
    assert (error.status, error.title, error.detail, error.pointer) == tuple(body.values())
    assert error_data(error) == {"error": body}
    short = error_of({"error": {"status": 500}})
    assert isinstance(short, CallError)
    assert error_data(short) == {"error": {"status": 500}}


def test_a_call_is_lost_with_its_server() -> None:
    error = error_of({"error": {"status": 409, "title": "Conflict", "server_id": "x"}})
    assert isinstance(error, LostError)
    assert isinstance(error, ConnectionError)
    assert error_data(error)["error"] == {
        "status": 503,
        "title": "Service Unavailable",
        "detail": str(error),
    }


def test_a_timeout_has_the_status_504() -> None:
    assert error_data(TimeoutError("late")) == {
        "error": {"status": 504, "title": "Gateway Timeout", "detail": "late"}
    }
