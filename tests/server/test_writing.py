"""What both servers and both clients emit and acknowledge need not be JSON data."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime, timezone
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import flask
import pydantic
import pytest

from asynction import AsynctionAsyncServer, AsynctionSocketIO, PayloadValidationException
from asynction.client import AsynctionAsyncClient, AsynctionClient
from asynction.server._asgi.testing import AsyncTestClient
from tests.client.support import Wire
from tests.server.asgi.support import talk
from tests.server.support import STRING, build, client_of, message, of

BINARY = {**STRING, "format": "binary"}
FIELDS = {
    "at": {**STRING, "format": "date-time"},
    "price": {"type": "number"},
    "data": BINARY,
    "text": {**STRING, "format": "byte"},
    "items": {"type": "array", "items": {"properties": {"due": STRING}}},
}
OUT = message("out", {"type": "object", "properties": FIELDS})
SPEC = of(message("do"), sends=[OUT, message("free")])


class Color(Enum):
    RED = "red"


class Item(pydantic.BaseModel):
    id: int = 1
    due: date | None = None


@dataclass
class Note:
    colors: frozenset[Color] = frozenset({Color.RED})


CASES: list[tuple[str, object, object]] = [
    ("out", {"at": datetime(2024, 2, 29, tzinfo=timezone.utc)}, {"at": "2024-02-29T00:00:00Z"}),
    ("out", {"price": Decimal("1.50")}, {"price": 1.5}),
    ("out", {"data": memoryview(b"\xff"), "text": b"\xff"}, {"data": b"\xff", "text": "/w=="}),
    ("out", {"items": [Item(), {"id": 2}]}, {"items": [{"id": 1}, {"id": 2}]}),
    ("free", {"note": [Note()], "id": UUID(int=1), "nan": [None]},
        {"note": [{"colors": ["red"]}], "id": str(UUID(int=1)), "nan": [None]}),
    ("free", {"deep": ({"data": bytearray(b"a")}, Decimal("1.50"))}, {"deep": [{"data": b"a"}, "1.50"]}),
]  # fmt: skip

KINDS = ["flask", "flask not strict", "asgi", "asgi not strict", "asgi without a contract"]
both = pytest.mark.parametrize("kind", KINDS)


def emitted(kind: str, event: str, value: object, **options: Any) -> Any:
    """Emit one arg and return what a client of a server receives."""
    if kind.startswith("flask"):
        asio = build(SPEC, strict="not" not in kind, **options)
        asio.on("do")(lambda *args: None)
        client = client_of(asio)
        asio.emit(event, value)
        return client.get_received()[0]["args"][0]
    if "without" in kind:
        server = AsynctionAsyncServer(**options)
    else:
        strict = "not" not in kind
        server = AsynctionAsyncServer.from_spec(SPEC, strict=strict, **options)
    server.on("do", lambda *args: None)

    async def body(client: AsyncTestClient) -> Any:
        await server.emit(event, value)
        return (await client.receive())["args"][0]

    return talk(server, body)


@pytest.mark.parametrize("kind", KINDS[:-1])
@pytest.mark.parametrize(("event", "value", "wanted"), CASES)
def test_values_that_json_lacks_are_emitted(kind: str, event: str, value: object, wanted: object) -> None:
    assert emitted(kind, event, value) == wanted


@pytest.mark.parametrize(("event", "value", "wanted"), CASES[-2:])
def test_values_that_json_lacks_are_emitted_without_a_contract(
    event: str, value: object, wanted: object
) -> None:
    assert emitted("asgi without a contract", event, value) == wanted


@both
@pytest.mark.parametrize("value", [{"a": [object()]}, {"a": [Color.RED, {1j}]}])
def test_what_cannot_be_written_is_named(kind: str, value: object) -> None:
    with pytest.raises(PayloadValidationException, match=r"/0/a/\S+: a (object|complex) is not a JSON value"):
        emitted(kind, "free", value)


class Money:
    pass


class OwnJson:
    """A JSON module that writes a type of its own."""

    loads = staticmethod(json.loads)

    @staticmethod
    def dumps(value: object, **options: Any) -> str:
        def default(value: object) -> object:
            if isinstance(value, Money):
                return "a coin"
            if isinstance(value, datetime):
                return value.year
            raise TypeError

        return json.dumps(value, default=default, **options)


@both
def test_the_json_module_of_the_server_writes_what_json_lacks(kind: str) -> None:
    value = {"money": [Money()], "at": datetime(2024, 2, 29), "color": Color.RED}
    wanted = {"money": ["a coin"], "at": 2024, "color": "red"}
    assert emitted(kind, "free", value, json=OwnJson) == wanted


@pytest.mark.parametrize("kind", ["flask", "asgi"])
def test_the_schema_decides_where_it_does_not_take_what_that_module_writes(kind: str) -> None:
    value = {"at": datetime(2024, 2, 29, tzinfo=timezone.utc)}
    assert emitted(kind, "out", value, json=OwnJson) == {"at": "2024-02-29T00:00:00Z"}


def test_the_json_module_of_flask_is_one_of_those() -> None:
    value = {"at": datetime(2024, 2, 29, tzinfo=timezone.utc)}
    assert emitted("flask", "free", value, json=flask.json) == {"at": "Thu, 29 Feb 2024 00:00:00 GMT"}
    assert emitted("flask", "out", value, json=flask.json) == {"at": "2024-02-29T00:00:00Z"}


def test_a_server_that_gets_its_app_later_has_the_module_too() -> None:
    app = flask.Flask("app")
    asio = AsynctionSocketIO.from_spec(SPEC, json=OwnJson)
    asio.on("do")(lambda *args: None)
    asio.init_app(app)
    client = asio.test_client(app)
    asio.emit("free", Money())
    assert client.get_received()[0]["args"] == ["a coin"]


@pytest.mark.parametrize("kind", [AsynctionClient, AsynctionAsyncClient])
def test_clients_write_alike(kind: type[Any]) -> None:
    wire = Wire(kind, of(message("in", {"properties": FIELDS}, STRING)))
    wire.do("emit", "in", {"price": Decimal("1.50"), "items": (Item(),)})
    assert wire.sent == ['2["in",{"price":1.5,"items":[{"id":1}]}]']
