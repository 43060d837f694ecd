"""What a client brings when it connects, and where its credentials go in that."""

from __future__ import annotations

import base64
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from asynction.contract import SecurityScheme
from asynction.problems import did_you_mean
from asynction.runtime import Args, Function
from asynction.security import Request

Credential: TypeAlias = "str | tuple[str, str]"
"""A token or a key; a user name and a password."""

Schemes: TypeAlias = "Mapping[str, SecurityScheme]"


@dataclass(slots=True)
class ResolvedHandshake:
    """What a client brings to one connection."""

    url: str
    headers: dict[str, str] = field(repr=False)
    auth: object = field(repr=False)

    def request(self) -> Request:
        """The same as a server sees it."""
        query = tuple(parse_qsl(urlsplit(self.url).query, keep_blank_values=True))
        # python-socketio sends a mapping where there is nothing, which servers take for nothing.
        return Request("GET", query, tuple(self.headers.items()), self.auth or None)

    def add_query(self, query: Mapping[str, object]) -> None:
        """Add parameters to the URL; the items of a list are parameters of one name."""
        pairs = [(name, _text(one)) for name, value in query.items() for one in _each(value)]
        parts = urlsplit(self.url)
        joined = "&".join(text for text in (parts.query, urlencode(pairs)) if text)
        self.url = urlunsplit(parts._replace(query=joined))

    def add_header(self, name: str, value: str, separator: str = ", ") -> None:
        """Add to a header, whatever its case (RFC 9110, 5.1)."""
        known = next((key for key in self.headers if key.lower() == name.lower()), name)
        before = self.headers.get(known)
        self.headers[known] = value if before is None else f"{before}{separator}{value}"

    def add_auth(self, name: str, value: str) -> None:
        """Add to the `auth` payload; raises ValueError where that is no mapping."""
        if self.auth is not None and not isinstance(self.auth, Mapping):
            raise ValueError(f"`auth` is no mapping, and `{name}` goes into it")
        self.auth = {**(self.auth or {}), name: value}


def _each(value: object) -> Sequence[object]:
    return value if isinstance(value, list | tuple) else (value,)


def _text(value: object) -> str:
    """A value as text that a server reads as the same value."""
    return str(value).lower() if isinstance(value, bool) else str(value)


class ConnectOptions:
    """What a client was told to bring; functions are asked anew for every connection.

    `values` has `url`, `headers`, `auth`, `query` and `credentials`. A Knock is the URL as python-socketio
    takes one, a function, so it comes back whenever that reconnects.
    """

    def __init__(self, values: Mapping[str, object], wait_timeout: float) -> None:
        self.wait_timeout = wait_timeout
        self._values = values
        self._url = ""

    def __call__(self) -> str:
        """The URL of the connection that is being made."""
        return self._url

    def resolve(self, schemes: Schemes) -> Generator[tuple[Function, Args], object, ResolvedHandshake]:
        """Ask what there is to ask, and return what is brought; raises ValueError."""
        values = dict(self._values)
        for name, value in values.items():
            if callable(value):
                values[name] = yield value, ()
        headers, query, credentials = (_mapping(values, name) for name in ("headers", "query", "credentials"))
        handshake = ResolvedHandshake(
            str(values["url"]), {str(k): str(v) for k, v in headers.items()}, values["auth"]
        )
        handshake.add_query(query)
        for name, credential in credentials.items():
            if name not in schemes:
                near = did_you_mean(str(name), schemes)
                raise ValueError(f"the contract has no security scheme `{name}`{near}")
            _place(handshake, schemes[name], credential)
        self._url = handshake.url
        return handshake


def _mapping(values: Mapping[str, object], name: str) -> Mapping[str, object]:
    value = values[name] or {}
    if not isinstance(value, Mapping):
        raise ValueError(f"`{name}` is a mapping, not a {type(value).__name__}")
    return value


def _place(handshake: ResolvedHandshake, scheme: SecurityScheme, credential: object) -> None:
    """Put a credential where its scheme says; raises ValueError."""
    kind = scheme.type
    if kind == "http":
        kind = str(scheme.fields.get("scheme", "")).lower()
    place, is_pair = _PLACES.get(kind, (_other if scheme.type == "http" else None, False))
    if place is None:
        raise ValueError(f"a credential of type `{scheme.type}` is not sent by Socket.IO")
    parts = credential if is_pair else (credential,)
    if not isinstance(parts, tuple | list) or len(parts) != 1 + is_pair or not all(map(_is_text, parts)):
        what = "a user name and a password" if is_pair else "a string"
        raise ValueError(f"the credential of `{scheme.name}` is {what}")
    place(handshake, scheme, *parts)


def _is_text(part: object) -> bool:
    return isinstance(part, str)


def _basic(handshake: ResolvedHandshake, _: SecurityScheme, username: str, password: str) -> None:
    """HTTP's basic scheme (RFC 7617)."""
    pair = base64.b64encode(f"{username}:{password}".encode()).decode()
    handshake.add_header("Authorization", f"Basic {pair}")


def _bearer(handshake: ResolvedHandshake, _: SecurityScheme, token: str) -> None:
    """HTTP's bearer scheme (RFC 6750)."""
    handshake.add_header("Authorization", f"Bearer {token}")


def _other(handshake: ResolvedHandshake, scheme: SecurityScheme, text: str) -> None:
    handshake.add_header("Authorization", f"{scheme.fields.get('scheme')} {text}")


def _http_api_key(handshake: ResolvedHandshake, scheme: SecurityScheme, key: str) -> None:
    name, where = str(scheme.fields.get("name")), scheme.fields.get("in")
    if where == "query":
        handshake.add_query({name: key})
    elif where == "cookie":
        handshake.add_header("Cookie", f"{name}={key}", "; ")
    else:
        handshake.add_header(name, key)


def _api_key(handshake: ResolvedHandshake, scheme: SecurityScheme, key: str) -> None:
    handshake.add_auth("username" if scheme.fields.get("in") == "user" else "password", key)


_PLACES: Mapping[str, tuple[Callable[..., None], bool]] = {
    "basic": (_basic, True),
    "userPassword": (_basic, True),
    "bearer": (_bearer, False),
    "oauth2": (_bearer, False),
    "openIdConnect": (_bearer, False),
    "httpApiKey": (_http_api_key, False),
    "apiKey": (_api_key, False),
}
"""Where credentials go by type of scheme, or by HTTP scheme, and which of them are pairs.

What `asynction.security` finds them by, the other way round.
"""
