"""Who is who: the functions that asyncapi.yaml names for its security schemes.

Each gets a credential and says whose it is, or None. A service of your own would ask its database.
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
    """Check a password; the time it takes does not tell whether the user exists."""
    known = _PASSWORDS.get(username, _NOBODY)
    same = compare_digest(_hashed(password), known)
    return {"sub": username, "scopes": []} if same and username in _PASSWORDS else None


def session(token: str) -> SecurityInfo | None:
    """Look a token up."""
    return _SESSIONS.get(token)


def covers(required: Sequence[str], granted: Sequence[str]) -> bool:
    """Let `notes:*` stand for every scope that starts with `notes:`."""
    return all(
        scope in granted or f"{scope.partition(':')[0]}:*" in granted  # the rest is as usual
        for scope in required
    )


def device(key: str, required_scopes: list[str]) -> SecurityInfo | None:
    """Look a device up."""
    name = _DEVICES.get(key)
    return {"sub": name} if name is not None else None
