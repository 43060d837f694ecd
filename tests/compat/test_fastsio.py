"""The names of fastsio, as its users write them."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel
from socketio import AsyncNamespace

from asynction.compat import fastsio
from asynction.compat.fastsio import (
    ASGIApp,
    AsyncServer,
    Auth,
    Data,
    Environ,
    Event,
    RouterSIO,
    SocketID,
    SyncMiddleware,
    logging_middleware,
)
from asynction.testing import connect, serve_asgi
from tests.server.asgi.support import ask, refusal, talk
from tests.server.support import STRING, message, of


class Order(BaseModel):
    item: str
    count: int = 1


def test_handlers_are_given_what_they_ask_for() -> None:
    sio = fastsio.AsyncServer(async_mode="asgi", cors_allowed_origins="*")
    seen: list[Any] = []

    @sio.on("connect")
    async def connected(sid: SocketID, environ: Environ, auth: Auth) -> None:
        seen.append((environ["REQUEST_METHOD"], auth))

    @sio.on("order")
    async def order(sid: SocketID, server: AsyncServer, data: Order, event: Event) -> list[Any]:
        await server.emit("ordered", data.model_dump(), to=sid)
        return [server is sio, event, data.count]

    @sio.on("raw")
    async def raw(data: Data, sid: SocketID) -> Any:
        return data

    async def body(client: Any) -> None:
        assert await client.call("order", {"item": "tea"}) == [[True, "order", 1]]
        assert (await client.receive())["args"] == [{"item": "tea", "count": 1}]
        assert await client.call("raw", 1, 2) == [1, 2]
        assert (await client.call("order", {}))[0]["error"]["pointer"] == "/0/item"

    talk(sio, body, auth={"name": "ada"})
    assert seen == [("GET", {"name": "ada"})]


def test_the_namespace_of_a_handler_replaces_the_routers() -> None:
    router = RouterSIO(namespace="/chat")
    router.on("a")(lambda data: "chat")
    router.on("a", namespace="/admin")(lambda data: "admin")
    router.on("b", lambda data: "function")

    @router.event
    async def c(data: Any) -> str:
        return "event"

    async def d(data: Any) -> str:
        return "named"

    router.event(namespace="/admin")(d)

    sio = AsyncServer()
    sio.add_routers(router)
    assert [ask(sio, name, 1, namespace="/chat") for name in "abc"] == [["chat"], ["function"], ["event"]]
    assert [ask(sio, name, 1, namespace="/admin") for name in "ad"] == [["admin"], ["named"]]


def test_a_router_within_another_is_below_it() -> None:
    outer, inner, last = RouterSIO("/chat"), RouterSIO("/rooms"), RouterSIO()
    outer.add_router(inner)
    inner.add_routers(last)
    sio = AsyncServer()
    sio.add_router(outer)
    inner.on("a")(lambda data: "inner")
    last.on("b")(lambda data: "last")
    assert ask(sio, "a", 1, namespace="/chat/rooms") == ["inner"]
    assert ask(sio, "b", 1, namespace="/chat/rooms") == ["last"]


class Echo(AsyncNamespace):  # type: ignore[misc]  # the library has no types
    async def on_echo(self, sid: str, data: object) -> object:
        return [self.namespace, data]


@pytest.mark.parametrize(
    ("outer", "inner", "own", "place"),
    [
        ("/", "/", "/echo", "/echo"),
        ("/chat", "/", "/echo", "/chat/echo"),
        ("/chat", "/rooms", "/echo", "/chat/echo"),
        ("/chat", "/rooms", "/", "/chat"),
    ],
)
def test_a_router_may_have_classes(outer: str, inner: str, own: str, place: str) -> None:
    routers = RouterSIO(outer), RouterSIO(inner)
    routers[0].add_router(routers[1])
    routers[1].register_namespace(Echo(own))
    sio = AsyncServer()
    sio.add_router(routers[0])
    assert ask(sio, "echo", "x", namespace=place) == [[place, "x"]]


def test_middleware_is_added_in_the_order_of_fastsio() -> None:
    class Deny(SyncMiddleware):
        def before_event(self, event: str, sid: str, data: Any, **kwargs: Any) -> Any:
            raise PermissionError

    sio = AsyncServer()
    sio.on("a", lambda data: "a", namespace="/chat")
    sio.on("b", lambda data: "b", namespace="/chat")
    sio.add_middleware(logging_middleware(), global_middleware=True)
    sio.add_middleware(Deny(), ["a"], "/chat")
    assert ask(sio, "a", 1, namespace="/chat")[0]["error"]["status"] == 403
    assert ask(sio, "b", 1, namespace="/chat") == ["b"]


async def other(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body"})


@pytest.mark.parametrize("options", [{}, {"socketio_path": "sio"}], ids=["ours", "python-socketio's"])
def test_an_application_is_made_of_a_server(options: Any) -> None:
    sio = AsyncServer()
    sio.on("say", lambda data: data)
    with serve_asgi(ASGIApp(sio, other, **options)) as url, connect(url, **options) as client:
        assert client.call("say", "x") == "x"


def test_such_an_application_does_not_start_without_its_handlers() -> None:
    sio = AsyncServer.from_spec(of(message("say", STRING)))
    with pytest.raises(RuntimeError, match="did not start"), serve_asgi(ASGIApp(sio)):
        pass


def test_a_document_may_be_added() -> None:
    sio = AsyncServer.from_spec(of(message("say", STRING)))
    sio.on("say", lambda data: data)
    assert isinstance(sio, AsyncServer)
    assert refusal(sio) is None
    assert ask(sio, "say", 1)[0]["error"]["status"] == 400


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("Server", "asynction.AsynctionSocketIO"),
        ("AsyncAPIConfig", "the document is the source"),
        ("register_dependency", r"Depends\(function\)"),
    ],
)
def test_what_has_no_counterpart_says_what_to_use(name: str, says: str) -> None:
    with pytest.raises(AttributeError, match=says):
        getattr(fastsio, name)


def test_other_names_are_unknown() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        getattr(fastsio, "nothing")  # noqa: B009 - mypy knows that it is not there
