"""What happens to one received event, the same on every wire, decided without doing any I/O.

A flow is a generator. It yields each call to make as `(function, args)` and receives what the call
returned, or has thrown in what it raised; its own return value is the args of the acknowledgement.
Who drives it decides whether calls are awaited.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol, TypeAlias, TypeVar, cast

from asynction.contract import Requirements
from asynction.exceptions import AsynctionException, PayloadValidationException, SecurityException
from asynction.runtime._answers import error_ack, log_failure, own_fault
from asynction.runtime._context import NOBODY, Context
from asynction.runtime._dependencies import Override, resolved
from asynction.runtime._handshake import HandshakeRules
from asynction.runtime._models import plain
from asynction.runtime._plan import NO_VALUES, Plan
from asynction.runtime._rules import Rules, checked_ack, checked_args
from asynction.security import Guard, Identity, Request, authenticate, authorize, recognise

T = TypeVar("T")
Function: TypeAlias = Callable[..., object]
Args: TypeAlias = "tuple[object, ...]"
Flow: TypeAlias = "Generator[tuple[Function, Args], object, Args]"
Response: TypeAlias = "Generator[tuple[Function, Args], object, object]"
Catches: TypeAlias = "Mapping[type[BaseException], Plan]"


class Around(Protocol):
    """A middleware that is a flow itself, and so needs not know whether calls are awaited."""

    def around(self, context: Context, rest: Callable[[Context], Response]) -> Response:
        """Handle an event; `rest` is what is further inside."""


Middleware: TypeAlias = "Around | Function"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An event that the server receives, bound to its handler.

    `middlewares` has the outermost first, `catches` the exception handlers, the nearest first.
    """

    rules: Rules
    plan: Plan
    guards: Mapping[str, Guard] = field(default_factory=dict)
    middlewares: tuple[Middleware, ...] = ()
    catches: tuple[Catches, ...] = ()


@dataclass(frozen=True, slots=True)
class Failure:
    """What to do with an exception: whom to ask for an answer, or whether to let it through.

    Of `catches` the first that has a class of the exception's is asked, before `handler`.
    """

    handler: Function | None = None
    propagate: bool = False
    catches: tuple[Catches, ...] = ()

    def plan_for(self, error: Exception) -> Plan | None:
        """The nearest exception handler there is, for the most special of an exception's classes."""
        for catches in self.catches:
            for kind in type(error).__mro__:
                if kind in catches:
                    return catches[kind]
        return None


@dataclass(slots=True)
class Settings:
    """How flows run on one server; `failure` is asked about each exception, when it comes."""

    driver: Callable[[Response], object]
    failure: Callable[[Context, tuple[Catches, ...]], Failure]
    strict_json: bool = False
    override: Override | None = None


def receive(endpoint: Endpoint, context: Context, settings: Settings) -> Flow:
    """Handle an event; whatever happens, this ends in the args of an acknowledgement."""
    try:
        if endpoint.middlewares:
            value = plain((yield from _through(endpoint.middlewares, endpoint, settings, context)))
        else:
            value = yield from _handled(endpoint, settings, context)
        return checked_ack(endpoint.rules, value)
    except Exception as error:
        return (yield from failed(error, settings.failure(context, endpoint.catches), context))


def _through(
    chain: tuple[Middleware, ...], endpoint: Endpoint, settings: Settings, context: Context
) -> Response:
    if not chain:
        value = yield from _handled(endpoint, settings, context)
        checked_ack(endpoint.rules, value)  # what middleware makes of it is checked again
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


def _handled(endpoint: Endpoint, settings: Settings, context: Context) -> Response:
    """Check the args and who sends them, call the handler, and return what acknowledges the event."""
    rules, plan = endpoint.rules, endpoint.plan
    if context.identity is None:  # it has not been let in yet
        raise SecurityException
    if rules.args is not None:
        checked_args(rules, context.args, strict_json=settings.strict_json and context.from_wire)
    elif len(context.args) < plan.least or (plan.most is not None and len(context.args) > plan.most):
        raise PayloadValidationException(f"the handler does not take {len(context.args)} args")
    if rules.event.security:
        yield from authorize(rules.event.security, endpoint.guards, context.identity)
    values = (yield from resolved(plan.needs, context, settings.override)) if plan.needs else NO_VALUES
    call = plan.call(context, values)
    try:
        result = yield call
    except AsynctionException as error:
        raise own_fault(error)  # noqa: B904 - it is the same exception
    return plain(result) if plan.shape is None else plan.shape(result)


def acknowledged(rules: Rules, callback: Function, args: Args) -> Flow:
    """Check how a client acknowledged an event, and tell the callback."""
    checked_ack(rules, args)
    try:
        yield callback, args
    except AsynctionException as error:
        raise own_fault(error)  # noqa: B904 - it is the same exception
    return ()


@dataclass(frozen=True, slots=True)
class Entrance:
    """What stands between a client and a namespace, and the handler that hears of who came in."""

    handshake: HandshakeRules | None = None
    required: Requirements = ()
    guards: Mapping[str, Guard] = field(default_factory=dict)
    offered: tuple[str, ...] = ()
    plan: Plan | None = None
    admit: Callable[[Identity], None] | None = None


def connection(
    entrance: Entrance, request: Request, context: Context, override: Override | None = None
) -> Response:
    """Decide whether a client may connect; return what the connect handler says.

    `context` learns who it is, and `entrance.admit` is told before the handler hears of it. Raises
    whatever stands against the connection.
    """
    if entrance.handshake is not None:
        entrance.handshake.check(request)
    identity = NOBODY
    if entrance.required:
        identity = yield from authenticate(entrance.required, entrance.guards, request)
    if entrance.offered:
        identity = yield from recognise(entrance.offered, entrance.guards, request, identity)
    context.identity, context.auth, context.args = identity, request.auth, (request.auth,)
    if entrance.admit is not None:
        entrance.admit(identity)
    return None if entrance.plan is None else (yield from told(entrance.plan, context, override))


def told(plan: Plan, context: Context, override: Override | None = None) -> Response:
    """Call the handler of a connection, or of its end."""
    values = (yield from resolved(plan.needs, context, override)) if plan.needs else NO_VALUES
    call = plan.call(context, values)
    try:
        return (yield call)
    except AsynctionException as error:
        raise own_fault(error)  # noqa: B904 - it is the same exception


def answered(flow: Flow, failure: Callable[[], Failure], context: Context) -> Flow:
    """Run `flow` so that it always ends in an answer: its own, an error handler's or an error ack."""
    try:
        return (yield from flow)
    except Exception as error:
        return (yield from failed(error, failure(), context))


def failed(error: Exception, failure: Failure, context: Context) -> Flow:
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
    made = failure.plan_for(error)
    if made is not None:
        return told(made, context.replace(args=(error,)))
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
