"""Results go to origins that are listed; no way of writing an address leads anywhere else."""

from __future__ import annotations

import pytest

from asynction.exceptions import EventException
from asynction.server._gateway.origins import Callback, Origins, read_url
from asynction.server._origins import Origin

LISTED = Origins(["https://app.example.com", "http://localhost:8000", "http://[::1]:8000"])


@pytest.mark.parametrize(
    ("url", "read"),
    [
        ("http://localhost:8000/cb", Callback(Origin("http", "localhost", 8000), "/cb")),
        ("HTTP://LOCALHOST:8000", Callback(Origin("http", "localhost", 8000), "/")),
        (
            "https://app.example.com/a/b?c=d&e=%20",
            Callback(Origin("https", "app.example.com", 443), "/a/b?c=d&e=%20"),
        ),
        ("https://app.example.com:443/", Callback(Origin("https", "app.example.com", 443), "/")),
        ("http://[::1]:8000/cb", Callback(Origin("http", "[::1]", 8000), "/cb")),
        (
            "http://localhost:8000//evil.example/@x",
            Callback(Origin("http", "localhost", 8000), "//evil.example/@x"),
        ),
    ],
)
def test_a_listed_origin_is_allowed(url: str, read: Callback) -> None:
    assert LISTED.allowed(url) == read


OTHERS = [
    "http://app.example.com/",  # another scheme
    "https://app.example.com:8443/",  # another port
    "http://localhost/",
    "https://example.com/",
    "https://app.example.com.evil.example/",
    "https://evil-app.example.com/",
    "https://evil.example/app.example.com",
    "http://127.0.0.1:8000/",  # what `localhost` may mean is for who lists it to say
    "http://127.1:8000/",
    "http://2130706433:8000/",
    "http://0x7f000001:8000/",
    "http://0177.0.0.1:8000/",
    "http://[::ffff:127.0.0.1]:8000/",
    "http://169.254.169.254/latest/meta-data/",
    "http://0:8000/",
]
NO_URLS = [
    None,
    7,
    "",
    "localhost:8000",
    "//localhost:8000/",
    "ftp://localhost:8000/",
    "file:///etc/passwd",
    "https://app.example.com@evil.example/",
    "https://evil.example@app.example.com/",
    "https://user:secret@app.example.com/",
    "https://app.example.com\\@evil.example/",
    "https://app.example.com\\.evil.example/",
    "https://app.example.com#@evil.example/",
    "https://app.example.com/#fragment",
    "https://app.example.com?@evil.example/",
    "https://app.example.com:443:80/",
    "https://app.example.com:99999/",
    "https://app.example.com:0/",
    "https://app.example.com:/",
    "https://app.example.com./",
    "https://app.example.com%2eevil.example/",
    "https://app。example.com/",
    "https://\uff41pp.example.com/",
    "https://app.example.com/a b",
    "https://app.example.com/\r\nHost: evil.example",
    "https://app.example.com/\n",
    " https://app.example.com/",
    "https://app.example.com/\x00",
    "https:///app.example.com/",
    "https:app.example.com/",
    "https://app.example.com/" + "x" * 2000,
]


@pytest.mark.parametrize("url", OTHERS)
def test_another_origin_is_refused(url: str) -> None:
    with pytest.raises(EventException) as caught:
        LISTED.allowed(url)
    assert caught.value.status == 403


@pytest.mark.parametrize("url", NO_URLS)
def test_what_two_readers_may_read_in_two_ways_is_refused(url: object) -> None:
    assert read_url(url) is None
    with pytest.raises(EventException) as caught:
        LISTED.allowed(url)
    assert caught.value.status == 400


@pytest.mark.parametrize("url", ["http://localhost:8000/", *OTHERS])
def test_nothing_is_allowed_unless_it_is_listed(url: str) -> None:
    nothing = Origins(())
    assert not nothing
    with pytest.raises(EventException) as caught:
        nothing.allowed(url)
    assert caught.value.status == 403


@pytest.mark.parametrize(
    "origin", ["*", "localhost", "http://*:8000", "http://localhost:8000/", "http://localhost/cb", "null", ""]
)
def test_what_is_listed_must_be_an_origin(origin: str) -> None:
    with pytest.raises(ValueError, match="is not an origin"):
        Origins([origin])


def test_a_list_is_asked_for() -> None:
    with pytest.raises(ValueError, match="is a list"):
        Origins("http://localhost:8000")
