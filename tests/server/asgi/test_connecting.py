"""Connecting and disconnecting on the async server: who is let in, who is told why not, and nothing twice."""

# Mocks tell no signature, and a lambda is the handler that a signature is read of.
# ruff: noqa: PLW0108

from __future__ import annotations

import asyncio
from typing import Any
from unittest.mock import AsyncMock, MagicMock

import pytest
import socketio
from socketio.packet import CONNECT, CONNECT_ERROR, DISCONNECT

from asynction import AsynctionAsyncServer, EventException
from asynction.inject import Auth, Depends, Environ, Reason, SocketID
from asynction.server._asgi.testing import AsyncTestClient
from asynction.testing import serve_asgi
from tests.server.asgi.support import ask, eventually, made, refusal, run, talk
from tests.server.support import STRING, channel, document, message, no_namespace, of
from tests.serving import connected

NOTHING = of()
REFUSED = "Internal Server Error"
SERVER_FAULT = {"message": REFUSED, "data": {"status": 500, "title": REFUSED}}


# Being let in -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "handler",
    [
        lambda: None,
        lambda auth: None,
        lambda auth=None: None,
        lambda sid, environ: None,
        lambda sid, environ, auth: None,
        lambda sid, environ, auth=None: None,
        lambda *a: True,
        AsyncMock(return_value=None),
    ],
)
@pytest.mark.parametrize("auth", [None, {"token": 1}])
def test_a_handler_that_does_not_say_no_lets_in(handler: Any, auth: Any) -> None:
    asio = made(NOTHING)
    asio.on("connect", handler)
    assert refusal(asio, auth=auth) is None


def test_a_handler_gets_what_python_socketio_gives() -> None:
    seen: list[Any] = []

    async def connect(sid: str, environ: dict[str, Any], auth: Any) -> None:
        seen.extend([sid, environ["QUERY_STRING"].rpartition("&")[2], auth])

    asio = made(NOTHING, connect=connect)

    async def body(client: AsyncTestClient) -> None:
        assert seen == [client.sid(), "x=1", {"token": 1}]

    talk(asio, body, auth={"token": 1}, query_string="x=1")


def test_a_handler_gets_what_it_asks_for() -> None:
    seen: list[Any] = []

    def connect(auth: Auth, environ: Environ, sid: SocketID) -> None:
        seen.extend([auth, environ["HTTP_X_TAG"], sid])

    def disconnect(reason: Reason, sid: SocketID) -> None:
        seen.extend([reason, sid])

    asio = made(NOTHING, connect=connect, disconnect=disconnect)

    async def body(client: AsyncTestClient) -> str:
        sid = client.sid()
        await client.disconnect()
        return sid

    sid = talk(asio, body, auth={"a": 1}, headers={"X-Tag": "x"})
    assert seen == [{"a": 1}, "x", sid, "client disconnect", sid]


@pytest.mark.parametrize("name", ["connect", "connect_with"])
def test_the_handler_of_the_document_is_called(name: str, calls: list[Any]) -> None:
    asio = made(of(x_handlers={"connect": f"tests.server.handlers.{name}"}))
    assert refusal(asio, auth={"token": 1}) is None
    assert calls == [("connect", ({"token": 1},) if name == "connect_with" else ())]


def test_a_handler_uses_rooms_and_sessions() -> None:
    asio = made(of(message("say"), sends=[message("said", STRING)]))

    @asio.on("connect")
    async def connect(sid: str, environ: Any) -> None:
        await asio.enter_room(sid, "all")
        async with asio.session(sid) as session:
            session["count"] = 1

    @asio.on("say")
    async def say(sid: str) -> Any:
        async with asio.session(sid) as session:
            session["count"] += 1
        assert sorted(asio.rooms(sid)) == sorted(["all", sid])
        await asio.emit("said", "hello", room="all")
        return (await asio.get_session(sid))["count"]

    async def body(client: AsyncTestClient) -> None:
        assert await client.call("say") == [2]
        assert (await client.receive())["args"] == ["hello"]

    talk(asio, body)


# Being refused ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("result", "data"),
    [
        ({"return_value": False}, {"message": "Connection rejected by server"}),
        (
            {"side_effect": socketio.exceptions.ConnectionRefusedError("not today", {"until": 7})},
            {"message": "not today", "data": {"until": 7}},
        ),
        ({"side_effect": ConnectionRefusedError}, {"message": "Connection refused by server"}),
        ({"side_effect": LookupError("a secret")}, SERVER_FAULT),
        ({"side_effect": TypeError("a secret")}, SERVER_FAULT),
        (
            {"side_effect": EventException(409, "taken")},
            {"message": "taken", "data": {"status": 409, "title": "Conflict", "detail": "taken"}},
        ),
    ],
)
@pytest.mark.parametrize("kind", [MagicMock, AsyncMock])
@pytest.mark.parametrize("auth", [None, {"token": 1}])
def test_a_refused_client_is_told_so(result: Any, data: Any, kind: Any, auth: Any) -> None:
    handler = kind(**result)
    assert refusal(made(NOTHING, connect=lambda auth: handler()), auth=auth) == data
    assert handler.call_count == 1


@pytest.mark.parametrize("legacy", [lambda sid: None, lambda one, two, three, four: None])
def test_what_python_socketio_would_call_twice_is_called_once(legacy: Any) -> None:
    """It takes any TypeError for a wrong signature."""
    calls: list[int] = []

    def handler(*args: Any) -> None:
        calls.append(len(args))
        raise TypeError("a bug")

    for lifecycle_event in ("connect", "disconnect"):
        for auth in (None, {"a": 1}):
            calls.clear()
            refusal(made(NOTHING, **{lifecycle_event: handler}), auth=auth)
            assert len(calls) == 1


def test_a_failed_connection_is_one_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    refusal(made(NOTHING, connect=MagicMock(side_effect=LookupError)))
    (record,) = caplog.records
    assert record.getMessage() == "500 event 'connect' in '/': LookupError"


def test_the_reason_of_a_handler_that_refuses_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    refused = socketio.exceptions.ConnectionRefusedError("no")
    assert refusal(made(NOTHING, connect=MagicMock(side_effect=refused))) is not None
    (record,) = caplog.records
    assert record.getMessage() == "403 event 'connect' in '/': refused, because 'no'"


def test_an_exception_handler_hears_of_it_and_the_client_is_still_refused() -> None:
    errors: list[Exception] = []
    asio = made(NOTHING, connect=MagicMock(side_effect=LookupError))
    asio.exception_handler(LookupError)(errors.append)
    assert refusal(asio) == SERVER_FAULT
    assert [type(error) for error in errors] == [LookupError]


def test_auth_that_is_no_json_is_refused(caplog: pytest.LogCaptureFixture) -> None:
    handler = MagicMock(return_value=None)
    asio = made(NOTHING, connect=lambda auth: handler())

    async def main() -> list[Any]:
        sent: list[Any] = []

        async def sending(eio_sid: str, packet: Any) -> None:
            sent.append(packet)

        asio._send_packet = sending
        await asio._handle_eio_connect("eio", {"asgi.scope": {"headers": []}})
        await asio._handle_eio_message("eio", '0{"token":NaN}')
        return sent

    (answer,) = run(main())
    assert answer.packet_type == CONNECT_ERROR
    assert answer.data["message"] == "the packet is not JSON: NaN is not a JSON number"
    assert answer.data["data"]["status"] == 400
    assert len(caplog.records) == 1
    handler.assert_not_called()


# Always connect ---------------------------------------------------------------------------------


@pytest.mark.parametrize("refuses", [True, False])
def test_with_always_connect_a_client_is_put_out_again(refuses: bool) -> None:
    asio = AsynctionAsyncServer.from_spec(of(message("say")), always_connect=True)
    asio.on("connect", lambda: not refuses)
    asio.on("say", lambda: "said")

    async def body(client: AsyncTestClient) -> None:
        if refuses:
            await eventually(lambda: not client.is_connected())
        else:
            assert await client.call("say") == ["said"]
            assert client.refusals == {}

    talk(asio, body)


def test_with_always_connect_the_log_says_why_a_client_is_refused(caplog: pytest.LogCaptureFixture) -> None:
    binding = {"ws": {"query": {"type": "object", "required": ["level"]}}}
    asio = AsynctionAsyncServer.from_spec(of(bindings=binding), always_connect=True)

    async def body(client: AsyncTestClient) -> None:
        await eventually(lambda: not client.is_connected())

    talk(asio, body)
    assert "needs the property `level`" in caplog.text


# The handshake ----------------------------------------------------------------------------------

BOUND = of(
    bindings={
        "ws": {
            "query": {
                "type": "object",
                "required": ["level"],
                "properties": {"level": {"type": "integer"}, "tags": {"type": "array", "maxItems": 2}},
            },
            "headers": {"type": "object", "required": ["X-Tag"], "properties": {"X-Tag": {"maxLength": 3}}},
        }
    },
    x_auth={"type": "object", "required": ["token"]},
)
FINE: dict[str, Any] = {
    "query_string": "level=3&tags=a&tags=b",
    "headers": {"X-Tag": "abc"},
    "auth": {"token": 1},
}


def test_a_handshake_that_keeps_the_contract() -> None:
    handler = MagicMock(return_value=None)
    assert refusal(made(BOUND, connect=lambda auth: handler(auth)), **FINE) is None
    handler.assert_called_once_with({"token": 1})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"query_string": ""}, "query: needs the property `level`"),
        ({"query_string": "level=MARKER"}, "query: /level: must be integer"),
        ({"query_string": "level=1&tags=a&tags=b&tags=c"}, "query: /tags: must have at most 2 items"),
        ({"headers": {}}, "headers: needs the property `X-Tag`"),
        ({"headers": {"X-Tag": "MARKER"}}, "headers: /X-Tag: must have at most 3 characters"),
        ({"auth": None}, "auth: must be object"),
        ({"auth": {"MARKER": 1}}, "auth: needs the property `token`"),
    ],
)
def test_a_handshake_that_breaks_the_contract(
    change: Any, message: str, caplog: pytest.LogCaptureFixture
) -> None:
    handler = MagicMock()
    data = refusal(made(BOUND, connect=lambda: handler()), **FINE | change)
    assert data["message"].lower() == message.lower()  # HTTP does not tell the case of a header
    assert data["data"]["status"] == 400
    assert "MARKER" not in caplog.text
    handler.assert_not_called()


# Namespaces -------------------------------------------------------------------------------------


def test_an_unknown_namespace_is_refused_with_a_message() -> None:
    assert refusal(made(NOTHING), "/nowhere") == no_namespace("/nowhere")


def test_without_strict_the_parent_decides_on_namespaces() -> None:
    asio = AsynctionAsyncServer.from_spec(document({"/chat": {}}), strict=False)
    assert refusal(asio) is None
    assert refusal(made(document({"/chat": {}}))) == no_namespace("/")


@pytest.mark.parametrize("strict", [True, False])
def test_the_namespaces_option_is_the_users(strict: bool) -> None:
    spec = document({"/chat": {}})
    asio = AsynctionAsyncServer.from_spec(spec, namespaces=["/own", "/chat"], strict=strict)
    assert refusal(asio, "/own") is None


def test_a_real_client_is_told_of_each_namespace() -> None:
    spec = document({"/": channel([message("say", STRING)]), "/closed": {}})
    asio = made(spec, say=len)
    asio.on("connect", lambda: False, namespace="/closed")
    with serve_asgi(asio.asgi_app()) as url, connected(url, "/", "/closed", "/nowhere") as client:
        assert client.refusals == {
            "/closed": {"message": "Connection rejected by server"},
            "/nowhere": no_namespace("/nowhere"),
        }
        assert client.call("say", "abc") == [3]


# Disconnecting ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "handler",
    [
        lambda seen: lambda reason: seen.append(reason),
        lambda seen: lambda sid, reason: seen.append(reason),
        lambda seen: lambda sid, reason=None: seen.append(reason),
        lambda seen: lambda *args: seen.append(args[-1]),
    ],
)
def test_a_disconnect_handler_may_take_the_reason(handler: Any) -> None:
    seen: list[str] = []
    asio = made(NOTHING, disconnect=handler(seen))
    talk(asio, lambda client: client.disconnect())
    assert seen == ["client disconnect"]


@pytest.mark.parametrize(
    "handler", [lambda seen: lambda: seen.append(1), lambda seen: lambda sid: seen.append(1)]
)
def test_a_disconnect_handler_need_not(handler: Any) -> None:
    seen: list[int] = []
    talk(made(NOTHING, disconnect=handler(seen)), lambda client: client.disconnect())
    assert seen == [1]


@pytest.mark.parametrize("name", ["disconnect", "disconnect_with"])
def test_the_disconnect_handler_of_the_document_is_called(name: str, calls: list[Any]) -> None:
    asio = made(of(x_handlers={"disconnect": f"tests.server.handlers.{name}"}))
    talk(asio, lambda client: client.disconnect())
    assert calls == [("disconnect", ("client disconnect",) if name == "disconnect_with" else ())]


def test_the_server_disconnects() -> None:
    reasons: list[str] = []
    asio = made(of(message("leave")))
    asio.on("disconnect", lambda reason: reasons.append(reason))

    @asio.on("leave")
    async def leave(sid: str) -> None:
        await asio.disconnect(sid)

    async def body(client: AsyncTestClient) -> None:
        await client.emit("leave")
        await eventually(lambda: not client.is_connected())

    talk(asio, body)
    assert reasons == ["server disconnect"]


@pytest.mark.parametrize("error", [TypeError("a bug"), LookupError("a bug")])
@pytest.mark.parametrize("kind", [MagicMock, AsyncMock])
def test_a_disconnect_handler_that_raises_runs_once(error: Exception, kind: Any, caplog: Any) -> None:
    handler = kind(side_effect=error)
    talk(made(NOTHING, disconnect=lambda reason: handler()), lambda client: client.disconnect())
    assert handler.call_count == 1
    (record,) = caplog.records
    assert record.getMessage() == f"500 event 'disconnect' in '/': {type(error).__name__}"


def test_who_leaves_while_the_connect_handler_decides_is_not_let_in() -> None:
    async def main() -> None:
        begun, gate = asyncio.Event(), asyncio.Event()
        asio = made(NOTHING)

        @asio.on("connect")
        async def connect() -> None:
            begun.set()
            await gate.wait()

        sent: list[Any] = []

        async def sending(eio_sid: str, packet: Any) -> None:
            sent.append(packet.packet_type)

        asio._send_packet = sending
        await asio._handle_eio_connect("eio", {"asgi.scope": {"headers": []}})
        entering = asyncio.ensure_future(asio._handle_eio_message("eio", "0"))
        await begun.wait()
        await asio._handle_eio_disconnect("eio", "transport close")
        gate.set()
        await entering
        assert sent in ([], [CONNECT_ERROR])

    run(main())


@pytest.mark.parametrize("always_connect", [True, False])
def test_a_connection_that_is_cancelled_is_refused_and_closes_its_generators(always_connect: bool) -> None:
    """The parent takes a handler that is cancelled for one that says nothing, which is consent."""

    async def main() -> None:
        log: list[str] = []
        sent: list[int] = []
        begun = asyncio.Event()

        async def session() -> Any:
            try:
                yield "session"
            finally:
                log.append("closed")

        asio = AsynctionAsyncServer.from_spec(NOTHING, always_connect=always_connect)

        @asio.on("connect")
        async def connect(session: Any = Depends(session)) -> None:
            begun.set()
            await asyncio.Event().wait()

        async def sending(eio_sid: str, packet: Any) -> None:
            sent.append(packet.packet_type)

        asio._send_packet = sending
        await asio._handle_eio_connect("eio", {"asgi.scope": {"headers": []}})
        entering = asyncio.ensure_future(asio._handle_eio_message("eio", "0"))
        await begun.wait()
        entering.cancel()
        await asyncio.wait({entering})
        assert log == ["closed"]
        assert sent == ([CONNECT, DISCONNECT] if always_connect else [CONNECT_ERROR])
        assert list(asio.manager.get_participants("/", None)) == []

    run(main())


def test_an_event_of_somebody_who_has_left_is_ignored() -> None:
    handler = MagicMock(return_value=1)
    asio = made(of(message("say")), say=lambda: handler())

    async def body(client: AsyncTestClient) -> None:
        (eio_sid,) = asio.eio.sockets
        await asio._handle_eio_message(eio_sid, "1")
        await asio._handle_eio_message(eio_sid, '21["say"]')

    talk(asio, body)
    handler.assert_not_called()


def test_environ_is_gone_with_the_connection() -> None:
    asio = made(NOTHING)
    sids: list[str] = []
    asio.on("connect", lambda sid, environ: sids.append(sid))
    refusal(asio)
    assert asio._environ(sids[0], "/") == {}
    assert ask(made(of(message("say")), say=lambda sid: sid), "say") != []
