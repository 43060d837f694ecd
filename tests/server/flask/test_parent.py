"""What Flask-SocketIO can do still works, and the hooks of it that the adapter relies on are as they were."""

from __future__ import annotations

import inspect
import json
from typing import Any
from unittest.mock import MagicMock

import flask
import flask_socketio
import pytest
import socketio
from socketio.packet import EVENT, Packet

from asynction import AsynctionSocketIO
from asynction.server._socketio.packet import MALFORMED, StrictJSON, _ContractPacket
from asynction.testing import serve_wsgi
from tests.guards import TABLES, Row, check
from tests.server.support import (
    INTEGER,
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
from tests.serving import connected

SAY = of(message("say", STRING, INTEGER), sends=[message("said", STRING)])
BYTES = {"type": "string", "format": "binary"}


def served(spec: Any = SAY, handler: Any = len, **kwargs: Any) -> AsynctionSocketIO:
    asio = build(spec, **kwargs)
    asio.on("say")(handler)
    return asio


# The parents' hooks -----------------------------------------------------------------------------


@pytest.mark.parametrize("row", TABLES["flask"], ids=str)
def test_the_parents_have_what_we_rely_on(row: Row) -> None:
    check(row)


def test_the_parent_gives_a_connect_handler_the_auth_and_tries_again_without() -> None:
    """Why `_connect` takes an optional `auth` and never lets a TypeError through."""
    calls: list[tuple[Any, ...]] = []

    def handler(*args: Any) -> None:
        calls.append(args)
        if args:
            raise TypeError

    app = flask.Flask("plain")
    plain = flask_socketio.SocketIO(app, async_mode="threading")
    plain.on("connect")(handler)
    plain.test_client(app, auth={"token": 1})
    assert calls == [({"token": 1},), ()]


def test_the_parent_tries_a_disconnect_handler_again_without_the_reason() -> None:
    """Why `_disconnect` never lets a TypeError through."""
    calls: list[tuple[Any, ...]] = []

    def handler(*args: Any) -> None:
        calls.append(args)
        if args:
            raise TypeError

    app = flask.Flask("plain")
    plain = flask_socketio.SocketIO(app, async_mode="threading")
    plain.on("disconnect")(handler)
    plain.test_client(app).disconnect()
    assert calls == [("client disconnect",), ()]


def test_the_parent_asks_the_error_handlers_that_we_ask() -> None:
    app = flask.Flask("plain")
    plain = flask_socketio.SocketIO(app, async_mode="threading")
    plain.on_error(namespace="/chat")(len)
    plain.on_error_default(repr)
    assert plain.exception_handlers == {"/chat": len}
    assert plain.default_exception_handler is repr


def test_the_parent_prefers_handlers_to_classes_and_names_to_wildcards() -> None:
    server = socketio.Server(async_mode="threading")
    server.on("*", "wildcard", namespace="/")
    server.on("say", "own", namespace="/")
    assert server._get_event_handler("say", "/", ()) == ("own", ())
    assert server._get_event_handler("other", "/", ()) == ("wildcard", ("other",))
    assert server._get_event_handler("connect", "/", ()) == (None, ())
    source = inspect.getsource(socketio.Server._trigger_event)
    assert source.index("_get_event_handler") < source.index("_get_namespace_handler")


def test_the_server_is_told_of_every_namespace() -> None:
    asio = build(document({"/": {}, "/chat": {}}))
    for namespace in ("/", "/chat"):
        assert set(asio.server.handlers[namespace]) == {"connect", "disconnect", "*"}


def test_an_event_is_read_by_our_packet() -> None:
    asio = served()
    packet = asio.server.packet_class(encoded_packet='2["connect"]')
    assert packet.data[0] == MALFORMED
    assert asio.server.packet_class.json is StrictJSON


@pytest.mark.parametrize("own_json", [False, True])
def test_bytes_are_searched_for_only_where_another_writer_may_hide_them(
    monkeypatch: pytest.MonkeyPatch, own_json: bool
) -> None:
    text, mixed = served(), served(of(message("say", STRING, BYTES), sends=[message("said", BYTES)]))
    unchecked, free = served(validation=False), served(strict=False)
    search = MagicMock(return_value=False)
    monkeypatch.setattr(_ContractPacket, "data_is_binary", search)
    for asio, searched in ((text, False), (mixed, True), (unchecked, True), (free, True)):
        search.reset_mock()
        if own_json:
            monkeypatch.setattr(asio.server.packet_class, "json", json)
        asio.server.packet_class(EVENT, ["said", "a"])
        assert search.called == (searched and own_json)


# Serializers ------------------------------------------------------------------------------------

MIXED = of(
    message("say", pair(STRING, BYTES), BYTES),
    sends=[message("said", pair(STRING, BYTES))],
)


def test_msgpack_is_held_to_the_contract() -> None:
    asio = served(MIXED, lambda text, data: data[::-1], serializer="msgpack")
    with (
        serve_wsgi(app_of(asio)) as url,
        connected(url, serializer="msgpack") as client,
    ):
        assert client.call("say", "a", b"xyz") == [b"zyx"]
        assert client.call("say", b"a", b"xyz")[0]["error"]["pointer"] == "/0"
        assert client.call("say", "a", "xyz")[0]["error"]["pointer"] == "/1"
        assert client.call("say", "a")[0]["error"]["status"] == 400
        assert client.call("say", float("nan"), b"xyz")[0]["error"]["status"] == 400
        assert client.call("connect")[0]["error"]["status"] == 404
        asio.emit("said", "a", b"x")
        assert client.next_event() == ("said", ("a", b"x"))


def test_json_of_ones_own_is_used_and_nobody_elses_is_changed() -> None:
    class Loud:
        dumps = staticmethod(lambda value, **options: json.dumps(value, **options).upper())
        loads = staticmethod(json.loads)

    asio, other = served(json=Loud), served()
    client = client_of(asio)
    asio.emit("said", "abc")
    assert client.get_received() == [{"name": "SAID", "args": ["ABC"], "namespace": "/"}]
    assert client.ask("say", "abc") == [3]
    assert client.ask("say", float("nan"))[0]["ERROR"]["POINTER"] == "/0"
    assert other.server.packet_class.json is StrictJSON
    assert Packet.json is not Loud


def test_flasks_own_json_is_used() -> None:
    asio = served(json=flask.json)
    assert client_of(asio).ask("say", "abc") == [3]
    assert client_of(asio).ask("say", 1)[0]["error"]["pointer"] == "/0"


def test_a_packet_class_of_ones_own_is_used() -> None:
    class Counting(Packet):  # type: ignore[misc]  # the library has no types
        encoded = 0

        def encode(self) -> Any:
            type(self).encoded += 1
            return super().encode()

    asio = served(serializer=Counting)
    client = client_of(asio)
    assert client.ask("say", "abc") == [3]
    assert client.ask("say", 1)[0]["error"]["status"] == 400
    assert asio.server.packet_class.encoded >= 3


# Flask ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("manage_session", [True, False])
def test_sessions_work(manage_session: bool) -> None:
    def say(text: str) -> int:
        flask.session["count"] = flask.session.get("count", 0) + 1
        return int(flask.session["count"])

    asio = served(handler=say, manage_session=manage_session)
    app = app_of(asio)
    app.secret_key = "for tests"

    @app.get("/login")
    def login() -> str:
        flask.session["count"] = 10
        return "welcome"

    browser = app.test_client()
    browser.get("/login")
    client = client_of(asio, flask_test_client=browser)
    assert client.ask("say", "a") == [11]
    assert client.ask("say", "a") == [12 if manage_session else 11]


def test_current_app_and_request_are_those_of_the_client() -> None:
    def say(text: str) -> int:
        assert flask.current_app.name == "test"
        return len(flask.request.headers["X-Tag"])

    asio = served(handler=say)
    assert client_of(asio, headers={"X-Tag": "abc"}).ask("say", "a") == [3]


def test_two_servers_in_one_app() -> None:
    app = flask.Flask("both")
    first = served(app=app, path="first")
    second = served(of(message("say", INTEGER)), handler=lambda number: number + 1, app=app, path="second")
    with (
        serve_wsgi(app) as url,
        connected(url, path="first") as one,
        connected(url, path="second") as two,
    ):
        assert one.call("say", "abc") == [3]
        assert two.call("say", 1) == [2]
        assert one.call("say", 1)[0]["error"]["status"] == 400
        assert two.call("say", "abc")[0]["error"]["status"] == 400
        first.emit("said", "hello")
        assert one.next_event() == ("said", ("hello",))
        assert two.events.empty()
        assert app.extensions["socketio"] is second


def test_http_routes_are_served_beside_it() -> None:
    asio = served()
    app_of(asio).add_url_rule("/hello", view_func=lambda: "hello")
    assert app_of(asio).test_client().get("/hello").text == "hello"


def test_an_event_after_the_disconnection_is_ignored() -> None:
    handler = MagicMock(return_value=1)
    asio = served(handler=handler)
    client = client_of(asio)
    client.disconnect()
    asio.server._handle_eio_message(client.eio_sid, '21["say","abc"]')
    handler.assert_not_called()


def test_close_room_and_rooms_are_the_parents() -> None:
    spec = of(message("join", STRING), sends=[message("said", STRING)])
    asio = build(spec)
    asio.on("join")(flask_socketio.join_room)
    client = client_of(asio)
    client.emit("join", "room")
    asio.emit("said", "a", to="room")
    asio.close_room("room")
    asio.emit("said", "b", to="room")
    assert [packet["args"] for packet in client.get_received()] == [["a"]]


def test_run_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    run = MagicMock()
    monkeypatch.setattr(flask.Flask, "run", run)
    asio = served()
    asio.run(app_of(asio), host="127.0.0.1", port=8000, allow_unsafe_werkzeug=True)
    run.assert_called_once_with(host="127.0.0.1", port=8000, threaded=True, use_reloader=False)


def test_other_channels_do_not_know_each_other() -> None:
    spec = document({"/": channel([message("say", STRING)]), "/b": channel([message("tell", INTEGER)])})
    asio = build(spec)
    asio.on("say")(len)
    asio.on("tell", namespace="/b")(str)
    client = client_of(asio)
    client.connect(namespace="/b")
    assert client.ask("tell", 1)[0]["error"]["status"] == 404
    assert client.ask("say", "abc", namespace="/b")[0]["error"]["status"] == 404
    assert client.ask("tell", 1, namespace="/b") == ["1"]
