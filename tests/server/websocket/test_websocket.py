"""Plain WebSockets: every request is answered, and nothing is left running."""

from __future__ import annotations

import asyncio
import gc
import json
import threading
import time
from datetime import date
from typing import Any

import pytest
import requests
import websocket
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from asynction import EventException, Router, SecurityException
from asynction.exceptions import DocumentError, PayloadValidationException, UnknownEventException
from asynction.inject import Depends, SocketID
from asynction.runtime import Context
from asynction.server._websocket import transports as _ws_links
from asynction.server._websocket.transports import Peer
from asynction.server.websocket import Limits, MessageData, SocketRouter, Status
from asynction.testing import serve_asgi
from tests.server.asgi.support import eventually, run
from tests.server.websocket.support import HEAD, Client, answer, refused, scope, talk
from tests.serving import DEADLINE

BAD_FORMAT = {"Message": "Illegal Request Format"}


def contract(**channels: Any) -> dict[str, Any]:
    named = {name if name.startswith("/") else f"/{name}": value for name, value in channels.items()}
    return {**HEAD, "channels": named}


def receives(*messages: dict[str, Any], **channel: Any) -> dict[str, Any]:
    return {"publish": {"message": {"oneOf": list(messages)}}, **channel}


DOUBLE = {"name": "double", "payload": {"type": "integer"}, "x-ack": {"args": {"type": "integer"}}}


def router(*names: str, **options: Any) -> SocketRouter:
    """A router without a contract that has some routes."""
    made = SocketRouter(**options)

    @made.route("echo")
    async def echo(ws: object, headers: object, payload: object) -> Any:
        return {"status": Status.CREATED, "headers": headers, "payload": payload}

    @made.route("sync")
    def sync(ws: object, headers: object, payload: object) -> Any:
        return {"payload": payload}

    @made.route("fails")
    def fails(ws: object, headers: object, payload: object) -> Any:
        raise LookupError("internals")

    @made.route("stops")
    def stops(ws: object, headers: object, payload: object) -> Any:
        raise EventException(409, "taken")

    return made


# Frames --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("frame", "uuid"),
    [
        ("", 0),
        ("{", 0),
        ("[]", 0),
        ("[" * 100_000, 0),
        ('{"uuid":1,"route":"sync","payload":NaN}', 0),
        ("1", 0),
        ("null", 0),
        ("{}", 0),
        ('{"uuid": 7}', 7),
        ('{"uuid": "u", "route": 1}', "u"),
        ('{"uuid": "u", "route": "sync", "headers": []}', "u"),
        ('{"route": "sync"}', 0),
        ('{"uuid": null, "route": "sync"}', 0),
        ('{"uuid": true, "route": "sync"}', 0),
        ('{"uuid": 1.5, "route": "sync"}', 0),
        ('{"uuid": [], "route": "PING"}', 0),
        ('{"uuid": {}, "route": "sync"}', 0),
        (b"\x00\xff", 0),
        (b"", 0),
        (b'{"uuid": 9, "route": "sync"}', 9),
    ],
)
def test_what_is_no_request_is_answered_400(frame: str | bytes, uuid: object) -> None:
    async def body(client: Client) -> Any:
        client.send(frame)
        return await client.receive()

    expected = {"headers": None, "payload": BAD_FORMAT, "uuid": uuid, "status": 400}
    assert talk(router(), body) == expected


@pytest.mark.parametrize(
    ("frame", "uuid"), [({}, 0), ({"uuid": 5}, 5), ({"uuid": "u", "payload": 1}, "u"), ({"track_id": 3}, 3)]
)
def test_a_ping_is_answered_by_a_pong(frame: dict[str, Any], uuid: object) -> None:
    async def body(client: Client) -> Any:
        client.send(json.dumps({"route": "PING", **frame}))
        return await client.receive()

    assert talk(router(), body) == {"headers": None, "payload": None, "uuid": uuid, "route": "PONG"}


@pytest.mark.parametrize("uuid", [0, -1, 10**30, "", "é\ud800", "7"])
def test_an_answer_has_the_uuid_of_its_request(uuid: object) -> None:
    assert answer(router(), "sync", [1], uuid=uuid) == (200, [1])


def nested(levels: int) -> Any:
    """Return an object with so many levels."""
    value: Any = 1
    for _ in range(levels):
        value = {"a": value}
    return value


@pytest.mark.parametrize("headers", [{"a": "\ud800"}, {"\ud800": 1}, nested(400)])
def test_headers_hold_no_more_than_json_can(headers: Any) -> None:
    async def body(client: Client) -> Any:
        client.send(json.dumps({"uuid": 7, "route": "sync", "headers": headers, "payload": [1]}))
        return await client.receive()

    assert talk(router(), body)["status"] == 400


def test_track_id_and_path_are_other_names_of_uuid_and_route() -> None:
    async def body(client: Client) -> Any:
        client.send('{"track_id": "t", "path": "sync"}')
        return await client.receive()

    assert talk(router(), body) == {"headers": {}, "payload": None, "uuid": "t", "status": 200}


def test_a_route_answers_with_its_status_and_headers() -> None:
    async def body(client: Client) -> Any:
        client.ask("echo", {"a": 1}, headers={"unit": "test"})
        return await client.receive()

    expected = {"headers": {"unit": "test"}, "payload": {"a": 1}, "uuid": 1, "status": 201}
    assert talk(router(), body) == expected


def test_what_fails_is_answered_without_internals() -> None:
    assert answer(router(), "nowhere") == (404, {"Message": "Path not found"})
    assert answer(router(), "fails") == (500, {"Message": "Internal Server Error"})
    assert answer(router(), "stops") == (409, {"Message": "Conflict", "detail": "taken"})


def test_headers_and_payloads_need_not_be_json_data() -> None:
    made = SocketRouter()
    day = date(2024, 2, 29)
    made.route("r")(lambda ws, headers, payload: {"headers": {"day": day}, "payload": {Status.OK}})

    async def body(client: Client) -> Any:
        client.ask("r")
        assert await client.receive() == {
            "headers": {"day": "2024-02-29"},
            "payload": [200],
            "uuid": 1,
            "status": 200,
        }
        await made.push("told", [day], headers={"day": day})
        return await client.receive()

    told = talk(made, body)
    assert (told["headers"], told["payload"]) == ({"day": "2024-02-29"}, ["2024-02-29"])


@pytest.mark.parametrize(
    "result",
    [
        None,
        1,
        "text",
        {"sum": 1},
        {"status": "200"},
        {"status": 199},
        {"status": 506},
        {"headers": 1},
        {"payload": 1j},
        {"payload": float("nan")},
        {"headers": {"a": b"b"}},
    ],
)
def test_what_is_no_result_is_a_fault_of_the_handler(result: object) -> None:
    made = SocketRouter()
    made.route("r")(lambda ws, headers, payload: result)
    assert answer(made, "r") == (500, {"Message": "Internal Server Error"})


def test_a_status_is_a_number_of_http_but_for_pending() -> None:
    made = SocketRouter()
    made.route("r")(lambda ws, headers, payload: {"status": Status.PENDING, "payload": "soon"})
    assert answer(made, "r") == (402, "soon")
    assert {status.value for status in Status} <= set(range(200, 506))


# Hooks ---------------------------------------------------------------------------------------------


def hooked(handler: Any, **options: Any) -> SocketRouter:
    made = SocketRouter()
    made.route("r", options=options)(handler)
    return made


def ok(*values: Any) -> Any:
    return {"payload": [repr(value) if not isinstance(value, int | str) else value for value in values]}


def only(value: Any) -> Any:
    return {"payload": value}


async def keeps(message: MessageData, local: dict[str, Any]) -> bool:
    local["value"] = "cached"
    return True


def test_the_handler_takes_what_hydrate_returns_before_what_is_cached() -> None:
    hydrate = {"hydrate": lambda ws, message: f"{type(ws).__name__} {message.route} {message.uuid}"}
    assert answer(hooked(only, data_check=keeps, **hydrate), "r") == (200, "WebSocket r 1")
    assert answer(hooked(only, data_check=keeps), "r") == (200, "cached")


def test_the_checks_share_what_they_cache() -> None:
    def access(ws: object, message: MessageData, local: dict[str, Any]) -> bool:
        local["value"] += "!"
        return True

    assert answer(hooked(only, data_check=keeps, access=access), "r") == (200, "cached!")


def test_hooks_need_not_take_what_is_cached() -> None:
    made = hooked(
        lambda ws, headers, payload: only(payload),
        data_check=lambda message: message.payload == 1,
        access=lambda ws, message: "a" in message.headers,
    )
    assert answer(made, "r", 1, headers={"a": 1}) == (200, 1)
    assert answer(made, "r", 1) == (403, {"Message": "Access denied"})
    status, payload = answer(made, "r", 2)
    assert (status, payload["Message"]) == (400, "Bad Request")


def test_hooks_ask_by_annotation_like_handlers() -> None:
    def data_check(message: MessageData, sid: SocketID, db: str = Depends(lambda: "db")) -> bool:
        return bool(sid) and db == "db"

    def handler(ws: WebSocket, headers: dict[str, Any], payload: object, context: Context) -> Any:
        return only([context.connection is ws, context.sid in context.server.connections])  # type: ignore[attr-defined]

    assert answer(hooked(handler, data_check=data_check), "r") == (200, [True, True])


def test_dehydrate_shapes_the_payload_of_a_success_only() -> None:
    async def dehydrate(payload: object) -> object:
        return f"<{payload}>"

    by_status = hooked(lambda ws, headers, payload: {"status": payload, "payload": "p"}, dehydrate=dehydrate)
    found = [answer(by_status, "r", status) for status in (200, 299, 300, 404)]
    assert found == [(200, "<p>"), (299, "<p>"), (300, "p"), (404, "p")]


@pytest.mark.parametrize("error", [KeyError("internals"), SystemExit("internals"), GeneratorExit()])
@pytest.mark.parametrize("hook", ["data_check", "access", "hydrate", "dehydrate"])
def test_a_hook_that_raises_is_a_fault_of_the_server(hook: str, error: BaseException) -> None:
    def raises(*args: object) -> Any:
        raise error

    made = hooked(lambda *args: only(1), **{hook: raises})
    assert answer(made, "r") == (500, {"Message": "Internal Server Error"})


def test_a_hook_may_refuse_in_its_own_words() -> None:
    def access(ws: object, message: object) -> bool:
        raise SecurityException

    assert answer(hooked(ok, access=access), "r") == (401, {"Message": "Access denied"})


def test_a_handler_of_three_values_cannot_take_a_cached_one() -> None:
    made = hooked(lambda ws, headers, payload: only(1), data_check=keeps)
    assert answer(made, "r")[0] == 500


def test_a_handler_of_one_value_needs_a_cached_one() -> None:
    assert answer(hooked(lambda value: only(1), data_check=lambda message: True), "r")[0] == 500


def test_a_handler_that_names_what_is_cached_takes_all_of_it() -> None:
    async def handler(local: dict[str, Any]) -> Any:
        return only(local)

    made = hooked(handler, data_check=keeps)
    assert answer(made, "r") == (200, {"value": "cached"})


@pytest.mark.parametrize(
    ("handler", "options", "part"),
    [
        (lambda value: None, {}, "takes 1 argument"),
        (lambda: None, {"data_check": lambda message: True}, "takes 0 arguments"),
        (ok, {"data_check": lambda: True}, "takes 0 arguments"),
        (ok, {"access": lambda ws: True}, "takes 1 argument, but `access` is passed 2"),
        (ok, {"hydrate": 1}, "cannot be called"),
        (lambda a, b, c: None, {"hydrate": lambda ws, message: 1}, "takes 2 arguments"),
    ],
)
def test_a_signature_that_cannot_be_served_is_a_problem(handler: Any, options: Any, part: str) -> None:
    with pytest.raises(DocumentError) as raised:
        SocketRouter().route("r", options=options)(handler)
    assert part in str(raised.value)


def test_an_unknown_option_is_refused() -> None:
    with pytest.raises(TypeError, match="no option `acess`; did you mean `access`"):
        SocketRouter().route("r", options={"acess": ok})


# Contracts -----------------------------------------------------------------------------------------


def test_a_contract_is_served_by_the_handlers_of_socket_io() -> None:
    made = SocketRouter.from_spec(contract(**{"/": receives(DOUBLE)}))

    @made.on("double")
    def double(sid: str, number: int) -> int:
        return 2 * number

    assert answer(made, "double", 21) == (200, 42)
    status, payload = answer(made, "double", "x")
    assert (status, payload["Message"], payload["pointer"]) == (400, "Bad Request", "")


def test_a_route_is_held_to_the_contract() -> None:
    made = SocketRouter.from_spec(contract(**{"/": receives(DOUBLE)}))

    @made.route("double")
    def double(ws: object, headers: object, payload: int) -> Any:
        return {"status": 404 if payload == 4 else 200, "payload": "four" if payload > 3 else 2 * payload}

    found = [answer(made, "double", payload)[0] for payload in (1, "x", 4, 5)]
    assert found == [200, 400, 404, 500]
    with pytest.raises(UnknownEventException):
        made.route("treble")(double)


def test_an_ack_of_several_args_is_a_list() -> None:
    pair = {"type": "array", "items": [{"type": "integer"}, {"type": "string"}], "minItems": 2}
    message = {"name": "e", "payload": pair, "x-ack": {"args": pair}}
    made = SocketRouter.from_spec(contract(**{"/": receives(message, {**message, "name": "r"})}))
    made.on("e")(lambda number, text: (number, text))
    made.route("r")(lambda ws, headers, payload: only(payload))
    assert answer(made, "e", [1, "a"]) == answer(made, "r", [1, "a"]) == (200, [1, "a"])
    status, payload = answer(made, "e", [1, 2])
    assert (status, payload["pointer"]) == (400, "/1")
    assert answer(made, "e", {"no": "list"})[0] == answer(made, "e")[0] == 400


def test_an_error_handler_says_what_it_likes() -> None:
    made = router()
    made.exception_handler(LookupError)(lambda error: {"told": type(error).__name__})
    assert answer(made, "fails") == (500, {"told": "LookupError"})


def test_an_error_handler_that_fails_leaves_the_first_error() -> None:
    def handler(error: Exception) -> None:
        raise ArithmeticError("internals")

    made = router()
    made.exception_handler(EventException)(handler)
    assert answer(made, "stops") == (409, {"Message": "Conflict", "detail": "taken"})


def test_middleware_sees_what_hooks_see() -> None:
    made = hooked(
        lambda ws, headers, payload: only(payload), data_check=lambda message: message.payload == "other"
    )

    async def middleware(context: Context, call_next: Any) -> Any:
        return await call_next(context.replace(args=("other",)))

    made.add_middleware(middleware)
    assert answer(made, "r", "mine") == (200, "other")


def test_routers_bring_handlers_and_dependencies_are_closed() -> None:
    closed = []

    def dependency() -> Any:
        yield "given"
        closed.append(True)

    group = Router()

    @group.on("e")
    def handler(value: str = Depends(dependency)) -> str:
        return value

    made = SocketRouter(routers=[group])
    assert answer(made, "e") == (200, "given")
    assert closed == [True]


def test_channels_are_served_at_their_paths() -> None:
    chat = {"name": "e", "x-handler": "tests.server.websocket.test_websocket.namespace_of"}
    spec = contract(**{"/chat": receives(chat), "/rooms/{id}": receives(chat, parameters={"id": {}})})
    made = SocketRouter.from_spec(spec)

    async def body(*clients: Client) -> Any:
        return [await client.call("e") for client in clients]

    found = talk(made, body, scope("/chat"), scope("/rooms/1"), {**scope("/app/chat"), "root_path": "/app"})
    assert found == [(200, "/chat"), (200, "/rooms/1"), (200, "/chat")]
    assert refused(made, scope("/nowhere")) == {"type": "websocket.close", "code": 1008, "reason": ""}
    with pytest.raises(ValueError, match="name one with `channel`"):
        made.route("e")
    made.route("e", channel="/chat")(lambda ws, headers, payload: only("other"))
    assert talk(made, body, scope("/chat")) == [(200, "other")]


def namespace_of(context: Context) -> str:
    return context.namespace


def test_one_channel_of_several_is_served_anywhere() -> None:
    chat = {"name": "e", "x-handler": "tests.server.websocket.test_websocket.namespace_of"}
    made = SocketRouter.from_spec(contract(chat=receives(chat), other=receives(DOUBLE)), channel="chat")
    assert answer(made, "e") == (200, "/chat")
    with pytest.raises(UnknownEventException, match="no channel `/chatt`; did you mean `/chat`"):
        SocketRouter.from_spec(contract(chat=receives(chat)), channel="chatt")


def test_warnings_of_the_document_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    handler = {"name": "e", "x-hander": "tests.server.websocket.test_websocket.namespace_of"}
    SocketRouter.from_spec(contract(chat=receives(handler)))
    assert "x-hander" in caplog.text


# Entering and leaving ------------------------------------------------------------------------------


@pytest.mark.parametrize("outcome", [True, False, LookupError("internals"), SystemExit("internals")])
def test_access_decides_who_may_connect(outcome: object) -> None:
    async def access(ws: WebSocket) -> bool:
        if isinstance(outcome, BaseException):
            raise outcome
        return ws.headers["user"] == "ada" and bool(outcome)

    made = router(access=access)
    if outcome is True:
        assert talk(made, lambda client: client.call("sync"), scope(user="ada")) == (200, None)
    else:
        assert refused(made, scope(user="ada"))["code"] == 1008


def test_access_may_be_a_plain_function() -> None:
    names: list[str] = []

    def access(ws: Any) -> bool:
        names.append(threading.current_thread().name)
        return False

    assert refused(router(access=access))["code"] == 1008
    assert names[0].startswith("asynction-security")  # a slow one keeps no handler waiting


def seen(token: str, *args: object) -> Any:
    return (
        {"sub": token, "exp": time.time() + 0.01} if token == "brief" else {"sub": token} if token else None
    )


SECURED = {
    **contract(chat=receives({"name": "who", "x-handler": "tests.server.websocket.test_websocket.who"})),
    "servers": {"main": {"url": "h", "protocol": "ws", "security": [{"key": []}]}},
    "components": {
        "securitySchemes": {
            "key": {
                **{"type": "httpApiKey", "name": "key", "in": "query"},
                "x-apiKeyInfoFunc": "tests.server.websocket.test_websocket.seen",
            }
        }
    },
}


def who(context: Context) -> object:
    return context.user


def test_security_is_asked_for_before_the_connection_is_accepted() -> None:
    made = SocketRouter.from_spec(SECURED)
    assert refused(made)["code"] == 1008
    assert talk(made, lambda client: client.call("who"), scope(query="key=ada")) == (200, "ada")


def test_a_client_whose_credentials_expire_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SECURED["components"]["securitySchemes"]["key"], "x-enforceExpiry", True)
    made = SocketRouter.from_spec(SECURED)

    async def body(client: Client) -> Any:
        return await client.message()

    closed = talk(made, body, scope(query="key=brief"))
    assert (closed["code"], closed["reason"]) == (1008, "credentials expired")


def test_an_expiry_that_is_not_due_is_waited_for_again() -> None:
    made = router()

    async def body(client: Client) -> None:
        (sid,) = made.connections
        connection = made._connections[sid]
        made._expired(connection, time.time() + 1000)
        await client.leave()
        made._expired(connection, 0)

    talk(made, body)


def test_the_handlers_of_a_channel_hear_who_comes_and_goes() -> None:
    heard: list[Any] = []
    group = Router()

    @group.on("connect")
    def connect(sid: str, environ: Any) -> None:
        heard.append((environ["HTTP_A"], environ["QUERY_STRING"], environ["asgi.scope"]["path"]))

    @group.on("disconnect")
    def disconnect(sid: str, reason: str) -> None:
        heard.append(reason)

    made = SocketRouter(routers=[group])
    of = scope("/x", "q=1", a="b")
    of["headers"].append((b"a", b"c"))
    talk(made, lambda client: client.call("none"), of)
    assert heard == [("b,c", "q=1", "/x"), "client disconnect"]


@pytest.mark.parametrize("error", [None, ConnectionRefusedError("no"), LookupError("internals")])
def test_a_connect_handler_refuses(error: Exception | None) -> None:
    group = Router()

    @group.on("connect")
    def connect() -> bool:
        if error is not None:
            raise error
        return False

    assert refused(SocketRouter(routers=[group]))["code"] == 1008


def test_a_client_that_leaves_at_once_is_nobody() -> None:
    made = router()

    async def receive() -> Any:
        return {"type": "websocket.disconnect"}

    async def send(message: Any) -> None:
        raise AssertionError(message)

    run(made(scope(), receive, send))
    assert made.connections == ()


def test_whatever_runs_for_a_client_ends_when_it_leaves() -> None:
    made = SocketRouter()
    state: list[str] = []

    @made.route("waits")
    async def waits(ws: object, headers: object, payload: object) -> Any:
        state.append("began")
        try:
            await asyncio.Event().wait()
        finally:
            state.append("ended")

    async def body(client: Client) -> None:
        client.ask("waits")
        await eventually(lambda: state)
        await client.leave()
        assert state == ["began", "ended"]

    talk(made, body)


def test_a_cancelled_server_leaves_nothing_running() -> None:
    made = router()

    async def body(client: Client) -> None:
        client.serving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await client.serving

    talk(made, body, leave=False)
    assert made.connections == ()


# Limits --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("concurrency", [1, 3])
def test_so_many_requests_are_handled_at_a_time(concurrency: int) -> None:
    made = SocketRouter(limits=Limits(concurrency=concurrency))
    running: list[int] = []
    max_args: list[int] = []
    go = asyncio.Event()

    @made.route("r")
    async def handler(ws: object, headers: object, payload: int) -> Any:
        running.append(payload)
        max_args.append(len(running))
        await go.wait()
        running.remove(payload)
        return only(payload)

    async def body(client: Client) -> Any:
        for number in range(9):
            client.ask("r", number, uuid=number)
        await eventually(lambda: len(running) == concurrency)
        go.set()
        return [(await client.receive())["payload"] for _ in range(9)]

    answers = talk(made, body)
    assert sorted(answers) == list(range(9))
    assert max(max_args) == concurrency
    if concurrency == 1:
        assert answers == list(range(9))


@pytest.mark.parametrize("limits", [{"concurrency": 0}, {"outgoing": 0}])
def test_limits_that_serve_nobody_are_refused(limits: Any) -> None:
    with pytest.raises(ValueError, match="must be at least 1"):
        Limits(**limits)


@pytest.mark.parametrize(
    ("limits", "code", "frame"),
    [
        (Limits(max_frame=10), 1009, "x" * 11),
        (Limits(max_frame=10), 1009, b"x" * 11),
        (Limits(idle_timeout=0.01), 1001, None),
    ],
)
def test_a_client_that_breaks_a_limit_is_closed(limits: Limits, code: int, frame: Any) -> None:
    async def body(client: Client) -> Any:
        if frame is not None:
            client.send(frame)
        return await client.message()

    assert talk(router(limits=limits), body)["code"] == code


def test_a_client_that_waits_too_long_for_its_turn_is_closed() -> None:
    made = SocketRouter(limits=Limits(concurrency=1, idle_timeout=0.05))

    @made.route("waits")
    async def waits(ws: object, headers: object, payload: object) -> Any:
        await asyncio.Event().wait()

    async def body(client: Client) -> Any:
        client.ask("waits")
        client.ask("waits")
        return await client.message()

    assert talk(made, body)["code"] == 1001


def test_a_slow_client_is_closed() -> None:
    made = router(limits=Limits(outgoing=2, slow_timeout=0.05))

    async def body(client: Client) -> Any:
        client.takes.clear()
        for _ in range(20):
            client.ask("echo")
        while await made.push("news"):
            pass
        client.takes.set()
        return await client.message()

    assert talk(made, body)["code"] == 1013


def test_a_client_that_takes_nothing_is_not_waited_for_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("asynction.server._websocket.connection.CLOSE_WAIT", 0.01)
    made = router(limits=Limits(slow_timeout=0.01))

    async def body(client: Client) -> None:
        client.takes.clear()
        client.ask("echo")
        await client.serving

    talk(made, body)


def test_a_client_that_has_gone_is_not_sent_to() -> None:
    made = router()

    async def body(client: Client) -> None:
        async def gone(message: object) -> None:
            raise OSError("gone")

        made._connections[made.connections[0]]._send = gone
        client.ask("echo")
        await client.serving

    talk(made, body)


@pytest.mark.parametrize("where", ["_receive", "_answers"])
def test_a_fault_of_ours_ends_the_connection(where: str, caplog: pytest.LogCaptureFixture) -> None:
    made = router()

    async def body(client: Client) -> Any:
        setattr(made._connections[made.connections[0]], where, None)
        client.ask("echo")
        client.ask("echo")
        message = await client.message()
        while message["type"] != "websocket.close":
            message = await client.message()
        return message

    assert talk(made, body)["code"] == 1011
    assert "failed: TypeError" in caplog.text or "failed: AttributeError" in caplog.text


# Pushing -------------------------------------------------------------------------------------------


async def three(client: Client) -> list[Any]:
    """The next three frames."""
    return [await client.receive() for _ in range(3)]


def test_a_push_reaches_one_some_or_all() -> None:
    made = router()

    async def body(ada: Client, bob: Client) -> Any:
        sids = made.connections
        counts = [
            await made.push("news", 1),
            await made.push("news", 2, to=sids[0]),
            await made.push("news", 3, to=list(sids), headers={"a": 1}),
            await made.push("news", 4, to=made._connections[sids[1]].peer),
            await made.push("news", 5, to="nobody"),
        ]
        got = [await three(each) for each in (ada, bob)]
        return counts, got

    counts, got = talk(made, body, scope(), scope())
    assert counts == [2, 1, 2, 1, 0]
    assert [[frame["payload"] for frame in frames] for frames in got] == [[1, 2, 3], [1, 3, 4]]
    assert got[0][2]["headers"] == {"a": 1}
    assert all(frame["route"] == "news" and "status" not in frame for frames in got for frame in frames)
    assert len({frame["uuid"] for frame in got[0]}) == 3


def test_a_push_is_held_to_the_contract() -> None:
    sends = {"subscribe": {"message": {"name": "news", "payload": {"type": "string"}}}}
    made = SocketRouter.from_spec(contract(**{"/": sends}))

    async def body(client: Client) -> Any:
        await made.push("news", "text")
        with pytest.raises(PayloadValidationException):
            await made.push("news", 1)
        with pytest.raises(UnknownEventException):
            await made.push("olds", "text")
        return (await client.receive())["payload"]

    assert talk(made, body) == "text"


def test_a_plain_function_pushes_from_its_thread() -> None:
    made = SocketRouter()

    @made.route("r")
    def handler(ws: object, headers: object, payload: object) -> Any:
        return only(made.push_from_thread("news", 1))

    async def body(client: Client) -> Any:
        client.ask("r")
        frames = [await client.receive(), await client.receive()]
        with pytest.raises(RuntimeError, match="write `await"):
            made.push_from_thread("news", 1)
        return [frame["payload"] for frame in frames]

    assert talk(made, body) == [1, 1]


def test_a_push_to_a_client_whose_loop_has_ended_is_not_sent() -> None:
    made = router()

    async def body(client: Client) -> Any:
        connection = made._connections[made.connections[0]]
        own, ended = connection.loop, asyncio.new_event_loop()
        ended.close()
        connection.loop = ended
        found = await made.push("news"), await asyncio.to_thread(made.push_from_thread, "news")
        connection.loop = own
        return found

    assert talk(made, body) == (0, 0)


def test_a_push_that_waits_for_room_may_be_cancelled() -> None:
    made = router(limits=Limits(outgoing=1))

    async def body(client: Client) -> Any:
        client.takes.clear()
        connection = made._connections[made.connections[0]]
        await connection.put("1")
        await eventually(lambda: not connection._outgoing.full())
        await connection.put("2")
        waiting = asyncio.ensure_future(connection.put("3"))
        other = asyncio.ensure_future(connection.put("4"))
        await eventually(lambda: len(connection._outgoing._putters) == 2)  # type: ignore[attr-defined]
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        client.takes.set()
        assert await other
        return [(await client.message())["text"] for _ in range(3)]

    assert talk(made, body) == ["1", "2", "4"]


def test_who_leaves_while_it_is_let_in_has_what_was_begun_closed() -> None:
    closed = []

    async def dependency() -> Any:
        try:
            yield "given"
        finally:
            closed.append(True)

    group = Router()

    @group.on("connect")
    async def connect(value: str = Depends(dependency)) -> None:
        await asyncio.Event().wait()

    made = SocketRouter(routers=[group])

    async def body() -> None:
        client = Client(made, scope())
        await eventually(lambda: made.connections)
        for _ in range(5):
            await asyncio.sleep(0)
        client.serving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await client.serving

    run(body())
    assert closed == [True]
    assert made.connections == ()


def test_nothing_is_put_where_a_connection_has_ended() -> None:
    made = router()

    async def body(client: Client) -> bool:
        connection = made._connections[made.connections[0]]
        await client.leave()
        return await connection.put("late")

    assert talk(made, body) is False


def test_limits_may_be_none() -> None:
    made = router(limits=Limits(idle_timeout=None, slow_timeout=None))
    assert answer(made, "sync") == (200, None)


# Stopping ------------------------------------------------------------------------------------------


def test_a_server_that_stops_answers_what_it_has_begun() -> None:
    made = SocketRouter()
    go = asyncio.Event()

    @made.route("waits")
    async def waits(ws: object, headers: object, payload: object) -> Any:
        await go.wait()
        return only(payload)

    async def body(client: Client) -> Any:
        client.ask("waits", 7)
        await eventually(lambda: made._connections[made.connections[0]]._tasks)
        stopping = asyncio.ensure_future(made.shutdown())
        await asyncio.sleep(0)
        assert (await _refusal(made))["code"] == 1001
        go.set()
        await stopping
        return [await client.receive(), await client.message()]

    frame, closed = talk(made, body)
    assert frame["payload"] == 7
    assert (closed["code"], closed["reason"]) == (1001, "server shutdown")


async def _refusal(made: SocketRouter) -> Any:
    late = Client(made, scope())
    await late.serving
    return await late.message()


def test_what_does_not_end_in_time_is_answered_503() -> None:
    made = SocketRouter(grace=0.01)

    @made.route("waits")
    async def waits(ws: object, headers: object, payload: object) -> Any:
        await asyncio.Event().wait()

    async def body(client: Client) -> Any:
        client.ask("waits")
        await eventually(lambda: made._connections[made.connections[0]]._tasks)
        await made.shutdown()
        return await client.receive()

    frame = talk(made, body)
    assert (frame["status"], frame["payload"]) == (503, {"Message": "Service Unavailable"})


def test_a_client_that_is_still_knocking_is_turned_away() -> None:
    made: SocketRouter
    go = asyncio.Event()

    async def access(ws: object) -> bool:
        await go.wait()
        return True

    made = router(access=access)

    async def body() -> Any:
        client = Client(made, scope())
        await eventually(lambda: made.connections)
        await made.shutdown()
        go.set()
        await client.serving
        return [await client.message(), await client.message()]

    accepted, closed = run(body())
    assert (accepted["type"], closed["code"]) == ("websocket.accept", 1001)


# Where it is served --------------------------------------------------------------------------------


def _asks(app: Any, *paths: str) -> list[Any]:
    with serve_asgi(app) as url:
        return [_asked(f"{url.replace('http', 'ws')}{path}") for path in paths or ("/ws",)]


def _asked(url: str) -> Any:
    client = websocket.create_connection(url, timeout=DEADLINE)
    client.send('{"uuid": 1, "route": "sync", "payload": 2}')
    answer = json.loads(client.recv())
    client.close(timeout=0)
    return answer["payload"]


def test_it_is_an_endpoint_of_fastapi_and_starlette() -> None:
    fast = FastAPI()
    fast.add_api_websocket_route("/ws", router())
    assert _asks(fast) == [2]
    assert _asks(Starlette(routes=[WebSocketRoute("/ws", router())])) == [2]
    mounted = FastAPI()
    mounted.mount("/ws", router())
    assert _asks(mounted, "/ws/") == [2]


def test_it_is_an_application_with_a_lifespan_of_its_own() -> None:
    made = router()
    assert _asks(made) == [2]
    assert made._is_stopping


def test_an_application_that_is_not_complete_does_not_start() -> None:
    made = SocketRouter.from_spec(contract(**{"/": receives(DOUBLE)}))
    with pytest.raises(RuntimeError, match="uvicorn did not start"), serve_asgi(made):
        raise AssertionError("it has started")


def test_a_plain_request_is_told_to_upgrade() -> None:
    with serve_asgi(router()) as url:
        assert requests.get(url, timeout=DEADLINE).status_code == 426


def test_an_endpoint_may_await_it_or_not() -> None:
    app, made = FastAPI(), router()

    @app.websocket("/awaited")
    async def awaited(ws: WebSocket) -> None:
        await made(ws)

    @app.websocket("/accepted")
    async def accepted(ws: WebSocket) -> None:
        await ws.accept()
        await made(ws)

    @app.websocket("/forgotten")
    async def forgotten(ws: WebSocket) -> None:
        made(ws)

    assert _asks(app, "/awaited", "/accepted", "/forgotten") == [2, 2, 2]


def test_an_endpoint_that_fails_is_not_served() -> None:
    app, made = FastAPI(), router()

    @app.websocket("/ws")
    async def fails(ws: WebSocket) -> None:
        made(ws)
        raise LookupError("mine")

    with pytest.raises(websocket.WebSocketException):
        _asks(app)


def test_who_forgets_to_await_outside_of_fastapi_is_told(caplog: pytest.LogCaptureFixture) -> None:
    made = router()

    async def endpoint(ws: WebSocket) -> None:
        made(ws)
        gc.collect()
        await ws.close()

    with pytest.raises(websocket.WebSocketBadStatusException):
        _asks(Starlette(routes=[WebSocketRoute("/ws", endpoint)]))
    assert "write `await router(ws)`" in caplog.text


def test_without_starlette_hooks_get_the_scope(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "starlette.websockets", None)
    found = []
    made = router(access=lambda ws: bool(found.append(ws)) or True)  # type: ignore[func-returns-value]
    assert answer(made, "sync") == (200, None)
    assert isinstance(found[0], Peer)
    assert not hasattr(made, "__signature__")
    assert not hasattr(SocketRouter, "__signature__")
    assert _ws_links.Peer is Peer
