"""Reading one ASGI request and writing its response."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest

from asynction.exceptions import EventException
from asynction.runtime import MalformedEvent, status_of
from asynction.server._asgi.request import environ_of, header_of, read_body, respond, respond_text
from asynction.server._asgi.types import Message

LIMIT = 10


def scope(*headers: tuple[str, str], **fields: Any) -> dict[str, Any]:
    """Make the scope of a request."""
    pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    return {"type": "http", "method": "POST", "path": "/a", "headers": pairs, **fields}


# environ ----------------------------------------------------------------------------------------


def test_a_request_is_described_as_by_wsgi() -> None:
    given = scope(
        ("content-type", "application/json"),
        ("content-length", "2"),
        ("x-key", "right"),
        ("host", "a.example"),
        query_string=b"k=%C3%A9&l=\xe9",
        root_path="/below",
        scheme="https",
        http_version="2",
        client=("192.0.2.1", 7),
    )
    assert environ_of(given) == {
        "asgi.scope": given,
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/a",
        "QUERY_STRING": "k=%C3%A9&l=\xe9",
        "SCRIPT_NAME": "/below",
        "SERVER_PROTOCOL": "HTTP/2",
        "wsgi.url_scheme": "https",
        "REMOTE_ADDR": "192.0.2.1",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": "2",
        "HTTP_X_KEY": "right",
        "HTTP_HOST": "a.example",
    }


@pytest.mark.parametrize("client", [{}, {"client": None}])
def test_the_handshake_of_a_websocket_needs_little(client: dict[str, Any]) -> None:
    given = {"type": "websocket", "path": "/a", **client}
    assert environ_of(given) == {
        "asgi.scope": given,
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/a",
        "QUERY_STRING": "",
        "SCRIPT_NAME": "",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http",
    }


def test_header_fields_of_one_name_are_joined() -> None:
    environ = environ_of(scope(("x-a", "1"), ("x-b", "\xe9"), ("X-A", ""), ("x-a", "2, 3")))
    assert environ["HTTP_X_A"] == "1,,2, 3"
    assert environ["HTTP_X_B"] == "\xe9"


def test_no_header_poses_as_what_the_server_says() -> None:
    environ = environ_of(scope(("remote-addr", "x"), ("ssl-client-cert", "x"), ("asgi.scope", "x")))
    assert environ.keys() >= {"HTTP_REMOTE_ADDR", "HTTP_SSL_CLIENT_CERT", "HTTP_ASGI.SCOPE"}
    assert "REMOTE_ADDR" not in environ
    assert "SSL_CLIENT_CERT" not in environ


# Headers ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "value"), [(b"x-a", "1"), (b"x-b", "\xe9"), (b"x-c", None), (b"x-d", "")])
def test_the_first_header_of_a_name_is_found(name: bytes, value: str | None) -> None:
    given = scope(("X-A", "1"), ("x-a", "2"), ("x-B", "\xe9"), ("x-d", ""))
    assert header_of(given, name) == value


# Bodies -----------------------------------------------------------------------------------------


def body(*parts: bytes, length: str | None = None, leaves: bool = False) -> tuple[bytes, int]:
    """Read a body that comes in parts; return it, and how many messages were asked for."""
    messages: list[dict[str, Any]] = [
        {"type": "http.request", "body": part, "more_body": leaves or index < len(parts) - 1}
        for index, part in enumerate(parts)
    ]
    messages += [{"type": "http.disconnect"}] if leaves else []
    waiting = iter(messages)

    async def receive() -> dict[str, Any]:
        return next(waiting)

    headers = () if length is None else (("content-length", length),)
    read = asyncio.run(read_body(scope(*headers), receive, LIMIT))
    return read, len(messages) - len(list(waiting))


@pytest.mark.parametrize("length", [None, "", "10", "0000000010"])
@pytest.mark.parametrize(
    "parts", [(b"0123456789",), (b"01234", b"56789"), (b"", b"0123456789", b""), (b"0123456789", b"")]
)
def test_a_body_as_long_as_allowed_is_read(parts: Iterable[bytes], length: str | None) -> None:
    assert body(*parts, length=length) == (b"0123456789", len(list(parts)))


def test_a_message_may_leave_out_its_body() -> None:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request"}

    assert asyncio.run(read_body(scope(), receive, LIMIT)) == b""


@pytest.mark.parametrize(
    ("parts", "length"),
    [
        ((b"0123456789a",), None),
        ((b"01234", b"56789", b"a"), None),
        ((b"0123456789a",), "1"),  # the length that is said does not count
        ((b"",), "11"),
        ((b"",), "-1"),
        ((b"",), "1.5"),
        ((b"",), " 1"),
        ((b"",), "ten"),
        ((b"",), "\xb2"),  # a superscript two: `isdigit` takes it, `int` does not
        ((b"",), "9" * 5000),
        ((b"",), "0" * 16),
    ],
)
def test_a_longer_body_is_too_large(parts: Iterable[bytes], length: str | None) -> None:
    with pytest.raises(EventException, match="the body has more than 10 bytes") as caught:
        body(*parts, length=length)
    assert status_of(caught.value) == 413


def test_no_more_is_received_than_it_takes_to_know() -> None:
    asked: list[str] = []

    async def receive() -> dict[str, Any]:
        asked.append("")
        return {"type": "http.request", "body": b"01234567", "more_body": True}

    for headers, count in (((("content-length", "11"),), 0), ((), 2)):
        asked.clear()
        with pytest.raises(EventException):
            asyncio.run(read_body(scope(*headers), receive, LIMIT))
        assert len(asked) == count


@pytest.mark.parametrize("parts", [(), (b"0123",)])
def test_a_client_may_leave_before_the_end(parts: Iterable[bytes]) -> None:
    with pytest.raises(MalformedEvent, match="disconnected before the end"):
        body(*parts, leaves=True)


# Responses --------------------------------------------------------------------------------------


def sent(*args: Any, text: bool = False, **options: Any) -> list[Any]:
    """Return the status, the headers and the body of a response."""
    messages: list[Message] = []

    async def send(message: Message) -> None:
        messages.append(message)

    asyncio.run((respond_text if text else respond)(send, *args, **options))
    start, end = messages
    assert (start["type"], end["type"]) == ("http.response.start", "http.response.body")
    assert not end.get("more_body", False)
    return [start["status"], start["headers"], end["body"]]


def test_a_response_has_its_length() -> None:
    headers = {"Content-Type": "text/plain", "X-A": "\xe9"}
    length = (b"content-length", b"2")
    expected = [(b"content-type", b"text/plain"), (b"x-a", b"\xe9"), length]
    assert sent(200, b"ab", headers) == [200, expected, b"ab"]
    assert sent(200, b"ab", headers.items()) == [200, expected, b"ab"]
    assert sent(404) == [404, [(b"content-length", b"0")], b""]


def test_a_header_may_be_sent_twice() -> None:
    _, headers, _ = sent(401, b"", [("WWW-Authenticate", "Basic"), ("WWW-Authenticate", "Bearer")])
    assert [value for name, value in headers if name == b"www-authenticate"] == [b"Basic", b"Bearer"]


def test_the_answer_to_head_has_the_length_and_no_body() -> None:
    assert sent(200, b"ab", is_head=True) == [200, [(b"content-length", b"2")], b""]


@pytest.mark.parametrize("is_head", [False, True])
def test_no_content_has_no_length(is_head: bool) -> None:
    assert sent(204, headers={"Allow": "POST"}, is_head=is_head) == [204, [(b"allow", b"POST")], b""]


@pytest.mark.parametrize("is_head", [False, True])
def test_text_is_sent_as_utf8(is_head: bool) -> None:
    expected = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"2")]
    assert sent(404, "é", text=True, is_head=is_head) == [404, expected, b"" if is_head else "é".encode()]
