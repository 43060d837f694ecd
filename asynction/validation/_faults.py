"""The data of an explanation: places, faults, and schemas that a value breaks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from asynction.validation._walk import Node


class Place:
    """The place of a value in the args. Each place is one object, so places are compared by identity."""

    __slots__ = ("_children", "key", "parent")

    def __init__(self, parent: Place | None = None, key: str | int = "") -> None:
        self.parent = parent
        self.key = key
        self._children: dict[str | int, Place] = {}

    def child(self, key: str | int | None) -> Place:
        """Return the place of a property or an item; of None, this one."""
        if key is None:
            return self
        if key not in self._children:
            self._children[key] = Place(self, key)
        return self._children[key]

    def path(self) -> tuple[str | int, ...]:
        """Return the path from the args."""
        keys: list[str | int] = []
        place = self
        while place.parent is not None:
            keys.append(place.key)
            place = place.parent
        return tuple(reversed(keys))


@dataclass(frozen=True, slots=True)
class Fault:
    """A keyword that a value breaks, in words."""

    message: str
    place: Place
    schema_path: tuple[str | int, ...]
    value: Any


@dataclass(frozen=True, slots=True)
class Failing:
    """A schema that a value breaks, to be explained. `alternative` is the one that was meant, if any."""

    node: Node
    value: Any
    place: Place
    alternative: str | None = None
