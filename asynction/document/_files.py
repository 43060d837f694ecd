"""Reads a file, a text or a mapping into a Source: plain JSON data of limited size, with their locations."""

from __future__ import annotations

import errno
import json
import os
import re
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import NamedTuple

from asynction.contract import Json
from asynction.document import _yaml
from asynction.document._source import File, Key, Source, SourceMap
from asynction.document._yaml import key_text
from asynction.problems import Location, pointer_of, problem_at

MAPPING = "<mapping>"
"""The file name of a document that is given as a mapping."""

_reader: ContextVar[Callable[[Path], None] | None] = ContextVar("asynction_reader", default=None)

# An escape is a surrogate pair only if an even number of backslashes precedes it (RFC 8259, section 7).
_PAIR = re.compile(r"(?<!\\)((?:\\\\)*)\\u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})", re.IGNORECASE)

# Line breaks in YAML 1.1, which PyYAML implements, but ordinary characters in JSON and in YAML 1.2.
_BREAK = re.compile("[\x85\u2028\u2029]")


class Text(NamedTuple):
    """A document that is not in a file: its bytes, and a name for its locations.

    Its `$ref`s are relative to the working directory.
    """

    content: bytes
    name: str


class Unreadable(Exception):
    """A file, a URL or a value in one cannot be read; the message says why."""


@contextmanager
def reporting_reads(report: Callable[[Path], None]) -> Iterator[None]:
    """Call `report` with the absolute path of each file of a document, before it is read, within a block.

    Files that do not exist are reported too: a document would be read from them if they did.
    """
    token = _reader.set(report)
    try:
        yield
    finally:
        _reader.reset(token)


def report_read(path: Path) -> None:
    """Tell `reporting_reads`, if it is used, that a document is read from a file."""
    if (report := _reader.get()) is not None:
        report(Path(os.path.abspath(path)))


def read_file(path: Path, name: str, *, only_regular: bool = False, or_text: bool = False) -> Source:
    """Read a YAML or JSON file; raise Unreadable where that fails.

    Args:
        path: The file.
        name: Its name in problems.
        only_regular: Do not read a pipe, a device or a socket: it may have no end, or wait for a writer.
        or_text: Take a file that is neither YAML nor JSON as a string.
    """
    report_read(path)
    opener = _open_regular if only_regular else None
    try:
        with open(path, "rb", opener=opener) as file:
            data = file.read(_yaml.MAX_BYTES + 1)  # the document itself may be a device without end
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise Unreadable(f"`{name}` cannot be read: {reason}") from error
    return read_bytes(data, name, or_text=or_text)


def _open_regular(path: str, flags: int) -> int:
    """Open a regular file (an opener of `open`); raise OSError for anything else, without waiting for it."""
    descriptor = os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode) or stat.S_ISDIR(mode):  # `open` itself says what is wrong with a folder
        return descriptor
    os.close(descriptor)
    raise OSError(errno.EINVAL, "it is not a regular file")


def read_bytes(data: bytes, name: str, *, or_text: bool = False) -> Source:
    """Read the content of a YAML or JSON file; raise Unreadable where it is too large or not text."""
    if len(data) > _yaml.MAX_BYTES:
        raise Unreadable(f"`{name}` is larger than {_yaml.MAX_BYTES:,} bytes; split it with `$ref`")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable(f"`{name}` is not UTF-8 text (byte {error.start})") from error
    return read_text(text, name, or_text=or_text)


def read_text(text: str, name: str, *, or_text: bool = False) -> Source:
    """Read YAML or JSON text; with `or_text`, take text that is neither as it is.

    JSON is read as YAML too, to have its lines. PyYAML does not accept all of JSON: surrogate pairs in
    escapes and Unicode's line breaks in strings are rewritten first, and text with any other difference,
    such as a line break before a colon, is read as JSON, without lines.
    """
    source = _read_text(text, name)
    # A schema of another language may be a scalar to YAML, with its lines joined.
    if or_text and (source.problems or isinstance(source.data, str)):
        return Source(File(name), text)
    return source


def _read_text(text: str, name: str) -> Source:
    if text.lstrip()[:1] not in ("{", "["):
        return _yaml.parse(text, name)
    escaped = _BREAK.sub(lambda match: f"\\u{ord(match[0]):04x}", _PAIR.sub(_joined, text))
    source = _yaml.parse(escaped, name)
    if [problem.rule for problem in source.problems] == ["yaml-syntax"]:
        try:
            data = json.loads(text, parse_constant=_no_constant, object_pairs_hook=_distinct)
        except (ValueError, RecursionError):
            return source
        return _Copier(name).source_of(data)
    return source


def read_mapping(spec: Mapping[str, object]) -> Source:
    """Read a mapping as a document: copy it into plain JSON types, so that later changes have no effect."""
    return _Copier(MAPPING).source_of(spec)


def _joined(match: re.Match[str]) -> str:
    high, low = int(match[2], 16), int(match[3], 16)
    return match[1] + chr(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _distinct(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a key occurs twice")
    return members


class _Stop(Exception):
    """The data cannot be read further; the problem is already reported."""


class _Copier:
    """Copies data of any types into JSON types, and records their pointers."""

    def __init__(self, file: str) -> None:
        self.source = Source(File(file))
        self.count = 0

    def source_of(self, data: object) -> Source:
        try:
            self.source.data, self.source.map = self.copy(data, ())
        except _Stop:
            self.source.complete = False
        return self.source

    def copy(self, value: object, path: tuple[Key, ...]) -> tuple[Json, SourceMap | None]:
        self.count += 1
        if len(path) > _yaml.MAX_DEPTH:
            message = f"nested deeper than {_yaml.MAX_DEPTH} levels, or contains itself"
            self.report("document-depth", message, path)
            raise _Stop
        if self.count > _yaml.MAX_EXPANDED_NODES:
            self.report("document-size", f"more than {_yaml.MAX_EXPANDED_NODES:,} values", ())
            raise _Stop
        if isinstance(value, Mapping):
            return self.copy_mapping(value, path)
        if isinstance(value, list | tuple):
            return self.copy_sequence(value, path)
        return self.copy_scalar(value, path), None

    def copy_mapping(
        self, value: Mapping[object, object], path: tuple[Key, ...]
    ) -> tuple[dict[str, Json], SourceMap]:
        copied: dict[str, Json] = {}
        source_map = self.source_map(path)
        for key, item in value.items():
            if not (key is None or isinstance(key, str | int | float)):
                self.report("value", f"a {type(key).__name__} cannot be a key", path)
                continue
            name = key_text(self.copy_scalar(key, path))
            if name in copied:
                self.report("duplicate-key", f"the key `{name}` occurs twice", (*path, name))
                source_map.children.pop(name, None)
            copied[name], below = self.copy(item, (*path, name))
            if below is not None:
                source_map.children[name] = below
        return copied, source_map

    def copy_sequence(self, value: Sequence[object], path: tuple[Key, ...]) -> tuple[list[Json], SourceMap]:
        copied: list[Json] = []
        source_map = self.source_map(path)
        for index, item in enumerate(value):
            inner, below = self.copy(item, (*path, index))
            copied.append(inner)
            if below is not None:
                source_map.children[index] = below
        return copied, source_map

    def source_map(self, path: tuple[Key, ...]) -> SourceMap:
        return SourceMap(self.source.file, pointer_of(path))

    def copy_scalar(self, value: object, path: tuple[Key, ...]) -> Json:
        # Exact types, not subclasses: the loaders of other libraries return strings and numbers of their own.
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, str):
            text = str.__str__(value)
            if _yaml.SURROGATE.search(text):
                self.report("value", "text with a lone surrogate is not Unicode", path)
            return _yaml.SURROGATE.sub("\ufffd", text)
        if isinstance(value, int | float):
            number = int(value) if isinstance(value, int) else float(value)
            if not _yaml.is_number(number):
                self.report("value", "not a JSON number: infinite, or too large", path)
                raise _Stop
            return number
        self.report("value", f"a value of type `{type(value).__name__}` is not JSON", path)
        return None

    def report(self, rule: str, message: str, path: tuple[Key, ...]) -> None:
        location = Location(self.source.file.name, None, None, pointer_of(path))
        self.source.problems.append(problem_at(location, rule, message))
