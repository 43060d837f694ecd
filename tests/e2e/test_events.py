"""Events and acks between real clients and a real server."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from tests.e2e.clients import Client, Connect
from tests.e2e.processes import Process

LONG = "x" * 900_000


class Answered(NamedTuple):
    event: str
    args: tuple[object, ...]
    ack: list[object]


ANSWERED = {
    "an object": Answered("greet", ({"name": "Ada"},), ["Hello, Ada"]),
    "text beyond ASCII": Answered("greet", ({"name": "Ада 👋"},), ["Hello, Ада 👋"]),
    "a tuple of args": Answered("add", (2, 3), [5]),
    "one arg that is an array": Answered("sum", ([1, 2, 3],), [6]),
    "an ack of several args": Answered("split", ("one two",), ["one", "two"]),
    "no args where all is allowed": Answered("anything", (), [0]),
    "any args where all is allowed": Answered("anything", (1, "a", None, [{}]), [4]),
    "an ack that is null": Answered("find", ("x",), [None]),
    "no ack schema, no result": Answered("note", ("x",), []),
    "bytes both ways": Answered("reverse", (b"abc\x00",), [b"\x00cba"]),
    "a large payload": Answered("store", ({"kind": "book", "text": LONG},), [len(LONG)]),
}


@pytest.mark.parametrize("case", ANSWERED.values(), ids=ANSWERED)
def test_a_valid_event_is_acknowledged(service: Process, connect: Connect, case: Answered) -> None:
    client = connect(service.url)
    assert client.call(case.event, *case.args) == case.ack


class Rejected(NamedTuple):
    event: str
    args: tuple[object, ...]
    status: int
    pointer: str | None = None


REJECTED = {
    "a missing property": Rejected("greet", ({},), 400, "/0"),
    "a wrong type": Rejected("greet", ({"name": 1},), 400, "/0/name"),
    "too long a string": Rejected("greet", ({"name": "x" * 21},), 400, "/0/name"),
    "an unknown property": Rejected("greet", ({"name": "Ada", "age": 1},), 400, "/0"),
    "no arg": Rejected("greet", (), 400),
    "two args for one": Rejected("greet", ({"name": "Ada"}, 1), 400),
    "too few args": Rejected("add", (1,), 400),
    "too many args": Rejected("add", (1, 2, 3), 400),
    "an array for a tuple": Rejected("add", ([1, 2],), 400),
    "the second arg of a tuple": Rejected("add", (1, "2"), 400, "/1"),
    "a tuple for an array": Rejected("sum", (1, 2), 400),
    "an item of an array": Rejected("sum", ([1, "2"],), 400, "/0/1"),
    "bytes for an object": Rejected("greet", (b"abc",), 400, "/0"),
    "bytes for a string": Rejected("greet", ({"name": b"abc"},), 400, "/0/name"),
    "bytes for an item": Rejected("sum", ([b"abc"],), 400, "/0/0"),
    "a string for bytes": Rejected("reverse", ("abc",), 400, "/0"),
    "a large payload": Rejected("store", ({"kind": "poem", "text": LONG},), 400, "/0/kind"),
    "an unknown event": Rejected("gret", ({"name": "Ada"},), 404),
    "an event that the server sends": Rejected("news", ({"text": "x"},), 404),
}


@pytest.mark.parametrize("case", REJECTED.values(), ids=REJECTED)
def test_a_bad_event_is_answered_and_not_handled(service: Process, connect: Connect, case: Rejected) -> None:
    client = connect(service.url)
    error = error_of(client.call(case.event, *case.args))
    assert error["status"] == case.status
    assert error["title"]
    assert error["detail"]
    if case.pointer is not None:
        assert error["pointer"] == case.pointer
    assert client.call("calls", case.event) == [0]


FAILED = {
    "the handler raises": "fail",
    "the handler's result breaks the ack schema": "misanswer",
    "the handler emits what breaks the contract": "misspeak",
    "the handler emits an event that the contract does not have": "misname",
}


@pytest.mark.parametrize("event", FAILED.values(), ids=FAILED)
def test_a_fault_of_the_server_is_answered_without_detail(
    service: Process, connect: Connect, event: str
) -> None:
    client = connect(service.url)
    error = error_of(client.call(event, "x"))
    assert error["status"] == 500
    assert error["title"]
    assert "detail" not in error
    assert_still_serving(client)
    # What the contract forbids was never sent: the first news is this.
    client.call("tell", "good news")
    assert client.receive("news") == [{"text": "good news"}]


def test_a_broadcast_reaches_every_client(service: Process, connect: Connect) -> None:
    clients = [connect(service.url) for _ in range(3)]
    clients[0].call("tell", "hello")
    assert [client.receive("news") for client in clients] == [[{"text": "hello"}]] * 3


def test_a_room_hears_what_is_sent_to_it(service: Process, connect: Connect) -> None:
    speaker, inside, outside = (connect(service.url) for _ in range(3))
    for client in (speaker, inside):
        client.call("enter", "kitchen")
    speaker.call("tell room", "kitchen", "tea is ready")
    assert inside.receive("news") == [{"text": "tea is ready"}]
    speaker.call("tell", "to all")  # the first news of everyone else
    assert speaker.receive("news") == outside.receive("news") == [{"text": "to all"}]


def test_send_is_the_event_message(service: Process, connect: Connect) -> None:
    client = connect(service.url)
    client.call("message", "hello")
    assert client.receive("message") == ["hello"]


def test_a_client_acknowledges_a_callback(service: Process, connect: Connect) -> None:
    client = connect(service.url)
    client.answer("question", 42)
    client.call("ask later", "how many?")
    assert client.receive("question") == ["how many?"]
    assert client.receive("answered") == [42]


def test_a_client_acknowledges_a_call(service: Process, connect: Connect) -> None:
    client = connect(service.url)
    client.answer("question", 42)
    assert client.call("ask", "how many?") == [42]


WRONG_ACKS: dict[str, tuple[object, ...]] = {
    "a wrong type": ("many",),
    "too few": (),
    "too many": (1, 2),
    "bytes": (b"42",),
}


@pytest.mark.parametrize("ack", WRONG_ACKS.values(), ids=WRONG_ACKS)
def test_a_wrong_ack_never_reaches_the_callback(
    service: Process, connect: Connect, ack: tuple[object, ...]
) -> None:
    client = connect(service.url)
    client.answer("question", *ack)
    service.mark()
    client.call("ask later", "how many?")
    client.receive("question")
    service.wait_for(service.records)
    assert_still_serving(client)
    assert client.call("calls", "answered") == [0]
    assert len(service.records()) == 1


@pytest.mark.parametrize("ack", WRONG_ACKS.values(), ids=WRONG_ACKS)
def test_a_wrong_ack_of_a_call_fails_the_handler(
    service: Process, connect: Connect, ack: tuple[object, ...]
) -> None:
    client = connect(service.url)
    client.answer("question", *ack)
    assert error_of(client.call("ask", "how many?"))["status"] == 500
    assert_still_serving(client)


def test_an_error_handler_words_the_ack(service: Process, connect: Connect) -> None:
    client = connect(service.url, "/guarded")
    assert client.call("greet", {}) == [{"handled": "PayloadValidationException"}]
    assert client.call("gret", {}) == [{"handled": "UnknownEventException"}]
    assert client.call("greet", {"name": "Ada"}) == ["Hello, Ada"]


def error_of(ack: list[Any]) -> dict[str, Any]:
    """Return the error of an error ack, which has nothing else."""
    assert len(ack) == 1
    assert list(ack[0]) == ["error"], ack
    error: dict[str, Any] = ack[0]["error"]
    return error


def assert_still_serving(client: Client) -> None:
    """A connection that survived what came before still takes an event."""
    assert client.call("greet", {"name": "Ada"}) == ["Hello, Ada"]
