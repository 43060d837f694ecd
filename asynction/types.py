"""Names that applications import from `asynction.types` of asynction 0.8.

Its classes for parts of a document are gone: `asynction.load` returns a Contract.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

GLOBAL_NAMESPACE = "/"

JSONMappingValue: TypeAlias = Any
JSONMapping: TypeAlias = Mapping[str, JSONMappingValue]
JSONSchema: TypeAlias = JSONMapping
SecurityRequirement: TypeAlias = Mapping[str, Sequence[str]]
ErrorHandler: TypeAlias = Callable[[Exception], Any]


def __getattr__(name: str) -> object:
    raise AttributeError(
        f"`asynction.types` has no `{name}` any more: `asynction.load` returns an `asynction.Contract`,"
        " whose parts are the classes of `asynction.contract`"
    )
