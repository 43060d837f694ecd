"""Every case of specs/conformance/events*.yaml, on every wire."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import pytest

from tests.conformance import handlers
from tests.conformance.cases import CASES, Case
from tests.conformance.wires import WIRES, Wire

TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    422: HTTPStatus(422).phrase,  # Python 3.13 has another
    499: "Bad Request",
    500: "Internal Server Error",
}


@pytest.fixture(scope="module", params=WIRES)
def wire(request: pytest.FixtureRequest) -> Iterator[Wire]:
    with WIRES[request.param](CASES) as wire:
        yield wire


def test_names_are_unique() -> None:
    names = [case.name for case in CASES]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_case(wire: Wire, case: Case, caplog: pytest.LogCaptureFixture) -> None:
    handlers.ran.clear()
    with caplog.at_level(logging.INFO, "asynction"):
        ack = wire.send(case)
    expect = case.expect
    assert (ack is not None) == expect.connected
    if expect.ack is not None:
        assert _plain(ack) == _plain(expect.ack)
    if expect.status is not None:
        _is_error(ack, case)
    assert len(handlers.ran) == (1 if expect.ran else 0)
    records = [record for record in caplog.records if record.name == "asynction"]
    assert expect.logged in (None, len(records))
    assert all("\n" not in record.getMessage() for record in records)
    assert "MARKER" not in caplog.text


def _is_error(ack: list[Any] | None, case: Case) -> None:
    expect = case.expect
    assert ack is not None
    assert len(ack) == 1
    assert list(ack[0]) == ["error"]
    error = ack[0]["error"]
    assert expect.status is not None
    assert (error["status"], error["title"]) == (expect.status, TITLES[expect.status])
    if expect.status == 500:
        assert set(error) == {"status", "title"}
    if expect.pointer is not None:
        assert error["pointer"] == expect.pointer
    if expect.detail is not None:
        assert error["detail"] == expect.detail
    assert "MARKER" not in str(error)


def _plain(value: Any) -> Any:
    """Make `==` tell booleans from numbers, and not mind how bytes come."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, bytearray):
        return bytes(value)
    return ("boolean", value) if isinstance(value, bool) else value
