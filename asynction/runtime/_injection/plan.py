"""How a function gets its arguments: read from its signature once, when it is bound.

A parameter is given what its annotation asks for (asynction.inject), what its dependency returns, or
the next of the event's args, as the type that it is annotated with.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeAlias

from asynction.exceptions import PayloadValidationException, SecurityException
from asynction.inject import Dependency
from asynction.models import ModelError, converter, is_model, shaper
from asynction.runtime._context import Context
from asynction.runtime._injection.annotations import (
    PlanError,
    class_of,
    dependency_of,
    hints_of,
    is_generator,
    mark_of,
    name_of,
    parameters_of,
)
from asynction.runtime._namespaces import snake_case
from asynction.security import SecurityInfo

Function: TypeAlias = Callable[..., object]
Values: TypeAlias = "Mapping[object, object]"
Source: TypeAlias = "Callable[[Context, Values], object]"
Providers: TypeAlias = "Mapping[type, Callable[[Context], object]]"
Arguments: TypeAlias = "Callable[[Context, Values], tuple[object, ...]]"

NO_VALUES: Values = {}
IDENTITY = ("user", "token_info")
"""What a handler of a connection may ask for by name, of the client that security let in."""


@dataclass(frozen=True, slots=True)
class Convention:
    """What a function is given before the event's args where it takes that many: `sid`, say.

    `always` gives it whatever the function takes; `preferred` where nothing tells how many args there are.
    """

    leading: tuple[str, ...] = ()
    always: bool = False
    preferred: bool = False


@dataclass(frozen=True, slots=True)
class ArgParameter:
    """A positional parameter that takes one of the event's args: the `index`th, as `annotation`."""

    name: str
    annotation: object
    default: object
    index: int


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """A dependency, bound: `key` finds what it gave among the values of an event."""

    plan: Plan
    key: object
    is_generator: bool


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """A function, and how it gets what it takes: `least` to `most` args of the event.

    `asks_sid` says that it takes the id of a connection, and does not allow for None.
    """

    function: Function
    arguments: Arguments
    keywords: tuple[tuple[str, Source], ...] = ()
    dependencies: tuple[Node, ...] = ()
    min_args: int = 0
    max_args: int | None = None
    shape: Callable[[object], object] | None = None
    arg_parameters: tuple[ArgParameter, ...] = ()
    reads_args: bool = False
    asks_sid: bool = False

    @property
    def needs_sid(self) -> bool:
        """Whether the function, or anything that it depends on, can only serve a connection."""
        return self.asks_sid or any(node.plan.needs_sid for node in self.dependencies)

    def takes(self, count: int) -> bool:
        """Whether the function takes so many of the event's args."""
        return self.min_args <= count and (self.max_args is None or count <= self.max_args)

    def call(self, context: Context, values: Values = NO_VALUES) -> tuple[Function, tuple[object, ...]]:
        """The function to call for an event, and its positional arguments.

        Raises PayloadValidationException where an arg is not what a parameter is annotated with.
        """
        args = self.arguments(context, values)
        if not self.keywords:
            return self.function, args
        return partial(self.function, **{name: give(context, values) for name, give in self.keywords}), args


def all_args(context: Context, _: Values) -> tuple[object, ...]:
    """Arguments of a function that takes the event's args and nothing else."""
    return context.args


def _no_args(_: Context, __: Values) -> tuple[object, ...]:
    return ()


def sid_and_args(context: Context, _: Values) -> tuple[object, ...]:
    """Arguments of a function that takes what python-socketio gives."""
    return context.sid, *context.args


@dataclass(frozen=True, slots=True)
class CallSpec:
    """What plans are made for: the args of an event, and where else parameters may come from.

    `least` to `most` args are sent, both None where nothing says how many. `checked` says that a schema
    has been held to them. `occasion` is a connection or its end, whose handlers may take fewer; what is
    `raw` is given as it is, whatever the annotation.
    """

    min_args: int | None = None
    max_args: int | None = None
    convention: Convention = Convention()
    parameters: Iterable[str] = ()
    providers: Providers = field(default_factory=dict)
    checked: bool = False
    occasion: bool = False
    raw: bool = False
    response_model: object = None
    prepare: Callable[[Function], Function] | None = None
    check: Callable[[Function], None] | None = None


def plan_call(function: Function, spec: CallSpec) -> Plan:
    """Make the plan of a handler; raises PlanError."""
    return _Planner(function, spec).plan()


def _nothing() -> None:
    """Take the place of a handler where a flow does all the work."""


def key_of(dependency: Dependency) -> object:
    """What finds a dependency's value among those of an event; its own where the value is not shared."""
    if not dependency.use_cache:
        return object()
    function = dependency.dependency
    return function if is_hashable(function) else id(function)


def is_hashable(function: Function) -> bool:
    """False for an object of a dataclass, say, which may be called but is no key."""
    return getattr(type(function), "__hash__", None) is not None


def dependency_node(function: Function, key: object, spec: CallSpec) -> Node:
    """Bind a dependency that no signature names; raises PlanError."""
    return _node(function, key, spec, ())


class _Planner:
    """Reads one signature."""

    def __init__(self, function: Function, spec: CallSpec, path: tuple[Function, ...] = ()) -> None:
        self.function = function
        self.spec = spec
        self.path = path
        self.hints = hints_of(function, lenient=spec.checked or spec.occasion)
        self.parameters = parameters_of(function)
        self.dependencies: dict[object, Node] = {}
        self.positional: list[Source | None] = []  # None where one of the event's args is to stand
        self.named: list[tuple[str, Source]] = []
        self.arg_parameters: list[ArgParameter] = []
        self.rest = False
        self.reads_args = False
        self.asks_sid = False

    def plan(self) -> Plan:
        function = self.function
        if self.parameters is None:  # some functions written in C do not tell
            prepare = self.spec.prepare
            return Plan(function if prepare is None else prepare(function), all_args)
        for parameter in self.parameters:
            self._read(parameter)
        if self.spec.occasion and not (self.spec.raw or self.rest):
            self._take_by_name()
        leading = self._leading()
        min_args, max_args = self._range(len(leading))
        returns = self.spec.response_model or self.hints.get("return", inspect.Parameter.empty)
        prepare = self.spec.prepare
        return Plan(
            function if prepare is None else prepare(function),
            self._arguments(leading),
            tuple(self.named),
            tuple(self.dependencies.values()),
            min_args,
            max_args,
            _usable(shaper, returns),
            tuple(
                ArgParameter(f.name, f.annotation, f.default, f.index - len(leading))
                for f in self.arg_parameters
            ),
            self.reads_args,
            self.asks_sid or self._leads_with_sid(leading),
        )

    # Reading the parameters --------------------------------------------------------------------

    def _read(self, parameter: inspect.Parameter) -> None:
        kind = parameter.kind
        if kind is parameter.VAR_POSITIONAL:
            self.rest = True
            return
        if kind is parameter.VAR_KEYWORD:
            return
        source = self._source(parameter)
        if kind is parameter.KEYWORD_ONLY:
            source = source or self._by_name(parameter)
            if source is not None:
                self.named.append((parameter.name, source))
            elif parameter.default is parameter.empty:
                raise PlanError(f"needs the keyword argument `{parameter.name}`, which nobody passes")
            return
        if source is None and self.spec.occasion and parameter.name in IDENTITY:
            source = self._by_name(parameter)
        self.positional.append(source)
        if source is None:
            annotation = self.hints.get(parameter.name, parameter.annotation)
            self.arg_parameters.append(
                ArgParameter(parameter.name, annotation, parameter.default, len(self.arg_parameters))
            )

    def _source(self, parameter: inspect.Parameter) -> Source | None:
        """Where a parameter that asks for something by annotation or default gets it."""
        annotation = self.hints.get(parameter.name, parameter.annotation)
        dependency = dependency_of(annotation, parameter.default)
        if dependency is not None:
            return self._needed(dependency)
        mark = mark_of(annotation)
        if mark is not None:
            self.reads_args = self.reads_args or mark.name == "data"
            needed = mark.name == "sid" and not _allows_none(annotation, parameter.default)
            self.asks_sid = self.asks_sid or needed
            return _MARKS[mark.name]
        kind, optional = class_of(annotation)
        if kind is SecurityInfo:
            return _token_info if optional or parameter.default is None else _needed_token_info
        provided = next((give for known, give in self.spec.providers.items() if _provides(known, kind)), None)
        return partial(_provided, provided) if provided is not None else None

    def _needed(self, dependency: Dependency) -> Source:
        function = dependency.dependency
        if function in self.path:
            raise PlanError(f"depends on `{name_of(function)}`, which depends on itself")
        key = key_of(dependency)
        if key not in self.dependencies:
            self.dependencies[key] = _node(function, key, self.spec, (*self.path, self.function))
        self.reads_args = self.reads_args or self.dependencies[key].plan.reads_args
        return partial(_value, key)

    def _by_name(self, parameter: inspect.Parameter) -> Source | None:
        """What an argument is named after: a parameter of the namespace, in either spelling, or IDENTITY."""
        for name in self.spec.parameters:
            if parameter.name in (name, snake_case(name)):
                return partial(_parameter, name, parameter.default)
        if self.spec.occasion and parameter.name in IDENTITY:
            return partial(_attribute, parameter.name)
        return None

    # Fitting them to the event -----------------------------------------------------------------

    def _take_by_name(self) -> None:
        """Give `sid` and `environ` by their names, where all parameters have names that say what they are.

        By position, `connect(sid, auth)` would be given the environment for `auth`.
        """
        leading = self.spec.convention.leading
        if not all(parameter.name in (*leading, *_OCCASION_ARGS) for parameter in self.arg_parameters):
            return
        names = iter([parameter.name for parameter in self.arg_parameters])
        for index, source in enumerate(self.positional):
            name = next(names) if source is None else ""
            if name in leading:
                self.positional[index] = _MARKS[name]
        rest = [parameter for parameter in self.arg_parameters if parameter.name not in leading]
        self.arg_parameters = [replace(parameter, index=index) for index, parameter in enumerate(rest)]

    def _leading(self) -> tuple[str, ...]:
        """What the function takes before the event's args."""
        spec, leading = self.spec, self.spec.convention.leading
        if not leading or spec.convention.always:
            return leading
        count, needed = (
            len(self.arg_parameters),
            sum(f.default is inspect.Parameter.empty for f in self.arg_parameters),
        )
        if not self.arg_parameters:
            prefers = self.rest and spec.convention.preferred
            return leading if prefers and (spec.min_args is None or spec.occasion) else ()
        first = self.arg_parameters[0]
        if first.name in leading:
            return leading
        if spec.occasion:
            max_args = spec.max_args or 0
            alone = count == 1 and spec.convention.preferred and first.name not in _OCCASION_ARGS
            return leading if count > max_args or alone else ()
        if spec.min_args is not None:
            return leading if needed > spec.min_args else ()
        untyped = first.annotation in (inspect.Parameter.empty, str, typing.Any)
        taken = any(source is _MARKS["sid"] for source in (*self.positional, *dict(self.named).values()))
        return leading if spec.convention.preferred and untyped and not taken and first.name != "data" else ()

    def _leads_with_sid(self, leading: tuple[str, ...]) -> bool:
        """Whether `sid` is given first, to a parameter that is not annotated to take None."""
        if "sid" not in leading:
            return False
        index = leading.index("sid")
        parameter = self.arg_parameters[index] if index < len(self.arg_parameters) else None
        return parameter is None or not _allows_none(parameter.annotation, parameter.default)

    def _range(self, leading: int) -> tuple[int, int | None]:
        """How many of the event's args the function takes; raises PlanError where others are sent."""
        spec = self.spec
        min_args = max(0, sum(f.default is inspect.Parameter.empty for f in self.arg_parameters) - leading)
        max_args = None if self.rest else max(0, len(self.arg_parameters) - leading)
        if not self.arg_parameters and not self.rest and self.reads_args:
            return 0, None
        fewer = spec.occasion and not (spec.raw and max_args == 0)  # an exception is to be taken
        if spec.min_args is None or (fewer and (max_args is None or min_args <= (spec.max_args or 0))):
            return min_args, max_args
        if min_args <= spec.min_args and (
            max_args is None or (spec.max_args is not None and spec.max_args <= max_args)
        ):
            return min_args, max_args
        takes, sent = many(min_args, max_args), many(spec.min_args, spec.max_args)
        raise PlanError(f"takes {takes}, but the contract passes {sent}")

    def _arguments(self, leading: tuple[str, ...]) -> Arguments:
        checked = self.spec.checked
        converters = [
            None
            if f.index < len(leading) or self.spec.raw
            else _usable(partial(converter, checked=checked, at=f.index - len(leading)), f.annotation)
            for f in self.arg_parameters
        ]
        plain = not any(converters) and all(source is None for source in self.positional)
        if plain and not self.spec.occasion and (self.arg_parameters or self.rest):
            if not leading:
                return all_args
            if leading == ("sid",):
                return sid_and_args
        slots = _Slots(leading, converters)
        sources = [source or slots.next(self.arg_parameters) for source in self.positional]
        if not self.rest:
            return partial(_gathered, tuple(sources), None)
        sources += [_MARKS[name] for name in leading[len(self.arg_parameters) :]]
        return partial(_gathered, tuple(sources), max(0, len(self.arg_parameters) - len(leading)))


class _DependencyPlanner(_Planner):
    """Reads the signature of a dependency: all is given by keyword, and no arg of the event is taken away."""

    def plan(self) -> Plan:
        for parameter in self.parameters or ():
            if parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
                self._read(parameter)
        return Plan(
            self.function,
            _no_args,
            tuple(self.named),
            tuple(self.dependencies.values()),
            arg_parameters=tuple(self.arg_parameters),
            reads_args=self.reads_args,
            asks_sid=self.asks_sid,
        )

    def _read(self, parameter: inspect.Parameter) -> None:
        source = None
        if parameter.kind is not parameter.POSITIONAL_ONLY:  # all is given by keyword
            source = self._source(parameter) or self._by_name(parameter) or self._payload(parameter)
        if source is not None:
            self.named.append((parameter.name, source))
        elif parameter.default is parameter.empty:
            raise PlanError(
                f"depends on `{name_of(self.function)}`, whose parameter `{parameter.name}` nobody gives:"
                " annotate it with what it is (see asynction.inject), or give it a default"
            )

    def _payload(self, parameter: inspect.Parameter) -> Source | None:
        """The event's next arg, for a parameter that is annotated with a model."""
        annotation = self.hints.get(parameter.name, parameter.annotation)
        if not is_model(annotation):
            return None
        index = len(self.arg_parameters)
        self.arg_parameters.append(ArgParameter(parameter.name, annotation, parameter.default, index))
        self.reads_args = True
        convert = _usable(partial(converter, checked=self.spec.checked, at=index), annotation)
        give = partial(_arg, index, convert, parameter.default)
        return give if parameter.default is not parameter.empty else partial(_needed_arg, index, give)


def _node(function: Function, key: object, spec: CallSpec, path: tuple[Function, ...]) -> Node:
    if spec.check is not None:
        spec.check(function)
    return Node(_DependencyPlanner(function, spec, path).plan(), key, is_generator(function))


class _Slots:
    """Gives each free parameter its source: what leads, then the event's args in order."""

    def __init__(self, leading: tuple[str, ...], converters: list[Callable[[object], object] | None]) -> None:
        self.leading = leading
        self.converters = converters
        self.count = 0

    def next(self, arg_parameters: list[ArgParameter]) -> Source:
        number = self.count
        self.count += 1
        if number < len(self.leading):
            return _MARKS[self.leading[number]]
        default = arg_parameters[number].default
        return partial(_arg, number - len(self.leading), self.converters[number], default)


# Where values come from ------------------------------------------------------------------------


def _gathered(
    sources: tuple[Source, ...], rest: int | None, context: Context, values: Values
) -> tuple[object, ...]:
    given = tuple([source(context, values) for source in sources])
    return given if rest is None else given + context.args[rest:]


def _arg(
    index: int,
    convert: Callable[[object], object] | None,
    default: object,
    context: Context,
    _: Values,
) -> object:
    if index >= len(context.args):
        return None if default is inspect.Parameter.empty else default
    value = context.args[index]
    return value if convert is None else convert(value)


def _needed_arg(index: int, give: Source, context: Context, values: Values) -> object:
    if index >= len(context.args):  # the handler may not have looked
        raise PayloadValidationException(f"a dependency takes {many(index + 1, None)}")
    return give(context, values)


def _value(key: object, _: Context, values: Values) -> object:
    return values[key]


def _provided(give: Callable[[Context], object], context: Context, _: Values) -> object:
    return give(context)


def _attribute(name: str, context: Context, _: Values) -> object:
    return getattr(context, name)


def _parameter(name: str, default: object, context: Context, _: Values) -> object:
    return context.parameters.get(name, None if default is inspect.Parameter.empty else default)


def _data(context: Context, _: Values) -> object:
    args = context.args
    return args[0] if len(args) == 1 else args or None


def _sid(context: Context, _: Values) -> object:
    return context.sid


def _token_info(context: Context, _: Values) -> object:
    return context.token_info


def _needed_token_info(context: Context, _: Values) -> object:
    if context.token_info is None:  # the handler says that it takes nobody else
        raise SecurityException
    return context.token_info


_MARKS: Mapping[str, Source] = {
    "sid": _sid,
    "data": _data,
    **{name: partial(_attribute, name) for name in ("environ", "auth", "reason", "event", "server")},
}
_OCCASION_ARGS = frozenset({"auth", "reason"})


def _allows_none(annotation: object, default: object) -> bool:
    return default is None or class_of(annotation)[1]


def _provides(known: type, spec: object) -> bool:
    return spec is not object and spec in known.__mro__


def _usable(
    make: Callable[[object], Callable[[object], object] | None], annotation: object
) -> Callable[[object], object] | None:
    try:
        return make(annotation)
    except ModelError as error:
        raise PlanError(f"has an annotation that cannot be served: {error}") from error


def many(min_args: int, max_args: int | None) -> str:
    """`1 argument`, `2 to 3 arguments` and the like."""
    text = (
        f"at least {min_args}"
        if max_args is None
        else str(min_args)
        if min_args == max_args
        else f"{min_args} to {max_args}"
    )
    plural = "" if (min_args if max_args is None else max_args) == 1 else "s"
    return f"{text} argument{plural}"


NO_PLAN: Plan = plan_call(_nothing, CallSpec())
"""The plan of an endpoint that has no handler: its middleware handles the event."""
