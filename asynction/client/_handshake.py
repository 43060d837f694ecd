"""The connection options of a client, and how its credentials are sent in the handshake."""

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
"""A token or a key, or a user name and a password."""

Schemes: TypeAlias = "Mapping[str, SecurityScheme]"


@dataclass(slots=True)
class ResolvedHandshake:
    """The handshake of one connection: its URL, headers and `auth` payload."""

    url: str
    headers: dict[str, str] = field(repr=False)
    auth: object = field(repr=False)

    def request(self) -> Request:
        """Return the request as the server sees it."""
        query = tuple(parse_qsl(urlsplit(self.url).query, keep_blank_values=True))
        # Without `auth`, python-socketio sends {}, which servers treat like no payload.
        return Request("GET", query, tuple(self.headers.items()), self.auth or None)

    def add_query(self, query: Mapping[str, object]) -> None:
        """Add parameters to the URL; a list is several parameters with the same name."""
        pairs = [(name, _text(one)) for name, value in query.items() for one in _each(value)]
        parts = urlsplit(self.url)
        joined = "&".join(text for text in (parts.query, urlencode(pairs)) if text)
        self.url = urlunsplit(parts._replace(query=joined))

    def add_header(self, name: str, value: str, separator: str = ", ") -> None:
        """Add a value to a header; names are case-insensitive (RFC 9110, 5.1)."""
        known = next((key for key in self.headers if key.lower() == name.lower()), name)
        before = self.headers.get(known)
        self.headers[known] = value if before is None else f"{before}{separator}{value}"

    def add_auth(self, name: str, value: str) -> None:
        """Add a member to the `auth` payload; raise ValueError if it is not a mapping."""
        if self.auth is not None and not isinstance(self.auth, Mapping):
            raise ValueError(f"`auth` is not a mapping, so the credential `{name}` cannot be added to it")
        self.auth = {**(self.auth or {}), name: value}


def _each(value: object) -> Sequence[object]:
    return value if isinstance(value, list | tuple) else (value,)


def _text(value: object) -> str:
    """Return a value as text that a server reads as the same value."""
    return str(value).lower() if isinstance(value, bool) else str(value)


class ConnectOptions:
    """Connection options; callables are re-evaluated on every connect.

    `values` has `url`, `headers`, `auth`, `query`, `credentials`. python-socketio gets this object as its URL
    argument, which may be a function, and passes it again when it reconnects by itself.
    """

    def __init__(self, values: Mapping[str, object], wait_timeout: float) -> None:
        self.wait_timeout = wait_timeout
        self._values = values
        self._url = ""

    def __call__(self) -> str:
        """Return the URL of the current connection."""
        return self._url

    def resolve(self, schemes: Schemes) -> Generator[tuple[Function, Args], object, ResolvedHandshake]:
        """Return the flow that calls the callables and returns the handshake; it raises ValueError."""
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
            _add_credential(handshake, schemes[name], credential)
        self._url = handshake.url
        return handshake


def _mapping(values: Mapping[str, object], name: str) -> Mapping[str, object]:
    value = values[name] or {}
    if not isinstance(value, Mapping):
        raise ValueError(f"`{name}` must be a mapping, not a {type(value).__name__}")
    return value


def _add_credential(handshake: ResolvedHandshake, scheme: SecurityScheme, credential: object) -> None:
    """Add a credential to the handshake by its scheme; raise ValueError."""
    kind = scheme.type
    if kind == "http":
        kind = str(scheme.fields.get("scheme", "")).lower()
    add, is_pair = _SCHEMES.get(kind, (_other if scheme.type == "http" else None, False))
    if add is None:
        raise ValueError(f"a credential of type `{scheme.type}` cannot be sent by Socket.IO")
    parts = credential if is_pair else (credential,)
    if not isinstance(parts, tuple | list) or len(parts) != 1 + is_pair or not all(map(_is_text, parts)):
        what = "a user name and a password" if is_pair else "a string"
        raise ValueError(f"the credential of `{scheme.name}` must be {what}")
    add(handshake, scheme, *parts)


def _is_text(part: object) -> bool:
    return isinstance(part, str)


def _basic(handshake: ResolvedHandshake, _: SecurityScheme, username: str, password: str) -> None:
    """Add credentials of HTTP's basic scheme (RFC 7617)."""
    pair = base64.b64encode(f"{username}:{password}".encode()).decode()
    handshake.add_header("Authorization", f"Basic {pair}")


def _bearer(handshake: ResolvedHandshake, _: SecurityScheme, token: str) -> None:
    """Add a token of HTTP's bearer scheme (RFC 6750)."""
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


_SCHEMES: Mapping[str, tuple[Callable[..., None], bool]] = {
    "basic": (_basic, True),
    "userPassword": (_basic, True),
    "bearer": (_bearer, False),
    "oauth2": (_bearer, False),
    "openIdConnect": (_bearer, False),
    "httpApiKey": (_http_api_key, False),
    "apiKey": (_api_key, False),
}
"""The function that adds a credential, by type of scheme or by HTTP scheme, and whether it is a pair.

This is the inverse of how `asynction.security` reads credentials.
"""
