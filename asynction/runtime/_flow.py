"""What happens to one received event, the same on every wire, decided without doing any I/O.

A flow is a generator. It yields each call to make as `(function, args)` and receives what the call
returned, or has thrown in what it raised; its own return value is the args of the acknowledgement.
Who drives it decides whether calls are awaited.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TypeAlias

from asynction.exceptions import AsynctionException, PayloadValidationException
from asynction.runtime._answers import error_ack, log_failure, own_fault
from asynction.runtime._handshake import HandshakeRules, Request
from asynction.runtime._rules import Rules, checked_ack, checked_args

Function: TypeAlias = Callable[..., object]
Args: TypeAlias = "tuple[object, ...]"
Flow: TypeAlias = "Generator[tuple[Function, Args], object, Args]"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An event that the server receives, bound to its handler, which takes `least` to `most` args."""

    rules: Rules
    handler: Function
    least: int = 0
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """What to do with an exception: whom to ask for an answer, or whether to let it through."""

    handler: Function | None = None
    propagate: bool = False


def receive(endpoint: Endpoint, args: Args, *, strict_json: bool) -> Flow:
    """Check the args, call the handler, check the acknowledgement."""
    if endpoint.rules.args is not None:
        checked_args(endpoint.rules, args, strict_json=strict_json)
    elif len(args) < endpoint.least or (endpoint.most is not None and len(args) > endpoint.most):
        raise PayloadValidationException(f"the handler does not take {len(args)} args")
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


def connection(
    handshake: HandshakeRules | None, request: Request, handler: Function | None, args: Args
) -> Flow:
    """Decide whether a client may connect; the connect handler's answer is in the result.

    Raises whatever stands against it.
    """
    if handshake is not None:
        handshake.check(request)
    if handler is None:
        return ()
    try:
        return ((yield handler, args),)
    except AsynctionException as error:
        raise own_fault(error)  # noqa: B904 - it is the same exception


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


def drive(flow: Flow) -> Args:
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
        value: Args = stop.value
        return value
