"""Bundles the files of a document into one document with the same meaning: `asynction bundle`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from asynction.contract import Json
from asynction.document._nodes import Identity, Node, unused_name
from asynction.document._operations import Entries, component_name, is_component, with_traits
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
    "Part": "x-parts",
    "Extension": "x-extensionParts",
}
"""The section of `components` for an object from another file, by its type."""

_TURNS = {"Part": 1, "Extension": 2, "Example": 3}
"""The types of references without an object of AsyncAPI behind them, in the order of their turn."""


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
        self.taken: dict[Identity, tuple[str, str, Node]] = {}
        self.locations: dict[tuple[str, str], str] = {}
        self.added: dict[str, dict[str, Node]] = {}
        with_siblings = ("Schema", "Part", "Extension")
        self.keeps_siblings = {each.node.identity for each in reader.references if each.kind in with_siblings}
        named = dict(_named_by_operations(root)) if self.version[0] == "3" else {}
        moving = [reference for reference in reader.references if self.moves(reference)]
        for reference in moving:
            self.take(reference)
        # What a part refers to comes last: objects that have a section of their own go there.
        for reference in sorted(moving, key=lambda each: _TURNS.get(each.kind, 0)):
            if reference.node.identity in named:
                self.pointers[reference.node.identity] = named[reference.node.identity]
            else:
                self.locate(reference)

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

    def moves(self, reference: Reference) -> bool:
        """Return False for a `$ref` that stays as it is: a pointer that the document itself has.

        A pointer that passes through another `$ref` stays true, as that one leads to a copy.
        """
        is_written_here = self.is_local(reference.node) and str(reference.node.ref).startswith("#")
        return not is_written_here or self.is_nameless(reference)

    def is_nameless(self, reference: Reference) -> bool:
        """Return True for a message of another file that would get a name from a key in `components`."""
        target = reference.target
        if self.version[0] != "2" or reference.kind != "Message" or self.is_local(target):
            return False
        message = with_traits(target, trait_wins=True)
        return not (message.text("name") or message.text("messageId") or component_name(target))

    def take(self, reference: Reference) -> None:
        """Let an entry of `components` that is a `$ref` to another file take the text of its target."""
        node, target = reference.node, reference.target
        section = self.section(reference.kind)
        is_entry = node.parent is not None and node.parent.pointer == f"/components/{section}"
        address = target.location.file, target.location.pointer
        if section is None or not is_entry or not self.is_local(node) or self.is_local(target):
            return
        if len(node.entries()) > 1 and node.identity in self.keeps_siblings:
            return
        if isinstance(target.value, dict) and address not in self.locations:
            self.taken[node.identity] = section, str(node.key), target
            if not self.is_nameless(reference):
                self.locations[address] = f"#/components/{section}/{escape(str(node.key))}"

    def locate(self, reference: Reference) -> None:
        """Decide what a Reference Object becomes: another `$ref`, or a copy of its target."""
        node, target = reference.node, reference.target
        if node.identity in self.pointers.keys() | self.inlined.keys() | self.taken.keys():
            return
        pointer = None
        if not self.is_nameless(reference):
            pointer = self.known_pointer(node) or self.new_pointer(reference.kind, target)
        if pointer is None:
            self.inlined[node.identity] = target
        else:
            self.pointers[node.identity] = pointer

    def known_pointer(self, node: Node) -> str | None:
        """Return the pointer of the first target in a chain of `$ref`s that the bundle already has."""
        pointers = (self.pointer_of(step) for step in node.steps() if isinstance(step.value, dict | list))
        return next((pointer for pointer in pointers if pointer is not None), None)

    def pointer_of(self, node: Node) -> str | None:
        """Return the pointer in the bundle of a value in the document or in what was moved; else None."""
        file, pointer = node.location.file, node.location.pointer
        if self.is_local(node):
            return f"#{pointer}" if node.ref is None or node.identity in self.known else None
        if (file, pointer) in self.locations:
            return self.locations[file, pointer]
        # What follows from the place of a value is lost inside of another one: its name, or its dialect.
        if component_name(node) or named_dialect(node) is not None:
            return None
        above = pointer
        while above and (file, above) not in self.locations:
            above = above.rpartition("/")[0]
        moved = self.locations.get((file, above))
        return None if moved is None else f"{moved}{pointer[len(above) :]}"

    def new_pointer(self, kind: str, target: Node) -> str | None:
        """Move an object of another file into a section; return its pointer, or None for no section."""
        section = self.section(kind)
        if section is None or not isinstance(target.value, dict | list):
            return None
        name = self.new_name(section, target)
        self.added.setdefault(section, {})[name] = target
        pointer = f"#/components/{section}/{name}"
        self.locations[target.location.file, target.location.pointer] = pointer
        return pointer

    def is_local(self, node: Node) -> bool:
        return node.base == self.root.base

    def section(self, kind: str) -> str | None:
        """Return the section of `components` for a type; None where the document's version has none."""
        section = SECTIONS.get(kind)
        if section is None or section.startswith("x-"):
            return section
        row = self.components.get(section)
        return section if row is not None and field_of(row).since <= self.version else None

    def new_name(self, section: str, target: Node) -> str:
        components = self.root.get("components")
        holder = components.get(section) if components is not None else None
        taken = set(holder.value) if holder is not None and isinstance(holder.value, dict) else set()
        taken |= self.added.get(section, {}).keys()
        return unused_name(target.label, taken)

    def moved_copy(self, section: str, name: str, node: Node) -> Json:
        """Copy an object that was moved; add the dialect or the name that followed from its old location."""
        if not isinstance(node.value, dict):
            return self.copy(node)
        copied = {key: self.copy(entry) for key, entry in node.entries().items()}
        dialect = named_dialect(node) if section == "schemas" else None
        if dialect is not None and not copied.keys() & {"$schema", "schemaFormat"}:
            return {"$schema": dialect, **copied}
        return self.with_name(node, copied, name if section == "messages" else "")

    def with_name(self, node: Node, copied: dict[str, Json], key: str) -> dict[str, Json]:
        """Add the name of a 2.x message that followed from its old key; `key` is the one that it has now."""
        name = component_name(node) if self.version[0] == "2" else ""
        has_name = bool(copied.keys() & {"name", "messageId", "oneOf", "$ref"})
        return {"name": name, **copied} if name and name != key and not has_name else copied

    def copy(self, node: Node) -> Json:
        if isinstance(node.value, list):
            return [self.copy(node.child(index)) for index in range(len(node.value))]
        if not isinstance(node.value, dict):
            return node.value
        identity = node.identity
        if identity in self.taken:
            return self.moved_copy(*self.taken[identity])
        if (target := self.inlined.get(identity)) is not None:
            return self.copy(target)
        copied = {key: self.copy(entry) for key, entry in node.entries().items()}
        if (pointer := self.pointers.get(identity)) is not None:
            return {"$ref": pointer} if identity not in self.keeps_siblings else {**copied, "$ref": pointer}
        return copied if is_component(node) else self.with_name(node, copied, "")  # the copy of an alias


def _named_by_operations(root: Node) -> Iterator[tuple[Identity, str]]:
    """Yield the references of operations and channels of 3.x, each with the pointer that AsyncAPI wants.

    It starts at `#/channels` or `#/servers`, whatever file the reference and its target are in.
    """
    channels, servers = Entries(root, "channels"), Entries(root, "servers")
    for _, channel in root.items("channels"):
        yield from _named(channel.listed("servers"), servers, "#/servers")
    for _, operation in root.items("operations"):
        reply = operation.get("reply")
        for node in [operation] if reply is None else [operation, reply]:
            written = [part.child("channel") for part in (node, operation) if "channel" in _fields(part)][:1]
            for pointer in [pointer for _, pointer in _named(written, channels, "#/channels")]:
                yield written[0].identity, pointer
                messages = Entries(node.get("channel") or operation.get("channel"), "messages")
                yield from _named(node.listed("messages"), messages, f"{pointer}/messages")


def _named(references: list[Node], entries: Entries, above: str) -> Iterator[tuple[Identity, str]]:
    for reference in references:
        for name in sorted(entries.named(reference))[:1]:
            yield reference.identity, f"{above}/{escape(name)}"


def _fields(node: Node) -> Mapping[str, Json]:
    return node.value if isinstance(node.value, dict) else {}
