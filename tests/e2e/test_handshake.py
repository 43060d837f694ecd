"""Who may connect: namespaces, the handshake query, and the connect handlers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import NamedTuple

import pytest

from tests.e2e.clients import Connect, ConnectionRejected
from tests.e2e.processes import Process
from tests.e2e.wire import TRANSPORTS, Wire


class Handshake(NamedTuple):
    query: Mapping[str, str]
    says: str  # a part of the message


REFUSED = {
    "nothing": Handshake({}, "level"),
    "one of two is missing": Handshake({"level": "2"}, "name"),
    "no integer": Handshake({"level": "high", "name": "Ada"}, "level"),
    "a number that is no integer": Handshake({"level": "2.5", "name": "Ada"}, "level"),
    "below the minimum": Handshake({"level": "0", "name": "Ada"}, "level"),
    "above the maximum": Handshake({"level": "10", "name": "Ada"}, "level"),
    "an integer of 5000 digits": Handshake({"level": "9" * 5000, "name": "Ada"}, "level"),
    "an empty string": Handshake({"level": "2", "name": ""}, "name"),
    "no boolean": Handshake({"level": "2", "name": "Ada", "refuse": "perhaps"}, "refuse"),
    "the handler's own reason": Handshake({"level": "2", "name": "Ada", "refuse": "true"}, "not today"),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_a_refused_connection_is_told_why(service: Process, connect: Connect, case: Handshake) -> None:
    with pytest.raises(ConnectionRejected, match=case.says):
        connect(service.url, "/strict", case.query)


ACCEPTED: dict[str, tuple[dict[str, str], dict[str, str] | None]] = {
    "strings read as the schema's types": ({"level": "2", "name": "Ada", "refuse": "false"}, None),
    "a name that looks like a number": ({"level": "2", "name": "7"}, None),
    "auth beside it": ({"level": "2", "name": "Ada"}, {"token": "x"}),
}


@pytest.mark.parametrize(("query", "auth"), ACCEPTED.values(), ids=ACCEPTED)
def test_a_valid_handshake_connects(
    service: Process, connect: Connect, query: dict[str, str], auth: dict[str, str] | None
) -> None:
    client = connect(service.url, "/strict", query, auth)
    assert client.call("level") == ["2"]


def test_an_unknown_namespace_is_refused(service: Process, connect: Connect) -> None:
    with pytest.raises(ConnectionRejected, match=r"\w"):
        connect(service.url, "/nowhere")


@pytest.mark.parametrize("transport", sorted(TRANSPORTS))
@pytest.mark.parametrize("namespace", ["/strict", "/nowhere"])
def test_a_refused_namespace_leaves_the_others_alone(
    service: Process, transport: str, namespace: str
) -> None:
    wire = Wire(TRANSPORTS[transport](service.url, {"level": "0"}))
    try:
        assert wire.join().startswith("40{")
        refusal = wire.join(namespace)
        prefix = f"44{namespace},"
        assert refusal.startswith(prefix)
        assert json.loads(refusal.removeprefix(prefix))
        assert wire.call("greet", {"name": "Ada"}) == ["Hello, Ada"]
    finally:
        wire.close()


BAD_AUTH = {
    "no JSON": "{bad",
    "NaN": '{"token":NaN}',
    "deep arrays": "[" * 100_000,
}


@pytest.mark.parametrize("transport", sorted(TRANSPORTS))
@pytest.mark.parametrize("auth", BAD_AUTH.values(), ids=BAD_AUTH)
def test_auth_that_is_no_json_is_refused(service: Process, transport: str, auth: str) -> None:
    wire = Wire(TRANSPORTS[transport](service.url, {}))
    try:
        refusal = wire.join(auth=auth)
        assert refusal.startswith("44{")
        assert json.loads(refusal.removeprefix("44"))["message"]
        assert wire.join().startswith("40{")
    finally:
        wire.close()


def test_a_refusal_is_one_line_in_the_log(service: Process, connect: Connect) -> None:
    service.mark()
    with pytest.raises(ConnectionRejected):
        connect(service.url, "/strict", {"level": "MARKER", "name": "Ada"})
    service.wait_for(service.records)
    assert connect(service.url).call("greet", {"name": "Ada"}) == ["Hello, Ada"]
    assert len(service.records()) == 1
    assert "MARKER" not in "\n".join(service.records())
