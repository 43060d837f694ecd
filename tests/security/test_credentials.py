"""A credential is found where its type of scheme has it, and is text of a bearable length.

What is found where is data: specs/conformance/security.yaml.
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
        ("x" * credentials.MOST_CREDENTIAL,),
    ],
)
def test_what_fits(credential: tuple[str, ...]) -> None:
    assert credentials.fits(credential)


@pytest.mark.parametrize(
    "bad", ["\0", "\n", "\x7f", "\x85", "\ud800", "x" * (credentials.MOST_CREDENTIAL + 1)]
)
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
