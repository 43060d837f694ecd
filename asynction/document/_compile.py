"""From a read document to its Contract: AsyncAPI 2.0 to 2.6."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from asynction.contract import (
    Contract,
    Event,
    Handlers,
    Handshake,
    Info,
    Json,
    Namespace,
    Schema,
    SecurityScheme,
    Server,
    Target,
    namespace_name,
)
from asynction.document._bundle import bundle, dialect_of_format
from asynction.document._objects import MISSPELT
from asynction.document._sources import Node
from asynction.problems import did_you_mean, unescape
from asynction.validation import Validator

_CORRECT = {right: wrong for wrong, right in MISSPELT.items()}
_VARIABLE = re.compile(r"\{([^{}]*)\}")
_COMPONENT_MESSAGE = re.compile(r"/components/messages/([^/]*)")
_HOST = re.compile(r"[^/?#]*://|")
_SCOPED = frozenset({"oauth2", "openIdConnect"})
_RESERVED = frozenset(
    ["*", "connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"]
)
"""Names that mean something else than an event to Socket.IO's servers and clients."""

Requirements = tuple[Mapping[str, tuple[str, ...]], ...]


def compile_contract(root: Node) -> Contract:
    """Build the Contract of a document that was read; semantic problems are noted at their nodes."""
    info = root.get("info") or root
    schemes = _security_schemes(root)
    return Contract(
        info=Info(info.text("title"), info.text("version"), info.text("description")),
        servers={name: _server(name, node, schemes) for name, node in root.items("servers")},
        namespaces=_namespaces(root, schemes),
        security_schemes=schemes,
    )


def _namespaces(root: Node, schemes: Mapping[str, SecurityScheme]) -> dict[str, Namespace]:
    namespaces: dict[str, Namespace] = {}
    for address, channel in root.items("channels"):
        name = namespace_name(address)
        if name in namespaces:
            channel.note("duplicate-channel", f"the namespace `{name}` is described twice")
        namespaces[name] = Namespace(
            name=name,
            receives=_events(channel.get("publish"), schemes, received=True),
            sends=_events(channel.get("subscribe"), schemes, received=False),
            handshake=_handshake(channel),
            handlers=_handlers(channel),
            security=_requirements(channel, "x-security", schemes),
            description=channel.text("description"),
            place=channel.place,
        )
    return namespaces


def _events(
    operation: Node | None, schemes: Mapping[str, SecurityScheme], *, received: bool
) -> dict[str, Event]:
    events: dict[str, Event] = {}
    if operation is None:
        return events
    operation = _with_traits(operation)
    security = _requirements(operation, "security", schemes) or ()
    for message in _messages(operation):
        event = _event(_with_traits(message), message, security, received=received)
        if event is None:
            continue
        if event.name in events:
            first = events[event.name].place
            message.note("duplicate-event", f"the event `{event.name}` stands here twice, first at {first}")
        events[event.name] = event
    return events


def _messages(operation: Node) -> Iterator[Node]:
    message = operation.get("message")
    if message is None or not isinstance(message.value, dict):
        return
    if "oneOf" in message.value:
        yield from message.each("oneOf")
    else:
        yield message


def _event(message: Node, written: Node, security: Requirements, *, received: bool) -> Event | None:
    name = message.text("name") or message.text("messageId")
    if not name and (component := _COMPONENT_MESSAGE.fullmatch(written.place.pointer)):
        name = unescape(component[1])
    if not name:
        message.note("event-name", "a message needs a `name`: it is the Socket.IO event")
        return None
    if name in _RESERVED:
        text = f"`{name}` is a reserved name of Socket.IO; handlers of a namespace stand in `x-handlers`"
        message.note("event-name", text)
    args = _payload(message)
    ack = message.get("x-ack")
    return Event(
        name=name,
        args=args,
        ack=_schema_at(ack, "args") if ack else None,
        handler=_target(message, "x-handler") if received else None,
        security=security,
        summary=message.text("summary"),
        description=message.text("description"),
        examples=tuple(_examples(message, args)),
        place=written.place,
    )


def _payload(message: Node) -> Schema | None:
    dialect = None
    if schema_format := message.text("schemaFormat"):
        dialect = dialect_of_format(schema_format)
        if dialect is None:
            text = f"the payload is written in `{schema_format}`, which cannot be checked; write JSON Schema"
            message.note("schema-format", text, key="schemaFormat")
            return None
    return _schema_at(message, "payload", dialect)


def _schema_at(node: Node, key: str, dialect: str | None = None) -> Schema | None:
    if not isinstance(node.value, dict) or key not in node.value:
        return None
    return bundle(node.child(key), dialect)


def _examples(message: Node, args: Schema | None) -> Iterator[Json]:
    """The payloads of a message's examples; one that breaks the payload's schema is a problem."""
    validator = Validator(args) if args is not None else None
    for example in message.each("examples"):
        if not isinstance(example.value, dict) or "payload" not in example.value:
            continue
        payload = example.child("payload")
        yield payload.value
        if validator is None or validator.takes_bytes:  # YAML has no way to write bytes
            continue
        given = payload.value if validator.is_tuple and isinstance(payload.value, list) else [payload.value]
        for violation in validator.check(given)[:1]:
            payload.note("message-example", f"the example breaks the payload's schema: {violation}")


def _handshake(channel: Node) -> Handshake | None:
    bindings = channel.get("bindings")
    ws = bindings.get("ws") if bindings else None
    if ws is None:
        return None
    return Handshake(ws.text("method") or None, _schema_at(ws, "query"), _schema_at(ws, "headers"), ws.place)


def _handlers(channel: Node) -> Handlers:
    node = channel.get("x-handlers") or channel.get(_CORRECT["x-handlers"])
    if node is None:
        return Handlers()
    return Handlers(*(_target(node, name) for name in ("connect", "disconnect", "error")))


def _target(node: Node, key: str) -> Target | None:
    for name in (key, _CORRECT.get(key, key)):
        if path := node.text(name):
            return Target(path, node.place_of_key(name))
    return None


def _with_traits(node: Node) -> Node:
    """Apply an operation's or a message's traits: JSON Merge Patch (RFC 7396), the trait wins in 2.x."""
    if not isinstance(node.value, dict) or "traits" not in node.value:
        return node
    merged: Json = {key: value for key, value in node.value.items() if key != "traits"}
    for trait in node.each("traits"):
        if isinstance(trait.value, dict):
            merged = _merge_patch(merged, trait.value, node)
    node.sources.copy_place(node.value, merged)
    return Node(merged, node.sources, node.base, node.parent, node.key)


def _merge_patch(target: Json, patch: Json, node: Node) -> Json:
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = _merge_patch(merged.get(key), value, node)
    node.sources.copy_place(patch, merged)
    return merged


def _server(name: str, node: Node, schemes: Mapping[str, SecurityScheme]) -> Server:
    variables = {key: _default(variable) for key, variable in node.items("variables")}
    url = node.text("url")
    for variable in _VARIABLE.findall(url):
        if variable not in variables:
            near = did_you_mean(variable, variables)
            node.note(
                "server-variable",
                f"`{{{variable}}}` stands in the url but not in `variables`{near}",
                key="url",
            )
    filled = _VARIABLE.sub(lambda match: variables.get(match[1]) or match[0], url)
    try:
        path = urlsplit(_HOST.sub("//", filled, count=1)).path.strip("/")
    except ValueError as error:
        node.note("server-url", f"`{filled}` is no URL: {error}", key="url")
        path = ""
    return Server(
        name=name,
        url=filled,
        protocol=node.text("protocol"),
        path=path or None,
        description=node.text("description"),
        security=_requirements(node, "security", schemes) or (),
        place=node.place,
    )


def _default(variable: Node) -> str:
    if default := variable.text("default"):
        return default
    return next((str(item.value) for item in variable.each("enum")), "")


def _security_schemes(root: Node) -> dict[str, SecurityScheme]:
    components = root.get("components") or root
    return {
        name: SecurityScheme(name, node.text("type"), node.value, node.place)
        for name, node in components.items("securitySchemes")
        if isinstance(node.value, dict)
    }


def _requirements(node: Node, key: str, schemes: Mapping[str, SecurityScheme]) -> Requirements | None:
    """Read Security Requirement Objects; a scheme or a scope that is not defined is a problem."""
    if not isinstance(node.value, dict) or key not in node.value:
        return None
    requirements = []
    for requirement in node.each(key):
        if isinstance(requirement.value, dict):
            for name in requirement.value:
                _check_requirement(requirement, name, schemes)
            requirements.append(
                {n: tuple(map(str, s)) for n, s in requirement.value.items() if isinstance(s, list)}
            )
    return tuple(requirements)


def _check_requirement(requirement: Node, name: str, schemes: Mapping[str, SecurityScheme]) -> None:
    scheme = schemes.get(name)
    if scheme is None:
        near = did_you_mean(name, schemes)
        requirement.note("security-scheme", f"no security scheme `{name}` is defined{near}", key=name)
        return
    scopes = [scope.value for scope in requirement.each(name)]
    if scopes and scheme.type not in _SCOPED:
        message = f"the scheme `{name}` is of type `{scheme.type}`, which has no scopes"
        requirement.note("security-scope", message, key=name)
    defined = _scopes(scheme)
    for scope in scopes:
        if isinstance(scope, str) and defined is not None and scope not in defined:
            near = did_you_mean(scope, defined)
            requirement.note("security-scope", f"the scheme `{name}` has no scope `{scope}`{near}", key=name)


def _scopes(scheme: SecurityScheme) -> set[str] | None:
    """All scopes of an OAuth2 scheme's flows; None where a scheme does not list its scopes."""
    flows = scheme.fields.get("flows")
    if scheme.type != "oauth2" or not isinstance(flows, Mapping):
        return None
    found: set[str] = set()
    for flow in flows.values():
        scopes = flow.get("scopes") if isinstance(flow, Mapping) else None
        found.update(scopes if isinstance(scopes, Mapping) else ())
    return found
