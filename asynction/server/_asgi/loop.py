"""The tasks of an async server, and the threads for its plain functions."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from functools import wraps
from typing import Any

import engineio
from socketio.exceptions import TimeoutError as SocketIOTimeout

from asynction.runtime import Args, as_exception, is_async

_loop: ContextVar[asyncio.AbstractEventLoop | None] = ContextVar("asynction_loop", default=None)
"""The event loop that waits for a thread; a thread has the context of its task."""


class Engine(engineio.AsyncServer):
    """An Engine.IO server that knows its running tasks: handlers, and those of Engine.IO itself.

    python-socketio starts its tasks here, too.
    """

    def __init__(self, **kwargs: Any) -> None:
        self.tasks: set[asyncio.Task[Any]] = set()
        super().__init__(**kwargs)

    def start_background_task(
        self, target: Callable[..., Any], *args: Any, **kwargs: Any
    ) -> asyncio.Task[Any]:
        """Start a task that is cancelled when the server stops."""
        task: asyncio.Task[Any] = super().start_background_task(target, *args, **kwargs)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task


async def cancel(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel these tasks, except the current one, and wait until they have ended."""
    own = asyncio.current_task()
    cancelled = [task for task in tasks if task is not own]
    for task in cancelled:
        task.cancel()
    await asyncio.gather(*cancelled, return_exceptions=True)


def pending_ack() -> tuple[asyncio.Future[Args], Callable[..., None]]:
    """Return a future for the args of an ack, and the callback that sets it."""
    answer: asyncio.Future[Args] = asyncio.get_running_loop().create_future()

    def arrived(*args: object) -> None:
        if not answer.done():
            answer.set_result(args)

    return answer, arrived


async def in_time(answer: asyncio.Future[Args], timeout: float) -> Args:
    """Wait for the args of an ack; raise python-socketio's TimeoutError after `timeout` seconds."""
    try:
        return await asyncio.wait_for(answer, timeout)
    except asyncio.TimeoutError:
        raise SocketIOTimeout from None


def off_the_loop(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a coroutine function that runs a plain function in a thread, unless it is marked `inline`."""
    if is_async(function) or getattr(function, "__asynction_inline__", False):
        return function

    @wraps(function)
    async def threaded(*args: Any, **kwargs: Any) -> Any:
        _loop.set(asyncio.get_running_loop())
        result = await asyncio.to_thread(call_in_thread, function, args, kwargs)
        return await result if hasattr(result, "__await__") else result

    return threaded


def loop_of_thread() -> asyncio.AbstractEventLoop | None:
    """Return the event loop that waits for the current thread, if it runs a plain function."""
    return _loop.get()


def call_in_thread(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call a function whose result goes into a future."""
    try:
        return function(*args, **kwargs)
    # A future cannot have the first exception, and a coroutine that awaits it takes the second for its own.
    except (StopIteration, GeneratorExit) as error:
        raise RuntimeError(f"{error!r} in a thread") from error
    except BaseException as error:
        raise as_exception(error)  # noqa: B904 - it has its cause


async def wait_for(wake: asyncio.Event, pause: float) -> None:
    """Wait until `wake` is set, for at most `pause` seconds."""
    try:
        await asyncio.wait_for(wake.wait(), pause)
    except asyncio.TimeoutError:
        return
