"""The life of one received event, decided without any I/O, the same on every wire.

A flow is a generator. It yields each call to make as `(function, args)`; the driver makes the call and sends
back what it returned, or throws in the exception that it raised. The value that the flow returns is the args
of the acknowledgement. `drive` calls functions directly and `adrive` awaits what can be awaited, so one flow
serves sync and async servers:

    def greet(name):                      # a flow
        user = yield find_user, (name,)   # a call to make; the driver sends its result back
        return (f"Hello {user}",)         # the args of the acknowledgement

    drive(greet("ada"))                   # find_user is a plain function
    await adrive(greet("ada"))            # find_user may be a coroutine function

The steps of an event, in their order, are the table STEPS.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Protocol, TypeAlias, TypeVar, cast

from asynction.contract import Requirements
from asynction.exceptions import PayloadValidationException, SecurityException
from asynction.models import plain
from asynction.runtime._context import NOBODY, Context, MessageData
from asynction.runtime._errors import Ack, error_ack, log_failure, own_fault
from asynction.runtime._handshake import HandshakeRules
from asynction.runtime._injection.dependencies import Override, closing, own_code, resolved
from asynction.runtime._injection.hooks import HookPlans
from asynction.runtime._injection.plan import NO_VALUES, Plan
from asynction.runtime._schemas import EventSchemas, checked_ack, checked_args, pack, payload_fault
from asynction.security import Guard, Identity, Request, authenticate, authorize, recognise

T = TypeVar("T")
Function: TypeAlias = Callable[..., object]
Args: TypeAlias = "tuple[object, ...]"
Flow: TypeAlias = "Generator[tuple[Function, Args], object, Args]"
Response: TypeAlias = "Generator[tuple[Function, Args], object, object]"
ExceptionHandlers: TypeAlias = "Mapping[type[BaseException], Plan]"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of an event: its name, what is done, and why it has its place."""

    name: str
    does: str
    reason: str


STEPS = (
    Step("find", "look up the endpoint", "an event that is not in the contract costs the lookup only"),
    Step(
        "middleware",
        "enter the middlewares, the outermost first",
        "they see every event that has a handler, also one that a later step refuses",
    ),
    Step(
        "args",
        "refuse a client that is not accepted yet (401), then check the args against the schema (400)",
        "no hook, dependency or handler sees args that break the contract",
    ),
    Step(
        "data check",
        "ask the `data_check` hook",
        "it completes the schema, and refuses as the schema does (400)",
    ),
    Step(
        "security",
        "check that the client's credentials are those that the event demands (403)",
        "the hooks that follow may look up data, which only a client that may send the event can cause",
    ),
    Step(
        "hooks",
        "ask the `access` hook (403), then `hydrate`",
        "`access` decides before `hydrate` makes the handler's value, which may be costly",
    ),
    Step(
        "dependencies",
        "call what the handler depends on",
        "they may open what must be closed, so all that refuses the client comes before",
    ),
    Step("handler", "call the handler", "it gets only what has passed all checks"),
    Step(
        "ack",
        "shape what the handler returned, by the `dehydrate` hook if there is one, and check it (500)",
        "a client never gets an ack that breaks the contract",
    ),
)
"""What happens to a received event, in this order; tests/runtime/test_steps.py checks it.

A step that raises is the last: the exception handlers answer, and without one the error becomes an error
ack. Middlewares are left after the ack has been checked, innermost first; what they return is checked
again. Dependencies are closed at the end: by async servers after the ack has been sent, by Flask just before.
"""


class Around(Protocol):
    """A middleware that is a flow itself, and so needs not know whether calls are awaited."""

    def around(self, context: Context, rest: Callable[[Context], Response]) -> Response:
        """Handle an event; `rest` is what is further inside."""


Middleware: TypeAlias = "Around | Function"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An event that the server receives, bound to its handler.

    `middlewares` has the outermost first, `catches` the exception handlers, the nearest first; `hooks`
    is None where there are none. One that has nothing but args, a handler and an ack `is_brief`.
    """

    schemas: EventSchemas
    plan: Plan
    guards: Mapping[str, Guard] = field(default_factory=dict)
    middlewares: tuple[Middleware, ...] = ()
    exception_handlers: tuple[ExceptionHandlers, ...] = ()
    hooks: HookPlans | None = None
    is_brief: bool = field(init=False)

    def __post_init__(self) -> None:
        more = self.middlewares or self.hooks or self.plan.dependencies or self.schemas.event.security
        object.__setattr__(self, "is_brief", not more)


@dataclass(frozen=True, slots=True)
class Failure:
    """What to do with an exception: whom to ask for an answer, or whether to let it through.

    Of `catches` the first that has a class of the exception's is asked, before `handler`.
    """

    handler: Function | None = None
    propagate: bool = False
    exception_handlers: tuple[ExceptionHandlers, ...] = ()

    def without_propagation(self) -> Failure:
        """Return the same, but for an answer in any case."""
        return replace(self, propagate=False)

    def plan_for(self, error: Exception) -> Plan | None:
        """The nearest exception handler there is, for the most special of an exception's classes."""
        for exception_handlers in self.exception_handlers:
            for kind in type(error).__mro__:
                if kind in exception_handlers:
                    return exception_handlers[kind]
        return None


class FlowMiddleware:
    """A middleware that handles an event by itself, as a flow: an adapter's own events are bound by it.

    The flow decides about a client that is not accepted yet, unless the event demands credentials.
    """

    def __init__(
        self, flow: Callable[[Context], Response], schemas: EventSchemas, guards: Mapping[str, Guard]
    ) -> None:
        self._flow = flow
        self._schemas = schemas
        self._guards = guards

    def around(self, context: Context, rest: Callable[[Context], Response]) -> Response:
        """Check the args and the credentials, and handle the event; `rest` is not called."""
        demanded = self._schemas.event.security
        identity = context.identity if demanded else NOBODY
        if identity is None:
            raise SecurityException
        checked_args(self._schemas, context.args)
        yield from authorize(demanded, self._guards, identity)
        return (yield from self._flow(context))


@dataclass(slots=True)
class Settings:
    """How flows run on one server; `failure` is asked about each exception, when it comes."""

    driver: Callable[[Response], object]
    failure: Callable[[Context, tuple[ExceptionHandlers, ...]], Failure]
    override: Override | None = None


def receive(endpoint: Endpoint, context: Context, settings: Settings) -> Flow:
    """Handle an event; whatever happens, return the args of an acknowledgement."""
    is_own_code = False
    try:
        if endpoint.is_brief:  # written out: one generator less saves a tenth of the time of an event
            _check(endpoint, context)
            call = endpoint.plan.call(context)
            is_own_code = True
            value = yield call
            is_own_code = False
            value = plain(value) if endpoint.plan.shape is None else endpoint.plan.shape(value)
        elif endpoint.middlewares:
            value = plain((yield from _through(endpoint.middlewares, endpoint, settings, context)))
        else:
            value = yield from _handled(endpoint, settings, context)
        return checked_ack(endpoint.schemas, value)
    except Exception as error:
        if is_own_code:
            own_fault(error)
        failure = settings.failure(context, endpoint.exception_handlers)
        return (yield from handle_failure(error, failure, context))


def _through(
    chain: tuple[Middleware, ...], endpoint: Endpoint, settings: Settings, context: Context
) -> Response:
    if not chain:
        value = yield from _handled(endpoint, settings, context)
        checked_ack(endpoint.schemas, value)  # what middleware makes of it is checked again
        return value
    first = chain[0]
    rest = partial(_through, chain[1:], endpoint, settings)
    if hasattr(first, "around"):
        return (yield from first.around(context, rest))
    call_next = partial(_driven, settings.driver, rest)
    return (yield first, (context, call_next))


def _driven(
    driver: Callable[[Response], object], rest: Callable[[Context], Response], context: Context
) -> object:
    return driver(rest(context))


def _check(endpoint: Endpoint, context: Context) -> Identity:
    """Check the args of an event against its schema, else its handler; return who sent it."""
    if context.identity is None:  # the client has not been accepted yet
        raise SecurityException
    validator = endpoint.schemas.args
    if validator is not None:
        if violations := validator.check(context.args, context.json_args):
            raise payload_fault(endpoint.schemas, violations)
    elif endpoint.hooks is None and not endpoint.plan.takes(len(context.args)):
        raise PayloadValidationException(f"the handler does not take {len(context.args)} args")
    return context.identity


def _handled(endpoint: Endpoint, settings: Settings, context: Context) -> Response:
    """Take the steps from "args" to "handler", and return what acknowledges the event."""
    identity = _check(endpoint, context)
    schemas, plan, hooks = endpoint.schemas, endpoint.plan, endpoint.hooks
    hooked = None if hooks is None else _Hooked(hooks, schemas, plan, context, settings.override)
    if hooked is not None:
        yield from hooked.check_data()
    if schemas.event.security:
        yield from authorize(schemas.event.security, endpoint.guards, identity)
    if hooked is not None:
        plan, context = yield from hooked.prepared()
    result = yield from invoke(plan, context, settings.override)
    if hooked is not None:
        return (yield from hooked.finished(result))
    return plain(result) if plan.shape is None else plan.shape(result)


class _Hooked:
    """One event of which hooks decide: whether it is handled, what the handler is given, what comes of it."""

    def __init__(
        self, hooks: HookPlans, schemas: EventSchemas, plan: Plan, context: Context, override: Override | None
    ) -> None:
        self.hooks, self.schemas, self.plan, self.context, self.override = (
            hooks,
            schemas,
            plan,
            context,
            override,
        )
        self.message = _message(context, schemas)
        self.connection = context if context.connection is None else context.connection
        self.local: dict[str, object] = {}

    def _ask(self, hook: Plan, *args: object) -> Response:
        return (yield from invoke(hook, self.context.replace(args=args), self.override))

    def check_data(self) -> Response:
        """Ask the data check; raises PayloadValidationException where it refuses."""
        hook = self.hooks.data_check
        if hook is not None and not (yield from self._ask(hook, self.message, self.local)):
            event, namespace = self.schemas.event.name, self.schemas.namespace
            raise PayloadValidationException(f"payload of `{event}` in `{namespace}`: its data check fails")
        return None

    def prepared(self) -> Generator[tuple[Function, Args], object, tuple[Plan, Context]]:
        """Ask who may do this, and find what the handler is given; raises SecurityException."""
        hooks, context = self.hooks, self.context
        if hooks.access is not None:
            access = yield from self._ask(hooks.access, self.connection, self.message, self.local)
            if not access:
                raise SecurityException(403)
        if hooks.hydrate is not None:
            value = yield from self._ask(hooks.hydrate, self.connection, self.message)
        elif hooks.takes_local:
            value = self.local
        elif "value" in self.local:
            value = self.local["value"]
        else:
            return self._unchanged(context)
        if hooks.given is None:
            raise TypeError(f"the handler of `{context.event}` takes no single value, which its hooks give")
        return hooks.given, context.replace(args=(value,))

    def _unchanged(self, context: Context) -> tuple[Plan, Context]:
        style = self.hooks.style
        if style is not None:
            context = context.replace(args=style.arguments(self.connection, self.message))
        if not self.plan.takes(len(context.args)) and (style is not None or self.schemas.args is None):
            error = TypeError if style is not None else PayloadValidationException
            raise error(f"the handler does not take {len(context.args)} args")
        return self.plan, context

    def finished(self, result: object) -> Response:
        """Make what acknowledges the event of what the handler returned."""
        hooks, style = self.hooks, self.hooks.style
        answer = style.reply(result) if style is not None else None
        if answer is not None and not answer.is_success:
            return Ack(_plain_args(answer), answer.status, answer.headers)
        value = result if answer is None else answer[0]
        if hooks.dehydrate is not None:
            value = plain((yield from self._ask(hooks.dehydrate, value)))
        elif self.plan.shape is None or style is not None:
            value = plain(value)
        else:
            value = self.plan.shape(value)
        if answer is None:
            return value
        if isinstance(value, list) and self.schemas.ack is not None and self.schemas.ack.is_tuple:
            value = tuple(value)
        return Ack(pack(value, self.schemas.ack), answer.status, answer.headers)


def _plain_args(args: Args) -> Args:
    return tuple([plain(one) for one in args])


def _message(context: Context, schemas: EventSchemas) -> MessageData:
    """The message that the wire has, else one of the args: a tuple of them is a list."""
    message, args = context.message, context.args
    if message is not None and not context.has_new_args:
        return message
    alone = len(args) == 1 and not (schemas.args is not None and schemas.args.is_tuple)
    payload = args[0] if alone else list(args) or None
    return replace(message or MessageData(None, context.event, {}, None), payload=payload)


def client_ack(schemas: EventSchemas, callback: Function, args: Args) -> Flow:
    """Check how a client acknowledged an event, and call the callback."""
    checked_ack(schemas, args)
    yield from own_code((callback, args))
    return ()


@dataclass(frozen=True, slots=True)
class ConnectionPolicy:
    """What a client must bring to connect to a namespace, and the handler that is told of it.

    Args:
        handshake: what the query, the headers and the `auth` payload must be (`bindings.ws`, `x-auth`).
        required: the alternatives of credentials that the namespace demands.
        guards: the functions to ask, by security scheme.
        offered: schemes that events demand, which a client may show when it connects.
        plan: the connect handler.
        accept: called with the identity of the client before the connect handler is.
    """

    handshake: HandshakeRules | None = None
    required: Requirements = ()
    guards: Mapping[str, Guard] = field(default_factory=dict)
    offered: tuple[str, ...] = ()
    plan: Plan | None = None
    accept: Callable[[Identity], None] | None = None


def connect(
    policy: ConnectionPolicy, request: Request, context: Context, override: Override | None = None
) -> Response:
    """Decide whether a client may connect; return what the connect handler returns.

    `context` gets the identity. Raises BindingsValidationException for the handshake, SecurityException for
    the credentials, and what the connect handler raises.
    """
    if policy.handshake is not None:
        policy.handshake.check(request)
    identity = yield from identify(policy, request)
    context.identity, context.auth, context.args = identity, request.auth, (request.auth,)
    if policy.accept is not None:
        policy.accept(identity)
    return None if policy.plan is None else (yield from invoke(policy.plan, context, override))


def identify(
    policy: ConnectionPolicy, request: Request
) -> Generator[tuple[Function, Args], object, Identity]:
    """Return who sends a request, as far as `policy` asks; raise SecurityException where it refuses."""
    identity = NOBODY
    if policy.required:
        identity = yield from authenticate(policy.required, policy.guards, request)
    if policy.offered:
        identity = yield from recognise(policy.offered, policy.guards, request, identity)
    return identity


def invoke(plan: Plan, context: Context, override: Override | None = None) -> Response:
    """Call a function with what it asks for, its dependencies first; return its result."""
    values = (yield from resolved(plan.dependencies, context, override)) if plan.dependencies else NO_VALUES
    return (yield from own_code(plan.call(context, values)))


def with_error_ack(flow: Flow, failure: Callable[[], Failure], context: Context) -> Flow:
    """Run `flow` so that it always ends in an answer: its own, an error handler's or an error ack."""
    try:
        return (yield from flow)
    except Exception as error:
        return (yield from handle_failure(error, failure(), context))


def handle_failure(error: Exception, failure: Failure, context: Context) -> Flow:
    """Find the answer to an exception; raises it where `failure` says so."""
    context.error = error
    try:
        answer = _answer(error, failure, context)
        result = None if answer is None else plain((yield from answer))
    except Exception as second:
        if failure.propagate:
            raise
        log_failure(second, context.namespace, context.event)
        return error_ack(second)
    if result is not None:
        return result if isinstance(result, tuple) else (result,)
    if answer is None and failure.propagate:
        raise error
    log_failure(error, context.namespace, context.event)
    return error_ack(error)


def _answer(error: Exception, failure: Failure, context: Context) -> Response | None:
    """The flow that asks whoever is to answer an exception."""
    plan = failure.plan_for(error)
    if plan is not None:
        return invoke(plan, context.replace(args=(error,)))
    return _called(failure.handler, error) if failure.handler is not None else None


def _called(handler: Function, error: Exception) -> Response:
    return (yield handler, (error,))


def drive(flow: Generator[tuple[Function, Args], object, T]) -> T:
    """Run a flow to its end, each call directly."""
    try:
        function, args = next(flow)
        while True:
            try:
                result = function(*args)
            except Exception as error:
                function, args = flow.throw(error)
            else:
                function, args = flow.send(result)
    except StopIteration as stop:
        value: T = stop.value
        return value
    except BaseException:
        flow.close()
        raise


async def adrive(flow: Generator[tuple[Function, Args], object, T]) -> T:
    """Run a flow to its end, awaiting what calls return where it can be awaited."""
    try:
        function, args = next(flow)
        while True:
            try:
                result = function(*args)
                if hasattr(result, "__await__"):
                    result = await cast("Awaitable[object]", result)
            except Exception as error:
                function, args = flow.throw(error)
            else:
                function, args = flow.send(result)
    except StopIteration as stop:
        value: T = stop.value
        return value
    except BaseException:
        flow.close()
        raise


def run(flow: Generator[tuple[Function, Args], object, T], context: Context) -> T:
    """Run a flow to its end, then close the dependencies that it opened."""
    try:
        return drive(flow)
    finally:
        if context.open_dependencies:
            drive(closing(context))


async def arun(flow: Generator[tuple[Function, Args], object, T], context: Context) -> T:
    """Run a flow to its end, then close the dependencies that it opened, also where it is cancelled."""
    try:
        return await adrive(flow)
    except BaseException as error:
        if not isinstance(error, Exception):  # its task is cancelled: dependencies see that
            context.error = error
        raise
    finally:
        if context.open_dependencies:
            await adrive(closing(context))
