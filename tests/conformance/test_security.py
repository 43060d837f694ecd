"""Every case of specs/conformance/security.yaml, on every adapter."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from tests.conformance import guards
from tests.conformance.adapters import ADAPTERS, CASES, Adapter, Case, Outcome

SAYS = {
    401: {"status": 401, "title": "Unauthorized", "detail": "not authenticated"},
    403: {"status": 403, "title": "Forbidden", "detail": "not allowed"},
}


def test_names_are_unique() -> None:
    names = [case.name for case in CASES]
    assert len(names) == len(set(names))


@pytest.fixture(scope="module", params=ADAPTERS)
def adapter(request: pytest.FixtureRequest) -> Iterator[Adapter]:
    with ADAPTERS[request.param]() as adapter:
        yield adapter


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_case(case: Case, adapter: Adapter, caplog: pytest.LogCaptureFixture) -> None:
    guards.called.clear()
    guards.connected.clear()
    with caplog.at_level(logging.DEBUG, "asynction"):
        outcome = adapter.connect(case)
    if "status" in case.expect:
        _is_refused(case, outcome)
    else:
        _is_accepted(case, outcome)
    if "called" in case.expect:
        assert guards.called == case.expect["called"]
    failures = int("status" in case.expect) + int(case.expect.get("event") == 403)
    records = [record for record in caplog.records if record.name == "asynction"]
    assert len(records) == case.expect.get("logged", failures)
    assert all("\n" not in record.getMessage() for record in records)
    assert "MARKER" not in caplog.text
    assert "MARKER" not in str(outcome)


def _is_refused(case: Case, outcome: Outcome) -> None:
    expected = case.expect["status"]
    statuses = expected if isinstance(expected, list) else [expected]
    assert outcome.ack is None
    assert outcome.refusal["data"]["status"] in statuses
    if outcome.refusal["data"]["status"] in SAYS:
        says = SAYS[outcome.refusal["data"]["status"]]
        assert outcome.refusal == {"message": says["detail"], "data": says}
    assert guards.connected == []


def _is_accepted(case: Case, outcome: Outcome) -> None:
    assert outcome.refusal is None
    assert len(guards.connected) == int(outcome.is_seen)
    for user, token_info in guards.connected:
        assert user == case.expect["user"]
        assert isinstance(token_info, dict) or user is None
    event = case.expect.get("event", "done")
    assert outcome.ack == ([{"error": SAYS[event]}] if event in SAYS else [event])
