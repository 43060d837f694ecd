"""Documents of several files: made from small parts, then split at random places."""

from __future__ import annotations

import copy
import posixpath
from collections.abc import Iterator
from random import Random
from typing import Any, TypeAlias

from asynction.document._objects_2 import REFERABLE
from asynction.document._reader import OBJECTS, field_of
from asynction.problems import escape

Path: TypeAlias = "tuple[str | int, ...]"

SCHEMAS: dict[str, Any] = {
    "Id": {"type": "string", "minLength": 1},
    "Tree": {
        "type": "object",
        "properties": {
            "id": {"$ref": "#/components/schemas/Id"},
            "next": {"$ref": "#/components/schemas/Tree"},
            "$ref": {"type": "integer"},
        },
        "required": ["id"],
    },
    "Pair": {"type": "array", "items": [{"type": "string"}, {"$ref": "#/components/schemas/Tree"}]},
    "Deep": {"allOf": [{"properties": {"a": {"items": {"$ref": "#/components/schemas/Id"}}}}]},
    "Part": {"$ref": "#/components/schemas/Tree/properties/id"},
    "Old": {"$schema": "http://json-schema.org/draft-04/schema#", "maximum": 3, "exclusiveMaximum": True},
}
AVRO = "application/vnd.apache.avro;version=1.9.0"
RECORD = {"type": "record", "name": "R", "fields": [{"name": "a", "type": "int"}]}
HTTP = {"type": "http", "scheme": "basic"}
KEY = {"type": "userPassword", "x-userPasswordInfoFunc": "a.b"}


def ref(*tokens: str) -> dict[str, Any]:
    return {"$ref": "#/" + "/".join(escape(token) for token in tokens)}


def document(random: Random, version: str) -> dict[str, Any]:
    """Make a sound document of parts that are chosen at random."""
    return _document_2(random, version) if version[0] == "2" else _document_3(random, version)


def _payload(random: Random) -> Any:
    name = random.choice(list(SCHEMAS))
    return random.choice([{"type": "integer"}, ref("components", "schemas", name), {"not": SCHEMAS["Id"]}])


def _message(random: Random) -> dict[str, Any]:
    message: dict[str, Any] = {"payload": _payload(random)}
    if random.random() < 0.5:
        message["bindings"] = {"kafka": {"key": _payload(random)}}
    if random.random() < 0.3:
        message["x-note"] = {"more": [{"text": "x"}]}
    if random.random() < 0.3:
        message["traits"] = [{"summary": "S.", "tags": [{"name": "t"}]}]
    return message


def _document_2(random: Random, version: str) -> dict[str, Any]:
    messages = {f"M{index}": _message(random) for index in range(3)}
    for name, message in messages.items():
        if random.random() < 0.3:
            message |= {"schemaFormat": AVRO, "payload": copy.deepcopy(RECORD)}
        if random.random() < 0.4:
            message["name"] = f"name of {name}"
    used = [ref("components", "messages", name) for name in messages]
    inline = {"name": "inline", "x-ack": {"args": _payload(random)}, **_message(random)}
    return {
        "asyncapi": f"{version}.0",
        "info": {"title": "T", "version": "1"},
        "servers": {"main": {"url": "ws://x.example/{v}", "protocol": "ws", "variables": {"v": {}}}},
        "channels": {
            "/": {"publish": {"message": {"oneOf": [*used, inline]}}, "bindings": {"ws": {"method": "GET"}}},
            "/{id}": {
                "parameters": {"id": {"schema": _payload(random)}},
                "subscribe": {"message": random.choice(used), "traits": [{"summary": "T."}]},
            },
        },
        "components": {
            "schemas": copy.deepcopy(SCHEMAS),
            "messages": messages,
            "securitySchemes": {"user": copy.deepcopy(KEY)},
        },
    }


def _document_3(random: Random, version: str) -> dict[str, Any]:
    shared = {f"M{index}": _message(random) for index in range(2)}
    if random.random() < 0.5:
        shared["M0"]["payload"] = {"schemaFormat": AVRO, "schema": copy.deepcopy(RECORD)}
    messages = {
        "one": ref("components", "messages", "M0"),
        "two": ref("components", "messages", random.choice(["M0", "M1"])),
        "own": {"name": "named", **_message(random)},
        "yes": {"payload": {"type": "boolean"}},
    }
    channel = {
        "address": "/{id}",
        "servers": [ref("servers", "main")],
        "messages": messages,
        "parameters": {"id": {"enum": ["a", "b"]}},
    }
    take: dict[str, Any] = {
        "action": "receive",
        "channel": ref("channels", "depot"),
        "messages": [ref("channels", "depot", "messages", name) for name in ("own", "one")],
        "reply": {"messages": [ref("channels", "depot", "messages", "yes")]},
    }
    tell: dict[str, Any] = {"action": "send", "channel": ref("channels", "depot")}
    if random.random() < 0.5:
        tell["messages"] = [ref("channels", "depot", "messages", "two")]
    security = [copy.deepcopy(HTTP), ref("components", "securitySchemes", "user")]
    server = {"host": "x.example", "protocol": "ws", "security": security}
    return {
        "asyncapi": f"{version}.0",
        "info": {"title": "T", "version": "1"},
        "servers": {"main": server},
        "channels": {"depot": channel, "other": {"messages": {"m": ref("components", "messages", "M1")}}},
        "operations": {"take": take, "tell": tell},
        "components": {
            "schemas": copy.deepcopy(SCHEMAS),
            "messages": shared,
            "securitySchemes": {"user": copy.deepcopy(KEY)},
        },
    }


class Splitter:
    """Moves objects of a document to other files, and puts a `$ref` in their place."""

    def __init__(self, random: Random, document: dict[str, Any]) -> None:
        self.random = random
        self.version = document["asyncapi"][:3]
        self.objects = OBJECTS[self.version[0]]
        self.files: dict[str, Any] = {"asyncapi.yaml": copy.deepcopy(document)}

    def split(self, times: int) -> dict[str, Any]:
        """Return the files, by their names."""
        for number in range(times):
            name = self.random.choice(list(self.files))
            places = list(self.places(self.files["asyncapi.yaml"], "Document", ()))
            if name == "asyncapi.yaml" and places:
                self.move(*self.random.choice(places), number)
        return self.files

    def places(self, value: Any, kind: str, path: Path) -> Iterator[tuple[Path, str]]:
        """Yield what may be a Reference Object, as paths, and the type of each."""
        kind = kind.split(" | ", maxsplit=1)[0]
        if isinstance(value, dict) and isinstance(value.get("$ref"), str):
            return
        if kind.startswith("["):
            for index, item in enumerate(value):
                yield from self.places(item, kind[1:-1], (*path, index))
        elif kind.startswith("{"):
            for name, item in value.items():
                yield from self.places(item, kind[1:-1], (*path, name))
        elif kind == "Schema":
            yield from self.schemas(value, path)
        elif kind in self.objects:
            if REFERABLE.get(kind, "4") <= self.version:
                yield path, kind
            yield from self.fields(value, kind, path)

    def fields(self, value: Any, kind: str, path: Path) -> Iterator[tuple[Path, str]]:
        for name, item in value.items():
            field = field_of(self.objects[kind].get(name, self.objects[kind].get("*", "any"))).kind
            if kind == "Message" and name == "payload" and "schemaFormat" not in value:
                is_other = isinstance(item, dict) and "schemaFormat" in item
                field = "MultiFormatSchema" if is_other else "Schema"
            if field == "any" and isinstance(item, dict) and "$ref" not in item:
                yield (*path, name), "any"  # the schema of another format, or a binding
            yield from self.places(item, field, (*path, name)) if field != "any" else ()

    def schemas(self, value: Any, path: Path) -> Iterator[tuple[Path, str]]:
        yield path, "Schema"
        for keyword in ("properties", "allOf", "items", "not"):
            inner = value.get(keyword)
            pairs = inner.items() if keyword == "properties" and inner else ()
            pairs = enumerate(inner) if isinstance(inner, list) else pairs
            for key, item in pairs:
                if not isinstance(item.get("$ref"), str):
                    yield from self.schemas(item, (*path, keyword, key))

    def move(self, path: Path, kind: str, number: int) -> None:
        holder = self.files["asyncapi.yaml"]
        for token in path[:-1]:
            holder = holder[token]
        value = holder[path[-1]]
        folder = self.random.choice(["", "parts/", "parts/more/"])
        name = f"{folder}p{number}.yaml"
        if self.random.random() < 0.4:
            pointer, content = "", value
        elif kind == "Message" and self.random.random() < 0.5:
            pointer = f"#/components/messages/k{number}"
            content = {"components": {"messages": {f"k{number}": value}}}
        else:
            pointer, content = f"#/k{number}", {f"k{number}": value}
        self.files[name] = _rebased(content, folder)
        holder[path[-1]] = {"$ref": name + pointer}


def _rebased(value: Any, folder: str) -> Any:
    """Copy a value into a file of another folder; its `$ref`s still lead to the same."""
    if isinstance(value, list):
        return [_rebased(item, folder) for item in value]
    if not isinstance(value, dict):
        return value
    copied = {key: _rebased(item, folder) for key, item in value.items()}
    if isinstance(written := value.get("$ref"), str):
        file, _, pointer = written.partition("#")
        file = posixpath.relpath(file or "asyncapi.yaml", folder or ".")
        copied["$ref"] = f"{file}#{pointer}" if pointer else file
    return copied
