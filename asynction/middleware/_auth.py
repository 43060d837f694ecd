"""A check of who sends an event, beyond what the contract's security says."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

from asynction.exceptions import SecurityException
from asynction.middleware._base import BaseMiddleware, Events, Rest
from asynction.runtime import is_async
from asynction.runtime._context import Context
from asynction.runtime._flow import Response

Check: TypeAlias = "Callable[[str, Mapping[str, Any]], bool | Awaitable[bool]]"


class AuthMiddleware(BaseMiddleware):
    """Lets an event through where `check(sid, environ)` is true; it may be async on the async server.

    Raises SecurityException (403) where it is not, or where `check` raises PermissionError.
    """

    def __init__(self, check: Check, *, events: Events = None, namespace: str | None = None) -> None:
        super().__init__(events, namespace)
        self._check = check

    @property
    def asynchronous(self) -> bool:
        """True where the check is `async def`."""
        return is_async(self._check)

    def around(self, context: Context, rest: Rest) -> Response:
        """Ask, then run the rest."""
        try:
            allowed = yield self._check, (context.sid, context.environ)
        except PermissionError as error:
            raise SecurityException(403) from error
        if inspect.iscoroutine(allowed):  # a coroutine is true, whatever it would have said
            allowed.close()
            raise TypeError("the check of AuthMiddleware is async; Flask cannot await it")
        if not allowed:
            raise SecurityException(403)
        return (yield from rest(context))


def auth_middleware(check: Check) -> AuthMiddleware:
    """Let an event through where `check(sid, environ)` is true, else refuse it with 403."""
    return AuthMiddleware(check)
