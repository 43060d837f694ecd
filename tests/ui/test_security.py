from __future__ import annotations

from typing import Any

import pytest

from asynction.contract import SecurityScheme
from asynction.document import load
from asynction.ui._details import Link
from asynction.ui._security import Need, alternatives, read_scheme, required_by
from tests.ui.support import document


@pytest.mark.parametrize(
    ("fields", "kind", "way"),
    [
        ({"type": "http", "scheme": "Basic"}, "User name and password", "auth: {username, password}"),
        ({"type": "http", "scheme": "bearer"}, "Token", "auth: {token}"),
        ({"type": "http", "scheme": "dig`est"}, "HTTP authentication", "<code>Authorization: dig'est</code>"),
        ({"type": "userPassword"}, "User name and password", "auth: {username, password}"),
        ({"type": "httpApiKey", "in": "header", "name": "K"}, "Key", "the header <code>K</code>"),
        ({"type": "httpApiKey", "in": "query", "name": "K"}, "Key", "the query parameter <code>K</code>"),
        ({"type": "httpApiKey", "in": "cookie", "name": "K"}, "Key", "<code>auth: {K}</code>"),
        ({"type": "apiKey", "in": "user"}, "Key", "auth: {username}"),
        ({"type": "apiKey", "in": "password"}, "Key", "auth: {password}"),
        ({"type": "X509"}, "TLS client certificate", "certificate"),
        ({"type": "scramSha256"}, "scramSha256", ""),
    ],
)
def test_a_scheme_says_how_a_client_brings_it(fields: dict[str, Any], kind: str, way: str) -> None:
    scheme = read_scheme(SecurityScheme("s", fields["type"], fields))

    assert scheme.kind == kind
    assert way in scheme.way


def test_flows_show_their_addresses_and_scopes() -> None:
    flows = {
        "implicit": {"authorizationUrl": "https://a.example", "scopes": {"r": "Read"}},
        "password": {"tokenUrl": "javascript:x", "availableScopes": {"w": "Write"}},
        "odd": 1,
        "empty": {},
    }
    fields: dict[str, Any] = {"flows": flows, "openIdConnectUrl": "https://o.example", "description": "*d*"}

    scheme = read_scheme(SecurityScheme("a b", "oauth2", fields))

    assert scheme.anchor == "security/a%20b"
    assert scheme.description == "<p><em>d</em></p>"
    assert scheme.scopes == (("r", "Read"), ("w", "Write"))
    assert scheme.links == (
        Link("https://o.example", "https://o.example"),
        Link("implicit, authorization: https://a.example", "https://a.example"),
        Link("password, token: javascript:x", ""),
    )


def test_requirements_are_alternatives() -> None:
    assert alternatives(({"a": ("r",), "b": ()}, {})) == (
        (Need("a", "security/a", ("r",)), Need("b", "security/b", ())),
        (),
    )


def test_a_namespace_asks_for_what_its_server_asks_for_unless_it_says_so() -> None:
    contract = load(
        document(
            {"/": {}, "/open": {"x-security": []}},
            servers={"s": {"url": "ws://a", "protocol": "ws", "security": [{"k": []}]}},
            components={"securitySchemes": {"k": {"type": "X509"}}},
        )
    )

    assert required_by(contract, contract.namespaces["/"]) == ({"k": ()},)
    assert required_by(contract, contract.namespaces["/open"]) == ()
    bare = load(document({"/": {}}))
    assert required_by(bare, bare.namespaces["/"]) == ()
