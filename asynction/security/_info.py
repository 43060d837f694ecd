"""What a security function says of a client."""

from __future__ import annotations

from typing import TypedDict


class SecurityInfo(TypedDict, total=False):
    """Who a client is; more keys are allowed.

    `sub` or `uid` names the user. `scopes` lists what it may do, or `scope` names it in one text,
    divided by spaces. `exp` is when that ends, in seconds since the epoch.
    """

    sub: str
    uid: str
    scopes: list[str]
    scope: str
    exp: float
