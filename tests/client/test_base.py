"""What both clients make of packets, without a network."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypedDict

import pytest
import socketio
from socketio.exceptions import BadNamespaceError, DisconnectedError
from socketio.exceptions import TimeoutError as SocketIOTimeout

from asynction import (
    AsynctionException,
    DocumentError,
    MessageAckValidationException,
    PayloadValidationException,
    Router,
    UnknownEventException,
)
from asynction.client import AsynctionAsyncClient, AsynctionClient, CallError
from asynction.exceptions import ValidationException
from asynction.inject import Depends, Event, Reason, Server, SocketID
from asynction.runtime import Context, MalformedEvent
from tests.client.support import SPEC, Wire
from tests.server.support import INTEGER, STRING, document, message, of

kinds = pytest.mark.parametrize("kind", [AsynctionClient, AsynctionAsyncClient], ids=["sync", "async"])
pytestmark = kinds


def awaitable(kind: type[Any], function: Callable[..., Any]) -> Callable[..., Any]:
    """A handler as a client of this kind would have it."""
    if kind is AsynctionClient:
        return function

    async def handler(*args: Any) -> Any:
        return function(*args)

    return handler


def answered(packets: list[Any], id: int = 1, namespace: str = "") -> list[Any]:
    """The args of the one acknowledgement."""
    (packet,) = packets
    head = f"3{namespace}{id}"
    assert packet.startswith(head)
    args = json.loads(packet.removeprefix(head))
    assert isinstance(args, list)
    return args


# Receiving -------------------------------------------------------------------------------------


def test_a_handler_takes_the_args_and_returns_the_ack(kind: type[Any]) -> None:
    wire = Wire(kind)
    wire.client.on("asked", awaitable(kind, lambda number: number + 1))
    assert answered(wire.feed('21["asked",41]')) == [42]


def test_a_plain_function_will_do(kind: type[Any]) -> None:
    wire = Wire(kind)
    wire.client.on("asked")(lambda number: number + 1)
    assert answered(wire.feed('21["asked",41]')) == [42]


def test_event_takes_the_name_of_the_function(kind: type[Any]) -> None:
    wire = Wire(kind)

    def asked(number: int) -> int:
        return number

    def said(text: str) -> None: ...

    wire.client.event(asked)
    wire.client.event(namespace="/rooms/{roomId}")(said)
    assert answered(wire.feed('21["asked",41]')) == [41]


@pytest.mark.parametrize("args", ['"x"', "1.5", "null", "1,2", "", "NaN", "true"])
def test_what_breaks_the_contract_never_reaches_the_handler(
    kind: type[Any], args: str, caplog: pytest.LogCaptureFixture
) -> None:
    wire = Wire(kind)
    wire.client.on("asked", lambda *args: pytest.fail("called"))
    packet = '21["asked"' + (f",{args}" if args else "") + "]"
    (error,) = answered(wire.feed(packet))
    assert error["error"]["status"] == 400
    (record,) = caplog.records
    assert record.message.startswith("400 event 'asked' in '/': PayloadValidationException")


def test_a_breach_of_a_handler_is_an_error_with_its_place(
    kind: type[Any], caplog: pytest.LogCaptureFixture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    def handler(number: int) -> Any:
        return "MARKER"

    wire = Wire(kind)
    wire.client.on("asked", handler)

    assert answered(wire.feed('21["asked",41]'))[0]["error"]["status"] == 500
    (record,) = caplog.records
    assert record.levelname == "ERROR"
    place = f"{__file__}:{handler.__code__.co_firstlineno}"
    assert record.getMessage().endswith(f", in {__name__}.{handler.__qualname__}, at {place}")
    assert "MARKER" not in caplog.text


def test_the_log_has_no_payload(kind: type[Any], caplog: pytest.LogCaptureFixture) -> None:
    wire = Wire(kind)
    wire.client.on("asked", lambda number: number)
    wire.feed('2["asked","secret"]')
    assert "secret" not in caplog.text
    assert "400 event" in caplog.text


@pytest.mark.parametrize("packet", ["0[1]", '4"no"'], ids=["connect", "connect_error"])
def test_an_answer_to_connecting_may_be_anything(kind: type[Any], packet: str) -> None:
    wire = Wire(kind)
    wire.client.namespaces.clear()
    wire.client._connect_event = wire.client.eio.create_event()
    wire.feed(packet)
    wire.client.namespaces["/"] = "sid"
    wire.client.on("asked", lambda number: number)
    assert answered(wire.feed('21["asked",1]')) == [1]


def test_a_place_for_no_attachment_is_forgotten(kind: type[Any], caplog: pytest.LogCaptureFixture) -> None:
    wire = Wire(kind)
    got: list[Any] = []
    wire.client.on("picture", got.append)
    wire.feed('51-["picture",{"_placeholder":true,"num":5}]', b"x")
    assert "cannot be read" in caplog.text
    wire.feed('51-["picture",{"_placeholder":true,"num":0}]', b"x")
    assert got == [b"x"]


def test_an_exception_handler_is_told(kind: type[Any]) -> None:
    wire = Wire(kind)
    told: list[Any] = []
    wire.client.on("asked", lambda number: number)
    wire.client.exception_handler(ValidationException)(awaitable(kind, told.append))
    assert answered(wire.feed('21["asked","x"]'))[0]["error"]["status"] == 400
    assert [type(error) for error in told] == [PayloadValidationException]
    assert told[0].instance == "x"


def test_what_an_exception_handler_returns_is_the_ack(kind: type[Any]) -> None:
    wire = Wire(kind)
    wire.client.on("asked", lambda number: number)

    @wire.client.exception_handler(ValidationException)
    def answer(error: ValidationException) -> int:
        return 0

    assert answered(wire.feed('21["asked","x"]')) == [0]


def test_an_ack_that_breaks_the_contract_is_not_sent(kind: type[Any]) -> None:
    wire = Wire(kind)
    wire.client.on("asked", lambda number: "text")
    body = {"status": 500, "title": "Internal Server Error"}
    assert answered(wire.feed('21["asked",1]')) == [{"error": body}]


def test_what_a_handler_raises_is_logged_and_answered(
    kind: type[Any], caplog: pytest.LogCaptureFixture
) -> None:
    wire = Wire(kind)
    wire.client.on("asked", awaitable(kind, lambda number: number / 0))
    assert answered(wire.feed('21["asked",1]'))[0]["error"]["status"] == 500
    assert "ZeroDivisionError" in caplog.text


def test_an_ack_that_cannot_be_written_is_an_error(kind: type[Any], caplog: Any) -> None:
    wire = Wire(kind)
    wire.client.on("open", object)
    assert answered(wire.feed('21["open"]'))[0]["error"]["status"] == 500


def test_nobody_has_to_listen(kind: type[Any], caplog: pytest.LogCaptureFixture) -> None:
    wire = Wire(kind)
    assert wire.feed('2["told","x"]') == []
    assert caplog.records == []


def test_a_server_that_wants_an_ack_hears_that_nobody_listens(kind: type[Any]) -> None:
    assert answered(Wire(kind).feed('21["asked",1]'))[0]["error"]["status"] == 404


@pytest.mark.parametrize("event", ["other", "double", "connect", "disconnect", "connect_error", "*"])
@pytest.mark.parametrize("strict", [True, False])
def test_an_event_that_a_server_does_not_send_reaches_nobody(
    kind: type[Any], event: str, strict: bool, caplog: pytest.LogCaptureFixture
) -> None:
    wire = Wire(kind, strict=strict)
    for name in ("connect", "disconnect", "connect_error"):
        wire.client.on(name, lambda *args: pytest.fail("called"))
    answer = answered(wire.feed(f'21["{event}"]'))
    if strict or event in ("connect", "disconnect", "connect_error", "*"):
        assert answer[0]["error"]["status"] == 404
        assert f"404 event '{event}'" in caplog.text
    else:
        assert answer == []  # as python-socketio has it


def test_binary_data_is_held_to_the_contract(kind: type[Any]) -> None:
    wire = Wire(kind)
    got: list[Any] = []
    wire.client.on("picture", got.append)
    wire.feed('51-["picture",{"_placeholder":true,"num":0}]', b"\x00\x01")
    wire.feed('2["picture","text"]')
    assert got == [b"\x00\x01"]


@pytest.mark.parametrize(
    "packet", ['2{"a":1}', "2[]", "2[1]", '2"asked"'], ids=["object", "empty", "number", "text"]
)
def test_what_is_no_event_is_refused(kind: type[Any], packet: str, caplog: Any) -> None:
    assert answered(Wire(kind).feed(packet.replace("2", "21", 1)))[0]["error"]["status"] == 400
    assert "MalformedEvent" in caplog.text


@pytest.mark.parametrize("packet", ["2[", "9", "x", '2["a",nul]', '5x-["a"]'])
def test_what_cannot_be_read_is_logged_and_forgotten(
    kind: type[Any], packet: str, caplog: pytest.LogCaptureFixture
) -> None:
    wire = Wire(kind)
    wire.client.on("asked", lambda number: number)
    wire.feed(packet, '2["asked",1]')
    assert "cannot be read" in caplog.text
    assert answered(wire.feed('21["asked",1]')) == [1]


@pytest.mark.parametrize("packet", ['31{"a":1}', "30[1]", "31"])
def test_an_ack_that_is_none_is_ignored(kind: type[Any], packet: str, caplog: Any) -> None:
    wire = Wire(kind)
    wire.do("emit", "double", 1, callback=lambda *args: pytest.fail("called"))
    wire.feed(packet)
    assert "an acknowledgement of the server cannot be read" in caplog.text
    got: list[Any] = []
    wire.do("emit", "double", 1, callback=got.append)
    wire.feed("32[2]")
    assert got == [2]


@pytest.mark.parametrize("is_async", [False, True])
def test_a_listener_is_given_every_event(kind: type[Any], is_async: bool) -> None:
    wire = Wire(kind)
    heard: list[Any] = []
    wire.client.on("told", lambda text: None)

    def listen(context: Context) -> None:
        heard.append((context.event, context.args, type(context.error)))

    wire.client.on_any(awaitable(kind, listen) if is_async else listen)
    wire.feed('2["told","x"]', '2["told",1]', '2["other",null]', '2["asked","unbound"]', '2["open"]', "2[]")
    assert heard == [
        ("told", ("x",), type(None)),
        ("told", (1,), PayloadValidationException),
        ("other", (None,), UnknownEventException),
        ("asked", ("unbound",), type(None)),
        ("open", (), type(None)),
        ("(malformed)", (), MalformedEvent),
    ]


def test_a_listener_is_called_after_the_acknowledgement(kind: type[Any]) -> None:
    wire = Wire(kind)
    wire.client.on("asked", lambda number: number)
    heard: list[list[Any]] = []
    wire.client.on_any(lambda context: heard.append(list(wire.sent)))
    assert heard == [wire.feed('21["asked",1]')]
    assert answered(wire.sent) == [1]


def test_a_listener_that_raises_is_logged(kind: type[Any], caplog: pytest.LogCaptureFixture) -> None:
    wire = Wire(kind)
    heard: list[str] = []
    wire.client.on_any(lambda context: 1 / 0)
    wire.client.on_any(lambda context: heard.append(context.event))
    wire.feed('2["told","x"]')
    assert "ZeroDivisionError" in caplog.text
    assert heard == ["told"]


def test_without_a_contract_a_listener_is_given_every_event(kind: type[Any]) -> None:
    wire = Wire(kind, document({}))
    client = wire.client = kind(handle_sigint=False)
    client.namespaces, client.connected = {"/": "sid"}, True
    if kind is AsynctionClient:
        client.start_background_task = lambda function, *args: function(*args)
    client.eio.send = wire._asend if client.is_asyncio_based() else wire.sent.append
    heard: list[Any] = []
    client.on_any(lambda context: heard.append((context.event, context.args, context.error)))
    assert answered(wire.feed('21["any",1,[2]]')) == []
    assert heard == [("any", (1, [2]), None)]


# Binding ---------------------------------------------------------------------------------------


class Number(TypedDict):
    """An arg."""

    value: int


def test_handlers_are_given_what_they_ask_for(kind: type[Any]) -> None:
    wire = Wire(kind)
    got: list[Any] = []

    def dependency() -> Iterator[str]:
        yield "given"
        got.append("closed")

    @wire.client.on("asked")
    def asked(number: int, sid: SocketID, event: Event, me: Server, dep: str = Depends(dependency)) -> int:
        got.append((number, sid, event, me, dep))
        return 1

    wire.feed('21["asked",1]')
    assert got == [(1, "sid", "asked", wire.client, "given"), "closed"]


def test_handlers_are_given_models(kind: type[Any]) -> None:
    schema = {"type": "object", "properties": {"value": INTEGER}, "required": ["value"]}
    wire = Wire(kind, of(sends=[message("moved", schema)]))

    def moved(data: Number) -> None:
        assert data == {"value": 1}

    wire.client.on("moved", moved)
    assert answered(wire.feed('21["moved",{"value":1}]')) == []


def test_a_client_of_its_own_class_is_given(kind: type[Any]) -> None:
    wire = Wire(kind)
    got: list[Any] = []

    def told(text: str, client: Any) -> None:
        got.append((text, client))

    told.__annotations__["client"] = kind
    wire.client.on("told", told)
    wire.feed('2["told","x"]')
    assert got == [("x", wire.client)]


@pytest.mark.parametrize(
    ("event", "namespace"), [("double", None), ("x", None), ("told", "/chat"), ("*", None)]
)
def test_an_event_that_the_server_does_not_send_cannot_be_bound(
    kind: type[Any], event: str, namespace: str | None
) -> None:
    client = Wire(kind).client
    with pytest.raises(UnknownEventException):
        client.on(event, lambda *args: None, namespace)


def test_a_handler_that_cannot_take_the_args_cannot_be_bound(kind: type[Any]) -> None:
    client = Wire(kind).client
    with pytest.raises(DocumentError, match="takes 2 arguments"):
        client.on("told", lambda a, b: None)


def test_every_namespace_is_the_parents_affair(kind: type[Any]) -> None:
    with pytest.raises(UnknownEventException):
        Wire(kind).client.on("told", print, "*")
    wire = Wire(kind, SPEC, "/", "/x", strict=False)
    got: list[Any] = []
    wire.client.on("other", awaitable(kind, lambda *args: got.append(args)), "*")
    wire.feed('2/x,["other",1]', '2["told","x"]')
    assert got == [("/x", 1)]


@pytest.mark.parametrize("place", ["*", "/x"])
@pytest.mark.parametrize(
    ("arg", "ack"),
    [
        ('"x"', '3/x,7["x"]'),
        ("null", "3/x,7[]"),
        ('"raise"', '3/x,7[{"error":{"status":500,"title":"Internal Server Error"}}]'),
    ],
)
def test_an_event_outside_the_contract_is_always_acknowledged(
    kind: type[Any], place: str, arg: str, ack: str
) -> None:
    def handler(*args: Any) -> Any:
        if args[-1] == "raise":
            raise ValueError
        return args[-1]

    wire = Wire(kind, SPEC, "/", "/x", strict=False)
    wire.client.on("other", awaitable(kind, handler), place)
    assert wire.feed(f'2/x,7["other",{arg}]') == [ack]
    assert len(wire.feed('2/x,8["nobody handles it",1]')) == 1


def test_a_wildcard_takes_what_nobody_else_does(kind: type[Any]) -> None:
    wire = Wire(kind, strict=False)
    got: list[Any] = []
    wire.client.on("*", lambda event, *args: got.append((event, args)))
    wire.feed('2["other",1]', '2["told","x"]', '2["told",1]')
    assert got == [("other", (1,)), ("told", ("x",))]


def test_routers_and_middleware_go_around_handlers(kind: type[Any]) -> None:
    got: list[Any] = []
    router = Router("/rooms/{roomId}")

    @router.on("said")
    def said(text: str, *, room_id: int) -> None:
        got.append((text, room_id))

    def middleware(context: Any, call_next: Any) -> Any:
        got.append(context.namespace)
        return call_next(context)

    wire = Wire(kind, SPEC, "/rooms/42", routers=[router])
    wire.client.add_middleware(middleware, events="said")
    wire.feed('2/rooms/42,["said","x"]')
    assert got == ["/rooms/42", ("x", 42)]


def namespace_of(kind: type[Any], name: str, **methods: Callable[..., Any]) -> Any:
    base = socketio.ClientNamespace if kind is AsynctionClient else socketio.AsyncClientNamespace
    functions = {n: awaitable(kind, m) if n != "trigger_event" else m for n, m in methods.items()}
    return type("Space", (base,), functions)(name)


def test_a_class_has_handlers(kind: type[Any], caplog: pytest.LogCaptureFixture) -> None:
    wire = Wire(kind)
    got: list[Any] = []
    space = namespace_of(
        kind,
        "/",
        on_asked=lambda self, number: number + 1,
        on_connect=lambda self: got.append("connect"),
        on_disconnect=lambda self, reason: got.append(reason),
        on_connect_error=lambda self, data: got.append(data),
    )
    wire.client.register_namespace(space)
    assert answered(wire.feed('21["asked",1]')) == [2]
    assert answered(wire.feed('21["asked","x"]'))[0]["error"]["status"] == 400
    wire.do("_trigger_event", "connect", "/")
    wire.do("_trigger_event", "connect_error", "/", "no")
    wire.do("_trigger_event", "disconnect", "/", "left")
    assert got == ["connect", "no", "left"]


def test_a_class_of_what_the_contract_does_not_have_is_refused(kind: type[Any]) -> None:
    client = Wire(kind).client
    with pytest.raises(UnknownEventException, match="no namespace `/chat`"):
        client.register_namespace(namespace_of(kind, "/chat"))
    with pytest.raises(UnknownEventException, match="no event `x`"):
        client.register_namespace(namespace_of(kind, "/", on_x=lambda self: None))


@pytest.mark.parametrize("name", ["/", "/x"])
def test_a_class_that_routes_its_events_itself_is_held_to_the_contract(kind: type[Any], name: str) -> None:
    got: list[Any] = []

    def trigger(self: Any, event: str, *args: Any) -> Any:
        got.append((event, *args))
        return 7

    async def atrigger(self: Any, event: str, *args: Any) -> Any:
        return trigger(self, event, *args)

    wire = Wire(kind, SPEC, "/", "/x", strict=False)
    wire.client.register_namespace(
        namespace_of(kind, name, trigger_event=trigger if kind is AsynctionClient else atrigger)
    )
    wire.do("_trigger_event", "connect", name)
    head = "" if name == "/" else "/x,"
    assert answered(wire.feed(f'2{head}1["asked",1]'), namespace=head) == [7]
    wire.feed(f'2{head}["asked","x"]')
    expected = [("connect",), ("asked", 1)] + ([("asked", "x")] if name == "/x" else [])
    assert got == expected


def test_lifecycle_handlers_are_called(kind: type[Any]) -> None:
    wire = Wire(kind)
    got: list[Any] = []

    def dependency() -> Iterator[int]:
        yield 1
        got.append("closed")

    @wire.client.on("connect")
    def connect(sid: SocketID, one: int = Depends(dependency)) -> None:
        got.append((sid, one))

    @wire.client.on("disconnect")
    def disconnect(why: Reason) -> None:
        got.append(why)

    wire.do("_trigger_event", "connect", "/")
    wire.do("_trigger_event", "disconnect", "/", "left")
    wire.do("_trigger_event", "disconnect", "/")
    assert got == [("sid", 1), "closed", "left", None]


@pytest.mark.parametrize("event", ["connect", "disconnect", "connect_error"])
def test_what_the_handler_of_a_lifecycle_event_raises_is_logged(
    kind: type[Any], event: str, caplog: pytest.LogCaptureFixture
) -> None:
    wire = Wire(kind)
    wire.client.on(event, awaitable(kind, lambda *args: 1 / 0))
    wire.do("_trigger_event", event, "/")
    (record,) = caplog.records
    assert "ZeroDivisionError" in record.message
    assert event in record.message


def test_a_connect_handler_may_ask_for_what_the_client_brought(kind: type[Any]) -> None:
    wire = Wire(kind)
    wire.client._handshake.auth = {"token": "x"}
    got: list[Any] = []
    wire.client.on("connect", awaitable(kind, lambda *args: got.append(args)))
    wire.do("_trigger_event", "connect", "/")

    @wire.client.on("connect")
    def connect(auth: Any) -> None:
        got.append(auth)

    wire.do("_trigger_event", "connect", "/")
    assert got == [(), {"token": "x"}]


def test_lifecycle_events_of_a_pattern_are_those_of_its_namespaces(kind: type[Any]) -> None:
    wire = Wire(kind, SPEC, "/rooms/42")
    got: list[Any] = []
    for event in ("connect", "disconnect", "connect_error"):
        wire.client.on(event, lambda *args, name=event: got.append(name), "/rooms/{roomId}")
        wire.do("_trigger_event", event, "/rooms/42")
    assert got == ["connect", "disconnect", "connect_error"]


# Sending ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("event", "data", "packet"),
    [
        ("double", 1, '2["double",1]'),
        ("pair", ("a", 1), '2["pair","a",1]'),
        ("bare", None, '2["bare"]'),
        ("bare", {"any": 1}, '2["bare",{"any":1}]'),
    ],
)
def test_what_keeps_the_contract_is_sent(kind: type[Any], event: str, data: Any, packet: str) -> None:
    wire = Wire(kind)
    wire.do("emit", event, data)
    assert wire.sent == [packet]


@pytest.mark.parametrize("method", ["emit", "call"])
@pytest.mark.parametrize(
    ("event", "data", "error"),
    [
        ("double", "x", PayloadValidationException),
        ("double", None, PayloadValidationException),
        ("double", b"x", PayloadValidationException),
        ("pair", ("a",), PayloadValidationException),
        ("told", "x", UnknownEventException),
        ("dobule", 1, UnknownEventException),
    ],
)
def test_what_breaks_the_contract_never_leaves(
    kind: type[Any], method: str, event: str, data: Any, error: type[Exception]
) -> None:
    wire = Wire(kind)
    with pytest.raises(error):
        wire.do(method, event, data)
    assert wire.sent == []


def test_send_is_the_event_message(kind: type[Any]) -> None:
    wire = Wire(kind, of(message("message", STRING)))
    wire.do("send", "x")
    with pytest.raises(PayloadValidationException):
        wire.do("send", 1)
    assert wire.sent == ['2["message","x"]']


def test_without_strict_any_event_is_sent(kind: type[Any], caplog: pytest.LogCaptureFixture) -> None:
    wire = Wire(kind, strict=False)
    got: list[Any] = []
    wire.do("emit", "other", 1, callback=got.append)
    wire.feed("31[5]")
    assert got == [5]
    assert "sends no event `other`" in caplog.text


def test_without_validation_any_payload_is_sent(kind: type[Any]) -> None:
    wire = Wire(kind, validation=False)
    wire.do("emit", "double", "x")
    assert wire.sent == ['2["double","x"]']


@pytest.mark.parametrize("is_async", [False, True])
def test_a_callback_is_given_what_keeps_the_contract(kind: type[Any], is_async: bool) -> None:
    if is_async and kind is AsynctionClient:
        return
    wire = Wire(kind)
    got: list[Any] = []
    wire.do("emit", "double", 1, callback=awaitable(kind, got.append) if is_async else got.append)
    wire.feed("31[2]")
    assert got == [2]


@pytest.mark.parametrize(
    ("ack", "error"),
    [
        ('["x"]', MessageAckValidationException),
        ("[]", MessageAckValidationException),
        ("[1,2]", MessageAckValidationException),
        ('[{"error":{"status":400,"title":"Bad Request"}}]', CallError),
    ],
)
def test_a_callback_is_not_given_what_breaks_the_contract(
    kind: type[Any], ack: str, error: type[Exception], caplog: pytest.LogCaptureFixture
) -> None:
    wire = Wire(kind)
    told: list[Any] = []
    wire.client.exception_handler(AsynctionException)(told.append)
    wire.do("emit", "double", 1, callback=lambda *args: pytest.fail("called"))
    wire.feed(f"31{ack}")
    assert [type(each) for each in told] == [error]
    assert error.__name__ in caplog.text


def test_what_a_callback_raises_is_logged(kind: type[Any], caplog: pytest.LogCaptureFixture) -> None:
    wire = Wire(kind)
    wire.do("emit", "double", 1, callback=lambda number: 1 / 0)
    wire.feed("31[2]")
    assert "ZeroDivisionError" in caplog.text


def test_a_pattern_is_the_namespace_in_which_an_event_is_handled(kind: type[Any]) -> None:
    wire = Wire(kind, SPEC, "/rooms/42")

    def said(text: str) -> Any:
        return wire.client.emit("say", text, namespace="/rooms/{roomId}")

    wire.client.on("said", said, "/rooms/{roomId}")
    assert wire.feed('2/rooms/42,["said","x"]') == ['2/rooms/42,["say","x"]']
    with pytest.raises(UnknownEventException, match="has parameters"):
        wire.do("emit", "say", "x", namespace="/rooms/{roomId}")


def test_an_event_of_a_namespace_that_is_not_entered_is_the_parents_affair(kind: type[Any]) -> None:
    with pytest.raises(BadNamespaceError):
        Wire(kind).do("emit", "read", namespace="/news")


# Calling ---------------------------------------------------------------------------------------


def answering(kind: type[Any], *packets: str, **options: Any) -> Wire:
    """A client to which packets arrive as soon as it has sent something."""
    wire = Wire(kind, **options)

    def arrive(data: Any) -> None:
        for packet in packets:
            wire.client._handle_eio_message(packet)

    async def aarrive(data: Any) -> None:
        for packet in packets:
            await wire.client._handle_eio_message(packet)

    wire.client.eio.send = arrive if kind is AsynctionClient else aarrive
    return wire


@pytest.mark.parametrize(
    ("event", "data", "ack", "expected"),
    [
        ("double", 1, "[2]", 2),
        ("pair", ("a", 1), '["a",1]', ("a", 1)),
        ("note", "x", "[]", None),
        ("bare", None, "[[1,2]]", [1, 2]),
        ("fail", 1, '[{"error":{"status":400,"title":"x"}}]', {"error": {"status": 400, "title": "x"}}),
    ],
)
def test_call_returns_the_ack(kind: type[Any], event: str, data: Any, ack: str, expected: Any) -> None:
    assert answering(kind, f"31{ack}").do("call", event, data) == expected


@pytest.mark.parametrize("ack", ["[]", '["x"]', "[1,2]", "[[1]]"])
def test_call_raises_for_an_ack_that_breaks_the_contract(kind: type[Any], ack: str) -> None:
    with pytest.raises(MessageAckValidationException) as caught:
        answering(kind, f"31{ack}").do("call", "double", 1)
    assert caught.value.ack == tuple(json.loads(ack))


@pytest.mark.parametrize("event", ["double", "bare"])
def test_call_raises_for_an_error_ack(kind: type[Any], event: str) -> None:
    body = '{"error":{"status":400,"title":"Bad Request","detail":"no","pointer":"/0"}}'
    with pytest.raises(CallError) as caught:
        answering(kind, f"31[{body}]").do("call", event, 1)
    error = caught.value
    assert (error.status, error.title, error.detail, error.pointer) == (400, "Bad Request", "no", "/0")
    assert error.ack == (json.loads(body),)


def test_call_without_strict_returns_any_ack(kind: type[Any]) -> None:
    assert answering(kind, "31[[1]]", strict=False).do("call", "other", 1) == [1]


def test_call_ends_after_its_timeout(kind: type[Any]) -> None:
    wire = Wire(kind)
    with pytest.raises(SocketIOTimeout, match="`double` was not acknowledged within 0 seconds"):
        wire.do("call", "double", 1, timeout=0)
    assert wire.client._pending == set()


def test_call_ends_with_its_connection(kind: type[Any]) -> None:
    wire = answering(kind, "1/news,", "1")
    wire.client.namespaces["/news"] = "sid"
    wire.client.eio.disconnect = lambda *args: None
    with pytest.raises(DisconnectedError, match="before `double` was acknowledged"):
        wire.do("call", "double", 1, timeout=None)


# Without a contract ----------------------------------------------------------------------------


def test_without_a_contract_all_is_open(kind: type[Any]) -> None:
    client = kind(handle_sigint=False)
    got: list[Any] = []
    client.on("any", lambda *args: got.append(args))
    wire = Wire.__new__(Wire)
    wire.client, wire.sent = client, []
    client.namespaces, client.connected = {"/": "sid"}, True
    if kind is AsynctionClient:
        client.start_background_task = lambda function, *args: function(*args)
    client.eio.send = wire._asend if client.is_asyncio_based() else wire.sent.append
    assert wire.feed('2["any",1,2]', '2["other"]') == []
    wire.do("emit", "anything", (1, 2))
    assert got == [(1, 2)]
    assert wire.sent == ['2["anything",1,2]']


def test_a_warning_of_the_document_is_logged(kind: type[Any], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    spec = document({"/": {"publish": {"message": {**message("a"), "x-hander": "a.b"}}}})
    kind.from_spec(spec, handle_sigint=False)
    assert "misspelt" in caplog.text
