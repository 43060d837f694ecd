"""The schemas inside a schema, as nodes: `asynction.validation` walks values, which have no location."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

from asynction.contract import Json
from asynction.document._nodes import Node
from asynction.validation import APPLICATOR_LISTS, APPLICATOR_MAPS, APPLICATORS

_KEYWORDS = APPLICATORS | APPLICATOR_LISTS | APPLICATOR_MAPS


def map_subschemas(
    schema: Node, change: Callable[[Node], Json], *, without: Collection[str] = ()
) -> dict[str, Json]:
    """Return a copy of `schema` with `change` applied to each schema directly inside it."""
    fields = schema.value if isinstance(schema.value, dict) else {}
    changed = {keyword: value for keyword, value in fields.items() if keyword not in without}
    for keyword in [name for name in changed if name in _KEYWORDS]:
        inner = schema.child(keyword)
        if isinstance(inner.value, dict) and keyword in APPLICATOR_MAPS:
            # `dependencies` may have lists of property names beside schemas.
            changed[keyword] = {
                name: item.value if isinstance(item.value, list) else change(item)
                for name, item in inner.entries().items()
            }
        elif isinstance(inner.value, list) and keyword in APPLICATOR_LISTS:
            changed[keyword] = [change(inner.child(index)) for index in range(len(inner.value))]
        elif isinstance(inner.value, dict | bool) and keyword in APPLICATORS:
            changed[keyword] = change(inner)
    return changed


def subschemas(schema: Node) -> Iterator[Node]:
    """Yield `schema` and every schema inside it that is a mapping."""
    waiting = [schema]
    while waiting:
        node = waiting.pop()
        if isinstance(node.value, dict):
            yield node
            for keyword in [name for name in node.value if name in _KEYWORDS]:
                inner = node.child(keyword)
                if isinstance(inner.value, list):
                    waiting += map(
                        inner.child, range(len(inner.value)) if keyword in APPLICATOR_LISTS else ()
                    )
                elif keyword in APPLICATORS:
                    waiting.append(inner)
                elif isinstance(inner.value, dict) and keyword in APPLICATOR_MAPS:
                    waiting += map(inner.child, inner.value)
