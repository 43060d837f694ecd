"""A file that was read: plain JSON data, and beside them a tree of where each part is written."""

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
    """A file: its name in problems, and the URI against which its `$ref`s are resolved."""

    name: str
    uri: str = ""


@dataclass(slots=True, eq=False)
class SourceMap:
    """Where a mapping or a sequence is written: its own mark, and those of its keys or items.

    `children` has the source maps of the mappings and sequences in it. The data stay plain `dict` and
    `list`, so that they can be handed out as they are; a scalar has no source map, it is found by its
    key. `mark` is None where the data did not come from text.
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
        """The location of a key or item; of one that is not written here, the line of what holds it."""
        line, column = self.marks.get(key, self.mark) or (None, None)
        return Location(self.file.name, line, column, self.pointer + pointer_of([key]))


@dataclass(slots=True)
class Source:
    """The content of one file.

    `map` belongs to `data`; it is None where they are a scalar. `complete` is False where the text
    could not be read to its end; there are no data then.
    """

    file: File
    data: Json = None
    map: SourceMap | None = None
    problems: list[Problem] = field(default_factory=list)
    complete: bool = True
