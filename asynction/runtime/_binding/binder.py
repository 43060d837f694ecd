"""Imports the functions that a document names by dotted path, and checks their signatures at load."""

from __future__ import annotations

import importlib
import inspect
import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from types import ModuleType

from asynction.contract import Schema, Target
from asynction.exceptions import DocumentError
from asynction.inject import Dependency
from asynction.models import Fit, default_fault, fit_of, fit_of_result, schema_of_arg
from asynction.problems import Location, Problem, did_you_mean, problem_at
from asynction.runtime._binding.modules import STANDARD_LIBRARY, AllowedModules, module_of, origin_of
from asynction.runtime._injection.annotations import (
    AnnotationError,
    PlanError,
    dependency_of,
    is_async_generator,
    place_of,
    returned,
)
from asynction.runtime._injection.plan import (
    ArgParameter,
    CallSpec,
    Function,
    Node,
    Plan,
    check_scopes,
    dependency_node,
    key_of,
    many,
    plan_call,
)
from asynction.validation import Validator

log = logging.getLogger("asynction")

ASYNC = "is `async def`, which Flask cannot await; write `def`, or serve with AsynctionAsyncServer"
"""The reason why a coroutine function cannot be bound on a server that does not await."""


class Binder:
    """Imports and checks handlers; `finish` raises one DocumentError with all problems.

    Args:
        allow_async: whether the server can await.
        prepare_security: makes a security function what the server calls (`Host.prepare_security`).
        allowed: the modules whose code a document may name; with None, code that is not the application's
            is a warning.
        validation: whether the server checks acks; if not, a type that cannot fit its ack is only a warning.
    """

    def __init__(
        self,
        *,
        allow_async: bool = False,
        prepare_security: Callable[[Function], Function] | None = None,
        allowed: AllowedModules | None = None,
        validation: bool = True,
    ) -> None:
        self.allow_async = allow_async
        self._prepare_security = prepare_security
        self._allowed = allowed
        self._validation = validation
        self._foreign: set[str] = set()
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []
        self._cause: BaseException | None = None

    def named(self, target: Target, missing: list[Problem] | None = None) -> object | None:
        """Import the object that `target` names; report a problem and return None if that fails.

        If there is a list `missing`, the problem of a name that does not exist is added to it instead.
        """
        if self._allowed is not None and target.path not in self._allowed:  # not even imported
            self.report(target.location, "handler-allowed", f"`{target.path}` is not in {self._allowed}")
            return None
        try:
            found = import_path(target.path)
        except BindingError as error:
            if missing is not None and error.is_missing:
                missing.append(problem_at(target.location, error.rule, str(error)))
            else:
                self.report(target.location, error.rule, str(error), error.__cause__)
            return None
        return found if self._is_allowed(found, target) else None

    def _is_allowed(self, found: object, target: Target) -> bool:
        """Return whether the document may name an object; report or warn if it is foreign."""
        module = module_of(found, target.path)
        if self._allowed is not None:
            if module in self._allowed:
                return True
            message = f"`{target.path}` is code of `{module}`, which is not in {self._allowed}"
            self.report(target.location, "handler-allowed", message)
            return False
        origin = origin_of(module)
        if origin is not None and origin not in self._foreign:
            if origin != STANDARD_LIBRARY:  # an installed application is named at its first place only
                self._foreign.add(origin)
            package = module.partition(".")[0]
            message = (
                f"`{target.path}` is code of {origin}; if the document may name it, list `{package}` in"
                " `handlers` (on the command line `--handlers-from`)"
            )
            self.warnings.append(problem_at(target.location, "foreign-handler", message))
        return True

    def function(self, target: Target, missing: list[Problem] | None = None) -> Callable[..., object] | None:
        """Import the function that `target` names; report a problem and return None if that fails.

        `missing` is as for `named`.
        """
        found = self.named(target, missing)
        return None if found is None else self.checked(found, target)

    def checked(self, found: object, target: Target) -> Callable[..., object] | None:
        """Return `found` if the server can call it, else report a problem and return None."""
        if not callable(found):
            text = f"`{target.path}` is a {type(found).__name__}, which cannot be called"
            self.report(target.location, "handler", text)
            return None
        if not self.allow_async and is_async(found):
            self.report(target.location, "async-handler", f"`{target.path}` {ASYNC}")
            return None
        return found

    def prepared(self, function: Function) -> Function:
        """Return a security function as the server calls it (`Host.prepare_security`)."""
        return function if self._prepare_security is None else self._prepare_security(function)

    def plan(
        self, function: Function, target: Target, spec: CallSpec, args: Schema | None = None
    ) -> Plan | None:
        """Plan how a handler gets its arguments; report problems and return None if it cannot be served.

        Args:
            function: the handler.
            target: its dotted path and location, for problems.
            spec: how it is called.
            args: the schema of the event's args, to compare with the models that annotate its parameters.
        """
        check = None if self.allow_async else _reject_async
        try:
            plan = plan_call(function, replace(spec, check=check))
        except PlanError as error:
            place = place_of(function) if isinstance(error, AnnotationError) else ""
            self.report(target.location, "handler-signature", f"`{target.path}`{place} {error}")
            return None
        if args is None or spec.raw:
            return plan
        fits = {
            parameter.index: self._fit(function, target, parameter, args)
            for parameter in plan.arg_parameters
            if parameter.index >= 0
        }
        for parameter in _model_parameters(plan.dependencies):
            self._fit(function, target, parameter, args)
        enforced = frozenset(index for index, fit in fits.items() if not (fit.is_implied or fit.errors))
        return plan_call(function, replace(spec, check=check, enforced=enforced)) if enforced else plan

    def _fit(self, function: Function, target: Target, parameter: ArgParameter, args: Schema) -> Fit:
        """Report how the annotation and the default of a parameter fit the contract's schema of its arg."""
        found = schema_of_arg(args, parameter.index)
        if found is None:
            return Fit()
        fit = fit_of(parameter.annotation, found, receives=True)
        fault = default_fault(parameter.default, found)
        if fault is not None:
            fit = replace(fit, doubts=(*fit.doubts, f"the default of `{parameter.name}` {fault}"))
        self._report_fit(function, target, fit)
        return fit

    def _report_fit(self, function: Function, target: Target, fit: Fit) -> None:
        place = place_of(function)
        for text in fit.errors:
            if self._validation:
                self.report(target.location, "handler-model", f"`{target.path}`: {text}{place}")
        for text in fit.doubts if self._validation else (*fit.errors, *fit.doubts):
            message = f"`{target.path}`: {text}{place}"
            self.warnings.append(problem_at(target.location, "handler-type", message))

    def node(self, mark: Dependency, target: Target, spec: CallSpec) -> Node | None:
        """Bind a dependency of a router; report a problem and return None if that fails."""
        check = None if self.allow_async else _reject_async
        try:
            mark = dependency_of(inspect.Parameter.empty, mark) or mark
            node = dependency_node(mark.dependency, key_of(mark), replace(spec, check=check), mark.scopes)
            check_scopes(mark, node)
            return node
        except PlanError as error:
            self.report(target.location, "handler-signature", f"`{target.path}` {error}")
            return None

    def check_ack_model(
        self, function: Function, target: Target, spec: CallSpec, ack: Schema, validator: Validator | None
    ) -> None:
        """Report how the type of a handler's result fits the schema of the ack."""
        returns = spec.response_model or returned(function)
        min_args, max_args = (0, None) if validator is None else (validator.min_args, validator.max_args)
        self._report_fit(function, target, fit_of_result(returns, ack, min_args, max_args))

    def fits(self, handler: Function, target: Target, min_args: int, max_args: int | None) -> bool:
        """Return whether `handler` can take `min_args` to `max_args` args; report a problem if not."""
        message = misfit(handler, min_args, max_args)
        if message is not None:
            self.report(target.location, "handler-signature", f"`{target.path}` {message}")
        return message is None

    def report(self, location: Location, rule: str, message: str, cause: BaseException | None = None) -> None:
        """Add a problem; the first cause becomes the cause of the DocumentError."""
        self.problems.append(problem_at(location, rule, message))
        self._cause = self._cause or cause

    def finish(self) -> None:
        """Raise DocumentError if problems have been reported, else log the warnings."""
        if self.problems:
            raise DocumentError(self.problems) from self._cause
        for warning in self.warnings:
            log.warning("%s", warning)


def _reject_async(dependency: Function) -> None:
    if is_async(dependency) or is_async_generator(dependency):
        raise PlanError(f"depends on `{getattr(dependency, '__qualname__', dependency)}`, which {ASYNC}")


def _model_parameters(dependencies: Iterable[Node]) -> Iterator[ArgParameter]:
    """Yield the parameters of dependencies that take args, all of them as models."""
    for node in dependencies:
        yield from node.plan.arg_parameters
        yield from _model_parameters(node.plan.dependencies)


class BindingError(Exception):
    """A dotted path that cannot be imported; `is_missing` if its package exists, but not the name in it."""

    def __init__(self, message: str, rule: str = "handler", *, is_missing: bool = False) -> None:
        super().__init__(message)
        self.rule = rule
        self.is_missing = is_missing


def import_path(path: str) -> object:
    """Import `pkg.mod.func`, `pkg.mod.Class.method` or `pkg.mod:Class.method`; raise BindingError."""
    module_path, _, attributes = path.partition(":")
    names = [name for name in attributes.split(".") if name]
    parts = module_path.split(".")
    if not all(part.isidentifier() for part in parts + names) or (not names and len(parts) < 2):
        raise BindingError(f"`{path}` is not a path to a function; write `package.module.function`")
    if names:
        return _attribute(_import(module_path, path), names, path)
    # Only the module itself tells where it ends and its attributes begin: try the longest name first.
    missing: _NoSuchModule | None = None
    for length in range(len(parts) - 1, 0, -1):
        try:
            module = _import(".".join(parts[:length]), path)
        except _NoSuchModule as error:
            missing = missing or error
            continue
        if missing is not None and not hasattr(module, parts[length]):
            break
        return _attribute(module, parts[length:], path)
    raise missing or BindingError(path)


class _NoSuchModule(BindingError):
    """A module, or a package above it, does not exist: a shorter path may."""


def _import(name: str, path: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and (name == error.name or name.startswith(f"{error.name}.")):
            text = f"`{path}`: no module `{error.name}` on the import path"
            raise _NoSuchModule(text, is_missing="." in error.name) from error
        raise BindingError(f"`{path}`: importing `{name}` failed: {error}") from error
    except (Exception, SystemExit) as error:  # a script without `if __name__ == "__main__"` may exit
        text = f"`{path}`: importing `{name}` raised {type(error).__name__}: {error}"
        raise BindingError(text) from error


def _attribute(value: object, names: list[str], path: str) -> object:
    holder = value
    for name in names:
        holder = value
        if not hasattr(value, name):
            where = getattr(value, "__name__", type(value).__name__)
            known = [known for known in dir(value) if not known.startswith("_")]
            text = f"`{path}`: `{where}` has no `{name}`{did_you_mean(name, known)}"
            raise BindingError(text, is_missing=True)
        value = getattr(value, name)
    if inspect.isclass(holder) and inspect.isfunction(value) and not _is_static(holder, names[-1]):
        raise BindingError(
            f"`{path}` is a method that needs an instance; name a method of an object, or a staticmethod"
        )
    return value


def _is_static(owner: type, name: str) -> bool:
    return isinstance(inspect.getattr_static(owner, name), staticmethod)


def is_async(function: object) -> bool:
    """Return whether a callable is `async def`, also behind functools.partial, a decorator or an object."""
    unwrapped = inspect.unwrap(function) if callable(function) else function
    while isinstance(unwrapped, partial):
        unwrapped = inspect.unwrap(unwrapped.func)
    return inspect.iscoroutinefunction(unwrapped) or inspect.iscoroutinefunction(
        getattr(type(unwrapped), "__call__", None)  # noqa: B004 - the method itself is inspected
    )


def positional(function: Callable[..., object]) -> tuple[int, int | None]:
    """Return the least and greatest number of positional args of `function`; None is no limit.

    A function without a signature (some are written in C) accepts any number.
    """
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return 0, None
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    by_position = [parameter for parameter in parameters if parameter.kind in kinds]
    min_args = sum(parameter.default is parameter.empty for parameter in by_position)
    if any(parameter.kind is parameter.VAR_POSITIONAL for parameter in parameters):
        return min_args, None
    return min_args, len(by_position)


def misfit(function: Callable[..., object], min_args: int, max_args: int | None) -> str | None:
    """Return why `function` cannot take every number of args from `min_args` to `max_args`, or None."""
    needs, takes = positional(function)
    unknown = next((name for name, needed in _keyword_only(function).items() if needed), None)
    if unknown is not None:
        return f"needs the keyword argument `{unknown}`, which is not passed"
    if needs <= min_args and (takes is None or (max_args is not None and max_args <= takes)):
        return None
    return f"takes {many(needs, takes)}, but the contract passes {many(min_args, max_args)}"


def _keyword_only(function: Callable[..., object]) -> dict[str, bool]:
    """Return the keyword-only arguments of `function`, and whether each is required."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return {}
    return {p.name: p.default is p.empty for p in parameters if p.kind is p.KEYWORD_ONLY}
