"""Middleware around connections, on both servers and on the plain WebSocket."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from socketio.exceptions import ConnectionRefusedError as SocketIORefusal

from asynction import (
    AsynctionAsyncServer,
    AsynctionClient,
    EventException,
    SecurityException,
    UnknownEventException,
)
from asynction.middleware import BaseMiddleware, LoggingMiddleware, PrometheusMiddleware
from asynction.runtime import Context
from asynction.server.websocket import SocketRouter
from tests.server.asgi.support import talk
from tests.server.support import STRING, build, channel, client_of, document, message, of
from tests.server.websocket import support as websocket

SPEC = of(message("say", STRING))
SECURED = document(
    {"/": channel([message("say", STRING)], x_security=[{"token": []}])},
    components={"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
)
BOTH = ("connect", "disconnect")


class Server:
    """A server of either kind, and a client that connects and leaves."""

    def __init__(self, kind: str, spec: Any = SPEC, **options: Any) -> None:
        self.is_flask = kind == "flask"
        make: Callable[..., Any] = build if self.is_flask else AsynctionAsyncServer.from_spec
        self.server: Any = make(spec, **options)
        self.server.on("say")(lambda text: text)

    def visit(self, namespace: str = "/", auth: object = None) -> bool:
        """Return whether a client was let in; it leaves at once."""
        if self.is_flask:
            client = client_of(self.server, namespace, auth=auth)
            was_in = bool(client.is_connected(namespace))
            if was_in:
                client.disconnect(namespace)
            return was_in

        async def body(client: Any) -> bool:
            was_in = bool(client.is_connected())
            if was_in:
                await client.disconnect()
            return was_in

        return talk(self.server, body, namespace, auth=auth)


@pytest.fixture(params=["flask", "asgi"])
def kind(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def noting(seen: list[Any]) -> Callable[[Context, Any], Any]:
    def middleware(context: Context, call_next: Any) -> Any:
        seen.append((context.event, context.args))
        return call_next(context)

    return middleware


def test_it_runs_around_what_it_names(kind: str) -> None:
    server, seen = Server(kind), list[Any]()
    server.server.add_middleware(noting(seen), events=BOTH)
    assert server.visit(auth={"name": "ada"})
    assert seen == [("connect", ({"name": "ada"},)), ("disconnect", ("client disconnect",))]


@pytest.mark.parametrize("events", [None, ["say"], ["disconnect"]])
def test_it_does_not_run_around_connect_without_naming_it(kind: str, events: Any) -> None:
    server, seen = Server(kind), list[Any]()
    server.server.add_middleware(noting(seen), events=events)
    assert server.visit()
    assert [name for name, _ in seen] == (["disconnect"] if events == ["disconnect"] else [])


def test_it_may_be_for_one_namespace(kind: str) -> None:
    server, seen = Server(kind, document({"/": {}, "/chat": {}}), strict=False), list[Any]()
    server.server.add_middleware(noting(seen), namespace="/chat", events=["connect"])
    assert server.visit()
    assert seen == []
    assert server.visit("/chat")
    assert seen == [("connect", (None,))]


def test_the_first_that_is_added_is_the_outermost(kind: str) -> None:
    server, seen = Server(kind), list[str]()

    class Named(BaseMiddleware):
        def __init__(self, name: str) -> None:
            super().__init__(events=["connect"])
            self.name = name

        def before_event(self, event: str, sid: str, data: Any, **kwargs: Any) -> Any:
            seen.append(f"{self.name} in")
            return data

        def after_event(self, event: str, sid: str, response: Any, **kwargs: Any) -> Any:
            seen.append(f"{self.name} out")
            return response

    server.server.add_middleware(Named("one"))
    server.server.add_middleware(Named("two"))
    server.server.on("connect")(lambda: seen.append("handler"))
    assert server.visit()
    assert seen == ["one in", "two in", "handler", "two out", "one out"]


REFUSALS: list[Any] = [
    SecurityException(403),
    EventException(429, "later"),
    PermissionError("no"),
    SocketIORefusal("no"),
    ValueError(),
]


@pytest.mark.parametrize("error", REFUSALS, ids=lambda error: type(error).__name__)
def test_it_refuses_a_client_by_an_exception(kind: str, error: Exception) -> None:
    server, called = Server(kind), list[str]()

    class Refuses(BaseMiddleware):
        events = frozenset({"connect"})

        def before_event(self, event: str, sid: str, data: Any, **kwargs: Any) -> Any:
            if kwargs["auth"] == "no":
                raise error
            return data

    server.server.on("connect")(lambda: called.append("handler"))
    server.server.add_middleware(Refuses)
    assert not server.visit(auth="no")
    assert called == []
    assert server.visit(auth="yes")
    assert called == ["handler"]


def test_it_refuses_a_client_by_false(kind: str) -> None:
    server = Server(kind)
    server.server.add_middleware(lambda context, call_next: False, events="connect")
    assert not server.visit()


@pytest.mark.parametrize("refuses", [False, True])
def test_it_sees_how_the_handler_decides(kind: str, refuses: bool) -> None:
    server, seen = Server(kind), list[Any]()
    server.server.on("connect")(lambda: not refuses)

    class Sees(BaseMiddleware):
        events = frozenset({"connect"})

        def after_event(self, event: str, sid: str, response: Any, **kwargs: Any) -> Any:
            seen.append(response)
            return response

    server.server.add_middleware(Sees)
    assert server.visit() != refuses
    assert seen == [not refuses]


def test_it_sees_a_client_that_security_refuses_and_the_user_of_another(
    kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    def check(token: str, *_: object) -> dict[str, str] | None:
        return {"sub": token} if token == "ada" else None

    server = Server(kind, SECURED, security_functions={"token": check})
    server.server.add_middleware(LoggingMiddleware(events=BOTH))
    with caplog.at_level("INFO", "asynction.events"):
        assert server.visit(auth={"token": "ada"})
        assert not server.visit(auth={"token": "eve"})
    lines: list[Any] = [record for record in caplog.records if record.name == "asynction.events"]
    assert [(line.event, line.status, line.user) for line in lines] == [
        ("connect", 200, "ada"),
        ("disconnect", 200, "ada"),
        ("connect", 401, None),
    ]


def test_what_it_makes_of_the_args_is_not_used(kind: str) -> None:
    server, seen = Server(kind), list[Any]()
    server.server.add_middleware(
        lambda context, call_next: call_next(context.replace(args=("other",))), events=["connect"]
    )
    server.server.on("connect")(seen.append)
    assert server.visit(auth="own")
    assert seen == ["own"]


def test_an_exception_around_disconnect_does_no_harm(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    server = Server(kind)

    def fails(context: Context, call_next: Any) -> Any:
        raise ValueError

    server.server.add_middleware(fails, events=["disconnect"])
    assert server.visit()
    assert server.visit()
    assert "'disconnect' in '/': ValueError" in caplog.text


def test_connections_are_counted_by_their_name(kind: str) -> None:
    registry = CollectorRegistry()
    server = Server(kind)
    server.server.add_middleware(PrometheusMiddleware(registry, events=BOTH))
    assert server.visit()
    for event in BOTH:
        labels = {"namespace": "/", "event": event, "status": "200"}
        assert registry.get_sample_value("asynction_events_total", labels) == 1


def test_the_document_may_name_it(kind: str) -> None:
    SEEN.clear()
    server = Server(kind, {**SPEC, "x-middlewares": [f"{__name__}.Documented"]})
    assert server.visit()
    assert SEEN == ["connect"]


SEEN: list[str] = []


class Documented(BaseMiddleware):
    events = frozenset({"connect"})

    def before_event(self, event: str, sid: str, data: Any, **kwargs: Any) -> Any:
        SEEN.append(event)
        return data


def test_it_runs_around_plain_websockets() -> None:
    router, seen = SocketRouter.from_spec(SPEC), list[Any]()
    router.on("say")(lambda text: text)
    router.add_middleware(noting(seen), events=BOTH)
    assert websocket.answer(router, "say", "x") == (200, "x")
    assert [event for event, _ in seen] == ["connect", "disconnect"]


def test_it_refuses_a_plain_websocket() -> None:
    router = SocketRouter.from_spec(SPEC)
    router.on("say")(lambda text: text)
    router.add_middleware(lambda context, call_next: False, events="connect")
    assert websocket.refused(router)["type"] == "websocket.close"


@pytest.mark.parametrize("event", BOTH)
def test_a_client_has_none(event: str) -> None:
    client = AsynctionClient(None)
    with pytest.raises(UnknownEventException, match=f"middleware of a client does not run for `{event}`"):
        client.add_middleware(BaseMiddleware(), events=[event])
