"""What happens to one received event, the same on every wire, decided without doing any I/O.

A flow is a generator. It yields each call to make as `(function, args)` and receives what the call
returned, or has thrown in what it raised; its own return value is the args of the acknowledgement.
Who drives it decides whether calls are awaited.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeAlias, TypeVar

from asynction.contract import Requirements
from asynction.exceptions import AsynctionException, PayloadValidationException, SecurityException
from asynction.runtime._answers import error_ack, log_failure, own_fault
from asynction.runtime._handshake import HandshakeRules
from asynction.runtime._rules import Rules, checked_ack, checked_args
from asynction.security import Guard, Identity, Request, authenticate, authorize, recognise

T = TypeVar("T")
Function: TypeAlias = Callable[..., object]
Args: TypeAlias = "tuple[object, ...]"
Flow: TypeAlias = "Generator[tuple[Function, Args], object, Args]"


NOBODY = Identity()
"""Who sends an event on a connection that needed no credentials."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An event that the server receives, bound to its handler, which takes `least` to `most` args."""

    rules: Rules
    handler: Function
    least: int = 0
    most: int | None = None
    keywords: Mapping[str, str] = field(default_factory=dict)
    guards: Mapping[str, Guard] = field(default_factory=dict)

    def with_parameters(self, values: Mapping[str, object]) -> Endpoint:
        """The same endpoint, its handler given what it asks for of its namespace's parameters."""
        return replace(self, handler=bound(self.handler, self.keywords, values), keywords={})


@dataclass(frozen=True, slots=True)
class Occasion:
    """The handler of a connection or its end, which takes none or one arg, and parameters by keyword."""

    handler: Function
    takes: int
    keywords: Mapping[str, str] = field(default_factory=dict)


def bound(handler: Function, names: Mapping[str, str], values: Mapping[str, object]) -> Function:
    """Give `handler` the parameters of its namespace, by the keyword that it has for each."""
    given = {keyword: values[name] for keyword, name in names.items() if name in values}
    return partial(handler, **given) if given else handler


def told(identity: Identity, parameters: Mapping[str, object]) -> Mapping[str, object]:
    """What the handler of an occasion may ask for by name; a parameter goes before what we add."""
    return {"user": identity.user, "token_info": identity.token_info, **parameters}


@dataclass(frozen=True, slots=True)
class Failure:
    """What to do with an exception: whom to ask for an answer, or whether to let it through."""

    handler: Function | None = None
    propagate: bool = False


def receive(endpoint: Endpoint, args: Args, *, strict_json: bool, identity: Identity | None = NOBODY) -> Flow:
    """Check the args and who sends them, call the handler, check the acknowledgement.

    `identity` is None for a client that has not been let in yet.
    """
    if identity is None:
        raise SecurityException
    if endpoint.rules.args is not None:
        checked_args(endpoint.rules, args, strict_json=strict_json)
    elif len(args) < endpoint.least or (endpoint.most is not None and len(args) > endpoint.most):
        raise PayloadValidationException(f"the handler does not take {len(args)} args")
    if endpoint.rules.event.security:
        yield from authorize(endpoint.rules.event.security, endpoint.guards, identity)
    try:
        result = yield endpoint.handler, args
    except AsynctionException as error:
        raise own_fault(error)  # noqa: B904 - it is the same exception
    return checked_ack(endpoint.rules, result)


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
    occasion: Occasion | None = None
    admit: Function | None = None


def connection(
    entrance: Entrance, request: Request, parameters: Mapping[str, object]
) -> Generator[tuple[Function, Args], object, tuple[Identity, object]]:
    """Decide whether a client may connect; return who it is, and what the connect handler says.

    `entrance.admit` is told who it is before the handler hears of it. Raises whatever stands
    against the connection.
    """
    if entrance.handshake is not None:
        entrance.handshake.check(request)
    identity = NOBODY
    if entrance.required:
        identity = yield from authenticate(entrance.required, entrance.guards, request)
    if entrance.offered:
        identity = yield from recognise(entrance.offered, entrance.guards, request, identity)
    if entrance.admit is not None:
        yield entrance.admit, (identity,)
    occasion = entrance.occasion
    if occasion is None:
        return identity, None
    values = told(identity, parameters)
    try:
        answer = yield bound(occasion.handler, occasion.keywords, values), (request.auth,)[: occasion.takes]
    except AsynctionException as error:
        raise own_fault(error)  # noqa: B904 - it is the same exception
    return identity, answer


def answered(flow: Flow, failure: Callable[[], Failure], namespace: str, event: str) -> Flow:
    """Run `flow` so that it always ends in an answer: its own, the error handler's or an error ack."""
    try:
        return (yield from flow)
    except Exception as error:
        return (yield from failed(error, failure(), namespace, event))


def failed(error: Exception, failure: Failure, namespace: str, event: str) -> Flow:
    """Find the answer to an exception; raises it where `failure` says so."""
    if failure.handler is None:
        if failure.propagate:
            raise error
    else:
        try:
            result = yield failure.handler, (error,)
        except Exception as second:
            if failure.propagate:
                raise
            log_failure(second, namespace, event)
            return error_ack(second)
        if result is not None:
            return result if isinstance(result, tuple) else (result,)
    log_failure(error, namespace, event)
    return error_ack(error)


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
