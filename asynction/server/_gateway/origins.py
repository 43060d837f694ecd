"""Where results may be sent: a URL that a client names is followed only to an origin that is listed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from asynction.exceptions import EventException

_PORTS = {"http": 80, "https": 443}

# No userinfo, no backslash, no fragment, nothing that two parsers may read in two ways.
_ORIGIN = (
    r"(?P<scheme>https?)://(?P<host>[a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(:(?P<port>[0-9]{1,5}))?"
)
_URL = re.compile(rf"{_ORIGIN}(?P<path>/[!$-;=?-Z_a-z~%]*)?", re.IGNORECASE | re.ASCII)
_MAX_LENGTH = 2000


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port: the same three, or another origin."""

    scheme: str
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Callback:
    """A URL that was read once: what connects is given these parts, never the text."""

    origin: Origin
    path: str


def read_url(text: object) -> Callback | None:
    """Read a plain HTTP URL; None for anything else."""
    if not isinstance(text, str) or len(text) > _MAX_LENGTH:
        return None
    found = _URL.fullmatch(text)
    if found is None:
        return None
    scheme = found["scheme"].lower()
    port = int(found["port"] or _PORTS[scheme])
    if not 0 < port < 65536:
        return None
    return Callback(Origin(scheme, found["host"].lower(), port), found["path"] or "/")


class Origins:
    """The origins that results may be sent to; without any, none may.

    Raises ValueError for what is no origin.
    """

    def __init__(self, allowed: Iterable[str]) -> None:
        if isinstance(allowed, str):
            raise ValueError(f"allowed_origins is a list of origins: write [{allowed!r}]")
        self._allowed = frozenset(map(_origin, allowed))

    def __bool__(self) -> bool:
        return bool(self._allowed)

    def allowed(self, url: object) -> Callback:
        """The parts of a URL whose origin is listed; raises EventException (400, 403)."""
        callback = read_url(url)
        if callback is None:
            raise EventException(400, "callback_url must be a plain HTTP URL")
        if callback.origin not in self._allowed:
            raise EventException(403, "callback_url is at no origin that is allowed")
        return callback


def _origin(text: object) -> Origin:
    callback = read_url(text)
    if callback is None or callback.path != "/" or str(text).endswith("/"):
        raise ValueError(f"{text!r} is no origin: write scheme, host and port, `https://example.com:8443`")
    return callback.origin
