"""Events outside the contract (`strict=False`, namespace `*`) are answered like others, on both servers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flask_socketio
import pytest
import socketio
from flask import Flask
from socketio.exceptions import ConnectionRefusedError

from asynction import AsynctionAsyncServer, AsynctionSocketIO, EventException
from asynction.inject import SocketID
from tests.server.asgi.support import ask, talk
from tests.server.support import STRING, build, channel, client_of, document, message, of

SPEC = of(message("known", STRING))
ROOMS = document(
    {"/rooms/{room}": channel([message("known", STRING)], parameters={"room": {"schema": STRING}})}
)
SECURED = document(
    {"/": channel([message("known", STRING)], x_security=[{"token": []}])},
    components={
        "securitySchemes": {
            "token": {
                "type": "httpApiKey",
                "in": "query",
                "name": "t",
            }
        }
    },
)


class Server:
    """A server of either kind, with `strict=False`; it also serves namespaces that the contract lacks."""

    def __init__(self, kind: str, spec: Any = SPEC, **options: Any) -> None:
        self.is_flask = kind == "flask"
        options = {"strict": False, "namespaces": "*", **options}
        make: Callable[..., Any] = build if self.is_flask else AsynctionAsyncServer.from_spec
        self.server: Any = make(spec, **options)

    def on(self, event: str, handler: Callable[..., Any], namespace: str = "/") -> None:
        """Bind a function of the event's args, in the form of the server's framework."""
        is_plain = self.is_flask or (namespace, event) == ("/", "known")
        leading = 0 if is_plain else 1 + (namespace == "*")
        name = event == "*"

        def legacy(*args: Any) -> Any:
            return handler(*args[:name], *args[name + leading :])

        self.server.on(event, namespace=namespace)(legacy)

    def ask(self, event: str, *args: object, namespace: str = "/") -> Any:
        """Connect, emit an event, and return the args of its ack."""
        if self.is_flask:
            return client_of(self.server, namespace).ask(event, *args, namespace=namespace)
        return ask(self.server, event, *args, namespace=namespace)

    def refuses(self, namespace: str) -> bool:
        """Return whether a client is refused."""
        if self.is_flask:
            return not client_of(self.server, namespace).is_connected(namespace)

        async def body(client: Any) -> bool:
            return not client.is_connected()

        return talk(self.server, body, namespace)


@pytest.fixture(params=["flask", "asgi"])
def kind(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def answered(value: object = None) -> object:
    """Return the arg, or raise for one that asks for it."""
    if value == "raise":
        raise ValueError
    if value == "teapot":
        raise EventException(418, "short and stout")
    return value


def status(args: Any) -> object:
    """Return the status of an error ack."""
    return args[0]["error"]["status"]


@pytest.mark.parametrize(
    ("spec", "namespace"),
    [(SPEC, "/"), (SPEC, "/elsewhere"), (ROOMS, "/rooms/7"), (ROOMS, "/elsewhere")],
    ids=["of the contract", "of no contract", "of a pattern", "of no pattern"],
)
@pytest.mark.parametrize("event", ["legacy", "*"])
def test_a_handler_of_every_namespace_always_answers(
    kind: str, event: str, spec: Any, namespace: str
) -> None:
    server = Server(kind, spec)
    if event == "*":
        server.on("*", lambda name, *args: answered(*args), "*")
    else:
        server.on("legacy", answered, "*")
        assert status(server.ask("unknown", "x", namespace=namespace)) == 404
    assert server.ask("legacy", "x", namespace=namespace) == ["x"]
    assert server.ask("legacy", namespace=namespace) == []
    assert status(server.ask("legacy", "raise", namespace=namespace)) == 500
    assert status(server.ask("legacy", "teapot", namespace=namespace)) == 418


@pytest.mark.parametrize("namespace", ["/", "/elsewhere"])
def test_the_nearest_handler_takes_an_event(kind: str, namespace: str) -> None:
    server = Server(kind)
    server.on("known", answered)
    server.on("*", lambda name, *args: f"{name} of all", "*")
    server.on("named", lambda *args: "named of all", "*")
    assert server.ask("named", namespace=namespace) == ["named of all"]
    assert server.ask("any", namespace=namespace) == ["any of all"]
    server.on("named", lambda *args: "named", namespace)
    assert server.ask("named", namespace=namespace) == ["named"]
    server.on("*", lambda name, *args: f"{name} here", namespace)
    assert server.ask("any", namespace=namespace) == ["any here"]
    assert server.ask("known", "x") == ["x"]
    assert status(server.ask("known", 1)) == 400


@pytest.mark.parametrize("handled", [False, True], ids=["without handlers", "with one"])
def test_an_unknown_event_outside_the_contract_gets_404(kind: str, handled: bool) -> None:
    server = Server(kind)
    if handled:
        server.on("own", answered, "/elsewhere")
        assert server.ask("own", "x", namespace="/elsewhere") == ["x"]
    assert status(server.ask("unknown", namespace="/elsewhere")) == 404


def test_an_event_of_the_contract_needs_a_handler_of_its_own(kind: str) -> None:
    server = Server(kind)
    server.on("known", lambda *args: pytest.fail("its args are not checked"), "*")
    assert status(server.ask("known", 1)) == 404
    assert status(server.ask("known", "x")) == 404


def test_an_event_that_takes_other_args_is_answered(kind: str) -> None:
    server = Server(kind)
    if kind == "flask":
        server.server.on("legacy", "*")(lambda data: data)
    else:
        server.server.on("legacy", lambda namespace, sid, data: data, namespace="*")
    assert server.ask("legacy", "x") == ["x"]
    assert status(server.ask("legacy")) == 400


def test_middleware_and_exception_handlers_see_the_events_of_every_namespace(kind: str) -> None:
    server = Server(kind)
    seen: list[str] = []

    def middleware(context: Any, call_next: Any) -> Any:
        seen.append(context.namespace)
        return call_next(context)

    server.server.add_middleware(middleware, namespace="/elsewhere")
    server.server.exception_handler(ValueError)(lambda error: "caught")
    server.on("legacy", answered, "*")
    assert server.ask("legacy", "x") == ["x"]
    assert server.ask("legacy", "raise", namespace="/elsewhere") == ["caught"]
    assert seen == ["/elsewhere"]


def test_what_a_handler_asks_for_does_not_count_as_a_leading_argument() -> None:
    asio = AsynctionAsyncServer.from_spec(SPEC, strict=False)

    @asio.on("legacy", namespace="*")
    async def legacy(namespace: str, sid: SocketID, data: str) -> list[str]:
        return [namespace, data]

    @asio.on("*", namespace="*")
    async def other(event: str, namespace: str, data: str, sid: SocketID) -> list[str]:
        return [event, namespace, data]

    assert ask(asio, "legacy", "x") == [["/", "x"]]
    assert ask(asio, "other", "x") == [["other", "/", "x"]]


# Connecting -------------------------------------------------------------------------------------


@pytest.mark.parametrize("namespace", ["/", "/elsewhere"])
@pytest.mark.parametrize("refuses", [ConnectionRefusedError("no"), ValueError(), False, None])
def test_a_connect_handler_of_every_namespace_decides(kind: str, refuses: Any, namespace: str) -> None:
    server = Server(kind)

    def connect(*args: Any) -> Any:
        if isinstance(refuses, Exception):
            raise refuses
        return refuses

    server.server.on("connect", namespace="*")(connect)
    assert server.refuses(namespace) == (refuses is not None)


def test_a_connect_handler_of_its_own_comes_before_that_of_every_namespace(kind: str) -> None:
    server = Server(kind)
    server.server.on("connect", namespace="*")(lambda *args: False)
    server.server.on("connect", namespace="/own")(lambda *args: None)
    server.server.on("connect", namespace="/")(lambda *args: None)
    assert [server.refuses(name) for name in ("/", "/own", "/other")] == [False, False, True]


def test_a_disconnect_handler_of_every_namespace_is_called(kind: str) -> None:
    server = Server(kind)
    seen: list[Any] = []
    if kind == "flask":
        server.server.on("disconnect", "*")(seen.append)
        for name in ("/", "/elsewhere"):
            client_of(server.server, name).disconnect(name)
    else:

        async def disconnect(namespace: str, sid: str, reason: str) -> None:
            seen.append(reason)

        server.server.on("disconnect", disconnect, namespace="*")

        async def leave(*clients: Any) -> None:
            for client in clients:
                await client.disconnect()

        talk(server.server, leave, "/", "/elsewhere")
    assert seen == ["client disconnect"] * 2


def test_a_stranger_of_a_secured_namespace_reaches_no_handler(kind: str) -> None:
    check = {"token": lambda *args, **kwargs: None}
    server = Server(kind, SECURED, always_connect=True, security_functions=check)
    server.on("legacy", lambda *args: pytest.fail("it must not run"), "*")
    assert server.refuses("/")
    assert not server.refuses("/elsewhere")


# Class-based namespaces -------------------------------------------------------------------------


class FlaskMethods(flask_socketio.Namespace):  # type: ignore[misc]  # the library has no types
    def on_legacy(self, data: str) -> object:
        return answered(data)


class FlaskTrigger(flask_socketio.Namespace):  # type: ignore[misc]  # the library has no types
    def trigger_event(self, event: str, *args: Any) -> Any:
        return triggered(event, args)


class AsyncMethods(socketio.AsyncNamespace):  # type: ignore[misc]  # the library has no types
    async def on_legacy(self, *args: Any) -> object:
        return answered(args[-1])


class AsyncTrigger(socketio.AsyncNamespace):  # type: ignore[misc]  # the library has no types
    async def trigger_event(self, event: str, *args: Any) -> Any:
        return triggered(event, args)


CLASSES = {
    ("flask", "methods"): FlaskMethods,
    ("flask", "trigger_event"): FlaskTrigger,
    ("asgi", "methods"): AsyncMethods,
    ("asgi", "trigger_event"): AsyncTrigger,
}


def triggered(event: str, args: tuple[Any, ...]) -> Any:
    """Return the event, and those of its arguments that a test knows."""
    if "raise" in args:
        raise ValueError
    known = [event, *(arg for arg in args if arg in ("/elsewhere", "x"))]
    return None if event in ("connect", "disconnect") else known


@pytest.mark.parametrize("namespace", ["/elsewhere", "*"])
@pytest.mark.parametrize("form", ["methods", "trigger_event"])
def test_a_class_outside_the_contract_always_answers(kind: str, namespace: str, form: str) -> None:
    server = Server(kind)
    register = server.server.on_namespace if kind == "flask" else server.server.register_namespace
    register(CLASSES[kind, form](namespace))
    place = ["/elsewhere"] if namespace == "*" else []
    expected = ["legacy", *place, "x"] if form == "trigger_event" else "x"
    assert server.ask("legacy", "x", namespace="/elsewhere") == [expected]
    assert status(server.ask("legacy", "raise", namespace="/elsewhere")) == 500
    if form == "methods":
        assert status(server.ask("unknown", "x", namespace="/elsewhere")) == 404


def test_what_is_bound_before_the_app_is_given_is_served() -> None:
    asio = AsynctionSocketIO.from_spec(SPEC, strict=False, namespaces="*", async_mode="threading")
    asio.on("known")(answered)
    asio.on("legacy", "*")(answered)
    asio.on("*", "/own")(lambda event, *args: event)
    asio.init_app(Flask("test"))
    assert client_of(asio, "/other").ask("legacy", 1, namespace="/other") == [1]
    assert client_of(asio, "/own").ask("any", namespace="/own") == ["any"]
