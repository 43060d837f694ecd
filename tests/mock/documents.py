"""Documents for the tests of both mocks."""

from __future__ import annotations

from typing import Any

from tests.mock.test_behaviour import AVRO
from tests.server.support import INTEGER, STRING, channel, document, message

PERSON = {
    "type": "object",
    "required": ["id", "name", "mail"],
    "properties": {
        "id": {"type": "integer", "minimum": 1, "maximum": 99},
        "name": {"type": "string", "format": "first_name"},
        "mail": {"type": "string", "format": "email"},
        "friends": {"type": "array", "items": {"$ref": "#/components/schemas/Person"}, "maxItems": 2},
        "motto": {"type": ["string", "null"], "format": "sentence"},
        "color": {"enum": ["red", "green", "blue"]},
        "pin": {"type": "string", "pattern": "^[0-9]{4}$"},
    },
    "additionalProperties": False,
}
REF = {"$ref": "#/components/schemas/Person"}
PAIR = {"type": "array", "items": [STRING, REF]}
PEOPLE = {"type": "array", "items": REF, "minItems": 1, "maxItems": 3}

NAMESPACES = ("/", "/rooms/1", "/rooms/2")


def person(number: int) -> dict[str, object]:
    """Return a person."""
    return {"id": number, "name": "Ada", "mail": "ada@example.com"}


def big() -> dict[str, Any]:
    """Return a document with events in both directions, in a namespace and in one with parameters."""
    ask = message("ask", PAIR, PEOPLE, "no.such.module.ask")
    make = {
        **message("make", REF, REF, "no.such.module.make"),
        "x-mock": {"copies": {"/0/id": "/0/id"}},
    }
    joined = {**message("joined", REF), "x-mock": {"interval": 30}}
    listed = {
        **message("listed", PEOPLE),
        "examples": [{"payload": [{"id": 1, "name": "Ada", "mail": "ada@example.com"}]}],
    }
    return document(
        {
            "/": channel([ask, message("bye")], [joined, listed, message("ticked")]),
            "/rooms/{roomId}": channel(
                [make], [message("moved", PAIR)], parameters={"roomId": {"schema": INTEGER}}
            ),
        },
        components={"schemas": {"Person": PERSON}},
    )


def coded() -> dict[str, Any]:
    """Return a document that names code wherever it can; none of the code exists."""
    hooks = {name: f"no.such.{name}" for name in ("dataCheck", "access", "hydrate", "dehydrate")}
    say = {
        **message("say", STRING, INTEGER, "no.such.say"),
        "x-middlewares": ["no.such.one"],
        "x-hooks": hooks,
    }
    key = {
        "type": "httpApiKey",
        "name": "key",
        "in": "query",
        "x-apiKeyInfoFunc": "no.such.key",
        "x-scopeValidateFunc": "no.such.scopes",
    }
    handlers = {name: f"no.such.{name}" for name in ("connect", "disconnect", "error")}
    return document(
        {"/": channel([say], x_handlers=handlers, x_middlewares="no.such.two", x_security=[{"key": []}])},
        **{"x-middlewares": "no.such.three"},
        components={"securitySchemes": {"key": key}},
    )


def handshake() -> dict[str, Any]:
    """Return a document with a namespace that requires a query parameter."""
    query = {"type": "object", "required": ["token"], "properties": {"token": STRING}}
    return document({"/": channel([message("say")], bindings={"ws": {"query": query}})})


def foreign() -> dict[str, Any]:
    """Return a document with messages in another schema language."""
    say = {**message("say", {"type": "string"}, INTEGER), "schemaFormat": AVRO}
    told = {**message("told", {"type": "string"}), "schemaFormat": AVRO}
    return document({"/": channel([say], [told, message("ticked", {"const": 1})])})


def several() -> dict[str, Any]:
    """Return a document with two servers; one of them requires credentials."""
    return document(
        {"/": channel([message("say")])},
        servers={
            "open": {"url": "ws://localhost/open", "protocol": "ws", "security": []},
            "closed": {"url": "ws://localhost/closed", "protocol": "ws", "security": [{"user": []}]},
        },
        components={
            "securitySchemes": {
                "user": {"type": "http", "scheme": "basic", "x-basicInfoFunc": "no.such.user"}
            }
        },
    )


BLOB = {
    "type": "object",
    "required": ["data"],
    "properties": {"data": {"type": "string", "format": "binary"}},
}


def binary() -> dict[str, Any]:
    """Return a document with binary data in both directions."""
    return document({"/": channel([message("put", BLOB, BLOB)], [message("got", BLOB)])})
