"""The files of a document, and the nodes in them: a value that has its location and can follow its `$ref`."""

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
"""Takes the URL of a `$ref` and returns the text at that URL."""

# The source map of a mapping or sequence; for a scalar, that of its parent, and its key.
Identity: TypeAlias = "tuple[SourceMap | None, Key]"

_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")
"""An array index, without leading zeros (RFC 6901, section 4)."""


@dataclass(slots=True)
class Sources:
    """All files of one document; a file is read when a `$ref` first needs it.

    A `$ref` leads only to regular files below `folder`, by default the folder of the document: a document may
    come from a stranger, and what it refers to is shown in errors, bundles and pages.
    """

    retriever: Retriever | None = None
    folder: Path | None = None
    problems: list[Problem] = field(default_factory=list)
    by_uri: dict[str, Source] = field(default_factory=dict)
    _reported: set[Problem] = field(default_factory=set)
    _found: dict[tuple[str, str], Node] = field(default_factory=dict)

    def root(self, spec: Spec) -> Node | None:
        """Read the document itself; return None, with a problem reported, where that fails."""
        name = spec.name if isinstance(spec, Text) else str(spec)
        try:
            if self.folder is None:
                self.folder = _folder_of(spec)
            self.folder = self.folder.resolve()
            uri, source = _read(spec)
        except (Unreadable, ValueError) as error:  # ValueError: the path cannot be encoded
            message = str(error) if isinstance(error, Unreadable) else "this is not a valid path of a file"
            self.report(problem_at(Location(name, None, None, ""), "file", message))
            return None
        self._adopt(uri, source)
        return self._node(source) if source.complete else None

    def find(self, ref: str, base: str) -> Node | None:
        """Return the target of a `$ref` in the file `base` (RFC 3986, section 5; RFC 6901).

        Raises Unreadable where there is none. Returns None for a file with problems of its own, which
        are already reported.
        """
        if (base, ref) in self._found:
            return self._found[base, ref]
        before, _, fragment = ref.partition("#")
        source = self._file(before, base) if before else self.by_uri[base]
        fragment = unquote(fragment)  # a fragment is percent-encoded, a pointer is not (RFC 6901, section 6)
        if fragment and not fragment.startswith("/"):
            raise Unreadable("a reference is a file, a JSON Pointer after `#`, or both")
        if not source.complete:
            return None
        found = self._found[base, ref] = _walk(self._node(source), fragment)
        return found

    def report(self, problem: Problem) -> None:
        """Add a problem, once: a value is read again for each `$ref` to it."""
        if problem not in self._reported:
            self._reported.add(problem)
            self.problems.append(problem)

    def files(self) -> tuple[str, ...]:
        """Return the names of all files that were read."""
        names = (source.file.name for source in self.by_uri.values())
        return tuple(name for name in names if name != MAPPING)

    def _node(self, source: Source) -> Node:
        return Node(source.data, self, source.file.uri, source.map)

    def _file(self, ref: str, base: str) -> Source:
        """Return the file that a reference without a fragment names."""
        try:
            uri = urljoin(base, ref)
            path = _path_of(uri) if uri.startswith("file:") else None
            uri = uri if path is None else path.as_uri()  # one spelling for each file: it is read once
        except ValueError as error:
            raise Unreadable("it is not a URI") from error
        source = self.by_uri.get(uri)
        if source is None:
            read = self._fetch(uri) if path is None else self._read_below(path)
            source = self._adopt(uri, read)
        return source

    def _read_below(self, path: Path) -> Source:
        """Read a file below `folder`, also when links have been followed."""
        folder = self.folder or Path.cwd()
        try:
            is_below = path.resolve().is_relative_to(folder)
        except (OSError, RuntimeError, ValueError) as error:  # a ring of links, or no path at all
            reason = getattr(error, "strerror", None) or error
            raise Unreadable(f"`{_shown(path)}` cannot be read: {reason}") from error
        if not is_below:
            raise Unreadable(
                f"the file is outside the folder `{_shown(folder)}`; to allow a wider one, pass `root`"
                " (on the command line `--root`)"
            )
        return read_file(path, _shown(path), only_regular=True)

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
        except Exception as error:  # the function is the caller's, and may raise anything
            raise Unreadable(f"`{uri}` cannot be fetched: {type(error).__name__}: {error}") from error
        return read_text(text, uri)


class Node(NamedTuple):  # not a frozen dataclass: thousands of nodes are made, and loading took 5 % longer
    """A value in a document, with its location.

    Args:
        value: The value, in plain JSON types.
        sources: The files of the document.
        base: The URI of the file that the value is written in, against which its `$ref` is resolved.
        map: The source map of a mapping or a sequence. A scalar has none: its location is that of its
            `key` in its `parent`.
        parent: The source map of the mapping or sequence that the value is in; None for a whole file.
        key: The key or the index of the value in its parent.
    """

    value: Json
    sources: Sources
    base: str
    map: SourceMap | None = None
    parent: SourceMap | None = None
    key: Key = ""

    @property
    def location(self) -> Location:
        """The location of the value; that of a mapping or sequence does not depend on what refers to it."""
        return self.location_of_key() if self.map is None else self.map.location

    @property
    def identity(self) -> Identity:
        """A key that is equal for the same value in the document, however the node was reached."""
        return (self.map, "") if self.map is not None else (self.parent, self.key)

    @property
    def label(self) -> str:
        """A name for the value: its key, or for a whole file the name of the file."""
        return str(self.key) or self.base.rpartition("/")[2].partition(".")[0]

    @property
    def file_data(self) -> Json:
        """All data of the file that the value is written in."""
        source = self.sources.by_uri.get(self.base)
        return source.data if source else None

    def location_of_key(self, key: Key | None = None) -> Location:
        """Return the location of `key` in this mapping; without one, of this node's own key."""
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
        """Return the value at `key`, which must exist."""
        value = self.value[key]  # type: ignore[index]  # the caller knows the kind
        below = self.map.children.get(key) if self.map is not None else None
        # A value that was merged from a trait has the base of the trait's file.
        return Node(value, self.sources, self.base if below is None else below.file.uri, below, self.map, key)

    def entries(self) -> dict[str, Node]:
        """Return the entries of a mapping, their `$ref`s not followed; of any other value, none."""
        return {name: self.child(name) for name in self.value} if isinstance(self.value, dict) else {}

    def with_entries(self, entries: Mapping[str, Node]) -> Node:
        """Return this mapping with other entries; it keeps its location, and they keep theirs."""
        children: dict[Key, SourceMap] = {
            name: node.map for name, node in entries.items() if node.map is not None
        }
        value: Json = {name: node.value for name, node in entries.items()}
        written = self.map and replace(self.map, children=children)
        return self._replace(value=value, map=written)

    def get(self, key: str) -> Node | None:
        """Return the value at `key`, its `$ref` followed; None where there is none."""
        if not isinstance(self.value, dict) or key not in self.value:
            return None
        return self.child(key).resolved()

    def text(self, key: str) -> str:
        """Return the string at `key`, or an empty string."""
        value = self.value.get(key) if isinstance(self.value, dict) else None
        return value if isinstance(value, str) else ""

    def items(self, key: str) -> Iterator[tuple[str, Node]]:
        """Yield the entries of the mapping at `key`, their `$ref`s followed."""
        node = self.get(key)
        if node is not None and isinstance(node.value, dict):
            for name in node.value:
                if (entry := node.child(name).resolved()) is not None:
                    yield name, entry

    def each(self, key: str) -> Iterator[Node]:
        """Yield the items of the list at `key`, their `$ref`s followed."""
        node = self.get(key)
        if node is not None and isinstance(node.value, list):
            for index in range(len(node.value)):
                if (item := node.child(index).resolved()) is not None:
                    yield item

    @property
    def ref(self) -> str | None:
        """The `$ref` of a Reference Object; None for any other value."""
        ref = self.value.get("$ref") if isinstance(self.value, dict) else None
        return ref if isinstance(ref, str) else None

    def resolved(self) -> Node | None:
        """Follow a chain of `$ref`s to its value; return None, with a problem reported, where one fails."""
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
        """Yield the target of each `$ref` of a chain, up to its value or to the first that fails."""
        node = self
        while node.ref is not None and (step := node.lookup(node.ref)) is not None:
            yield step
            node = step

    def lookup(self, ref: str) -> Node | None:
        """Return the target of `ref`; None, with a problem reported, where that fails."""
        try:
            return self.sources.find(ref, self.base)
        except Unreadable as error:
            self.report("ref", f"`$ref: {ref}` cannot be resolved: {error}", key="$ref")
            return None


def _folder_of(spec: Spec) -> Path:
    return Path.cwd() if isinstance(spec, Mapping | Text) else Path(os.path.abspath(spec)).parent


def _read(spec: Spec) -> tuple[str, Source]:
    """Read a document; return the URI against which its `$ref`s are resolved, and its content."""
    if isinstance(spec, Mapping):
        return (Path.cwd() / MAPPING).as_uri(), read_mapping(spec)
    if isinstance(spec, Text):
        return (Path.cwd() / "<text>").as_uri(), read_bytes(spec.content, spec.name)
    # Not `Path.resolve`: a `$ref` is relative to the path as given, not to the target of a symbolic link.
    return Path(os.path.abspath(spec)).as_uri(), read_file(Path(spec), str(spec))


def _walk(root: Node, pointer: str) -> Node:
    """Follow a pointer from the root of a file (RFC 6901, section 4); raise Unreadable where it fails."""
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
    """Return the path as a user would type it: relative where it is below the working directory."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
