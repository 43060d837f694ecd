"""How instances of models become data, for the writer of what leaves."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from asynction.exceptions import Violation

Change: TypeAlias = Callable[[object], object]


@dataclasses.dataclass(frozen=True, slots=True)
class Dumper:
    """How instances of a type become data.

    `dump` makes the JSON data that the type itself decides on; it is None for a type that does not decide.
    `data` makes data that may have values which JSON lacks. `violations` explains an exception of both.
    """

    dump: Change | None
    data: Change
    violations: Callable[[Exception, object], list[Violation]]

    def faults(self, error: Exception, value: object, path: Sequence[str | int]) -> list[Violation]:
        """Return why the value at `path` cannot be converted."""
        found = self.violations(error, value)
        if not found:
            what = "is nested too deeply" if isinstance(error, RecursionError) else "cannot be converted"
            found = [Violation(what, (), (), value)]
        return [dataclasses.replace(each, path=(*path, *each.path)) for each in found]


@dataclasses.dataclass(frozen=True, slots=True)
class Dumped:
    """A value with the type of its annotation: of a subclass, only the fields of that type are written."""

    value: object
    dumper: Dumper


def _fields_of(instance: Any) -> dict[str, object]:
    return {field.name: getattr(instance, field.name) for field in dataclasses.fields(instance)}


FIELDS = Dumper(None, _fields_of, lambda error, value: [])
"""How dataclasses become data where no library knows them."""
