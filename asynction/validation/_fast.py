"""The engine for a schema: it decides in microseconds, but not whatever the schema."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from asynction.contract import Json
from asynction.validation._build import build
from asynction.validation._cost import hashes_deeply, is_costly, may_be_costly
from asynction.validation._engines import ENGINES
from asynction.validation._equality import Keys
from asynction.validation._flatten import flatten
from asynction.validation._keywords import map_subschemas
from asynction.validation._prepare import BINARY, ENUM, KINDS, UNIQUE, Prepared, is_long
from asynction.validation._walk import Node

Verdict = Callable[[Any], bool]


class _Binary:
    """`x-binary`: the engine only ever sees values without bytes."""

    def __init__(self, parent: object, kinds: list[str], path: object) -> None:
        self.kinds = [KINDS[kind] for kind in kinds]

    def validate(self, instance: object) -> None:
        if not any(kind(instance) for kind in self.kinds):
            raise ValueError("not binary data")


class _Unique:
    """`uniqueItems`: the engine compares large integers pair by pair."""

    def __init__(self, parent: object, wanted: bool, path: object) -> None:
        self.wanted = wanted

    def validate(self, instance: object) -> None:
        if self.wanted and isinstance(instance, list | tuple) and not Keys().are_unique(instance):
            raise ValueError("two equal items")


class _Enum:
    """`enum` of many members."""

    def __init__(self, parent: object, members: list[Any], path: object) -> None:
        self.known = Keys()
        self.members = frozenset(map(self.known.of, members))

    def validate(self, instance: object) -> None:
        if Keys(self.known).of(instance) not in self.members:
            raise ValueError("not a member")


KEYWORDS = {BINARY: _Binary, UNIQUE: _Unique, ENUM: _Enum}
"""Our keywords for the engine."""


class Engine:
    """A prepared schema, compiled for jsonschema-rs.

    Raises what jsonschema-rs raises for a schema that it cannot read.
    """

    def __init__(self, prepared: Prepared) -> None:
        self.prepared = prepared
        self.is_valid, flat = self._compile(prepared.value)
        self.is_costly = (
            prepared.shares and may_be_costly(flat) and is_costly(build(flat, prepared.draft).root)
        ) or (prepared.hashes and hashes_deeply(build(flat, prepared.draft).root))
        """True for a schema whose check by the engine may take too long."""
        self._of_items: dict[tuple[str | int, ...], Verdict] = {}

    def accepts_all(self, node: Node, items: list[Any]) -> bool:
        """Return whether all items are valid by a part of the schema."""
        if node.path not in self._of_items:
            shared = {key: value for key, value in self.prepared.value.items() if key == "definitions"}
            self._of_items[node.path], _ = self._compile({**shared, "items": node.schema})
        return self._of_items[node.path](items)

    def _compile(self, schema: dict[str, Any]) -> tuple[Verdict, dict[str, Any]]:
        prepared, changed = self.prepared, schema
        if prepared.shares and prepared.inherits:
            changed = flatten(changed, prepared.draft)
        read = _for_engine(changed) if prepared.hashes else changed
        own = KEYWORDS if prepared.hashes or prepared.takes_bytes else None
        engine = ENGINES[prepared.draft](read, validate_formats=True, offline=True, keywords=own)
        return engine.is_valid, changed


def _for_engine(schema: Json) -> Json:
    """Replace the keywords that the engine is slow at by our own."""
    if not isinstance(schema, dict):
        return schema
    changed = map_subschemas(schema, _for_engine)
    if "uniqueItems" in changed:
        changed[UNIQUE] = changed.pop("uniqueItems")
    if is_long(changed.get("enum")):
        changed[ENUM] = changed.pop("enum")
    return changed
