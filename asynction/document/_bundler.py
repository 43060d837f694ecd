"""Bundles the files of a document into one document with the same meaning: `asynction bundle`."""

from __future__ import annotations

import re

from asynction.contract import Json
from asynction.document._nodes import Identity, Node
from asynction.document._reader import OBJECTS, Reader, Reference, field_of
from asynction.document._schemas import named_dialect
from asynction.problems import escape

SECTIONS = {
    "Schema": "schemas",
    "MultiFormatSchema": "schemas",
    "Server": "servers",
    "ServerVariable": "serverVariables",
    "Channel": "channels",
    "Operation": "operations",
    "Message": "messages",
    "MessageList": "messages",
    "SecurityScheme": "securitySchemes",
    "Parameter": "parameters",
    "CorrelationId": "correlationIds",
    "Reply": "replies",
    "ReplyAddress": "replyAddresses",
    "ExternalDocs": "externalDocs",
    "Tag": "tags",
    "OperationTrait": "operationTraits",
    "MessageTrait": "messageTraits",
    "ServerBindings": "serverBindings",
    "ChannelBindings": "channelBindings",
    "OperationBindings": "operationBindings",
    "MessageBindings": "messageBindings",
    "Ack": "x-messageAcks",
}
"""The section of `components` for an object from another file, by its type."""

_NOT_IN_NAME = re.compile(r"[^A-Za-z0-9._-]")


def bundle_document(root: Node, reader: Reader) -> Json:
    """Copy a document that `reader` has read; every `$ref` to another file becomes one into `components`.

    An object of another file is copied there once, under the last part of its pointer or the name of
    its file. Where the document's version has no section for it, it replaces each `$ref` to it.
    """
    return _Bundler(root, reader).run()


class _Bundler:
    """Decides what each `$ref` becomes, then copies the document."""

    def __init__(self, root: Node, reader: Reader) -> None:
        self.root = root
        self.components = OBJECTS[reader.version[0]]["Components"]
        self.version = reader.version
        self.known = {reference.node.identity for reference in reader.references}
        self.pointers: dict[Identity, str] = {}
        self.inlined: dict[Identity, Node] = {}
        self.locations: dict[tuple[str, str], str] = {}
        self.added: dict[str, dict[str, Node]] = {}
        # Those of type `any` come last: they must stay a `$ref`, and lead to what the others have moved.
        for reference in sorted(reader.references, key=lambda each: each.kind == "any"):
            if not self.is_local(reference.node) or not self.stays_local(reference.node):
                self.location(reference)

    def run(self) -> Json:
        document = self.copy(self.root)
        if not isinstance(document, dict) or not self.added:
            return document
        components = document.setdefault("components", {})
        for section, entries in self.added.items():
            holder = components.setdefault(section, {}) if isinstance(components, dict) else {}
            for name, node in entries.items():
                holder[name] = self.moved_copy(section, name, node)
        return document

    def location(self, reference: Reference) -> None:
        """Decide what a Reference Object becomes: another `$ref`, or a copy of its target."""
        node, target = reference.node, reference.target
        pointer = self.known_pointer(node) or self.new_pointer(reference.kind, target)
        if pointer is None:
            self.inlined[node.identity] = target
        else:
            self.pointers[node.identity] = pointer

    def known_pointer(self, node: Node) -> str | None:
        """Return the pointer of the first target in a chain of `$ref`s that the bundle already has."""
        pointers = (self.pointer_of(step) for step in node.steps() if isinstance(step.value, dict))
        return next((pointer for pointer in pointers if pointer is not None), None)

    def pointer_of(self, node: Node) -> str | None:
        """Return the pointer in the bundle of a value in the document or in what was moved; else None."""
        file, pointer = node.location.file, node.location.pointer
        if self.is_local(node):
            return f"#{pointer}" if node.ref is None or node.identity in self.known else None
        above = pointer
        while above and (file, above) not in self.locations:
            above = above.rpartition("/")[0]
        moved = self.locations.get((file, above))
        return None if moved is None else f"{moved}{pointer[len(above) :]}"

    def new_pointer(self, kind: str, target: Node) -> str | None:
        """Move an object of another file into a section; return its pointer, or None for no section."""
        section = self.section(kind)
        if section is None or not isinstance(target.value, dict):
            return None
        name = self.new_name(section, target)
        self.added.setdefault(section, {})[name] = target
        pointer = f"#/components/{section}/{name}"
        self.locations[target.location.file, target.location.pointer] = pointer
        return pointer

    def is_local(self, node: Node) -> bool:
        return node.base == self.root.base

    def stays_local(self, node: Node) -> bool:
        """Return True where all targets of a chain of `$ref`s are in the document itself."""
        return all(map(self.is_local, node.steps()))

    def section(self, kind: str) -> str | None:
        """Return the section of `components` for a type; None where the document's version has none."""
        section = SECTIONS.get(kind)
        if section is None or section == "x-messageAcks":
            return section
        row = self.components.get(section)
        return section if row is not None and field_of(row).since <= self.version else None

    def new_name(self, section: str, target: Node) -> str:
        components = self.root.get("components")
        holder = components.get(section) if components is not None else None
        taken = set(holder.value) if holder is not None and isinstance(holder.value, dict) else set()
        taken |= self.added.get(section, {}).keys()
        wanted = name = _NOT_IN_NAME.sub("-", target.label) or "part"
        count = 1
        while name in taken:
            count += 1
            name = f"{wanted}-{count}"
        return name

    def moved_copy(self, section: str, name: str, node: Node) -> Json:
        """Copy an object that was moved; add the dialect or the name that followed from its old location."""
        copied = {key: self.copy(entry) for key, entry in node.entries().items()}
        dialect = named_dialect(node) if section == "schemas" else None
        if dialect is not None and not copied.keys() & {"$schema", "schemaFormat"}:
            return {"$schema": dialect, **copied}
        # In 2.x, a message without a name has its key as the name of its event, and the key may have changed.
        key_is_name = (
            self.version[0] == "2" and node.location.pointer == f"/components/messages/{escape(node.key)}"
        )
        if key_is_name and name != node.key and not copied.keys() & {"name", "messageId", "oneOf"}:
            return {"name": str(node.key), **copied}
        return copied

    def copy(self, node: Node) -> Json:
        if isinstance(node.value, list):
            return [self.copy(node.child(index)) for index in range(len(node.value))]
        if not isinstance(node.value, dict):
            return node.value
        if (pointer := self.pointers.get(node.identity)) is not None:
            return {"$ref": pointer}
        if (target := self.inlined.get(node.identity)) is not None:
            return self.copy(target)
        return {key: self.copy(entry) for key, entry in node.entries().items()}
