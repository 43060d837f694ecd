"""Checks the parts of a document against each other: one function for each rule, in a table by version."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple
from urllib.parse import quote

from asynction.contract import Json
from asynction.document._nodes import Identity, Node
from asynction.document._objects_2 import VERSIONS
from asynction.document._operations import Entries, messages_of, with_traits
from asynction.document._reader import Reader
from asynction.problems import did_you_mean, escape
from asynction.rules import RULES

_VARIABLE = re.compile(r"\{([^{}]*)\}")
_NO_LITERAL = re.compile(r"[\x00-\x20\"<>\\^`{|}\x7f-\x9f]|%(?![0-9A-Fa-f]{2})")
"""The characters that a URI template must percent-encode (RFC 6570, section 2.1), and single braces."""
LATEST = f"{VERSIONS[-1]}.0"

Check = Callable[[Node, Reader], None]


def check(root: Node, reader: Reader) -> None:
    """Run every check of the document's version; `reader` has read the document."""
    for function in (*_BOTH, *_BY_MAJOR[reader.version[0]]):
        function(root, reader)


def _latest_version(root: Node, reader: Reader) -> None:
    if reader.version != VERSIONS[-1]:
        root.report("latest-version", f"{LATEST} is the latest version of AsyncAPI", key="asyncapi")


def _ignored_rules(root: Node, reader: Reader) -> None:
    settings = root.get("x-asynction")
    for item in settings.each("ignore") if settings is not None else ():
        name = str(item.value)
        if name not in RULES:
            item.report("enum", f"there is no rule `{name}`{did_you_mean(name, RULES)}")
        elif not RULES[name].ignorable:
            item.report("enum", f"the rule `{name}` cannot be ignored: a document has no meaning without it")


def _server_variables(root: Node, reader: Reader) -> None:
    for _, server in root.items("servers"):
        used = {
            name: key for key in ("url", "host", "pathname") for name in _VARIABLE.findall(server.text(key))
        }
        _compare_names(server, "variables", used, "server-variable")
        for _, variable in server.items("variables"):
            _check_choices(variable, "server-variable")


def _check_choices(variable: Node, rule: str) -> None:
    """Check that the default and the examples of a variable or parameter are in its `enum`."""
    choices = [choice.value for choice in variable.each("enum")]
    if not choices:
        return
    default = variable.text("default")
    if default and default not in choices:
        variable.report(rule, f"the default `{default}` is not in `enum`", key="default")
    for example in variable.each("examples"):
        if example.value not in choices:
            example.report(rule, f"the example `{example.value}` is not in `enum`")


def _compare_names(node: Node, key: str, used: Mapping[str, str | None], rule: str) -> None:
    """Compare the names in braces, each with the field that has it, with the mapping at `key`."""
    known = node.get(key)
    defined = list(known.value) if known is not None and isinstance(known.value, dict) else []
    missing = [name for name in used if name not in defined]
    for name in missing:
        where = f"the {used[name]}" if used[name] else "the channel's name"
        message = f"`{{{name}}}` is used in {where} but not defined in `{key}`{did_you_mean(name, defined)}"
        node.report(rule, message, key=used[name])
    for name in defined:
        # A name that was suggested for a missing one is the same mistake, so it is not reported twice.
        if known is not None and name not in used and not did_you_mean(name, missing):
            known.report("unused-variable", f"`{name}` is not used", key=name)


def _channel_addresses(root: Node, reader: Reader) -> None:
    for key, channel in root.items("channels"):
        address = key if reader.version[0] == "2" else channel.text("address")
        field = None if reader.version[0] == "2" else "address"
        used = dict.fromkeys(_VARIABLE.findall(address), field)
        if used or not _is_filled(channel, "parameters"):
            _compare_names(channel, "parameters", used, "channel-parameter")
        else:  # Channel Object, `parameters`
            text = f"`{address}` has no parameter in braces, so the channel must have no `parameters`"
            channel.report("channel-parameter", text, key="parameters")
        for _, parameter in channel.items("parameters"):
            _check_choices(parameter, "channel-parameter")
        plain = _VARIABLE.sub("x", address)
        if "?" in plain or "#" in plain:
            channel.report(
                "channel-address", f"`{address}` has a query or a fragment; use `bindings.ws.query`"
            )


def _is_filled(node: Node, key: str) -> bool:
    return isinstance(node.value, dict) and bool(node.value.get(key))


def _uri_templates_2(root: Node, reader: Reader) -> None:
    """Check the names of channels, which are relative URIs, or URI templates (Channels Object)."""
    channels = root.get("channels")
    if channels is None:
        return
    for name in channels.entries():
        fault = _template_fault(name)
        if fault:
            channels.report("channel-address", f"`{name}` {fault}", key=name)


def _template_fault(name: str) -> str | None:
    """Say why a name is not a URI template (RFC 6570); None where it is one."""
    wrong = _NO_LITERAL.search(_VARIABLE.sub("", name))
    if wrong is None:
        return None
    if wrong[0] in "{}":
        return f"has a `{wrong[0]}` that belongs to no pair"
    return f"is not a URI template; write `{quote(wrong[0])}` for {wrong[0]!r}"


def _unique_tags_2(root: Node, reader: Reader) -> None:
    """Check that the tags of a document have different names (AsyncAPI 2.x, AsyncAPI Object)."""
    seen: set[str] = set()
    for index, tag in enumerate(root.each("tags")):
        name = tag.text("name")
        if name and name in seen:
            root.child("tags").report("duplicate-tag", f"the tag `{name}` is in the list twice", key=index)
        seen.add(name)


def _channel_servers_2(root: Node, reader: Reader) -> None:
    servers = [name for name, _ in root.items("servers")]
    for _, channel in root.items("channels"):
        for name in channel.each("servers"):
            if isinstance(name.value, str) and name.value not in servers:
                near = did_you_mean(name.value, servers)
                name.report("channel-servers", f"the document has no server `{name.value}`{near}")


def _channel_servers_3(root: Node, reader: Reader) -> None:
    servers = Entries(root, "servers")
    for channel, place in _placed(root, "channels"):
        # A channel among the components may have a server anywhere (Channel Object, `servers`).
        for name in _strangers(channel.listed("servers"), servers, root, "servers", place):
            name.report("channel-servers", "the server is not under `servers` of the document")


def _unique_ids_2(root: Node, reader: Reader) -> None:
    operations: dict[str, Node] = {}
    messages: dict[str, Node] = {}
    for _, channel in root.items("channels"):
        for name in ("publish", "subscribe"):
            written = channel.get(name)
            if written is not None:
                operation = with_traits(written, trait_wins=True)
                _unique(operation, "operationId", "duplicate-operation-id", operations)
                for message in messages_of(operation):
                    _unique(message, "messageId", "duplicate-message-id", messages)


def _unique(node: Node, key: str, rule: str, seen: dict[str, Node]) -> None:
    name = node.text(key)
    if name and name in seen and seen[name].value is not node.value:
        node.report(rule, f"the {key} `{name}` is already used at {seen[name].location}", key=key)
    elif name:
        seen.setdefault(name, node)


def _unused_schemas(root: Node, reader: Reader) -> None:
    reader.schemas.examine_unused()


def _operation_parts_3(root: Node, reader: Reader) -> None:
    channels = Entries(root, "channels")
    for operation, place in _placed(root, "operations"):
        channel = operation.get("channel")
        if channel is not None and place == _ROOT:
            for name in _strangers([operation.child("channel")], channels, root, "channels", place):
                name.report("operation-channel", "the channel is not under `channels` of the document")
        for name in _message_strangers(operation, channel, root, place):
            name.report("operation-message", "the message is not in the operation's channel")
        reply = operation.get("reply")
        if reply is not None:
            is_inline = operation.child("reply").ref is None
            _check_reply(reply, channel, channels, root, place if is_inline else _FILE)


def _message_directions(root: Node, reader: Reader) -> None:
    """Warn of messages that no operation lists, and of those that are in two directions by omission."""
    uses = [use for _, operation in root.items("operations") if (use := _use(operation)) is not None]
    replied = {
        message.identity
        for use in uses
        if (reply := use.operation.get("reply")) is not None
        for message in _messages_in(reply)
    }
    for _, channel in root.items("channels"):
        mine = [use for use in uses if use.channel.identity == channel.identity]
        listed = replied | {message for use in mine for message in use.messages}
        messages = channel.get("messages")
        for name, message in channel.items("messages"):
            if messages is not None and mine and message.identity not in listed:
                text = f"no operation lists the message `{name}`, so it is neither received nor sent"
                messages.report("unlisted-message", text, key=name)
        for use in mine:
            _check_omission(use, mine, channel)


class _Use(NamedTuple):
    """An operation with its channel, its messages, and whether it lists them."""

    operation: Node
    channel: Node
    messages: set[Identity]
    lists: bool


def _use(written: Node) -> _Use | None:
    operation = with_traits(written, trait_wins=False)
    channel = operation.get("channel")
    if channel is None:
        return None
    lists = operation.get("messages") is not None
    messages = list(operation.each("messages"))
    if not lists or len(messages) < len(operation.listed("messages")):  # one cannot be found: that is enough
        messages = [node for _, node in channel.items("messages")]
    return _Use(operation, channel, {message.identity for message in messages}, lists)


def _messages_in(reply: Node) -> Iterator[Node]:
    channel = reply.get("channel")
    if reply.get("messages") is not None:
        yield from reply.each("messages")
    elif channel is not None:
        yield from (message for _, message in channel.items("messages"))


def _check_omission(use: _Use, others: list[_Use], channel: Node) -> None:
    """Warn of a `receive` operation that has messages which the server sends, because it lists none."""
    sends = [other for other in others if other.operation.text("action") == "send"]
    # The only message of a channel cannot be meant for one of two operations that list nothing.
    is_clear = len(use.messages) == 1 and not any(other.lists for other in sends)
    if use.lists or is_clear or use.operation.text("action") != "receive":
        return
    shared = {message for other in sends for message in other.messages} & use.messages
    names = [f"`{name}`" for name, message in channel.items("messages") if message.identity in shared]
    if names:
        text = f"without `messages`, the operation receives {', '.join(names)} too, which the server sends"
        use.operation.report("both-directions", f"{text}; list the messages that clients send")


def _check_reply(reply: Node, channel: Node | None, channels: Entries, root: Node, place: str) -> None:
    own = reply.get("channel")
    if own is not None and place == _ROOT:
        for name in _strangers([reply.child("channel")], channels, root, "channels", place):
            name.report("reply-message", "the reply's channel is not under `channels` of the document")
    for name in _message_strangers(reply, own or channel, root, place):
        name.report("reply-message", "the message is not in the reply's channel")
    if own is not None and reply.get("address") is not None and own.text("address"):
        text = "the reply has an `address` and its channel has one too; remove one of them"
        reply.report("reply-address", text, key="address")


_ROOT, _COMPONENTS, _FILE = "root", "components", "file"


def _placed(root: Node, section: str) -> Iterator[tuple[Node, str]]:
    """Yield the objects of a section, each with where it is written: there, in `components`, or elsewhere."""
    holder = root.get(section)
    for written in holder.entries().values() if holder is not None else ():
        if (found := written.resolved()) is not None:
            is_component = found.base == root.base and found.location.pointer.startswith("/components/")
            yield found, _ROOT if written.ref is None else _COMPONENTS if is_component else _FILE


def _message_strangers(node: Node, channel: Node | None, root: Node, place: str) -> Iterator[Node]:
    """Yield the references of an operation or a reply to anything but messages of its channel."""
    if channel is None or not (references := node.listed("messages")):
        return
    place = _FILE if place == _COMPONENTS else place
    yield from _strangers(references, Entries(channel, "messages"), root, "channels", place)


def _strangers(
    references: list[Node], entries: Entries, root: Node, section: str, place: str
) -> Iterator[Node]:
    """Yield the references to anything but one of `entries`.

    What is written in a section of the document itself has to name an entry by a pointer that starts in
    `section`, not in `components`; what another file refers to is compared by its value (Operation Object,
    `channel` and `messages`; Channel Object, `servers`).
    """
    for reference in references if place != _COMPONENTS else ():
        target = reference.lookup(reference.ref) if reference.ref is not None else None
        if target is None or reference.ref is None:
            continue  # the reader has reported it
        file, pointer = root.sources.address(reference.ref, reference.base)
        if place == _ROOT and file == root.base:
            is_entry = target.identity in entries.own and pointer.startswith(f"/{section}/")
        else:
            is_entry = bool(entries.named(reference))
        if not is_entry:
            yield reference


def _unused_components(root: Node, reader: Reader) -> None:
    used = {step.identity for reference in reader.references for step in reference.node.steps()}
    heirs = reader.schemas.heirs
    unused: list[tuple[Node, str]] = []
    for section, holder in root.items("components"):
        entries = holder.entries() if not section.startswith("x-") else {}
        for name, entry in entries.items():
            required = section == "securitySchemes" and name in reader.required
            required |= bool(heirs) and (target := entry.resolved()) is not None and target.identity in heirs
            if isinstance(entry.value, dict) and entry.identity not in used and not required:
                unused.append((holder, name))
    named = _refs(root.value) if unused else set()
    for holder, name in unused:
        pointer = f"#{holder.location.pointer}/{escape(name)}"
        if not any(ref == pointer or ref.startswith(f"{pointer}/") for ref in named):
            holder.report("unused-component", f"`{name}` is not used", key=name)


def _refs(value: Json) -> set[str]:
    """Return every `$ref`, also in bindings and extensions, where the reader follows none."""
    found: set[str] = set()
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            found.update(ref for ref in [item.get("$ref")] if isinstance(ref, str))
            waiting += item.values()
        elif isinstance(item, list):
            waiting += item
    return found


_BOTH: tuple[Check, ...] = (
    _latest_version,
    _ignored_rules,
    _server_variables,
    _channel_addresses,
    _unused_schemas,
    _unused_components,
)
_BY_MAJOR: dict[str, tuple[Check, ...]] = {
    "2": (_uri_templates_2, _unique_tags_2, _channel_servers_2, _unique_ids_2),
    "3": (_channel_servers_3, _operation_parts_3, _message_directions),
}
