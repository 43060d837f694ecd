"""Values with parts: arrays and objects."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from asynction.contract import Json
from asynction.samples._draw import Draw
from asynction.samples._errors import NoValue
from asynction.samples._formats import WORDS
from asynction.samples._shape import Shape, both, is_same

_TRIES = 40
_MORE = 3
"""How many items more than it must have an array gets at most; for other properties it is one less."""


@dataclass(slots=True)
class Level:
    """Where a value stands: how deep, whether it could be left out, whether it is to be small."""

    depth: int = 0
    is_optional: bool = False
    is_tight: bool = False
    refs: frozenset[str] = frozenset()
    """The `$ref`s that lead from the root to here."""
    own_refs: set[str] = field(default_factory=set)

    def below(self, *, is_optional: bool = False) -> Level:
        """Return the level of a part."""
        refs = self.refs | self.own_refs
        return Level(self.depth + 1, self.is_optional or is_optional, self.is_tight, refs)


class Maker(Protocol):
    """What arrays and objects need for their parts."""

    draw: Draw

    def part(self, schema: Json, level: Level) -> object: ...
    def settle(self, schema: Json, shape: Shape, level: Level) -> Shape: ...
    def is_name(self, schema: Json, name: str) -> bool: ...


def array(shape: Shape, level: Level, maker: Maker) -> list[object]:
    """Make an array; raises NoValue."""
    size = _size(shape, level, maker.draw)
    wanted: dict[int, list[Json]] = {}
    for schema, span in shape.contains:
        for index in maker.draw.order(range(size))[: span.least]:
            wanted.setdefault(index, []).append(schema)
    made: list[object] = []
    for index in range(size):
        try:
            made.append(_item(both(shape.item(index), *wanted.get(index, ())), shape, made, level, maker))
        except NoValue:
            if index < shape.count.least or any(later >= index for later in wanted):
                raise
            break
    return made


def _size(shape: Shape, level: Level, draw: Draw) -> int:
    most = shape.count.most
    if shape.rest is False:
        most = len(shape.prefix) if most is None else min(most, len(shape.prefix))
    least = max([shape.count.least, *(span.least for _, span in shape.contains)])
    if most is not None and least > most:
        raise NoValue("no array is of the length")
    size = max(least, len(shape.prefix))
    if not level.is_tight:
        size += max(0, 1 - size) if draw.plain else draw.below(_MORE + 1)
    return size if most is None else min(size, most)


def _item(schema: Json, shape: Shape, made: list[object], level: Level, maker: Maker) -> object:
    for _ in range(_TRIES):
        item = maker.part(schema, level.below())
        if not (shape.unique and any(is_same(item, other) for other in made)):
            return item
    raise NoValue("too few different items were found")


def mapping(shape: Shape, level: Level, maker: Maker) -> dict[str, object]:
    """Make an object; raises NoValue."""
    names, shape = _with_dependents(_names(shape, level, maker), shape, level, maker)
    names = _with_others(names, shape, level, maker)
    made: dict[str, object] = {}
    for name in _in_order(names, shape):
        is_optional = name not in shape.required
        try:
            made[name] = maker.part(shape.property(name), level.below(is_optional=is_optional))
        except NoValue:
            if not is_optional:
                raise
    return made


def _names(shape: Shape, level: Level, maker: Maker) -> list[str]:
    """The required properties, and some of the others that the schema names."""
    required = list(shape.required)
    most = shape.size.most
    if most is not None and max(len(required), shape.size.least) > most:
        raise NoValue("no object has as few properties")
    possible = [
        name
        for name, schema in shape.properties.items()
        if name not in required and schema is not False and maker.is_name(shape.names, name)
    ]
    needed = max(0, shape.size.least - len(required))
    if maker.draw.plain:
        show = not (level.is_tight or level.is_optional)
        chosen = possible if show else possible[:needed]
    else:
        ordered = maker.draw.order(possible)
        chosen = ordered[:needed]
        if not level.is_tight:
            chosen += [name for name in ordered[needed:] if maker.draw.coin()]
    return required + (chosen if most is None else chosen[: most - len(required)])


def _with_dependents(names: list[str], shape: Shape, level: Level, maker: Maker) -> tuple[list[str], Shape]:
    """Add what each property needs beside it, and join the schemas that it brings."""
    found = list(names)
    joined: set[int] = set()
    for name in found:  # grows on the way
        wanted = [each for one, needed in shape.needs if one == name for each in needed]
        for index, (one, schema) in enumerate(shape.implied):
            if one == name and index not in joined:
                joined.add(index)
                shape = maker.settle(schema, shape, level)
        wanted += shape.required
        found += [each for each in dict.fromkeys(wanted) if each not in found]
    return found, shape


def _with_others(names: list[str], shape: Shape, level: Level, maker: Maker) -> list[str]:
    """Add properties that the schema does not name, where it asks for them or speaks of them."""
    patterns: list[str | None] = [pattern for pattern, schema in shape.patterned if schema is not False]
    speaks = bool(patterns) or isinstance(shape.others, dict)
    if shape.others is not False:
        patterns.append(None)
    more = 0
    if speaks and not level.is_tight and not (maker.draw.plain and (names or level.is_optional)):
        more = 1 if maker.draw.plain else maker.draw.below(_MORE)
    wanted = max(len(names) + more, shape.size.least)
    if shape.size.most is not None:
        wanted = min(wanted, shape.size.most)
    found = list(names)
    for _ in range(_TRIES + wanted if patterns else 0):
        if len(found) >= wanted:
            break
        try:
            name = _name(maker.draw.one_of(patterns), shape, level, maker, len(found))
        except NoValue:
            continue
        if name not in found and name not in shape.properties:
            found.append(name)
    return found


def _name(pattern: str | None, shape: Shape, level: Level, maker: Maker, number: int) -> str:
    if pattern is None and shape.names is True:
        word = maker.draw.one_of(WORDS)
        return word if number < len(WORDS) / 2 else f"{word}{number}"
    asked: Json = {"type": "string"} if pattern is None else {"type": "string", "pattern": pattern}
    return str(maker.part(both(asked, shape.names), level.below()))


def _in_order(names: list[str], shape: Shape) -> list[str]:
    """The properties as the schema lists them, then the others."""
    named = [name for name in shape.properties if name in names]
    return named + [name for name in names if name not in shape.properties]
