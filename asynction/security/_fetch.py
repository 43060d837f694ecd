"""Fetches a JSON document by HTTP: one GET with a deadline for all of it, which follows no redirect."""

from __future__ import annotations

import io
import json
import ssl
import urllib.request
from collections.abc import Callable
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

MAX_SIZE = 256 * 1024
"""The greatest number of bytes of an answer."""

_HEADERS = {"Accept": "application/json", "User-Agent": "asynction"}


class FetchError(Exception):
    """An answer that is of no use; the message says why, and has nothing of the answer."""


def is_url(text: str) -> bool:
    """Return whether a text is a URL that `fetch_json` takes."""
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False


def fetch_json(url: str, timeout: float) -> object:
    """Return the JSON document at `url`; raise FetchError, after `timeout` seconds at the latest.

    Proxies of the environment are used, as by urllib.
    """
    try:
        body = _body(url, timeout)
    except TimeoutError as error:
        raise FetchError(f"no answer within {timeout:g} s") from error
    except OSError as error:
        reason = getattr(error, "reason", error)  # urllib wraps what opening a connection raises
        if isinstance(reason, TimeoutError):
            raise FetchError(f"no answer within {timeout:g} s") from error
        raise FetchError(type(reason).__name__) from error
    except (HTTPException, ValueError) as error:
        raise FetchError(type(error).__name__) from error
    if len(body) > MAX_SIZE:
        raise FetchError(f"the answer has more than {MAX_SIZE} bytes")
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise FetchError("the answer is not JSON") from error


def _body(url: str, timeout: float) -> bytes:
    """Return the first bytes of the answer, one more than allowed at most."""
    opener = urllib.request.OpenerDirector()  # without the handlers of redirects, files and FTP
    for handler in (urllib.request.ProxyHandler(), _Handler(monotonic() + timeout)):
        opener.add_handler(handler)
    request = urllib.request.Request(url, headers=_HEADERS)  # noqa: S310 - `is_url` has allowed the scheme
    with opener.open(request, timeout=timeout) as response:
        if response.status != 200:
            raise FetchError(f"status {response.status}")
        body: bytes = response.read(MAX_SIZE + 1)
        return body


class _Handler(urllib.request.HTTPHandler):
    """Opens http and https URLs with connections whose answers have a deadline."""

    https_request = urllib.request.HTTPHandler.do_request_

    def __init__(self, end: float) -> None:
        super().__init__()
        self._end = end

    def http_open(self, req: urllib.request.Request) -> HTTPResponse:
        return self._open(HTTPConnection, req)

    def https_open(self, req: urllib.request.Request) -> HTTPResponse:
        return self._open(HTTPSConnection, req, context=ssl.create_default_context())

    def _open(self, kind: Callable[..., Any], req: urllib.request.Request, **options: Any) -> HTTPResponse:
        def connection(host: str, **more: Any) -> Any:
            made = kind(host, **more)
            made.response_class = partial(_response, self._end)  # of a proxy's tunnel, too
            return made

        return self.do_open(connection, req, **options)


def _response(end: float, sock: Any, **options: Any) -> HTTPResponse:
    timed: Any = _TimedSocket(sock, end)
    return HTTPResponse(timed, **options)


class _TimedSocket(io.RawIOBase):
    """A socket with a deadline for all reads; the time-out of a plain socket restarts with every byte."""

    def __init__(self, sock: Any, end: float) -> None:
        self._sock, self._end = sock, end
        self._raw = sock.makefile("rb", buffering=0)

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._end - monotonic()
        if left <= 0:
            raise TimeoutError
        self._sock.settimeout(left)
        count: int | None = self._raw.readinto(buffer)
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()
