"""What the example imports from its own application."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Author:
    name: str


class Column:
    def __eq__(self, other: object) -> object:  # type: ignore[override]  # as an ORM's column has it
        return other

    __hash__ = object.__hash__


@dataclass
class Row:
    id: int
    title: str
    author: Author
    content: str
    access: str


class Article:
    id = Column()
    title: str
    author: Author
    content: str
    access: str


ADA = Author("Ada")
ROWS = [
    Row(1, "Open", ADA, "for all", "PUBLIC"),
    Row(2, "Club", ADA, "for members", "MEMBERS"),
    Row(3, "Draft", ADA, "for Ada", "PRIVATE"),
]
