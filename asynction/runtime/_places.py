"""Where the application code is that caused a failure; looked for only when something is logged."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import CodeType, TracebackType

from asynction.runtime._injection.annotations import body_of, short_path

_LIBRARIES = frozenset({"asynction", "engineio", "flask_socketio", "socketio"}) | sys.stdlib_module_names
"""The packages whose code is between a call of the application and the exception that it raises."""


def place_of_call(error: BaseException) -> str | None:
    """Return `file:line` of the last call in application code that led to an exception, or None."""
    found, entry = None, error.__traceback__
    while entry is not None:
        if not _is_library(entry):
            found = f"{short_path(entry.tb_frame.f_code.co_filename)}:{entry.tb_lineno}"
        entry = entry.tb_next
    return found


def _is_library(entry: TracebackType) -> bool:
    name = entry.tb_frame.f_globals.get("__name__")
    return isinstance(name, str) and name.partition(".")[0] in _LIBRARIES


def name_and_place_of(function: Callable[..., object]) -> tuple[str | None, str | None]:
    """Return the dotted name of a handler and `file:line` of its code, as far as it has them."""
    function = body_of(function)
    module, name = getattr(function, "__module__", None), getattr(function, "__qualname__", None)
    code = getattr(function, "__code__", None)
    if module is None or name is None or module.partition(".")[0] == "asynction":
        return None, None  # what we have put around a handler tells nothing
    place = f"{short_path(code.co_filename)}:{code.co_firstlineno}" if isinstance(code, CodeType) else None
    return f"{module}.{name}", place
