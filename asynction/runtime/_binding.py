"""From dotted paths in a document to functions, with everything that is wrong found before serving."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Iterable
from functools import partial
from types import ModuleType

from asynction.contract import Target
from asynction.exceptions import DocumentError
from asynction.problems import Place, Problem, did_you_mean, problem_at
from asynction.runtime._namespaces import snake_case
from asynction.runtime._rules import RuleBook
from asynction.validation import Validator


class Binder:
    """Imports and checks handlers; `finish` raises one DocumentError with all that is wrong."""

    def __init__(self, *, allow_async: bool = False) -> None:
        self.allow_async = allow_async
        self.problems: list[Problem] = []
        self._cause: BaseException | None = None

    def function(self, target: Target) -> Callable[..., object] | None:
        """Import what `target` names; None, with a problem noted, where that fails."""
        try:
            found = import_path(target.path)
        except BindingError as error:
            self.note(target.place, error.rule, str(error), error.__cause__)
            return None
        return self.checked(found, target)

    def checked(self, found: object, target: Target) -> Callable[..., object] | None:
        """Return `found` where it can be called, and called without being awaited."""
        if not callable(found):
            text = f"`{target.path}` is a {type(found).__name__}, which cannot be called"
            self.note(target.place, "handler", text)
            return None
        if not self.allow_async and is_async(found):
            text = (
                f"`{target.path}` is `async def`, which Flask cannot await; write `def`, or serve with"
                " AsynctionAsyncServer"
            )
            self.note(target.place, "async-handler", text)
            return None
        return found

    def fits(
        self,
        handler: Callable[..., object],
        target: Target,
        least: int,
        most: int | None,
        *,
        parameters: Iterable[str] = (),
    ) -> bool:
        """Note a problem, and return False, where `handler` cannot take `least` to `most` args.

        `parameters` are those of the namespace, which it may take by keyword.
        """
        message = misfit(handler, least, most, parameters)
        if message is not None:
            self.note(target.place, "handler-signature", f"`{target.path}` {message}")
        return message is None

    def fits_schema(
        self,
        handler: Callable[..., object],
        target: Target,
        validator: Validator | None,
        *,
        parameters: Iterable[str] = (),
    ) -> bool:
        """Note a problem, and return False, where `handler` cannot take the args that pass a schema."""
        least, most = positional(handler) if validator is None else (validator.least, validator.most)
        return self.fits(handler, target, least, most, parameters=parameters)

    def fits_occasion(
        self, handler: Callable[..., object], target: Target, *, parameters: Iterable[str] = ()
    ) -> int | None:
        """How many args, none or one, a connect or disconnect handler takes; None with a problem noted."""
        named = keywords(handler, parameters, occasion=True)
        by_position = positional(partial(handler, **dict.fromkeys(named)))[1]
        takes = 1 if by_position is None else min(by_position, 1)
        rest = partial(handler, **dict.fromkeys(named))
        return takes if self.fits(rest, target, takes, takes, parameters=parameters) else None

    def note(self, place: Place, rule: str, message: str, cause: BaseException | None = None) -> None:
        """Add a problem; the first cause becomes the cause of the DocumentError."""
        self.problems.append(problem_at(place, rule, message))
        self._cause = self._cause or cause

    def finish(self) -> None:
        """Raise DocumentError if there are problems."""
        if self.problems:
            raise DocumentError(self.problems) from self._cause


def handler_problems(rules: RuleBook) -> list[Problem]:
    """Import every handler that a contract names and say what is wrong, whatever server is to run it."""
    binder = Binder(allow_async=True)
    for name, namespace in rules.contract.namespaces.items():
        named = namespace.handlers
        known = namespace.parameters
        for target in (named.connect, named.disconnect):
            if target is not None and (handler := binder.function(target)) is not None:
                binder.fits_occasion(handler, target, parameters=known)
        if named.error is not None and (handler := binder.function(named.error)) is not None:
            binder.fits(handler, named.error, 1, 1)
        for event in namespace.receives.values():
            if event.handler is not None and (handler := binder.function(event.handler)) is not None:
                validator = rules.received(name, event.name).args
                binder.fits_schema(handler, event.handler, validator, parameters=known)
    return binder.problems


class BindingError(Exception):
    """A dotted path that leads to nothing."""

    def __init__(self, message: str, rule: str = "handler") -> None:
        super().__init__(message)
        self.rule = rule


def import_path(path: str) -> object:
    """Import `pkg.mod.func`, `pkg.mod.Class.method` or `pkg.mod:Class.method`; raises BindingError."""
    module_path, _, attributes = path.partition(":")
    names = [name for name in attributes.split(".") if name]
    parts = module_path.split(".")
    if not all(part.isidentifier() for part in parts + names) or (not names and len(parts) < 2):
        raise BindingError(f"`{path}` is no path to a function; write `package.module.function`")
    if names:
        return _attribute(_import(module_path, path), names, path)
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
    """The module itself, or a package above it, does not exist."""


def _import(name: str, path: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and (name == error.name or name.startswith(f"{error.name}.")):
            raise _NoSuchModule(f"`{path}`: no module `{error.name}` on the import path") from error
        raise BindingError(f"`{path}`: importing `{name}` failed: {error}") from error
    except (Exception, SystemExit) as error:
        text = f"`{path}`: importing `{name}` raised {type(error).__name__}: {error}"
        raise BindingError(text) from error


def _attribute(value: object, names: list[str], path: str) -> object:
    holder = value
    for name in names:
        holder = value
        if not hasattr(value, name):
            where = getattr(value, "__name__", type(value).__name__)
            known = [known for known in dir(value) if not known.startswith("_")]
            raise BindingError(f"`{path}`: `{where}` has no `{name}`{did_you_mean(name, known)}")
        value = getattr(value, name)
    if inspect.isclass(holder) and inspect.isfunction(value) and not _is_static(holder, names[-1]):
        raise BindingError(
            f"`{path}` is a method that needs an instance; name one of an object, or a staticmethod"
        )
    return value


def _is_static(owner: type, name: str) -> bool:
    return isinstance(inspect.getattr_static(owner, name), staticmethod)


def is_async(function: object) -> bool:
    """True for `async def`, also behind functools.partial, a decorator or a callable object."""
    unwrapped = inspect.unwrap(function) if callable(function) else function
    while isinstance(unwrapped, partial):
        unwrapped = inspect.unwrap(unwrapped.func)
    return inspect.iscoroutinefunction(unwrapped) or inspect.iscoroutinefunction(
        getattr(type(unwrapped), "__call__", None)  # noqa: B004 - the method is what is asked about
    )


def positional(function: Callable[..., object]) -> tuple[int, int | None]:
    """How many positional args `function` needs, and takes at the most; None is any number.

    A function that does not tell (some are written in C) is taken to accept anything.
    """
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return 0, None
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    by_position = [parameter for parameter in parameters if parameter.kind in kinds]
    least = sum(parameter.default is parameter.empty for parameter in by_position)
    if any(parameter.kind is parameter.VAR_POSITIONAL for parameter in parameters):
        return least, None
    return least, len(by_position)


def misfit(
    function: Callable[..., object], least: int, most: int | None, parameters: Iterable[str] = ()
) -> str | None:
    """Say why `function` cannot take every number of args from `least` to `most`; None where it can."""
    needs, takes = positional(function)
    given = keywords(function, parameters)
    unknown = [name for name, needed in _keyword_only(function).items() if needed and name not in given]
    if unknown:
        return f"needs the keyword argument `{unknown[0]}`, which nobody passes"
    if needs <= least and (takes is None or (most is not None and most <= takes)):
        return None
    return f"takes {_range(needs, takes)}, but the contract passes {_range(least, most)}"


IDENTITY = ("user", "token_info")
"""What a handler of an occasion may ask for by name of the client that security let in."""


def keywords(
    function: Callable[..., object], parameters: Iterable[str], *, occasion: bool = False
) -> dict[str, str]:
    """Which arguments of `function` are given by keyword, and what each is given.

    Keyword-only ones are parameters of the namespace, by either spelling; of an `occasion`, those
    named in IDENTITY as well, wherever they stand.
    """
    known = {spelling: name for name in parameters for spelling in (name, snake_case(name))}
    given = {name: known[name] for name in _keyword_only(function) if name in known}
    if occasion:
        given.update({name: name for name in _names(function) if name in IDENTITY})
    return given


def _names(function: Callable[..., object]) -> list[str]:
    try:
        return list(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return []


def _keyword_only(function: Callable[..., object]) -> dict[str, bool]:
    """The keyword-only arguments of `function`, and whether it needs them."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return {}
    return {p.name: p.default is p.empty for p in parameters if p.kind is p.KEYWORD_ONLY}


def _range(least: int, most: int | None) -> str:
    text = f"at least {least}" if most is None else str(least) if least == most else f"{least} to {most}"
    plural = "" if (least if most is None else most) == 1 else "s"
    return f"{text} argument{plural}"
