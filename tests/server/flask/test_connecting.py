"""Connecting and disconnecting: who is let in, what the others are told, and that nothing runs twice."""

from __future__ import annotations

from typing import Any
from unittest.mock import MagicMock

import flask
import flask_socketio
import pytest
import socketio
from socketio.packet import CONNECT, CONNECT_ERROR

from asynction import AsynctionException, AsynctionSocketIO, BindingsValidationException
from asynction.testing import serve_wsgi
from tests.server.support import (
    STRING,
    app_of,
    build,
    channel,
    client_of,
    document,
    message,
    no_namespace,
    of,
)
from tests.serving import connected

NOTHING = of()
REFUSED = "Internal Server Error"


def answers_to(asio: AsynctionSocketIO, packet: str = "0", query: str = "") -> list[Any]:
    """Connect by hand and return the packets that the server sends."""
    client = client_of(asio, "/")
    sent: list[Any] = []
    asio.server._send_packet = lambda eio_sid, pkt: sent.append(pkt)
    client.disconnect() if client.is_connected() else None
    environ = app_of(asio).test_request_context(f"/socket.io?{query}").request.environ
    asio.server._handle_eio_connect("eio", {**environ, "flask.app": app_of(asio)})
    asio.server._handle_eio_message("eio", packet)
    return sent


def refusal_of(asio: AsynctionSocketIO, packet: str = "0", query: str = "") -> Any:
    (answer,) = answers_to(asio, packet, query)
    assert answer.packet_type == CONNECT_ERROR
    return answer.data


def letting(
    handler: Any, spec: Any = NOTHING, lifecycle_event: str = "connect", **kwargs: Any
) -> AsynctionSocketIO:
    asio = build(spec, **kwargs)
    asio.on(lifecycle_event)(handler)
    return asio


# Being let in -----------------------------------------------------------------------------------


def test_without_a_handler_all_are_let_in() -> None:
    (answer,) = answers_to(build(NOTHING))
    assert answer.packet_type == CONNECT
    assert list(answer.data) == ["sid"]


@pytest.mark.parametrize(
    "handler", [lambda: None, lambda auth: None, lambda auth=None: None, lambda *a: True]
)
def test_a_handler_that_does_not_say_no_lets_in(handler: Any) -> None:
    assert client_of(letting(handler)).is_connected()


@pytest.mark.parametrize("name", ["connect", "connect_with"])
def test_the_handler_of_the_document_is_called(name: str, calls: list[Any]) -> None:
    asio = build(of(x_handlers={"connect": f"tests.server.handlers.{name}"}))
    assert client_of(asio, auth={"token": 1}).is_connected()
    assert calls == [("connect", ({"token": 1},) if name == "connect_with" else ())]


def test_without_auth_the_handler_gets_none() -> None:
    handler = MagicMock(return_value=None)
    client_of(letting(handler))
    handler.assert_called_once_with(None)


def test_the_handler_is_in_the_request_context() -> None:
    def handler() -> bool:
        flask_socketio.join_room("all")
        return flask.request.args["token"] == "x"

    asio = letting(handler)
    assert client_of(asio, query_string="token=x").is_connected()
    assert not client_of(asio, query_string="token=y").is_connected()


# Being refused ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("result", "data"),
    [
        ({"return_value": False}, {"message": "Connection rejected by server"}),
        (
            {"side_effect": flask_socketio.ConnectionRefusedError("not today")},
            {"message": "not today"},
        ),
        (
            {"side_effect": socketio.exceptions.ConnectionRefusedError("not today", {"until": 7})},
            {"message": "not today", "data": {"until": 7}},
        ),
        (
            {"side_effect": LookupError("a secret")},
            {"message": REFUSED, "data": {"status": 500, "title": REFUSED}},
        ),
        (
            {"side_effect": TypeError("a secret")},
            {"message": REFUSED, "data": {"status": 500, "title": REFUSED}},
        ),
        (
            {"side_effect": ConnectionRefusedError(111, "the database's, not ours")},
            {"message": REFUSED, "data": {"status": 500, "title": REFUSED}},
        ),
    ],
)
@pytest.mark.parametrize("packet", ["0", '0{"token":1}'])
def test_a_refused_client_is_told_so(result: Any, data: Any, packet: str) -> None:
    handler = MagicMock(**result)
    asio = letting(lambda auth: handler())
    assert refusal_of(asio, packet) == data
    assert handler.call_count == 2  # `refusal_of` connects twice


@pytest.mark.parametrize(
    "handler", ["lambda: calls.append(1) or len()", "lambda a: calls.append(1) or len()"]
)
@pytest.mark.parametrize("error_handler", [None, lambda error: len()])  # type: ignore[call-arg]
def test_a_type_error_never_runs_the_handler_twice(handler: str, error_handler: Any) -> None:
    calls: list[int] = []
    asio = letting(eval(handler, {"calls": calls}), default_error_handler=error_handler)
    assert not client_of(asio).is_connected()
    assert calls == [1]


@pytest.mark.parametrize("error", [TypeError("a bug"), LookupError("a bug")])
def test_a_type_error_never_runs_the_handler_twice_in_testing(error: Exception) -> None:
    handler = MagicMock(side_effect=error)
    asio = letting(handler)
    app_of(asio).testing = True
    kind = AsynctionException if isinstance(error, TypeError) else type(error)
    with pytest.raises(kind, match="a bug"):
        client_of(asio)
    assert handler.call_count == 1


def test_the_error_handler_hears_of_it_and_the_client_is_still_refused() -> None:
    errors: list[Exception] = []
    asio = letting(MagicMock(side_effect=LookupError), default_error_handler=errors.append)
    assert not client_of(asio).is_connected()
    assert [type(error) for error in errors] == [LookupError]


def test_a_failed_connection_is_one_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    client_of(letting(MagicMock(side_effect=LookupError)))
    (record,) = caplog.records
    assert record.getMessage() == "500 event 'connect' in '/': LookupError"


def test_the_reason_of_a_handler_that_refuses_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    client_of(letting(MagicMock(side_effect=flask_socketio.ConnectionRefusedError("no"))))
    (record,) = caplog.records
    assert record.getMessage() == "403 event 'connect' in '/': refused, because 'no'"


def test_auth_that_is_no_json_is_refused(caplog: pytest.LogCaptureFixture) -> None:
    handler = MagicMock(return_value=None)
    data = refusal_of(letting(handler), '0{"token":NaN}')
    assert data["message"] == "the packet is not JSON: NaN is not a JSON number"
    assert data["data"]["status"] == 400
    assert handler.call_count == 1  # by `refusal_of` itself, without auth
    assert len(caplog.records) == 1


# The handshake ----------------------------------------------------------------------------------

BOUND = of(
    bindings={
        "ws": {
            "query": {
                "type": "object",
                "required": ["level"],
                "properties": {"level": {"type": "integer"}, "tags": {"type": "array", "maxItems": 2}},
            },
            "headers": {"type": "object", "properties": {"X-Tag": STRING}},
        }
    }
)


def test_a_handshake_that_keeps_the_binding() -> None:
    handler = MagicMock(return_value=None)
    client_of(letting(handler, BOUND), query_string="level=3&tags=a&tags=b&EIO=4")
    assert handler.call_count == 1


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("", "query: needs the property `level`"),
        ("level=MARKER", "query: /level: must be integer"),
        ("level=1&tags=a&tags=b&tags=c", "query: /tags: must have at most 2 items"),
    ],
)
def test_a_handshake_that_breaks_the_binding(
    query: str, message: str, caplog: pytest.LogCaptureFixture
) -> None:
    handler = MagicMock()
    asio = letting(handler, BOUND)
    data = refusal_of(asio, query=query)
    assert data["message"] == message
    assert data["data"]["status"] == 400
    assert "MARKER" not in caplog.text
    handler.assert_not_called()


def test_a_broken_handshake_is_raised_in_testing() -> None:
    asio = build(BOUND)
    app_of(asio).testing = True
    with pytest.raises(BindingsValidationException):
        client_of(asio)


# Namespaces -------------------------------------------------------------------------------------


def test_an_unknown_namespace_is_refused_with_a_message() -> None:
    asio = build(NOTHING)
    assert refusal_of(asio, "0/nowhere,") == no_namespace("/nowhere")


def test_the_default_namespace_is_unknown_where_the_contract_lacks_it() -> None:
    asio = build(document({"/chat": {}}))
    assert client_of(asio, "/chat").is_connected("/chat")
    assert not client_of(asio).is_connected()


def test_the_namespaces_option_is_the_users() -> None:
    asio = build(document({"/chat": {}}), namespaces=["/", "/chat"])
    assert client_of(asio).is_connected()


def test_without_strict_the_parent_decides_on_namespaces() -> None:
    assert client_of(build(document({"/chat": {}}), strict=False)).is_connected()


def test_a_real_client_is_told_of_each_namespace() -> None:
    spec = document({"/": channel([message("say", STRING)]), "/closed": {}})
    asio = build(spec)
    asio.on("say")(len)
    asio.on("connect", namespace="/closed")(lambda: False)
    with serve_wsgi(app_of(asio)) as url, connected(url, "/", "/closed", "/nowhere") as client:
        assert client.refusals == {
            "/closed": {"message": "Connection rejected by server"},
            "/nowhere": no_namespace("/nowhere"),
        }
        assert client.call("say", "abc") == [3]


# Disconnecting ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["disconnect", "disconnect_with"])
def test_a_disconnect_handler_may_take_the_reason(name: str, calls: list[Any]) -> None:
    asio = build(of(x_handlers={"disconnect": f"tests.server.handlers.{name}"}))
    client_of(asio).disconnect()
    assert calls == [("disconnect", ("client disconnect",) if name == "disconnect_with" else ())]


def test_the_server_disconnects() -> None:
    reasons: list[str] = []
    asio = letting(reasons.append, of(message("leave")), "disconnect")
    asio.on("leave")(flask_socketio.disconnect)
    client_of(asio).emit("leave")
    assert reasons == ["server disconnect"]


@pytest.mark.parametrize("error", [TypeError("a bug"), LookupError("a bug")])
def test_a_disconnect_handler_that_raises_runs_once(error: Exception, caplog: Any) -> None:
    handler = MagicMock(side_effect=error)
    client_of(letting(lambda reason: handler(), lifecycle_event="disconnect")).disconnect()
    assert handler.call_count == 1
    (record,) = caplog.records
    assert record.getMessage() == f"500 event 'disconnect' in '/': {type(error).__name__}"


def test_the_error_handler_hears_of_a_failed_disconnect() -> None:
    errors: list[Exception] = []
    asio = letting(
        MagicMock(side_effect=TypeError), lifecycle_event="disconnect", default_error_handler=errors.append
    )
    client_of(asio).disconnect()
    assert [type(error) for error in errors] == [TypeError]


def test_a_failed_disconnect_is_raised_once_in_testing() -> None:
    handler = MagicMock(side_effect=TypeError("a bug"))
    asio = letting(handler, lifecycle_event="disconnect")
    app_of(asio).testing = True
    with pytest.raises(AsynctionException, match="the disconnect handler raised TypeError"):
        client_of(asio).disconnect()
    assert handler.call_count == 1
