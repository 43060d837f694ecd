"""Documents for docs pages, and a parser of those pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from asynction.document import bundle, load
from asynction.ui import Site

VOID = {"br", "col", "hr", "img", "input", "link", "meta", "wbr"}


def document(
    channels: Mapping[str, Any] | None = None,
    *,
    components: Mapping[str, Any] | None = None,
    version: str = "2.6.0",
    **fields: Any,
) -> dict[str, Any]:
    base: dict[str, Any] = {
        "asyncapi": version,
        "info": {"title": "T", "version": "1"},
        "channels": channels or {},
        **fields,
    }
    return {**base, "components": components} if components else base


def received(payload: Any, *, name: str = "say", **fields: Any) -> dict[str, Any]:
    """Return a document with one event that a client sends."""
    return document({"/": {"publish": {"message": {"name": name, "payload": payload, **fields}}}})


def hostile(text: str) -> dict[str, Any]:
    """Return a document with `text` in every place for free text."""
    named = text.replace("{", "(")  # braces would be parameters there
    schema = {
        "type": ["object", "string"],
        "title": text,
        "description": text,
        "required": [text],
        "properties": {text: {"enum": [text], "default": text, "description": text}, "b": {"const": text}},
        "patternProperties": {"^[<>\"']</script>": {"type": "string", "format": text, "examples": [text]}},
        "dependencies": {text: [text]},
        "contentMediaType": text,
        "oneOf": [{"title": text}, {"type": "string", "pattern": "</script><script>"}],
    }
    tags = [{"name": text}]
    docs = {"url": "https://a.example/", "description": text}
    message = {
        "name": text,
        "title": text,
        "summary": text,
        "description": text,
        "tags": tags,
        "externalDocs": docs,
        "payload": {"type": "array", "items": [schema, True], "description": text},
        "x-ack": {"args": schema},
        "examples": [{"payload": [{text: text, "b": text}, text], "summary": text}],
    }
    return {
        "asyncapi": "2.6.0",
        "info": {
            "title": text,
            "version": text,
            "description": text,
            "contact": {"name": text, "url": "javascript:alert(1)"},
            "license": {"name": text},
        },
        "tags": tags,
        "externalDocs": docs,
        "servers": {
            text: {
                "url": "ws://" + named,
                "protocol": "ws",
                "description": text,
                "security": [{text: [text]}],
            }
        },
        "channels": {
            named: {
                "description": text,
                "parameters": {text: {"schema": schema}},
                "bindings": {"ws": {"method": "GET", "query": schema, "headers": schema}},
                "x-auth": schema,
                "publish": {"message": message, "tags": tags, "summary": text},
                "subscribe": {"message": message},
            }
        },
        "components": {
            "securitySchemes": {
                text: {
                    "type": "oauth2",
                    "description": text,
                    "flows": {
                        "implicit": {"authorizationUrl": "javascript:alert(1)", "scopes": {text: text}}
                    },
                }
            }
        },
    }


def large(count: int) -> dict[str, Any]:
    """Return a contract of messages with a few fields; half of them have an ack, all share a type."""
    properties = {
        "id": {"type": "integer", "minimum": 1},
        "text": {"type": "string", "maxLength": 500},
        "user": {"$ref": "#/components/schemas/User"},
    }
    messages = [
        {
            "name": f"order_{index}_changed",
            "summary": f"Somebody has changed order {index}.",
            "payload": {"type": "object", "required": ["id"], "properties": properties},
            **({"x-ack": {"args": {"type": "boolean"}}} if index % 2 else {}),
        }
        for index in range(count)
    ]
    user = {name: {"type": "string", "description": "What *it* is."} for name in ("name", "mail", "phone")}
    return document(
        {
            f"/orders{part}": {
                "publish": {"message": {"oneOf": messages[part::20]}},
                "subscribe": {"message": {"oneOf": messages[part + 10 :: 20]}},
            }
            for part in range(10)
        },
        components={"schemas": {"User": {"type": "object", "properties": user}}},
    )


def site_of(spec: Any, **options: Any) -> Site:
    return Site(load(spec), bundle(spec), **{"socketio_path": "socket.io", **options})


def page_of(spec: Any, **options: Any) -> str:
    response = site_of(spec, **options).get("")
    assert response is not None
    return response.body.decode()


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    children: list[Element] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return " ".join("".join(self.texts).split())

    def all(self, tag: str = "", **attributes: str) -> list[Element]:
        wanted = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
        found = [
            each
            for each in self.children
            if (not tag or each.tag == tag)
            and all(value in each.attributes.get(name, "").split() for name, value in wanted.items())
        ]
        return [*found, *(inner for each in self.children for inner in each.all(tag, **attributes))]

    def one(self, tag: str = "", **attributes: str) -> Element:
        found = self.all(tag, **attributes)
        assert len(found) == 1, (tag, attributes, len(found))
        return found[0]


class Tree(HTMLParser):
    """A strict parser: every element must be closed in order, and no attribute occurs twice."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open = [Element("", {})]
        self.tags: list[str] = []
        self.names: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(set(names)) == len(names), (tag, attrs)
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.tags.append(tag)
        self.names.update(names)
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self.open[-1].tag == tag, (self.open[-1].tag, tag, self.getpos())
        self.open.pop()

    def handle_data(self, data: str) -> None:
        for element in self.open:
            element.texts.append(data)


def parse(html: str) -> Tree:
    tree = Tree()
    tree.feed(html)
    tree.close()
    assert len(tree.open) == 1, [element.tag for element in tree.open]
    ids = [each.attributes["id"] for each in tree.open[0].all() if "id" in each.attributes]
    assert len(set(ids)) == len(ids)
    return tree


def read(spec: Any, **options: Any) -> Element:
    return parse(page_of(spec, **options)).open[0]
