"""Who may connect to a Flask server and send events to it, and what is kept of them.

Which credentials meet which requirements is data: specs/conformance/security.yaml.
"""

from __future__ import annotations

import logging
import time
from typing import Any

import flask
import flask_socketio
import pytest
import socketio

from asynction import AsynctionSocketIO, DocumentError, SecurityException
from asynction.runtime import ConnectionRejected, drive
from asynction.security import Request
from asynction.testing import serve_wsgi
from tests.conformance import guards
from tests.server.support import STRING, app_of, build, channel, client_of, document, message, of
from tests.serving import DEADLINE, connected

GUARDS = guards.__name__
TOKEN = {
    "type": "openIdConnect",
    "openIdConnectUrl": "https://a.example",
    "x-tokenInfoFunc": f"{GUARDS}.token",
}
KEY = {"type": "httpApiKey", "in": "query", "name": "k", "x-apiKeyInfoFunc": f"{GUARDS}.key"}
NOT_AUTHENTICATED = {
    "message": "not authenticated",
    "data": {"status": 401, "title": "Unauthorized", "detail": "not authenticated"},
}
GOOD = {"token": "reader"}
BAD = {"token": "MARKER"}


def secured(*receives: Any, security: Any = ({"token": []},), **rest: Any) -> dict[str, Any]:
    return closed({"/": channel(receives, **rest)}, security)


def closed(channels: Any, security: Any = ({"token": []},), **fields: Any) -> dict[str, Any]:
    return document(
        channels,
        servers={"main": {"url": "h", "protocol": "ws", "security": list(security)}},
        components={"securitySchemes": {"token": {**TOKEN, **fields}, "key": KEY}},
    )


@pytest.fixture(autouse=True)
def no_marker(caplog: pytest.LogCaptureFixture) -> Any:
    """No credential is ever in a log."""
    caplog.set_level(logging.DEBUG, "asynction")
    yield
    assert "MARKER" not in caplog.text


def identities(asio: AsynctionSocketIO) -> list[str]:
    return [str(identity.user) for identity in asio._service.identities.values()]


# What is kept -----------------------------------------------------------------------------------


def test_security_info_lives_as_long_as_the_connection() -> None:
    asio = build(secured(message("who")))
    sids: list[str] = []

    def who() -> Any:
        sids.append(flask.request.sid)  # type: ignore[attr-defined]
        return asio.security_info(sids[-1])

    asio.on("who")(who)
    client = client_of(asio, auth=GOOD)
    assert client.ask("who") == [guards.GOOD["reader"]]
    client.disconnect()
    assert asio.security_info(sids[0]) is None
    assert identities(asio) == []


def test_the_connect_handler_can_look_it_up() -> None:
    asio = build(secured())
    found: list[object] = []
    asio.on("connect")(lambda: found.append(asio.security_info(flask.request.sid)))  # type: ignore[attr-defined]
    client_of(asio, auth=GOOD)
    assert found == [guards.GOOD["reader"]]


def test_what_is_unknown_has_no_security_info() -> None:
    assert build(of()).security_info("nobody") is None


@pytest.mark.parametrize(
    "handler",
    [
        lambda user, token_info: seen.append((user, token_info)),
        lambda auth, user, token_info: seen.append((user, token_info)),
        lambda auth=None, *, user, token_info: seen.append((user, token_info)),
    ],
)
def test_a_handler_asks_for_what_it_wants(handler: Any) -> None:
    seen.clear()
    asio = build(secured())
    asio.on("connect")(handler)
    client_of(asio, auth=GOOD)
    assert seen == [("ada", guards.GOOD["reader"])]


seen: list[object] = []


def test_the_disconnect_handler_knows_who_has_left() -> None:
    asio = build(secured())
    left: list[object] = []
    asio.on("disconnect")(lambda reason, user: left.append((reason, user)))
    client_of(asio, auth=GOOD).disconnect()
    assert left == [("client disconnect", "ada")]


def test_who_needs_no_credentials_is_nobody() -> None:
    asio = build(of())
    seen.clear()
    asio.on("connect")(lambda user, token_info: seen.append((user, token_info)))
    client_of(asio, auth=GOOD)
    assert seen == [(None, None)]
    assert identities(asio) == []


def test_each_namespace_asks_for_itself() -> None:
    asio = build(closed({"/": {}, "/open": {"x-security": []}, "/key": {"x-security": [{"key": []}]}}))
    client = client_of(asio, "/open")
    assert client.is_connected("/open")
    client.connect("/")
    assert not client.is_connected("/")
    client.connect("/", auth=GOOD)
    assert client.is_connected("/")
    client.connect("/key", auth={"k": "right"})
    assert sorted(identities(asio)) == ["ada", "ada"]
    client.disconnect("/key")
    assert identities(asio) == ["ada"]


# Refusals ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("auth", [None, BAD, {"token": 7}, [], "x"])
def test_a_refused_client_never_reaches_the_handler(auth: Any) -> None:
    asio = build(secured())
    asio.on("connect")(pytest.fail)
    with serve_wsgi(app_of(asio)) as url, connected(url, auth=auth) as client:
        assert client.refusals == {"/": NOT_AUTHENTICATED}
    assert identities(asio) == []


def refusing() -> None:
    raise flask_socketio.ConnectionRefusedError("no")


def refusing_by_status() -> None:
    raise SecurityException(403)


def failing() -> None:
    raise LookupError("a bug")


@pytest.mark.parametrize("handler", [lambda: False, refusing, refusing_by_status, failing])
def test_a_connect_handler_that_refuses_leaves_nothing_behind(handler: Any) -> None:
    asio = build(secured())
    asio.on("connect")(handler)
    assert not client_of(asio, auth=GOOD).is_connected()
    assert identities(asio) == []


def test_a_handler_refuses_with_a_security_exception() -> None:
    asio = build(secured())
    asio.on("connect")(refusing_by_status)
    forbidden = {"status": 403, "title": "Forbidden", "detail": "not allowed"}
    with serve_wsgi(app_of(asio)) as url, connected(url, auth=GOOD) as client:
        assert client.refusals == {"/": {"message": "not allowed", "data": forbidden}}
    asio = build(secured(message("e")))
    asio.on("e")(refusing_by_status)
    assert client_of(asio, auth=GOOD).ask("e") == [{"error": forbidden}]


def test_the_error_handler_hears_of_it_and_changes_nothing() -> None:
    errors: list[Exception] = []

    def forgive(error: Exception) -> str:
        errors.append(error)
        return "welcome"

    asio = build(secured(), default_error_handler=forgive)
    asio.on("connect")(pytest.fail)
    with serve_wsgi(app_of(asio)) as url, connected(url, auth=BAD) as client:
        assert client.refusals == {"/": NOT_AUTHENTICATED}
    assert [type(error) for error in errors] == [SecurityException]


def test_the_error_handler_words_the_ack_but_the_handler_does_not_run() -> None:
    spec = secured(message("e"))
    spec["channels"]["/"]["publish"]["security"] = [{"key": []}]
    asio = build(spec, default_error_handler=lambda error: type(error).__name__)
    asio.on("e")(pytest.fail)
    assert client_of(asio, auth=GOOD).ask("e") == ["SecurityException"]


@pytest.mark.parametrize("config", [{"TESTING": True}, {"DEBUG": True}, {"PROPAGATE_EXCEPTIONS": True}])
def test_a_refusal_is_an_answer_in_testing_too(config: dict[str, bool]) -> None:
    asio = build(secured())
    app_of(asio).config.update(config)
    assert not client_of(asio, auth=BAD).is_connected()
    assert client_of(asio, auth=GOOD).is_connected()


def test_validation_off_is_not_security_off() -> None:
    asio = build(secured(), validation=False, strict=False)
    assert not client_of(asio).is_connected()
    assert client_of(asio, auth=GOOD).is_connected()


def test_a_handler_that_raises_does_not_show_the_credential() -> None:
    asio = build(secured(security=[]))

    def connect(auth: Any) -> None:
        raise LookupError("why")

    asio.on("connect")(connect)
    with serve_wsgi(app_of(asio)) as url, connected(url, auth=BAD) as client:
        assert "MARKER" not in str(client.refusals)


# Events -----------------------------------------------------------------------------------------


def test_a_class_based_namespace_is_guarded() -> None:
    class Rooms(flask_socketio.Namespace):  # type: ignore[misc]  # the library has no types
        def on_connect(self, auth: Any, user: str) -> None:
            seen.append(user)

        def on_e(self) -> str:
            return "done"

        def on_f(self) -> str:
            return "done"

    spec = closed({"/": {"publish": {"security": [{"key": []}], "message": message("e")}}})
    asio = build(spec, strict=False)
    seen.clear()
    asio.on_namespace(Rooms("/"))
    assert not client_of(asio).is_connected()
    assert client_of(asio, auth=GOOD).ask("e")[0]["error"]["status"] == 403
    assert client_of(asio, auth={**GOOD, "k": "right"}).ask("e") == ["done"]
    assert seen == ["ada", "ada"]


def test_a_catch_all_is_guarded() -> None:
    spec = closed({"/": {"publish": {"security": [{"key": []}], "message": message("e")}}})
    asio = build(spec, strict=False)
    asio.on("*")(lambda event, *args: event)
    client = client_of(asio, auth=GOOD)
    assert client.ask("e")[0]["error"]["status"] == 403
    assert client.ask("other") == ["other"]


def test_rights_are_checked_before_args() -> None:
    spec = closed({"/": {"publish": {"security": [{"key": []}], "message": message("e", STRING)}}})
    asio = build(spec)
    asio.on("e")(len)
    client = client_of(asio, auth=GOOD)
    assert client.ask("e", 7)[0]["error"]["status"] == 403
    assert client.ask("e", "x")[0]["error"]["status"] == 403
    client = client_of(asio, auth={**GOOD, "k": "right"})
    assert client.ask("e", 7)[0]["error"]["status"] == 400


def test_an_event_that_comes_before_its_client_is_let_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """With `always_connect`, python-socketio takes events while the connect handler still decides."""
    asio = build(secured(message("e")), always_connect=True)
    asio.on("e")(pytest.fail)
    acks: list[Any] = []

    def early(token: str) -> dict[str, str]:
        acks.append(client_of_now().trigger())
        return {"sub": "late"}

    class _Now:
        def trigger(self) -> Any:
            server, sid = asio.server, flask.request.sid  # type: ignore[attr-defined]
            return server._trigger_event("e", "/", sid)

    client_of_now = _Now
    guard = asio._service.routes.guards["token"]
    monkeypatch.setattr(type(guard), "function", property(lambda self: early), raising=False)
    client_of(asio, auth=GOOD)
    assert acks[0][0]["error"]["status"] == 401


def test_a_namespace_with_parameters() -> None:
    spec = closed({"/rooms/{user}": {"parameters": {"user": {"schema": {"type": "integer"}}}}})
    asio = build(spec)
    seen.clear()
    asio.on("connect", "/rooms/{user}")(lambda user, token_info: seen.append((user, token_info["sub"])))
    assert not client_of(asio, "/rooms/7").is_connected("/rooms/7")
    assert client_of(asio, "/rooms/7", auth=GOOD).is_connected("/rooms/7")
    assert seen == [(7, "ada")]  # the namespace's own parameter goes first


def test_who_left_meanwhile_leaves_nothing_behind() -> None:
    asio = build(secured())

    def connect() -> None:
        eio_sid = asio.server.manager.eio_sid_from_sid(flask.request.sid, "/")  # type: ignore[attr-defined]
        del asio.server.environ[eio_sid]

    asio.on("connect")(connect)
    assert not client_of(asio, auth=GOOD).is_connected()
    assert identities(asio) == []


# The `auth` payload -----------------------------------------------------------------------------

AUTH = {"type": "object", "required": ["token"], "properties": {"token": {"type": "string", "maxLength": 10}}}


@pytest.mark.parametrize(
    ("auth", "message"),
    [
        (None, "auth: must be object"),
        ({"other": "MARKER"}, "auth: needs the property `token`"),
        ({"token": "MARKER of a client"}, "auth: /token: must have at most 10 characters"),
        ({"token": 7}, "auth: /token: must be string"),
    ],
)
def test_auth_that_breaks_its_schema(auth: Any, message: str) -> None:
    with serve_wsgi(app_of(build(of(x_auth=AUTH)))) as url, connected(url, auth=auth) as client:
        refusal = client.refusals["/"]
        assert refusal["message"] == message
        assert refusal["data"]["status"] == 400
    # Only a client that is known learns what the schema wants.
    with serve_wsgi(app_of(build(secured(x_auth=AUTH)))) as url, connected(url, auth=auth) as client:
        assert client.refusals["/"]["message"] == "not authenticated"


@pytest.mark.parametrize("registry", [{}, {"bindings": {"ws": {"method": "GET"}}}])
def test_auth_that_keeps_its_schema(registry: Any) -> None:
    assert client_of(build(secured(x_auth=AUTH, **registry)), auth=GOOD).is_connected()


def test_auth_without_security() -> None:
    asio = build(of(x_auth=AUTH))
    assert not client_of(asio).is_connected()
    assert client_of(asio, auth={"token": "x"}).is_connected()


def test_a_schema_of_auth_that_is_none() -> None:
    with pytest.raises(DocumentError, match="`strin` is not a JSON Schema type"):
        build(of(x_auth={"type": "strin"}))


# Certificates -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verify", "enters"), [(None, True), ("SUCCESS", True), ("NONE", False), ("FAILED:x", False)]
)
def test_a_certificate_counts_where_it_is_verified(verify: str | None, enters: bool) -> None:
    spec = document(
        {"/": {}},
        servers={"main": {"url": "h", "protocol": "wss", "security": [{"tls": []}]}},
        components={
            "securitySchemes": {"tls": {"type": "X509", "x-certificateInfoFunc": f"{GUARDS}.certificate"}}
        },
    )
    asio = build(spec)
    http = app_of(asio).test_client()
    http.environ_base["SSL_CLIENT_CERT"] = "a certificate"
    if verify is not None:
        http.environ_base["SSL_CLIENT_VERIFY"] = verify
    assert client_of(asio, flask_test_client=http).is_connected() is enters


# Expiry -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("async_mode", ["threading"])
def test_a_client_is_disconnected_when_its_credential_ends(
    async_mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(guards.GOOD, "brief", {"sub": "ada", "exp": time.time() + 1})
    asio = build(closed({"/": {}}, **{"x-enforceExpiry": True}), async_mode=async_mode)
    left: list[object] = []
    asio.on("disconnect")(lambda reason, user: left.append((reason, user)))
    with serve_wsgi(app_of(asio)) as url:
        gone = socketio.Client(reconnection=False).eio.create_event()
        with connected(url, auth={"token": "brief"}) as client:
            client.sio.on("disconnect", lambda *args: gone.set())
            assert not client.refusals
            assert gone.wait(30)
    assert left == [("server disconnect", "ada")]
    assert identities(asio) == []


# AsyncAPI 3 -------------------------------------------------------------------------------------


def test_a_list_of_schemes() -> None:
    """In 3.x `security` is a list of schemes, named or written in place, and one is enough."""
    bearer = {"type": "http", "scheme": "bearer", "x-bearerInfoFunc": f"{GUARDS}.bearer"}
    asio = build(
        {
            "asyncapi": "3.1.0",
            "info": {"title": "T", "version": "1"},
            "servers": {
                "main": {
                    "host": "h",
                    "protocol": "ws",
                    "security": [{"$ref": "#/components/securitySchemes/key"}, bearer],
                }
            },
            "channels": {
                "main": {"address": "/", "x-auth": AUTH, "messages": {"e": {"name": "e"}}},
                "open": {"address": "/open", "x-security": []},
                "closed": {"address": "/closed", "x-security": [{**TOKEN, "scopes": ["write"]}]},
            },
            "operations": {
                "e": {
                    "action": "receive",
                    "channel": {"$ref": "#/channels/main"},
                    "security": [{**TOKEN, "scopes": ["read"]}],
                    "x-handler": f"{GUARDS}.event",
                }
            },
            "components": {"securitySchemes": {"key": KEY}},
        }
    )
    assert not client_of(asio).is_connected()
    assert not client_of(asio, auth={"token": "MARKER"}).is_connected()
    assert client_of(asio, auth=GOOD).ask("e") == ["done"]
    assert client_of(asio, auth={"token": "both names"}).ask("e") == ["done"]
    assert client_of(asio, auth={"token": "nameless"}).ask("e")[0]["error"]["status"] == 403
    assert client_of(asio, "/open").is_connected("/open")
    assert not client_of(asio, "/closed", auth=GOOD).is_connected("/closed")
    assert client_of(asio, "/closed", auth={"token": "writer"}).is_connected("/closed")


# What is wrong is found at the start --------------------------------------------------------------


def test_a_scheme_without_a_function_stops_the_start() -> None:
    spec = closed({"/": {}})
    del spec["components"]["securitySchemes"]["token"]["x-tokenInfoFunc"]
    with pytest.raises(DocumentError, match=r"security-function .* write `x-tokenInfoFunc`"):
        build(spec)


@pytest.mark.parametrize("server_name", ["open", "closed"])
def test_a_server_must_be_chosen(server_name: str) -> None:
    spec = closed({"/": {}})
    spec["servers"] = {
        "open": {"url": "h", "protocol": "ws"},
        "closed": {"url": "h", "protocol": "ws", "security": [{"token": []}]},
    }
    with pytest.raises(DocumentError, match="security-server"):
        build(spec)
    assert client_of(build(spec, server_name=server_name)).is_connected() is (server_name == "open")


def test_an_unknown_extension_that_comes_near() -> None:
    spec = closed({"/": {}}, **{"x-enforceExpiri": True})
    with pytest.raises(DocumentError, match="did you mean `x-enforceExpiry`"):
        build(spec)


def test_a_server_without_an_app_lets_nobody_in() -> None:
    spec = closed({"/": {}})
    asio = AsynctionSocketIO.from_spec(spec)
    with pytest.raises(ConnectionRejected):
        drive(
            asio._service.connect(
                asio._service.context("/", "connect", "sid"), None, lambda auth: Request("GET")
            )
        )


def test_a_client_that_is_still_being_asked_hears_nothing() -> None:
    def check(token: str) -> dict[str, str] | None:
        asio.emit("said", "a secret")
        return {"sub": token} if token == "good" else None

    spec = closed({"/": channel(sends=[message("said", STRING)])})
    asio = build(spec, security_functions={"token": check})
    asio.on("connect")(lambda: asio.emit("said", "welcome"))  # who has been let in hears it
    with serve_wsgi(app_of(asio)) as url:
        with connected(url, auth={"token": "bad"}) as client:
            assert client.refusals
            assert client.events.empty()
        with connected(url, auth={"token": "good"}) as client:
            assert client.events.get(timeout=DEADLINE) == ("said", ("welcome",))
            assert client.events.empty()
