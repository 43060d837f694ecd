"""What a client brings, and where a server finds it."""

from __future__ import annotations

from typing import Any

import pytest

from asynction.client._handshake import ConnectOptions, ResolvedHandshake
from asynction.contract import SecurityScheme
from asynction.runtime import drive
from asynction.security import kind_of

SCHEMES = {
    name: SecurityScheme(name, fields["type"], fields)
    for name, fields in {
        "basic": {"type": "http", "scheme": "Basic"},
        "bearer": {"type": "http", "scheme": "bearer"},
        "digest": {"type": "http", "scheme": "Digest"},
        "user": {"type": "userPassword"},
        "oauth": {"type": "oauth2"},
        "openid": {"type": "openIdConnect"},
        "query": {"type": "httpApiKey", "in": "query", "name": "key"},
        "header": {"type": "httpApiKey", "in": "header", "name": "X-Key"},
        "cookie": {"type": "httpApiKey", "in": "cookie", "name": "key"},
        "asUser": {"type": "apiKey", "in": "user"},
        "asPassword": {"type": "apiKey", "in": "password"},
        "tls": {"type": "X509"},
        "sasl": {"type": "plain"},
    }.items()
}


def resolved(**told: Any) -> ResolvedHandshake:
    names = ("url", "headers", "auth", "query", "credentials")
    options = ConnectOptions({"url": "http://x.example", **dict.fromkeys(names[1:]), **told}, 1)
    found = drive(options.resolve(SCHEMES))
    assert options() == found.url
    return found


@pytest.mark.parametrize(
    ("name", "credential"),
    [
        ("basic", ("ann", "p:w")),
        ("bearer", "token"),
        ("digest", "x=1"),
        ("user", ("ann", "pw")),
        ("oauth", "token"),
        ("openid", "token"),
        ("query", "k&y"),
        ("header", "key"),
        ("cookie", "key"),
        ("asUser", "key"),
        ("asPassword", "key"),
    ],
)
def test_a_server_finds_a_credential_where_its_scheme_says(name: str, credential: Any) -> None:
    request = resolved(credentials={name: credential}).request()
    kind = kind_of(SCHEMES[name])
    assert kind is not None
    parts = credential if isinstance(credential, tuple) else (credential,)
    assert kind.credential(SCHEMES[name], request) == parts


def test_a_server_finds_each_of_several_credentials() -> None:
    given = {"basic": ("ann", "pw"), "bearer": "token", "asUser": "u", "asPassword": "p", "cookie": "c"}
    request = resolved(headers={"cookie": "a=b"}, auth={"more": 1}, credentials=given).request()
    for name in ("basic", "bearer", "cookie"):
        kind = kind_of(SCHEMES[name])
        assert kind is not None
        parts = given[name] if isinstance(given[name], tuple) else (given[name],)
        assert kind.credential(SCHEMES[name], request) == parts
    assert request.cookie("a") == "b"
    assert request.auth == {"more": 1, "username": "u", "password": "p"}


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"credentials": {"bearr": "x"}}, "has no security scheme `bearr`; did you mean `bearer`"),
        ({"credentials": {"bearer": ("a", "b")}}, "the credential of `bearer` must be a string"),
        ({"credentials": {"basic": "ab"}}, "the credential of `basic` must be a user name and a password"),
        ({"credentials": {"basic": ("ab",)}}, "the credential of `basic` must be a user name and a password"),
        (
            {"credentials": {"basic": ("ab", 1)}},
            "the credential of `basic` must be a user name and a password",
        ),
        ({"credentials": {"tls": "x"}}, "a credential of type `X509` cannot be sent by Socket.IO"),
        ({"credentials": {"sasl": "x"}}, "a credential of type `plain` cannot be sent by Socket.IO"),
        ({"credentials": "token"}, "`credentials` must be a mapping, not a str"),
        (
            {"credentials": {"asUser": "k"}, "auth": "text"},
            "`auth` is not a mapping, so the credential `username` cannot be added",
        ),
    ],
)
def test_what_cannot_be_brought_is_a_value_error(told: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        resolved(**told)


def test_a_query_is_added_to_that_of_the_url() -> None:
    found = resolved(url="http://x.example?a=1", query={"b": [2, "x y"], "c": True, "d": False})
    assert found.url == "http://x.example?a=1&b=2&b=x+y&c=true&d=false"
    assert found.request().query == (
        ("a", "1"), ("b", "2"), ("b", "x y"), ("c", "true"), ("d", "false")
    )  # fmt: skip


def test_what_is_brought_is_shown_without_secrets() -> None:
    text = repr(resolved(auth={"password": "secret"}, headers={"Authorization": "secret"}))
    assert "secret" not in text


@pytest.mark.parametrize("nothing", [None, {}, ""])
def test_an_empty_auth_payload_is_none_to_a_server(nothing: Any) -> None:
    assert resolved(auth=nothing).request().auth is None


def test_functions_are_asked_anew_for_every_connection() -> None:
    numbers = iter(range(100))
    told = {
        "url": lambda: f"http://{next(numbers)}.example",
        "headers": lambda: {"N": next(numbers)},
        "auth": lambda: {"n": next(numbers)},
        "query": lambda: {"n": next(numbers)},
        "credentials": lambda: {"header": str(next(numbers))},
    }
    options = ConnectOptions(told, 1)
    for first in (0, 5):
        found = drive(options.resolve(SCHEMES))
        assert found.url == options() == f"http://{first}.example?n={first + 3}"
        assert found.headers == {"N": str(first + 1), "X-Key": str(first + 4)}
        assert found.auth == {"n": first + 2}
