"""The contents of the page, made from a contract and the document that it was compiled from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from markupsafe import Markup

from asynction import contract as model
from asynction.contract import Contract, Json, Schema
from asynction.ui import _markdown as markdown
from asynction.ui._args import Args, read_args
from asynction.ui._details import Details, Link, Source
from asynction.ui._examples import Example, examples_of
from asynction.ui._json import pretty
from asynction.ui._security import Alternatives, Scheme, alternatives, read_scheme, required_by
from asynction.ui._types import Types, root_of
from asynction.ui._views import Part, View, Views

OPEN_EVENTS = 24
"""The maximum number of events that a page shows unfolded: a larger page would be slow and hard to read."""

_ROOT = "/"


@dataclass(frozen=True, slots=True)
class Event:
    """One event in one direction."""

    name: str
    anchor: str
    summary: str
    description: Markup
    details: Details
    args: Args
    ack: Args | None
    security: Alternatives
    examples: tuple[Example, ...]

    @property
    def signature(self) -> str:
        """The args and the acknowledgement in a few words."""
        args = f"({', '.join(self.args.words)})"
        return f"{args} → {', '.join(self.ack.words) or 'ack'}" if self.ack is not None else args


@dataclass(frozen=True, slots=True)
class Namespace:
    """One namespace from the client's point of view: `sends` are the events that the server receives."""

    name: str
    anchor: str
    description: Markup
    details: Details
    parameters: tuple[Part, ...]
    handshake: tuple[Part, ...]
    method: str
    security: Alternatives
    connect: str
    sends: tuple[Event, ...]
    receives: tuple[Event, ...]
    own_errors: bool


@dataclass(frozen=True, slots=True)
class Page:
    """The whole page."""

    title: str
    version: str
    description: Markup
    links: tuple[Link, ...]
    tags: tuple[str, ...]
    servers: tuple[tuple[model.Server, Markup], ...]
    namespaces: tuple[Namespace, ...]
    schemes: tuple[Scheme, ...]
    types: tuple[tuple[str, View], ...]
    is_expanded: bool
    path: str


def build_page(
    contract: Contract, source: Mapping[str, Json], *, socketio_path: str, title: str | None
) -> Page:
    """Return the contents of the page.

    Args:
        contract: the contract.
        source: the document of the contract, for details that the contract leaves out.
        socketio_path: the path of Socket.IO on the server.
        title: the title of the page; None for that of the document.
    """
    return _Builder(contract, source, socketio_path).page(title)


class _Builder:
    def __init__(self, contract: Contract, source: Mapping[str, Json], socketio_path: str) -> None:
        self.contract = contract
        self.source = Source(source)
        self.path = f"/{socketio_path.strip('/')}"
        self.types = Types(_schemas(contract))
        self.views = Views(self.types)
        self.anchors: set[str] = set()

    def page(self, title: str | None) -> Page:
        contract = self.contract
        namespaces = tuple(map(self.namespace, contract.namespaces.values()))
        count = sum(len(n.sends) + len(n.receives) for n in namespaces)
        name = title or contract.info.title
        return Page(
            title=name,
            version=contract.info.version,
            description=markdown.block(contract.info.description),
            links=self.source.info,
            tags=self.source.tags,
            servers=tuple((each, markdown.inline(each.description)) for each in contract.servers.values()),
            namespaces=namespaces,
            schemes=tuple(map(read_scheme, contract.security_schemes.values())),
            types=tuple((each.anchor, self.views.of_type(each)) for each in self.types.apart()),
            is_expanded=count <= OPEN_EVENTS,
            path=self.path,
        )

    def namespace(self, namespace: model.Namespace) -> Namespace:
        anchor = self.anchor(quote(namespace.name, safe="/"))
        base = "" if namespace.name == _ROOT else anchor
        required = required_by(self.contract, namespace)
        handshake = namespace.handshake or model.Handshake()
        return Namespace(
            name=namespace.name,
            anchor=anchor,
            description=markdown.block(namespace.description),
            details=self.source.of_namespace(namespace.name),
            parameters=tuple(Part(name, self.view(schema)) for name, schema in namespace.parameters.items()),
            handshake=tuple(
                Part(name, self.view(schema)) for name, schema in _handshake(handshake).items() if schema
            ),
            method=handshake.method or "",
            security=alternatives(required),
            connect=self.snippet(namespace.name, handshake),
            sends=tuple(self.events(namespace, "receives", f"{base}/sends/")),
            receives=tuple(self.events(namespace, "sends", f"{base}/receives/")),
            own_errors=namespace.handlers.error is not None,
        )

    def events(self, namespace: model.Namespace, direction: str, base: str) -> Iterator[Event]:
        events: Mapping[str, model.Event] = getattr(namespace, direction)
        for event in events.values():
            details = self.source.of_event(namespace.name, direction, event.name)
            yield Event(
                name=event.name,
                anchor=self.anchor(base + quote(event.name, safe="")),
                summary=event.summary or details.title,
                description=markdown.block(event.description),
                details=details,
                args=read_args(event.args, self.views),
                ack=read_args(event.ack, self.views) if event.ack is not None else None,
                security=alternatives(event.security),
                examples=tuple(examples_of(event, details, sent_by_client=direction == "receives")),
            )

    def anchor(self, wanted: str) -> str:
        """Return an anchor that is unique in the page."""
        anchor, count = wanted, 1
        while anchor in self.anchors:
            count += 1
            anchor = f"{wanted}-{count}"
        self.anchors.add(anchor)
        return anchor

    def view(self, schema: Schema) -> View:
        if not schema.is_json_schema:
            return View(f"in another language: {schema.dialect}")
        named = self.types.of(schema)
        return self.views.of(schema.value, root_of(schema)) if named is None else self.views.reference(named)

    def snippet(self, namespace: str, handshake: model.Handshake) -> str:
        """Return the JavaScript that connects."""
        server = next(iter(self.contract.servers.values()), None)
        origin = _origin(server.url) if server is not None else ""
        target = pretty(origin + (namespace if namespace != _ROOT or not origin else ""))
        options = [f"path: {pretty(self.path)}"] if self.path != "/socket.io" else []
        options += [
            f"{name}: {{ … }}" for name in ("query", "auth") if _handshake(handshake)[name] is not None
        ]
        if handshake.headers is not None:
            options.append("extraHeaders: { … }")
        return f"io({target}, {{ {', '.join(options)} }})" if options else f"io({target})"


def _schemas(contract: Contract) -> Iterator[Schema]:
    """Yield every schema that the page shows."""
    for namespace in contract.namespaces.values():
        handshake = namespace.handshake or model.Handshake()
        found = [*namespace.parameters.values(), *_handshake(handshake).values()]
        for event in (*namespace.receives.values(), *namespace.sends.values()):
            found += [event.args, event.ack]
        yield from (schema for schema in found if schema is not None and schema.is_json_schema)


def _handshake(handshake: model.Handshake) -> dict[str, Schema | None]:
    return {"query": handshake.query, "auth": handshake.auth, "headers": handshake.headers}


def _origin(url: str) -> str:
    """Return the URL of a server without its path."""
    scheme, mark, rest = url.rpartition("://")
    return f"{scheme}{mark}{rest.partition('/')[0]}"
