"""Each type of security scheme has a row with its credential and its functions."""

from __future__ import annotations

import pytest

from asynction.contract import SecurityScheme
from asynction.security import Request, kind_of
from asynction.security._schemes import KINDS


def scheme(type_: str, **fields: str) -> SecurityScheme:
    return SecurityScheme("s", type_, {"type": type_, **fields})


@pytest.mark.parametrize("name", ["basic", "Basic", "BEARER", "digest", "", "hoba"])
def test_http_schemes(name: str) -> None:
    kind = kind_of(scheme("http", scheme=name))
    assert kind is KINDS.get(name.lower(), KINDS["http"])


@pytest.mark.parametrize("type_", ["httpApiKey", "apiKey", "userPassword", "oauth2", "openIdConnect", "X509"])
def test_other_schemes(type_: str) -> None:
    assert kind_of(scheme(type_)) is KINDS[type_]


@pytest.mark.parametrize(
    "type_",
    ["plain", "scramSha256", "scramSha512", "gssapi", "symmetricEncryption", "asymmetricEncryption", "x"],
)
def test_what_cannot_be_checked(type_: str) -> None:
    assert kind_of(scheme(type_)) is None


@pytest.mark.parametrize("kind", KINDS)
def test_the_arity_is_the_number_of_arguments(kind: str) -> None:
    credential = ("a", "b") if kind in ("basic", "userPassword") else ("a",)
    assert len(KINDS[kind].arguments(credential, [], scheme("x"))) == KINDS[kind].arity


def test_arguments() -> None:
    bearer = scheme("http", scheme="bearer", bearerFormat="JWT")
    assert KINDS["bearer"].arguments(("t",), ["a"], bearer) == ("t", ["a"], "JWT")
    assert KINDS["bearer"].of_jwt().arguments(("t",), ["a"], bearer) == ("t",)
    assert KINDS["basic"].arguments(("u", "p"), ["a"], bearer) == ("u", "p", ["a"])


def test_only_tokens_are_for_jwt() -> None:
    assert [name for name, kind in KINDS.items() if kind.takes_jwt] == ["bearer", "oauth2", "openIdConnect"]


def test_a_certificate_is_long_and_has_lines() -> None:
    pem = "-----BEGIN CERTIFICATE-----\n" + "x\n" * 20_000
    assert KINDS["X509"].credential(scheme("X509"), Request("GET", certificate=pem)) == (pem,)
    assert KINDS["oauth2"].credential(scheme("oauth2"), Request("GET", auth={"token": pem})) is None
