"""Sends a result to its callback URL: one POST, bounded in time, and never anywhere else."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from time import monotonic
from typing import TYPE_CHECKING, Any

from asynction.exceptions import NotEnabledError
from asynction.server._gateway.origins import Callback

if TYPE_CHECKING:
    from tenacity import RetryCallState

log = logging.getLogger("asynction")

EXTRA = "sending results to callbacks needs the extra `gateway`: install `asynction[gateway]`"

_STATUS_LINE = 1024  # bytes; of an answer nothing else is read
_PIECE = 1024
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


def retrying(
    attempts: int, delay: float, delay_max: float, sleep: Callable[[float], object], *, is_async: bool
) -> Callable[..., Any]:
    """Calls a function until it delivers, `attempts` times at the most, with pauses that grow.

    Raises NotEnabledError where the extra is not installed.
    """
    try:
        import tenacity
    except ImportError as error:
        raise NotEnabledError(EXTRA) from error
    kind: Any = tenacity.AsyncRetrying if is_async else tenacity.Retrying
    retry: Callable[..., Any] = kind(
        stop=tenacity.stop_after_attempt(attempts),
        wait=tenacity.wait_exponential(multiplier=delay, max=delay_max) + tenacity.wait_random(0, delay),
        retry=tenacity.retry_if_exception_type(TryAgain),
        before_sleep=_log_pause,
        sleep=sleep,
        reraise=True,
    )
    return retry


def _log_pause(state: RetryCallState) -> None:
    log.info("a callback did not take a result, which is sent again (attempt %d)", state.attempt_number)
