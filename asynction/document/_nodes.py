"""The files of a document, and the nodes in them: a value that has its location and can follow its `$ref`."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Callable, Collection, Generator, Iterator, Mapping
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
from asynction.document._resources import Resource, resources_of, target_of
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
Pointer: TypeAlias = "tuple[str, str]"
"""The file that a `$ref` is written in, and the `$ref`."""
Walk: TypeAlias = "Generator[Pointer, Node | None, Node | None]"

_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")
"""An array index, without leading zeros (RFC 6901, section 4)."""


_NOT_IN_NAME = re.compile(r"[^A-Za-z0-9._-]")
"""The characters that a component's name does not have (Components Object)."""


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
    _resources: dict[str, list[Resource]] = field(default_factory=dict)
    _found: dict[Pointer, Node | Unreadable | None] = field(default_factory=dict)

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

    def find(self, ref: str, base: str, *, or_text: bool = False) -> Node | None:
        """Return the target of a `$ref` in the file `base` (RFC 3986, section 5; RFC 6901).

        A pointer may pass through other `$ref`s, each of which its target replaces (JSON Reference, section
        3). Raises Unreadable where there is no target. Returns None for a file with problems of its own,
        which are already reported. With `or_text`, a file that is neither YAML nor JSON is a string.
        """
        key = (base, ref)
        if key not in self._found:
            self._walk_to(key, or_text)
        found = self._found[key]
        if isinstance(found, Unreadable):
            raise Unreadable(str(found))
        return found

    def find_in_schema(self, ref: str, node: Node) -> Node | None:
        """Return the target of a `$ref` by the rules of JSON Schema; None where there is none."""
        if node.base not in self._resources:
            self._resources[node.base] = resources_of(self._node(self.by_uri[node.base]))
        return target_of(node, ref, self._resources[node.base])

    def address(self, ref: str, base: str) -> Pointer:
        """Return the file and the pointer that a `$ref`, which has a target, names."""
        before, pointer = _split(ref)
        return (_uri(before, base)[0] if before else base), pointer

    def report(self, problem: Problem) -> None:
        """Add a problem, once: a value is read again for each `$ref` to it."""
        if problem not in self._reported:
            self._reported.add(problem)
            self.problems.append(problem)

    def files(self) -> tuple[str, ...]:
        """Return the names of all files that were read."""
        names = (source.file.name for source in self.by_uri.values())
        return tuple(name for name in names if name != MAPPING)

    def _walk_to(self, key: Pointer, or_text: bool) -> None:
        """Find the target of a `$ref`, and first that of each `$ref` that its pointer passes through.

        A walk that waits for another one waits in `walks`: the depth of recursion is limited.
        """
        walks = {key: self._walk(*key, or_text)}
        answer: Node | None = None
        try:
            while walks:
                current, walk = next(reversed(walks.items()))
                try:
                    wanted = walk.send(answer)
                except StopIteration as done:
                    del walks[current]
                    answer = self._found[current] = done.value
                    continue
                if wanted in walks:
                    raise Unreadable(f"it passes through `$ref: {wanted[1]}`, which leads back to itself")
                answer = None
                if wanted in self._found:
                    answer = self.find(wanted[1], wanted[0])
                else:
                    walks[wanted] = self._walk(*wanted, or_text)
        except Unreadable as error:
            self._found |= dict.fromkeys(walks, error)

    def _walk(self, base: str, ref: str, or_text: bool) -> Walk:
        """Follow a pointer from the root of its file (RFC 6901, section 4); yield each `$ref` on its way."""
        before, fragment = _split(ref)
        source = self._file(before, base, or_text) if before else self.by_uri[base]
        if fragment and not fragment.startswith("/"):
            raise Unreadable("a reference is a file, a JSON Pointer after `#`, or both")
        if not source.complete:
            return None
        node, walked = self._node(source), ""
        for token in map(unescape, fragment.split("/")[1:]):
            followed: set[Identity] = set()
            while (inner := _walked(node, token)) is None and node.ref is not None:
                if node.identity in followed:
                    raise Unreadable(f"`#{walked}` is a `$ref` that leads back to itself")
                followed.add(node.identity)
                target = yield node.base, node.ref
                if target is None:
                    return None
                node = target
            if inner is None:
                raise Unreadable(_dead_end(node, walked, token))
            node = inner
            walked += pointer_of([token])
        return node

    def _node(self, source: Source) -> Node:
        return Node(source.data, self, source.file.uri, source.map)

    def _file(self, ref: str, base: str, or_text: bool) -> Source:
        """Return the file that a reference without a fragment names."""
        try:
            uri, path = _uri(ref, base)
        except ValueError as error:
            raise Unreadable("it is not a URI") from error
        source = self.by_uri.get(uri)
        if source is None:
            read = self._fetch(uri, or_text) if path is None else self._read_below(path, or_text)
            source = self._adopt(uri, read)
        return source

    def _read_below(self, path: Path, or_text: bool) -> Source:
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
        return read_file(path, _shown(path), only_regular=True, or_text=or_text)

    def _adopt(self, uri: str, source: Source) -> Source:
        source.file.uri = uri
        self.by_uri[uri] = source
        for problem in source.problems:
            self.report(problem)
        return source

    def _fetch(self, uri: str, or_text: bool) -> Source:
        if self.retriever is None:
            raise Unreadable(f"`{uri}` is not fetched; name a copy by `--map URL=FILE` or a `retriever`")
        try:
            text = self.retriever(uri)
        except Exception as error:  # the function is the caller's, and may raise anything
            raise Unreadable(f"`{uri}` cannot be fetched: {type(error).__name__}: {error}") from error
        return read_text(text, uri, or_text=or_text)


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
        """A name for the value, as components have them: its key, or for a whole file that of the file."""
        name = str(self.key) or unquote(self.base).rpartition("/")[2].partition(".")[0]
        return _NOT_IN_NAME.sub("-", name) or "part"

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

    def entry(self, token: str) -> Node | None:
        """Return the entry or the item that a token of a pointer names; None where there is none."""
        value = self.value
        if isinstance(value, dict) and token in value:
            return self.child(token)
        if isinstance(value, list) and _INDEX.fullmatch(token) and int(token) < len(value):
            return self.child(int(token))
        return None

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

    def listed(self, key: str) -> list[Node]:
        """Return the items of the list at `key`, their `$ref`s not followed."""
        holder = self.get(key)
        if holder is None or not isinstance(holder.value, list):
            return []
        return [holder.child(index) for index in range(len(holder.value))]

    def items(self, key: str) -> Iterator[tuple[str, Node]]:
        """Yield the entries of the mapping at `key`, their `$ref`s followed."""
        node = self.get(key)
        if node is not None and isinstance(node.value, dict):
            for name in node.value:
                if (entry := node.child(name).resolved()) is not None:
                    yield name, entry

    def each(self, key: str) -> Iterator[Node]:
        """Yield the items of the list at `key`, their `$ref`s followed."""
        for item in self.listed(key):
            if (target := item.resolved()) is not None:
                yield target

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

    def loosely_resolved(self, *, or_text: bool) -> Node:
        """Follow a chain of `$ref`s like `resolved`, but raise Unreadable where one fails.

        With `or_text`, a file that is neither YAML nor JSON is a string.
        """
        node, seen = self, set()
        while node.ref is not None:
            if node.identity in seen:
                raise Unreadable("it leads back to itself")
            seen.add(node.identity)
            target = self.sources.find(node.ref, node.base, or_text=or_text)
            if target is None:
                raise Unreadable("the file cannot be read")
            node = target
        return node

    def steps(self) -> Iterator[Node]:
        """Yield the target of each `$ref` of a chain, up to its value or to the first that fails."""
        node, seen = self, {self.identity}
        while node.ref is not None and (step := node.lookup(node.ref)) is not None:
            if step.identity in seen:
                return
            seen.add(step.identity)
            yield step
            node = step

    def lookup(self, ref: str, keyword: str = "$ref") -> Node | None:
        """Return the target of `ref`; None, with a problem reported, where that fails."""
        # `#` is the root of a schema, if it is in one: no file of AsyncAPI is a schema as a whole.
        if ref == "#" and (found := self.sources.find_in_schema(ref, self)) is not None:
            return found
        try:
            return self.sources.find(ref, self.base)
        except Unreadable as error:
            found = self.sources.find_in_schema(ref, self)
            if found is None:
                self.report("ref", f"`{keyword}: {ref}` cannot be resolved: {error}", key=keyword)
            return found


def unused_name(wanted: str, taken: Collection[str]) -> str:
    """Return `wanted`; if it is taken, with the first number that makes it another name."""
    names = itertools.chain([wanted], (f"{wanted}-{count}" for count in itertools.count(2)))
    return next(name for name in names if name not in taken)


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


def _split(ref: str) -> tuple[str, str]:
    """Return the file and the pointer of a `$ref`, as they are written."""
    before, _, fragment = ref.partition("#")
    return before, unquote(fragment)  # a fragment is percent-encoded, a pointer is not (RFC 6901, section 6)


def _uri(ref: str, base: str) -> tuple[str, Path | None]:
    """Return the URI that a reference without a fragment names, and the path of a file."""
    uri = urljoin(base, ref)
    path = _path_of(uri) if uri.startswith("file:") else None
    return (uri if path is None else path.as_uri()), path  # one spelling for each file: it is read once


def _walked(node: Node, token: str) -> Node | None:
    """Return the entry that a token names; the `$ref` of a Reference Object is not one."""
    return None if node.ref is not None and token in ("$ref",) else node.entry(token)


def _dead_end(node: Node, walked: str, token: str) -> str:
    near = did_you_mean(token, node.value if isinstance(node.value, dict) else ())
    if not walked and token in ("definitions", "$defs"):
        near = "; a pointer starts at the root of its file"
    return f"`#{walked}` has no `{token}`{near}"


def _path_of(uri: str) -> Path:
    from urllib.request import url2pathname  # for documents of several files: its import takes a while

    return Path(url2pathname(urlsplit(uri).path))


def _shown(path: Path) -> str:
    """Return the path as a user would type it: relative where it is below the working directory."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
