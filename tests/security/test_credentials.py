"""A credential is found where its type of scheme has it, and is text of a limited length.

The cases are data: specs/conformance/security.yaml.
"""

from __future__ import annotations

import pytest

from asynction.security import Request
from asynction.security import _credentials as credentials


@pytest.mark.parametrize(
    "credential",
    [
        ("a",),
        ("",),
        ("a", "pass word"),
        ("p\u00e4ss\u00a0w\u00f6rt\U0001f600",),
        ("x" * credentials.MAX_LENGTH,),
    ],
)
def test_what_fits(credential: tuple[str, ...]) -> None:
    assert credentials.fits(credential)


@pytest.mark.parametrize("bad", ["\0", "\n", "\x7f", "\x85", "\ud800", "x" * (credentials.MAX_LENGTH + 1)])
def test_what_does_not_fit(bad: str) -> None:
    assert not credentials.fits((bad,))
    assert not credentials.fits(("a", bad))
    assert not credentials.fits((f"-----BEGIN {bad}",))


def test_a_key_of_an_unknown_place_is_in_auth() -> None:
    assert credentials.http_api_key({"name": "k", "in": "elsewhere"}, Request("GET", auth={"k": "x"})) == (
        "x",
    )
    assert credentials.http_api_key({}, Request("GET")) is None


def test_basic_is_read_from_the_first_header_of_its_kind() -> None:
    request = Request("GET", headers=(("Authorization", "Hoba x"), ("Authorization", "Basic OmI=")))
    assert credentials.user_password({}, request) == ("", "b")


def basic(text: str) -> Request:
    """Return a request with HTTP's basic credentials, as they are written in the header."""
    return Request("GET", headers=(("Authorization", f"Basic {text}"),))


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("YTpi", ("a", "b")),
        ("YTpiYw==", ("a", "bc")),
        ("YTpiY2Q=", ("a", "bcd")),
        ("YTpiOmM=", ("a", "b:c")),
        ("OmI=", ("", "b")),
        ("YTo=", ("a", "")),
        ("Og==", ("", "")),
        ("YTrDv8O7Pj4+Pz8/", ("a", "ÿû>>>???")),
        ("  YTpi \t", ("a", "b")),  # space around is the header's (RFC 9110, 5.5 and 11.4)
    ],
)
def test_basic_credentials_are_base64_of_a_pair(text: str, pair: tuple[str, str]) -> None:
    assert credentials.user_password({}, basic(text)) == pair
    for place, part in zip(("user", "password"), pair, strict=True):
        assert credentials.api_key({"in": place}, basic(text)) == ((part,) if part else None)


NO_BASE64 = {
    "empty": "",
    "one character": "Y",
    "no padding": "YTpiYw",
    "too little padding": "YTpiYw=",
    "too much padding": "YTpiYw===",
    "padding of a group that is full": "YTpi=",
    "padding twice, of a group that is full": "YTpi==",
    "a group of padding": "YTpi====",
    "padding at the start": "=YTpiYw==",
    "padding inside": "YTpiYw==YQ==",
    "bits that are not read": "YTpiYx==",
    "bits that are not read, of two bytes": "YTpiY2R=",
    "a character outside the alphabet": "YTpi*Yw==",
    "such a character at the end": "YTpiYw==*",
    "a character outside ASCII": "YTpi\u00e9w==",
    "a letter of full width": "\uff39TpiYw==",
    "the alphabet of URLs": "YTrDv8O7Pj4-Pz8_",
    "a space": "YTpi Yw==",
    "a line break": "YTpi\r\nYw==",
    "a line break at the end": "YTpiYw==\n",
    "a no-break space at the end": "YTpiYw==\xa0",
    "a vertical tab at the start": "\x0bYTpiYw==",
    "a null character": "YTpi\0Yw==",
    "no colon": "bm9jb2xvbg==",
    "not UTF-8": "YTr/",
    "not UTF-8 before the colon": "/zph",
    "half a character": "YTrtoIA=",
}
"""What a lenient decoder would take, or guess the meaning of."""


@pytest.mark.parametrize("text", NO_BASE64.values(), ids=NO_BASE64)
def test_basic_credentials_that_are_not_written_as_they_must_be_are_none(text: str) -> None:
    assert credentials.user_password({}, basic(text)) is None
    assert credentials.api_key({"in": "user"}, basic(text)) is None
    assert credentials.api_key({"in": "password"}, basic(text)) is None


def test_basic_credentials_that_cannot_be_read_are_not_sought_elsewhere() -> None:
    """Else it would depend on the reader who the client is."""
    auth = {"username": "a", "password": "b"}
    request = Request("GET", headers=basic("YTpi=").headers, auth=auth)
    assert credentials.user_password({}, request) is None
    assert credentials.api_key({"in": "user"}, request) is None
    assert credentials.user_password({}, Request("GET", auth=auth)) == ("a", "b")


def test_a_bearer_header_without_a_token_goes_before_auth() -> None:
    """Else a header that a proxy has emptied would let a token pass that it was to replace."""
    for header in ("Bearer", "Bearer ", "bearer"):
        request = Request("GET", headers=(("Authorization", header),), auth={"token": "good"})
        assert credentials.bearer({}, request) is None
    assert credentials.bearer({}, Request("GET", auth={"token": "good"})) == ("good",)
