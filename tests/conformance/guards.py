"""The security functions that the cases of security.yaml name; `called` has the name of each that ran.

A credential is good where GOOD has it. RAISES and RETURNS have those that make a function misbehave.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from asynction.exceptions import SecurityException

called: list[str] = []
connected: list[tuple[object, object]] = []

GOOD: dict[str, dict[str, Any]] = {
    "right": {"uid": "ada", "scopes": ["read"]},
    "pass:word": {"uid": "ada"},
    "pässwört": {"uid": "ada"},
    "": {"uid": "nobody"},
    "reader": {"sub": "ada", "scope": "read"},
    "writer": {"sub": "bob", "scope": "write read"},
    "lister": {"sub": "cy", "scopes": ("write", "read")},
    "nameless": {},
    "scopes of a wrong type": {"sub": "dan", "scopes": 7},
    "both names": {"sub": "eve", "uid": "other", "scopes": ["read"], "scope": "write"},
    "other": {"uid": "key"},
    "ended": {"sub": "old", "exp": 1},
    "ends later": {"sub": "new", "exp": time.time() + 86_400},
    "never ends": {"sub": "new", "exp": None},
    "ends at a text": {"sub": "odd", "exp": "tomorrow"},
    "ends at true": {"sub": "odd", "exp": True},
    "ends at nan": {"sub": "odd", "exp": float("nan")},
    "ends at infinity": {"sub": "odd", "exp": float("inf")},
    "ends at a huge number": {"sub": "odd", "exp": 10**400},
    "a certificate": {"sub": "cert"},
}
RETURNS: dict[str, Any] = {
    "MARKER text": "MARKER",
    "MARKER true": True,
    "MARKER list": [("sub", "ada")],
    "MARKER number": 7,
}
RAISES: dict[str, Callable[[str], Exception]] = {
    "MARKER raises": ValueError,
    "MARKER key error": KeyError,
    "MARKER type error": TypeError,
    "MARKER refuses": lambda text: SecurityException(),
    "MARKER forbids": lambda text: SecurityException(403),
    "MARKER connection": ConnectionRefusedError,
}


def _look(credential: str) -> Any:
    if credential in RAISES:
        raise RAISES[credential](credential)
    return RETURNS.get(credential, GOOD.get(credential))


def basic(username: str, password: str, required_scopes: list[str]) -> Any:
    called.append("basic")
    return _look(password) if username in ("ada", "") else None


def user_password(username: str, password: str) -> Any:
    called.append("user_password")
    return _look(password) if username == "ada" else None


def bearer(token: str, required_scopes: list[str], bearer_format: str | None) -> Any:
    called.append("bearer")
    return _look(token) if bearer_format in (None, "opaque") else None


def http(credentials: str, required_scopes: list[str]) -> Any:
    called.append("http")
    return _look(credentials)


def token(token: str) -> Any:
    called.append("token")
    return _look(token)


def key(key: str, required_scopes: list[str]) -> Any:
    called.append("key")
    return _look(key)


def certificate(certificate: str) -> Any:
    called.append("certificate")
    return _look(certificate)


def any_scope(required: Sequence[str], granted: Sequence[str]) -> bool:
    called.append("any_scope")
    return bool(set(required) & set(granted))


def scopes_raise(required: Sequence[str], granted: Sequence[str]) -> bool:
    called.append("scopes_raise")
    raise ValueError("MARKER")


def connect(user: object, token_info: object) -> None:
    connected.append((user, token_info))


def event(*args: object) -> str:
    return "done"
