"""The options of a dual-mode client."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from enum import IntEnum
from urllib.parse import urlsplit

from asynction.problems import did_you_mean


class LogLevel(IntEnum):
    """The lowest level that a client logs; the numbers are those of `logging`."""

    DEBUG = 10
    INFO = 20
    WARNING = 30
    ERROR = 40
    CRITICAL = 50


@dataclass(frozen=True, slots=True)
class Options:
    """The options of a dual-mode client.

    Args:
        log_level: the lowest level that is logged.
        max_concurrent: the maximum number of callbacks that run at a time.
        reconnection: connect again after a connection is lost.
        reconnection_attempts: how often to try; with HTTP as a fallback, there is no limit.
        reconnection_delay: seconds until the first attempt; they double with each attempt.
        reconnection_delay_max: the maximum of these seconds.
        timeout: seconds for connecting, and from a call to its result.
        headers: the headers of the Socket.IO connection and of every request.
        auth: the `auth` payload of the Socket.IO connection.
    """

    log_level: int = LogLevel.INFO
    max_concurrent: int = 10
    reconnection: bool = True
    reconnection_attempts: int = 3
    reconnection_delay: float = 1
    reconnection_delay_max: float = 5
    timeout: float = 60
    headers: Mapping[str, str] = field(default_factory=dict)
    auth: object = None


_CHECKS: Mapping[str, tuple[Callable[[object], bool], str]] = {
    "log_level": (lambda value: _is_number(value, int), "a LogLevel"),
    "max_concurrent": (lambda value: _is_number(value, int, minimum=1), "a whole number above 0"),
    "reconnection": (lambda value: isinstance(value, bool), "True or False"),
    "reconnection_attempts": (lambda value: _is_number(value, int), "a whole number"),
    "reconnection_delay": (lambda value: _is_number(value, int, float), "a number of seconds"),
    "reconnection_delay_max": (lambda value: _is_number(value, int, float), "a number of seconds"),
    "timeout": (lambda value: _is_number(value, int, float) and value != 0, "a number of seconds above 0"),
    "headers": (lambda value: isinstance(value, Mapping), "a mapping"),
}


def _is_number(value: object, *kinds: type, minimum: int = 0) -> bool:
    return isinstance(value, kinds) and not isinstance(value, bool) and value >= minimum  # type: ignore[operator]  # a number


def read_options(given: Mapping[str, object] | None) -> Options:
    """Return the options with their defaults; raises ValueError for an unknown name or a wrong value."""
    known = [each.name for each in fields(Options)]
    for name, value in (given or {}).items():
        if name not in known:
            raise ValueError(f"there is no option `{name}`{did_you_mean(name, known)}")
        is_right, wanted = _CHECKS.get(name, (None, ""))
        if is_right is not None and not is_right(value):
            raise ValueError(f"the option `{name}` must be {wanted}, not {value!r}")
    return Options(**(given or {}))  # type: ignore[arg-type]  # checked above


def checked_url(name: str, url: str | None, *schemes: str) -> str | None:
    """Return the URL; raises ValueError if it does not have one of the schemes."""
    if url is None or _is_url(url, schemes):
        return url
    raise ValueError(
        f"{name} must start with {' or '.join(f'`{scheme}://`' for scheme in schemes)}, not {url!r}"
    )


def _is_url(url: object, schemes: tuple[str, ...]) -> bool:
    if not isinstance(url, str):
        return False
    parts = urlsplit(url)
    return parts.scheme in schemes and parts.hostname is not None
