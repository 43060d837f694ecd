"""Plans how a function gets its arguments, from its signature, once, when it is bound.

The value of a parameter is what its annotation names (asynction.inject), the result of its dependency, or
the event's next arg, converted to the type in its annotation.
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
    AnnotationError,
    PlanError,
    annotation_of,
    class_of,
    dependency_of,
    hints_of,
    is_generator,
    mark_of,
    name_of,
    parameters_of,
    place_of,
)
from asynction.runtime._injection.foreign import is_security_scopes
from asynction.runtime._injection.received import check_received, provides
from asynction.runtime._namespaces import snake_case
from asynction.security import SecurityInfo

Function: TypeAlias = Callable[..., object]
Values: TypeAlias = "Mapping[object, object]"
Source: TypeAlias = "Callable[[Context, Values], object]"
Providers: TypeAlias = "Mapping[type, Callable[[Context], object]]"
Arguments: TypeAlias = "Callable[[Context, Values], tuple[object, ...]]"

NO_VALUES: Values = {}
IDENTITY = ("user", "token_info")
"""Parameters of connect and disconnect handlers that are injected by name, from the client's identity."""


@dataclass(frozen=True, slots=True)
class Convention:
    """The arguments before the event's args, for example `sid`; they are left out if there is no room.

    `always` passes them in any case; `preferred` passes them if the number of args is unknown.
    """

    leading: tuple[str, ...] = ()
    always: bool = False
    preferred: bool = False


@dataclass(frozen=True, slots=True)
class ArgParameter:
    """A positional parameter that takes the event's arg at `index`, converted to `annotation`."""

    name: str
    annotation: object
    default: object
    index: int


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """A bound dependency; its value for an event is stored under `key`.

    `scopes` are those of `Security`, of the dependency and of those that it is for.
    """

    plan: Plan
    key: object
    is_generator: bool
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """A function, and how it gets its arguments.

    Args:
        function: the function to call.
        arguments: returns its positional arguments.
        keywords: the name and source of each keyword argument.
        dependencies: its dependencies, in the order of their calls.
        min_args: the least number of the event's args that it takes.
        max_args: the greatest number of them; None for no limit.
        shape: converts its result to JSON values.
        arg_parameters: the parameters that take the event's args.
        reads_args: whether an injected parameter contains the event's args.
        asks_sid: whether it takes the id of a connection, and not None.
        reads_scopes: whether it, or a dependency, takes FastAPI's `SecurityScopes`.
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
    reads_scopes: bool = False

    @property
    def needs_sid(self) -> bool:
        """Return whether the function, or a dependency, works only on a wire with connections."""
        return self.asks_sid or any(node.plan.needs_sid for node in self.dependencies)

    def takes(self, count: int) -> bool:
        """Return whether the function takes `count` of the event's args."""
        return self.min_args <= count and (self.max_args is None or count <= self.max_args)

    def call(self, context: Context, values: Values = NO_VALUES) -> tuple[Function, tuple[object, ...]]:
        """Return the function to call for an event, and its positional arguments.

        Raises PayloadValidationException if an arg cannot be converted to the type of its parameter.
        """
        args = self.arguments(context, values)
        if not self.keywords:
            return self.function, args
        return partial(self.function, **{name: give(context, values) for name, give in self.keywords}), args


def all_args(context: Context, _: Values) -> tuple[object, ...]:
    """Return the arguments of a function that takes only the event's args."""
    return context.args


def _no_args(_: Context, __: Values) -> tuple[object, ...]:
    return ()


def sid_and_args(context: Context, _: Values) -> tuple[object, ...]:
    """Return the arguments of a function with the signature of python-socketio."""
    return context.sid, *context.args


@dataclass(frozen=True, slots=True)
class CallSpec:
    """How functions of one kind are called: the number of args, and the other sources of parameters.

    Args:
        min_args: the least number of args that is passed; None if it is unknown.
        max_args: the greatest number of args; None if it is unknown or has no limit.
        convention: the arguments before the event's args.
        parameters: the names of the namespace's parameters, which are injected by name.
        providers: functions that return the value of a parameter, by the class that annotates it.
        checked: whether the args have been checked against a schema.
        enforced: the indexes of args that are checked against their annotation, too: the schema allows more.
        is_lifecycle: whether it is a lifecycle event: its handlers may take fewer args than are passed.
        raw: whether args are passed as they are, not converted to annotated types.
        response_model: the type of the result, instead of the return annotation.
        prepare: changes the function before it is bound.
        check: raises PlanError for a dependency that the server cannot call.
    """

    min_args: int | None = None
    max_args: int | None = None
    convention: Convention = Convention()
    parameters: Iterable[str] = ()
    providers: Providers = field(default_factory=dict)
    checked: bool = False
    enforced: frozenset[int] = frozenset()
    is_lifecycle: bool = False
    raw: bool = False
    response_model: object = None
    prepare: Callable[[Function], Function] | None = None
    check: Callable[[Function], None] | None = None


def plan_call(function: Function, spec: CallSpec) -> Plan:
    """Plan how a handler gets its arguments; raise PlanError if it cannot be served."""
    return _Planner(function, spec).plan()


def _nothing() -> None:
    """Replace the handler of an event that a flow handles."""


def key_of(dependency: Dependency) -> object:
    """Return the key of a dependency's value; it is unique if the value is not shared (`use_cache`)."""
    if not dependency.use_cache:
        return object()
    function = dependency.dependency
    return function if is_hashable(function) else id(function)


def is_hashable(function: Function) -> bool:
    """Return whether a callable can be a key; an instance of a dataclass cannot."""
    return getattr(type(function), "__hash__", None) is not None


def dependency_node(function: Function, key: object, spec: CallSpec, scopes: tuple[str, ...] = ()) -> Node:
    """Bind a dependency that is not in a signature; raise PlanError."""
    return _node(function, key, spec, (), scopes)


class _Planner:
    """Plans one function from its signature."""

    def __init__(
        self,
        function: Function,
        spec: CallSpec,
        path: tuple[Function, ...] = (),
        scopes: tuple[str, ...] = (),
    ) -> None:
        self.function = function
        self.spec = spec
        self.path = path
        self.scopes = scopes
        self.hints = hints_of(function)
        self.parameters = parameters_of(function)
        self.dependencies: dict[object, Node] = {}
        self.positional: list[Source | None] = []  # None for a parameter that takes an arg of the event
        self.named: list[tuple[str, Source]] = []
        self.arg_parameters: list[ArgParameter] = []
        self.rest = False
        self.reads_args = False
        self.asks_sid = False
        self.reads_scopes = False

    def plan(self) -> Plan:
        function = self.function
        if self.parameters is None:
            prepare = self.spec.prepare
            return Plan(function if prepare is None else prepare(function), all_args)
        for parameter in self.parameters:
            self._read(parameter)
        if self.spec.is_lifecycle and not (self.spec.raw or self.rest):
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
            self.reads_scopes,
        )

    # Reading the parameters --------------------------------------------------------------------

    def _read(self, parameter: inspect.Parameter) -> None:
        kind = parameter.kind
        if kind in _VARIADIC:
            self.rest = self.rest or kind is parameter.VAR_POSITIONAL
            self._check(parameter)
            return
        source = self._source(parameter)
        if kind is parameter.KEYWORD_ONLY:
            source = source or self._by_name(parameter)
            if source is not None:
                self.named.append((parameter.name, source))
            elif parameter.default is parameter.empty:
                raise PlanError(f"needs the keyword argument `{parameter.name}`, which is not passed")
            return
        if source is None and self.spec.is_lifecycle and parameter.name in IDENTITY:
            source = self._by_name(parameter)
        self.positional.append(source)
        if source is None:
            annotation = annotation_of(parameter, self.hints)
            self.arg_parameters.append(
                ArgParameter(parameter.name, annotation, parameter.default, len(self.arg_parameters))
            )

    def _source(self, parameter: inspect.Parameter) -> Source | None:
        """Return the source of a parameter that is injected by annotation or default, or None."""
        annotation = annotation_of(parameter, self.hints)
        dependency = dependency_of(annotation, parameter.default)
        if dependency is not None:
            return self._dependency(dependency)
        mark = mark_of(annotation)
        if mark is not None:
            self.reads_args = self.reads_args or mark.name == "data"
            needs_sid = mark.name == "sid" and not _allows_none(annotation, parameter.default)
            self.asks_sid = self.asks_sid or needs_sid
            return _MARKS[mark.name]
        kind: typing.Any
        kind, optional = class_of(annotation)
        if kind is SecurityInfo:
            return _token_info if optional or parameter.default is None else _required_token_info
        if is_security_scopes(kind):
            self.reads_scopes = True
            return partial(_scopes, kind, self.scopes)
        provided = next((give for known, give in self.spec.providers.items() if provides(known, kind)), None)
        if provided is not None:
            return partial(_provided, provided)
        self._check(parameter)
        return None

    def _check(self, parameter: inspect.Parameter) -> None:
        annotation = annotation_of(parameter, self.hints)
        check_received(parameter, annotation, self.spec.providers, raw=self.spec.raw)

    def _dependency(self, dependency: Dependency) -> Source:
        function = dependency.dependency
        if function in self.path:
            raise PlanError(f"depends on `{name_of(function)}`, which depends on itself")
        scopes = tuple(dict.fromkeys((*self.scopes, *dependency.scopes)))
        node = _node(function, key_of(dependency), self.spec, (*self.path, self.function), scopes)
        check_scopes(dependency, node)
        node = self.dependencies.setdefault(node.key, node)
        self.reads_args = self.reads_args or node.plan.reads_args
        self.reads_scopes = self.reads_scopes or node.plan.reads_scopes
        return partial(_value, node.key)

    def _by_name(self, parameter: inspect.Parameter) -> Source | None:
        """Return the source of a parameter that is injected by name, or None.

        The name is that of a namespace's parameter, also in snake case, or one of IDENTITY.
        """
        for name in self.spec.parameters:
            if parameter.name in (name, snake_case(name)):
                return partial(_parameter, name, parameter.default)
        if self.spec.is_lifecycle and parameter.name in IDENTITY:
            return partial(_attribute, parameter.name)
        return None

    # Fitting them to the event -----------------------------------------------------------------

    def _take_by_name(self) -> None:
        """Pass `sid` and `environ` by name if all parameters have known names.

        By position, `connect(sid, auth)` would get the environment as `auth`.
        """
        leading = self.spec.convention.leading
        if not all(parameter.name in (*leading, *_LIFECYCLE_ARGS) for parameter in self.arg_parameters):
            return
        names = iter([parameter.name for parameter in self.arg_parameters])
        for index, source in enumerate(self.positional):
            name = next(names) if source is None else ""
            if name in leading:
                self.positional[index] = _MARKS[name]
        rest = [parameter for parameter in self.arg_parameters if parameter.name not in leading]
        self.arg_parameters = [replace(parameter, index=index) for index, parameter in enumerate(rest)]

    def _leading(self) -> tuple[str, ...]:
        """Return the names of the arguments before the event's args.

        python-socketio always passes `sid`; here a handler may also take the event's args only. The signature
        decides: by the name of its first parameter, else by the number of its parameters.
        """
        spec, leading = self.spec, self.spec.convention.leading
        if spec.convention.always:
            injected = [*self.positional, *dict(self.named).values()]
            return tuple(name for name in leading if not any(source is _MARKS[name] for source in injected))
        if not leading:
            return leading
        count = len(self.arg_parameters)
        required = sum(f.default is inspect.Parameter.empty for f in self.arg_parameters)
        if not self.arg_parameters:
            prefers = self.rest and spec.convention.preferred
            return leading if prefers and (spec.min_args is None or spec.is_lifecycle) else ()
        first = self.arg_parameters[0]
        if first.name in leading:
            return leading
        taken = any(source is _MARKS["sid"] for source in (*self.positional, *dict(self.named).values()))
        if taken or not _may_be_sid(first.annotation):
            return ()
        if spec.is_lifecycle:
            max_args = spec.max_args or 0
            alone = count == 1 and spec.convention.preferred and first.name not in _LIFECYCLE_ARGS
            return leading if count > max_args or alone else ()
        if spec.min_args is not None:
            return leading if required > spec.min_args else ()
        # The number of args is unknown: a first parameter that could be a sid is one.
        untyped = first.annotation in (inspect.Parameter.empty, str, typing.Any)
        return leading if spec.convention.preferred and untyped and first.name != "data" else ()

    def _leads_with_sid(self, leading: tuple[str, ...]) -> bool:
        """Return whether `sid` is passed first, to a parameter that does not allow None."""
        if "sid" not in leading:
            return False
        index = leading.index("sid")
        parameter = self.arg_parameters[index] if index < len(self.arg_parameters) else None
        return parameter is None or not _allows_none(parameter.annotation, parameter.default)

    def _range(self, leading: int) -> tuple[int, int | None]:
        """Return how many of the event's args the function takes; raise PlanError if others are sent."""
        spec = self.spec
        min_args = max(0, sum(f.default is inspect.Parameter.empty for f in self.arg_parameters) - leading)
        max_args = None if self.rest else max(0, len(self.arg_parameters) - leading)
        if not self.arg_parameters and not self.rest and self.reads_args:
            return 0, None
        # Handlers of lifecycle events may ignore their args, but an error handler must take the exception.
        fewer = spec.is_lifecycle and not (spec.raw and max_args == 0)
        if spec.min_args is None or (fewer and (max_args is None or min_args <= (spec.max_args or 0))):
            return min_args, max_args
        if min_args <= spec.min_args and (
            max_args is None or (spec.max_args is not None and spec.max_args <= max_args)
        ):
            return min_args, max_args
        takes, sent = many(min_args, max_args), many(spec.min_args, spec.max_args)
        raise PlanError(f"takes {takes}, but the contract passes {sent}")

    def _arguments(self, leading: tuple[str, ...]) -> Arguments:
        converters = [
            None if f.index < len(leading) or self.spec.raw else self._converter(f, f.index - len(leading))
            for f in self.arg_parameters
        ]
        # The two usual signatures have a function of their own, which costs less for each event.
        plain = not any(converters) and all(source is None for source in self.positional)
        if plain and not self.spec.is_lifecycle and (self.arg_parameters or self.rest):
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

    def _converter(self, parameter: ArgParameter, at: int) -> Callable[[object], object] | None:
        annotation, spec = parameter.annotation, self.spec
        if at in spec.enforced:
            try:
                return converter(annotation, checked=False, at=at)
            except ModelError:  # without a library to check it, it stays as it comes
                return None
        return _usable(partial(converter, checked=spec.checked, at=at), annotation)


class _DependencyPlanner(_Planner):
    """Plans a dependency: it gets keyword arguments only, and args that it takes still go to the handler."""

    def plan(self) -> Plan:
        for parameter in self.parameters or ():
            self._read(parameter)
        return Plan(
            self.function,
            _no_args,
            tuple(self.named),
            tuple(self.dependencies.values()),
            arg_parameters=tuple(self.arg_parameters),
            reads_args=self.reads_args,
            asks_sid=self.asks_sid,
            reads_scopes=self.reads_scopes,
        )

    def _read(self, parameter: inspect.Parameter) -> None:
        if parameter.kind in _VARIADIC:
            self._check(parameter)
            return
        source = self._source(parameter)
        if parameter.kind is not parameter.POSITIONAL_ONLY:
            source = source or self._by_name(parameter) or self._payload(parameter)
        elif source is not None:
            raise AnnotationError(
                f"has the parameter `{parameter.name}`, which is injected only by keyword;"
                " leave out the `/` after it"
            )
        if source is not None:
            self.named.append((parameter.name, source))
        elif parameter.default is parameter.empty:
            raise PlanError(
                f"depends on `{name_of(self.function)}`, but nothing provides its parameter"
                f" `{parameter.name}`; annotate it (see asynction.inject), or give it a default"
            )

    def _payload(self, parameter: inspect.Parameter) -> Source | None:
        """Return the source of the event's next arg if the parameter is annotated with a model, else None."""
        annotation = annotation_of(parameter, self.hints)
        if not is_model(annotation):
            return None
        index = len(self.arg_parameters)
        self.arg_parameters.append(ArgParameter(parameter.name, annotation, parameter.default, index))
        self.reads_args = True
        convert = _usable(partial(converter, checked=self.spec.checked, at=index), annotation)
        give = partial(_arg, index, convert, parameter.default)
        return give if parameter.default is not parameter.empty else partial(_required_arg, index, give)


def _node(
    function: Function, key: object, spec: CallSpec, path: tuple[Function, ...], scopes: tuple[str, ...]
) -> Node:
    if spec.check is not None:
        spec.check(function)
    try:
        plan = _DependencyPlanner(function, spec, path, scopes).plan()
    except AnnotationError as error:
        raise PlanError(f"depends on `{name_of(function)}`{place_of(function)}, which {error}") from error
    # With other scopes, a dependency that reads them has another value.
    return Node(plan, (key, scopes) if plan.reads_scopes else key, is_generator(function), scopes)


def check_scopes(mark: Dependency, node: Node) -> None:
    """Raise PlanError for scopes of FastAPI's `Security` that nobody reads: they would protect nothing."""
    if mark.scopes and not node.plan.reads_scopes:
        raise AnnotationError(
            f"has scopes for `{name_of(mark.dependency)}`, which does not read them; give it a parameter of"
            " FastAPI's type `SecurityScopes`, or leave the scopes out"
        )


class _Slots:
    """Assigns sources to the parameters that take args: the leading arguments, then the event's args."""

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


def _required_arg(index: int, give: Source, context: Context, values: Values) -> object:
    if index >= len(context.args):  # without a schema, only the handler's own parameters are counted
        raise PayloadValidationException(f"a dependency takes {many(index + 1, None)}")
    return give(context, values)


def _value(key: object, _: Context, values: Values) -> object:
    return values[key]


def _provided(give: Callable[[Context], object], context: Context, _: Values) -> object:
    return give(context)


def _scopes(kind: Callable[[list[str]], object], scopes: tuple[str, ...], _: Context, __: Values) -> object:
    return kind(list(scopes))


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


def _required_token_info(context: Context, _: Values) -> object:
    if context.token_info is None:  # the annotation does not allow None: anonymous clients are rejected
        raise SecurityException
    return context.token_info


_MARKS: Mapping[str, Source] = {
    "sid": _sid,
    "data": _data,
    **{
        name: partial(_attribute, name)
        for name in ("environ", "auth", "reason", "event", "namespace", "server")
    },
}
_VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
_LIFECYCLE_ARGS = frozenset({"auth", "reason"})


def _allows_none(annotation: object, default: object) -> bool:
    return default is None or class_of(annotation)[1]


def _may_be_sid(annotation: object) -> bool:
    """Return whether a parameter with this annotation could take a sid, which is text."""
    kind = class_of(annotation)[0]
    kind = typing.get_origin(kind) or kind
    if kind is typing.Literal:
        return False
    if not isinstance(kind, type) or kind in (inspect.Parameter.empty, typing.Any):
        return not is_model(annotation)
    return kind in str.__mro__ or str in kind.__mro__


def _usable(
    make: Callable[[object], Callable[[object], object] | None], annotation: object
) -> Callable[[object], object] | None:
    try:
        return make(annotation)
    except ModelError as error:
        raise AnnotationError(f"has an annotation that cannot be served: {error}") from error


def many(min_args: int, max_args: int | None) -> str:
    """Format a number of arguments: `1 argument`, `2 to 3 arguments`, `at least 1 argument`."""
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
"""The plan of an endpoint without a handler: its middleware handles the event."""
