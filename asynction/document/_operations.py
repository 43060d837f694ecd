"""Reads the channels of every version of AsyncAPI, with their messages, into one form."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from asynction.contract import Json
from asynction.document._nodes import Identity, Node
from asynction.document._objects_2 import MISSPELT
from asynction.problems import unescape

_COMPONENT_MESSAGE = re.compile(r"/components/messages/([^/]*)")
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
        name = node.text("name") or node.text("messageId")
        if not name and (component := _COMPONENT_MESSAGE.fullmatch(written.location.pointer)):
            name = unescape(component[1])
        yield Message(node, written, name, operation)


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


def channels_3(root: Node) -> Iterator[Channel]:
    """Yield the channels of AsyncAPI 3.x, where an operation refers to a channel and some of its messages."""
    channels: dict[Identity, Channel] = {}
    for name, node in root.items("channels"):
        # Without an address, the key of the channel is the namespace.
        channels[node.identity] = Channel(node.text("address") or name, node)
    for _, written in root.items("operations"):
        operation = with_traits(written, trait_wins=False)
        target = operation.get("channel")
        if target is not None and target.identity in channels:
            channel = channels[target.identity]
            into = channel.receives if operation.text("action") == "receive" else channel.sends
            into += [(operation, message) for message in _messages_3(operation, target)]
    yield from channels.values()


def _messages_3(operation: Node, channel: Node) -> Iterator[Message]:
    chosen = (
        {node.identity for node in operation.each("messages")} if "messages" in _mapping(operation) else None
    )
    reply = tuple(_reply_messages(operation))
    for name, written in channel.items("messages"):
        if chosen is None or written.identity in chosen:
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
