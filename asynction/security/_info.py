"""The result of a security function."""

from __future__ import annotations

from typing import TypedDict


class SecurityInfo(TypedDict, total=False):
    """The identity of a client, as a security function returns it; more keys are allowed.

    `sub` or `uid` is the user. `scopes` lists the granted scopes, or `scope` has them in one string,
    separated by spaces (RFC 8693, 4.2). `exp` is when the identity expires, in seconds since the epoch.
    """

    sub: str
    uid: str
    scopes: list[str]
    scope: str
    exp: float
