"""YAML 1.2 (and so JSON) text to plain Python data, with the place of every key and item.

PyYAML reads YAML 1.1: `on`, `no` and dates become something else than strings. So only its parser
is used here; scalars are read by the core schema of YAML 1.2 (section 10.3), and the bounds that a
document from a stranger needs stand beside it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import yaml

from asynction.contract import Json
from asynction.problems import Place, Problem, did_you_mean, pointer_of, problem_at

MAX_BYTES = 5 * 1024 * 1024
MAX_DEPTH = 200
MAX_EXPANDED_NODES = 2_000_000

Key: TypeAlias = "str | int"
Mark: TypeAlias = "tuple[int, int]"

_LOADER: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

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
_TAG = "tag:yaml.org,2002:"
_CONTAINER_TAGS = {None, "!", f"{_TAG}map", f"{_TAG}seq"}


@dataclass(slots=True)
class Source:
    """One file: its data and where each piece of it stands.

    `places` has the place of each mapping and sequence by its `id`, `marks` the line and column of
    each of its keys or items. Scalars have no identity, so they are found through their parent.
    """

    file: str
    data: Json = None
    places: dict[int, Place] = field(default_factory=dict)
    marks: dict[int, dict[Key, Mark]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


@dataclass(slots=True)
class _Open:
    """A mapping or a sequence whose end has not come yet."""

    value: dict[str, Json] | list[Json]
    marks: dict[Key, Mark]
    path: tuple[Key, ...]
    key: str | None = None
    merges: list[Json] = field(default_factory=list)


class _Stop(Exception):
    """The text cannot be read further; the problem is already noted."""


def parse(text: str, file: str) -> Source:
    """Read `text`; what is wrong with it is in `problems` of the result, and `data` is then partial."""
    source = Source(file)
    if len(text) > MAX_BYTES or len(text.encode(errors="replace")) > MAX_BYTES:
        _note(
            source,
            "document-size",
            f"larger than {MAX_BYTES:,} bytes; split it with `$ref`",
            (1, 1),
        )
        return source
    try:
        _Composer(source).compose(text)
    except _Stop:
        pass
    except (yaml.YAMLError, UnicodeEncodeError) as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        where = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        message = getattr(error, "problem", None) or str(error).partition("\n")[0]
        _note(source, "yaml-syntax", message, where)
    return source


def _note(source: Source, rule: str, message: str, mark: Mark, path: tuple[Key, ...] = ()) -> None:
    place = Place(source.file, *mark, pointer_of(path))
    source.problems.append(problem_at(place, rule, message))


class _Composer:
    """Builds data from PyYAML's events with a stack of its own, so that depth is bounded here."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.stack: list[_Open] = []
        self.anchors: dict[str, Json] = {}
        self.sizes: dict[int, int] = {}
        self.done = False

    def compose(self, text: str) -> None:
        for event in self.events(text):
            at: Any = event.start_mark  # PyYAML always sets it; its types leave that open
            mark = (at.line + 1, at.column + 1)
            if isinstance(event, yaml.ScalarEvent):
                self.anchored(event, self.scalar(event, mark), mark)
            elif isinstance(event, yaml.MappingStartEvent):
                self.open(event, {}, mark)
            elif isinstance(event, yaml.SequenceStartEvent):
                self.open(event, [], mark)
            elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
                self.close()
            elif isinstance(event, yaml.AliasEvent):
                self.alias(event, mark)
            elif isinstance(event, yaml.DocumentStartEvent) and self.done:
                self.stop("yaml-documents", "only one YAML document may stand in a file", mark)
        if not self.done:
            self.stop("empty-document", "the file is empty", (1, 1))

    def events(self, text: str) -> Iterator[yaml.Event]:
        loader = _LOADER(text)
        try:
            while loader.check_event():
                yield loader.get_event()
        finally:
            loader.dispose()

    def stop(self, rule: str, message: str, mark: Mark) -> None:
        _note(self.source, rule, message, mark, self.path())
        raise _Stop

    def path(self) -> tuple[Key, ...]:
        """The path of the value that comes next."""
        if not self.stack:
            return ()
        top = self.stack[-1]
        key: Key = len(top.value) if isinstance(top.value, list) else top.key or ""
        return (*top.path, key)

    def open(self, event: yaml.CollectionStartEvent, value: dict[str, Json] | list[Json], mark: Mark) -> None:
        if len(self.stack) >= MAX_DEPTH:
            self.stop("document-depth", f"nested deeper than {MAX_DEPTH} levels", mark)
        if event.tag not in _CONTAINER_TAGS:
            self.stop("yaml-tag", f"the tag `{event.tag}` has no meaning in a document", mark)
        path = self.path()
        marks: dict[Key, Mark] = {}
        self.source.places[id(value)] = Place(self.source.file, *mark, pointer_of(path))
        self.source.marks[id(value)] = marks
        self.anchored(event, value, mark)
        self.stack.append(_Open(value, marks, path))

    def anchored(self, event: yaml.NodeEvent, value: Json, mark: Mark) -> None:
        if event.anchor is not None:
            self.anchors[event.anchor] = value
        self.add(value, mark)

    def alias(self, event: yaml.AliasEvent, mark: Mark) -> None:
        name = str(event.anchor)
        if name not in self.anchors:
            close = did_you_mean(name, self.anchors)
            self.stop("yaml-alias", f"the alias `*{name}` has no anchor before it{close}", mark)
        value = self.anchors[name]
        if any(value is above.value for above in self.stack):
            self.stop("yaml-alias", f"the alias `*{name}` contains itself; use `$ref` to recurse", mark)
        self.add(value, mark)

    def add(self, value: Json, mark: Mark) -> None:
        """Put a value where it belongs: root, item, key or value."""
        if not self.stack:
            self.source.data, self.done = value, True
            return
        top = self.stack[-1]
        if isinstance(top.value, list):
            top.marks[len(top.value)] = mark
            top.value.append(value)
        elif top.key is None:
            self.key(top, value, mark)
        elif top.key == "<<" and isinstance(value, dict | list):
            top.merges.extend(value if isinstance(value, list) else [value])
            top.key = None
        else:
            top.value[top.key] = value
            top.key = None

    def key(self, top: _Open, value: Json, mark: Mark) -> None:
        if isinstance(value, dict | list):
            self.stop("yaml-key", "a mapping or a sequence cannot be a key", mark)
        # A key is always a string in JSON: `200:` under responses is the key "200".
        top.key = value if isinstance(value, str) else _text_of(value)
        if top.key in top.marks:
            line = top.marks[top.key][0]
            message = f"the key `{top.key}` stands twice, first in line {line}"
            _note(self.source, "duplicate-key", message, mark, (*top.path, top.key))
        top.marks[top.key] = mark

    def close(self) -> None:
        top = self.stack.pop()
        for merged in top.merges:
            if isinstance(merged, dict) and isinstance(top.value, dict):
                for key, value in merged.items():
                    top.value.setdefault(key, value)
        children = top.value.values() if isinstance(top.value, dict) else top.value
        # An alias counts again each time it is used: this is the size that walking the data meets.
        size = 1 + sum(self.sizes.get(id(child), 1) for child in children)
        if size > MAX_EXPANDED_NODES:
            self.stop("yaml-alias", f"aliases expand to more than {MAX_EXPANDED_NODES:,} nodes", (1, 1))
        self.sizes[id(top.value)] = size

    def scalar(self, event: yaml.ScalarEvent, mark: Mark) -> Json:
        kind = _kind(event)
        if kind not in _READ:
            self.stop("yaml-tag", f"the tag `{event.tag}` has no meaning in a document", mark)
        value: Json
        try:
            value = _READ[kind](event.value)
        except ValueError:
            self.stop("yaml-scalar", f"`{event.value[:40]}` is no {kind}", mark)
        if isinstance(value, float) and not math.isfinite(value):
            self.stop("yaml-scalar", f"`{event.value}` is not a JSON number", mark)
        return value


def _kind(event: yaml.ScalarEvent) -> str:
    text: str = event.value
    if event.tag is not None and event.tag != "!":
        return str(event.tag).removeprefix(_TAG)
    if not event.implicit[0] or not _MAYBE_NOT_A_STRING.match(text):
        return "str"
    return next((kind for kind, pattern in _CORE_SCHEMA if pattern.fullmatch(text)), "str")


def _bool(text: str) -> bool:
    if text.lower() not in {"true", "false"}:
        raise ValueError
    return text.lower() == "true"


_READ: dict[str, Callable[[str], Json]] = {
    "str": str,
    "null": lambda text: None,
    "bool": _bool,
    "int": int,
    "oct": lambda text: int(text[2:], 8),
    "hex": lambda text: int(text[2:], 16),
    "float": float,
    "inf": lambda text: math.inf,
    "nan": lambda text: math.nan,
}


def _text_of(value: Json) -> str:
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)
