"""Runs security functions beside the event loop, in threads that handlers do not use."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial, wraps
from typing import Any

from asynction.runtime import is_async
from asynction.security import JwtCheck, SecurityBusy
from asynction.server._asgi.loop import call_in_thread

THREADS = 16
"""The number of plain security functions of one server that run at a time."""

PATIENCE = 5.0
"""The seconds that a client waits for a thread before it is refused (503)."""


class SecurityThreads:
    """The threads for the plain security functions of one server; they start when they are needed.

    Args:
        threads: the number of functions that run at a time.
        patience: the seconds after which a client that still waits for a thread is refused.
    """

    def __init__(self, threads: int = THREADS, patience: float = PATIENCE) -> None:
        self._pool = ThreadPoolExecutor(threads, "asynction-security")
        self._patience = patience

    def prepare(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a coroutine function that runs `function` in a thread, unless it is marked `inline`.

        A check of JSON Web Tokens needs no thread: it is brief once the keys are there.
        """
        if isinstance(function, JwtCheck):
            return partial(_check_jwt, function)
        if is_async(function) or getattr(function, "__asynction_inline__", False):
            return function

        @wraps(function)
        async def threaded(*args: Any) -> Any:
            result = await self._run(function, args)
            return await result if hasattr(result, "__await__") else result

        return threaded

    async def _run(self, function: Callable[..., Any], args: tuple[Any, ...]) -> Any:
        context = contextvars.copy_context()
        call = self._pool.submit(context.run, call_in_thread, function, args, {})
        answer = asyncio.wrap_future(call)
        try:
            await asyncio.wait({answer}, timeout=self._patience)
            if call.cancel():  # no thread has begun it
                raise SecurityBusy(503, "the credentials cannot be checked now; try again later")
            return await answer
        finally:
            call.cancel()
            answer.cancel()  # else the thread would wake a loop that may be closed by then


async def _check_jwt(check: JwtCheck, token: str) -> Mapping[str, object]:
    """Check a token; the loop goes on while keys are fetched."""
    pending = check.pending(token)
    if pending is not None:
        fetched = asyncio.wrap_future(pending.future)
        try:
            await asyncio.wait({fetched}, timeout=pending.seconds)  # `verify` says what is missing then
        finally:
            fetched.cancel()  # else the fetch would wake a loop that may be closed by then
    return check.verify(token)
