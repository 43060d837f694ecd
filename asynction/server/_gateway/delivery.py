"""Sends a result to its callback URL: one POST, bounded in time, and never anywhere else."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Generator
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from random import uniform
from time import monotonic

from asynction.server._gateway.origins import Callback

log = logging.getLogger("asynction")

_STATUS_LINE = 1024  # bytes; of an answer nothing else is read
_PIECE = 1024
_MAX_DOUBLINGS = 60  # a pause that grows further is longer than any `delay_max`
_AGAIN = frozenset((408, 425, 429, 500, 502, 503, 504))
_CONNECTIONS = {"http": HTTPConnection, "https": HTTPSConnection}


class Undelivered(Exception):
    """A callback did not take a result."""


class TryAgain(Undelivered):
    """It may take it later."""


def post(callback: Callback, body: bytes, timeout: float) -> None:
    """POST a result; raises Undelivered, or TryAgain. A redirect is no delivery, and is not followed.

    `timeout` is in seconds, for connecting and for all that comes after.
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
    if status in _AGAIN:
        raise TryAgain(f"status {status}")
    if not 200 <= status <= 299:
        raise Undelivered(f"status {status}")


def _status(connection: HTTPConnection, end: float) -> int:
    """Read the status line; http.client would wait for a slow peer once more with every byte."""
    sock, line = connection.sock, b""
    while b"\n" not in line and len(line) < _STATUS_LINE:
        left = end - monotonic()
        if left <= 0:
            raise TimeoutError
        sock.settimeout(left)
        received = sock.recv(_PIECE)
        if not received:
            break
        line += received
    words = line.partition(b"\n")[0].split()
    if len(words) < 2 or not words[0].startswith(b"HTTP/1.") or not words[1].isdigit():
        raise HTTPException("no status line")
    return int(words[1])


def encoded(answer: object) -> bytes:
    """An answer as JSON; raises TypeError or ValueError where it is none."""
    return json.dumps(answer, ensure_ascii=False, allow_nan=False).encode()


def delivered(
    send: Callable[[], object],
    sleep: Callable[[float], object],
    *,
    attempts: int,
    delay: float,
    delay_max: float,
) -> Generator[tuple[Callable[..., object], tuple[object, ...]], object, None]:
    """Return a flow that sends until a callback takes the result; it raises what the last attempt raised.

    Args:
        send: makes one attempt; raises TryAgain where another one may succeed.
        sleep: waits for so many seconds.
        attempts: how many attempts are made.
        delay: the first pause in seconds; each is twice the one before, plus up to `delay` at random, so that
            clients of a server that has restarted do not all come back at once.
        delay_max: the longest pause in seconds, without the random part.
    """
    for attempt in range(attempts - 1):
        try:
            yield send, ()
        except TryAgain:
            log.info("a callback did not take a result, which is sent again (attempt %d)", attempt + 1)
        else:
            return
        pause = min(delay * 2.0 ** min(attempt, _MAX_DOUBLINGS), delay_max)
        yield sleep, (pause + uniform(0, delay),)  # noqa: S311 - a pause is no secret
    yield send, ()
