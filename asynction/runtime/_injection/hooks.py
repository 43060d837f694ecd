"""Hooks, bound: what goes around the handler of an event, on whatever wire."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from asynction.runtime._context import MessageData
from asynction.runtime._errors import Ack
from asynction.runtime._injection.plan import Plan


@dataclass(frozen=True, slots=True)
class HandlerStyle:
    """How a wire calls handlers of a kind of its own, and reads what they return.

    They take what `arguments` makes of the connection and the message: `count` values. `reply` raises
    for what is no result.
    """

    count: int
    arguments: Callable[[object, MessageData], tuple[object, ...]]
    reply: Callable[[object], Ack]


@dataclass(frozen=True, slots=True, eq=False)
class HookPlans:
    """The hooks of one event; `given` is its handler where that takes one value, which hooks make.

    `takes_local` says that this is all that the checks keep: the parameter is named `local`.
    """

    data_check: Plan | None = None
    access: Plan | None = None
    hydrate: Plan | None = None
    dehydrate: Plan | None = None
    given: Plan | None = None
    style: HandlerStyle | None = None
    takes_local: bool = False
