"""Checks callback URLs: results are sent only to the origins that the application lists."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from asynction.exceptions import EventException
from asynction.server._origins import ORIGIN, Origin, origin_of

_URL = re.compile(rf"(?=https?:){ORIGIN}(?P<path>/[!$-;=?-Z_a-z~%]*)?", re.IGNORECASE | re.ASCII)
_MAX_LENGTH = 2000


@dataclass(frozen=True, slots=True)
class Callback:
    """A parsed URL; the connection uses these parts, so the URL is never parsed a second time."""

    origin: Origin
    path: str


def read_url(text: object) -> Callback | None:
    """Parse a plain HTTP URL; return None for anything else."""
    if not isinstance(text, str) or len(text) > _MAX_LENGTH:
        return None
    found = _URL.fullmatch(text)
    origin = None if found is None else origin_of(found)
    return None if found is None or origin is None else Callback(origin, found["path"] or "/")


class Origins:
    """The origins that results may be sent to; raises ValueError for a text that is not an origin."""

    def __init__(self, allowed: Iterable[str]) -> None:
        if isinstance(allowed, str):
            raise ValueError(f"allowed_origins is a list of origins: write [{allowed!r}]")
        self._allowed = frozenset(map(_origin, allowed))

    def __bool__(self) -> bool:
        return bool(self._allowed)

    def allowed(self, url: object) -> Callback:
        """Parse a URL, and check that its origin is listed; raise EventException (400, 403)."""
        callback = read_url(url)
        if callback is None:
            raise EventException(400, "callback_url must be a plain HTTP URL")
        if callback.origin not in self._allowed:
            raise EventException(403, "the origin of callback_url is not allowed")
        return callback


def _origin(text: object) -> Origin:
    callback = read_url(text)
    if callback is None or callback.path != "/" or str(text).endswith("/"):
        raise ValueError(
            f"{text!r} is not an origin: write scheme, host and port, `https://example.com:8443`"
        )
    return callback.origin
