"""Namespaces with parameters on the Flask server: who gets in, what handlers receive, what is sent."""

from __future__ import annotations

from typing import Any

import flask
import flask_socketio
import pytest
from flask_socketio import emit

from asynction import AsynctionSocketIO, DocumentError, UnknownEventException
from asynction.testing import serve_wsgi
from tests.server.support import INTEGER, STRING, app_of, build, channel, client_of, document, message
from tests.serving import connected

ROOM = {"roomId": {"schema": {"type": "integer", "minimum": 1}}}
COLOUR = {"colour": {"schema": {"enum": ["red", "blue"]}}}


def rooms(**rest: Any) -> dict[str, Any]:
    say = message("say", STRING, ack=INTEGER)
    paint = message("paint", STRING, ack=STRING)
    said = message("said", STRING)
    return document(
        {
            "/rooms/{roomId}": channel([say], [said], parameters=ROOM),
            "/rooms/{colour}": channel([say, paint], parameters=COLOUR),
            "/plain": channel([say]),
        },
        **rest,
    )


def served(**kwargs: Any) -> AsynctionSocketIO:
    asio = build(rooms(), **kwargs)

    @asio.on("say", namespace="/rooms/{roomId}")
    def say(text: str, *, room_id: int) -> int:
        emit("said", text, broadcast=True)
        return room_id

    @asio.on("say", namespace="/rooms/{colour}")
    def say_colour(text: str) -> int:
        return len(text)

    @asio.on("paint", namespace="/rooms/{colour}")
    def paint(text: str, *, colour: str) -> str:
        return f"{text} in {colour}"

    @asio.on("say", namespace="/plain")
    def say_plainly(text: str) -> int:
        return -1

    return asio


@pytest.mark.parametrize(
    ("namespace", "event", "ack"),
    [
        ("/rooms/42", "say", 42),
        ("/rooms/7", "say", 7),
        ("/rooms/red", "say", 2),
        ("/rooms/blue", "paint", "hi in blue"),
        ("/plain", "say", -1),
    ],
)
def test_a_handler_receives_the_parameters_of_its_namespace(namespace: str, event: str, ack: object) -> None:
    client = client_of(served(), namespace)

    assert client.ask(event, "hi", namespace=namespace) == [ack]


def test_what_matches_no_namespace_is_refused() -> None:
    asio = served()

    for namespace in ("/rooms/0", "/rooms/green", "/rooms", "/rooms/1/2", "/", "/other"):
        assert not client_of(asio, namespace).is_connected(namespace)


@pytest.mark.parametrize(
    ("namespace", "event", "args", "status"),
    [
        ("/rooms/1", "say", (1,), 400),
        ("/rooms/1", "paint", ("x",), 404),
        ("/rooms/1", "shout", ("x",), 404),
        ("/rooms/1", "connect", (), 404),
    ],
)
def test_events_are_held_to_the_contract_of_the_pattern(
    namespace: str, event: str, args: tuple[object, ...], status: int
) -> None:
    (ack,) = client_of(served(), namespace).ask(event, *args, namespace=namespace)

    assert ack["error"]["status"] == status


def test_what_is_sent_goes_to_one_namespace_and_is_checked() -> None:
    asio = served()
    here, there = client_of(asio, "/rooms/1"), client_of(asio, "/rooms/2")

    here.ask("say", "hi", namespace="/rooms/1")

    assert [each["args"] for each in here.get_received("/rooms/1")] == [["hi"]]
    assert there.get_received("/rooms/2") == []
    with pytest.raises(UnknownEventException):
        asio.emit("said", "hi", namespace="/rooms/x")


def test_a_real_client_is_told_why_it_is_refused() -> None:
    asio = served()
    with serve_wsgi(asio.sockio_mw.flask_app) as url:
        with connected(url, "/rooms/5") as client:
            assert client.call("say", "hi", namespace="/rooms/5") == [5]
            assert client.refusals == {}
        with connected(url, "/rooms/x") as client:
            assert client.refusals["/rooms/x"]["data"]["status"] == 404
            assert client.refusals["/rooms/x"]["message"] == "no namespace `/rooms/x`"


def test_lifecycle_events_receive_the_parameters_too() -> None:
    seen: list[object] = []
    asio = served()

    @asio.on("connect", namespace="/rooms/{roomId}")
    def connect(*, roomId: int) -> None:  # noqa: N803 - the parameter's own spelling
        seen.append(("connect", roomId))

    @asio.on("disconnect", namespace="/rooms/{roomId}")
    def disconnect(reason: str, *, room_id: int) -> None:
        seen.append(("disconnect", room_id))

    client = client_of(asio, "/rooms/3")
    client.disconnect("/rooms/3")

    assert seen == [("connect", 3), ("disconnect", 3)]


def test_the_error_handler_of_a_pattern_answers_for_its_namespaces() -> None:
    asio = served()
    asio.on_error("/rooms/{roomId}")(lambda error: "sorry")

    assert client_of(asio, "/rooms/1").ask("say", 1, namespace="/rooms/1") == ["sorry"]


def test_without_strict_other_namespaces_are_let_in() -> None:
    asio = served(strict=False)
    asio.on("hi", namespace="/own")(lambda: "own")
    client = client_of(asio, "/own")

    assert client.ask("hi", namespace="/own") == ["own"]
    client.disconnect("/own")


def test_an_event_of_no_namespace_is_answered_without_strict() -> None:
    asio = served(strict=False)
    (ack,) = client_of(asio, "/elsewhere").ask("say", "x", namespace="/elsewhere")
    (other,) = client_of(asio, "/elsewhere").ask("shout", "x", namespace="/elsewhere")

    assert ack["error"]["status"] == other["error"]["status"] == 404


def test_a_keyword_that_the_namespace_does_not_have_is_a_problem() -> None:
    asio = build(rooms())

    with pytest.raises(DocumentError, match="`room`, which is not passed"):

        @asio.on("say", namespace="/rooms/{roomId}")
        def say(text: str, *, room: int) -> int:
            return room


def test_a_class_based_namespace_may_be_a_pattern() -> None:
    class Room(flask_socketio.Namespace):  # type: ignore[misc]  # the library has no types
        def on_say(self, text: str) -> int:
            self.emit("said", text)
            return int(flask.request.namespace.rpartition("/")[2])  # type: ignore[attr-defined]

    asio = served()
    asio.on_namespace(Room("/rooms/{roomId}"))
    client = client_of(asio, "/rooms/8")

    assert client.ask("say", "x", namespace="/rooms/8") == [8]
    assert [each["args"] for each in client.get_received("/rooms/8")] == [["x"]]


def test_a_pattern_is_no_address() -> None:
    asio = served()

    with pytest.raises(UnknownEventException, match="name one of its namespaces"):
        asio.emit("said", "x", namespace="/rooms/{roomId}")
    with app_of(asio).test_request_context(), pytest.raises(UnknownEventException):
        asio.call("said", "x", namespace="/rooms/{roomId}", to="sid")


def test_a_server_of_another_protocol_is_not_served() -> None:
    spec = rooms(servers={"queue": {"url": "mqtt://127.0.0.1", "protocol": "mqtt"}})

    with pytest.raises(
        DocumentError, match="protocol /servers/queue the server `queue` uses the protocol `mqtt`"
    ):
        build(spec)


def test_a_payload_in_another_language_is_not_served() -> None:
    avro = {**message("a", {"type": "record"}), "schemaFormat": "application/vnd.apache.avro;version=1.9.0"}
    spec = document({"/": channel([avro, message("b", STRING)])})

    with pytest.raises(DocumentError, match=r"schema-format .*avro"):
        build(spec)
    contract = build(spec, validation=False).contract
    assert contract is not None
    assert contract.namespaces["/"].receives["a"].args is not None
