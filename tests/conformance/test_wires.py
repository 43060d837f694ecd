"""The wires side by side: whoever carries a case comes to the verdict that the runtime comes to."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
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


@pytest.fixture(scope="module")
def verdicts() -> Iterator[dict[str, Verdicts]]:
    """What each wire makes of all cases; their log would hide the table."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(logging.getLogger("asynction"), "disabled", True)
        yield {name: _verdicts(name) for name in WIRES}


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


def test_all_wires_come_to_the_same_verdict(verdicts: dict[str, Verdicts]) -> None:
    table = differences(verdicts)
    assert not table, f"the wires differ\n{table}"


@pytest.mark.parametrize("name", WIRES)
def test_a_wire_carries_what_it_can(name: str, verdicts: dict[str, Verdicts]) -> None:
    carried = [case for case, verdict in verdicts[name].items() if verdict != NOT_CARRIED]
    assert len(carried) == len(CASES) if name not in PARTIAL_WIRES else len(carried) > len(CASES) / 2


@pytest.mark.parametrize("name", WIRES)
@pytest.mark.parametrize("verdict", ["200", "400", "404", "500"])
def test_a_wire_meets_every_verdict(name: str, verdict: Verdict, verdicts: dict[str, Verdicts]) -> None:
    assert verdict in set(verdicts[name].values())


def test_the_table_has_only_what_differs() -> None:
    verdicts = {
        REFERENCE: {"same": "200", "differs": "400", "not everywhere": "404"},
        "http": {"same": "200", "differs": "500", "not everywhere": NOT_CARRIED},
    }
    assert differences(verdicts) == "case     runtime  http\ndiffers  400      500"
