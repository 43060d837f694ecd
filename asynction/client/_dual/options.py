"""What a dual-mode client may be told when it is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from enum import IntEnum
from urllib.parse import urlsplit

from asynction.problems import did_you_mean


class LogLevel(IntEnum):
    """How much a client logs: this, and what is worse. The numbers are those of `logging`."""

    DEBUG = 10
    INFO = 20
    WARNING = 30
    ERROR = 40
    CRITICAL = 50


@dataclass(frozen=True, slots=True)
class Options:
    """The options of a dual-mode client; times are in seconds.

    `timeout` is for connecting, and from a call to its result. `headers` go with every connection and
    request, `auth` with the Socket.IO connection.
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
    "max_concurrent": (lambda value: _is_number(value, int, min_args=1), "a whole number above 0"),
    "reconnection": (lambda value: isinstance(value, bool), "True or False"),
    "reconnection_attempts": (lambda value: _is_number(value, int), "a whole number"),
    "reconnection_delay": (lambda value: _is_number(value, int, float), "a number of seconds"),
    "reconnection_delay_max": (lambda value: _is_number(value, int, float), "a number of seconds"),
    "timeout": (lambda value: _is_number(value, int, float) and value != 0, "a number of seconds above 0"),
    "headers": (lambda value: isinstance(value, Mapping), "a mapping"),
}


def _is_number(value: object, *kinds: type, min_args: int = 0) -> bool:
    return isinstance(value, kinds) and not isinstance(value, bool) and value >= min_args  # type: ignore[operator]  # a number


def read_options(given: Mapping[str, object] | None) -> Options:
    """The options, those that are not given by default; raises ValueError."""
    known = [each.name for each in fields(Options)]
    for name, value in (given or {}).items():
        if name not in known:
            raise ValueError(f"there is no option `{name}`{did_you_mean(name, known)}")
        is_right, wanted = _CHECKS.get(name, (None, ""))
        if is_right is not None and not is_right(value):
            raise ValueError(f"the option `{name}` must be {wanted}, not {value!r}")
    return Options(**(given or {}))  # type: ignore[arg-type]  # checked above


def checked_url(name: str, url: str | None, *schemes: str) -> str | None:
    """An address as it is given; raises ValueError where it is none."""
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
