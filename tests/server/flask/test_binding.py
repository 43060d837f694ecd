"""Decorators, wildcards and class-based namespaces are held to the contract like `x-handler`."""

from __future__ import annotations

import logging
from typing import Any
from unittest.mock import MagicMock

import flask
import flask_socketio
import pytest

from asynction import AsynctionSocketIO, DocumentError, UnknownEventException
from tests.server.support import (
    INTEGER,
    SERVER_ERROR,
    STRING,
    app_of,
    build,
    channel,
    client_of,
    document,
    message,
    of,
    pair,
)

SAY = of(message("say", STRING, INTEGER))
CHAT = document({"/chat": channel([message("say", STRING, INTEGER)])})


def later() -> AsynctionSocketIO:
    return AsynctionSocketIO.from_spec(SAY, async_mode="threading")


# Decorators -------------------------------------------------------------------------------------


def by_on(asio: AsynctionSocketIO, handler: Any) -> None:
    assert asio.on("say")(handler) is handler


def by_on_event(asio: AsynctionSocketIO, handler: Any) -> None:
    asio.on_event("say", handler)


def by_event(asio: AsynctionSocketIO, handler: Any) -> None:
    @asio.event  # type: ignore[untyped-decorator]  # the library has no types
    def say(data: str) -> Any:
        return handler(data)


def by_event_with_arguments(asio: AsynctionSocketIO, handler: Any) -> None:
    @asio.event(namespace="/")  # type: ignore[untyped-decorator]
    def say(data: str) -> Any:
        return handler(data)


@pytest.mark.parametrize("bind", [by_on, by_on_event, by_event, by_event_with_arguments])
@pytest.mark.parametrize("early", [True, False])
def test_handlers_of_code_are_held_to_the_contract(bind: Any, early: bool) -> None:
    asio = later()
    if early:
        bind(asio, len)
    asio.init_app(flask.Flask("test"))
    if not early:
        bind(asio, len)
    client = client_of(asio)
    assert client.ask("say", "abc") == [3]
    assert client.ask("say", 1)[0]["error"]["pointer"] == "/0"
    bind(asio, str.upper)
    assert client.ask("say", "abc") == [SERVER_ERROR]


@pytest.mark.parametrize("namespace", ["chat", "/chat"])
def test_a_namespace_may_lack_its_slash(namespace: str) -> None:
    asio = build(CHAT)
    asio.on("say", namespace=namespace)(len)
    assert client_of(asio, "/chat").ask("say", "abc", namespace="/chat") == [3]


@pytest.mark.parametrize(
    ("event", "namespace", "text"),
    [
        ("sayy", None, "receives no event `sayy` in `/`; did you mean `say`"),
        ("say", "/chat", "has no namespace `/chat`"),
        ("say", "*", "has no namespace `\\*`"),
        ("*", None, "receives no event `\\*`"),
        ("connect", "/chat", "has no namespace `/chat`"),
    ],
)
@pytest.mark.parametrize("early", [True, False])
def test_what_the_contract_does_not_have_cannot_be_bound(
    event: str, namespace: str | None, text: str, early: bool
) -> None:
    asio = later() if early else build(SAY)
    with pytest.raises(UnknownEventException, match=text):
        asio.on(event, namespace=namespace)(len)


def test_a_handler_that_cannot_take_the_args_is_refused_and_not_bound() -> None:
    asio = build(SAY)
    with pytest.raises(DocumentError, match="takes 2 arguments, but the contract passes 1 argument"):
        asio.on("say")(lambda first, second: None)
    with pytest.raises(DocumentError, match="has no handler"):
        asio.run(app_of(asio))


def test_an_async_handler_is_refused() -> None:
    async def handler(data: str) -> None: ...

    asio = build(SAY)
    with pytest.raises(DocumentError, match=r"handler` is `async def`, which Flask cannot await"):
        asio.on("say")(handler)


@pytest.mark.parametrize("lifecycle_event", ["connect", "disconnect"])
def test_a_handler_of_a_lifecycle_event_takes_at_most_one_arg(lifecycle_event: str) -> None:
    asio = build(SAY)
    with pytest.raises(DocumentError, match="takes 2 arguments, but the contract passes 1 argument"):
        asio.on(lifecycle_event)(lambda first, second: None)
    with pytest.raises(DocumentError, match="needs the keyword argument `key`"):
        asio.on(lifecycle_event)(lambda *, key: None)


def test_callable_objects_are_handlers() -> None:
    asio = build(SAY)
    handler = MagicMock(return_value=7)
    asio.on("say")(handler)
    assert client_of(asio).ask("say", "abc") == [7]
    handler.assert_called_once_with("abc")


def test_what_code_binds_goes_before_the_document(calls: list[Any]) -> None:
    handlers = {f"{name}": f"tests.server.handlers.{name}" for name in ("connect", "disconnect")}
    spec = of(message("say", STRING, handler="echo"), x_handlers=handlers)
    asio = AsynctionSocketIO.from_spec(spec, async_mode="threading")
    asio.on("say")(str.upper)
    asio.on("connect")(lambda: None)
    asio.on_error()(lambda error: "mine")
    asio.init_app(flask.Flask("test"))
    client = client_of(asio)
    assert client.ask("say", "abc") == ["ABC"]
    assert client.ask("say", 1) == ["mine"]
    client.disconnect()
    assert calls == [("disconnect", ())]


def test_an_error_handler_of_code_goes_before_the_documents() -> None:
    spec = of(message("say", STRING, handler="echo"), x_handlers={"error": "tests.server.handlers.on_error"})
    asio = AsynctionSocketIO.from_spec(spec, async_mode="threading")
    asio.on_error()(lambda error: "mine")
    asio.init_app(flask.Flask("test"))
    assert client_of(asio).ask("say", 1) == ["mine"]


# Missing handlers -------------------------------------------------------------------------------


def test_a_missing_handler_is_found_when_serving_starts() -> None:
    asio = build(of(message("a", STRING), message("b", STRING)))
    asio.on("a")(len)
    with pytest.raises(DocumentError, match=r"no-handler .* the event `b` of `/` has no handler"):
        asio.run(app_of(asio))


def test_a_missing_handler_is_found_at_the_first_connection(caplog: pytest.LogCaptureFixture) -> None:
    asio = build(SAY)
    assert not client_of(asio).is_connected()
    assert "the event `say` of `/` has no handler" in caplog.text
    asio.on("say")(len)
    assert client_of(asio).ask("say", "abc") == [3]


def test_without_strict_a_missing_handler_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    asio = build(SAY, strict=False)
    with caplog.at_level(logging.WARNING, "asynction"):
        client = client_of(asio)
        client_of(asio)
    assert caplog.text.count("has no handler") == 1
    assert client.ask("say", "abc")[0]["error"]["status"] == 404


# strict=False and wildcards ---------------------------------------------------------------------


def test_without_strict_other_events_are_served_unchecked(caplog: pytest.LogCaptureFixture) -> None:
    asio = build(SAY, strict=False)
    asio.on("say")(len)
    asio.on("other")(lambda *args: args)
    asio.on("other", namespace="/elsewhere")(lambda *args: args)
    asio.on("connect", namespace="/elsewhere")(lambda: None)
    assert caplog.text.count("it is served unchecked") == 3
    client = client_of(asio)
    assert client.ask("other", 1, b"x") == [1, b"x"]
    assert client.ask("say", 1)[0]["error"]["status"] == 400
    client.connect(namespace="/elsewhere")
    assert client.ask("other", 1, namespace="/elsewhere") == [1]


def test_a_wildcard_takes_the_events_without_a_handler(caplog: pytest.LogCaptureFixture) -> None:
    asio = build(of(message("say", STRING, INTEGER), message("own", STRING)), strict=False)
    asio.on("own")(str.upper)
    asio.on("*")(lambda event, *args: len(args) if event == "say" else (event, *args))
    client = client_of(asio)
    assert client.ask("own", "abc") == ["ABC"]
    assert client.ask("anything", 1, 2) == ["anything", 1, 2]
    assert client.ask("say", "abc") == [1]
    assert "no handler" not in caplog.text


def test_a_wildcard_is_held_to_the_events_that_the_contract_knows() -> None:
    asio = build(SAY, strict=False)
    asio.on("*")(lambda event, *args: "no integer")
    client = client_of(asio)
    assert client.ask("say", 1)[0]["error"]["pointer"] == "/0"
    assert client.ask("say", "abc") == [SERVER_ERROR]
    assert client.ask("other") == ["no integer"]


def test_a_wildcard_that_raises_is_answered() -> None:
    asio = build(SAY, strict=False)
    asio.on("*")(MagicMock(side_effect=LookupError))
    assert client_of(asio).ask("other") == [SERVER_ERROR]


def test_a_wildcard_never_sees_what_is_no_event() -> None:
    asio = build(SAY, strict=False)
    handler = MagicMock()
    asio.on("*")(handler)
    client = client_of(asio)
    assert client.ask("connect", 1)[0]["error"]["status"] == 404
    assert client.ask("other", float("nan"))[0]["error"]["status"] == 400
    handler.assert_not_called()


# Class-based namespaces -------------------------------------------------------------------------


class Chat(flask_socketio.Namespace):  # type: ignore[misc]  # the library has no types
    """Keeps what happened."""

    def __init__(self, namespace: str = "/chat") -> None:
        super().__init__(namespace)
        self.log: list[Any] = []

    def on_connect(self, auth: object) -> None:
        self.log.append(("connect", auth))

    def on_disconnect(self, reason: str) -> None:
        self.log.append(("disconnect", reason))

    def on_say(self, data: str) -> int:
        self.log.append(data)
        if data == "fail":
            raise LookupError(data)
        return len(data)


@pytest.mark.parametrize("name", ["/chat", "chat"])
@pytest.mark.parametrize("early", [True, False])
def test_a_class_is_held_to_the_contract(name: str, early: bool) -> None:
    asio = AsynctionSocketIO.from_spec(CHAT, async_mode="threading")
    chat = Chat(name)
    if early:
        asio.on_namespace(chat)
    asio.init_app(flask.Flask("test"))
    if not early:
        asio.on_namespace(chat)
    client = client_of(asio, "/chat", auth={"token": 1})
    assert client.ask("say", "abc", namespace="/chat") == [3]
    assert client.ask("say", 1, namespace="/chat")[0]["error"]["status"] == 400
    assert client.ask("say", "fail", namespace="/chat") == [SERVER_ERROR]
    client.disconnect("/chat")
    assert chat.log == [("connect", {"token": 1}), "abc", "fail", ("disconnect", "client disconnect")]


def test_the_error_method_of_a_class_answers() -> None:
    class WithError(Chat):
        def error(self, error: Exception) -> str:
            return type(error).__name__

    asio = build(CHAT)
    asio.on_namespace(WithError())
    client = client_of(asio, "/chat")
    assert client.ask("say", "fail", namespace="/chat") == ["LookupError"]
    assert client.ask("say", 1, namespace="/chat") == ["PayloadValidationException"]


@pytest.mark.parametrize("method", ["on_other", "on_syy"])
def test_a_method_for_an_unknown_event_is_refused(method: str) -> None:
    kind = type("Other", (Chat,), {method: lambda self: None})
    with pytest.raises(UnknownEventException, match="receives no event"):
        build(CHAT).on_namespace(kind())


def test_a_method_that_cannot_take_the_args_is_refused() -> None:
    kind = type("Other", (Chat,), {"on_say": lambda self: None})
    with pytest.raises(DocumentError, match="takes 0 arguments, but the contract passes 1 argument"):
        build(CHAT).on_namespace(kind())


def test_a_class_for_an_unknown_namespace_is_refused_and_not_registered() -> None:
    asio = build(CHAT)
    with pytest.raises(UnknownEventException, match="no namespace `/caht`"):
        asio.on_namespace(Chat("/caht"))
    assert "/caht" not in asio.server.namespace_handlers


def test_without_strict_a_class_for_an_unknown_namespace_is_the_parents() -> None:
    asio = build(CHAT, strict=False)
    chat = Chat("/other")
    asio.on_namespace(chat)
    asio.on("say", namespace="/chat")(len)
    client = client_of(asio, "/other")
    assert client.ask("say", "abc", namespace="/other") == [3]


def test_something_else_is_no_namespace() -> None:
    with pytest.raises(ValueError, match="Not a namespace instance"):
        build(SAY, strict=False).on_namespace(object())


def test_a_class_that_routes_its_events_itself_gets_them_all() -> None:
    class Router(flask_socketio.Namespace):  # type: ignore[misc]  # the library has no types
        seen: list[tuple[str, int]]

        def trigger_event(self, event: str, *args: Any) -> Any:
            assert args[0] == flask.request.sid  # type: ignore[attr-defined]
            self.seen.append((event, len(args)))
            return len(args[1]) if event == "say" else None

    asio = build(CHAT)
    router = Router("/chat")
    router.seen = []
    asio.on_namespace(router)
    client = client_of(asio, "/chat")
    assert client.ask("say", "abc", namespace="/chat") == [3]
    assert client.ask("say", 1, namespace="/chat")[0]["error"]["status"] == 400
    client.disconnect("/chat")
    assert router.seen == [("connect", 3), ("say", 2), ("disconnect", 2)]


def test_a_class_that_routes_its_events_may_ask_its_parent() -> None:
    class Logging(Chat):
        def trigger_event(self, event: str, *args: Any) -> Any:
            self.log.append(event)
            return super().trigger_event(event, *args)

    asio = build(document({"/chat": channel([message("say", pair(STRING, STRING), INTEGER)])}))
    kind = type("Two", (Logging,), {"on_say": lambda self, first, second: len(first + second)})
    chat = kind("/chat")
    asio.on_namespace(chat)
    client = client_of(asio, "/chat", auth={"token": 1})
    assert client.ask("say", "abc", "de", namespace="/chat") == [5]
    client.disconnect("/chat")
    assert chat.log == [
        "connect",
        ("connect", {"token": 1}),
        "say",
        "disconnect",
        ("disconnect", "client disconnect"),
    ]
