"""Parts of a document that only readers need, and the contract leaves out: tags, titles, links, examples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from asynction.contract import Json, namespace_name
from asynction.document import CHANNELS, Message, Node, Sources


@dataclass(frozen=True, slots=True)
class Link:
    """A link; `url` is empty if there is only a name."""

    name: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Details:
    """The details of a message or a channel."""

    title: str = ""
    summary: str = ""
    deprecated: bool = False
    tags: tuple[str, ...] = ()
    docs: Link | None = None
    examples: tuple[tuple[str, Json], ...] = ()
    """The examples that have a payload, each with its name or summary."""


NONE = Details()


class Source:
    """The details of a document; all its `$ref`s must be local."""

    def __init__(self, document: Mapping[str, Json]) -> None:
        root = Sources().root(document)
        channels = CHANNELS.get(str(document.get("asyncapi", ""))[:1])
        self.events: dict[tuple[str, str, str], Details] = {}
        self.namespaces: dict[str, Details] = {}
        self.info: tuple[Link, ...] = ()
        self.tags: tuple[str, ...] = ()
        if root is None or channels is None:
            return
        for channel in channels(root):
            name = namespace_name(channel.address)
            self.namespaces[name] = _details(channel.node)
            for direction, messages in (("receives", channel.receives), ("sends", channel.sends)):
                for operation, message in messages:
                    self.events[name, direction, message.name] = _of_message(operation, message)
        self.info = tuple(_info(root))
        self.tags = _tags(root) or _tags(root.get("info"))

    def of_event(self, namespace: str, direction: str, event: str) -> Details:
        """Return the details of an event; `direction` is `receives` or `sends`, as in Namespace."""
        return self.events.get((namespace, direction, event), NONE)

    def of_namespace(self, namespace: str) -> Details:
        """Return the details of a namespace."""
        return self.namespaces.get(namespace, NONE)


def _of_message(operation: Node, message: Message) -> Details:
    own = _details(message.node)
    tags = dict.fromkeys((*_tags(operation), *own.tags))
    examples = tuple(
        (example.text("summary") or example.text("name"), example.value["payload"])
        for example in message.node.each("examples")
        if isinstance(example.value, Mapping) and "payload" in example.value
    )
    return Details(own.title, own.summary, own.deprecated, tuple(tags), own.docs, examples)


def _details(node: Node) -> Details:
    deprecated = isinstance(node.value, Mapping) and node.value.get("deprecated") is True
    return Details(node.text("title"), node.text("summary"), deprecated, _tags(node), _docs(node))


def _tags(node: Node | None) -> tuple[str, ...]:
    return tuple(tag.text("name") for tag in node.each("tags")) if node is not None else ()


def _docs(node: Node) -> Link | None:
    docs = node.get("externalDocs")
    return Link(docs.text("description") or "More", web_url(docs.text("url"))) if docs is not None else None


def _info(root: Node) -> Iterator[Link]:
    """Yield the links of the API: contact, licence, terms and documentation."""
    info = root.get("info")
    if info is None:
        return
    contact, licence = info.get("contact"), info.get("license")
    if contact is not None:
        url = web_url(contact.text("url"))
        mail = contact.text("email")
        yield Link(contact.text("name") or mail or url, url or (f"mailto:{mail}" if mail else ""))
    if licence is not None:
        yield Link(licence.text("name"), web_url(licence.text("url")))
    if terms := info.text("termsOfService"):
        yield Link("Terms of service", web_url(terms))
    docs = _docs(root) or _docs(info)
    if docs is not None:
        yield docs


def web_url(url: str) -> str:
    """Return a URL of the web; an empty string for any other URL, which might run code."""
    return url if url.lower().startswith(("https://", "http://")) else ""
