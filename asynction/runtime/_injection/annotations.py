"""Reads the annotations of functions: injected parameters, dependencies, and kinds of functions."""

from __future__ import annotations

import inspect
import logging
import types
import typing
from collections.abc import Callable
from functools import partial
from typing import TypeAlias

from asynction.inject import Dependency, Injected

Function: TypeAlias = Callable[..., object]

log = logging.getLogger("asynction")


class PlanError(Exception):
    """A signature that cannot be served; the function's name goes before the text."""


def parameters_of(function: Function) -> list[inspect.Parameter] | None:
    """Return the parameters of a function, or None: some functions written in C have no signature."""
    try:
        return list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return None


def hints_of(function: Function, *, lenient: bool) -> dict[str, object]:
    """Return the annotations of a function, with annotations in strings evaluated.

    An annotation that cannot be evaluated, for example a name that is imported only for type checkers, raises
    PlanError. If `lenient`, as a contract checks the args, it is logged and ignored.
    """
    target = _innermost(function)
    if not (inspect.isroutine(target) or inspect.isclass(target)):
        target = type(target).__call__
    if inspect.isclass(target):
        target = target.__init__
    target = inspect.unwrap(target)
    if not getattr(target, "__annotations__", None):
        return {}
    try:
        return typing.get_type_hints(target, include_extras=True)
    except Exception as error:  # evaluating an annotation can raise anything
        if not lenient:
            raise PlanError(f"has an annotation that cannot be read: {error}") from error
    hints: dict[str, object] = {}
    for name, annotation in target.__annotations__.items():
        alone = types.SimpleNamespace(__annotations__={name: annotation})
        try:
            hints |= typing.get_type_hints(alone, getattr(target, "__globals__", {}), include_extras=True)
        except Exception as error:
            log.warning("`%s` of `%s` is taken as not annotated: %s", name, name_of(function), error)
            hints[name] = inspect.Parameter.empty
    return hints


def _innermost(function: Function) -> Function:
    """Return the function inside functools.partial and decorators."""
    function = inspect.unwrap(function)
    while isinstance(function, partial):
        function = inspect.unwrap(function.func)
    return function


def _alternatives(annotation: object) -> list[object]:
    """Return the members of a union without None, or the annotation itself."""
    annotation = without_metadata(annotation)
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return [one for one in typing.get_args(annotation) if one is not type(None)]
    return [annotation]


def _metadata(annotation: object) -> tuple[object, ...]:
    return annotation.__metadata__ if typing.get_origin(annotation) is typing.Annotated else ()  # type: ignore[attr-defined]  # of Annotated


def without_metadata(annotation: object) -> object:
    """Return `T` for `Annotated[T, ...]`, and any other annotation as it is."""
    return typing.get_args(annotation)[0] if typing.get_origin(annotation) is typing.Annotated else annotation


def mark_of(annotation: object) -> Injected | None:
    """Return the mark of asynction.inject in an annotation, also in a member of a union, or None."""
    for one in (annotation, *_alternatives(annotation)):
        for data in _metadata(one):
            if isinstance(data, Injected):
                return data
    return None


def dependency_of(annotation: object, default: object) -> Dependency | None:
    """Return the dependency of a parameter, also for the class of another library with our attributes."""
    metadata = [data for one in (annotation, *_alternatives(annotation)) for data in _metadata(one)]
    for candidate in (default, *metadata):
        if not (hasattr(candidate, "dependency") and hasattr(candidate, "use_cache")):
            continue
        # FastAPI's `Depends()` without a function means the class that annotates the parameter.
        function = candidate.dependency or class_of(without_metadata(annotation))[0]
        if function in (inspect.Parameter.empty, typing.Any) or not callable(function):
            raise PlanError(
                "has a `Depends()` without a function; pass one, or annotate the parameter with a class"
            )
        return Dependency(function, bool(candidate.use_cache))
    return None


def class_of(annotation: object) -> tuple[object, bool]:
    """Return the only class in an annotation, and whether it also allows None."""
    alternatives = _alternatives(annotation)
    kind = alternatives[0] if len(alternatives) == 1 else None
    return without_metadata(kind), type(None) in typing.get_args(without_metadata(annotation))


def is_generator(function: Function) -> bool:
    """Return whether a function is a generator, also behind functools.partial or a callable object."""
    return inspect.isgeneratorfunction(_body(function)) or is_async_generator(function)


def is_async_generator(function: Function) -> bool:
    """Return whether a function is an async generator, also behind functools.partial or a callable object."""
    return inspect.isasyncgenfunction(_body(function))


def _body(function: Function) -> Function:
    """Return the code that runs when a function is called."""
    function = _innermost(function)
    return function if inspect.isroutine(function) else _innermost(type(function).__call__)


def name_of(function: Function) -> str:
    """Return the name of a function for error messages."""
    return getattr(function, "__qualname__", repr(function))


def returned(function: Function) -> object:
    """Return the return annotation of a function."""
    return hints_of(function, lenient=True).get("return", inspect.Parameter.empty)
