"""The content of a file: plain JSON data, and a parallel tree of the locations in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from asynction.contract import Json
from asynction.problems import Location, Problem, pointer_of

Key: TypeAlias = "str | int"
Mark: TypeAlias = "tuple[int, int]"
"""Line and column, from 1."""


@dataclass(slots=True)
class File:
    """A file of a document: its name in problems, and the URI against which its `$ref`s are resolved."""

    name: str
    uri: str = ""


@dataclass(slots=True, eq=False)
class SourceMap:
    """The locations in a mapping or a sequence.

    The data themselves stay plain `dict` and `list`, so that a contract and a bundle can have them as
    they are. A scalar has no source map: its location is that of its key.

    Args:
        file: The file.
        pointer: The JSON Pointer of the mapping or sequence.
        mark: Where it starts; None for data that did not come from text.
        marks: Where each of its keys or items starts.
        children: The source maps of the mappings and sequences in it.
    """

    file: File
    pointer: str
    mark: Mark | None = None
    marks: dict[Key, Mark] = field(default_factory=dict)
    children: dict[Key, SourceMap] = field(default_factory=dict)

    @property
    def location(self) -> Location:
        """The location of the mapping or sequence itself."""
        line, column = self.mark or (None, None)
        return Location(self.file.name, line, column, self.pointer)

    def location_of(self, key: Key) -> Location:
        """Return the location of a key or an item; one that was merged in has the line of its holder."""
        line, column = self.marks.get(key, self.mark) or (None, None)
        return Location(self.file.name, line, column, self.pointer + pointer_of([key]))


@dataclass(slots=True)
class Source:
    """The content of one file.

    Args:
        file: The file.
        data: The data; None where `complete` is False.
        map: The source map of the data; None for a scalar.
        problems: What is wrong with the text.
        complete: False where the text could not be read to its end.
    """

    file: File
    data: Json = None
    map: SourceMap | None = None
    problems: list[Problem] = field(default_factory=list)
    complete: bool = True
