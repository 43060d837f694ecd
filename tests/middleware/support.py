"""Runs middleware without a server: with a context, a handler and both drivers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator, Mapping
from functools import partial
from typing import Any, Protocol, TypeVar

from asynction.contract import Event
from asynction.runtime import drive
from asynction.runtime._context import Context
from asynction.runtime._flow import Response
from asynction.security import Identity

T = TypeVar("T")


class Around(Protocol):
    def around(self, context: Context, rest: Callable[[Context], Response]) -> Response: ...


def context(
    *args: object,
    event: str = "message",
    namespace: str = "/rooms/42",
    pattern: str = "/rooms/{id}",
    sid: str | None = "sid1",
    user: str | None = None,
    known: bool = True,
    environ: Mapping[str, Any] | None = None,
) -> Context:
    made = Context("server", namespace, event, sid, args, environ=lambda *_: environ or {})
    made.contract = Event(event) if known else None
    made.pattern = pattern
    if user is not None:
        made.identity = Identity({"bearer": {"sub": user}})
    return made


def chain(handler: Callable[..., object], *middlewares: Around) -> Callable[[Context], Response]:
    """Return the flow of a context: `middlewares`, the outermost first, around `handler`."""

    def innermost(context: Context) -> Response:
        return (yield handler, context.args)

    rest: Callable[[Context], Response] = innermost
    for middleware in reversed(middlewares):
        rest = partial(middleware.around, rest=rest)
    return rest


async def adriven(flow: Generator[tuple[Callable[..., object], tuple[object, ...]], object, T]) -> T:
    """Run a flow as the async server does; a cancellation is also raised in the flow."""
    try:
        function, args = next(flow)
        while True:
            try:
                result = function(*args)
                if isinstance(result, Awaitable):
                    result = await result
            except BaseException as error:
                function, args = flow.throw(error)
            else:
                function, args = flow.send(result)
    except StopIteration as stop:
        value: T = stop.value
        return value


def run(handler: Callable[..., object], given: Context, *middlewares: Around) -> object:
    return drive(chain(handler, *middlewares)(given))


def arun(handler: Callable[..., object], given: Context, *middlewares: Around) -> object:
    return asyncio.run(adriven(chain(handler, *middlewares)(given)))


BOTH = (run, arun)
