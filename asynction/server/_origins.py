"""Decides whether a page of an origin may use a server: one policy for all wires (RFC 6454)."""

from __future__ import annotations

import inspect
import logging
import re
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from asynction.runtime import as_exception

log = logging.getLogger("asynction")

AllowedOrigins: TypeAlias = "str | Iterable[str] | Callable[..., bool] | None"

ORIGIN = (
    r"(?P<scheme>[a-z][a-z0-9+.-]*)://"
    r"(?P<host>[a-z0-9_]([a-z0-9._-]*[a-z0-9_])?|\[[0-9a-f:.]+\])(:(?P<port>[0-9]{1,5}))?"
)
"""No userinfo, no backslash, no path: nothing that two parsers may read differently."""

_READ = re.compile(ORIGIN, re.IGNORECASE | re.ASCII)
_PORTS = {"http": 80, "https": 443}
_HTTP = {"ws": "http", "wss": "https"}
_MAX_LENGTH = 300
_VERDICT = "asynction.is_origin_allowed"
_FORWARDED_PROTO = "HTTP_X_FORWARDED_PROTO"
_FORWARDED_HOST = "HTTP_X_FORWARDED_HOST"


@dataclass(frozen=True, slots=True)
class Origin:
    """An origin: scheme, host and port; two origins are the same only if all three are."""

    scheme: str
    host: str
    port: int | None


def read_origin(text: str) -> Origin | None:
    """Parse an origin as browsers write it; return None for anything else, also for `null`."""
    found = _READ.fullmatch(text) if len(text) <= _MAX_LENGTH else None
    return None if found is None else origin_of(found)


def origin_of(found: re.Match[str]) -> Origin | None:
    """Return the origin that a match of ORIGIN holds; None if its port is out of range."""
    scheme = found["scheme"].lower()
    scheme = _HTTP.get(scheme, scheme)
    port = int(found["port"]) if found["port"] is not None else _PORTS.get(scheme)
    return None if port is not None and not 0 < port < 65536 else Origin(scheme, found["host"].lower(), port)


class OriginPolicy:
    """The origins whose pages may use a server: its own, and those that are allowed by name.

    A request without an `Origin` does not come from a page, and passes.

    Args:
        cors_allowed_origins: an origin, several, `"*"` for all, or a function of the origin, and of the WSGI
            environment if it has a second parameter. An empty list turns the check off.
        proxy_headers: whether `X-Forwarded-Proto` and `X-Forwarded-Host` say what the client asked for.

    Raises ValueError for a text that is not an origin, and TypeError for a function that is `async def`.
    """

    def __init__(self, *, cors_allowed_origins: AllowedOrigins = None, proxy_headers: bool = False) -> None:
        allowed = cors_allowed_origins
        self._proxy_headers = proxy_headers
        self._function = _bound(allowed) if callable(allowed) else None
        self._named: frozenset[Origin | str] = frozenset()
        self.engine_option: Any = self
        """The value for python-engineio, which writes the headers of CORS by it."""
        if allowed is None or callable(allowed):
            return
        names = [allowed] if isinstance(allowed, str) else list(allowed)
        if "*" in names:
            self.engine_option = "*"
        elif names:
            self._named = frozenset(map(_named, names))
        else:
            self.engine_option = []
            log.warning(
                "`cors_allowed_origins=[]` turns the check of origins off: a page of any site can act with"
                " the cookies of its visitor; leave the option out, or list the origins"
            )

    def __call__(self, origin: str, environ: MutableMapping[str, Any]) -> bool:
        """Return whether a page of an origin may send a request, as python-engineio asks it."""
        return self.allows(environ)

    def allows(self, environ: MutableMapping[str, Any]) -> bool:
        """Return whether a request may be served, by its WSGI environment; log a refusal once."""
        origin = environ.get("HTTP_ORIGIN")
        if not origin or self.engine_option is not self:
            return True
        if _VERDICT not in environ:  # python-engineio asks twice
            environ[_VERDICT] = self._decide(origin, environ)
            if not environ[_VERDICT]:
                self._log_refusal(origin, environ)
        verdict: bool = environ[_VERDICT]
        return verdict

    def _decide(self, origin: str, environ: Mapping[str, Any]) -> bool:
        if self._function is not None:
            try:
                return bool(self._function(origin, environ))
            except BaseException as error:  # the function is the application's; a failure must refuse
                log.error("the function `cors_allowed_origins` failed", exc_info=as_exception(error))
                return False
        found = read_origin(origin) or origin  # `null` can be named, too
        return found in self._named or found == self._own(environ)

    def _log_refusal(self, origin: str, environ: Mapping[str, Any]) -> None:
        """Tell the maintainer why a request was refused, and how to allow it."""
        is_forwarded = any(name in environ for name in (_FORWARDED_PROTO, _FORWARDED_HOST))
        log.warning(
            "refused a page of the origin %.80r, which is neither that of the request (host %.80r)"
            " nor in `cors_allowed_origins`%s",
            origin,
            environ.get("HTTP_HOST", ""),
            "; behind your own proxy pass `proxy_headers=True`" * (is_forwarded and not self._proxy_headers),
        )

    def _own(self, environ: Mapping[str, Any]) -> Origin | None:
        """Return the origin that a request is for; None if it does not have a host."""
        scope = environ.get("asgi.scope")
        scheme = (scope or {}).get("scheme") or environ.get("wsgi.url_scheme", "http")
        host = environ.get("HTTP_HOST", "")
        if self._proxy_headers:
            scheme = _first(environ, _FORWARDED_PROTO) or scheme
            host = _first(environ, _FORWARDED_HOST) or host
        return read_origin(f"{scheme}://{host}")


def _first(environ: Mapping[str, Any], name: str) -> str:
    """Return the first of several values, which the proxy nearest to the client has set."""
    value: str = environ.get(name, "")
    return value.partition(",")[0].strip()


def _named(text: object) -> Origin | str:
    if text == "null":  # of files and sandboxed frames
        return "null"
    found = read_origin(text) if isinstance(text, str) else None
    if found is None:
        raise ValueError(
            f"`cors_allowed_origins`: {text!r} is not an origin: write scheme, host and port without a path,"
            " `https://example.com:8443`; for a pattern pass a function of the origin"
        )
    return found


def _bound(function: Callable[..., object]) -> Callable[..., object]:
    """Return a function of the origin and the environment."""
    if inspect.iscoroutinefunction(function):
        raise TypeError("`cors_allowed_origins` cannot be `async def`: its result would always be true")
    try:
        inspect.signature(function).bind("", {})
    except TypeError:
        return lambda origin, _: function(origin)
    return function
