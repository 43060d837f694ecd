"""A check of the sender of an event, in addition to the security of the contract."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

from asynction.exceptions import SecurityException
from asynction.middleware._base import BaseMiddleware, Events, Rest
from asynction.runtime import Context, Response, is_async

Check: TypeAlias = "Callable[[str, Mapping[str, Any]], bool | Awaitable[bool]]"


class AuthMiddleware(BaseMiddleware):
    """A middleware that passes an event on only if `check(sid, environ)` returns true.

    If it does not, or raises PermissionError, SecurityException (403) is raised.

    Args:
        check: takes the id of the connection and its WSGI environment. On the async server it may be
            `async def`.
        events: the names of the events to check; all by default.
        namespace: the only namespace whose events to check; all by default.
    """

    def __init__(self, check: Check, *, events: Events = None, namespace: str | None = None) -> None:
        super().__init__(events, namespace)
        self._check = check

    @property
    def asynchronous(self) -> bool:
        """True if the check is `async def`."""
        return is_async(self._check)

    def around(self, context: Context, rest: Rest) -> Response:
        """Call the check, then handle the event."""
        try:
            allowed = yield self._check, (context.sid, context.environ)
        except PermissionError as error:
            raise SecurityException(403) from error
        if inspect.iscoroutine(allowed):  # it would be true, whatever its result
            allowed.close()
            raise TypeError("the check of AuthMiddleware is async; Flask cannot await it")
        if not allowed:
            raise SecurityException(403)
        return (yield from rest(context))


def auth_middleware(check: Check) -> AuthMiddleware:
    """Return a middleware that refuses an event with 403 unless `check(sid, environ)` returns true."""
    return AuthMiddleware(check)
