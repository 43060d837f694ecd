"""All ways to send: each is held to the contract, and what clients acknowledge is, too."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from logging.handlers import QueueHandler
from queue import Queue
from typing import Any
from unittest.mock import create_autospec

import flask_socketio
import pytest

from asynction import (
    AsynctionSocketIO,
    MessageAckValidationException,
    PayloadValidationException,
    UnknownEventException,
)
from asynction.testing import serve_wsgi
from asynction.validation import Validator
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
    pair,
)
from tests.serving import DEADLINE, Client, KeepsAcks, connected

ROOT = channel(
    [message("do"), message("join", STRING)],
    [
        message("text", STRING),
        message("message", STRING),
        message("json", {"type": "object"}),
        message("two", pair(STRING, INTEGER)),
        message("none", {"type": "array", "items": [STRING], "minItems": 0}),
        message("null", {"type": "null"}),
        message("list", {"type": "array", "items": INTEGER}),
        message("bytes", {"type": "string", "format": "binary"}),
        message("free"),
        message("ask", STRING, INTEGER),
        message("ask two", STRING, pair(STRING, INTEGER)),
        message("ask free", STRING),
    ],
)
CHAT = channel([message("do")], [message("text", STRING), message("ask", STRING, INTEGER)])
SPEC = document({"/": ROOT, "/chat": CHAT})


def made(**kwargs: Any) -> AsynctionSocketIO:
    """Make a server whose `do` runs `asio.action`."""
    asio = build(SPEC, **kwargs)
    asio.action = lambda: None
    asio.on("join")(flask_socketio.join_room)
    for namespace in ("/", "/chat"):
        asio.on("do", namespace=namespace)(lambda *args: asio.action())
    return asio


@pytest.fixture
def asio() -> AsynctionSocketIO:
    return made()


@pytest.fixture
def client(asio: AsynctionSocketIO) -> KeepsAcks:
    return client_of(asio)


def received(client: KeepsAcks, namespace: str = "/") -> list[tuple[str, Any]]:
    return [(packet["name"], packet["args"]) for packet in client.get_received(namespace)]


# emit -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("event", "args", "sent"),
    [
        ("text", ("a",), ["a"]),
        ("two", ("a", 1), ["a", 1]),
        ("two", (("a", 1),), ["a", 1]),
        ("none", (), []),
        ("none", ("a",), ["a"]),
        ("null", (), [None]),
        ("null", (None,), [None]),
        ("list", ([1, 2],), [[1, 2]]),
        ("bytes", (b"x",), [b"x"]),
        ("free", (), []),
        ("free", (None,), []),
        ("free", ((None,),), [None]),
        ("free", (1, b"x"), [1, b"x"]),
    ],
)
def test_what_keeps_the_contract_is_sent(
    asio: AsynctionSocketIO, client: KeepsAcks, event: str, args: Any, sent: Any
) -> None:
    asio.emit(event, *args)
    assert received(client) == [(event, sent)]


@pytest.mark.parametrize(
    ("event", "args"),
    [
        ("text", (1,)),
        ("text", ()),
        ("text", (None,)),
        ("text", ("a", "b")),
        ("text", (b"x",)),
        ("text", ("\ud800",)),
        ("two", ("a",)),
        ("two", (["a", 1],)),
        ("list", (1, 2)),
        ("list", ((1, 2),)),
        ("bytes", ("x",)),
        ("null", (float("nan"),)),
    ],
)
def test_what_breaks_the_contract_is_not_sent(
    asio: AsynctionSocketIO, client: KeepsAcks, event: str, args: Any
) -> None:
    with pytest.raises(PayloadValidationException, match=f"payload of `{event}` in `/`"):
        asio.emit(event, *args)
    assert received(client) == []


def test_data_may_be_given_by_name(asio: AsynctionSocketIO, client: KeepsAcks) -> None:
    asio.emit("text", data="a")
    with pytest.raises(PayloadValidationException):
        asio.emit("text", data=1)
    assert received(client) == [("text", ["a"])]


@pytest.mark.parametrize("namespace", ["chat", "/chat"])
def test_the_namespace_decides(asio: AsynctionSocketIO, client: KeepsAcks, namespace: str) -> None:
    client.connect(namespace="/chat")
    asio.emit("text", "a", namespace=namespace)
    assert received(client) == []
    assert received(client, "/chat") == [("text", ["a"])]


@pytest.mark.parametrize(
    ("event", "namespace", "text"),
    [
        ("texts", "/", "the contract sends no event `texts` in `/`; did you mean `text`?"),
        ("do", "/", "the contract sends no event `do` in `/`"),
        ("message", "/chat", "the contract sends no event `message` in `/chat`"),
        ("text", "/caht", "the contract has no namespace `/caht`; did you mean `/chat`?"),
    ],
)
def test_an_unknown_event_cannot_be_sent(event: str, namespace: str, text: str) -> None:
    for method in (made().emit, made().call):
        with pytest.raises(UnknownEventException) as caught:
            method(event, "a", namespace=namespace)
        assert str(caught.value) == text


def test_without_strict_an_unknown_event_is_sent_unchecked(caplog: pytest.LogCaptureFixture) -> None:
    asio = made(strict=False)
    client = client_of(asio)
    with caplog.at_level(logging.WARNING, "asynction"):
        asio.emit("other", 1, b"x")
    assert "sends no event `other` in `/`; it is sent unchecked" in caplog.text
    assert received(client) == [("other", [1, b"x"])]


def test_a_broadcast_is_validated_once(asio: AsynctionSocketIO, monkeypatch: pytest.MonkeyPatch) -> None:
    clients = [client_of(asio) for _ in range(5)]
    check = create_autospec(Validator.check, return_value=())
    monkeypatch.setattr(Validator, "check", check)
    asio.emit("text", "a")
    assert check.call_count == 1
    assert [received(client) for client in clients] == [[("text", ["a"])]] * 5


# send and the functions of flask_socketio -------------------------------------------------------


def test_send_is_an_event_of_the_contract(asio: AsynctionSocketIO, client: KeepsAcks) -> None:
    asio.send("a")
    asio.send({"a": 1}, json=True)
    with pytest.raises(PayloadValidationException):
        asio.send(1)
    with pytest.raises(PayloadValidationException):
        asio.send("a", json=True)
    with pytest.raises(UnknownEventException):
        asio.send("a", namespace="/chat")
    assert received(client) == [("message", "a"), ("json", {"a": 1})]


def test_emit_in_a_handler_answers_its_client(asio: AsynctionSocketIO, client: KeepsAcks) -> None:
    other = client_of(asio)
    asio.action = lambda: flask_socketio.emit("two", ("a", 1))
    client.emit("do")
    asio.action = lambda: flask_socketio.emit("two", "b", 2)
    client.emit("do")
    assert received(client) == [("two", ["a", 1]), ("two", ["b", 2])]
    assert received(other) == []


def test_emit_and_send_in_a_handler_are_checked(asio: AsynctionSocketIO, client: KeepsAcks) -> None:
    for action in (
        lambda: flask_socketio.emit("text", 1),
        lambda: flask_socketio.emit("texts", "a"),
        lambda: flask_socketio.send(1, broadcast=True),
    ):
        asio.action = action
        assert client.ask("do") == [SERVER_ERROR]
    assert received(client) == []


def test_send_in_a_handler_stays_in_its_namespace(asio: AsynctionSocketIO, client: KeepsAcks) -> None:
    asio.action = lambda: flask_socketio.send("a")
    client.emit("do")
    assert received(client) == [("message", "a")]


@pytest.mark.parametrize(
    ("options", "mine", "others"),
    [
        ({"broadcast": True}, 1, 1),
        ({"broadcast": True, "include_self": False}, 0, 1),
        ({"to": "room"}, 1, 0),
        ({"room": "room"}, 1, 0),
        ({"to": "room", "include_self": False}, 0, 0),
        ({"to": "nowhere"}, 0, 0),
        ({}, 1, 0),
    ],
)
def test_rooms_and_recipients_keep_working(
    asio: AsynctionSocketIO, client: KeepsAcks, options: Any, mine: int, others: int
) -> None:
    other = client_of(asio)
    client.emit("join", "room")
    asio.action = lambda: flask_socketio.emit("text", "a", **options)
    client.emit("do")
    assert (len(received(client)), len(received(other))) == (mine, others)


def test_recipients_outside_of_a_handler(asio: AsynctionSocketIO, client: KeepsAcks) -> None:
    other = client_of(asio)
    sid = asio.server.manager.sid_from_eio_sid(client.eio_sid, "/")
    asio.emit("text", "to", to=sid)
    asio.emit("text", "skip", skip_sid=sid)
    asio.emit("text", "skip", skip_sid=[sid])
    asio.send("to", to=sid)
    assert received(client) == [("text", ["to"]), ("message", "to")]
    assert received(other) == [("text", ["skip"]), ("text", ["skip"])]


# Acknowledgements of clients --------------------------------------------------------------------


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[AsynctionSocketIO, Client]]:
    """A real server: the test client cannot acknowledge."""
    asio = made()
    with serve_wsgi(app_of(asio)) as url, connected(url, "/", "/chat") as client:
        yield asio, client


Outcomes = Queue[Any]


@pytest.fixture
def outcomes() -> Iterator[Outcomes]:
    """What is logged, and what a callback puts here, to wait for."""
    outcomes: Outcomes = Queue()
    handler = QueueHandler(outcomes)
    logging.getLogger("asynction").addHandler(handler)
    yield outcomes
    logging.getLogger("asynction").removeHandler(handler)


def ask(asio: AsynctionSocketIO, client: Client, event: str, ack: Any, outcomes: Outcomes) -> Any:
    """Emit `event` from a handler to a client that answers `ack`; return the first outcome."""
    client.acks[event] = ack
    asio.action = lambda: flask_socketio.emit(event, "?", callback=lambda *args: outcomes.put(args))
    client.call("do")
    assert client.next_event() == (event, ("?",))
    return outcomes.get(timeout=DEADLINE)


@pytest.mark.parametrize(
    ("event", "ack", "args"),
    [
        ("ask", 7, (7,)),
        ("ask two", ("a", 1), ("a", 1)),
        ("ask free", ["a", 1], (["a", 1],)),
        ("ask free", None, ()),
    ],
)
def test_a_good_acknowledgement_reaches_the_callback(
    served: tuple[AsynctionSocketIO, Client], event: str, ack: Any, args: Any, outcomes: Outcomes
) -> None:
    assert ask(*served, event, ack, outcomes) == args


@pytest.mark.parametrize(
    ("event", "ack"),
    [("ask", "MARKER"), ("ask", (1, 2)), ("ask", None), ("ask two", ["a", 1]), ("ask two", "MARKER")],
)
def test_a_bad_acknowledgement_does_not(
    served: tuple[AsynctionSocketIO, Client], event: str, ack: Any, outcomes: Outcomes
) -> None:
    record = ask(*served, event, ack, outcomes)
    assert f"500 event '{event}' in '/': MessageAckValidationException" in record.getMessage()
    assert "MARKER" not in record.getMessage()


def test_a_bad_acknowledgement_goes_to_the_error_handler(outcomes: Outcomes) -> None:
    def handler(error: Exception) -> str:
        outcomes.put(error)
        return "handled"

    asio = made(default_error_handler=handler)
    with serve_wsgi(app_of(asio)) as url, connected(url) as client:
        error = ask(asio, client, "ask", "x", outcomes)
    assert isinstance(error, MessageAckValidationException)


def test_a_callback_outside_of_a_handler(
    served: tuple[AsynctionSocketIO, Client], outcomes: Outcomes
) -> None:
    asio, client = served
    for ack in (7, "x"):
        client.acks["ask"] = ack
        sid = client.sio.get_sid("/")
        asio.emit("ask", "?", to=sid, callback=lambda *args: outcomes.put(args))
        outcome = outcomes.get(timeout=DEADLINE)
        client.next_event()
        assert outcome == (7,) if ack == 7 else "MessageAckValidationException" in outcome.getMessage()


def test_call_returns_what_the_client_acknowledges(served: tuple[AsynctionSocketIO, Client]) -> None:
    asio, client = served
    sid = client.sio.get_sid("/")
    for event, ack, answer in (
        ("ask", 7, 7),
        ("ask two", ("a", 1), ("a", 1)),
        ("ask free", ["a"], ["a"]),
        ("ask free", None, None),
    ):
        client.acks[event] = ack
        assert asio.call(event, "?", to=sid) == answer
        client.next_event()


def test_call_checks_both_directions(served: tuple[AsynctionSocketIO, Client]) -> None:
    asio, client = served
    sid = client.sio.get_sid("/")
    with pytest.raises(PayloadValidationException):
        asio.call("ask", 1, to=sid)
    client.acks["ask"] = "x"
    with pytest.raises(MessageAckValidationException, match="acknowledgement of `ask` in `/`: /0: must be"):
        asio.call("ask", "?", to=sid)
    assert client.next_event() == ("ask", ("?",))


def test_call_in_a_handler(served: tuple[AsynctionSocketIO, Client]) -> None:
    asio, client = served
    client.acks["ask"] = 7
    asio.action = lambda: flask_socketio.call("ask", "?")
    assert client.call("do") == [7]
    client.acks["ask"] = "x"
    assert client.call("do") == [SERVER_ERROR]
    asio.action = lambda: flask_socketio.call("ask", 1)
    assert client.call("do") == [SERVER_ERROR]
    assert [client.next_event() for _ in range(2)] == [("ask", ("?",))] * 2


def test_without_strict_call_asks_anything() -> None:
    asio = made(strict=False)
    with serve_wsgi(app_of(asio)) as url, connected(url) as client:
        client.acks["other"] = ["anything"]
        assert asio.call("other", 1, 2, to=client.sio.get_sid("/")) == ["anything"]
        assert client.next_event() == ("other", (1, 2))


# Class-based namespaces -------------------------------------------------------------------------


class Chat(flask_socketio.Namespace):  # type: ignore[misc]  # the library has no types
    action: Any

    def on_do(self) -> Any:
        return self.action()


@pytest.fixture(scope="module")
def chat() -> Iterator[tuple[Chat, Client]]:
    asio = made()
    chat = Chat("/chat")
    asio.on_namespace(chat)
    with serve_wsgi(app_of(asio)) as url, connected(url, "/chat") as client:
        yield chat, client


def test_a_class_emits_what_the_contract_has(chat: tuple[Chat, Client]) -> None:
    namespace, client = chat
    namespace.action = lambda: namespace.emit("text", "a")
    assert client.call("do", namespace="/chat") == []
    assert client.next_event() == ("text", ("a",))
    for action in (
        lambda: namespace.emit("text", 1),
        lambda: namespace.emit("text"),
        lambda: namespace.emit("texts", "a"),
        lambda: namespace.send("a"),
    ):
        namespace.action = action
        assert client.call("do", namespace="/chat") == [SERVER_ERROR]


def test_a_class_calls_what_the_contract_has(chat: tuple[Chat, Client]) -> None:
    namespace, client = chat
    sid = client.sio.get_sid("/chat")
    client.acks["ask"] = 7
    assert namespace.call("ask", "?", sid) == 7
    assert namespace.call("ask", "?", to=sid) == 7
    assert namespace.call("ask", "?", sid=sid, timeout=30) == 7
    with pytest.raises(PayloadValidationException):
        namespace.call("ask", 1, to=sid)
    with pytest.raises(UnknownEventException, match="in `/`"):
        namespace.call("unknown", 1, to=sid, namespace="/")
    client.acks["ask"] = "x"
    with pytest.raises(MessageAckValidationException):
        namespace.call("ask", "?", sid=sid)
    assert [client.next_event() for _ in range(4)] == [("ask", ("?",))] * 4
