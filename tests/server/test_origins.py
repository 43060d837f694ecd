"""Pages of other origins, on every wire of every server, and the policy by itself."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import flask
import pytest
import requests
import simple_websocket
import websocket
from fastapi import FastAPI, WebSocket

from asynction import AsynctionAsyncServer, AsynctionSocketIO
from asynction.server._origins import OriginPolicy
from asynction.server.gateway import ApiGateway
from asynction.server.websocket import SocketRouter
from asynction.testing import serve_asgi, serve_wsgi
from tests.server.support import message, of
from tests.serving import DEADLINE

SPEC = of(message("echo", {"type": "string"}), sends=[message("apiResponse", {})])
OTHER = "https://front.example"

# The wires ------------------------------------------------------------------------------------


def _flask(**options: Any) -> flask.Flask:
    app = flask.Flask("test")
    asio = AsynctionSocketIO.from_spec(SPEC, app=app, async_mode="threading", http=True, **options)
    asio.on("echo")(lambda text: text)
    ApiGateway(asio, app=app, allowed_origins=["http://127.0.0.1:9"], attempts=1)
    return app


def _asgi(**options: Any) -> Any:
    asio = AsynctionAsyncServer.from_spec(SPEC, http=True, **options)
    asio.on("echo", lambda text: text)
    gateway = ApiGateway(asio, allowed_origins=["http://127.0.0.1:9"], attempts=1)
    return gateway.asgi_app(asio.asgi_app())


def _router(**options: Any) -> SocketRouter:
    router = SocketRouter.from_spec(SPEC, **options)
    router.on("echo")(lambda text: text)
    return router


def _flask_router(**options: Any) -> flask.Flask:
    app, router = flask.Flask("test"), _router(**options)

    @app.route("/ws", websocket=True)
    def serve() -> str:  # as flask-sock does it
        router.serve(simple_websocket.Server.accept(flask.request.environ))
        return ""

    return app


def _fastapi_router(**options: Any) -> FastAPI:
    app, router = FastAPI(), _router(**options)

    @app.websocket("/ws")
    async def endpoint(ws: WebSocket) -> None:
        await ws.accept()  # too early; a page of another origin is closed all the same
        await router(ws)

    return app


def _poll(url: str, headers: dict[str, str]) -> bool:
    return _request("GET", f"{url}/socket.io/?EIO=4&transport=polling", headers)


def _open(url: str, headers: dict[str, str]) -> bool:
    return _connects(f"{url}/socket.io/?EIO=4&transport=websocket", headers)


def _post(url: str, headers: dict[str, str]) -> bool:
    return _request("POST", f"{url}/events/echo", headers, "hi")


def _call(url: str, headers: dict[str, str]) -> bool:
    call = {"api": "echo", "data": "hi", "callback_url": "http://127.0.0.1:9/"}
    return _request("POST", f"{url}/api/call", headers, call)


def _request(method: str, url: str, headers: dict[str, str], body: Any = None) -> bool:
    with requests.Session() as http:
        http.trust_env = False
        got = http.request(method, url, json=body, headers=headers, timeout=DEADLINE)
    assert got.ok or got.status_code in (400, 403)
    return got.ok


def _ask(url: str, headers: dict[str, str]) -> bool:
    return _connects(f"{url}/ws", headers, json.dumps({"uuid": 1, "route": "echo", "payload": "hi"}))


def _connects(url: str, headers: dict[str, str], *frames: str) -> bool:
    """Return whether a websocket is accepted, and answers the frames."""
    try:
        ws = websocket.create_connection(
            url.replace("http", "ws", 1), DEADLINE, header=headers, suppress_origin=True, **_host_of(headers)
        )
    except websocket.WebSocketBadStatusException as refused:
        return refused.status_code not in (400, 403)
    try:
        for frame in frames:
            ws.send(frame)
        answer = ws.recv()
        assert answer or not ws.connected
        return bool(answer) and not isinstance(answer, bytes)
    except (
        websocket.WebSocketConnectionClosedException,
        ConnectionError,
    ):  # closed before the frame was sent
        return False
    finally:
        ws.shutdown()  # type: ignore[no-untyped-call]  # of the library


def _host_of(headers: dict[str, str]) -> dict[str, Any]:
    return {"host": headers.pop("Host")} if "Host" in headers else {}


WIRES: dict[str, tuple[Callable[..., Any], Callable[[str, dict[str, str]], bool]]] = {
    "flask-polling": (_flask, _poll),
    "flask-websocket": (_flask, _open),
    "flask-http": (_flask, _post),
    "flask-gateway": (_flask, _call),
    "flask-router": (_flask_router, _ask),
    "asgi-polling": (_asgi, _poll),
    "asgi-websocket": (_asgi, _open),
    "asgi-http": (_asgi, _post),
    "asgi-gateway": (_asgi, _call),
    "asgi-router": (_router, _ask),
    "fastapi-router": (_fastapi_router, _ask),
}
every_wire = pytest.mark.parametrize("wire", WIRES)


@contextmanager
def serving(wire: str, **options: Any) -> Iterator[Callable[..., bool]]:
    """Serve a wire for real; yield a function that sends a request, and returns whether it was served."""
    make, attempt = WIRES[wire]
    app = make(**options)
    with (serve_wsgi if isinstance(app, flask.Flask) else serve_asgi)(app) as url:

        def ask(origin: str | None = None, **headers: str) -> bool:
            fields = {name.replace("_", "-"): value for name, value in headers.items()}
            if origin is not None:
                fields["Origin"] = origin.replace("OWN", url)
            return attempt(url, fields)

        yield ask


@every_wire
def test_a_page_of_the_servers_own_origin_is_served_and_no_other(wire: str) -> None:
    with serving(wire) as ask:
        assert ask()  # no browser
        assert ask("OWN")
        for origin in (
            OTHER,
            "null",
            "OWN.evil.example",
            "https://127.0.0.1:1",
            "OWN/",
            "OWN, OWN",
            "nonsense",
        ):
            assert not ask(origin), origin


@every_wire
def test_a_named_origin_is_served_beside_the_own(wire: str) -> None:
    with serving(wire, cors_allowed_origins=[OTHER]) as ask:
        assert ask(OTHER)
        assert ask("HTTPS://Front.Example:443")
        assert ask("OWN")
        assert not ask("https://front.example:8443")
        assert not ask("http://front.example")


@every_wire
def test_a_function_decides_alone(wire: str) -> None:
    with serving(wire, cors_allowed_origins=lambda origin: origin.endswith(".example")) as ask:
        assert ask(OTHER)
        assert not ask("OWN")


@every_wire
def test_a_star_serves_every_page(wire: str) -> None:
    with serving(wire, cors_allowed_origins="*") as ask:
        assert ask(OTHER)
        assert ask("null")


@every_wire
def test_a_proxy_says_what_the_own_origin_is_where_it_is_trusted(wire: str) -> None:
    proxied = {"X_Forwarded_Proto": "https", "X_Forwarded_Host": "front.example, inner"}
    with serving(wire, proxy_headers=True) as ask:
        assert ask(OTHER, **proxied)
        assert not ask("OWN", **proxied)
        assert ask("OWN")
    with serving(wire) as ask:  # (uvicorn itself believes a proxy on this machine as to the scheme)
        assert not ask("http://front.example", X_Forwarded_Host="front.example")
        assert ask("OWN", X_Forwarded_Host="front.example")


# The policy -----------------------------------------------------------------------------------


def environ(origin: str, host: str = "chat.example", scheme: str = "https", **more: str) -> dict[str, Any]:
    return {"HTTP_ORIGIN": origin, "HTTP_HOST": host, "wsgi.url_scheme": scheme, **more}


@pytest.mark.parametrize(
    ("host", "scheme", "origin", "expected"),
    [
        ("chat.example", "https", "https://chat.example", True),
        ("chat.example:443", "wss", "https://chat.example", True),
        ("chat.example", "https", "https://chat.example:443", True),
        ("chat.example", "ws", "http://chat.example:80", True),
        ("CHAT.example", "https", "https://chat.EXAMPLE", True),
        ("[::1]:8000", "http", "http://[::1]:8000", True),
        ("my_service:8000", "http", "http://my_service:8000", True),
        ("chat.example", "http", "https://chat.example", False),
        ("chat.example", "https", "https://chat.example:8443", False),
        ("chat.example", "https", "https://chat.example:80.evil.example", False),
        ("chat.example", "https", "https://chat.example@evil.example", False),
        ("chat.example", "https", "https://evil.example\\chat.example", False),
        ("chat.example", "https", "https://chat.example:99999", False),
        ("chat.example", "https", "https://" + "a" * 400, False),
        ("", "https", "https://", False),
        ("", "https", "null", False),
    ],
)
def test_the_own_origin_has_the_same_scheme_host_and_port(
    host: str, scheme: str, origin: str, expected: bool
) -> None:
    assert OriginPolicy().allows(environ(origin, host, scheme)) is expected


def test_apps_and_files_can_be_named() -> None:
    policy = OriginPolicy(cors_allowed_origins=("capacitor://localhost", "null"))
    assert policy.allows(environ("capacitor://localhost"))
    assert policy.allows(environ("null"))
    assert not policy.allows(environ("ionic://localhost"))


@pytest.mark.parametrize(
    "names", [["https://*.example"], "https://front.example/", ["front.example"], ["*.example"], [5]]
)
def test_a_name_that_can_never_match_is_refused_at_construction(names: Any) -> None:
    with pytest.raises(ValueError, match="is not an origin: write scheme, host and port"):
        AsynctionAsyncServer.from_spec(SPEC, cors_allowed_origins=names)
    with pytest.raises(ValueError, match="is not an origin: write scheme, host and port"):
        AsynctionSocketIO.from_spec(SPEC, app=flask.Flask("test"), cors_allowed_origins=names)


def test_a_function_must_not_be_async() -> None:
    async def decide(origin: str) -> bool:
        return False

    wrong: Any = decide
    with pytest.raises(TypeError, match="async def"):
        OriginPolicy(cors_allowed_origins=wrong)


def test_a_function_may_take_the_environment_and_is_asked_once() -> None:
    seen: list[str] = []

    def decide(origin: str, request: dict[str, Any]) -> bool:
        seen.append(f"{origin} {request['HTTP_HOST']}")
        return False

    policy, request = OriginPolicy(cors_allowed_origins=decide), environ(OTHER)
    assert not policy(OTHER, request)
    assert not policy(OTHER, request)
    assert seen == [f"{OTHER} chat.example"]


@pytest.mark.parametrize("decide", [lambda origin: {}[origin], sys.exit])
def test_a_function_that_fails_refuses(decide: Any, caplog: pytest.LogCaptureFixture) -> None:
    assert not OriginPolicy(cors_allowed_origins=decide).allows(environ(OTHER))
    assert "the function `cors_allowed_origins` failed" in caplog.text
    assert "Traceback" in caplog.text


def test_the_log_says_what_to_do(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "asynction"):
        OriginPolicy().allows(environ(OTHER))
        OriginPolicy().allows(environ(OTHER, HTTP_X_FORWARDED_HOST="front.example"))
    first, second = caplog.messages
    assert first == (
        "refused a page of the origin 'https://front.example', which is neither that of the request"
        " (host 'chat.example') nor in `cors_allowed_origins`"
    )
    assert second == f"{first}; behind your own proxy pass `proxy_headers=True`"


def test_an_empty_list_turns_the_check_off_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    policy = OriginPolicy(cors_allowed_origins=[])
    assert policy.engine_option == []
    assert policy.allows(environ(OTHER))
    assert "turns the check of origins off" in caplog.text


def test_an_app_of_an_app_factory_has_its_own_origins() -> None:
    asio = AsynctionSocketIO.from_spec(SPEC, async_mode="threading", cors_allowed_origins="*")
    asio.on("echo")(lambda text: text)
    asio.init_app(flask.Flask("first"))
    assert asio.origins.allows(environ(OTHER))
    asio.init_app(flask.Flask("second"), cors_allowed_origins=["https://chat.example"])
    assert not asio.origins.allows(environ(OTHER))
