"""The wires side by side: whoever carries a case comes to the verdict that the runtime comes to."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus

import pytest

from tests.conformance.cases import CASES
from tests.conformance.wires import WIRES, Ack

REFERENCE = "runtime"
PARTIAL_WIRES = {"websocket", "http", "gateway-flask-post", "gateway-asgi-post", "gateway-asgi-event"}
"""Wires that cannot carry all that Socket.IO can."""

Verdict = str  # a status, or one of these
REFUSED = "refused"  # its namespace is not entered
NOT_CARRIED = "-"

Verdicts = Mapping[str, Verdict]
"""What one wire makes of the cases, by their names."""


def _verdicts(name: str) -> Verdicts:
    found: dict[str, Verdict] = {}
    with WIRES[name](CASES) as wire:
        for case in CASES:
            try:
                found[case.name] = _verdict(wire.send(case))
            except pytest.skip.Exception:
                found[case.name] = NOT_CARRIED
    return found


def _verdict(ack: Ack) -> Verdict:
    """The status that an acknowledgement tells; what an error handler says is one like any other."""
    if ack is None:
        return REFUSED
    match ack:
        case [{"error": {"status": int(status)}}]:
            return str(status)
    return str(HTTPStatus.OK.value)


def differences(verdicts: Mapping[str, Verdicts]) -> str:
    """A table of the cases about which the wires are not of one mind; empty where they all are."""
    rows = [
        (name, *(each[name] for each in verdicts.values()))
        for name, expected in verdicts[REFERENCE].items()
        if {each[name] for each in verdicts.values()} - {expected, NOT_CARRIED}
    ]
    table = [("case", *verdicts), *rows] if rows else []
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in table)


@pytest.mark.no_cover  # test_events.py sends the same cases
def test_all_wires_come_to_the_same_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    """One test, because all that is asked of the wires needs all verdicts, and these take their time."""
    monkeypatch.setattr(logging.getLogger("asynction"), "disabled", True)  # the log would hide the table
    verdicts = {name: _verdicts(name) for name in WIRES}

    table = differences(verdicts)
    assert not table, f"the wires differ\n{table}"
    for name, found in verdicts.items():
        carried = [verdict for verdict in found.values() if verdict != NOT_CARRIED]
        assert len(carried) > len(CASES) / 2, name
        assert len(carried) == len(CASES) or name in PARTIAL_WIRES, name
        assert {"200", "400", "404", "500"} <= set(carried), name


def test_the_table_has_only_what_differs() -> None:
    verdicts = {
        REFERENCE: {"same": "200", "differs": "400", "not everywhere": "404"},
        "http": {"same": "200", "differs": "500", "not everywhere": NOT_CARRIED},
    }
    assert differences(verdicts) == "case     runtime  http\ndiffers  400      500"
