"""Knows the parameter marks and classes of other frameworks, which have no meaning for an event.

They are known by their names, so none of these libraries is imported. Taken for a value or for nothing, a
mark would let through what it is there to check.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Mapping
from enum import Enum
from typing import Any

_CALLED = ("Depends", "Security")

_MARK = re.compile(
    r"_*(?:From)?(Header|Query|Cookie|Body|Form|Path|File|Param|Parameter|Option|Argument|Inject|Provide|Depends"
    r"|Dependency|Security)(?:Param|Parameter|Kwarg|Info|Marker)?"
)
"""The classes of marks: of FastAPI, Litestar, Ninja, BlackSheep, Typer, dependency-injector and others."""

_FIELDS = {("pydantic", "FieldInfo"), ("dataclasses", "Field"), ("msgspec", "Field")}
"""The classes of what describes a field of a class; as the default of a parameter it would be a value."""

_UNPROVIDED = ("Request", "WebSocket", "HTTPConnection", "Response", "BackgroundTasks", "UploadFile")
"""The classes of FastAPI and Starlette that a request of theirs provides."""

_ENVIRON = "ask for `Environ` of asynction.inject, which has {}"
_INSTEAD: Mapping[str, str] = {
    "Header": _ENVIRON.format("the headers as `HTTP_...`"),
    "Cookie": _ENVIRON.format("the cookies in `HTTP_COOKIE`"),
    "Query": _ENVIRON.format("the query in `QUERY_STRING`"),
    "Path": "take a parameter of the namespace by its name, as a keyword-only argument",
    "Body": "annotate the parameter with the type of the event's arg, such as a model",
    "Form": "annotate the parameter with the type of the event's arg, such as a model",
    "File": "give the event's arg the schema `format: binary`, and annotate the parameter with `bytes`",
}
_REQUEST = _ENVIRON.format("the request that opened the connection")
_OTHERWISE = "write `Depends(function)` of asynction.inject"


def mark_problem(mark: object, *, is_default: bool) -> str | None:
    """Return why a default, or metadata of an annotation, is a mark that cannot be honoured; else None."""
    found = _mark_name(mark)
    if found is None:
        return _field_problem(mark) if is_default else None
    if found in _CALLED and (isinstance(mark, type) or inspect.isfunction(mark)):
        return f"with `{found}`, which is not called; write `{found}(function)`"
    return f"with the mark `{found}`, which has no meaning for an event; {_INSTEAD.get(found, _OTHERWISE)}"


def class_problem(kind: Any) -> str | None:
    """Return why a class of FastAPI or Starlette that annotates a parameter cannot be provided; else None."""
    is_theirs = isinstance(kind, type) and any(
        _root(each) in ("fastapi", "starlette") and each.__name__ in _UNPROVIDED for each in kind.__mro__
    )
    return f"of the class `{kind.__name__}`, which no event has; {_REQUEST}" if is_theirs else None


def is_security_scopes(kind: Any) -> bool:
    """Return whether a class is FastAPI's `SecurityScopes`."""
    return isinstance(kind, type) and (_root(kind), kind.__name__) == ("fastapi", "SecurityScopes")


def _mark_name(mark: object) -> str | None:
    if isinstance(mark, Enum):
        return None
    subject: Any = mark if isinstance(mark, type) or inspect.isfunction(mark) else type(mark)
    for kind in subject.__mro__ if isinstance(subject, type) else (subject,):
        found = _MARK.fullmatch(kind.__name__)
        if found is not None and _root(kind) not in sys.stdlib_module_names:
            return found[1]
    return None


def _field_problem(mark: object) -> str | None:
    if not any((_root(kind), kind.__name__) in _FIELDS for kind in type(mark).__mro__):
        return None
    return "with what describes a field as its default; put it into `Annotated`, and give a plain default"


def _root(kind: object) -> str:
    return str(getattr(kind, "__module__", "")).partition(".")[0]
