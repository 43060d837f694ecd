"""The compiled document: frozen data, the same for every version of AsyncAPI, that all other parts read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from asynction._deprecated import renamed, warn_renamed
from asynction.problems import Location, Problem

Json: TypeAlias = "str | int | float | bool | Mapping[str, Json] | list[Json] | None"
"""A JSON value in Python's types."""

Requirements: TypeAlias = "tuple[Mapping[str, tuple[str, ...]], ...]"
"""Alternatives, each a mapping of security schemes to required scopes; all schemes of one must accept."""

SERVED_PROTOCOLS = frozenset({"http", "https", "socket.io", "socketio", "ws", "wss"})
"""The values of `protocol` with which a server can be served."""

NO_LOCATION = Location("<none>", None, None, "")
"""The location of an object that was not read from a document."""


class _Located:
    """An object that has a location in a document."""

    __slots__ = ()
    location: Location

    @property
    def place(self) -> Location:
        """Return `location`, by its deprecated name."""
        kind = type(self).__name__
        warn_renamed(f"{kind}.place", f"{kind}.location", stacklevel=2)
        return self.location


@dataclass(frozen=True, slots=True)
class Info:
    """The title, version and description of the API (AsyncAPI Info Object)."""

    title: str
    version: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class Server(_Located):
    """A server of the API (AsyncAPI Server Object).

    Args:
        name: The key of the server in the document.
        url: The URL, with the defaults of its variables filled in; of 3.x, the URL that its parts make.
        protocol: The protocol as the document names it.
        path: The Socket.IO path, without slashes at its ends; None where the URL has no path.
        description: The description, or an empty string.
        security: The requirements that a client must meet to connect; empty for none.
        location: Where the server is written.
    """

    name: str
    url: str
    protocol: str
    path: str | None
    description: str = ""
    security: Requirements = ()
    location: Location = field(default=NO_LOCATION, compare=False)


@dataclass(frozen=True, slots=True)
class Schema(_Located):
    """A self-contained JSON Schema: all its `$ref`s lead into its own `definitions`.

    `dialect` is the URI of its JSON Schema draft. A schema in another language has the media type of
    that language as its `dialect`, and None as its `value`.
    """

    value: Json
    dialect: str
    location: Location = field(default=NO_LOCATION, compare=False)

    @property
    def is_json_schema(self) -> bool:
        """False for a schema in another language, which cannot be checked here."""
        return self.value is not None


@dataclass(frozen=True, slots=True)
class Target(_Located):
    """A dotted path to Python code, and where the document names it."""

    path: str
    location: Location = field(default=NO_LOCATION, compare=False)


@dataclass(frozen=True, slots=True)
class Handshake(_Located):
    """The schemas of a request to connect (AsyncAPI WebSockets Channel Binding).

    Args:
        method: The HTTP method, GET or POST; None for either.
        query: The schema of the query parameters.
        headers: The schema of the headers.
        auth: The schema of the Socket.IO `auth` payload (`x-auth` of the channel).
        location: Where the binding is written.
    """

    method: str | None = None
    query: Schema | None = None
    headers: Schema | None = None
    auth: Schema | None = None
    location: Location = field(default=NO_LOCATION, compare=False)


@dataclass(frozen=True, slots=True)
class Mock:
    """The behaviour of a mock server for an event (`x-mock`).

    It sends the event every `interval` seconds, or acknowledges it with each of `answers` in turn.
    `copies` maps JSON Pointers into the args of the answer to JSON Pointers into the args of the event,
    whose values are copied there.
    """

    interval: float | None = None
    answers: tuple[Json, ...] = ()
    copies: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Hooks:
    """The functions around the handler of an event (`x-hooks`).

    Args:
        data_check: The function that checks the args.
        access: The function that decides whether the client may send the event.
        hydrate: The function that makes the arg of the handler from those of the event.
        dehydrate: The function that makes the acknowledgement of a success from what the handler returns.
    """

    data_check: Target | None = None
    access: Target | None = None
    hydrate: Target | None = None
    dehydrate: Target | None = None


@dataclass(frozen=True, slots=True)
class Event(_Located):
    """A Socket.IO event in one direction.

    Args:
        name: The name of the event.
        args: The schema of the args; None where the document has none.
        ack: The schema of the acknowledgement; None where the document has none.
        handler: The code that the document names for the event. Like `hooks` and `middlewares`, only
            an event that the server receives has one.
        middlewares: The code that runs around the handler, the outermost first.
        hooks: The functions around the handler.
        security: The requirements that the client must meet to send the event; empty for none.
        summary: The summary of the message or of its operation.
        description: The description of the message.
        examples: The payloads of the examples of the message.
        mock: The behaviour of a mock server.
        location: Where the message is written.
    """

    name: str
    args: Schema | None = None
    ack: Schema | None = None
    handler: Target | None = None
    middlewares: tuple[Target, ...] = ()
    hooks: Hooks = Hooks()
    security: Requirements = ()
    summary: str = ""
    description: str = ""
    examples: tuple[Json, ...] = ()
    mock: Mock | None = None
    location: Location = field(default=NO_LOCATION, compare=False)


@dataclass(frozen=True, slots=True)
class Handlers:
    """The handlers of the lifecycle events of a namespace, and of its errors (`x-handlers`)."""

    connect: Target | None = None
    disconnect: Target | None = None
    error: Target | None = None


@dataclass(frozen=True, slots=True)
class Namespace(_Located):
    """A Socket.IO namespace.

    Args:
        name: The name. With parameters in braces, as in `/rooms/{roomId}`, it is a pattern.
        receives: The events that the server receives, by name.
        sends: The events that the server sends, by name.
        parameters: The schemas of the parameters in `name`.
        handshake: The schemas of a request to connect.
        handlers: The handlers of the lifecycle events.
        middlewares: The code that runs around every received event, outside the event's own middlewares.
        security: The requirements that replace those of the server; None where the channel has none.
        description: The description of the channel.
        location: Where the channel is written.
    """

    name: str
    receives: Mapping[str, Event]
    sends: Mapping[str, Event]
    parameters: Mapping[str, Schema] = field(default_factory=dict)
    handshake: Handshake | None = None
    handlers: Handlers = Handlers()
    middlewares: tuple[Target, ...] = ()
    security: Requirements | None = None
    description: str = ""
    location: Location = field(default=NO_LOCATION, compare=False)


@dataclass(frozen=True, slots=True)
class SecurityScheme(_Located):
    """A way to authenticate clients (AsyncAPI Security Scheme Object).

    Args:
        name: The key of the scheme in the document; the JSON Pointer of one that has no key.
        type: The type, such as `http` or `oauth2`.
        fields: All fields, as the document has them.
        location: Where the scheme is written.
    """

    name: str
    type: str
    fields: Mapping[str, Json]
    location: Location = field(default=NO_LOCATION, compare=False)


@dataclass(frozen=True, slots=True)
class Contract:
    """A compiled document.

    Args:
        info: The title, version and description.
        servers: The servers, by name.
        namespaces: The namespaces, by name.
        security_schemes: The security schemes, by name.
        middlewares: The code that runs around every received event, outside the namespace's middlewares.
        warnings: The problems that did not prevent the document from being loaded.
        files: The names of the files that the document was read from.
    """

    info: Info
    servers: Mapping[str, Server]
    namespaces: Mapping[str, Namespace]
    security_schemes: Mapping[str, SecurityScheme]
    middlewares: tuple[Target, ...] = ()
    warnings: tuple[Problem, ...] = field(default=(), compare=False)
    files: tuple[str, ...] = field(default=(), compare=False)


def namespace_name(address: str) -> str:
    """Return `address` with the leading slash that every namespace of Socket.IO has."""
    return address if address.startswith("/") else f"/{address}"


__getattr__ = renamed(__name__, {"NO_PLACE": "NO_LOCATION"})
