"""A source map knows where a mapping or a sequence is written, and each of its keys."""

from __future__ import annotations

import pytest

from asynction.document._source import File, Mark, SourceMap
from asynction.problems import Location


@pytest.mark.parametrize(
    ("mark", "key", "location"),
    [
        ((2, 1), "a", Location("f", 2, 3, "/x/a")),
        ((2, 1), "b", Location("f", 2, 1, "/x/b")),
        ((2, 1), 0, Location("f", 2, 1, "/x/0")),
        ((2, 1), "c/d", Location("f", 2, 1, "/x/c~1d")),
        (None, "b", Location("f", None, None, "/x/b")),
    ],
)
def test_a_key_is_located_at_its_mark_else_where_its_mapping_is(
    mark: Mark | None, key: str | int, location: Location
) -> None:
    assert SourceMap(File("f"), "/x", mark, {"a": (2, 3)}).location_of(key) == location


@pytest.mark.parametrize(("mark", "line", "column"), [((2, 1), 2, 1), (None, None, None)])
def test_a_mapping_is_located_at_its_mark(mark: Mark | None, line: int | None, column: int | None) -> None:
    assert SourceMap(File("f"), "/x", mark).location == Location("f", line, column, "/x")
