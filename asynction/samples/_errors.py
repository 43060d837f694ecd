"""Exceptions of sampling."""

from __future__ import annotations

from asynction._deprecated import warn_renamed
from asynction.exceptions import AsynctionException
from asynction.problems import Location


class CannotSample(AsynctionException):
    """No valid value of a schema was found: it has none, or they are too rare to be found by chance."""

    def __init__(self, location: Location, reason: str) -> None:
        super().__init__(f"{location}: cannot make a value: {reason}")
        self.location = location
        self.reason = reason

    @property
    def place(self) -> Location:
        """Return `location`, by its deprecated name."""
        warn_renamed("CannotSample.place", "CannotSample.location", stacklevel=2)
        return self.location

    def __reduce__(self) -> tuple[type[CannotSample], tuple[object, ...]]:
        return type(self), (self.location, self.reason)


class NoValue(Exception):
    """This choice leads to no value, though another choice may."""


class StepBudgetExceeded(Exception):
    """One attempt has taken too many steps, or its value nests too deeply."""
