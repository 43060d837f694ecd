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
from asynction.models import Dumps
from asynction.runtime._context import ANONYMOUS, Context, MessageData
from asynction.runtime._errors import (
    Ack,
    error_ack,
    is_refusal,
    log_failure,
    own_fault,
    permission_refusal,
    set_status,
    status_of,
)
from asynction.runtime._exits import as_exception
from asynction.runtime._handshake import HandshakeRules
from asynction.runtime._injection.dependencies import Override, closing, own_code, resolved
from asynction.runtime._injection.hooks import HookPlans
from asynction.runtime._injection.plan import NO_VALUES, Plan
from asynction.runtime._schemas import (
    EventSchemas,
    checked_ack,
    checked_args,
    pack,
    payload_fault,
    written_ack,
)
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
        "security",
        "refuse a client that is not accepted yet (401), or lacks what the event demands (403)",
        "what a client sends that may not send it costs nothing more",
    ),
    Step(
        "args",
        "check the args against the schema (400)",
        "no hook, dependency or handler sees args that break the contract",
    ),
    Step(
        "data check",
        "ask the `data_check` hook",
        "it completes the schema, and refuses as the schema does (400)",
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
"""The steps of a received event, in their order; tests/runtime/test_steps.py checks it.

A step that raises is the last: the exception handlers answer, and without one the error becomes an error
ack. Middlewares are left after the ack has been checked, innermost first; what they return is checked
again. Dependencies are closed at the end: by async servers after the ack has been sent, by Flask just before.
"""


class Around(Protocol):
    """A middleware that is a flow itself, so it works in sync and async servers."""

    def around(self, context: Context, rest: Callable[[Context], Response]) -> Response:
        """Handle an event; `rest` runs the inner middlewares and the handler."""


Middleware: TypeAlias = "Around | Function"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An event that the server receives, bound to its handler.

    `middlewares` has the outermost first, `exception_handlers` the nearest first. `is_brief` is True if the
    event has no middleware, hook, dependency or security: `receive` has a shorter path for these.
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
    """How to handle an exception: with a handler, with an error ack, or by raising it (`propagate`).

    The first of `exception_handlers` that has a handler for the exception's class decides, else `handler`.
    `dumps` writes what they return, see Settings.
    """

    handler: Plan | None = None
    propagate: bool = False
    exception_handlers: tuple[ExceptionHandlers, ...] = ()
    dumps: Dumps | None = None

    def without_propagation(self) -> Failure:
        """Return a copy that never raises."""
        return replace(self, propagate=False)

    def plan_for(self, error: Exception) -> Plan | None:
        """Return the nearest exception handler, for the most specific class, else `handler`."""
        for exception_handlers in self.exception_handlers:
            for kind in type(error).__mro__:
                if kind in exception_handlers:
                    return exception_handlers[kind]
        return self.handler


class FlowMiddleware:
    """A middleware that handles an event by itself, as a flow: adapters use it for their own events.

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
        identity = context.identity if demanded else ANONYMOUS
        if identity is None:
            raise SecurityException
        yield from authorize(demanded, self._guards, identity)
        checked_args(self._schemas, context.args)
        return (yield from self._flow(context))


@dataclass(slots=True)
class Settings:
    """How flows run on one server.

    Args:
        driver: runs a flow to its end.
        failure: returns how to handle an exception of an event.
        override: returns the replacement of a dependency in a test.
        dumps: the `dumps` of the user's JSON module, for what JSON lacks.
    """

    driver: Callable[[Response], object]
    failure: Callable[[Context, tuple[ExceptionHandlers, ...]], Failure]
    override: Override | None = None
    dumps: Dumps | None = None


def receive(endpoint: Endpoint, context: Context, settings: Settings) -> Flow:
    """Handle an event and return the args of its ack; an error becomes an error ack."""
    is_own_code = False
    try:
        if endpoint.is_brief:  # written out: one generator less saves a tenth of the time of an event
            _check(endpoint, context)
            call = endpoint.plan.call(context)
            is_own_code = True
            value = yield call
            is_own_code = False
            if endpoint.plan.shape is not None:
                value = endpoint.plan.shape(value)
        elif endpoint.middlewares:
            handle = partial(_handle_checked, endpoint, settings)
            chain, driver = endpoint.middlewares, settings.driver
            value = yield from run_middlewares(chain, handle, driver, context)
        else:
            value = yield from _handle(endpoint, settings, context)
        return written_ack(endpoint.schemas, value, settings.dumps)
    except Exception as error:
        if is_own_code:
            own_fault(error)
        failure = settings.failure(context, endpoint.exception_handlers)
        return (yield from handle_failure(error, failure, context, endpoint.plan.function))


def run_middlewares(
    chain: tuple[Middleware, ...],
    handle: Callable[[Context], Response],
    driver: Callable[[Response], object],
    context: Context,
) -> Response:
    """Run `handle` inside middlewares, the outermost first; return what the outermost returns."""
    if not chain:
        return (yield from handle(context))
    first = chain[0]
    rest = partial(run_middlewares, chain[1:], handle, driver)
    if hasattr(first, "around"):
        return (yield from first.around(context, rest))
    # A function cannot yield to our driver: it gets a `call_next` that starts a driver of its own.
    call_next = partial(_call_next, driver, rest)
    return (yield first, (context, call_next))


def _handle_checked(endpoint: Endpoint, settings: Settings, context: Context) -> Response:
    value = yield from _handle(endpoint, settings, context)
    # Written here so that middleware gets a valid ack, and again in `receive`, for what it returns.
    args = written_ack(endpoint.schemas, value, settings.dumps)
    return args if isinstance(value, tuple) else args[0] if args else None


def _call_next(
    driver: Callable[[Response], object], rest: Callable[[Context], Response], context: Context
) -> object:
    return driver(rest(context))


def _check(endpoint: Endpoint, context: Context) -> Identity:
    """Check the args of an event against its schema, else its handler's signature; return the sender."""
    if context.identity is None:  # `always_connect`: an event can arrive before authentication has ended
        raise SecurityException
    validator = endpoint.schemas.args
    if validator is not None:
        if violations := validator.check(context.args, context.json_args):
            raise payload_fault(endpoint.schemas, violations)
    elif endpoint.hooks is None and not endpoint.plan.takes(len(context.args)):
        raise PayloadValidationException(f"the handler does not take {len(context.args)} args")
    return context.identity


def _handle(endpoint: Endpoint, settings: Settings, context: Context) -> Response:
    """Run the steps from "security" to "handler", and return the value of the ack."""
    schemas, plan, hooks = endpoint.schemas, endpoint.plan, endpoint.hooks
    if schemas.event.security and context.identity is not None:
        yield from authorize(schemas.event.security, endpoint.guards, context.identity)
    _check(endpoint, context)
    hooked = None if hooks is None else _HookedEvent(hooks, schemas, plan, context, settings.override)
    if hooked is not None:
        yield from hooked.check_data()
        plan, context = yield from hooked.prepare()
    result = yield from invoke(plan, context, settings.override)
    if hooked is not None:
        return (yield from hooked.finish(result))
    return result if plan.shape is None else plan.shape(result)


class _HookedEvent:
    """An event with hooks: they may reject it, provide the handler's argument, and change its ack."""

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

    def _invoke(self, hook: Plan, *args: object) -> Response:
        try:
            return (yield from invoke(hook, self.context.replace(args=args), self.override))
        except PermissionError as error:
            raise permission_refusal(error)  # noqa: B904 - it is the same exception

    def check_data(self) -> Response:
        """Call `data_check`; raise PayloadValidationException if it returns a false value."""
        hook = self.hooks.data_check
        if hook is not None and not (yield from self._invoke(hook, self.message, self.local)):
            event, namespace = self.schemas.event.name, self.schemas.namespace
            raise PayloadValidationException(f"payload of `{event}` in `{namespace}`: its data check fails")
        return None

    def prepare(self) -> Generator[tuple[Function, Args], object, tuple[Plan, Context]]:
        """Call `access` and `hydrate`; return the plan and context for the handler.

        Raises SecurityException (403) if `access` returns a false value.
        """
        hooks, context = self.hooks, self.context
        if hooks.access is not None:
            access = yield from self._invoke(hooks.access, self.connection, self.message, self.local)
            if not access:
                raise SecurityException(403)
        if hooks.hydrate is not None:
            value = yield from self._invoke(hooks.hydrate, self.connection, self.message)
        elif hooks.takes_local:
            value = self.local
        elif "value" in self.local:
            value = self.local["value"]
        else:
            return self._unchanged(context)
        if hooks.given is None:
            raise TypeError(f"the handler of `{context.event}` must take one argument: the hooks provide it")
        return hooks.given, context.replace(args=(value,))

    def _unchanged(self, context: Context) -> tuple[Plan, Context]:
        style = self.hooks.style
        if style is not None:
            context = context.replace(args=style.arguments(self.connection, self.message))
        if not self.plan.takes(len(context.args)) and (style is not None or self.schemas.args is None):
            error = TypeError if style is not None else PayloadValidationException
            raise error(f"the handler does not take {len(context.args)} args")
        return self.plan, context

    def finish(self, result: object) -> Response:
        """Return the value of the ack for what the handler returned."""
        hooks, style = self.hooks, self.hooks.style
        answer = style.reply(result) if style is not None else None
        if answer is not None and not answer.is_success:
            return answer
        value = result if answer is None else answer[0]
        if hooks.dehydrate is not None:
            value = yield from self._invoke(hooks.dehydrate, value)
        elif self.plan.shape is not None and style is None:
            value = self.plan.shape(value)
        if answer is None:
            return value
        if isinstance(value, list) and self.schemas.ack is not None and self.schemas.ack.is_tuple:
            value = tuple(value)
        return Ack(pack(value, self.schemas.ack), answer.status, answer.headers)


def _message(context: Context, schemas: EventSchemas) -> MessageData:
    """Return the message of the wire, else a new one; several args become a list."""
    message, args = context.message, context.args
    if message is not None and not context.has_new_args:
        return message
    alone = len(args) == 1 and not (schemas.args is not None and schemas.args.is_tuple)
    payload = args[0] if alone else list(args) or None
    return replace(message or MessageData(None, context.event, {}, None), payload=payload)


def client_ack(schemas: EventSchemas, callback: Function, args: Args) -> Flow:
    """Check a client's acknowledgement of an event, and call the callback with it."""
    checked_ack(schemas, args)
    yield from own_code((callback, args))
    return ()


@dataclass(frozen=True, slots=True)
class ConnectionPolicy:
    """The checks of a client that connects to a namespace, and its connect handler.

    Args:
        handshake: the schemas of the query, the headers and the `auth` payload (`bindings.ws`, `x-auth`).
        required: the security requirements of the namespace; one of them must be met.
        guards: the security functions, by scheme.
        offered: schemes that only events require; their credentials are checked if the client sends them.
        plan: the connect handler.
        accept: called with the identity of the client before the connect handler is called.
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

    Args:
        policy: the checks, and the connect handler.
        request: the request that opened the connection.
        context: the context of the `connect` event; it gets the identity.
        override: returns the replacement of a dependency in a test.

    Raises:
        BindingsValidationException: the request breaks the handshake.
        SecurityException: the credentials are missing or invalid.
        Exception: whatever the connect handler raises.
    """
    if policy.handshake is not None:
        policy.handshake.check(request)
    identity = yield from identify(policy, request)
    if policy.handshake is not None:  # `auth` may be of any size, so it is checked for known clients only
        policy.handshake.check_auth(request)
    context.identity, context.auth, context.args = identity, request.auth, (request.auth,)
    if policy.accept is not None:
        # First: the connect handler may ask for `security_info`, and with `always_connect` events arrive
        # while it runs.
        policy.accept(identity)
    return None if policy.plan is None else (yield from invoke(policy.plan, context, override))


def identify(
    policy: ConnectionPolicy, request: Request
) -> Generator[tuple[Function, Args], object, Identity]:
    """Authenticate a request and return the client's identity; raise SecurityException if that fails."""
    identity = ANONYMOUS
    if policy.required:
        identity = yield from authenticate(policy.required, policy.guards, request)
    if policy.offered:
        identity = yield from recognise(policy.offered, policy.guards, request, identity)
    return identity


def invoke(plan: Plan, context: Context, override: Override | None = None) -> Response:
    """Call a function's dependencies, then the function; return its result."""
    values = (yield from resolved(plan.dependencies, context, override)) if plan.dependencies else NO_VALUES
    return (yield from own_code(plan.call(context, values)))


def with_error_ack(flow: Flow, failure: Callable[[], Failure], context: Context) -> Flow:
    """Run `flow` and return its ack; an exception becomes the ack of an error handler, or an error ack."""
    try:
        return (yield from flow)
    except Exception as error:
        return (yield from handle_failure(error, failure(), context))


def handle_failure(
    error: Exception, failure: Failure, context: Context, function: Function | None = None
) -> Flow:
    """Return the ack for an exception; raise it if no handler returns one and `failure.propagate` is set.

    `function` is the handler of the event, for the log.
    """
    context.error, status = error, status_of(error)
    try:
        answer = _error_handler_flow(error, failure, context)
        result = None if answer is None else (yield from answer)
        if result is not None:
            return written_ack(None, result, failure.dumps)
    except Exception as second:
        if failure.propagate:
            raise
        if is_refusal(second):  # the error handler translates the exception
            context.error = error = second
        elif second is error:  # it raises the exception again, which is not its fault
            set_status(error, status)
        # Of a handler that failed itself, only the log tells: the client learns what was wrong first.
        raised = None if second is error else second
        log_failure(error, context.namespace, context.event, raised, handler=function)
        return error_ack(error)
    if answer is None and failure.propagate:
        raise error
    log_failure(error, context.namespace, context.event, handler=function)
    return error_ack(error)


def _error_handler_flow(error: Exception, failure: Failure, context: Context) -> Response | None:
    """Return the flow of the handler for an exception, or None if there is no handler."""
    plan = failure.plan_for(error)
    return None if plan is None else invoke(plan, context.replace(args=(error,)))


def drive(flow: Generator[tuple[Function, Args], object, T], *, is_inner: bool = False) -> T:
    """Run a flow to its end, making each call directly.

    With `is_inner`, application code runs it, which gets what is no Exception unchanged: a `gevent.Timeout`
    may be its own.
    """
    try:
        function, args = next(flow)
        while True:
            try:
                result = function(*args)
            except Exception as error:
                function, args = flow.throw(error)
            except BaseException as error:
                if is_inner:
                    raise
                function, args = flow.throw(as_exception(error))
            else:
                function, args = flow.send(result)
    except StopIteration as stop:
        value: T = stop.value
        return value
    except BaseException:
        flow.close()
        raise


async def adrive(flow: Generator[tuple[Function, Args], object, T]) -> T:
    """Run a flow to its end, awaiting each result that is awaitable."""
    try:
        function, args = next(flow)
        while True:
            try:
                result = function(*args)
                if hasattr(result, "__await__"):
                    result = await cast("Awaitable[object]", result)
            except Exception as error:
                function, args = flow.throw(error)
            except BaseException as error:
                function, args = flow.throw(as_exception(error))
            else:
                function, args = flow.send(result)
    except StopIteration as stop:
        value: T = stop.value
        return value
    except BaseException:
        flow.close()
        raise


def run(flow: Generator[tuple[Function, Args], object, T], context: Context) -> T:
    """Run a flow to its end, then close the dependencies that it opened, also if its greenlet is killed."""
    try:
        return drive(flow)
    except BaseException as error:
        if not isinstance(error, Exception):  # as in `arun`
            context.error = error
        raise
    finally:
        if context.open_dependencies:
            drive(closing(context))


async def arun(flow: Generator[tuple[Function, Args], object, T], context: Context) -> T:
    """Run a flow to its end, then close the dependencies that it opened, also if it is cancelled."""
    try:
        return await adrive(flow)
    except BaseException as error:
        # The flow records an Exception itself; a CancelledError passes it by, and dependencies must see it.
        if not isinstance(error, Exception):
            context.error = error
        raise
    finally:
        if context.open_dependencies:
            await adrive(closing(context))
