"""The client and real servers: one that keeps the contract, one that does not."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Queue
from typing import Any

import pytest
from socketio.exceptions import ConnectionError as NotConnected
from socketio.exceptions import ConnectionRefusedError as SocketIORefusal

from asynction import (
    AsynctionSocketIO,
    BindingsValidationException,
    MessageAckValidationException,
    PayloadValidationException,
    UnknownEventException,
)
from asynction.client import AsynctionClient, CallError, ConnectionRefused
from asynction.exceptions import ValidationException
from asynction.testing import serve_wsgi
from tests.client.support import HANDSHAKE, SPEC, breaking, connected, joining
from tests.server.support import INTEGER, STRING, app_of, build, channel, document, message, of
from tests.serving import DEADLINE

EVERYWHERE = ["/", "/news", "/rooms/42"]
transports = pytest.mark.parametrize("transport", ["websocket", "polling"])


def made(**kwargs: Any) -> AsynctionSocketIO:
    """A server that keeps the contract and has all its handlers."""
    asio = build(SPEC, **kwargs)
    asio.on("double")(lambda number: number * 2)
    asio.on("note")(lambda text: asio.emit("told", text))
    asio.on("pair")(lambda text, number: (text, number))
    asio.on("blob")(lambda data: data + b"!")
    asio.on("bare")(lambda *args: list(args))
    asio.on("fail")(lambda number: {"error": number})
    asio.on("read", namespace="/news")(lambda: "news")
    asio.on("say", namespace="/rooms/{roomId}")(_say)
    return asio


def _say(text: str, *, room_id: int) -> str:
    return f"{room_id}: {text}"


@contextmanager
def serving_flask(asio: AsynctionSocketIO | None = None, **kwargs: Any) -> Iterator[str]:
    with serve_wsgi(app_of(asio or made(**kwargs))) as url:
        yield url


@transports
def test_both_sides_talk(transport: str) -> None:
    got: Queue[Any] = Queue()
    with serving_flask() as url, joining() as client:
        client.on("told", got.put)
        client.connect(url, transports=[transport], wait_timeout=DEADLINE)
        assert client.transport() == transport
        assert client.call("double", 2) == 4
        assert client.call("pair", ("a", 1)) == ("a", 1)
        assert client.call("blob", b"\x00") == b"\x00!"
        client.emit("note", "hello")
        assert got.get(timeout=DEADLINE) == "hello"
        client.emit("double", 4, callback=got.put)
        assert got.get(timeout=DEADLINE) == 8


def test_without_names_all_namespaces_without_parameters_are_entered() -> None:
    with serving_flask() as url, connected(url) as client:
        assert sorted(client.namespaces) == ["/", "/news"]
        assert client.call("read", namespace="/news") == "news"


def test_a_namespace_with_parameters_is_named() -> None:
    with serving_flask() as url, connected(url, namespaces=EVERYWHERE) as client:
        assert client.call("say", "hi", namespace="/rooms/42") == "42: hi"
        with pytest.raises(PayloadValidationException):
            client.call("say", 1, namespace="/rooms/42")


@pytest.mark.parametrize("namespaces", ["/chat", ["/", "/rooms/x"]])
def test_a_namespace_that_the_contract_does_not_have_is_not_entered(namespaces: Any) -> None:
    with joining() as client, pytest.raises(UnknownEventException, match="no namespace"):
        client.connect("http://127.0.0.1:1", namespaces=namespaces)


def test_namespaces_with_parameters_must_be_named() -> None:
    rooms = document({"/rooms/{roomId}": SPEC["channels"]["/rooms/{roomId}"]})
    with joining(rooms) as client, pytest.raises(ValueError, match="pass `namespaces`"):
        client.connect("http://127.0.0.1:1")


def test_without_strict_bound_namespaces_are_entered() -> None:
    client = AsynctionClient.from_spec(SPEC, strict=False)
    client.on("other", print, "/other")
    assert client._namespaces_to_connect(None) == ["/", "/news", "/other"]
    assert AsynctionClient()._namespaces_to_connect(None) == ["/"]


def test_messages_may_be_packed() -> None:
    with serving_flask(serializer="msgpack") as url, joining(serializer="msgpack") as client:
        client.connect(url, wait_timeout=DEADLINE)
        assert client.call("double", 2) == 4
        assert client.call("blob", b"\x00") == b"\x00!"
        with pytest.raises(PayloadValidationException):
            client.call("double", b"x")


def test_the_servers_own_refusal_of_an_event_is_an_exception() -> None:
    spec = of(message("double", STRING))
    with serving_flask() as url, connected(url, spec) as client, pytest.raises(CallError) as caught:
        client.call("double", "x")
    assert (caught.value.status, caught.value.pointer) == (400, "/0")


def test_a_server_that_breaks_the_contract_is_not_believed(caplog: pytest.LogCaptureFixture) -> None:
    told: Queue[Any] = Queue()
    acked: Queue[Any] = Queue()

    def note(sid: str, text: str) -> None:
        server.emit("asked", "secret", to=sid, callback=lambda *args: acked.put(args))

    with (
        breaking("/", "/news", double=lambda sid, number: "text", note=note) as (url, server),
        connected(url) as client,
    ):
        client.on("asked", told.put)
        client.exception_handler(ValidationException)(told.put)
        with pytest.raises(MessageAckValidationException):
            client.call("double", 1)
        client.emit("note", "x")
        assert isinstance(told.get(timeout=DEADLINE), PayloadValidationException)
        (answer,) = acked.get(timeout=DEADLINE)
        assert answer["error"]["status"] == 400
        client.emit("double", 1, callback=told.put)
        assert isinstance(told.get(timeout=DEADLINE), MessageAckValidationException)
    assert "secret" not in caplog.text


# Connecting ------------------------------------------------------------------------------------


def with_server(url: str, **fields: Any) -> dict[str, Any]:
    return document({"/": channel()}, servers={"main": {"url": url, "protocol": "ws", **fields}})


@pytest.mark.parametrize("scheme", ["ws://", "http://", ""])
def test_the_contract_knows_where_to_connect(scheme: str) -> None:
    with serving_flask(build(path := with_server("ws://x.example/here/sio"))) as url:
        address = url.removeprefix("http://")
        with joining(with_server(f"{scheme}{address}/here/sio")) as client:
            client.connect(wait_timeout=DEADLINE)
            assert client.socketio_path == "here/sio"
        with joining(path) as client:
            client.connect(url, wait_timeout=DEADLINE)
            assert client.connected


def test_a_secure_server_is_spoken_to_securely() -> None:
    client = AsynctionClient.from_spec(with_server("x.example", protocol="wss"))
    assert client._server_url() == "https://x.example"


def test_a_client_must_know_where_to_connect() -> None:
    with joining() as client, pytest.raises(ValueError, match="no server: pass `url`"):
        client.connect()


def test_one_of_several_servers_is_chosen() -> None:
    servers = {name: {"url": f"ws://{name}.example", "protocol": "ws"} for name in ("a", "b")}
    client = AsynctionClient.from_spec(document({"/": {}}, servers=servers), server_name="b")
    assert client._server_url() == "ws://b.example"


@pytest.mark.parametrize(
    "brought",
    [{}, {"query": {"level": "high"}}, {"query": {"level": 1}, "headers": {"x-team": "blue"}}],
)
def test_what_breaks_the_handshake_never_leaves(brought: dict[str, Any]) -> None:
    with joining(of(bindings=HANDSHAKE)) as client, pytest.raises(BindingsValidationException):
        client.connect("http://127.0.0.1:1", **brought)


def test_the_auth_payload_is_held_to_the_contract() -> None:
    spec = of(x_auth={"type": "object", "required": ["token"]})
    with joining(spec) as client, pytest.raises(BindingsValidationException, match="auth"):
        client.connect("http://127.0.0.1:1", auth={"other": 1})


def test_without_validation_the_server_decides() -> None:
    spec = of(bindings=HANDSHAKE)
    with (
        serving_flask(build(spec)) as url,
        joining(spec, validation=False) as client,
        pytest.raises(ConnectionRefused) as caught,
    ):
        client.connect(url, wait_timeout=DEADLINE)
    assert caught.value.status == 400
    assert "query" in caught.value.reason
    assert caught.value.data == caught.value.refusals["/"]["data"]  # type: ignore[index]  # as it is here


def test_what_keeps_the_handshake_is_brought() -> None:
    spec = of(bindings=HANDSHAKE)
    with (
        serving_flask(build(spec)) as url,
        connected(url, spec, query={"level": 1}, headers={"x-team": "red"}) as client,
    ):
        assert client.connected


SCHEMES = {
    "token": {"type": "http", "scheme": "bearer", "x-bearerInfoFunc": "tests.client.test_sync.knows"},
    "key": {
        "type": "httpApiKey",
        "in": "query",
        "name": "key",
        "x-apiKeyInfoFunc": "tests.client.test_sync.knows",
    },
}


def knows(secret: str, required: list[str], *_: object) -> dict[str, str] | None:
    """Say who has a secret."""
    return {"sub": "ann"} if secret == "secret" else None


@pytest.mark.parametrize("name", SCHEMES)
def test_credentials_are_put_where_their_scheme_says(name: str) -> None:
    spec = of(x_security=[{name: []}]) | {"components": {"securitySchemes": SCHEMES}}
    with serving_flask(build(spec)) as url:
        with connected(url, spec, credentials={name: "secret"}) as client:
            assert client.connected
        with joining(spec) as client, pytest.raises(ConnectionRefused) as caught:
            client.connect(url, wait_timeout=DEADLINE, credentials={name: "other"})
        assert caught.value.status == 401


def test_a_refusal_says_why() -> None:
    def connect(sid: str, environ: Any, auth: Any = None) -> None:
        raise SocketIORefusal("not today", {"status": 403, "until": "monday"})

    told: Queue[Any] = Queue()
    with breaking(connect=connect) as (url, _), joining(of()) as client:
        client.on("connect_error", told.put)
        with pytest.raises(ConnectionRefused, match="refuses `/`: not today") as caught:
            client.connect(url, wait_timeout=DEADLINE)
        assert told.get(timeout=DEADLINE)["message"] == "not today"
    assert caught.value.status == 403
    assert caught.value.data == {"status": 403, "until": "monday"}


def test_a_server_that_is_not_there_is_none_that_refuses() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with joining(of()) as client, pytest.raises(NotConnected) as caught:
        client.connect(f"http://127.0.0.1:{port}")
    assert not isinstance(caught.value, ConnectionRefused)


def test_the_first_connection_may_be_tried_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        dead = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with (
        serving_flask(build(of())) as url,
        joining(of(), reconnection=True, reconnection_delay=0, randomization_factor=0) as client,
    ):
        urls = iter([dead, dead, url])
        client.connect(lambda: next(urls), wait_timeout=DEADLINE, retry=True)
        assert client.connected


def test_binary_events_arrive_whole() -> None:
    got: Queue[Any] = Queue()
    pictures = [bytes([number]) * 100 for number in range(200)]

    def note(sid: str, text: str) -> None:
        for picture in pictures:
            server.emit("picture", picture, to=sid)

    with (
        breaking("/", "/news", note=note) as (url, server),
        connected(url, transports=["websocket"]) as client,
    ):
        client.on("picture", got.put)
        client.emit("note", "go")
        assert sorted(got.get(timeout=DEADLINE) for _ in pictures) == pictures


def drop(client: AsynctionClient) -> None:
    """Lose the connection as a network would."""
    client.eio.ws.sock.shutdown(socket.SHUT_RDWR)


def test_a_lost_connection_comes_back_with_all_that_was_brought() -> None:
    numbers: Iterator[int] = iter(range(100))
    entered: Queue[Any] = Queue()
    left: Queue[Any] = Queue()
    spec = of(message("double", ack=INTEGER), bindings=HANDSHAKE)
    asio = build(spec)
    asio.on("double")(lambda *args: 2)
    asio.on("connect")(entered.put)
    with (
        serve_wsgi(app_of(asio)) as url,
        joining(
            spec,
            reconnection=True,
            reconnection_delay=0,
            randomization_factor=0,
        ) as client,
    ):
        client.on("disconnect", left.put)
        client.connect(
            url,
            auth=lambda: {"n": next(numbers)},
            query={"level": 3},
            transports=["websocket"],
            wait_timeout=DEADLINE,
        )
        back: Queue[Any] = Queue()
        client.on("connect", lambda: back.put(None))
        assert entered.get(timeout=DEADLINE) == {"n": 0}
        drop(client)
        assert left.get(timeout=DEADLINE)
        assert entered.get(timeout=DEADLINE) == {"n": 1}
        back.get(timeout=DEADLINE)
        assert client.call("double") == 2


def test_what_stands_against_a_connection_does_not_end_the_attempts(caplog: Any) -> None:
    caplog.set_level(logging.WARNING)
    levels: Iterator[dict[str, object]] = iter([{"level": 1}, {}, {"level": "x"}, {"level": 2}])
    back: Queue[Any] = Queue()
    spec = of(bindings=HANDSHAKE)
    with (
        serving_flask(build(spec)) as url,
        joining(spec, reconnection=True, reconnection_delay=0, randomization_factor=0) as client,
    ):
        client.connect(url, query=lambda: next(levels), transports=["websocket"], wait_timeout=DEADLINE)
        client.on("connect", lambda: back.put(None))
        drop(client)
        back.get(timeout=DEADLINE)
    assert caplog.text.count("cannot connect again: BindingsValidationException") == 2


def test_a_refusal_does_not_end_the_attempts() -> None:
    answers = iter([None, False, None])
    back: Queue[Any] = Queue()

    def connect(sid: str, environ: Any, auth: Any = None) -> Any:
        return next(answers)

    with (
        breaking(connect=connect) as (url, _),
        joining(of(), reconnection=True, reconnection_delay=0, randomization_factor=0) as client,
    ):
        client.on("connect_error", back.put)
        client.connect(url, transports=["websocket"], wait_timeout=DEADLINE)
        client.on("connect", lambda: back.put("connect"))
        drop(client)
        assert back.get(timeout=DEADLINE) != "connect"
        assert back.get(timeout=DEADLINE) == "connect"


def test_a_call_is_told_that_its_connection_is_lost() -> None:
    from socketio.exceptions import DisconnectedError

    with breaking("/", "/news", double=lambda sid, number: drop(client)) as (url, _):  # noqa: SIM117
        with connected(url, transports=["websocket"]) as client, pytest.raises(DisconnectedError):
            client.call("double", 1, timeout=DEADLINE)
