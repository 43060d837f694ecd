"""Finds the `$ref`s that no row tells the reader of: in schemas of other formats, bindings, extensions, data.

A schema of another format and a binding are parts of the document: what they refer to has to exist. An
extension belongs to another tool, and in data `$ref` may be an ordinary name, so there nothing is an error.
The payload or the headers of an example may be a `$ref` as a whole: to a file of examples.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple, TypeAlias

from asynction.contract import Json
from asynction.document._files import Unreadable
from asynction.document._nodes import Identity, Node
from asynction.validation import APPLICATOR_LISTS, APPLICATOR_MAPS, APPLICATORS

PART: Literal["Part"] = "Part"
EXTENSION: Literal["Extension"] = "Extension"
EXAMPLE: Literal["Example"] = "Example"
DATA: Literal["Data"] = "Data"
Kind: TypeAlias = Literal["Part", "Extension", "Example", "Data"]

_DATA = frozenset(["const", "default", "enum", "example", "examples"])
_STRUCTURE = (
    APPLICATORS | APPLICATOR_LISTS | APPLICATOR_MAPS | {"discriminator", "externalDocs", "required", "type"}
)
_SYNTAX_MATTERS = (".json", ".yaml", ".yml", ".avsc")
"""The ends of names of files that are JSON or YAML; a broken one is a problem, where others are text."""


class Loose(NamedTuple):
    """A value in which `$ref`s are looked for."""

    node: Node
    kind: Kind


def loose_fields(schema: Node) -> Iterator[Loose]:
    """Yield the data and the extensions in a schema; the schemas in it are not of these."""
    for name, value in schema.value.items() if isinstance(schema.value, dict) else ():
        if isinstance(value, dict | list) and name not in _STRUCTURE:
            yield Loose(schema.child(name), EXTENSION if name.startswith("x-") else DATA)


def follow(found: list[Loose], add: Callable[[Node, str, Node], None]) -> None:
    """Follow the `$ref`s in values, and those in what they lead to; call `add` with each and its target."""
    waiting = deque(found)
    seen: set[tuple[Identity, Kind]] = set()
    while waiting:
        node, kind = waiting.popleft()
        if (node.identity, kind) in seen:
            continue
        seen.add((node.identity, kind))
        for written, place in _references(node, kind):
            target = _target(written, place)
            if target is not None and place != DATA:
                add(written, place, target)
                waiting.append(Loose(target, DATA if place == EXAMPLE else place))


def _target(written: Node, kind: Kind) -> Node | None:
    """Return what a `$ref` leads to; None, with a problem reported where it matters, for nothing."""
    ref = written.ref or ""
    file = ref.partition("#")[0]
    if kind == DATA and (not file or "://" in file):
        return None
    try:
        target = written.loosely_resolved(or_text=kind != PART or not file.endswith(_SYNTAX_MATTERS))
    except Unreadable as error:
        if kind == PART:
            written.report("ref", f"`$ref: {ref}` cannot be resolved: {error}", key="$ref")
        elif kind != DATA:
            written.report("loose-ref", f"`$ref: {ref}` leads nowhere: {error}", key="$ref")
        return None
    if kind == DATA:
        message = f"`$ref: {ref}` is data here, so it is not followed; a bundle keeps it as it is written"
        written.report("loose-ref", message, key="$ref")
    return target


def _references(node: Node, kind: Kind) -> Iterator[tuple[Node, Kind]]:
    """Yield the mappings in a value with a `$ref`, each with what it is part of."""
    waiting: list[tuple[Json, tuple[str | int, ...], Kind, bool]] = [(node.value, (), kind, False)]
    while waiting:
        value, path, place, has_names = waiting.pop()
        if isinstance(value, list):
            inner = DATA if place == EXAMPLE else place
            waiting += [(item, (*path, index), inner, False) for index, item in enumerate(value)]
        elif isinstance(value, dict):
            if isinstance(value.get("$ref"), str):
                written = node
                for token in path:
                    written = written.child(token)
                yield written, DATA if place == EXAMPLE and not is_example(node) else place
            place = DATA if place == EXAMPLE else place
            for key, item in value.items():
                below = place if has_names else _kind_of(key, place)
                waiting.append((item, (*path, key), below, not has_names and key in APPLICATOR_MAPS))


def is_example(node: Node) -> bool:
    """Return True for the payload or the headers of an example that are a `$ref`, and nothing else."""
    return node.ref is not None and len(node.entries()) == 1


def example_data(node: Node) -> Json:
    """Return the payload or the headers of an example; of a `$ref` that leads to a value, that value."""
    if not is_example(node):
        return node.value
    try:
        return node.loosely_resolved(or_text=True).value
    except Unreadable:
        return node.value


def _kind_of(key: str, place: Kind) -> Kind:
    if place != PART:
        return place
    return DATA if key in _DATA else EXTENSION if key.startswith("x-") else PART
