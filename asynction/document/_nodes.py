"""The files that make a document, and the nodes in them: every value knows its place and follows `$ref`."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple, TypeAlias
from urllib.parse import unquote, urljoin, urlsplit

from asynction.contract import Json
from asynction.document._files import (
    MAPPING,
    Text,
    Unreadable,
    read_bytes,
    read_file,
    read_mapping,
    read_text,
)
from asynction.document._source import Key, Source, SourceMap
from asynction.problems import (
    Location,
    Problem,
    did_you_mean,
    pointer_of,
    problem_at,
    unescape,
)

Spec: TypeAlias = "str | Path | Text | Mapping[str, object]"
Retriever: TypeAlias = Callable[[str], str]
"""Takes the URL of a `$ref` that is no file and returns the text that stands there."""

Identity: TypeAlias = "tuple[SourceMap | None, Key]"

_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")


@dataclass(slots=True)
class Sources:
    """All files of one document; a `$ref` to another file brings it in."""

    retriever: Retriever | None = None
    problems: list[Problem] = field(default_factory=list)
    by_uri: dict[str, Source] = field(default_factory=dict)
    _noted: set[Problem] = field(default_factory=set)
    _found: dict[tuple[str, str], Node] = field(default_factory=dict)

    def root(self, spec: Spec) -> Node | None:
        """Read the document itself; None, with a problem noted, where that fails."""
        name = spec.name if isinstance(spec, Text) else str(spec)
        try:
            uri, source = _read(spec)
        except (Unreadable, ValueError) as error:  # a path may hold what no file name can
            message = str(error) if isinstance(error, Unreadable) else "this is not a valid path of a file"
            self.report(problem_at(Location(name, None, None, ""), "file", message))
            return None
        self._adopt(uri, source)
        return self._node(source) if source.complete else None

    def find(self, ref: str, base: str) -> Node | None:
        """Find what a `$ref` in the file `base` points to (JSON Reference, RFC 6901).

        Raises Unreadable where it leads nowhere; None for a file whose own problems are noted.
        """
        if (base, ref) in self._found:
            return self._found[base, ref]
        before, _, fragment = ref.partition("#")
        source = self._file(before, base) if before else self.by_uri[base]
        fragment = unquote(fragment)  # before it is a pointer (RFC 6901, section 6)
        if fragment and not fragment.startswith("/"):
            raise Unreadable("a reference is a file, a JSON Pointer after `#`, or both")
        if not source.complete:
            return None
        found = self._found[base, ref] = _walk(self._node(source), fragment)
        return found

    def report(self, problem: Problem) -> None:
        """Add a problem, once: a value that several `$ref`s reach is met several times."""
        if problem not in self._noted:
            self._noted.add(problem)
            self.problems.append(problem)

    def files(self) -> tuple[str, ...]:
        """The names of all files read."""
        names = (source.file.name for source in self.by_uri.values())
        return tuple(name for name in names if name != MAPPING)

    def _node(self, source: Source) -> Node:
        return Node(source.data, self, source.file.uri, source.map)

    def _file(self, ref: str, base: str) -> Source:
        """The file that a reference without fragment names."""
        try:
            uri = urljoin(base, ref)
            path = _path_of(uri) if uri.startswith("file:") else None
            uri = uri if path is None else path.as_uri()  # one spelling, so that no file is read twice
        except ValueError as error:
            raise Unreadable("it is not a URI") from error
        source = self.by_uri.get(uri)
        if source is None:
            read = self._fetch(uri) if path is None else read_file(path, _shown(path))
            source = self._adopt(uri, read)
        return source

    def _adopt(self, uri: str, source: Source) -> Source:
        source.file.uri = uri
        self.by_uri[uri] = source
        for problem in source.problems:
            self.report(problem)
        return source

    def _fetch(self, uri: str) -> Source:
        if self.retriever is None:
            raise Unreadable(f"`{uri}` is not fetched; keep a copy beside the document and refer to that")
        try:
            text = self.retriever(uri)
        except Exception as error:  # whatever the caller's function raises
            raise Unreadable(f"`{uri}` cannot be fetched: {type(error).__name__}: {error}") from error
        return read_text(text, uri)


class Node(NamedTuple):  # not a frozen dataclass: reading a document makes thousands, and those cost 3 %
    """A value in a document: what it is, where it is written, and which file its `$ref`s start from.

    `map` is the source map of a mapping or a sequence. A scalar has none: its location is that of its
    `key` in its `parent`.
    """

    value: Json
    sources: Sources
    base: str
    map: SourceMap | None = None
    parent: SourceMap | None = None
    key: Key = ""

    @property
    def location(self) -> Location:
        """Where the value is written (a mapping or sequence: whatever refers to it)."""
        return self.location_of_key() if self.map is None else self.map.location

    @property
    def identity(self) -> Identity:
        """The same for the same value in the document, by whatever way it was reached."""
        return (self.map, "") if self.map is not None else (self.parent, self.key)

    @property
    def label(self) -> str:
        """What the value is called: its key, or the name of its file where it is all of it."""
        return str(self.key) or self.base.rpartition("/")[2].partition(".")[0]

    @property
    def file_data(self) -> Json:
        """All that the file holds in which the value stands."""
        source = self.sources.by_uri.get(self.base)
        return source.data if source else None

    def location_of_key(self, key: Key | None = None) -> Location:
        """Where `key` of this mapping stands; without one, where this node's own key stands."""
        holder, key = (self.parent, self.key) if key is None else (self.map, key)
        if holder is None:
            source = self.sources.by_uri.get(self.base)
            return Location(source.file.name if source else self.base, None, None, "")
        return holder.location_of(key)

    def report(self, rule: str, message: str, *, key: Key | None = None) -> None:
        """Report a problem of this node, or of one of its keys."""
        location = self.location if key is None else self.location_of_key(key)
        self.sources.report(problem_at(location, rule, message))

    def child(self, key: Key) -> Node:
        """The value at `key`, which must exist."""
        value = self.value[key]  # type: ignore[index]  # the caller knows the kind
        below = self.map.children.get(key) if self.map is not None else None
        # What is merged from a trait refers from the trait's file.
        return Node(value, self.sources, self.base if below is None else below.file.uri, below, self.map, key)

    def entries(self) -> dict[str, Node]:
        """The entries of a mapping as they are written, with their `$ref`s; none of another value."""
        return {name: self.child(name) for name in self.value} if isinstance(self.value, dict) else {}

    def with_entries(self, entries: Mapping[str, Node]) -> Node:
        """Return this mapping with other entries: it keeps its location, and they keep theirs."""
        children: dict[Key, SourceMap] = {
            name: node.map for name, node in entries.items() if node.map is not None
        }
        value: Json = {name: node.value for name, node in entries.items()}
        written = self.map and replace(self.map, children=children)
        return self._replace(value=value, map=written)

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
            if node.identity in seen:
                self.report("ref-cycle", f"`$ref: {self.ref}` leads back to itself")
                return None
            seen.add(node.identity)
            target = node.lookup(ref)
            if target is None:
                return None
            node = target
        return node

    def steps(self) -> Iterator[Node]:
        """Each value on the way of a chain of `$ref`s that leads somewhere, the last one included."""
        node = self
        while node.ref is not None and (step := node.lookup(node.ref)) is not None:
            yield step
            node = step

    def lookup(self, ref: str) -> Node | None:
        """Find what `ref` points to; None, with a problem noted, where it fails."""
        try:
            return self.sources.find(ref, self.base)
        except Unreadable as error:
            self.report("ref", f"`$ref: {ref}` cannot be resolved: {error}", key="$ref")
            return None


def _read(spec: Spec) -> tuple[str, Source]:
    """Read a document and name the URI that its `$ref`s start from."""
    if isinstance(spec, Mapping):
        return (Path.cwd() / MAPPING).as_uri(), read_mapping(spec)
    if isinstance(spec, Text):
        return (Path.cwd() / "<text>").as_uri(), read_bytes(spec.content, spec.name)
    return Path(os.path.abspath(spec)).as_uri(), read_file(Path(spec), str(spec))


def _walk(root: Node, pointer: str) -> Node:
    """Follow a pointer from the root of a file; raises Unreadable where the way ends."""
    node = root
    walked = ""
    for token in map(unescape, pointer.split("/")[1:]):
        value = node.value
        if isinstance(value, dict) and token in value:
            node = node.child(token)
        elif isinstance(value, list) and _INDEX.fullmatch(token) and int(token) < len(value):
            node = node.child(int(token))
        else:
            near = did_you_mean(token, value if isinstance(value, dict) else ())
            if not walked and token in ("definitions", "$defs"):
                near = "; a pointer starts at the root of its file"
            raise Unreadable(f"`#{walked}` has no `{token}`{near}")
        walked += pointer_of([token])
    return node


def _path_of(uri: str) -> Path:
    from urllib.request import url2pathname  # for documents of several files: its import takes a while

    return Path(url2pathname(urlsplit(uri).path))


def _shown(path: Path) -> str:
    """The path as the user would type it: relative where it is below the working directory."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
