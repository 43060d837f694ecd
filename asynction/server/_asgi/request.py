"""Reads one ASGI request and writes its response; every HTTP response on ASGI is written here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from asynction.exceptions import EventException
from asynction.runtime import MalformedEvent
from asynction.server._asgi.types import Receive, Scope, Send

_MAX_LENGTH_DIGITS = 15  # of a Content-Length: a longer number is rejected without parsing


def environ_of(scope: Scope) -> dict[str, Any]:
    """Return a request, or the handshake of a WebSocket, as a WSGI environment (PEP 3333).

    So handlers read the same keys on Flask and ASGI. Header fields with the same name are joined by a comma
    (RFC 9110, 5.3); `asgi.scope` has them separately.
    """
    environ: dict[str, Any] = {
        "asgi.scope": scope,
        "REQUEST_METHOD": scope.get("method", "GET"),  # always GET for a WebSocket
        "PATH_INFO": scope["path"],
        "QUERY_STRING": scope.get("query_string", b"").decode("latin-1"),
        "SCRIPT_NAME": scope.get("root_path", ""),
        "SERVER_PROTOCOL": f"HTTP/{scope.get('http_version', '1.1')}",
        "wsgi.url_scheme": scope.get("scheme", "http"),
    }
    if scope.get("client"):  # None on a Unix socket
        environ["REMOTE_ADDR"] = scope["client"][0]
    for name, value in scope.get("headers", ()):
        upper = name.decode("latin-1").upper().replace("-", "_")
        key = upper if upper in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{upper}"
        text = value.decode("latin-1")
        environ[key] = f"{environ[key]},{text}" if key in environ else text
    return environ


def header_of(scope: Scope, name: bytes) -> str | None:
    """Return the first header field with a name, given in lower case, or None."""
    for known, value in scope["headers"]:
        if known.lower() == name:
            return str(value.decode("latin-1"))
    return None


async def read_body(scope: Scope, receive: Receive, limit: int) -> bytes:
    """Return the whole body of a request.

    Raises EventException (413) if it has more than `limit` bytes, and MalformedEvent if the client
    disconnects before its end.
    """
    length = header_of(scope, b"content-length") or "0"
    is_over = len(length) > _MAX_LENGTH_DIGITS or not length.isdecimal() or int(length) > limit
    parts: list[bytes] = []
    left = limit
    while not is_over:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise MalformedEvent("the client disconnected before the end of the body")
        parts.append(message.get("body", b""))
        left -= len(parts[-1])
        is_over = left < 0
        if not message.get("more_body", False) and not is_over:
            return b"".join(parts)
    raise EventException(413, f"the body has more than {limit} bytes")


async def respond(
    send: Send,
    status: int,
    body: bytes = b"",
    headers: Mapping[str, str] | Iterable[tuple[str, str]] = (),
    *,
    is_head: bool = False,
) -> None:
    """Send a response.

    Args:
        send: the ASGI callable.
        status: the status code.
        body: the body.
        headers: the header fields, without Content-Length, which is added.
        is_head: whether the request is a HEAD: then the body is not sent.
    """
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    fields = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in pairs]
    if status != 204:  # a 204 must not have a length (RFC 9110, 8.6)
        fields.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": fields})
    await send({"type": "http.response.body", "body": b"" if is_head else body})


async def respond_text(send: Send, status: int, text: str, *, is_head: bool = False) -> None:
    """Send a response of plain text."""
    headers = {"Content-Type": "text/plain; charset=utf-8"}
    await respond(send, status, text.encode(), headers, is_head=is_head)
