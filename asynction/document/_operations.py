"""Reads the channels of every version of AsyncAPI, with their messages, into one form."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from asynction.contract import Json
from asynction.document._nodes import Identity, Node
from asynction.document._objects_2 import MISSPELT
from asynction.problems import unescape

_COMPONENT_MESSAGES = "/components/messages"
CORRECT = {right: wrong for wrong, right in MISSPELT.items()}


@dataclass(frozen=True, slots=True)
class Message:
    """A message of an operation: `node` has its traits applied, `written` is as in the document."""

    node: Node
    written: Node
    name: str
    handler: Node | None = None
    reply: tuple[Node, ...] = ()


@dataclass(slots=True)
class Channel:
    """A channel, and the messages that the server receives and sends there, each with its operation."""

    address: str
    node: Node
    receives: list[tuple[Node, Message]] = field(default_factory=list)
    sends: list[tuple[Node, Message]] = field(default_factory=list)


def channels_2(root: Node) -> Iterator[Channel]:
    """Yield the channels of AsyncAPI 2.x.

    Its operations are named from the client's side: a client publishes what the server receives, and
    subscribes to what the server sends (Channel Item Object).
    """
    for address, node in root.items("channels"):
        channel = Channel(address, node)
        for name, into in (("publish", channel.receives), ("subscribe", channel.sends)):
            written = node.get(name)
            if written is not None:
                operation = with_traits(written, trait_wins=True)
                into += [(operation, message) for message in _messages_2(operation)]
        yield channel


def _messages_2(operation: Node) -> Iterator[Message]:
    for written in messages_of(operation):
        node = with_traits(written, trait_wins=True)
        name = node.text("name") or node.text("messageId") or component_name(written)
        yield Message(node, written, name, operation)


def component_name(message: Node) -> str:
    """Return the key of a message among the components of its file; an empty string elsewhere."""
    if is_component(message):
        return str(message.key)
    above, _, key = message.location.pointer.rpartition("/")  # that of its anchor, for an alias
    return unescape(key) if above == _COMPONENT_MESSAGES else ""


def is_component(message: Node) -> bool:
    """Return True for a message that was reached by its key among the components."""
    return message.parent is not None and message.parent.pointer == _COMPONENT_MESSAGES


def messages_of(operation: Node) -> Iterator[Node]:
    """Yield the messages of an operation of 2.x: one, or several under `oneOf`."""
    message = operation.get("message")
    waiting = deque([] if message is None else [message])
    seen: set[Identity] = set()
    while waiting:
        node = waiting.popleft()
        if not isinstance(node.value, dict):
            continue  # the reader has reported it
        if "oneOf" not in node.value:
            yield node
        elif node.identity not in seen:
            seen.add(node.identity)
            waiting.extendleft(reversed(list(node.each("oneOf"))))


class Entries:
    """The names of the entries of a mapping, such as the messages of a channel, by what refers to them."""

    def __init__(self, holder: Node | None, key: str) -> None:
        mapping = holder.get(key) if holder is not None else None
        self.by_name = mapping.entries() if mapping is not None else {}
        self.own = {entry.identity: name for name, entry in self.by_name.items()}

    @cached_property
    def shared(self) -> dict[Identity, set[str]]:
        """The names of the entries that lead to a value, by that value."""
        found: dict[Identity, set[str]] = {}
        for name, entry in self.by_name.items():
            for step in entry.steps():
                found.setdefault(step.identity, set()).add(name)
        return found

    def named(self, reference: Node) -> set[str]:
        """Return the names of what a reference leads to: one entry, or all that have the same value."""
        for step in reference.steps():
            if step.identity in self.own:
                return {self.own[step.identity]}
            if step.identity in self.shared:
                return self.shared[step.identity]
        return set()


def channels_3(root: Node) -> Iterator[Channel]:
    """Yield the channels of AsyncAPI 3.x, where an operation refers to a channel and some of its messages."""
    # Without an address, the key of the channel is the namespace.
    channels = {name: Channel(node.text("address") or name, node) for name, node in root.items("channels")}
    entries = Entries(root, "channels")
    messages = {name: Entries(channel.node, "messages") for name, channel in channels.items()}
    for _, written in root.items("operations"):
        operation = with_traits(written, trait_wins=False)
        named = entries.named(operation.child("channel")) if "channel" in _mapping(operation) else set()
        for name in sorted(named & channels.keys(), key=list(channels).index):
            channel = channels[name]
            into = channel.receives if operation.text("action") == "receive" else channel.sends
            into += [(operation, message) for message in _messages_3(operation, messages[name])]
    yield from channels.values()


def _messages_3(operation: Node, entries: Entries) -> Iterator[Message]:
    chosen = set(entries.by_name)
    if "messages" in _mapping(operation):
        chosen = {name for reference in operation.listed("messages") for name in entries.named(reference)}
    reply = tuple(_reply_messages(operation))
    for name, entry in entries.by_name.items() if chosen else ():
        written = entry.resolved() if name in chosen else None
        if written is not None:
            node = with_traits(written, trait_wins=False)
            yield Message(node, written, node.text("name") or name, operation, reply)


def _reply_messages(operation: Node) -> Iterator[Node]:
    reply = operation.get("reply")
    if reply is None:
        return
    if "messages" in _mapping(reply):
        messages = reply.each("messages")
    else:
        channel = reply.get("channel")
        messages = (node for _, node in channel.items("messages")) if channel is not None else iter(())
    for message in messages:
        yield with_traits(message, trait_wins=False)


CHANNELS: Mapping[str, Callable[[Node], Iterator[Channel]]] = {"2": channels_2, "3": channels_3}
"""What reads the channels of a document, by the major version of AsyncAPI."""


def with_traits(node: Node, *, trait_wins: bool) -> Node:
    """Return an operation or a message with its traits applied in order, by JSON Merge Patch (RFC 7396).

    In 2.x a trait overrides the object that it is applied to (Operation Object, `traits`); in 3.x it does
    not (Traits Merge Mechanism).
    """
    if "traits" not in _mapping(node):
        return node
    own = node.with_entries({key: entry for key, entry in node.entries().items() if key != "traits"})
    merged = own if trait_wins else node.with_entries({})
    for trait in node.each("traits"):
        if isinstance(trait.value, dict):
            merged = _merge_patch(merged, trait)
    return node.with_entries(merged.entries() if trait_wins else _fill(own, merged).entries())


def _mapping(node: Node) -> Mapping[str, Json]:
    return node.value if isinstance(node.value, dict) else {}


def _merge_patch(target: Node | None, patch: Node) -> Node:
    if not isinstance(patch.value, dict):
        return patch
    merged = target.entries() if target is not None else {}
    for key, entry in patch.entries().items():
        if entry.value is None:  # null in a patch removes (RFC 7396, section 2)
            merged.pop(key, None)
        else:
            merged[key] = _merge_patch(merged.get(key), entry)
    return patch.with_entries(merged)


def _fill(own: Node, more: Node) -> Node:
    """Return `own` with what it lacks of `more`; it keeps all its own values, also null."""
    if not isinstance(own.value, dict) or not isinstance(more.value, dict):
        return own
    entries = own.entries()
    added = more.entries()
    filled = {key: _fill(entries[key], entry) if key in entries else entry for key, entry in added.items()}
    return own.with_entries({**entries, **filled})
