"""Every rule that a document, or the code it names, is held to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule by its name.

    `summary` is one sentence; `why` says what goes wrong without it and what to do. A `lint` is
    advice that changes nothing about how the document is served. Where `ignorable` is false, the
    document has no meaning without the rule, so it cannot be switched off.
    """

    name: str
    severity: Severity
    summary: str
    why: str
    lint: bool = False
    ignorable: bool = True


def _fatal(name: str, summary: str, why: str) -> Rule:
    return Rule(name, "error", summary, why, ignorable=False)


def _error(name: str, summary: str, why: str) -> Rule:
    return Rule(name, "error", summary, why)


def _warning(name: str, summary: str, why: str) -> Rule:
    return Rule(name, "warning", summary, why)


def _lint(name: str, summary: str, why: str) -> Rule:
    return Rule(name, "warning", summary, why, lint=True)


_FILES = (
    _fatal("file", "A file can be read as UTF-8 text.", "Check the path, the permissions and the encoding."),
    _fatal(
        "document-size", "A file has at most 5 MB.", "Split a larger one into files and join them by `$ref`."
    ),
    _fatal("document-depth", "A document nests at most 100 levels deep.", "Name deep parts and use `$ref`."),
    _fatal("empty-document", "A document is not empty.", "Start with `asyncapi`, `info` and `channels`."),
    _fatal(
        "yaml-syntax",
        "A file is YAML 1.2 or JSON.",
        "The message is the parser's, the place where it stopped.",
    ),
    _fatal("yaml-documents", "A file holds one YAML document.", "Remove what follows the `---`."),
    _fatal("yaml-tag", "A value has no tag but YAML's own.", "JSON has no such type; write a plain value."),
    _fatal("yaml-key", "A key is a scalar.", "JSON has only text as keys."),
    _fatal("yaml-scalar", "A number is one that JSON has.", "Quote it where it is meant as text."),
    _fatal(
        "yaml-alias", "An alias has an anchor and expands within bounds.", "Use `$ref` to repeat or recurse."
    ),
    _fatal("yaml-merge", "A merge key (`<<`) takes mappings.", "Nothing else can be merged into one."),
    _fatal(
        "duplicate-key", "A key stands once in a mapping.", "YAML would take the last one and hide the other."
    ),
    _fatal(
        "value", "A mapping given as a document has JSON types only.", "Convert dates, sets and the like."
    ),
)

_REFERENCES = (
    _fatal("ref", "A `$ref` leads to something.", "The message says at which step the way ends."),
    _fatal("ref-cycle", "A chain of `$ref`s ends at a value.", "Only schemas may recurse, through a value."),
    _warning(
        "ref-siblings",
        "Nothing stands beside `$ref`.",
        "A Reference Object has no other field: AsyncAPI ignores them, and so does asynction.",
    ),
)

_STRUCTURE = (
    _fatal(
        "asyncapi",
        "A document says which version of AsyncAPI it is written in.",
        "Versions 2.0 to 3.1 are read.",
    ),
    _error("type", "A field has the type that AsyncAPI gives it.", "The message says which one."),
    _error("required", "A required field is there.", "AsyncAPI marks it as required."),
    _error("enum", "A field has one of its known values.", "The message lists them."),
    _error(
        "version", "A field exists in the document's version.", "Raise `asyncapi`, or leave the field out."
    ),
    _error(
        "unknown-field",
        "A field is one of AsyncAPI's.",
        "Mistyped, it would do nothing. Own fields start with `x-`.",
    ),
    _error("unknown-extension", "An extension is not a mistyped one of ours.", "It would bind nothing."),
    _warning(
        "misspelt",
        "An extension is spelt as the manual spells it.",
        "An old README had `x-hander`; it still binds.",
    ),
    _error(
        "component-key",
        "A component's name has only letters, digits, `.`, `-` and `_`.",
        "AsyncAPI, Components Object.",
    ),
    _error("pattern", "A field has the form that AsyncAPI gives it.", "The message says which one."),
)

_SEMANTICS = (
    _fatal(
        "schema", "A schema is a JSON Schema of its dialect.", "Nothing can be checked against anything else."
    ),
    _warning(
        "schema-dialect",
        "Schemas that refer to each other are of one draft.",
        "The first one's draft is used.",
    ),
    _warning(
        "schema-default",
        "A `default` keeps its own schema.",
        "Whoever relies on it would send something invalid.",
    ),
    _warning("schema-example", "An example of a schema keeps that schema.", "Readers copy examples."),
    _error("message-example", "A message's example keeps its payload and headers.", "Readers copy examples."),
    _fatal("event-name", "A message has a name that can be a Socket.IO event.", "Give it a `name`."),
    _warning(
        "no-event",
        "A message of a document that names no code can be a Socket.IO event.",
        "It is valid AsyncAPI, so it is no error, but the contract leaves it out.",
    ),
    _fatal(
        "duplicate-event",
        "An event stands once in a direction of a namespace.",
        "Only one handler can have it.",
    ),
    _fatal(
        "duplicate-channel",
        "A namespace is described once.",
        "Channels of 3.x may share an address, but they may not contradict each other.",
    ),
    _error(
        "server-variable",
        "A variable stands in a server's URL and in its `variables`.",
        "Else the URL has a hole.",
    ),
    _error("server-url", "The URL of a server is a URL.", "The message says why it is none."),
    _error(
        "channel-parameter",
        "A parameter stands in the address and in `parameters`.",
        "Else nobody can fill it.",
    ),
    _error("channel-servers", "A channel names servers of the document.", "It would be served nowhere."),
    _error(
        "channel-address",
        "A channel's address has no query and no fragment.",
        "Put a query under `bindings.ws`.",
    ),
    _error(
        "operation-channel", "An operation names a channel of the document.", "AsyncAPI 3, Operation Object."
    ),
    _error(
        "operation-message", "An operation's messages are of its channel.", "AsyncAPI 3, Operation Object."
    ),
    _error(
        "reply-message",
        "A reply's messages are of the reply's channel.",
        "AsyncAPI 3, Operation Reply Object.",
    ),
    _error(
        "reply-address", "A reply has an address, or its channel has one.", "With both, one would be ignored."
    ),
    _error("duplicate-operation-id", "An `operationId` is unique.", "Tools find operations by it."),
    _error("duplicate-message-id", "A `messageId` is unique.", "Tools find messages by it."),
    _error("duplicate-tag", "A tag stands once in a list.", "The second one says nothing."),
    _fatal(
        "security-scheme", "A security requirement names a scheme that is defined.", "Else nobody could pass."
    ),
    _error(
        "security-scope",
        "A required scope is one that its scheme defines.",
        "Only OAuth2 and OpenID have scopes.",
    ),
    _lint(
        "unused-variable",
        "A variable or a parameter is used.",
        "Remove it, or put it in braces where it belongs.",
    ),
    _lint("unused-component", "A component is used.", "Remove it, or refer to it."),
    _lint("latest-version", "A document is written in the latest AsyncAPI.", "It is 3.1.0."),
)

_BINDING = (
    _error("server-name", "A server that is named exists.", "The message lists what comes near."),
    _fatal(
        "schema-format",
        "A payload that is served is written in JSON Schema.",
        "Other formats are valid AsyncAPI, but their payloads cannot be checked here.",
    ),
    _fatal(
        "protocol",
        "A server that is served speaks a protocol that is served.",
        "Write `ws`, `wss`, `http`, `https` or `socketio`; other protocols are valid AsyncAPI, no more.",
    ),
    _fatal(
        "handler", "A handler's path leads to a function.", "`package.module.function`, on the import path."
    ),
    _fatal(
        "handler-signature",
        "A handler takes the args that its schema lets through.",
        "Else it raises at run time.",
    ),
    _fatal(
        "handler-model",
        "The type of a handler's parameter, or of what it returns, fits the schema.",
        "Else the handler refuses what the contract lets through, or acknowledges what it forbids.",
    ),
    _fatal(
        "async-handler", "A handler of a Flask server is a plain `def`.", "Nothing there awaits a coroutine."
    ),
    _fatal(
        "no-handler",
        "An event that the server receives has a handler.",
        "Name one with `x-handler` or `@asio.on`.",
    ),
    _fatal(
        "security-function",
        "A scheme that is demanded names the function to ask.",
        "`x-basicInfoFunc` and the like, or `x-jwt`; else nobody could pass.",
    ),
    _fatal(
        "security-unsupported",
        "A scheme that is demanded can be checked on this wire.",
        "SASL and keys of message encryption cannot.",
    ),
    _fatal(
        "security-server",
        "Servers demand the same, or one of them is chosen.",
        "Choose one by `server_name`; security is never off because none is.",
    ),
)

RULES: dict[str, Rule] = {
    rule.name: rule for rules in (_FILES, _REFERENCES, _STRUCTURE, _SEMANTICS, _BINDING) for rule in rules
}
"""All rules by name, in the order in which a document meets them."""
