"""Finds the credentials in a request, for each type of security scheme (AsyncAPI Security Scheme Object)."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from typing import TypeAlias

from asynction.security._request import Request

Credential: TypeAlias = "tuple[str, ...]"
Find: TypeAlias = Callable[[Mapping[str, object], Request], "Credential | None"]
"""Takes a scheme's fields and a request; returns None where the request has no readable credential."""

MAX_LENGTH = 16 * 1024
"""The greatest number of characters in a part of a credential."""

_NO_TEXT = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
"""Control characters, which credentials must not have (RFC 7617, 2), and lone surrogates."""


def user_password(fields: Mapping[str, object], request: Request) -> Credential | None:
    """Return user name and password of HTTP's basic scheme (RFC 7617), else of the `auth` payload."""
    for scheme, credentials in request.authorizations():
        if scheme == "basic":
            return _decoded(credentials)
    username, password = request.given("username"), request.given("password")
    return None if username is None or password is None else (username, password)


def bearer(fields: Mapping[str, object], request: Request) -> Credential | None:
    """Return the token of HTTP's bearer scheme (RFC 6750), else of the `auth` payload."""
    for scheme, token in request.authorizations():
        if scheme == "bearer":
            return _one(token)
    return _one(request.given("token"))


def http(fields: Mapping[str, object], request: Request) -> Credential | None:
    """Return the credentials of any other HTTP scheme, as they are sent."""
    wanted = str(fields.get("scheme", "")).lower()
    return next((_one(rest) for scheme, rest in request.authorizations() if scheme == wanted), None)


def http_api_key(fields: Mapping[str, object], request: Request) -> Credential | None:
    """Return the key of a query parameter, a header or a cookie, else of the `auth` payload."""
    name = str(fields.get("name", ""))
    finders = {"query": request.parameter, "header": request.header, "cookie": request.cookie}
    look = finders.get(str(fields.get("in")), request.given)
    return _one(look(name)) or _one(request.given(name))


def api_key(fields: Mapping[str, object], request: Request) -> Credential | None:
    """Return the key that is sent in place of the user name or of the password."""
    user = fields.get("in") == "user"
    for scheme, credentials in request.authorizations():
        if scheme == "basic":
            pair = _decoded(credentials)
            return _one(pair[0 if user else 1]) if pair is not None else None
    return _one(request.given("username" if user else "password")) or _one(
        request.given(str(fields.get("in")))
    )


def certificate(fields: Mapping[str, object], request: Request) -> Credential | None:
    """Return the certificate of the client's TLS connection."""
    return _one(request.certificate)


def fits(credential: Credential) -> bool:
    """Return False for a credential that is too long or not text: it is not passed to a function."""
    return all(len(part) <= MAX_LENGTH and not _NO_TEXT.search(part) for part in credential)


def _one(text: str | None) -> Credential | None:
    return (text,) if text else None


def _decoded(credentials: str) -> Credential | None:
    """Return user name and password of basic credentials; None where they are not Base64 of a pair in UTF-8.

    Only the canonical spelling is taken: the text has to be what encodes to it. Python's decoder, also with
    `validate`, ignores surplus padding and the bits after the end, so one secret would have many spellings.
    """
    try:
        decoded = base64.b64decode(credentials)
        text = decoded.decode()
    except ValueError:
        return None
    if base64.b64encode(decoded).decode() != credentials:
        return None
    username, colon, password = text.partition(":")
    return (username, password) if colon else None
