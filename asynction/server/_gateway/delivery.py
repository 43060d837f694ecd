"""Sends a result to its callback URL: one POST with a time limit, which follows no redirect."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Generator
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from random import uniform
from time import monotonic

from asynction.server._gateway.origins import Callback

log = logging.getLogger("asynction")

_MAX_STATUS_LINE = 1024  # bytes; nothing else of the response is read
_CHUNK = 1024
_MAX_DOUBLINGS = 60  # keeps 2.0 ** attempt within a float; such a pause is longer than any `delay_max`
_RETRY_STATUSES = frozenset((408, 425, 429, 500, 502, 503, 504))
_CONNECTIONS = {"http": HTTPConnection, "https": HTTPSConnection}


class Undelivered(Exception):
    """A result could not be delivered."""


class TryAgain(Undelivered):
    """A result could not be delivered now; another attempt may succeed."""


def post(callback: Callback, body: bytes, timeout: float) -> None:
    """POST a result; raise Undelivered, or TryAgain. A redirect is an error and is not followed.

    `timeout` is in seconds, once for connecting and once for the rest.
    """
    origin = callback.origin
    try:
        connection = _CONNECTIONS[origin.scheme](origin.host.strip("[]"), origin.port, timeout=timeout)
        try:
            connection.request("POST", callback.path, body, {"Content-Type": "application/json"})
            status = _status(connection, monotonic() + timeout)
        finally:
            connection.close()
    except (OSError, HTTPException) as error:
        raise TryAgain(type(error).__name__) from error
    if status in _RETRY_STATUSES:
        raise TryAgain(f"status {status}")
    if not 200 <= status <= 299:
        raise Undelivered(f"status {status}")


def _status(connection: HTTPConnection, end: float) -> int:
    """Read the status line by a deadline: http.client restarts the timeout with every byte received."""
    sock, line = connection.sock, b""
    while b"\n" not in line and len(line) < _MAX_STATUS_LINE:
        left = end - monotonic()
        if left <= 0:
            raise TimeoutError
        sock.settimeout(left)
        received = sock.recv(_CHUNK)
        if not received:
            break
        line += received
    words = line.partition(b"\n")[0].split()
    if len(words) < 2 or not words[0].startswith(b"HTTP/1.") or not words[1].isdigit():
        raise HTTPException("no status line")
    return int(words[1])


def encoded(answer: object) -> bytes:
    """Return an answer as JSON; raise TypeError or ValueError for a value that is not JSON."""
    return json.dumps(answer, ensure_ascii=False, allow_nan=False).encode()


def deliver(
    send: Callable[[], object],
    sleep: Callable[[float], object],
    *,
    attempts: int,
    delay: float,
    delay_max: float,
) -> Generator[tuple[Callable[..., object], tuple[object, ...]], object, None]:
    """Return a flow that repeats attempts until one succeeds; it raises the exception of the last one.

    Args:
        send: makes one attempt; raises TryAgain if another one may succeed.
        sleep: waits for a number of seconds.
        attempts: the number of attempts.
        delay: the first pause in seconds; each pause is twice the one before, plus up to `delay` at random,
            so that clients of a server that has restarted do not all come back at the same time.
        delay_max: the longest pause in seconds, without the random part.
    """
    for attempt in range(attempts - 1):
        try:
            yield send, ()
        except TryAgain:
            log.info("a result was not delivered and is sent again (attempt %d)", attempt + 1)
        else:
            return
        pause = min(delay * 2.0 ** min(attempt, _MAX_DOUBLINGS), delay_max)
        yield sleep, (pause + uniform(0, delay),)  # noqa: S311 - a pause is not a secret
    yield send, ()
