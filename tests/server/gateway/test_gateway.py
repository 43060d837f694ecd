"""Which names a gateway binds to which events, and what it refuses to be made of."""

from __future__ import annotations

from typing import Any

import flask
import pytest

from asynction import AsynctionAsyncServer, AsynctionSocketIO, UnknownEventException
from asynction.server.gateway import ApiGateway
from tests.server.asgi.support import run
from tests.server.gateway.support import KINDS, asked, call, serving_gateway
from tests.server.support import INTEGER, STRING, build, channel, document, message, of

kinds = pytest.mark.parametrize("kind", KINDS)
SPEC = document(
    {
        "/": channel([message("user.get"), message("api")]),
        "/user/admin": channel([message("remove")]),
        "/rooms/{id}": channel([message("enter")], parameters={"id": {"schema": STRING}}),
    }
)


def made(kind: str, spec: Any, **options: Any) -> Any:
    if kind == "flask":
        return build(spec, docs=False, **options)
    return AsynctionAsyncServer.from_spec(spec, docs=False, **options)


@kinds
def test_without_names_every_event_has_its_own(kind: str) -> None:
    gateway = ApiGateway(made(kind, SPEC))
    assert gateway.apis == {"user.get": ("/", "user.get"), "user.admin.remove": ("/user/admin", "remove")}


@kinds
def test_two_events_of_one_name_are_refused(kind: str) -> None:
    spec = document({"/": channel([message("user.get")]), "/user": channel([message("get")])})
    with pytest.raises(ValueError, match=r"two events have the name `user.get`"):
        ApiGateway(made(kind, spec))


@kinds
def test_names_are_for_events_of_any_namespace(kind: str) -> None:
    apis: dict[str, str | tuple[str, str]] = {
        "a": "user.get",
        "b": ("user/admin", "remove"),
        "c": ("/rooms/hall", "enter"),
    }
    gateway = ApiGateway(made(kind, SPEC), apis)
    assert gateway.apis == {
        "a": ("/", "user.get"),
        "b": ("/user/admin", "remove"),
        "c": ("/rooms/hall", "enter"),
    }


@kinds
@pytest.mark.parametrize(
    "event", ["user.gett", ("/nowhere", "get"), ("/user/admin", "add"), ("/rooms/hall", "x")]
)
def test_an_event_must_be_the_contracts(kind: str, event: Any) -> None:
    with pytest.raises(UnknownEventException):
        ApiGateway(made(kind, SPEC), {"a": event})


@kinds
def test_clients_need_the_root_namespace(kind: str) -> None:
    spec = document({"/user": channel([message("get")])})
    with pytest.raises(UnknownEventException, match="no namespace `/`"):
        ApiGateway(made(kind, spec))


@kinds
@pytest.mark.parametrize("origins", [["*"], "http://localhost:8000"])
def test_origins_must_be_some(kind: str, origins: Any) -> None:
    with pytest.raises(ValueError, match="origin"):
        ApiGateway(made(kind, SPEC), allowed_origins=origins)


@kinds
def test_the_contract_may_have_the_events_of_the_gateway(kind: str) -> None:
    call_schema = {"type": "object", "required": ["api", "more"]}
    answer_schema = {"type": "object", "properties": {"data": INTEGER}}
    spec = of(message("api", call_schema), message("echo"), sends=[message("apiResponse", answer_schema)])

    def register(asio: Any) -> None:
        asio.on("echo")(lambda data: data)

    with serving_gateway(kind, spec, register) as gateway, gateway.client() as client:
        assert asked(client, "echo", 1, more=True)["data"] == 1
        (refused,) = client.call("api", call("echo", 1))
        assert refused["error"]["status"] == 400
        (told,) = client.call("api", call("echo", "no integer", more=True))  # it cannot be sent
        assert told["success"] is True
        assert asked(client, "echo", 2, more=True)["data"] == 2


def test_a_server_without_a_contract_has_a_gateway_as_well() -> None:
    asio = AsynctionAsyncServer()

    @asio.on("greet")
    async def greet(data: str) -> str:
        return f"hello {data}"

    ApiGateway(asio, {"greet": "greet", "other": "other"})

    async def body() -> None:
        async with asio.test_client() as client:
            for api, wanted in (("greet", "hello Ada"), ("other", 404)):
                await client.emit("api", call(api, "Ada"))
                (answer,) = (await client.receive())["args"]
                data = answer["data"]
                assert (data["error"]["status"] if wanted == 404 else data) == wanted

    run(body())


def test_only_asgi_has_an_application_around_another() -> None:
    gateway = ApiGateway(build(SPEC, docs=False))
    with pytest.raises(TypeError, match="on Flask, give the app"):
        gateway.asgi_app()


def test_only_an_application_with_routes_gets_one() -> None:
    async def app(*_: object) -> None:
        """Be an application."""

    with pytest.raises(TypeError, match="asgi_app"):
        ApiGateway(made("asgi", SPEC), app=app)


def test_a_server_that_has_no_app_yet_runs_nothing() -> None:
    asio = AsynctionSocketIO.from_spec(of(message("echo")), docs=False)
    app = flask.Flask("test")
    ApiGateway(asio, app=app, allowed_origins=["http://localhost:1"])
    body = {"api": "echo", "callback_url": "http://localhost:1/"}
    assert app.test_client().post("/api/call", json=body).status_code == 500
