"""What servers and clients have in common for code that adds to them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flask
import pytest

from asynction import AsynctionAsyncServer, AsynctionSocketIO
from asynction.inject import Depends
from asynction.runtime import Registrar
from asynction.server.websocket import SocketRouter
from tests.server.asgi.support import ask
from tests.server.websocket.support import answer
from tests.serving import KeepsAcks

SPEC = {
    "asyncapi": "2.6.0",
    "info": {"title": "T", "version": "1"},
    "channels": {"/": {"publish": {"message": {"name": "say", "payload": {"type": "string"}}}}},
}


def first() -> str:
    return "first"


def second() -> str:
    return "second"


def both(one: str = Depends(first), two: str = Depends(second)) -> str:
    return f"{one} {two}"


def handler(data: str, answer: str = Depends(both)) -> str:
    return answer


def on_flask() -> tuple[Registrar, Callable[[], Any]]:
    app = flask.Flask("test")
    asio = AsynctionSocketIO.from_spec(SPEC, app=app, async_mode="threading")
    asio.on("say")(handler)
    return asio, lambda: KeepsAcks(app, asio).ask("say", "a")[0]


def on_asgi() -> tuple[Registrar, Callable[[], Any]]:
    asio = AsynctionAsyncServer.from_spec(SPEC)
    asio.on("say", handler)
    return asio, lambda: ask(asio, "say", "a")[0]


def on_websocket() -> tuple[Registrar, Callable[[], Any]]:
    router = SocketRouter.from_spec(SPEC)

    @router.route("say")
    def say(ws: object, headers: object, data: str, answer: str = Depends(both)) -> Any:
        return {"payload": answer}

    return router, lambda: answer(router, "say", "a")[1]


Served = tuple[Registrar, Callable[[], Any]]


@pytest.fixture(params=[on_flask, on_asgi, on_websocket])
def served(request: pytest.FixtureRequest) -> Served:
    made: Served = request.param()
    return made


def test_assigned_overrides_take_the_place_of_all_before(served: Served) -> None:
    server, say = served
    assert say() == "first second"
    server.dependency_overrides[first] = lambda: "1st"
    assert say() == "1st second"
    server.dependency_overrides = {second: lambda: "2nd"}
    assert say() == "first 2nd"
    server.dependency_overrides = {}
    assert say() == "first second"


def test_overrides_can_be_put_aside_and_put_back(served: Served) -> None:
    server, say = served
    server.dependency_overrides = {first: lambda: "1st"}
    kept = server.dependency_overrides
    server.dependency_overrides = {second: lambda: "2nd"}
    assert say() == "first 2nd"
    server.dependency_overrides = kept
    assert say() == "1st second"
    server.dependency_overrides = server.dependency_overrides
    assert say() == "1st second"
