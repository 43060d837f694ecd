"""Values of formats that are names of Faker's providers; Faker comes with the extra `mock`."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal

from asynction.exceptions import NotEnabledError
from asynction.samples._draw import Draw

EXTRA = "formats like `first_name` need the extra `mock`: install `asynction[mock]`"


def new_faker(locale: str | None = None) -> object:
    """Return a Faker to give to a Sampler; raises NotEnabledError if the extra is missing."""
    try:
        from faker import Faker
    except ImportError as error:
        raise NotEnabledError(EXTRA) from error
    return Faker(locale)


class Fakes:
    """Faker's providers by name; a value depends only on the draw and, for dates, on the clock."""

    def __init__(self, faker: object | None) -> None:
        self._faker = faker
        self._unusable: set[str] = set()

    def value(self, name: str, draw: Draw) -> str | int | float | None:
        """Return a value of the provider `name`; None if there is no such provider without arguments."""
        provider = self._provider(name)
        if provider is None:
            return None
        seed: Callable[[int], None] = getattr(self._faker, "seed_instance")  # noqa: B009 - no type to name
        seed(draw.below(1 << 32))
        try:
            value = _plain(provider())
        except Exception:  # for example, the provider needs another library
            value = None
        if value is None:
            self._unusable.add(name)
        return value

    def _provider(self, name: str) -> Callable[[], object] | None:
        if self._faker is None or name in self._unusable or not name.isidentifier() or name.startswith("_"):
            return None
        try:
            provider = getattr(self._faker, name, None)
        except TypeError:  # Faker has removed the provider
            return None
        if not inspect.isroutine(provider):
            return None
        needed = [
            each
            for each in inspect.signature(provider).parameters.values()
            if each.default is each.empty and each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)
        ]
        return None if needed else provider


def _plain(value: object) -> str | int | float | None:
    """Turn the result of a provider into JSON; None unless it is one text or number."""
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    return value if isinstance(value, str | int | float) and not isinstance(value, bool) else None
