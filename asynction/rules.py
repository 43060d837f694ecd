"""The rules that a document, and the code that it names, must follow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule.

    Args:
        name: The name, as problems and `--ignore` have it.
        severity: `error`, with which a document is not loaded, or `warning`.
        summary: The rule itself, in one sentence.
        why: What goes wrong without it, or what to do.
        lint: True for advice that does not change how the document is served.
        ignorable: False for a rule without which a document has no meaning, so it cannot be ignored.
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
        "The message is the parser's, and the location is where it stopped.",
    ),
    _fatal("yaml-documents", "A file holds one YAML document.", "Remove what follows the `---`."),
    _fatal(
        "yaml-tag", "A value has no tag except YAML's own.", "JSON has no such type; write a plain value."
    ),
    _fatal("yaml-key", "A key is a scalar.", "Keys are strings in JSON."),
    _fatal("yaml-scalar", "A number is a JSON number.", "Quote it if it is a string."),
    _fatal(
        "yaml-alias",
        "An alias has an anchor before it, and a document with its aliases expanded has a limited size.",
        "Use `$ref` to repeat or recurse.",
    ),
    _fatal("yaml-merge", "A merge key (`<<`) takes mappings.", "Nothing else can be merged into a mapping."),
    _fatal(
        "duplicate-key",
        "A key occurs once in a mapping.",
        "Parsers would use one value and ignore the other.",
    ),
    _fatal(
        "value",
        "A document that is given as a mapping has only JSON types.",
        "Convert dates, sets and the like.",
    ),
)

_REFERENCES = (
    _fatal("ref", "A `$ref` can be resolved.", "The message says which part of it was not found."),
    _fatal(
        "ref-cycle",
        "A chain of `$ref`s ends at a value.",
        "Only a schema may refer to itself, from a keyword inside it.",
    ),
    _warning(
        "ref-siblings",
        "A `$ref` has no fields beside it.",
        "AsyncAPI ignores other fields of a Reference Object, and so does asynction.",
    ),
    _lint(
        "loose-ref",
        "A `$ref` in an extension leads to a value, and data has no `$ref` to a file.",
        "In data, such as a default or an example, `$ref` is a name like any other.",
    ),
)

_STRUCTURE = (
    _fatal(
        "asyncapi",
        "A document names its version of AsyncAPI.",
        "Versions 2.0 to 3.1 are supported.",
    ),
    _error("type", "A field has the type that AsyncAPI gives it.", "The message says which one."),
    _error("required", "A required field is present.", "AsyncAPI requires it."),
    _error("enum", "A field has one of its known values.", "The message lists them."),
    _error(
        "version", "A field exists in the document's version.", "Raise `asyncapi`, or leave the field out."
    ),
    _error(
        "unknown-field",
        "A field is one of AsyncAPI's.",
        "A misspelt field would have no effect. Fields of your own start with `x-`.",
    ),
    _error(
        "unknown-extension", "An extension is not a misspelt one of asynction.", "Otherwise it has no effect."
    ),
    _warning(
        "misspelt",
        "An extension is spelt as the manual spells it.",
        "An old README had `x-hander`, which still works.",
    ),
    _error(
        "component-key",
        "A component's name has only letters, digits, `.`, `-` and `_`.",
        "AsyncAPI requires it (Components Object).",
    ),
    _error("pattern", "A field has the form that AsyncAPI gives it.", "The message says which one."),
)

_SEMANTICS = (
    _fatal(
        "schema",
        "A schema is valid JSON Schema in its dialect.",
        "Nothing can be checked against an invalid schema.",
    ),
    _warning(
        "schema-dialect",
        "Schemas that refer to each other are written in the same draft.",
        "All are read in the draft of the first.",
    ),
    _warning(
        "schema-default",
        "A `default` matches its own schema.",
        "Otherwise a client that uses it sends invalid data.",
    ),
    _warning(
        "unknown-keyword",
        "A keyword of a schema is one of JSON Schema's or AsyncAPI's.",
        "Any other checks nothing. Keywords of your own start with `x-`.",
    ),
    _warning(
        "keyword-draft",
        "A keyword belongs to the draft that its schema is written in.",
        "Otherwise it checks nothing. Name another draft with `$schema`.",
    ),
    _warning(
        "unused-keyword",
        "A keyword applies to values that its schema accepts.",
        "Otherwise it checks nothing, as `maxLength` of a number.",
    ),
    _warning(
        "unknown-format",
        "A `format` is one of JSON Schema's or AsyncAPI's.",
        "Any other is not checked. Write a `pattern` instead, or both.",
    ),
    _warning(
        "discriminator",
        "A `discriminator` names a required property of its schema.",
        "AsyncAPI requires it (Schema Object). The value of the property names the schema that decides.",
    ),
    _warning(
        "impossible-schema",
        "There are values that a schema accepts.",
        "A required property that is forbidden, or bounds that cross, refuse every value.",
    ),
    _warning("schema-example", "An example of a schema matches that schema.", "Readers copy examples."),
    _error(
        "message-example",
        "An example of a message matches the schemas of its payload and headers.",
        "Readers copy examples.",
    ),
    _fatal("event-name", "A message has a name that can be a Socket.IO event.", "Give it a `name`."),
    _warning(
        "no-event",
        "A message of a document that names no code can be a Socket.IO event.",
        "It is valid AsyncAPI, so this is not an error, but the contract does not have the message.",
    ),
    _fatal(
        "duplicate-event",
        "An event is defined once in each direction of a namespace.",
        "It can have only one handler.",
    ),
    _fatal(
        "duplicate-channel",
        "A namespace is described once.",
        "Channels of 3.x may share an address, but must not contradict each other.",
    ),
    _error(
        "server-variable",
        "A variable in a server's URL is defined in its `variables`.",
        "Otherwise its value is unknown.",
    ),
    _error("server-url", "The URL of a server can be parsed.", "The message says what is wrong with it."),
    _error(
        "channel-parameter",
        "A parameter in a channel's address is defined in `parameters`, which no other channel has.",
        "Otherwise its values are unknown.",
    ),
    _error(
        "channel-servers", "A channel names servers of the document.", "Otherwise no server would serve it."
    ),
    _error(
        "channel-address",
        "A channel's address has no query and no fragment; in 2.x, it is a URI template.",
        "Put a query under `bindings.ws`, and write other characters percent-encoded.",
    ),
    _error(
        "operation-channel",
        "An operation names a channel of the document.",
        "AsyncAPI 3 requires it (Operation Object).",
    ),
    _error(
        "operation-message",
        "An operation names messages of its channel.",
        "AsyncAPI 3 requires it (Operation Object).",
    ),
    _warning(
        "unlisted-message",
        "A message of a channel with operations is listed by one of them, or by a reply.",
        "Otherwise it is neither received nor sent. AsyncAPI 2.x has no such list.",
    ),
    _warning(
        "both-directions",
        "A `receive` operation of a channel that also sends lists its messages.",
        "Without `messages` it has those that the server sends, too, and each needs a handler.",
    ),
    _error(
        "reply-message",
        "A reply names messages of the reply's channel.",
        "AsyncAPI 3 requires it (Operation Reply Object).",
    ),
    _error(
        "reply-address",
        "A reply and its channel do not both have an address.",
        "Otherwise one of them would be ignored.",
    ),
    _error("duplicate-operation-id", "An `operationId` is unique.", "Tools find operations by it."),
    _error("duplicate-message-id", "A `messageId` is unique.", "Tools find messages by it."),
    _error("duplicate-tag", "A tag of a 2.x document is defined once.", "The second one has no effect."),
    _fatal(
        "security-scheme",
        "A security requirement names a scheme that is defined.",
        "Otherwise no client could meet it.",
    ),
    _error(
        "security-scope",
        "A required scope is one that its scheme defines.",
        "Only OAuth 2 and OpenID Connect have scopes.",
    ),
    _lint(
        "unused-variable",
        "A variable or a parameter is used.",
        "Remove it, or use it in braces in the URL or the address.",
    ),
    _lint("unused-component", "A component is used.", "Remove it, or refer to it."),
    _lint(
        "recursive-alternatives",
        "A schema that clients fill does not contain itself by way of `anyOf` or `oneOf`.",
        "Each level is compared with all alternatives. Give them a tag (`const`), or use fewer levels.",
    ),
    _lint(
        "unbounded-unique",
        "An array of unique items that clients fill has `maxItems`.",
        "All its items are compared, as many as fit into a message.",
    ),
    _lint("latest-version", "A document uses the latest version of AsyncAPI.", "It is 3.1.0."),
)

_BINDING = (
    _error("server-name", "The server that is chosen by name exists.", "The message suggests similar names."),
    _fatal(
        "schema-format",
        "The schema of a payload that is served is JSON Schema.",
        "Other formats are valid AsyncAPI, but asynction cannot check data against them.",
    ),
    _fatal(
        "protocol",
        "The protocol of the chosen server is one that asynction serves.",
        "Write `ws`, `wss`, `http`, `https` or `socketio`. Others are valid AsyncAPI, but not served.",
    ),
    _fatal(
        "handler",
        "A handler's path is that of a function.",
        "Write `package.module.function`, on the import path.",
    ),
    _fatal(
        "handler-allowed",
        "The code that a document names is in the modules that `handlers` lists.",
        "A document from a stranger could otherwise have any installed code called by clients.",
    ),
    _warning(
        "foreign-handler",
        "The code that a document names is the application's.",
        "`x-handler: os.system` would let clients run commands. List the modules that may be named.",
    ),
    _fatal(
        "handler-signature",
        "A handler takes the args that its schema allows.",
        "Otherwise it raises when it is called.",
    ),
    _fatal(
        "handler-model",
        "The types of a handler's parameters and of its result fit the schemas.",
        "Otherwise the handler rejects args that the contract allows, or returns a result that it forbids.",
    ),
    _warning(
        "handler-type",
        "A handler accepts all args, and returns only results, that the schemas allow.",
        "Others get a 400 or a 500. The message says what to write.",
    ),
    _fatal(
        "async-handler",
        "A handler of a Flask server is a plain `def`.",
        "Flask servers do not await coroutines.",
    ),
    _fatal(
        "no-handler",
        "An event that the server receives has a handler.",
        "Name one with `x-handler` or `@asio.on`.",
    ),
    _fatal(
        "security-function",
        "A required security scheme names the function that checks it.",
        "Write `x-jwt`, or an extension such as `x-basicInfoFunc`; without one, no client could connect.",
    ),
    _fatal(
        "security-unsupported",
        "A required security scheme can be checked by the server.",
        "SASL and the keys of message encryption cannot.",
    ),
    _fatal(
        "security-server",
        "All servers have the same `security`, or one of them is chosen.",
        "Choose one with `server_name`. Security is not switched off when none is chosen.",
    ),
)

RULES: dict[str, Rule] = {
    rule.name: rule for rules in (_FILES, _REFERENCES, _STRUCTURE, _SEMANTICS, _BINDING) for rule in rules
}
"""All rules by name, in the order in which a document is checked."""
