"""The compiled, normalised document: frozen data that every other part reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from asynction._deprecated import renamed, warn_renamed
from asynction.problems import Location, Problem

Json: TypeAlias = "str | int | float | bool | Mapping[str, Json] | list[Json] | None"
"""A JSON value as Python has it."""

Requirements: TypeAlias = "tuple[Mapping[str, tuple[str, ...]], ...]"
"""Alternatives, each a mapping of the security schemes that it takes to the scopes they need."""

SERVED_PROTOCOLS = frozenset({"http", "https", "socket.io", "socketio", "ws", "wss"})
"""What the protocol of a server that is served may be."""

NO_LOCATION = Location("<none>", None, None, "")


class _Located:
    """What stands somewhere in a document."""

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
    """Who and what the API is (AsyncAPI Info Object)."""

    title: str
    version: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class Server(_Located):
    """Where the API is served, its variables filled from their defaults (AsyncAPI Server Object).

    `path` is the Socket.IO path, without slashes at its ends; None where the URL has no path.
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
    """A JSON Schema that stands alone: all its `$ref`s lead into its own `definitions`.

    `dialect` is the URI of the JSON Schema draft that it is written in. What is written in another
    schema language has that language's media type as its `dialect`, and no value.
    """

    value: Json
    dialect: str
    location: Location = field(default=NO_LOCATION, compare=False)

    @property
    def is_json_schema(self) -> bool:
        """False for a schema in another language, which nothing here can check."""
        return self.value is not None


@dataclass(frozen=True, slots=True)
class Target(_Located):
    """A dotted path to Python code and the place in the document that names it."""

    path: str
    location: Location = field(default=NO_LOCATION, compare=False)


@dataclass(frozen=True, slots=True)
class Handshake(_Located):
    """What a client must bring to connect (AsyncAPI WebSockets Channel Binding).

    `auth` is the schema of the Socket.IO `auth` payload (`x-auth` of the channel).
    """

    method: str | None = None
    query: Schema | None = None
    headers: Schema | None = None
    auth: Schema | None = None
    location: Location = field(default=NO_LOCATION, compare=False)


@dataclass(frozen=True, slots=True)
class Mock:
    """How a mock server plays an event (`x-mock`).

    It sends the event every `interval` seconds, or acknowledges it with `answers` in turn; `copies` has
    the JSON Pointers into an answer's args that get what the pointers into the event's args lead to.
    """

    interval: float | None = None
    answers: tuple[Json, ...] = ()
    copies: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Hooks:
    """The code around an event's handler (`x-hooks`): two checks, what it is given, what becomes of it."""

    data_check: Target | None = None
    access: Target | None = None
    hydrate: Target | None = None
    dehydrate: Target | None = None


@dataclass(frozen=True, slots=True)
class Event(_Located):
    """One Socket.IO event in one direction.

    `args` and `ack` are None where the document says nothing of them. `handler` is the code that
    the document names for it, with its `hooks`, `middlewares` what runs around it, the outermost first;
    only a received event has them.
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
    """The code for a namespace's own occasions (`x-handlers`)."""

    connect: Target | None = None
    disconnect: Target | None = None
    error: Target | None = None


@dataclass(frozen=True, slots=True)
class Namespace(_Located):
    """A Socket.IO namespace; `receives` and `sends` are seen from the server, by event name.

    Where `name` has parameters in braces, as in `/rooms/{roomId}`, it is a pattern of namespaces;
    `parameters` has the schema of each. `middlewares` run around every event that it receives, outside
    those of the event itself.
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
    """How a client proves who it is (AsyncAPI Security Scheme Object); `fields` as the document has them."""

    name: str
    type: str
    fields: Mapping[str, Json]
    location: Location = field(default=NO_LOCATION, compare=False)


@dataclass(frozen=True, slots=True)
class Contract:
    """A whole document, compiled; `warnings` are the problems that did not stop it.

    `middlewares` run around every event that is received, outside those of its namespace.
    """

    info: Info
    servers: Mapping[str, Server]
    namespaces: Mapping[str, Namespace]
    security_schemes: Mapping[str, SecurityScheme]
    middlewares: tuple[Target, ...] = ()
    warnings: tuple[Problem, ...] = field(default=(), compare=False)
    files: tuple[str, ...] = field(default=(), compare=False)


def namespace_name(address: str) -> str:
    """Return `address` with the leading slash that Socket.IO gives every namespace."""
    return address if address.startswith("/") else f"/{address}"


__getattr__ = renamed(__name__, {"NO_PLACE": "NO_LOCATION"})
