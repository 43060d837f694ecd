"""The contract, seen from the other side."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from asynction import Contract, load
from asynction.client._mirror import mirrored
from asynction.contract import Event, Handlers, Namespace
from tests.client.support import HANDSHAKE, SPEC
from tests.server.support import INTEGER, STRING, channel, document, message, of

MESSAGES = st.lists(
    st.builds(
        message,
        st.sampled_from("abcdef"),
        st.sampled_from([..., STRING, INTEGER]),
        st.sampled_from([..., STRING]),
        st.sampled_from([None, "ignore"]),
    ),
    max_size=4,
    unique_by=lambda each: each["name"],
)
CONTRACTS = st.dictionaries(
    st.sampled_from(["/", "/chat", "/news"]), st.builds(channel, MESSAGES, MESSAGES), max_size=3
).map(lambda channels: load(document(channels)))


def bare(event: Event) -> Event:
    """An event without the code that the document names for it."""
    return replace(event, handler=None)


@given(CONTRACTS)
def test_the_mirror_of_a_mirror_has_the_same_events(contract: Contract) -> None:
    twice = mirrored(mirrored(contract))
    assert twice.namespaces.keys() == contract.namespaces.keys()
    for name, namespace in contract.namespaces.items():
        assert twice.namespaces[name].receives == {n: bare(e) for n, e in namespace.receives.items()}
        assert twice.namespaces[name].sends == namespace.sends


@given(CONTRACTS)
def test_what_a_server_receives_a_client_sends(contract: Contract) -> None:
    mirror = mirrored(contract)
    for name, namespace in contract.namespaces.items():
        assert mirror.namespaces[name].sends.keys() == namespace.receives.keys()
        assert mirror.namespaces[name].receives.keys() == namespace.sends.keys()


def test_parameters_stay() -> None:
    contract = load(SPEC)
    rooms = mirrored(contract).namespaces["/rooms/{roomId}"]
    assert rooms.parameters == contract.namespaces["/rooms/{roomId}"].parameters


SECURED: dict[str, Any] = {
    **of(
        {**message("a", handler="ignore"), "x-middlewares": ["m.n"]},
        bindings=HANDSHAKE,
        x_handlers={"connect": "a.b", "disconnect": "a.c", "error": "a.d"},
        x_security=[{"key": []}],
    ),
    "servers": {"main": {"url": "ws://x.example", "protocol": "ws", "security": [{"key": []}]}},
    "components": {"securitySchemes": {"key": {"type": "httpApiKey", "in": "query", "name": "key"}}},
    "x-middlewares": ["m.o"],
}


def test_the_code_and_the_security_of_the_server_are_left_out() -> None:
    contract = load(SECURED)
    mirror = mirrored(contract)
    namespace: Namespace = mirror.namespaces["/"]
    assert namespace.handlers == Handlers()
    assert namespace.security == ()
    assert (namespace.middlewares, mirror.middlewares) == ((), ())
    assert mirror.servers["main"].security == ()
    assert namespace.sends["a"] == Event("a")
    assert namespace.sends["a"].location == contract.namespaces["/"].receives["a"].location


def test_the_handshake_and_the_schemes_stay() -> None:
    contract = load(SECURED)
    mirror = mirrored(contract)
    assert mirror.namespaces["/"].handshake == contract.namespaces["/"].handshake
    assert mirror.security_schemes == contract.security_schemes
