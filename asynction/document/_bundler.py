"""Many files to one document that says the same: `asynction bundle`."""

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
"""Where an object from another file goes, under `components`."""

_NOT_IN_NAME = re.compile(r"[^A-Za-z0-9._-]")


def bundle_document(root: Node, reader: Reader) -> Json:
    """Copy a document that `reader` has read, with every `$ref` to another file led into `components`.

    What stands in another file comes along once, under the last part of its pointer or under its
    file's name. Where the version has no section for it, it is written out in place.
    """
    return _Bundler(root, reader).run()


class _Bundler:
    def __init__(self, root: Node, reader: Reader) -> None:
        self.root = root
        self.components = OBJECTS[reader.version[0]]["Components"]
        self.version = reader.version
        self.known = {reference.node.identity for reference in reader.references}
        self.pointers: dict[Identity, str] = {}
        self.inlined: dict[Identity, Node] = {}
        self.locations: dict[tuple[str, str], str] = {}
        self.added: dict[str, dict[str, Node]] = {}
        # What only a `Reference` may be comes last: it leads into what the others have moved.
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
        """Decide what a Reference Object becomes."""
        node, target = reference.node, reference.target
        pointer = self.known_pointer(node) or self.new_pointer(reference.kind, target)
        if pointer is None:
            self.inlined[node.identity] = target
        else:
            self.pointers[node.identity] = pointer

    def known_pointer(self, node: Node) -> str | None:
        """Where the first step of a chain of `$ref`s that the bundle has anyway stands in it."""
        pointers = (self.pointer_of(step) for step in node.steps() if isinstance(step.value, dict))
        return next((pointer for pointer in pointers if pointer is not None), None)

    def pointer_of(self, node: Node) -> str | None:
        """Where what stands in the document, or in what has moved into it, stands in the bundle."""
        file, pointer = node.location.file, node.location.pointer
        if self.is_local(node):
            return f"#{pointer}" if node.ref is None or node.identity in self.known else None
        above = pointer
        while above and (file, above) not in self.locations:
            above = above.rpartition("/")[0]
        moved = self.locations.get((file, above))
        return None if moved is None else f"{moved}{pointer[len(above) :]}"

    def new_pointer(self, kind: str, target: Node) -> str | None:
        """Give what stands in another file a place of its own; None where no section can have it."""
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
        """True where each step of a chain of `$ref`s is in the document itself."""
        return all(map(self.is_local, node.steps()))

    def section(self, kind: str) -> str | None:
        """The section of `components` for a kind of object, if the document's version has it."""
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
        """Copy what has moved, with what its old place said of it."""
        copied = {key: self.copy(entry) for key, entry in node.entries().items()}
        dialect = named_dialect(node) if section == "schemas" else None
        if dialect is not None and not copied.keys() & {"$schema", "schemaFormat"}:
            return {"$schema": dialect, **copied}
        # The event of a message of 2.x without a name is called by the message's key.
        was_key = (
            self.version[0] == "2" and node.location.pointer == f"/components/messages/{escape(node.key)}"
        )
        if was_key and name != node.key and not copied.keys() & {"name", "messageId", "oneOf"}:
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
