"""Finds what a `$ref` means by the rules of JSON Schema: relative to the schema it is in, not to its file.

That is so where `schemaFormat` names JSON Schema itself, where a schema has an `$id`, and in a file that is
no AsyncAPI document (JSON Schema 2020-12 Core, section 8.2). A file is searched for such schemas only when a
`$ref` of it leads nowhere by the rules of AsyncAPI.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote, urljoin

from asynction.contract import Json
from asynction.document._files import Unreadable
from asynction.document._source import Key
from asynction.problems import pointer_of, unescape

if TYPE_CHECKING:
    from asynction.document._nodes import Node

_ANCHORS = ("$anchor", "$dynamicAnchor")


@dataclass(frozen=True, slots=True)
class Resource:
    """A schema in a file that its own `$ref`s are relative to; `uri` is its `$id`, made absolute."""

    node: Node
    pointer: str
    uri: str


def resources_of(root: Node) -> list[Resource]:
    """Return the schema resources of a file, the inner ones after those that they are in."""
    found = [] if isinstance(root.value, dict) and "asyncapi" in root.value else [Resource(root, "", "")]
    for path, value in _mappings(root):
        schema = "schema" if "schema" in value else "payload"
        if isinstance(value.get("$id"), str) and not str(value["$id"]).startswith("#"):
            found.append(_resource(root, path, found))
        elif str(value.get("schemaFormat")).startswith("application/schema") and schema in value:
            found.append(_resource(root, (*path, schema), found))
    return found


def target_of(node: Node, ref: str, resources: list[Resource]) -> Node | None:
    """Return what `ref` in `node` leads to in its file, by the rules of JSON Schema; None for nothing."""
    here = node.location.pointer
    holders = [each for each in resources if f"{here}/".startswith(f"{each.pointer}/")]
    file, _, fragment = ref.partition("#")
    for holder in reversed(holders):
        uri = urljoin(holder.uri, file)
        named = [each for each in resources if each.uri == uri] if file else [holder]
        for resource in named:
            if (found := _at(resource.node, unquote(fragment))) is not None:
                return found
    return None


def _resource(root: Node, path: tuple[Key, ...], found: list[Resource]) -> Resource:
    node, pointer = _below(root, path), pointer_of(path)
    if node.ref is not None and (target := _local(node, node.ref)) is not None:
        node, pointer = target, target.location.pointer  # a payload of 2.x is a reference to a component
    outer = [each.uri for each in found if f"{pointer}/".startswith(f"{each.pointer}/")]
    own = node.value.get("$id") if isinstance(node.value, dict) else None
    return Resource(node, pointer, urljoin(outer[-1] if outer else "", own if isinstance(own, str) else ""))


def _local(node: Node, ref: str) -> Node | None:
    try:
        target = node.sources.find(ref, node.base)
    except Unreadable:
        return None
    return target if target is not None and target.base == node.base else None


def _at(resource: Node, fragment: str) -> Node | None:
    if fragment and not fragment.startswith("/"):
        for path, value in _mappings(resource):
            is_old = value.get("$id") == f"#{fragment}"  # before draft 2019-09, an `$id` could be an anchor
            if is_old or any(value.get(keyword) == fragment for keyword in _ANCHORS):
                return _below(resource, path)
        return None
    node: Node | None = resource
    for token in map(unescape, fragment.split("/")[1:]):
        node = node.entry(token) if node is not None else None
    return node


def _below(node: Node, path: tuple[Key, ...]) -> Node:
    for key in path:
        node = node.child(key)
    return node


def _mappings(node: Node) -> Iterator[tuple[tuple[Key, ...], dict[str, Json]]]:
    """Yield the mappings in a value, each with the path to it, the outer ones first."""
    waiting: list[tuple[tuple[Key, ...], Json]] = [((), node.value)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, dict):
            yield path, value
        pairs = (
            value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        )
        waiting += [((*path, key), item) for key, item in pairs]
