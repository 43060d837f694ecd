"""The files that make a document, and the nodes in them: every value knows its place and follows `$ref`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias
from urllib.parse import unquote, urldefrag, urljoin, urlsplit
from urllib.request import url2pathname

from referencing import Registry, Resource
from referencing.exceptions import CannotDetermineSpecification, Unresolvable

from asynction.contract import Json
from asynction.document import _yaml
from asynction.document._yaml import Key, Source
from asynction.problems import (
    Place,
    Problem,
    Severity,
    did_you_mean,
    pointer_of,
    problem_at,
    unescape,
)

Spec: TypeAlias = "str | Path | Mapping[str, object]"
Retriever: TypeAlias = Callable[[str], str]
"""Takes the URL of a `$ref` that is no file and returns the text that stands there."""

_MAPPING = "<mapping>"


class _Unreadable(Exception):
    """A file or URL cannot be had; the message says why."""


@dataclass(slots=True)
class Sources:
    """All files of one document; a `$ref` to another file brings it in."""

    retriever: Retriever | None = None
    problems: list[Problem] = field(default_factory=list)
    by_uri: dict[str, Source] = field(default_factory=dict)
    places: dict[int, Place] = field(default_factory=dict)
    marks: dict[int, dict[Key, _yaml.Mark]] = field(default_factory=dict)
    registry: Registry[Json] = field(init=False)
    _noted: set[Problem] = field(default_factory=set)
    _kept: list[object] = field(default_factory=list)  # an `id` is good while its object lives

    def __post_init__(self) -> None:
        self.registry = Registry(retrieve=self._retrieve)  # type: ignore[call-arg]  # attrs alias

    def root(self, spec: Spec) -> Node:
        """Read the document itself; a file that cannot be read becomes a problem and an empty node."""
        if isinstance(spec, Mapping):
            uri = (Path.cwd() / _MAPPING).as_uri()
            self._adopt(uri, _source_of(spec))
        else:
            path = Path(spec)
            uri = path.absolute().as_uri()
            try:
                self._adopt(uri, _read_file(path, str(spec)))
            except _Unreadable as error:
                self.note(problem_at(Place(str(spec), None, None, ""), "file", str(error)))
                return Node(None, self, uri)
        source = self.by_uri[uri]
        return Node(source.data, self, uri)

    def note(self, problem: Problem) -> None:
        """Add a problem, once: a value that several `$ref`s reach is met several times."""
        if problem not in self._noted:
            self._noted.add(problem)
            self.problems.append(problem)

    def files(self) -> tuple[str, ...]:
        """The names of all files read."""
        return tuple(source.file for source in self.by_uri.values() if source.file != _MAPPING)

    def copy_place(self, old: object, new: object) -> None:
        """Let `new`, made from `old`, be reported at the place of `old`."""
        if id(old) in self.places:
            self.places[id(new)] = self.places[id(old)]
            self.marks[id(new)] = self.marks[id(old)]
            self._kept.append(new)

    def _adopt(self, uri: str, source: Source) -> Resource[Json]:
        self.by_uri[uri] = source
        self.places.update(source.places)
        self.marks.update(source.marks)
        for problem in source.problems:
            self.note(problem)
        resource = Resource.opaque(source.data)
        self.registry = self.registry.with_resource(uri, resource)
        return resource

    def _retrieve(self, uri: str) -> Resource[Json]:
        if uri in self.by_uri:
            return Resource.opaque(self.by_uri[uri].data)
        if uri.startswith("file:"):
            path = Path(url2pathname(unquote(urlsplit(uri).path)))
            return self._adopt(uri, _read_file(path, _shown(path)))
        if self.retriever is None:
            raise _Unreadable(f"`{uri}` is not fetched: a document is read from files; keep a copy beside it")
        return self._adopt(uri, _parse(self.retriever(uri), uri))


@dataclass(frozen=True, slots=True)
class Node:
    """A value in a document: what it is, where it stands, and which file its `$ref`s start from."""

    value: Json
    sources: Sources
    base: str
    parent: Json = None
    key: Key = ""

    @property
    def place(self) -> Place:
        """Where the value stands (a mapping or sequence: where it was written, whoever refers to it)."""
        if id(self.value) in self.sources.places and isinstance(self.value, dict | list):
            return self.sources.places[id(self.value)]
        return self.place_of_key()

    def place_of_key(self, key: Key | None = None) -> Place:
        """Where `key` of this mapping stands; without one, where this node's own key stands."""
        holder = self.parent if key is None else self.value
        key = self.key if key is None else key
        above = self.sources.places.get(id(holder))
        if above is None or holder is None:
            source = self.sources.by_uri.get(self.base)
            return Place(source.file if source else self.base, None, None, "")
        line, column = self.sources.marks[id(holder)].get(key, (above.line, above.column))
        return Place(above.file, line, column, above.pointer + pointer_of([key]))

    def note(self, rule: str, message: str, *, severity: Severity = "error", key: Key | None = None) -> None:
        """Report a problem of this node, or of one of its keys."""
        place = self.place if key is None else self.place_of_key(key)
        self.sources.note(problem_at(place, rule, message, severity=severity))

    def child(self, key: Key) -> Node:
        """The value at `key`, which must exist."""
        value = self.value[key]  # type: ignore[index]  # the caller knows the kind
        return Node(value, self.sources, self.base, self.value, key)

    def get(self, key: str) -> Node | None:
        """The value at `key` with its `$ref` followed; None where there is none."""
        if not isinstance(self.value, dict) or key not in self.value:
            return None
        return self.child(key).resolved()

    def text(self, key: str) -> str:
        """The string at `key`, or an empty one."""
        value = self.value.get(key) if isinstance(self.value, dict) else None
        return value if isinstance(value, str) else ""

    def items(self, key: str) -> Iterator[tuple[str, Node]]:
        """The entries of the mapping at `key`, each with its `$ref` followed."""
        node = self.get(key)
        if node is not None and isinstance(node.value, dict):
            for name in node.value:
                if (entry := node.child(name).resolved()) is not None:
                    yield name, entry

    def each(self, key: str) -> Iterator[Node]:
        """The items of the list at `key`, each with its `$ref` followed."""
        node = self.get(key)
        if node is not None and isinstance(node.value, list):
            for index in range(len(node.value)):
                if (item := node.child(index).resolved()) is not None:
                    yield item

    @property
    def ref(self) -> str | None:
        """The `$ref` of a Reference Object."""
        ref = self.value.get("$ref") if isinstance(self.value, dict) else None
        return ref if isinstance(ref, str) else None

    def resolved(self) -> Node | None:
        """Follow `$ref` after `$ref` to a value; None, with a problem noted, where one leads nowhere."""
        node, seen = self, set()
        while (ref := node.ref) is not None:
            if id(node.value) in seen:
                self.note("ref-cycle", f"`$ref: {self.ref}` leads back to itself")
                return None
            seen.add(id(node.value))
            target = node.lookup(ref)
            if target is None:
                return None
            node = target
        return node

    def lookup(self, ref: str) -> Node | None:
        """Find what `ref` points to (JSON Reference, RFC 6901); None with a problem where it fails."""
        try:
            found = self.sources.registry.resolver(self.base).lookup(ref)
        except (Unresolvable, CannotDetermineSpecification, ValueError) as error:
            self.note("ref", f"`$ref: {ref}` leads nowhere{self._why(ref, error)}", key="$ref")
            return None
        base, _ = urldefrag(urljoin(self.base, ref))
        tokens = [unescape(unquote(t)) for t in ref.partition("#")[2].split("/")[1:]]
        holder, key = self._holder(base, tokens)
        return Node(found.contents, self.sources, base, holder, key)

    def _holder(self, base: str, tokens: list[str]) -> tuple[Json, Key]:
        """The container and key that a pointer ends in, so that a scalar target has a place too."""
        holder: Json = None
        key: Key = ""
        source = self.sources.by_uri.get(base)
        value = source.data if source else None
        for token in tokens:
            holder, key = value, int(token) if isinstance(value, list) else token
            value = value[key]  # type: ignore[index]  # the lookup went this way
        return holder, key

    def _why(self, ref: str, error: Exception) -> str:
        cause: BaseException | None = error
        while cause is not None:
            if isinstance(cause, _Unreadable):
                return f": {cause}"
            cause = cause.__cause__ or cause.__context__
        uri, _, fragment = ref.partition("#")
        if not fragment.startswith("/"):
            return ": a reference is a file, a JSON Pointer after `#`, or both"
        known = self.sources.by_uri.get(urljoin(self.base, uri))
        return _nearest(known.data if known else None, fragment)


def _nearest(data: Json, fragment: str) -> str:
    """Say at which token of a pointer the way ends, and what stands there instead."""
    value = data
    walked = ""
    for token in (unescape(unquote(token)) for token in fragment.split("/")[1:]):
        if not isinstance(value, dict) or token not in value:
            known = value if isinstance(value, dict) else ()
            return f": `#{walked}` has no `{token}`{did_you_mean(token, known)}"
        value = value[token]
        walked += pointer_of([token])
    return ""


def _shown(path: Path) -> str:
    """The path as the user would type it: relative where it is below the working directory."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def _read_file(path: Path, name: str) -> Source:
    try:
        if path.stat().st_size > _yaml.MAX_BYTES:
            raise _Unreadable(f"`{name}` is larger than {_yaml.MAX_BYTES:,} bytes; split it with `$ref`")
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _Unreadable(f"`{name}` is not UTF-8 text (byte {error.start})") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise _Unreadable(f"`{name}` cannot be read: {reason}") from error
    return _parse(text, name)


def _parse(text: str, name: str) -> Source:
    source = _yaml.parse(text, name)
    if source.problems and text.lstrip()[:1] in ("{", "["):
        # JSON is all but YAML: only escaped surrogate pairs differ. Then places are not known.
        try:
            return Source(name, json.loads(text, parse_constant=_no_constant))
        except (ValueError, RecursionError):
            pass
    return source


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _source_of(spec: Mapping[str, object]) -> Source:
    """Take a mapping as a document: a deep copy in plain JSON types, so that later changes stay out."""
    source = Source(_MAPPING)
    try:
        source.data = _plain(spec, source, ())
    except RecursionError:
        place = Place(_MAPPING, None, None, "")
        source.problems.append(problem_at(place, "document-depth", "nested too deep, or contains itself"))
    return source


def _plain(value: object, source: Source, path: tuple[Key, ...]) -> Json:
    copied: dict[str, Json] | list[Json]
    if len(path) > _yaml.MAX_DEPTH:
        raise RecursionError
    if isinstance(value, Mapping):
        copied = {str(key): _plain(item, source, (*path, str(key))) for key, item in value.items()}
    elif isinstance(value, list | tuple):
        copied = [_plain(item, source, (*path, index)) for index, item in enumerate(value)]
    elif value is None or isinstance(value, str | int | float | bool):
        return value
    else:
        message = f"a {type(value).__name__} has no meaning in a document"
        source.problems.append(problem_at(Place(_MAPPING, None, None, pointer_of(path)), "value", message))
        return None
    source.places[id(copied)] = Place(_MAPPING, None, None, pointer_of(path))
    source.marks[id(copied)] = {}
    return copied
