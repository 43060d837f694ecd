"""Each part of a request is found, whatever else the request has."""

from __future__ import annotations

import pytest

from asynction.security import Request

REQUEST = Request(
    "GET",
    (("k", "first"), ("k", "second")),
    (("X-Key", "a"), ("x-key", "b"), ("Cookie", "a=1; b = 2 ;c"), ("cookie", 'd="4"; e==; a=9')),
    {"token": "t", "number": 7},
)


def test_headers_have_no_case() -> None:
    assert REQUEST.header("X-KEY") == "a"
    assert REQUEST.header("Y") is None


def test_the_first_of_several_parameters() -> None:
    assert REQUEST.parameter("k") == "first"
    assert REQUEST.parameter("K") is None


@pytest.mark.parametrize(
    ("name", "value"),
    [("a", "1"), ("b", "2"), ("c", ""), ("d", "4"), ("e", "="), ("f", None), ("A", None), ("", None)],
)
def test_cookies(name: str, value: str | None) -> None:
    assert REQUEST.cookie(name) == value


def test_auth() -> None:
    assert REQUEST.given("token") == "t"
    assert REQUEST.given("number") is None
    assert REQUEST.given("nothing") is None
    assert Request("GET", auth=["token"]).given("token") is None


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("Bearer abc", [("bearer", "abc")]),
        ("  bEARER   abc  ", [("bearer", "abc")]),
        ("Bearer", [("bearer", "")]),
        ("", [("", "")]),
        ("Basic a==,Bearer b", [("basic", "a=="), ("bearer", "b")]),
        ('Digest a="1", b="2", Basic c', [("digest", 'a="1", b="2"'), ("basic", "c")]),
        ("Basic a, b, c", [("basic", "a, b, c")]),
    ],
)
def test_authorizations(header: str, found: list[tuple[str, str]]) -> None:
    assert (
        list(Request("GET", headers=(("AUTHORIZATION", header), ("Other", "x y"))).authorizations()) == found
    )


def test_several_authorization_headers() -> None:
    headers = (("Authorization", "Hoba a"), ("authorization", "Bearer b"))
    assert list(Request("GET", headers=headers).authorizations()) == [("hoba", "a"), ("bearer", "b")]


def test_its_repr_has_no_credential() -> None:
    request = Request("GET", (("k", "MARKER"),), (("a", "MARKER"),), "MARKER", "MARKER")
    assert "MARKER" not in repr(request)
