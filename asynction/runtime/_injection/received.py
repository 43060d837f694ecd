"""Refuses parameters that clients would fill although their annotations ask for something else."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Collection

from asynction.models import fields_of
from asynction.runtime._injection.annotations import (
    UNREADABLE,
    AnnotationError,
    is_own_mark,
    name_of,
    parts_of,
)
from asynction.runtime._injection.foreign import class_problem, is_security_scopes
from asynction.security import SecurityInfo


def provides(known: type, asked: object) -> bool:
    """Return whether a parameter annotated with `asked` is given an instance of `known`."""
    return asked is not object and asked in known.__mro__


def check_received(
    parameter: inspect.Parameter, annotation: object, provided: Collection[type], *, raw: bool
) -> None:
    """Raise AnnotationError for an annotation that nothing injects, but that is not one of received data.

    Args:
        parameter: the parameter, of any kind.
        annotation: its annotation, evaluated.
        provided: the classes of which the server injects instances.
        raw: whether it may take other values than those that a client has sent.
    """
    try:
        _check_types(parameter, annotation, [])
    except AnnotationError:
        raise
    except Exception as error:  # evaluating the annotations of a model can raise anything
        raise AnnotationError(UNREADABLE.format(error)) from error
    for kind, metadata, _ in parts_of(annotation):
        if isinstance(kind, str | typing.ForwardRef):
            raise AnnotationError(UNREADABLE.format(f"{kind!r} is a text"))
        if any(is_own_mark(mark) for mark in metadata):
            problem: str | None = "with a mark, which is injected only alone; give it a parameter of its own"
        else:
            problem = _injected_problem(parameter, kind, provided) or (None if raw else class_problem(kind))
        if problem is not None:
            raise AnnotationError(f"has the parameter `{parameter.name}` {problem}")


def _injected_problem(parameter: inspect.Parameter, kind: object, provided: Collection[type]) -> str | None:
    kind = typing.get_origin(kind) or kind
    base = _injected_base(kind, provided)
    if base is None:
        return None
    return (
        f"with `{name_of(typing.cast('type', kind))}` in its type, but only `{base.__name__}` alone, or with"
        f" `| None`, is injected; write `{parameter.name}: {base.__name__}`"
    )


def _injected_base(kind: object, provided: Collection[type]) -> type | None:
    """Return the class that is injected for a class or a base of it, or None."""
    if not isinstance(kind, type):
        return None
    # A TypedDict has the keys of its bases, but does not remember these before Python 3.12.
    keys = getattr(kind, "__required_keys__", frozenset()) | getattr(kind, "__optional_keys__", frozenset())
    if keys >= SecurityInfo.__optional_keys__:
        return SecurityInfo
    if is_security_scopes(kind) or any(provides(known, kind) for known in provided):
        return kind
    return next((known for known in provided if known in kind.__mro__), None)


def _check_types(parameter: inspect.Parameter, annotation: object, seen: list[type]) -> None:
    """Raise AnnotationError for what is no type, also in a field of a model: libraries call a function."""
    for kind, _, _ in parts_of(annotation):
        if _is_function(kind):
            name = name_of(typing.cast("typing.Any", kind))
            raise AnnotationError(
                f"has the parameter `{parameter.name}` with `{name}`, which is no type;"
                f" write `Depends({name})`"
            )
        subject = typing.get_origin(kind) or kind
        if isinstance(subject, type) and subject not in seen:
            seen.append(subject)
            for each in _fields(subject):
                _check_types(parameter, each, seen)


def _is_function(kind: object) -> bool:
    is_typing = isinstance(kind, type) or typing.get_origin(kind) is not None
    return callable(kind) and not is_typing and type(kind).__module__ not in ("typing", "typing_extensions")


def _fields(kind: type) -> list[object]:
    try:
        return fields_of(kind)
    except Exception:
        if hasattr(kind, "__required_keys__"):  # a TypedDict, which may need no conversion
            raise
        return []  # the library that converts it has read it, or reports it
