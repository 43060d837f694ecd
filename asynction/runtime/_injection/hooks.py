"""The bound hooks of an event, and how a wire calls handlers in a style of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from asynction.runtime._context import MessageData
from asynction.runtime._errors import Ack
from asynction.runtime._injection.plan import Plan


@dataclass(frozen=True, slots=True)
class HandlerStyle:
    """How a wire calls handlers in a style of its own.

    Args:
        count: the number of arguments.
        arguments: returns the arguments for a connection and a message.
        reply: converts a handler's result to an ack; raises for an invalid result.
    """

    count: int
    arguments: Callable[[object, MessageData], tuple[object, ...]]
    reply: Callable[[object], Ack]


@dataclass(frozen=True, slots=True, eq=False)
class HookPlans:
    """The hooks of one event, bound.

    `given` is the plan of the handler if it takes one value from the hooks, else None. `takes_local` says
    that this value is the whole dict `local`, as the parameter has that name.
    """

    data_check: Plan | None = None
    access: Plan | None = None
    hydrate: Plan | None = None
    dehydrate: Plan | None = None
    given: Plan | None = None
    style: HandlerStyle | None = None
    takes_local: bool = False
