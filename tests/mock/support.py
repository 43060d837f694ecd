"""Scripts of documents in a few words, played by hand against a clock that only the mock moves."""

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
"""An interval that no test lives to see the end of."""

Sent = tuple[float, str, str, Args]
"""When something was sent, to which namespace, its name and its args."""


def script(spec: Any, **behaviour: Any) -> Script:
    """The script of a document."""
    return Script(load(spec), Behaviour(**behaviour))


def played(made: Script, event: str = "say", *args: object, namespace: str = "/") -> tuple[list[Args], Any]:
    """What the mock does to answer an event, and the answer; its status where it is an error."""
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
    """The answers to so many events."""
    return [played(made, event, *args)[1] for _ in range(count)]


class Stage:
    """A clock that stands still but for the mock's sleep, and what the mock sends meanwhile."""

    def __init__(self, until: float) -> None:
        self.now = 0.0
        self.until = until
        self.sent: list[Sent] = []

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds

    def emit(self, event: str, args: Args, namespace: str) -> None:
        """Keep what is sent."""
        self.sent.append((self.now, namespace, event, args))

    def is_over(self) -> bool:
        """Whether the play has lasted long enough."""
        return self.now > self.until


def sent(
    made: Script,
    until: float,
    keys: Iterable[Key] | None = None,
    namespaces_of: Callable[[str], Iterable[str]] = lambda name: [name],
) -> list[Sent]:
    """All that a script sends in so many seconds."""
    stage = Stage(until)
    wanted = made.sends if keys is None else keys
    drive(made.emissions(wanted, stage.emit, stage.sleep, namespaces_of, stage.is_over))
    return stage.sent
