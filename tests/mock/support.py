"""Scripts of mocks, run step by step with a clock that only the mock moves."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from asynction.document import load
from asynction.exceptions import EventException
from asynction.mock._behaviour import Behaviour
from asynction.mock._script import Key, Script
from asynction.runtime import Args, Context, drive

IMPOSSIBLE = {"type": "string", "pattern": "^a$", "minLength": 2}
NEVER = 1e6
"""An interval that never ends during a test."""

Sent = tuple[float, str, str, Args]
"""The time, the namespace, the name and the args of an event that was sent."""


def script(spec: Any, **behaviour: Any) -> Script:
    """Return the script of a document."""
    return Script(load(spec), Behaviour(**behaviour))


def played(made: Script, event: str = "say", *args: object, namespace: str = "/") -> tuple[list[Args], Any]:
    """Return the actions of the mock for an event, and its ack, or its status if it is an error."""
    calls: list[Args] = []
    flow = made.play(
        Context(None, namespace, event, "sid", args),
        lambda seconds: calls.append(("sleep", seconds)),
        lambda sid, place: calls.append(("leave", sid, place)),
    )
    try:
        return calls, drive(flow)
    except EventException as error:
        return calls, error.status


def answers(made: Script, count: int, event: str = "say", *args: object) -> list[Any]:
    """Return the acks of several events."""
    return [played(made, event, *args)[1] for _ in range(count)]


class Stage:
    """A clock that only the mock's sleep moves, and the events that the mock sends."""

    def __init__(self, until: float) -> None:
        self.now = 0.0
        self.until = until
        self.sent: list[Sent] = []

    def sleep(self, seconds: float) -> None:
        """Move the clock."""
        self.now += seconds

    def emit(self, event: str, args: Args, namespace: str) -> None:
        """Store an event that is sent."""
        self.sent.append((self.now, namespace, event, args))

    def is_over(self) -> bool:
        """Return True after the given time."""
        return self.now > self.until


def sent(
    made: Script,
    until: float,
    keys: Iterable[Key] | None = None,
    namespaces_of: Callable[[str], Iterable[str]] = lambda name: [name],
) -> list[Sent]:
    """Return all events that a script sends in some seconds."""
    stage = Stage(until)
    wanted = made.sends if keys is None else keys
    drive(made.emissions(wanted, stage.emit, stage.sleep, namespaces_of, stage.is_over))
    return stage.sent
