"""Reads the annotations of functions: injected parameters, dependencies, and kinds of functions."""

from __future__ import annotations

import inspect
import os
import sys
import types
import typing
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache, partial
from typing import TypeAlias

from asynction.inject import Dependency, Injected
from asynction.runtime._injection.foreign import mark_problem

Function: TypeAlias = Callable[..., object]

UNREADABLE = "has an annotation that cannot be read: {}; import the name where the module runs, at its top"


class PlanError(Exception):
    """A signature that cannot be served; the function's name goes before the text."""


class AnnotationError(PlanError):
    """An annotation, or a mark, of the function itself; a dependency is named before the text."""


def parameters_of(function: Function) -> list[inspect.Parameter] | None:
    """Return the parameters of a function, or None: some functions written in C have no signature."""
    try:
        return list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return None


def hints_of(function: Function) -> dict[str, object]:
    """Return the annotations of a function, with annotations in strings evaluated.

    An annotation that cannot be evaluated, for example a name that is imported only for type checkers, raises
    AnnotationError: taken as none, it would turn an injected parameter into one that clients fill.
    """
    target = _innermost(function)
    if not (inspect.isroutine(target) or inspect.isclass(target)):
        target = type(target).__call__
    if inspect.isclass(target) and target.__init__ is not object.__init__:
        target = target.__init__
    target = inspect.unwrap(target)
    if not getattr(target, "__annotations__", None):
        return {}
    try:
        return typing.get_type_hints(target, include_extras=True)
    except Exception as error:  # evaluating an annotation can raise anything
        raise AnnotationError(UNREADABLE.format(error)) from error


def annotation_of(parameter: inspect.Parameter, hints: dict[str, object]) -> object:
    """Return the annotation of a parameter; raise AnnotationError if it cannot be read or served."""
    found = hints.get(parameter.name, parameter.annotation)
    if isinstance(found, str | typing.ForwardRef):  # of a signature that a decorator has made
        raise AnnotationError(UNREADABLE.format(f"{found!r} is a text"))
    try:
        marks = [(mark, is_inner) for _, metadata, is_inner in parts_of(found) for mark in metadata]
    except Exception as error:  # `type X = ...` is evaluated now
        raise AnnotationError(UNREADABLE.format(error)) from error
    if any(is_inner and is_own_mark(mark) for mark, is_inner in marks):
        raise AnnotationError(
            f"has the parameter `{parameter.name}` with a mark inside of its type; write it alone,"
            " or with `| None`"
        )
    default = parameter.default
    is_value = any(kind in _alternatives(found) for kind in type(default).__mro__)
    candidates = [mark for mark, _ in marks if not is_own_mark(mark)]
    problems = [mark_problem(mark, is_default=False) for mark in candidates]
    if not (is_value or is_own_mark(default)):
        problems.append(mark_problem(default, is_default=True))
    for problem in filter(None, problems):
        raise AnnotationError(f"has the parameter `{parameter.name}` {problem}")
    return found


def is_own_mark(mark: object) -> bool:
    """Return whether a value marks what is injected: with a value of the context, or by a dependency."""
    return isinstance(mark, Injected) or is_dependency(mark)


def parts_of(annotation: object) -> Iterator[tuple[object, tuple[object, ...], bool]]:
    """Yield each type in an annotation, the metadata around it, and whether it is inside of another type.

    The alternatives of None are not inside of a type.
    """
    waiting, seen = [(annotation, False)], list[object]()
    while waiting:
        found, is_inner = waiting.pop()
        kind, metadata, arguments = _peeled(found)
        yield kind, metadata, is_inner
        waiting += [(each, True) for each in arguments]
        if any(kind is each for each in seen):  # an alias may contain itself
            continue
        seen.append(kind)
        is_alone = typing.get_origin(kind) in _UNIONS and len(_alternatives(kind)) == 1
        waiting += [(each, is_inner or not is_alone) for each in _inner_types(kind)]


def _inner_types(kind: object) -> Iterable[object]:
    if isinstance(kind, list):  # the parameters of a `Callable`
        return kind
    if isinstance(kind, typing.TypeVar):
        kinds = [each for each in (kind.__bound__, *kind.__constraints__) if each is not None]
        return [_evaluated(each, kind.__module__) for each in kinds]
    if isinstance(kind, typing.NewType):
        return [_evaluated(kind.__supertype__, kind.__module__)]
    return () if typing.get_origin(kind) is typing.Literal else typing.get_args(kind)


def _innermost(function: Function) -> Function:
    """Return the function inside functools.partial and decorators."""
    function = inspect.unwrap(function)
    while isinstance(function, partial):
        function = inspect.unwrap(function.func)
    return function


_UNIONS = (typing.Union, types.UnionType)


def _peeled(annotation: object) -> tuple[object, tuple[object, ...], tuple[object, ...]]:
    """Return the type in `Annotated` and `type X = ...`, its metadata, and the arguments of aliases."""
    metadata: tuple[object, ...] = ()
    arguments: tuple[object, ...] = ()
    for _ in range(_MAX_ALIASES):
        alias = typing.get_origin(annotation) or annotation
        if typing.get_origin(annotation) is typing.Annotated:
            metadata += annotation.__metadata__  # type: ignore[attr-defined]  # of Annotated
            annotation = typing.get_args(annotation)[0]
        elif type(alias).__name__ == "TypeAliasType":  # of typing, and of typing_extensions
            arguments += typing.get_args(annotation)
            annotation = _value_of(alias)
        else:
            break
    return annotation, metadata, arguments


@lru_cache(maxsize=512)
def _value_of(alias: typing.Any) -> object:
    """Return the value of `type X = ...`, the same object each time, as an alias may contain itself."""
    return _evaluated(alias.__value__, alias.__module__)


def _evaluated(annotation: object, module: str) -> object:
    """Return an annotation with texts in it evaluated, by the names of a module."""
    names = dict(vars(sys.modules.get(module, typing)))
    return typing.get_type_hints(_Holder({"it": annotation}), names, include_extras=True)["it"]


class _Holder:
    def __init__(self, annotations: dict[str, object]) -> None:
        self.__annotations__ = annotations


_MAX_ALIASES = 10
"""An alias may lead to itself."""


def _alternatives(annotation: object) -> list[object]:
    """Return the members of a union without None, or the annotation itself."""
    annotation = without_metadata(annotation)
    if typing.get_origin(annotation) in _UNIONS:
        return [one for one in typing.get_args(annotation) if one is not type(None)]
    return [annotation]


def _metadata(annotation: object) -> list[object]:
    """Return the metadata of an annotation, and that of the members of a union."""
    own = _peeled(annotation)[1]
    return [*own, *(data for one in _alternatives(annotation) for data in _peeled(one)[1])]


def without_metadata(annotation: object) -> object:
    """Return `T` for `Annotated[T, ...]` and `type X = T`, and any other annotation as it is."""
    return _peeled(annotation)[0]


def mark_of(annotation: object) -> Injected | None:
    """Return the mark of asynction.inject in an annotation, also in a member of a union, or None."""
    return next((data for data in _metadata(annotation) if isinstance(data, Injected)), None)


def is_dependency(mark: object) -> bool:
    """Return whether a value is a mark of a dependency, also of another library with our attributes."""
    return not isinstance(mark, type) and hasattr(mark, "dependency") and hasattr(mark, "use_cache")


def dependency_of(annotation: object, default: object) -> Dependency | None:
    """Return the dependency of a parameter, also for the class of another library with our attributes."""
    found = next((each for each in (default, *_metadata(annotation)) if is_dependency(each)), None)
    if found is None:
        return None
    mark: typing.Any = found
    # FastAPI's `Depends()` without a function means the class that annotates the parameter.
    function = mark.dependency or class_of(without_metadata(annotation))[0]
    if function in (inspect.Parameter.empty, typing.Any) or not callable(function):
        raise AnnotationError(
            "has a `Depends()` without a function; pass one, or annotate the parameter with a class"
        )
    return Dependency(function, bool(mark.use_cache), tuple(getattr(mark, "scopes", None) or ()))


def class_of(annotation: object) -> tuple[object, bool]:
    """Return the only class in an annotation, and whether it also allows None."""
    alternatives = _alternatives(annotation)
    kind = alternatives[0] if len(alternatives) == 1 else None
    return without_metadata(kind), type(None) in typing.get_args(without_metadata(annotation))


def is_generator(function: Function) -> bool:
    """Return whether a function is a generator, also behind functools.partial or a callable object."""
    return inspect.isgeneratorfunction(body_of(function)) or is_async_generator(function)


def is_async_generator(function: Function) -> bool:
    """Return whether a function is an async generator, also behind functools.partial or a callable object."""
    return inspect.isasyncgenfunction(body_of(function))


def body_of(function: Function) -> Function:
    """Return the code that runs when a function is called."""
    function = _innermost(function)
    return function if inspect.isroutine(function) else _innermost(type(function).__call__)


def name_of(function: Function) -> str:
    """Return the name of a function for error messages."""
    try:
        return function.__qualname__
    except Exception:  # a proxy, as Flask's, may raise anything
        return repr(function)


def place_of(function: Function) -> str:
    """Return ` (file:line)` of a function for error messages; empty for a function written in C."""
    code = getattr(body_of(function), "__code__", None)
    return f" ({short_path(code.co_filename)}:{code.co_firstlineno})" if code is not None else ""


def short_path(path: str) -> str:
    """Return a path relative to the working directory, if it is below it."""
    try:
        return path.removeprefix(os.getcwd() + os.sep)
    except OSError:  # the working directory is gone
        return path


def returned(function: Function) -> object:
    """Return the return annotation of a function."""
    return hints_of(function).get("return", inspect.Parameter.empty)
