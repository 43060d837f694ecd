"""Compiles a document that was read into a Contract, for every version of AsyncAPI."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, cast
from urllib.parse import urlsplit

from asynction.contract import (
    SERVED_PROTOCOLS,
    Contract,
    Event,
    Handlers,
    Handshake,
    Hooks,
    Info,
    Json,
    Mock,
    Namespace,
    Schema,
    Server,
    Target,
    namespace_name,
)
from asynction.document._nodes import Node
from asynction.document._operations import CHANNELS, CORRECT, Channel, Message
from asynction.document._parts import example_data
from asynction.document._schemas import Schemas, dialect_of_format
from asynction.document._security import Schemes
from asynction.problems import problem_at
from asynction.validation import DRAFT_07, Validator

RESERVED = frozenset(
    ["*", "connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"]
)
"""Names that are not events for the servers and clients of Socket.IO."""

_DEFINITIONS = "#/definitions/"
_HOST = re.compile(r"[^/?#]*://|")
_VARIABLE = re.compile(r"\{([^{}]*)\}")


def compile_contract(root: Node, version: str, schemas: Schemas, *, is_bound: bool = True) -> Contract:
    """Return the Contract of a document that was read; report problems of its meaning.

    Args:
        root: The document.
        version: Its minor version of AsyncAPI (`2.6`).
        schemas: Its schemas.
        is_bound: True where the document names code; a message that cannot be an event is then an error.
    """
    return _Compiler(root, version, schemas, is_bound).contract()


class _Compiler:
    def __init__(self, root: Node, version: str, schemas: Schemas, is_bound: bool) -> None:
        self.root = root
        self.major = version[0]
        self.served = _is_served(root)
        self.is_bound = is_bound
        self.channels = CHANNELS[version[0]]
        self.schemas = schemas
        self.schemes = Schemes(root, version)

    def contract(self) -> Contract:
        info = self.root.get("info") or self.root
        servers = {name: self.server(name, node) for name, node in self.root.items("servers")}
        namespaces: dict[str, Namespace] = {}
        for channel in self.channels(self.root):
            name = namespace_name(channel.address)
            namespace = self.namespace(name, channel)
            if name in namespaces and self.major == "3":  # several channels may have one address
                namespace = self.merged(namespaces[name], namespace)
            elif name in namespaces and self.served:
                channel.node.report("duplicate-channel", f"the namespace `{name}` is described twice")
            namespaces[name] = namespace
        return Contract(
            info=Info(info.text("title"), info.text("version"), info.text("description")),
            servers=servers,
            namespaces=namespaces,
            security_schemes=self.schemes.schemes,
            middlewares=_middlewares(self.root),
        )

    def server(self, name: str, node: Node) -> Server:
        variables = {key: _default(variable) for key, variable in node.items("variables")}
        url = _VARIABLE.sub(lambda match: variables.get(match[1]) or match[0], _url(node))
        return Server(
            name=name,
            url=url,
            protocol=node.text("protocol"),
            path=_path_of(url, node),
            description=node.text("description"),
            security=self.schemes.requirements(node, "security") or (),
            location=node.location,
        )

    def namespace(self, name: str, channel: Channel) -> Namespace:
        node = channel.node
        return Namespace(
            name=name,
            receives=self.events(channel.receives, received=True),
            sends=self.events(channel.sends, received=False),
            parameters={key: self.parameter(parameter) for key, parameter in node.items("parameters")},
            handshake=self.handshake(node),
            handlers=_handlers(node),
            middlewares=_middlewares(node),
            security=self.schemes.requirements(node, "x-security"),
            description=node.text("description"),
            location=node.location,
        )

    def parameter(self, parameter: Node) -> Schema:
        """Return the schema of a channel parameter: 2.x has a schema, 3.x a list of allowed strings."""
        if isinstance(parameter.value, dict) and "schema" in parameter.value:
            return self.schema_at(parameter, "schema") or Schema(False, DRAFT_07, parameter.location)
        choices = [choice.value for choice in parameter.each("enum")]
        value: dict[str, Json] = {"type": "string", "enum": choices} if choices else {"type": "string"}
        return Schema(value, DRAFT_07, parameter.location)

    def handshake(self, channel: Node) -> Handshake | None:
        bindings = channel.get("bindings")
        ws = bindings.get("ws") if bindings else None
        auth = self.schema_at(channel, "x-auth")
        if ws is None:
            return Handshake(auth=auth, location=channel.location) if auth is not None else None
        query, headers = self.schema_at(ws, "query"), self.schema_at(ws, "headers")
        return Handshake(ws.text("method") or None, query, headers, auth, ws.location)

    def events(self, messages: list[tuple[Node, Message]], *, received: bool) -> dict[str, Event]:
        events: dict[str, Event] = {}
        for operation, message in messages:
            name, node = message.name, message.written
            if not name or name in RESERVED:
                self.report_unfit(name, node)
                continue
            event = self.event(operation, message, received=received)
            self.report_clash(events, event)
            events[name] = event
        return events

    def report_unfit(self, name: str, message: Node) -> None:
        """Report why a message cannot be an event, unless the document is for another protocol."""
        text = "a message needs a `name`: it is the Socket.IO event"
        if name:
            advice = "put the handlers of a namespace under `x-handlers`"
            text = f"`{name}` is a reserved name of Socket.IO; {advice}"
        if self.served:
            message.report("event-name" if self.is_bound else "no-event", text)

    def report_clash(self, events: Mapping[str, Event], event: Event) -> None:
        """Report two messages with one name; one message with two references to it is not a problem."""
        first = events.get(event.name)
        if first is not None and first.location != event.location and self.served:
            message = f"the event `{event.name}` is defined twice, first at {first.location}"
            self.root.sources.report(problem_at(event.location, "duplicate-event", message))

    def merged(self, first: Namespace, second: Namespace) -> Namespace:
        """Return one namespace for two channels with the same address; report where they contradict."""
        for mine, yours in ((first.receives, second.receives), (first.sends, second.sends)):
            for event in yours.values():
                self.report_clash(mine, event)
        unsaid = (None, Handlers(), ())
        for part in ("handshake", "handlers", "middlewares", "security"):
            mine, yours = getattr(first, part), getattr(second, part)
            if mine != yours and mine not in unsaid and yours not in unsaid and self.served:
                message = f"the namespace `{first.name}` is described twice, with different {part}"
                self.root.sources.report(problem_at(second.location, "duplicate-channel", message))
        return replace(
            first,
            receives={**first.receives, **second.receives},
            sends={**first.sends, **second.sends},
            parameters={**first.parameters, **second.parameters},
            handshake=first.handshake or second.handshake,
            handlers=second.handlers if first.handlers == Handlers() else first.handlers,
            middlewares=first.middlewares or second.middlewares,
            security=second.security if first.security is None else first.security,
        )

    def event(self, operation: Node, message: Message, *, received: bool) -> Event:
        node = message.node
        args = self.payload(node)
        handler = _target(node, "x-handler")
        if handler is None and message.handler is not None:
            handler = _target(message.handler, "x-handler")
        ack = self.ack(operation, message)
        return Event(
            name=message.name,
            args=args,
            ack=ack,
            handler=handler if received else None,
            middlewares=_middlewares(operation, node) if received else (),
            hooks=_hooks(node.get("x-hooks") or operation.get("x-hooks")) if received else Hooks(),
            security=self.schemes.requirements(operation, "security") or (),
            summary=node.text("summary") or operation.text("summary"),
            description=node.text("description"),
            examples=tuple(self.examples(node, args)),
            mock=_mock(node.get("x-mock") or operation.get("x-mock"), ack),
            location=message.written.location,
        )

    def payload(self, message: Node, key: str = "payload") -> Schema | None:
        """Return the schema of a message's payload; in 3.x it may be a Multi Format Schema Object."""
        content = message.get(key)
        fields = content.value if content is not None and isinstance(content.value, dict) else {}
        if content is not None and self.major == "3" and "schema" in fields:
            return self.schema_at(content, "schema", content.text("schemaFormat"))
        return self.schema_at(message, key, message.text("schemaFormat") if key == "payload" else "")

    def schema_at(self, node: Node, key: str, schema_format: str = "") -> Schema | None:
        if not isinstance(node.value, dict) or key not in node.value:
            return None
        dialect = dialect_of_format(schema_format) if schema_format else ""
        if dialect is None:
            # This is valid AsyncAPI, so it is not a problem here; binding reports it (rule `schema-format`).
            return Schema(None, schema_format, node.location)
        return self.schemas.bundle(node.child(key), dialect or None)

    def ack(self, operation: Node, message: Message) -> Schema | None:
        replies = [reply for reply in message.reply if "payload" in _mapping(reply)]
        if replies:
            return _any_of([self.payload(reply) for reply in replies], operation)
        for holder in (message.node, operation):
            ack = holder.get("x-ack")
            if ack is not None:
                return self.schema_at(ack, "args")
        return None

    def examples(self, message: Node, args: Schema | None) -> Iterator[Json]:
        """Yield the payloads of a message's examples; report those that break their schema."""
        headers = self.payload(message, "headers") if message.get("examples") is not None else None
        for example in message.each("examples"):
            if "headers" in _mapping(example):
                headers_node = example.child("headers")
                _check_example(headers, headers_node, example_data(headers_node), "headers")
            if "payload" in _mapping(example):
                value = example_data(example.child("payload"))
                _check_example(args, example.child("payload"), value, "payload")
                yield value


def _any_of(schemas: list[Schema | None], operation: Node) -> Schema | None:
    """Return one schema for several replies; each keeps its own definitions, under other names."""
    known = [schema for schema in schemas if schema is not None]
    if len(known) == 1:
        return known[0]
    definitions: dict[str, Json] = {}
    choices: list[Json] = []
    for index, schema in enumerate(known):
        name = f"reply-{index}"
        moved = _moved(schema.value, name)
        inner = cast("Any", moved).pop("definitions", {}) if isinstance(moved, dict) else {}
        definitions[name] = moved
        definitions |= {f"{name}.{key}": value for key, value in inner.items()}
        choices.append({"$ref": f"#/definitions/{name}"})
    value: Json = {"anyOf": choices, "definitions": definitions}
    return Schema(value, known[0].dialect, operation.location) if known else None


def _moved(value: Json, name: str) -> Json:
    """Copy a self-contained schema that becomes a definition; its own get names that begin with its name."""
    if isinstance(value, list):
        return [_moved(item, name) for item in value]
    if not isinstance(value, dict):
        return value
    moved = {key: _moved(item, name) for key, item in value.items()}
    ref = value.get("$ref")
    if ref == "#":
        moved["$ref"] = _DEFINITIONS + name
    elif isinstance(ref, str):
        moved["$ref"] = f"{_DEFINITIONS}{name}.{ref.removeprefix(_DEFINITIONS)}"
    return moved


def _check_example(schema: Schema | None, example: Node, value: Json, what: str) -> None:
    validator = Validator(schema) if schema is not None and schema.is_json_schema else None
    if validator is None or validator.takes_bytes:  # a document cannot have bytes, so no example matches
        return
    args = value if validator.is_tuple and isinstance(value, list) else [value]
    for violation in validator.check(args)[:1]:
        example.report("message-example", f"the example breaks the schema of the {what}: {violation}")


def _is_served(root: Node) -> bool:
    """Return False where all servers have other protocols: a valid document, but not one to serve here."""
    protocols = {server.text("protocol") for _, server in root.items("servers")}
    return not protocols or bool(protocols & SERVED_PROTOCOLS)


def _handlers(channel: Node) -> Handlers:
    node = channel.get("x-handlers") or channel.get(CORRECT["x-handlers"])
    if node is None:
        return Handlers()
    return Handlers(*(_target(node, name) for name in ("connect", "disconnect", "error")))


def _target(node: Node, key: str) -> Target | None:
    for name in (key, CORRECT.get(key, key)):
        if path := node.text(name):
            return Target(path, node.location_of_key(name))
    return None


def _middlewares(*nodes: Node) -> tuple[Target, ...]:
    """Return the targets under `x-middlewares` of each node; the field is a string or a list of strings."""
    found: list[Target] = []
    for node in nodes:
        named = node.get("x-middlewares")
        if named is not None:
            several = isinstance(named.value, list)
            items = list(node.each("x-middlewares")) if several else [named]
            found += [Target(item.value, item.location) for item in items if isinstance(item.value, str)]
    return tuple(found)


def _hooks(node: Node | None) -> Hooks:
    if node is None:
        return Hooks()
    return Hooks(*(_target(node, name) for name in ("dataCheck", "access", "hydrate", "dehydrate")))


def _mock(node: Node | None, ack: Schema | None) -> Mock | None:
    if node is None or not isinstance(node.value, dict):
        return None
    answers = list(node.each("answers"))
    for answer in answers:
        _check_example(ack, answer, answer.value, "acknowledgement")
    interval, copies = node.value.get("interval"), node.value.get("copies")
    if isinstance(interval, bool) or not isinstance(interval, int | float | None):
        interval = None  # the reader has reported it
    elif interval is not None and interval <= 0:
        node.report("type", "`interval` must be a number of seconds above 0", key="interval")
    pointers = copies if isinstance(copies, dict) else {}
    return Mock(
        interval,
        tuple(answer.value for answer in answers),
        {key: value for key, value in pointers.items() if isinstance(value, str)},
    )


def _url(server: Node) -> str:
    """Return the URL of a server; in 3.x, join its parts."""
    path = server.text("pathname")
    rooted = f"/{path}" if path and not path.startswith("/") else path
    return server.text("url") or f"{server.text('protocol')}://{server.text('host')}{rooted}"


def _mapping(node: Node) -> Mapping[str, Json]:
    return node.value if isinstance(node.value, dict) else {}


def _path_of(url: str, node: Node) -> str | None:
    try:
        return urlsplit(_HOST.sub("//", url, count=1)).path.strip("/") or None
    except ValueError as error:
        node.report("server-url", f"`{url}` is not a URL: {error}", key="url" if node.text("url") else "host")
        return None


def _default(variable: Node) -> str:
    if default := variable.text("default"):
        return default
    return next((str(item.value) for item in variable.each("enum")), "")
