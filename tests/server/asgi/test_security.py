"""Who may connect to an async server and send events to it, and what is kept of them.

Which credentials meet which requirements is data: specs/conformance/security.yaml.
"""

# Mocks tell no signature, and a lambda is the handler that a signature is read of.
# ruff: noqa: PLW0108

from __future__ import annotations

import asyncio
import logging
import sys
import threading
import time
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import jwt
import pytest
import socketio

from asynction import AsynctionAsyncServer, DocumentError, SecurityException, SecurityInfo
from asynction.inject import Depends, SocketID
from asynction.server._asgi.loop import wait_for
from asynction.server._asgi.testing import AsyncTestClient
from asynction.server._socketio.common import certificate_of, request_of
from asynction.testing import serve_asgi
from tests.conformance import guards
from tests.server.asgi.support import ask, eventually, made, refusal, run, talk
from tests.server.support import STRING, channel, document, message, of
from tests.serving import DEADLINE, connected

GUARDS = guards.__name__
TOKEN = {
    "type": "openIdConnect",
    "openIdConnectUrl": "https://a.example",
    "x-tokenInfoFunc": f"{GUARDS}.token",
}
KEY = {"type": "httpApiKey", "in": "query", "name": "k", "x-apiKeyInfoFunc": f"{GUARDS}.key"}
UNAUTHORIZED = {"status": 401, "title": "Unauthorized", "detail": "not authenticated"}
FORBIDDEN = {"status": 403, "title": "Forbidden", "detail": "not allowed"}
NOT_AUTHENTICATED = {"message": "not authenticated", "data": UNAUTHORIZED}
GOOD = {"token": "reader"}
BAD = {"token": "MARKER"}
INFO = guards.GOOD["reader"]


def secured(*receives: Any, security: Any = ({"token": []},), **rest: Any) -> dict[str, Any]:
    return closed({"/": channel(receives, **rest)}, security)


def closed(channels: Any, security: Any = ({"token": []},), **fields: Any) -> dict[str, Any]:
    return document(
        channels,
        servers={"main": {"url": "h", "protocol": "ws", "security": list(security)}},
        components={"securitySchemes": {"token": {**TOKEN, **fields}, "key": KEY}},
    )


@pytest.fixture(autouse=True)
def no_marker(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """No credential is ever in a log."""
    caplog.set_level(logging.DEBUG, "asynction")
    yield
    assert "MARKER" not in caplog.text


def identities(asio: AsynctionAsyncServer) -> list[str]:
    return [str(identity.user) for identity in asio._service.identities.values()]


# Security functions -------------------------------------------------------------------------------


async def later(token: str) -> Any:
    """A security function that has to ask somebody."""
    await asyncio.sleep(0)
    return guards.GOOD.get(token)


async def refuses_later(token: str) -> Any:
    raise SecurityException(403)


async def fails_later(token: str) -> Any:
    raise TypeError("MARKER")


@pytest.fixture
def checked_by(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], str]:
    """Give a security function a path for documents."""

    def path(function: Any) -> str:
        module = ModuleType("security_of_a_test")
        module.check = function  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, module.__name__, module)
        return f"{module.__name__}.check"

    return path


@pytest.mark.parametrize("function", [guards.token, later])
def test_security_functions_may_be_async(function: Any, checked_by: Callable[[Any], str]) -> None:
    asio = made(closed({"/": {}}, **{"x-tokenInfoFunc": checked_by(function)}))
    assert refusal(asio, auth=GOOD) is None
    assert refusal(asio, auth=BAD) == refusal(asio) == NOT_AUTHENTICATED


@pytest.mark.parametrize(("function", "status"), [(refuses_later, 403), (fails_later, 401)])
def test_a_security_function_that_raises_lets_nobody_in(
    function: Any, status: int, checked_by: Callable[[Any], str]
) -> None:
    asio = made(closed({"/": {}}, **{"x-tokenInfoFunc": checked_by(function)}), connect=failing)
    assert refusal(asio, auth=BAD)["data"]["status"] == status
    assert identities(asio) == []


def test_a_security_function_that_waits_holds_up_nobody(checked_by: Callable[[Any], str]) -> None:
    """A key of `x-jwt` may have to be fetched, say."""
    gate = threading.Event()

    def check(token: str) -> Any:
        return guards.GOOD[token] if token == "writer" or gate.wait(DEADLINE) else None

    asio = made(closed({"/": {}}, **{"x-tokenInfoFunc": checked_by(check)}))

    async def main() -> None:
        async with asio.test_client("/", auth={"token": "writer"}) as first:
            slow = asio.test_client("/", auth=GOOD)
            entering = asyncio.ensure_future(slow.__aenter__())
            async with asio.test_client("/", auth={"token": "writer"}) as second:
                assert first.is_connected()
                assert second.is_connected()
                assert not entering.done()
            gate.set()
            await entering
            assert slow.is_connected()
            await slow.__aexit__(None, None, None)

    run(main())


SECRET = "a secret for the tests, of 32 characters and more"


def test_a_json_web_token_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JWT_SECRET", SECRET)
    scheme = {
        "type": "http",
        "scheme": "bearer",
        "x-jwt": {"secretEnv": "JWT_SECRET", "algorithms": ["HS256"]},
    }
    spec = document(
        {"/": channel([message("who")])},
        servers={"main": {"url": "h", "protocol": "ws", "security": [{"jwt": []}]}},
        components={"securitySchemes": {"jwt": scheme}},
    )
    asio = made(spec)

    @asio.on("who")
    def who(info: SecurityInfo) -> str:
        return str(info["sub"])

    def token(secret: str = SECRET, **claims: Any) -> dict[str, str]:
        text = jwt.encode({"sub": "cy", "exp": int(time.time()) + 60, **claims}, secret, algorithm="HS256")
        return {"Authorization": f"Bearer {text}"}

    assert ask(asio, "who", headers=token()) == ["cy"]
    for headers in ({}, token("another secret of 32 characters or more"), token(exp=1)):
        assert refusal(asio, headers=headers) == NOT_AUTHENTICATED


# What is kept -----------------------------------------------------------------------------------


def test_security_info_lives_as_long_as_the_connection() -> None:
    asio = made(secured(message("who")))
    asio.on("who", lambda sid: asio.security_info(sid))

    async def body(client: AsyncTestClient) -> None:
        sid = client.sid()
        assert await client.call("who") == [INFO]
        await client.disconnect()
        assert asio.security_info(sid) is None

    talk(asio, body, auth=GOOD)
    assert identities(asio) == []


def test_what_is_unknown_has_no_security_info() -> None:
    assert made(of()).security_info("nobody") is None


def test_handlers_are_given_who_it_is() -> None:
    seen: list[Any] = []

    def needs(info: SecurityInfo) -> str:
        return str(info["sub"])

    asio = made(secured(message("who"), message("maybe")))

    @asio.on("connect")
    async def connect(sid: str, environ: Any, auth: Any, *, user: str, token_info: Any) -> None:
        seen.append((user, token_info, asio.security_info(sid)))

    @asio.on("disconnect")
    def disconnect(reason: str, *, user: str) -> None:
        seen.append((reason, user))

    @asio.on("who")
    async def who(info: SecurityInfo, name: str = Depends(needs)) -> Any:
        return info, name

    @asio.on("maybe")
    async def maybe(info: SecurityInfo | None) -> Any:
        return info

    async def body(client: AsyncTestClient) -> None:
        assert await client.call("who") == [INFO, "ada"]
        assert await client.call("maybe") == [INFO]
        await client.disconnect()

    talk(asio, body, auth=GOOD)
    assert seen == [("ada", INFO, INFO), ("client disconnect", "ada")]


def test_who_needs_no_credentials_is_nobody() -> None:
    asio = made(of(message("who"), message("maybe")))

    @asio.on("who")
    def who(info: SecurityInfo) -> Any:
        pytest.fail("it takes nobody else")

    @asio.on("maybe")
    def maybe(info: SecurityInfo | None, sid: SocketID) -> Any:
        return info, asio.security_info(sid)

    assert ask(asio, "maybe", auth=GOOD) == [None, None]
    assert ask(asio, "who", auth=GOOD) == [{"error": UNAUTHORIZED}]


def test_each_namespace_asks_for_itself() -> None:
    asio = made(closed({"/": {}, "/open": {"x-security": []}, "/key": {"x-security": [{"key": []}]}}))

    async def body(client: AsyncTestClient) -> None:
        assert client.is_connected("/open")
        await client.connect("/")
        assert not client.is_connected("/")
        await client.connect("/", auth=GOOD)
        assert client.is_connected("/")
        await client.connect("/key", auth={"k": "right"})
        assert sorted(identities(asio)) == ["ada", "ada"]
        await client.disconnect("/key")
        assert identities(asio) == ["ada"]

    talk(asio, body, "/open")
    assert identities(asio) == []


# Refusals ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("auth", [None, BAD, {"token": 7}, [], "x"])
def test_a_refused_client_never_reaches_the_handler(auth: Any) -> None:
    asio = made(secured(), connect=lambda: pytest.fail("it must not run"))
    assert refusal(asio, auth=auth) == NOT_AUTHENTICATED
    assert identities(asio) == []


async def refusing() -> None:
    raise socketio.exceptions.ConnectionRefusedError("no")


async def refusing_by_status() -> None:
    raise SecurityException(403)


def failing() -> None:
    raise LookupError("a bug")


@pytest.mark.parametrize("handler", [lambda: False, refusing, refusing_by_status, failing])
def test_a_connect_handler_that_refuses_leaves_nothing_behind(handler: Any) -> None:
    asio = made(secured(), connect=handler)
    assert refusal(asio, auth=GOOD) is not None
    assert identities(asio) == []


def test_a_handler_refuses_with_a_security_exception() -> None:
    refused = refusal(made(secured(), connect=refusing_by_status), auth=GOOD)
    assert refused == {"message": "not allowed", "data": FORBIDDEN}
    assert ask(made(secured(message("e")), e=refusing_by_status), "e", auth=GOOD) == [{"error": FORBIDDEN}]


def test_validation_off_is_not_security_off() -> None:
    asio = AsynctionAsyncServer.from_spec(secured(), validation=False, strict=False)
    assert refusal(asio) == NOT_AUTHENTICATED
    assert refusal(asio, auth=GOOD) is None


# Events -----------------------------------------------------------------------------------------


def test_an_operation_asks_for_more() -> None:
    spec = closed({"/": {"publish": {"security": [{"key": []}], "message": message("e", STRING)}}})
    asio = made(spec, e=len)

    async def body(client: AsyncTestClient) -> None:
        assert await client.call("e", 7) == [{"error": FORBIDDEN}]  # args are not looked at
        assert await client.call("e", "x") == [{"error": FORBIDDEN}]

    talk(asio, body, auth=GOOD)
    assert ask(asio, "e", "x", auth={**GOOD, "k": "right"}) == [1]


def test_a_class_and_a_wildcard_are_guarded() -> None:
    class Own(socketio.AsyncNamespace):  # type: ignore[misc]  # the library has no types
        async def trigger_event(self, event: str, *args: Any) -> Any:
            return event if event == "e" else None

    spec = closed({"/": {"publish": {"security": [{"key": []}], "message": message("e")}}})
    for strict in (True, False):
        asio = AsynctionAsyncServer.from_spec(spec, strict=strict)
        if strict:
            asio.register_namespace(Own("/"))
        else:
            asio.on("*", lambda event, sid, *args: event)
        assert refusal(asio) == NOT_AUTHENTICATED
        assert ask(asio, "e", auth=GOOD) == [{"error": FORBIDDEN}]
        assert ask(asio, "e", auth={**GOOD, "k": "right"}) == ["e"]


def test_an_event_that_comes_before_its_client_is_let_in(checked_by: Callable[[Any], str]) -> None:
    """With `always_connect`, python-socketio takes events while the connect handler still decides."""

    async def main() -> None:
        gate = asyncio.Event()

        async def slow(token: str) -> Any:
            await gate.wait()
            return guards.GOOD.get(token)

        spec = closed({"/": channel([message("e")])}, **{"x-tokenInfoFunc": checked_by(slow)})
        asio = AsynctionAsyncServer.from_spec(spec, always_connect=True)
        asio.on("e", lambda: "done")
        async with asio.test_client(auth=GOOD) as client:
            (eio_sid,) = asio.eio.sockets
            acks: list[Any] = []
            send = asio._send_packet

            async def sending(eio_sid: str, packet: Any) -> None:
                acks.append(packet.data)
                await send(eio_sid, packet)

            asio._send_packet = sending
            await asio._handle_eio_message(eio_sid, '299["e"]')
            await eventually(lambda: acks)
            assert acks[0][0]["error"]["status"] == 401
            gate.set()
            await eventually(lambda: asio.security_info(client.sid()))
            assert await client.call("e") == ["done"]

    run(main())


def test_a_namespace_with_parameters_is_guarded() -> None:
    seen: list[Any] = []
    asio = made(closed({"/rooms/{user}": {"parameters": {"user": {"schema": {"type": "integer"}}}}}))
    asio.on(
        "connect",
        lambda *, user, token_info: seen.append((user, token_info["sub"])),
        namespace="/rooms/{user}",
    )
    assert refusal(asio, "/rooms/7") == NOT_AUTHENTICATED
    assert refusal(asio, "/rooms/7", auth=GOOD) is None
    assert seen == [(7, "ada")]  # the namespace's own parameter goes first


def test_functions_of_code_go_before_those_of_the_document() -> None:
    async def check(token: str) -> Any:
        return {"sub": "eve"} if token == "other" else None

    functions = {"token": check}
    asio = AsynctionAsyncServer.from_spec(secured(message("who")), security_functions=functions)

    @asio.on("who")
    def who(info: SecurityInfo) -> str:
        return str(info["sub"])

    assert ask(asio, "who", auth={"token": "other"}) == ["eve"]
    assert refusal(asio, auth=GOOD) == NOT_AUTHENTICATED


def test_a_scheme_without_a_function_stops_the_start() -> None:
    spec = closed({"/": {}})
    del spec["components"]["securitySchemes"]["token"]["x-tokenInfoFunc"]
    with pytest.raises(DocumentError, match=r"security-function .* write `x-tokenInfoFunc`"):
        made(spec)


# What a request brings ----------------------------------------------------------------------------


def test_a_request_is_what_asgi_tells() -> None:
    scope = {"headers": [(b"x-tag", b"a"), (b"x-tag", "é".encode("latin-1"))]}
    environ = {"asgi.scope": scope, "QUERY_STRING": "a=1&a=&b=%20", "REQUEST_METHOD": "POST"}
    request = request_of(environ, {"token": 1})
    assert request.query == (("a", "1"), ("a", ""), ("b", " "))
    assert request.headers == (("x-tag", "a"), ("x-tag", "é"))
    assert (request.method, request.auth, request.certificate) == ("POST", {"token": 1}, None)
    assert request_of({}, None).headers == ()


@pytest.mark.parametrize(
    ("environ", "certificate"),
    [
        ({}, None),
        ({"SSL_CLIENT_CERT": "a"}, "a"),
        ({"SSL_CLIENT_CERT": "a", "SSL_CLIENT_VERIFY": "SUCCESS"}, "a"),
        ({"SSL_CLIENT_CERT": "a", "SSL_CLIENT_VERIFY": "NONE"}, None),
        ({"asgi.scope": {"extensions": {"tls": {"client_cert_chain": ["b", "c"]}}}}, "b"),
        ({"asgi.scope": {"extensions": {"tls": {"client_cert_chain": []}}}}, None),
        ({"asgi.scope": {"extensions": {"tls": {}}}}, None),
    ],
)
def test_a_certificate_comes_from_the_server_that_ends_tls(environ: Any, certificate: str | None) -> None:
    assert request_of(environ, None).certificate == certificate
    if "asgi.scope" not in environ:
        assert certificate_of(environ) == certificate


def test_no_client_brings_a_certificate_itself() -> None:
    """A header of that name is HTTP_SSL_CLIENT_CERT."""
    spec = document(
        {"/": {}},
        servers={"main": {"url": "h", "protocol": "wss", "security": [{"tls": []}]}},
        components={
            "securitySchemes": {"tls": {"type": "X509", "x-certificateInfoFunc": f"{GUARDS}.certificate"}}
        },
    )
    headers = {"SSL-Client-Cert": "a certificate", "SSL-Client-Verify": "SUCCESS"}
    assert refusal(made(spec), headers=headers) == NOT_AUTHENTICATED


# Expiry -----------------------------------------------------------------------------------------


def test_a_client_is_disconnected_when_its_credential_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    start = time.time()
    monkeypatch.setitem(guards.GOOD, "brief", {"sub": "ada", "exp": start + 1000})
    monkeypatch.setitem(guards.GOOD, "long", {"sub": "bob", "exp": start + 3000})

    async def main() -> None:
        clock = [start]
        asio = made(closed({"/": {}}, **{"x-enforceExpiry": True}))
        asio._expiries._now = lambda: clock[0]
        left: list[tuple[str, str]] = []

        @asio.on("disconnect")
        async def disconnect(reason: str, *, user: str) -> None:
            left.append((reason, user))

        async with (
            asio.test_client(auth={"token": "long"}) as bob,
            asio.test_client(auth={"token": "brief"}) as ada,
        ):
            clock[0] += 999
            asio._expiries._wake.set()
            await eventually(lambda: not asio._expiries._wake.is_set())
            assert ada.is_connected()
            clock[0] += 1
            asio._expiries._wake.set()
            await eventually(lambda: not ada.is_connected())
            assert left == [("server disconnect", "ada")]
            assert bob.is_connected()
            assert identities(asio) == ["bob"]
        assert [name for _, name in left] == ["ada", "bob"]
        await asio.shutdown()

    run(main())


def test_a_wait_ends_when_it_is_woken_or_over() -> None:
    async def main() -> None:
        wake = asyncio.Event()
        await wait_for(wake, 0)
        assert not wake.is_set()
        wake.set()
        await wait_for(wake, 3600)

    run(main())


def test_a_real_client_is_put_out_when_its_credential_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    start = time.time()
    monkeypatch.setitem(guards.GOOD, "brief", {"sub": "ada", "exp": start + 1000})
    asio = made(closed({"/": channel([message("later")])}, **{"x-enforceExpiry": True}))

    @asio.on("later")
    async def later() -> None:
        asio._expiries._now = lambda: start + 1000
        asio._expiries._wake.set()

    with serve_asgi(asio.asgi_app()) as url, connected(url, auth={"token": "brief"}) as client:
        gone = client.sio.eio.create_event()
        client.sio.on("disconnect", lambda *args: gone.set())
        client.sio.emit("later")
        assert gone.wait(30)
    assert identities(asio) == []


# Broadcasts ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/rooms/7"])
def test_a_client_that_is_still_being_asked_hears_nothing(path: str) -> None:
    name = "/rooms/{id}" if path != "/" else "/"
    said = channel(sends=[message("said", STRING)], **({"parameters": {"id": {}}} if path != "/" else {}))

    async def check(token: str) -> dict[str, str] | None:
        await asio.emit("said", "a secret", namespace=path)
        return {"sub": token} if token == "good" else None

    asio = AsynctionAsyncServer.from_spec(closed({name: said}), security_functions={"token": check})

    async def broadcast(sid: str) -> None:
        await asio.emit("said", "welcome", namespace=path)  # who has been let in hears it

    asio.on("connect", broadcast, namespace=name)
    with serve_asgi(asio.asgi_app()) as url:
        with connected(url, path, auth={"token": "bad"}) as client:
            assert client.refusals
            assert client.events.empty()
        with connected(url, path, auth={"token": "good"}) as client:
            assert client.events.get(timeout=DEADLINE) == ("said", ("welcome",))
            assert client.events.empty()


def test_a_client_that_is_meant_by_name_hears_what_it_is_told() -> None:
    async def check(token: str) -> dict[str, str] | None:
        (sid,) = asio.manager.pending_connect["/"]
        await asio.emit("said", "you, alone", to=[sid])
        await asio.emit("said", "you", to=sid)
        return None

    said = channel(sends=[message("said", STRING)])
    asio = AsynctionAsyncServer.from_spec(closed({"/": said}), security_functions={"token": check})
    with serve_asgi(asio.asgi_app()) as url, connected(url, auth={"token": "bad"}) as client:
        assert client.refusals
        told = [client.events.get(timeout=DEADLINE) for _ in range(2)]
        assert told == [("said", ("you, alone",)), ("said", ("you",))]
