"""What servers and clients have in common for code that adds to them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flask
import pytest

from asynction import AsynctionAsyncServer, AsynctionSocketIO
from asynction.exceptions import UnknownEventException
from asynction.inject import Depends
from asynction.runtime import Context, Registrar
from asynction.server.websocket import SocketRouter
from tests.runtime.support import Bench, contract, event
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


def outer(context: Context, call_next: Callable[[Context], object]) -> object:
    return f"({call_next(context)})"


class Unserved(Registrar):
    """A registrar without a wire; it has the events `say` and `ask`."""

    def __init__(self) -> None:
        self.bench = Bench(contract(event("say"), event("ask")))
        self.bench.on("say", lambda: "said").on("ask", lambda: "asked")
        self._service = self.bench.service

    def answers(self) -> list[object]:
        return [self.bench.send(name)[0] for name in ("say", "ask")]


@pytest.mark.parametrize(
    ("scope", "answers"),
    [
        ({}, ["(said)", "(asked)"]),
        ({"global_middleware": True}, ["(said)", "(asked)"]),
        ({"namespace": "/"}, ["(said)", "(asked)"]),
        ({"events": "say"}, ["(said)", "asked"]),
        ({"namespace": "/", "events": ["ask"]}, ["said", "(asked)"]),
    ],
)
def test_a_middleware_is_around_the_events_of_its_scope(scope: Any, answers: list[object]) -> None:
    server = Unserved()
    server.add_middleware(outer, **scope)
    assert server.answers() == answers


@pytest.mark.parametrize(
    "scope", [{"namespace": "/"}, {"events": "say"}, {"namespace": "/", "events": ["say"]}]
)
def test_a_global_middleware_has_no_scope(scope: Any) -> None:
    server = Unserved()
    with pytest.raises(TypeError) as caught:
        server.add_middleware(outer, **scope, global_middleware=True)
    assert str(caught.value) == "`global_middleware` handles all events: give no `namespace` and no `events`"
    assert server.answers() == ["said", "asked"]


def test_an_exception_handler_answers_and_stays_what_it_was() -> None:
    server = Unserved()

    def answer(error: LookupError) -> object:
        return f"caught {error}"

    def raises() -> None:
        raise LookupError("it")

    assert server.exception_handler(LookupError)(answer) is answer
    server.bench.on("say", raises)
    assert server.answers() == ["caught it", "asked"]


def test_an_unknown_name_is_an_error_or_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(UnknownEventException, match=r"^there is no such thing$"):
        Bench(contract(event("say"))).service.reject_unknown("there is no such thing")
    Bench(contract(event("say")), strict=False).service.reject_unknown("there is no such thing")
    assert caplog.messages == ["there is no such thing; it is served unchecked"]
