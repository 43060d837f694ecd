"""The named schemas of a contract: some are shown in place, others once, under a heading of their own."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import quote, unquote

from asynction.contract import Json, Schema
from asynction.problems import unescape
from asynction.validation import DIALECTS, subschemas

_NAMED = re.compile(r"(?:^|/)(?:definitions|\$defs|schemas)/(?:reply-\d+\.)?([^/]+)$")
_REPLY = re.compile(r"#/definitions/reply-\d+")
"""The name that the compiler gives one of several replies: it is not in the document."""

_MAX_ROWS = 60
"""The maximum number of rows, of all its uses together, of a schema that is shown in place."""


class Root(NamedTuple):
    """A standalone schema, which `$ref`s are relative to, and its draft."""

    value: Json
    draft: int


@dataclass(slots=True)
class Type:
    """A named schema, and the numbers that decide where it is shown.

    `rows` counts those of the types that are shown inside it, too.
    """

    name: str
    body: Json
    root: Root
    uses: int = 0
    rows: int = 1
    recursive: bool = False

    @property
    def anchor(self) -> str:
        """The anchor of the type in the page."""
        return f"types/{quote(self.name, safe='')}"

    @property
    def apart(self) -> bool:
        """True if the schema is shown under its own heading, and elsewhere only linked."""
        return self.recursive or (self.rows > 1 and self.uses > 1 and self.rows * self.uses > _MAX_ROWS)


class Types:
    """The named schemas that the schemas of a contract refer to; copies of one schema are one type."""

    def __init__(self, schemas: Iterable[Schema]) -> None:
        self._types: dict[tuple[str, str], Type] = {}
        self._names: set[str] = set()
        self._prints: dict[int, tuple[Json, str]] = {}
        self._inner: dict[int, list[Type]] = {}
        for schema in schemas:
            self._count(schema)
        # Only now are all types known that a type may lead back through.
        for each in self._types.values():
            each.recursive = self._reaches(each)
        self._count_rows()

    def apart(self) -> list[Type]:
        """Return the types that have their own heading, sorted by name."""
        return sorted(
            (each for each in self._types.values() if each.apart), key=lambda each: each.name.lower()
        )

    def target(self, ref: str, root: Root) -> tuple[Json, Type | None]:
        """Return the schema that a `$ref` leads to, and its type if it has a name."""
        body = _resolve(ref, root.value)
        name = _NAMED.search(ref)
        if name is None or _REPLY.fullmatch(ref):
            return body, None
        return body, self._type(unescape(unquote(name[1])), body, root)

    def of(self, schema: Schema) -> Type | None:
        """Return the type of a whole schema, if it has a name in the document."""
        name = _NAMED.search(schema.location.pointer)
        body = _without_definitions(schema.value)
        return None if name is None else self._type(unescape(name[1]), body, root_of(schema))

    def _type(self, name: str, body: Json, root: Root) -> Type:
        key = (name, self._print(body))
        if key not in self._types:
            shown, count = name, 1
            while shown in self._names:  # another schema has the same name
                count += 1
                shown = f"{name}-{count}"
            self._names.add(shown)
            rows = sum(1 for _ in subschemas(body))
            self._types[key] = Type(shown, body, root, rows=rows)
        return self._types[key]

    def _count(self, schema: Schema) -> None:
        whole = self.of(schema)
        if whole is None:
            waiting = self._referred(_without_definitions(schema.value), root_of(schema))
        else:
            waiting = [whole]
        while waiting:
            each = waiting.pop()
            each.uses += 1
            if each.uses == 1:
                waiting += self._within(each)

    def _count_rows(self) -> None:
        """Add to the rows of each type those of the types that are shown inside it.

        Without this, small types that refer to each other twice would double the page at each step.
        """
        done = {id(each) for each in self._types.values() if each.recursive}
        waiting = list(self._types.values())
        while waiting:
            each = waiting[-1]
            missing = [inner for inner in self._within(each) if id(inner) not in done]
            if id(each) in done or not missing:
                waiting.pop()
                if id(each) not in done:
                    done.add(id(each))
                    merged = self._merged_into(each)
                    each.rows += sum(
                        inner.rows for inner in self._within(each) if not inner.apart or id(inner) in merged
                    )
            else:
                waiting += missing

    def _merged_into(self, each: Type) -> set[int]:
        """Return the `id`s of the types that a type includes by `allOf`: they are shown inside it anyway."""
        members = (member for part in subschemas(each.body) for member in _list(part.get("allOf")))
        refs = (member.get("$ref") for member in members if isinstance(member, Mapping))
        found = (self.target(ref, each.root)[1] for ref in refs if isinstance(ref, str))
        return {id(inner) for inner in found if inner is not None}

    def _within(self, each: Type) -> list[Type]:
        if id(each) not in self._inner:
            self._inner[id(each)] = self._referred(each.body, each.root)
        return self._inner[id(each)]

    def _referred(self, body: Json, root: Root) -> list[Type]:
        """Return the types that a schema refers to, as often as it does; nameless schemas are followed."""
        found: list[Type] = []
        waiting = [body]
        while waiting:
            for ref in _refs(waiting.pop()):
                target, each = self.target(ref, root)
                if each is not None:
                    found.append(each)
                elif _REPLY.fullmatch(ref):
                    waiting.append(_without_definitions(target))
        return found

    def _reaches(self, start: Type) -> bool:
        """Return True if a type is recursive."""
        seen: set[int] = set()
        waiting = list(self._within(start))
        while waiting:
            each = waiting.pop()
            if each is start:
                return True
            if id(each) not in seen:
                seen.add(id(each))
                waiting += self._within(each)
        return False

    def _print(self, body: Json) -> str:
        """Return a text that is the same for all copies of a schema."""
        # Each compiled schema has its own copies of its definitions, so identity does not tell.
        known = self._prints.get(id(body))
        if known is None or known[0] is not body:
            known = self._prints[id(body)] = (body, json.dumps(_plain(body), sort_keys=True))
        return known[1]


def root_of(schema: Schema) -> Root:
    """Return the root of a schema, which its `$ref`s are relative to."""
    return Root(schema.value, DIALECTS.get(schema.dialect, 7))


def _refs(schema: Json) -> Iterator[str]:
    for each in subschemas(schema):
        ref = each.get("$ref")
        if isinstance(ref, str):
            yield ref


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def _without_definitions(schema: Json) -> Json:
    if not isinstance(schema, Mapping) or not schema.keys() & {"definitions", "$defs"}:
        return schema
    return {key: value for key, value in schema.items() if key not in ("definitions", "$defs")}


def _plain(value: Json) -> Json:
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    return {
        key: item.rpartition("/")[2] if key == "$ref" and isinstance(item, str) else _plain(item)
        for key, item in value.items()
        if key != "definitions"
    }


def _resolve(ref: str, root: Json) -> Json:
    """Return the schema at a pointer; True if there is none, which is a problem of the document already."""
    value = root
    for token in map(unescape, unquote(ref).split("/")[1:]):
        if isinstance(value, Mapping) and token in value:
            value = value[token]
        elif isinstance(value, list) and token.isdigit() and int(token) < len(value):
            value = value[int(token)]
        else:
            return True
    return value
