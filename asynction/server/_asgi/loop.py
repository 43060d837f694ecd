"""What runs on the event loop of an async server, and what is kept off it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

import engineio

from asynction.runtime import is_async


class Engine(engineio.AsyncServer):
    """Knows the tasks that were started and have not ended: handlers, and what Engine.IO runs itself.

    `start_background_task` of python-socketio comes here, too.
    """

    def __init__(self, **kwargs: Any) -> None:
        self.tasks: set[asyncio.Task[Any]] = set()
        super().__init__(**kwargs)

    def start_background_task(
        self, target: Callable[..., Any], *args: Any, **kwargs: Any
    ) -> asyncio.Task[Any]:
        """Start a task that ends with the server at the latest."""
        task: asyncio.Task[Any] = super().start_background_task(target, *args, **kwargs)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task


async def cancel(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel all tasks but the current one, and wait until they have ended."""
    own = asyncio.current_task()
    cancelled = [task for task in tasks if task is not own]
    for task in cancelled:
        task.cancel()
    await asyncio.gather(*cancelled, return_exceptions=True)


def off_the_loop(function: Callable[..., Any]) -> Callable[..., Any]:
    """Have a plain function run in a thread, so that it holds up nobody, unless it is marked `inline`."""
    if is_async(function) or getattr(function, "__asynction_inline__", False):
        return function

    @wraps(function)
    async def threaded(*args: Any, **kwargs: Any) -> Any:
        result = await asyncio.to_thread(_called, function, args, kwargs)
        return await result if hasattr(result, "__await__") else result

    return threaded


def _called(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    try:
        return function(*args, **kwargs)
    except StopIteration as error:  # which no future can carry: whoever waits would do so for ever
        raise RuntimeError(f"{error!r} in a thread") from error


async def wait_for(wake: asyncio.Event, pause: float) -> None:
    """Wait until `wake` is set, `pause` seconds at the most."""
    try:
        await asyncio.wait_for(wake.wait(), pause)
    except asyncio.TimeoutError:
        return
