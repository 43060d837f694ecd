"""What application code raises that is no Exception: its own fault, or the end of what runs it."""

from __future__ import annotations

import sys
from signal import getsignal, valid_signals
from traceback import walk_tb


def as_exception(error: BaseException) -> Exception:
    """Return an Exception for what application code raised, so that it is answered and logged as any other.

    Raises `error` itself if it ends the process, the task or the greenlet, which must not go on.
    """
    if isinstance(error, Exception):
        return error
    if _ends(error):
        raise error
    made = RuntimeError(f"the application raised {type(error).__name__}, which is not an Exception")
    made.__traceback__, made.__cause__ = error.__traceback__, error
    error.__traceback__ = None  # else the log would show it twice
    return made


def _ends(error: BaseException) -> bool:
    if isinstance(error, _class_of("asyncio", "CancelledError")):
        return _is_cancelled()
    if isinstance(error, SystemExit):
        return _is_of_signal(error)
    kinds = (KeyboardInterrupt, GeneratorExit, _class_of("greenlet", "GreenletExit"))  # that of gevent, too
    parts: tuple[BaseException, ...] = getattr(error, "exceptions", ())  # of a BaseExceptionGroup
    return isinstance(error, kinds) or any(map(_ends, parts))


def _class_of(module: str, name: str) -> type[BaseException] | tuple[()]:
    """Return a class of a module that the runtime, which has no I/O, does not import; () if nobody does."""
    kind: type[BaseException] | tuple[()] = getattr(sys.modules.get(module), name, ())
    return kind


def _is_cancelled() -> bool:
    """Return whether the current task was asked to cancel; before Python 3.11 a task does not tell."""
    try:
        task = sys.modules["asyncio"].current_task()
    except RuntimeError:  # no event loop: a plain function of a sync server
        return False
    return task is not None and getattr(task, "cancelling", lambda: 1)() > 0


def _is_of_signal(error: BaseException) -> bool:
    """Return whether a signal handler raised it, such as that of SIGTERM, in the midst of other code."""
    handlers = {getattr(getsignal(number), "__code__", None) for number in valid_signals()}
    return any(frame.f_code in handlers for frame, _ in walk_tb(error.__traceback__))
