"""The security functions that asyncapi.yaml names for its security schemes.

Each takes a credential and returns its owner, or None. A real service would use a database.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import scrypt
from hmac import compare_digest

from asynction import SecurityInfo

_SALT = b"a salt for each user is better"


def _hashed(password: str) -> bytes:
    return scrypt(password.encode(), salt=_SALT, n=2**10, r=8, p=1)


_PASSWORDS = {"ada": _hashed("correct horse"), "bob": _hashed("battery staple")}
_NOBODY = _hashed("")
_SESSIONS: dict[str, SecurityInfo] = {
    "session-of-ada": {"sub": "ada", "scopes": ["notes:read", "notes:write"]},
    "session-of-bob": {"sub": "bob", "scope": "notes:read"},
    "session-of-root": {"sub": "root", "scopes": ["notes:*"]},
}
_DEVICES = {"key-of-the-tablet": "tablet"}


def password(username: str, password: str, required_scopes: list[str]) -> SecurityInfo | None:
    """Check a password; it takes the same time if the user does not exist."""
    known = _PASSWORDS.get(username, _NOBODY)
    same = compare_digest(_hashed(password), known)
    return {"sub": username, "scopes": []} if same and username in _PASSWORDS else None


def session(token: str) -> SecurityInfo | None:
    """Look up a token."""
    return _SESSIONS.get(token)


def covers(required: Sequence[str], granted: Sequence[str]) -> bool:
    """Accept `notes:*` for every scope that starts with `notes:`."""
    return all(
        scope in granted or f"{scope.partition(':')[0]}:*" in granted  # other scopes are compared as usual
        for scope in required
    )


def device(key: str, required_scopes: list[str]) -> SecurityInfo | None:
    """Look up a device."""
    name = _DEVICES.get(key)
    return {"sub": name} if name is not None else None
