"""The annotations of handlers, on both servers: compared with the contract, and enforced where narrower."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Literal

import flask
import pytest

from asynction import AsynctionAsyncServer, AsynctionSocketIO, DocumentError
from asynction.inject import SocketID
from tests.server.support import client_of, message, of

STRING = {"type": "string"}


def on_flask(spec: Any, handler: Any, **options: Any) -> Callable[..., Any]:
    app = flask.Flask(__name__)
    asio = AsynctionSocketIO.from_spec(spec, app=app, async_mode="threading", **options)
    asio.on("e")(handler)

    def ask(*args: object) -> Any:
        return client_of(asio).ask("e", *args)

    return ask


def on_asgi(spec: Any, handler: Any, **options: Any) -> Callable[..., Any]:
    asio = AsynctionAsyncServer.from_spec(spec, **options)
    asio.on("e")(handler)

    async def asked(*args: object) -> Any:
        async with asio.test_client() as client:
            return await client.call("e", *args)

    return lambda *args: asyncio.run(asked(*args))


SERVERS = [on_flask, on_asgi]


def handler_of(annotation: Any, returns: Any = Any) -> Any:
    def handler(data):  # type: ignore[no-untyped-def]  # set below
        return data

    handler.__annotations__ = {"data": annotation, "return": returns}
    return handler


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize(
    ("schema", "annotation", "fits", "wrong", "detail"),
    [
        (STRING, Literal["a", "b"], "a", "c", "Input should be 'a' or 'b'"),
        ({"type": "array"}, list[int], [1], ["x"], "Input should be a valid integer"),
        ({"type": "number"}, int, 1, 1.5, "must be integer"),
        ({}, dict, {}, [], "must be object"),
        ({"type": ["string", "null"]}, str, "x", None, "must be string"),
    ],
)
def test_a_type_that_is_narrower_than_the_schema_is_enforced(  # noqa: PLR0917 - the parts of a case
    server: Any, schema: Any, annotation: Any, fits: Any, wrong: Any, detail: str
) -> None:
    ask = server(of(message("e", schema)), handler_of(annotation))
    assert ask(fits) == [fits]
    (answer,) = ask(wrong)
    assert (answer["error"]["status"], answer["error"]["detail"]) == (400, detail)
    assert answer["error"]["pointer"].startswith("/0")


@pytest.mark.parametrize("server", SERVERS)
def test_each_arg_has_its_own_type(server: Any) -> None:
    def handler(first: str, sid: SocketID, second: int, third: int = 7) -> list[object]:
        return [first, second, third]

    pair = {"type": "array", "items": [STRING, {"type": "number"}, {"type": "integer"}], "minItems": 2}
    ask = server(of(message("e", pair)), handler)
    assert ask("x", 1) == [["x", 1, 7]]
    assert ask("x", 1.5)[0]["error"]["pointer"] == "/1"


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize(
    ("args", "ack", "annotation", "returns", "text"),
    [
        (STRING, STRING, int, str, "`int` takes integer, but the contract sends string"),
        (STRING, STRING, str, int, "`int` is integer, but the contract requires string"),
        (
            {"type": "array", "items": STRING},
            STRING,
            list[int],
            str,
            "`int[]` takes integer, but the contract sends string",
        ),
        (
            {**STRING, "format": "binary"},
            STRING,
            str,
            str,
            "`str` takes string, but the contract sends binary data",
        ),
    ],
)
def test_a_type_that_cannot_fit_stops_the_start(  # noqa: PLR0917 - the parts of a case
    server: Any, args: Any, ack: Any, annotation: Any, returns: Any, text: str
) -> None:
    with pytest.raises(DocumentError) as caught:
        server(of(message("e", args, ack)), handler_of(annotation, returns))
    (problem,) = caught.value.problems
    name, _, told = problem.message.partition(": ")
    assert name == "`handler_of.<locals>.handler`"
    assert told.startswith(f"{text} (tests/server/test_types.py:")
    assert (problem.rule, problem.pointer) == ("handler-model", "/channels/~1/publish/message/oneOf/0")


@pytest.mark.parametrize("server", SERVERS)
def test_a_type_that_may_not_fit_is_a_warning(server: Any, caplog: pytest.LogCaptureFixture) -> None:
    def handler(data: int, more: int = "x") -> str | None:  # type: ignore[assignment]  # it is wrong
        return str(data)

    pair = {"type": "array", "items": [{"type": "number"}, {"type": "integer"}], "minItems": 1}
    ask = server(of(message("e", pair, STRING)), handler)
    told = [record.getMessage() for record in caplog.records if "handler-type" in record.getMessage()]
    assert [each.partition("`: ")[2].partition("; ")[0] for each in told] == [
        "the contract allows number, which `int` does not accept",
        "the default of `more` breaks the schema: must be integer",
        "`str` may be null, which the contract does not allow",
    ]
    assert all("tests/server/test_types.py:" in each for each in told)
    assert ask(1) == ["1"]


@pytest.mark.parametrize("server", SERVERS)
def test_the_type_of_an_unchecked_ack_is_only_a_warning(
    server: Any, caplog: pytest.LogCaptureFixture
) -> None:
    ask = server(of(message("e", STRING, ack=STRING)), handler_of(Any, int), validation=False)
    (record,) = caplog.records
    assert "handler-type" in record.getMessage()
    assert "`int` is integer, but the contract requires string" in record.getMessage()
    assert ask("x") == ["x"]
