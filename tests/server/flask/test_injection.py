"""What a handler of a Flask server may ask for, and what stands around it: the same as on any server."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

import fast_depends
import flask
import flask_socketio
import pytest
from pydantic import BaseModel

from asynction import AsynctionSocketIO, DocumentError, EventException, Router, SecurityInfo
from asynction.inject import Auth, Data, Depends, Environ, Event, Reason, Server, SocketID
from asynction.middleware import BaseMiddleware, RateLimitMiddleware, TimeoutMiddleware
from asynction.runtime import Context
from tests.server.support import STRING, build, client_of, message, of

JOIN = {"type": "object", "properties": {"room": STRING, "seat": {"type": "integer"}}, "required": ["room"]}
JOINED = {"type": "object", "properties": {"room": STRING}, "required": ["room"]}


class Join(BaseModel):
    """A request to join a room."""

    room: str
    seat: int = 0


class Joined(BaseModel):
    """The room that was joined."""

    room: str


class Other(BaseModel):
    """What the contract knows nothing of."""

    room: int
    floor: str


def join(**options: Any) -> AsynctionSocketIO:
    joins = {**message("join", JOIN), "x-ack": {"args": JOINED}}
    return build(of(joins), **options)


def test_everything_that_a_handler_may_ask_for() -> None:
    asio = join()
    seen: list[object] = []

    def handler(  # noqa: PLR0917 - all that there is
        environ: Environ,
        data: Join,
        who: SocketID,
        raw: Data,
        name: Event,
        server: Server,
        same: flask_socketio.SocketIO,
        request: flask.Request,
        auth: Auth,
        reason: Reason | None,
        nobody: SecurityInfo | None,
        context: Context,
    ) -> Joined:
        seen.extend([environ["PATH_INFO"], data, raw, name, server is same is asio, auth, reason, nobody])
        assert who == request.sid == context.sid  # type: ignore[attr-defined]  # Flask-SocketIO's
        return Joined(room=data.room)

    asio.on("join")(handler)
    assert client_of(asio).ask("join", {"room": "a", "seat": 2}) == [{"room": "a"}]
    assert seen[1:] == [Join(room="a", seat=2), {"room": "a", "seat": 2}, "join", True, None, None, None]


def test_connection_handlers_ask_by_annotation_too() -> None:
    asio = join(strict=False)
    seen: list[object] = []
    asio.on("join")(lambda data: {"room": ""})

    @asio.on("connect")
    def connect(who: SocketID, given: Auth, name: Event) -> None:
        seen.append((bool(who), given, name))

    @asio.on("disconnect")
    def disconnect(why: Reason, who: SocketID) -> None:
        seen.append((bool(who), why))

    client_of(asio, auth={"k": 1}).disconnect()
    assert seen == [(True, {"k": 1}, "connect"), (True, "client disconnect")]


@pytest.mark.parametrize("mark", [Depends, fast_depends.Depends])
def test_dependencies_are_called_once_and_closed(mark: Callable[..., Any]) -> None:
    asio = join()
    steps: list[str] = []

    def store(data: Join) -> Iterator[str]:
        steps.append("open")
        try:
            yield f"store of {data.room}"
        except LookupError:
            steps.append("rolled back")
            raise
        finally:
            steps.append("closed")

    def user(kept: str = mark(store)) -> str:
        return f"user in {kept}"

    @asio.on("join")
    def handler(data: Join, kept: str = mark(store), who: str = mark(user)) -> dict[str, str]:
        steps.append(who)
        if data.seat:
            raise LookupError
        return {"room": kept}

    client = client_of(asio)
    assert client.ask("join", {"room": "a"}) == [{"room": "store of a"}]
    assert steps == ["open", "user in store of a", "closed"]
    steps.clear()
    assert client.ask("join", {"room": "a", "seat": 1})[0]["error"]["status"] == 500
    assert steps == ["open", "user in store of a", "rolled back", "closed"]


def test_a_dependency_is_overridden() -> None:
    asio = join()

    def store() -> str:
        raise AssertionError

    asio.on("join")(lambda data, kept=Depends(store): {"room": kept})
    asio.dependency_overrides[store] = lambda: "a stand-in"
    assert client_of(asio).ask("join", {"room": "a"}) == [{"room": "a stand-in"}]


def test_an_async_dependency_is_refused() -> None:
    async def store() -> str:
        return ""

    with pytest.raises(DocumentError, match=r"depends on .*store.* which Flask cannot await"):
        join().on("join")(lambda data, kept=Depends(store): kept)


def test_a_model_that_the_contract_does_not_keep_is_refused() -> None:
    def handler(data: Other) -> Joined:
        raise AssertionError

    with pytest.raises(DocumentError) as caught:
        join().on("join")(handler)
    assert {problem.rule for problem in caught.value.problems} == {"handler-model"}
    assert "`Other.floor` is required" in str(caught.value)
    assert "`Other.room` takes integer" in str(caught.value)


def test_a_response_model_shapes_the_ack() -> None:
    asio = join()
    asio.on("join", response_model=Joined)(lambda data: {"room": data["room"], "secret": "s"})
    assert client_of(asio).ask("join", {"room": "a"}) == [{"room": "a"}]


def test_a_router_brings_its_namespace_dependencies_and_answers() -> None:
    spec = of(message("say", STRING))
    spec["channels"] = {"/chat/admin": spec["channels"]["/"]}
    steps: list[object] = []

    def audit(who: SocketID) -> None:
        steps.append(bool(who))

    inner, outer = Router("/admin", dependencies=[Depends(audit)]), Router("/chat")
    outer.include(inner)

    @inner.on("say")
    def say(text: str) -> str:
        raise KeyError(text)

    @outer.exception_handler(LookupError)
    def answer(error: LookupError, name: Event) -> str:
        return f"{name}: {error.args[0]}"

    asio = build(spec, routers=[outer])
    assert client_of(asio, "/chat/admin").ask("say", "x", namespace="/chat/admin") == ["say: x"]
    assert steps == [True]


def test_middleware_of_a_function_and_of_a_class() -> None:
    asio = build(of(message("say", STRING)))
    steps: list[object] = []

    def outer(context: Context, call_next: Callable[[Context], object]) -> object:
        steps.append((context.event, context.args, bool(context.environ)))
        return call_next(context.replace(args=(f"{context.args[0]}!",)))

    class Inner(BaseMiddleware):
        def after_event(self, event: str, sid: str, response: Any, **kwargs: Any) -> Any:
            return [response]

    asio.add_middleware(outer)
    asio.add_middleware(Inner, namespace="/", events=["say"])
    asio.on("say")(lambda text: text)
    assert client_of(asio).ask("say", "hi") == [["hi!"]]
    assert steps == [("say", ("hi",), True)]


def test_what_a_middleware_changes_is_checked_again() -> None:
    asio = build(of({**message("say", STRING), "x-ack": {"args": STRING}}))
    asio.on("say")(lambda text: text)

    def breaks(context: Context, call_next: Callable[[Context], object]) -> object:
        if context.args == ("args",):
            context = context.replace(args=(7,))
        answer = call_next(context)
        return 7 if answer == "ack" else answer

    asio.add_middleware(breaks)
    client = client_of(asio)
    assert client.ask("say", "fine") == ["fine"]
    assert client.ask("say", "args")[0]["error"]["status"] == 400
    assert client.ask("say", "ack")[0]["error"]["status"] == 500


def test_a_limit_answers_with_a_status() -> None:
    asio = build(of(message("say", STRING)))
    asio.add_middleware(RateLimitMiddleware(1, 60.0, clock=lambda: 0.0))
    asio.on("say")(lambda text: text)
    client = client_of(asio)
    assert client.ask("say", "hi") == ["hi"]
    assert client.ask("say", "hi")[0]["error"]["status"] == 429


def test_a_handler_refuses_with_a_status(caplog: pytest.LogCaptureFixture) -> None:
    asio = build(of(message("say", STRING)))

    @asio.on("say")
    def say(text: str) -> None:
        raise EventException(409, "the room is full")

    with caplog.at_level(logging.WARNING, "asynction"):
        ack = client_of(asio).ask("say", "hi")
    assert ack == [{"error": {"status": 409, "title": "Conflict", "detail": "the room is full"}}]
    assert "409 event 'say'" in caplog.text


async def _async_middleware(context: Context, call_next: Callable[[Context], Any]) -> object:
    return await call_next(context)


@pytest.mark.parametrize("middleware", [_async_middleware, TimeoutMiddleware(1.0)])
def test_async_middleware_is_refused(middleware: object) -> None:
    with pytest.raises(TypeError, match="which Flask cannot await"):
        build(of(message("say", STRING))).add_middleware(middleware)


def test_dependencies_of_a_connection_are_closed_as_well() -> None:
    asio = join()
    steps: list[str] = []

    def store(name: Event) -> Iterator[str]:
        yield name
        steps.append(f"closed after {name}")

    asio.on("join")(lambda data: {"room": ""})
    asio.on("connect")(lambda kept=Depends(store): steps.append(kept))
    asio.on("disconnect")(lambda kept=Depends(store): steps.append(kept))
    client_of(asio).disconnect()
    assert steps == ["connect", "closed after connect", "disconnect", "closed after disconnect"]
