"""Why there is no sample."""

from __future__ import annotations

from asynction.exceptions import AsynctionException
from asynction.problems import Location


class CannotSample(AsynctionException):
    """No valid value of a schema was found: it has none, or they are too rare to meet one by chance."""

    def __init__(self, place: Location, reason: str) -> None:
        super().__init__(f"{place}: cannot make a value: {reason}")
        self.place = place
        self.reason = reason

    def __reduce__(self) -> tuple[type[CannotSample], tuple[object, ...]]:
        return type(self), (self.place, self.reason)


class NoValue(Exception):
    """This choice leads to no value; another one may."""


class Spent(Exception):
    """One attempt has become too long; it is given up as a whole."""
