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
_MOST = 2000
"""The maximum number of required items or properties; a sample must stay readable."""

_MORE = 3
"""The maximum number of items that an array gets beyond its minimum; of properties, one less."""


@dataclass(slots=True)
class Level:
    """The position of a value: its depth, whether it is optional, and whether it must stay small."""

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
    """Makes the parts of arrays and objects."""

    draw: Draw

    def part(self, schema: Json, level: Level) -> object: ...
    def settle(self, schema: Json, shape: Shape, level: Level) -> Shape: ...
    def is_name(self, schema: Json, name: str) -> bool: ...


def array(shape: Shape, level: Level, maker: Maker) -> list[object]:
    """Make an array; raises NoValue."""
    size = _size(shape, level, maker.draw)
    wanted: dict[int, list[Json]] = {}
    for schema, span in shape.contains:
        for index in maker.draw.order(range(size))[: span.minimum]:
            wanted.setdefault(index, []).append(schema)
    made: list[object] = []
    for index in range(size):
        try:
            made.append(_item(both(shape.item(index), *wanted.get(index, ())), shape, made, level, maker))
        except NoValue:
            if index < shape.count.minimum or any(later >= index for later in wanted):
                raise
            break  # the array is long enough without this item
    return made


def _size(shape: Shape, level: Level, draw: Draw) -> int:
    maximum = shape.count.maximum
    if shape.rest is False:
        maximum = len(shape.prefix) if maximum is None else min(maximum, len(shape.prefix))
    minimum = max([shape.count.minimum, *(span.minimum for _, span in shape.contains)])
    if maximum is not None and minimum > maximum:
        raise NoValue("no array has the required length")
    if minimum > _MOST:
        raise NoValue(f"it needs more than {_MOST} items")
    size = max(minimum, len(shape.prefix))
    if not level.is_tight:
        size += max(0, 1 - size) if draw.plain else draw.below(_MORE + 1)
    return size if maximum is None else min(size, maximum)


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
    """Return the required properties, and some of the optional ones that the schema names."""
    required = list(shape.required)
    maximum = shape.size.maximum
    if maximum is not None and max(len(required), shape.size.minimum) > maximum:
        raise NoValue("more properties are required than allowed")
    if shape.size.minimum > _MOST:
        raise NoValue(f"it needs more than {_MOST} properties")
    possible = [
        name
        for name, schema in shape.properties.items()
        if name not in required and schema is not False and maker.is_name(shape.names, name)
    ]
    needed = max(0, shape.size.minimum - len(required))
    if maker.draw.plain:
        show = not (level.is_tight or level.is_optional)
        chosen = possible if show else possible[:needed]
    else:
        ordered = maker.draw.order(possible)
        chosen = ordered[:needed]
        if not level.is_tight:
            chosen += [name for name in ordered[needed:] if maker.draw.coin()]
    return required + (chosen if maximum is None else chosen[: maximum - len(required)])


def _with_dependents(names: list[str], shape: Shape, level: Level, maker: Maker) -> tuple[list[str], Shape]:
    """Add the properties that others depend on, and join the dependent schemas."""
    found = list(names)
    joined: set[int] = set()
    for name in found:  # the list grows while it is read
        wanted = [each for one, needed in shape.needs if one == name for each in needed]
        for index, (one, schema) in enumerate(shape.implied):
            if one == name and index not in joined:
                joined.add(index)
                shape = maker.settle(schema, shape, level)
        wanted += shape.required
        found += [each for each in dict.fromkeys(wanted) if each not in found]
    return found, shape


def _with_others(names: list[str], shape: Shape, level: Level, maker: Maker) -> list[str]:
    """Add properties that the schema does not name, if it demands more or describes them."""
    patterns: list[str | None] = [pattern for pattern, schema in shape.patterned if schema is not False]
    describes = bool(patterns) or isinstance(shape.others, dict)
    if shape.others is not False:
        patterns.append(None)
    more = 0
    if describes and not level.is_tight and not (maker.draw.plain and (names or level.is_optional)):
        more = 1 if maker.draw.plain else maker.draw.below(_MORE)
    wanted = max(len(names) + more, shape.size.minimum)
    if shape.size.maximum is not None:
        wanted = min(wanted, shape.size.maximum)
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
    """Return the properties in the order of the schema, then the others."""
    named = [name for name in shape.properties if name in names]
    return named + [name for name in names if name not in shape.properties]
