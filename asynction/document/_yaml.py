"""Reads YAML 1.2, and so JSON, into plain Python data with the location of every key and item.

PyYAML reads YAML 1.1, where `on`, `no` and dates are not strings. So only its parser is used here:
scalars are resolved by the core schema of YAML 1.2 (section 10.3.2). The size, the depth and the
number of nodes are limited, because a document may come from a stranger.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NoReturn

import yaml

from asynction.contract import Json
from asynction.document._source import File, Key, Mark, Source, SourceMap
from asynction.problems import Location, did_you_mean, escape, problem_at

MAX_BYTES = 5 * 1024 * 1024
MAX_DEPTH = 100
MAX_EXPANDED_NODES = 2_000_000
MAX_INT_BITS = 1024
"""The greatest length of an integer: beyond it, like 1e999, it has no double (RFC 8259, section 6)."""

_LIBYAML_TOO_DEEP = "exceeded maximum nesting depth"
"""libyaml's message for more than 1000 levels, since PyYAML 6.0.4."""

_LOADER: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

# YAML 1.2, section 10.3.2, in the order of its table.
_CORE_SCHEMA: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("null", re.compile(r"(?:~|null|Null|NULL|)")),
    ("bool", re.compile(r"(?:true|True|TRUE|false|False|FALSE)")),
    ("int", re.compile(r"[-+]?[0-9]+")),
    ("oct", re.compile(r"0o[0-7]+")),
    ("hex", re.compile(r"0x[0-9a-fA-F]+")),
    ("float", re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")),
    ("inf", re.compile(r"[-+]?\.(?:inf|Inf|INF)")),
    ("nan", re.compile(r"\.(?:nan|NaN|NAN)")),
)
_MAYBE_NOT_A_STRING = re.compile(r"[-+.0-9~nNtTfF]|$")
"""The starts of all patterns above: most scalars are strings, and one test tells."""
_NOT_PRINTABLE = re.compile(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that are not allowed in YAML (YAML 1.2, section 5.1)."""
SURROGATE = re.compile(r"[\ud800-\udfff]")
_TAG = "tag:yaml.org,2002:"
_CONTAINER_TAGS = {None, "!", f"{_TAG}map", f"{_TAG}seq"}
_TAGGED = {
    "str": frozenset[str](),
    "null": {"null"},
    "bool": {"bool"},
    "int": {"int", "oct", "hex"},
    "float": {"int", "float", "inf", "nan"},
}
"""The forms that a scalar with a tag may have; a string may have any."""


@dataclass(slots=True)
class _Open:
    """A mapping or a sequence that has not ended yet."""

    value: dict[str, Json] | list[Json]
    map: SourceMap
    start: Mark
    key: str | None = None
    merges: list[tuple[Json, SourceMap, Mark]] = field(default_factory=list)


class _Stop(Exception):
    """The text cannot be read further; the problem is already reported."""


def parse(text: str, file: str) -> Source:
    """Read `text`; the result's `problems` are what is wrong with it."""
    source = Source(File(file), complete=False)
    # The number of characters first: it is known, and never greater than the number of bytes.
    if len(text) > MAX_BYTES or len(text.encode(errors="replace")) > MAX_BYTES:
        message = f"larger than {MAX_BYTES:,} bytes; split it with `$ref`"
        _note(source, "document-size", message, (1, 1))
        return source
    if found := _NOT_PRINTABLE.search(text):
        before = text[: found.start()]
        message = f"the character U+{ord(found[0]):04X} is not allowed in a document"
        where = (before.count("\n") + 1, found.start() - before.rfind("\n"))
        _note(source, "yaml-syntax", message, where)
        return source
    try:
        source.data, source.map = _Composer(source).compose(text)
        source.complete = True
    except _Stop:
        pass
    except yaml.MarkedYAMLError as error:
        mark: Any = error.problem_mark  # the parsers always set it, and `problem`
        if error.problem == _LIBYAML_TOO_DEEP:
            # It reads ahead of its events, so our own limit has not been met yet: the text before the mark is
            # also deeper than MAX_DEPTH, and has a location for the problem.
            return parse(text[: mark.index], file)
        _note(source, "yaml-syntax", str(error.problem), (mark.line + 1, mark.column + 1))
    except (ValueError, OverflowError):  # from PyYAML without libyaml, for escapes beyond Unicode
        _note(source, "yaml-syntax", "found invalid Unicode character escape code", (1, 1))
    return source


def _note(source: Source, rule: str, message: str, mark: Mark, pointer: str = "") -> None:
    location = Location(source.file.name, *mark, pointer)
    source.problems.append(problem_at(location, rule, message))


class _Composer:
    """Builds data from PyYAML's events. Its stack is a list: recursion would depend on Python's limit."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.stack: list[_Open] = []
        self.anchors: dict[str, tuple[Json, SourceMap | None]] = {}
        self.heights: dict[SourceMap, int] = {}
        self.sizes: dict[SourceMap, int] = {}
        self.root: tuple[Json, SourceMap | None] = (None, None)
        self.done = False

    def compose(self, text: str) -> tuple[Json, SourceMap | None]:
        for event in self.events(text):
            if isinstance(event, yaml.ScalarEvent):
                mark = _mark(event)
                value = self.scalar(event, mark)
                if event.anchor is not None:
                    self.anchors[event.anchor] = (value, None)
                self.add(value, None, mark)
            elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
                self.close()
            elif isinstance(event, yaml.MappingStartEvent):
                self.open(event, {}, _mark(event))
            elif isinstance(event, yaml.SequenceStartEvent):
                self.open(event, [], _mark(event))
            elif isinstance(event, yaml.AliasEvent):
                self.alias(event, _mark(event))
            elif isinstance(event, yaml.DocumentStartEvent) and self.done:
                self.stop("yaml-documents", "a file may contain only one YAML document", _mark(event))
        if not self.done:
            self.stop("empty-document", "the file is empty", (1, 1))
        return self.root

    def events(self, text: str) -> Iterator[yaml.Event]:
        loader = _LOADER(text)
        try:
            while (event := loader.get_event()) is not None:
                yield event
        finally:
            loader.dispose()

    def stop(self, rule: str, message: str, mark: Mark, pointer: str | None = None) -> NoReturn:
        _note(self.source, rule, message, mark, self.pointer() if pointer is None else pointer)
        raise _Stop

    def pointer(self) -> str:
        """Return the pointer of the next value; of a key, that of its mapping."""
        if not self.stack:
            return ""
        top = self.stack[-1]
        if isinstance(top.value, list):
            return f"{top.map.pointer}/{len(top.value)}"
        return top.map.pointer if top.key is None else f"{top.map.pointer}/{escape(top.key)}"

    def at_key(self) -> bool:
        """Return True where the next value is the key of a mapping."""
        return bool(self.stack) and isinstance(self.stack[-1].value, dict) and self.stack[-1].key is None

    def open(self, event: yaml.CollectionStartEvent, value: dict[str, Json] | list[Json], mark: Mark) -> None:
        if len(self.stack) >= MAX_DEPTH:
            self.stop("document-depth", f"nested deeper than {MAX_DEPTH} levels", mark)
        if event.tag not in _CONTAINER_TAGS:
            self.stop("yaml-tag", f"the tag `{event.tag}` is not supported; write a plain value", mark)
        source_map = SourceMap(self.source.file, self.pointer(), mark)
        if event.anchor is not None:
            self.anchors[event.anchor] = (value, source_map)
        self.add(value, source_map, mark)
        self.stack.append(_Open(value, source_map, mark))

    def alias(self, event: yaml.AliasEvent, mark: Mark) -> None:
        name = str(event.anchor)
        if name not in self.anchors:
            close = did_you_mean(name, self.anchors)
            self.stop("yaml-alias", f"the alias `*{name}` has no anchor before it{close}", mark)
        value, source_map = self.anchors[name]
        if source_map is not None:
            if any(source_map is above.map for above in self.stack):
                self.stop("yaml-alias", f"the alias `*{name}` contains itself; use `$ref` to recurse", mark)
            if len(self.stack) + self.heights[source_map] > MAX_DEPTH:
                self.stop("document-depth", f"nested deeper than {MAX_DEPTH} levels", mark)
        self.add(value, source_map, mark)

    def add(self, value: Json, source_map: SourceMap | None, mark: Mark) -> None:
        """Add a value where it belongs: as the root, an item, a key or a value."""
        if not self.stack:
            self.root, self.done = (value, source_map), True
            return
        top = self.stack[-1]
        if isinstance(top.value, list):
            key: Key = len(top.value)
            top.map.marks[key] = mark
            top.value.append(value)
        elif top.key is None:
            self.key(top, value, mark)
            return
        elif top.key == "<<" and source_map is not None:
            # Merged when this mapping ends: a literal after `<<:` has no content yet.
            top.merges.append((value, source_map, mark))
            top.key = None
            return
        else:
            key, top.key = top.key, None
            top.value[key] = value
        if source_map is not None:
            top.map.children[key] = source_map

    def key(self, top: _Open, value: Json, mark: Mark) -> None:
        if isinstance(value, dict | list):
            self.stop("yaml-key", "a mapping or a sequence cannot be a key", mark)
        top.key = key_text(value)
        if top.key in top.map.marks:
            line = top.map.marks[top.key][0]
            message = f"the key `{top.key}` occurs twice, first in line {line}"
            _note(self.source, "duplicate-key", message, mark, f"{top.map.pointer}/{escape(top.key)}")
            top.map.children.pop(top.key, None)
        top.map.marks[top.key] = mark

    def close(self) -> None:
        top = self.stack.pop()
        for merged, source_map, mark in top.merges:
            self.merge(top, merged, source_map, mark)
        height, size = 0, 1 + len(top.value)
        for child in top.map.children.values():
            height = max(height, self.heights[child])
            # An alias counts each time it is used, as it does for a walk over the data ("billion laughs").
            size += self.sizes[child] - 1
        if size > MAX_EXPANDED_NODES:
            message = f"aliases expand to more than {MAX_EXPANDED_NODES:,} nodes"
            self.stop("yaml-alias", message, top.start, top.map.pointer)
        self.heights[top.map] = height + 1
        self.sizes[top.map] = size

    def merge(self, top: _Open, merged: Json, source_map: SourceMap, mark: Mark) -> None:
        """Apply `<<`: own keys take precedence, then those of earlier mappings (YAML 1.1, type `merge`)."""
        if isinstance(merged, list):
            for index, item in enumerate(merged):
                self.merge_mapping(top, item, source_map.children.get(index), mark)
        else:
            self.merge_mapping(top, merged, source_map, mark)

    def merge_mapping(self, top: _Open, merged: Json, source_map: SourceMap | None, mark: Mark) -> None:
        if not isinstance(merged, dict) or not isinstance(top.value, dict) or source_map is None:
            message = "`<<` takes a mapping or a list of mappings"
            self.stop("yaml-merge", message, mark, f"{top.map.pointer}/<<")
        for key, value in merged.items():
            if key not in top.value:
                top.value[key] = value
                if key in source_map.children:
                    top.map.children[key] = source_map.children[key]

    def scalar(self, event: yaml.ScalarEvent, mark: Mark) -> Json:
        text: str = event.value
        if not text.isascii() and SURROGATE.search(text):
            self.stop("yaml-scalar", "text with a lone surrogate is not Unicode", mark)
        if event.tag not in (None, "!"):
            kind = self.kind_of_tagged(event.tag, text, mark)
        elif event.tag == "!" or not event.implicit[0]:
            return text
        else:
            kind = "str" if self.at_key() else _core_kind(text)
        if kind == "str" or self.at_key():
            return text  # a key is a string in JSON (RFC 8259, section 4), as it is written: `1.10` is "1.10"
        value = _READ[kind](text)
        if isinstance(value, int | float) and not is_number(value):
            self.stop("yaml-scalar", f"`{text[:40]}` is not a JSON number", mark)
        return value

    def kind_of_tagged(self, tag: str, text: str, mark: Mark) -> str:
        name = tag.removeprefix(_TAG)
        if name not in _TAGGED:
            self.stop("yaml-tag", f"the tag `{tag}` is not supported; write a plain value", mark)
        kind = _core_kind(text)
        if name != "str" and kind not in _TAGGED[name]:
            self.stop("yaml-scalar", f"`{text[:40]}` is not a valid `{name}`", mark)
        return kind if name != "str" else "str"


def _mark(event: yaml.Event) -> Mark:
    at: Any = event.start_mark  # PyYAML always sets it; its types leave that open
    return at.line + 1, at.column + 1


def is_number(value: int | float) -> bool:
    """Return True for a JSON number: finite, and an integer within the range of a double."""
    return math.isfinite(value) if isinstance(value, float) else value.bit_length() <= MAX_INT_BITS


def _core_kind(text: str) -> str:
    if not _MAYBE_NOT_A_STRING.match(text):
        return "str"
    return next((kind for kind, pattern in _CORE_SCHEMA if pattern.fullmatch(text)), "str")


def _int(text: str) -> float:
    # Reading an integer takes time in the square of its length, so a long one is not even tried.
    return int(text) if len(text) <= MAX_INT_BITS else math.inf


_READ: dict[str, Callable[[str], Json]] = {
    "null": lambda text: None,
    "bool": lambda text: text.lower() == "true",
    "int": _int,
    "oct": lambda text: int(text[2:], 8),
    "hex": lambda text: int(text[2:], 16),
    "float": float,
    "inf": lambda text: math.inf,
    "nan": lambda text: math.nan,
}


def key_text(value: object) -> str:
    """Return a key as JSON has it, as a string: `200:` is the key "200"."""
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)
