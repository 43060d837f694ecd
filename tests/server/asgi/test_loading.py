"""From a document, or from nothing, to an async server: `from_spec`, applications, paths, `socket_api`."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import socketio
from fastapi import FastAPI

from asynction import (
    AsynctionAsyncServer,
    DocumentError,
    ModuleResolver,
    NotEnabledError,
    Router,
    SocketEvent,
    UnknownEventException,
    load,
    socket_api,
)
from asynction.runtime import default_router
from asynction.server._asgi import current as _current
from asynction.server._asgi.testing import AsyncTestClient
from asynction.testing import serve_asgi
from tests.server.asgi.support import ask, made, refusal, run, talk
from tests.server.support import INTEGER, STRING, channel, document, message, of
from tests.serving import connected

ECHO = of(message("echo", STRING, handler="echo"))
SAY = of(message("say", STRING, INTEGER))


# Documents --------------------------------------------------------------------------------------


def test_a_document_becomes_a_server() -> None:
    asio = AsynctionAsyncServer.from_spec(ECHO)
    assert isinstance(asio, socketio.AsyncServer)
    assert asio.contract == load(ECHO)
    assert ask(asio, "echo", "hello") == ["hello"]


def test_the_problems_of_the_document_are_raised() -> None:
    with pytest.raises(DocumentError, match="publish"):
        AsynctionAsyncServer.from_spec(document({"/": {"publsh": {}}}))


def test_the_warnings_of_the_document_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    misspelt = of({"name": "echo", "x-hander": "tests.server.handlers.echo"})
    asio = AsynctionAsyncServer.from_spec(misspelt)
    assert "x-handler" in caplog.text
    assert ask(asio, "echo", 1) == [1]


def test_handlers_that_cannot_be_bound_are_told_together() -> None:
    spec = of(
        message("missing", handler="nowhere.function"),
        message("arity", STRING, handler="tests.server.handlers.Service.method"),
        message("async", STRING, handler="later"),
    )
    with pytest.raises(DocumentError) as caught:
        AsynctionAsyncServer.from_spec(spec)
    assert len(caught.value.problems) == 2  # `async def` is at home here


def test_unknown_arguments_go_to_python_socketio() -> None:
    asio = AsynctionAsyncServer.from_spec(
        ECHO, ping_interval=7, cors_allowed_origins="*", always_connect=True
    )
    assert asio.eio.ping_interval == 7
    assert asio.eio.cors_allowed_origins == "*"
    assert asio.always_connect
    assert asio.async_mode == "asgi"


def test_without_validation_anything_goes() -> None:
    binding = {"ws": {"query": {"type": "object", "required": ["token"]}}}
    spec = of(message("say", STRING, INTEGER), bindings=binding, sends=[message("said", STRING)])
    asio = AsynctionAsyncServer.from_spec(spec, validation=False)
    asio.on("say", lambda *args: args)

    async def body(client: AsyncTestClient) -> None:
        assert await client.call("say", 1, b"x") == [1, b"x"]
        await asio.emit("said", 1)
        assert (await client.receive())["args"] == [1]
        assert (await client.call("other"))[0]["error"]["status"] == 404

    talk(asio, body)


def test_strict_refuses_and_lenient_warns(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(UnknownEventException, match="receives no event `other`"):
        AsynctionAsyncServer.from_spec(SAY).on("other", len)
    asio = AsynctionAsyncServer.from_spec(SAY, strict=False)
    asio.on("other", lambda sid, data: len(data))
    assert ask(asio, "other", "abc") == [3]
    assert "receives no event `other` in `/`; it is served unchecked" in caplog.text


# The Socket.IO path -----------------------------------------------------------------------------


def with_servers(**urls: str) -> dict[str, Any]:
    variables = {"stage": {"default": "beta"}}
    servers = {
        name: {"url": url, "protocol": "wss"} | ({"variables": variables} if "{" in url else {})
        for name, url in urls.items()
    }
    return document({"/": channel([message("echo", STRING, handler="echo")])}, servers=servers)


TWO = with_servers(old="wss://old.example.org/v1/io", new="wss://example.org/v2/io")


@pytest.mark.parametrize(
    ("spec", "options", "path"),
    [
        (with_servers(only="wss://example.org/api/socket.io"), {}, "/api/socket.io/"),
        (with_servers(only="wss://example.org/{stage}/io/"), {}, "/beta/io/"),
        (with_servers(only="wss://example.org:8080"), {}, "/socket.io/"),
        (with_servers(only="wss://example.org/"), {}, "/socket.io/"),
        (TWO, {}, "/socket.io/"),
        (TWO, {"server_name": "new"}, "/v2/io/"),
        (TWO, {"server_name": "new", "socketio_path": "mine"}, "/mine/"),
        (TWO, {"socketio_path": "/mine/"}, "/mine/"),
    ],
)
def test_the_path_is_that_of_the_server(spec: Any, options: Any, path: str) -> None:
    asio = AsynctionAsyncServer.from_spec(spec, **options)
    assert f"/{asio.socketio_path.strip('/')}/" == path
    assert ask(asio, "echo", "a") == ["a"]

    async def status(at: str) -> int:
        transport = httpx.ASGITransport(asio.asgi_app())
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
            return (await http.get(at, params={"EIO": "4", "transport": "polling"})).status_code

    async def main() -> None:
        assert await status(path) == 200
        assert await status("/elsewhere/") == 404
        await asio.shutdown()

    run(main())


def test_a_server_that_the_document_does_not_have() -> None:
    with pytest.raises(DocumentError, match="no server `news`; did you mean `new`"):
        AsynctionAsyncServer.from_spec(TWO, server_name="news")


# Handlers from elsewhere --------------------------------------------------------------------------


def test_routers_are_attached_and_held_to_the_contract() -> None:
    router = Router()
    router.on("say")(len)
    asio = AsynctionAsyncServer.from_spec(SAY, routers=[router])
    assert ask(asio, "say", "abc") == [3]
    assert ask(asio, "say", 1)[0]["error"]["status"] == 400
    with pytest.raises(UnknownEventException):
        router.on("other")(len)


def test_a_resolver_finds_what_the_document_does_not_name(calls: list[Any]) -> None:
    spec = of(message("one", STRING), message("echo", STRING, handler="echo"))
    asio = AsynctionAsyncServer.from_spec(spec, resolver=ModuleResolver("tests.server.handlers"))
    assert ask(asio, "one", "a") == ["a"]
    assert ask(asio, "echo", "b") == ["b"]
    assert [name for name, _ in calls] == ["connect", "one", "disconnect", "connect", "echo", "disconnect"]


@pytest.fixture
def _no_other_events(monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers of other tests do not hear of what is registered for every async server."""
    for name in ("_registrations", "_listeners"):
        monkeypatch.setattr(default_router, name, [])


@pytest.mark.usefixtures("_no_other_events")
def test_socket_events_are_on_every_server() -> None:
    @SocketEvent("say")
    def say(data: str) -> int:
        return len(data)

    assert ask(AsynctionAsyncServer.from_spec(SAY), "say", "abc") == [3]
    assert ask(AsynctionAsyncServer(), "say", "abc") == [3]


def test_a_handler_that_is_missing_stops_serving() -> None:
    asio = made(SAY)
    with pytest.raises(RuntimeError, match="did not start"), serve_asgi(asio.asgi_app()):
        pass
    assert refusal(asio)["data"] == {"status": 500, "title": "Internal Server Error"}
    asio.on("say", len)
    assert refusal(asio) is None


# Without a contract -------------------------------------------------------------------------------


def test_without_a_contract_it_is_made_like_its_parent() -> None:
    asio = AsynctionAsyncServer(cors_allowed_origins="*")
    assert asio.contract is None

    @asio.on("say")
    def say(sid: str, data: object) -> object:
        return [sid, data]

    @asio.event  # type: ignore[untyped-decorator]  # the library has no types
    async def shout(sid: str, data: str) -> str:
        return data.upper()

    async def body(client: AsyncTestClient) -> None:
        assert await client.call("say", {"a": b"1"}) == [[client.sid(), {"a": b"1"}]]
        assert await client.call("shout", "a") == ["A"]
        assert (await client.call("shout"))[0]["error"]["status"] == 400
        assert (await client.call("other"))[0]["error"]["status"] == 404
        await asio.emit("anything", ("at", "all"))
        assert (await client.receive())["args"] == ["at", "all"]

    talk(asio, body)


def test_without_a_contract_a_client_waits_for_nothing_but_its_handlers() -> None:
    seen: list[object] = []
    asio = AsynctionAsyncServer()

    @asio.event  # type: ignore[untyped-decorator]
    def connect(sid: str, environ: dict[str, Any], auth: object) -> None:
        seen.append((environ["QUERY_STRING"].rpartition("&")[2], auth))

    @asio.event  # type: ignore[untyped-decorator]
    def disconnect(sid: str) -> None:
        seen.append(sid)

    async def body(client: AsyncTestClient) -> str:
        return client.sid()

    sid = talk(asio, body, auth={"a": 1}, query_string="x=1")
    assert seen == [("x=1", {"a": 1}), sid]


# Applications -------------------------------------------------------------------------------------


def test_fastapi_gets_it_mounted_and_starts_and_stops_it() -> None:
    log: list[str] = []

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        log.append("up")
        yield
        log.append("down")

    app = FastAPI(lifespan=lifespan)
    app.get("/hello")(lambda: "hello")
    asio = AsynctionAsyncServer.from_spec(SAY, app=app, socketio_path="/ws/io")
    asio.on("say", len)
    asio.on("disconnect", lambda: log.append("left"))
    with serve_asgi(app) as url:
        with connected(url, path="ws/io") as client:
            assert client.call("say", "abc") == [3]
            assert client.call("say", 1)[0]["error"]["status"] == 400
            assert log == ["up"]
        assert httpx.get(f"{url}/hello").json() == "hello"
        assert httpx.get(f"{url}/socket.io/").status_code == 404
    assert log == ["up", "left", "down"]


def test_two_servers_on_one_application() -> None:
    app = FastAPI()
    first = AsynctionAsyncServer.from_spec(SAY, app=app, socketio_path="first")
    second = AsynctionAsyncServer.from_spec(of(message("say", INTEGER)), app=app, socketio_path="second")
    first.on("say", len)
    second.on("say", lambda number: number + 1)
    with (
        serve_asgi(app) as url,
        connected(url, path="first") as one,
        connected(url, path="second") as two,
    ):
        assert one.call("say", "abc") == [3]
        assert two.call("say", 1) == [2]
        assert one.call("say", 1)[0]["error"]["status"] == 400
        assert two.call("say", "abc")[0]["error"]["status"] == 400


def test_another_application_is_behind_it() -> None:
    seen: list[str] = []

    async def other(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["path"])
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    asio = AsynctionAsyncServer.from_spec(ECHO, app=other)

    async def get(app: Any) -> int:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
            return (await http.get("/page")).status_code

    assert asyncio.run(get(asio.asgi_app())) == 204
    assert asyncio.run(get(asio.asgi_app(other))) == 204
    assert seen == ["/page"] * 2


def test_a_mounted_application_is_not_served_twice() -> None:
    app = FastAPI()
    asio = AsynctionAsyncServer.from_spec(ECHO, app=app)
    assert {"/socket.io", "/asyncapi"} <= {getattr(route, "path", "") for route in app.router.routes}
    assert asio._other is None


# socket_api ---------------------------------------------------------------------------------------


@pytest.fixture
def _nothing_enabled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_current, "_enabled", None)


@pytest.mark.usefixtures("_nothing_enabled")
def test_the_server_is_at_hand_from_when_it_is_made_until_it_stops() -> None:
    with pytest.raises(NotEnabledError, match="there is no server yet"):
        socket_api()
    asio = AsynctionAsyncServer.from_spec(ECHO)
    assert socket_api() is asio
    asyncio.run(asio.shutdown())
    with pytest.raises(NotEnabledError):
        socket_api()


@pytest.mark.usefixtures("_nothing_enabled")
def test_of_several_servers_it_is_the_last_that_was_made_or_started() -> None:
    first, second = AsynctionAsyncServer.from_spec(ECHO), AsynctionAsyncServer.from_spec(ECHO)
    assert socket_api() is second
    with serve_asgi(first.asgi_app()):
        assert socket_api() is first
        asyncio.run(second.shutdown())
        assert socket_api() is first
    with pytest.raises(NotEnabledError):
        socket_api()


@pytest.mark.usefixtures("_nothing_enabled")
def test_a_server_that_nobody_keeps_is_not_at_hand() -> None:
    AsynctionAsyncServer.from_spec(ECHO)
    gc.collect()
    with pytest.raises(NotEnabledError):
        socket_api()


@pytest.mark.usefixtures("_nothing_enabled")
def test_handlers_use_it() -> None:
    asio = made(of(message("say", STRING), sends=[message("said", STRING)]))

    @asio.on("say")
    async def say(data: str) -> None:
        await socket_api().emit("said", data)

    async def body(client: AsyncTestClient) -> None:
        await client.call("say", "a")
        assert (await client.receive())["args"] == ["a"]

    talk(asio, body)


def test_a_log_has_no_payloads(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "asynction")

    def say(data: str) -> int:
        raise LookupError("why")

    asio = made(SAY, say=say)
    for args in (("MARKER",), (["MARKER"],), ("a", "MARKER"), ({"MARKER": 1},)):
        assert "error" in ask(asio, "say", *args)[0]
    assert len(caplog.records) == 4
    assert "MARKER" not in caplog.text
