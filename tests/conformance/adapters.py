"""What the cases of specs/conformance/security.yaml run on: servers of each kind, and the runtime alone.

An adapter connects a client to a server of a case's document. To add one, write a class with `connect` and
a function that makes it, and name that in ADAPTERS.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from typing import Any, Protocol
from urllib.parse import urlencode

import flask
import httpx
import pytest
import yaml

from asynction import AsynctionAsyncServer, AsynctionSocketIO, load
from asynction.exceptions import SecurityException
from asynction.runtime import ConnectionRejected, Context, Host, Service, drive
from asynction.security import Request
from asynction.server.gateway import ApiGateway
from asynction.testing import serve_asgi, serve_wsgi
from tests.conformance import guards
from tests.conformance.cases import FOLDER, ConformanceLoader
from tests.server.gateway.support import Results
from tests.serving import DEADLINE, Client, connected

_FILE = yaml.load((FOLDER / "security.yaml").read_text(encoding="utf-8"), ConformanceLoader)


@dataclass(frozen=True)
class Credentials:
    """What a client sends when it connects."""

    query: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    auth: Any = None
    certificate: str | None = None


@dataclass(frozen=True)
class Case:
    """What is demanded, what a client sends, and the expected result; the README explains."""

    name: str
    expect: Mapping[str, Any]
    server: list[Any] = field(default_factory=list)
    namespace: list[Any] | None = None
    event: list[Any] = field(default_factory=list)
    send: Credentials = field(default_factory=Credentials)

    @property
    def document(self) -> dict[str, Any]:
        """The document of the case alone."""
        message = {"name": "e", "x-handler": f"{guards.__name__}.event"}
        channel: dict[str, Any] = {
            "x-handlers": {"connect": f"{guards.__name__}.connect"},
            "publish": {"security": self.event, "message": message},
        }
        if self.namespace is not None:
            channel["x-security"] = self.namespace
        return {
            "asyncapi": "2.6.0",
            "info": {"title": "Security", "version": "1.0.0"},
            "servers": {"main": {"url": "h", "protocol": "ws", "security": self.server}},
            "channels": {"/": channel},
            "components": {"securitySchemes": SCHEMES},
        }


def _scheme(fields: dict[str, Any]) -> dict[str, Any]:
    return {k: f"{guards.__name__}.{v}" if k.endswith("Func") else v for k, v in fields.items()}


SCHEMES = {name.replace(" ", "-"): _scheme(fields) for name, fields in _FILE["schemes"].items()}


def _requirements(given: list[dict[str, Any]] | None) -> list[dict[str, Any]] | None:
    if given is None:
        return None
    return [{name.replace(" ", "-"): scopes for name, scopes in each.items()} for each in given]


def _case(given: dict[str, Any]) -> Case:
    demands: dict[str, Any] = {
        key: _requirements(given[key]) for key in ("server", "namespace", "event") if key in given
    }
    sent: dict[str, Any] = given.get("send", {})
    fields: dict[str, Any] = {**given, **demands, "send": Credentials(**sent)}
    return Case(**fields)


CASES = [_case(given) for given in _FILE["cases"]]


@dataclass(frozen=True)
class Outcome:
    """The result of a case: the refusal, or the args of the event's ack.

    `is_seen` is False where the client was refused before any code of the application could see it.
    """

    refusal: Any = None
    ack: list[Any] | None = None
    is_seen: bool = True


class Adapter(Protocol):
    """Connects the client of a case to a server of the case's document."""

    def connect(self, case: Case) -> Outcome:
        """Connect, and send the event `e` where that succeeds."""


def _decide(case: Case) -> Outcome:
    host = Host(None, drive, environ=lambda *_: {}, is_connected=lambda *_: True, register=lambda *_: None)
    contract = load(case.document)
    service = Service(contract, host, server=contract.servers["main"])
    service.bind_contract()
    sent = case.send

    def request(auth: object) -> Request:
        query, headers = tuple(sent.query.items()), tuple(sent.headers.items())
        return Request("GET", query, headers, auth, sent.certificate)

    try:
        drive(service.connect(service.context("/", "connect", "sid"), sent.auth, request))
    except ConnectionRejected as refused:
        return Outcome({"message": refused.reason, "data": refused.body})
    return Outcome(ack=list(drive(service.receive(service.context("/", "e", "sid")))))


class _Served:
    """A real server with all cases, each under a path of its own, and a real client over websocket."""

    def __init__(self, url: str, call: Callable[[Client], list[Any]]) -> None:
        self.url, self.call = url, call

    def connect(self, case: Case) -> Outcome:
        sent, headers = case.send, _headers(case)
        url = f"{self.url}?{urlencode(sent.query)}"
        path = f"{CASES.index(case)}/socket.io"
        with connected(url, auth=sent.auth, headers=headers, path=path) as client:
            if client.refusals:
                return Outcome(client.refusals["/"])
            return Outcome(ack=self.call(client))


def _headers(case: Case) -> dict[str, str]:
    return {name: value.encode().decode("latin-1") for name, value in case.send.headers.items()}


def _call_event(client: Client) -> list[Any]:
    return client.call("e")


def _call_api(client: Client) -> list[Any]:
    client.sio.emit("api", {"api": "e"})
    event, (answer,) = client.next_event()
    assert event == "apiResponse"
    return [answer["data"]]


class _Runtime:
    """No wire at all: what `asynction.runtime` decides."""

    def connect(self, case: Case) -> Outcome:
        return _decide(case)


@contextmanager
def _runtime() -> Iterator[Adapter]:
    yield _Runtime()


@contextmanager
def _flask() -> Iterator[Adapter]:
    apps: dict[str, flask.Flask] = {}

    def dispatch(environ: Any, start: Any) -> Any:
        number = environ["PATH_INFO"].split("/")[1]
        certificate = CASES[int(number)].send.certificate
        if certificate is not None:
            environ["SSL_CLIENT_CERT"] = certificate  # as a server that ends TLS does
        if number not in apps:
            apps[number] = flask.Flask(__name__)
            AsynctionSocketIO.from_spec(
                CASES[int(number)].document,
                app=apps[number],
                async_mode="threading",
                path=f"{number}/socket.io",
            )
        return apps[number](environ, start)

    with serve_wsgi(dispatch) as url:
        yield _Served(url, _call_event)


@contextmanager
def _asgi(call: Callable[[Client], list[Any]] = _call_event) -> Iterator[Adapter]:
    apps: dict[str, Any] = {}

    async def dispatch(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            return
        number = scope["path"].split("/")[1]
        case = CASES[int(number)]
        if number not in apps:
            asio = AsynctionAsyncServer.from_spec(case.document, socketio_path=f"{number}/socket.io")
            ApiGateway(asio)
            apps[number] = asio.asgi_app()
        await apps[number](_with_certificate(scope, case), receive, send)

    with serve_asgi(dispatch) as url:
        yield _Served(url, call)


def _with_certificate(scope: Any, case: Case) -> Any:
    """Return the scope as a server that ends TLS gives it."""
    if case.send.certificate is None:
        return scope
    tls = {"client_cert_chain": [case.send.certificate]}
    return {**scope, "extensions": {**scope.get("extensions", {}), "tls": tls}}


class _Http:
    """HTTP requests, which have no `auth` payload."""

    def connect(self, case: Case) -> Outcome:
        sent = case.send
        _skip_auth(case)
        app = flask.Flask(__name__)
        document = case.document
        del document["channels"]["/"]["x-handlers"]  # no connect handler runs
        asio = AsynctionSocketIO.from_spec(document, app=app, async_mode="threading", http=True)
        entered: list[tuple[object, object]] = []

        @asio.exception_handler(SecurityException)
        def refused(error: Exception, context: Context) -> None:
            if context.identity is not None:  # it is the event that is refused
                entered.append((context.user, context.token_info))

        def around(context: Context, call_next: Any) -> Any:
            entered.append((context.user, context.token_info))
            return call_next(context)

        asio.add_middleware(around)
        environ = {} if sent.certificate is None else {"SSL_CLIENT_CERT": sent.certificate}
        got = app.test_client(use_cookies=False).post(
            "/events/e", query_string=sent.query, headers=_headers(case), environ_base=environ
        )
        guards.connected += entered[:1]
        if got.status_code == 200:
            return Outcome(ack=[got.json])
        body: Any = got.get_json()
        assert ("WWW-Authenticate" in got.headers) == (got.status_code == 401)
        if not entered:
            return Outcome({"message": body["detail"], "data": body})
        # A connection without the credentials that an event demands gets 403. A request gets 401, because
        # it can be sent again with them.
        says = {"status": 403, "title": "Forbidden", "detail": "not allowed"}
        return Outcome(ack=[{"error": says if got.status_code == 401 else body}])


@contextmanager
def _http() -> Iterator[Adapter]:
    yield _Http()


def _skip_auth(case: Case) -> None:
    if case.send.auth is not None:
        pytest.skip("a request has no auth payload")


def _record(asio: AsynctionSocketIO | AsynctionAsyncServer) -> None:
    """Record whom code of the application sees: a request has no connect handler."""

    def record(context: Context, call_next: Any) -> Any:
        guards.connected.append((context.user, context.token_info))
        return call_next(context)

    asio.add_middleware(record)


class _Gateway:
    """Calls by HTTP, the results of which come to a callback URL."""

    def __init__(self, results: Results, post: Callable[[Case, dict[str, Any]], tuple[int, Any]]) -> None:
        self.results, self.post = results, post

    def connect(self, case: Case) -> Outcome:
        _skip_auth(case)
        status, answer = self.post(case, {"api": "e", "callback_url": self.results.url})
        if status == HTTPStatus.OK:
            return Outcome(ack=[self.results.next()["data"]])
        assert answer["error"]["status"] == status
        if status == HTTPStatus.UNAUTHORIZED and case.event:
            # As over HTTP, 401 asks for what a connection without it is forbidden.
            forbidden = {"status": 403, "title": "Forbidden", "detail": "not allowed"}
            return Outcome(ack=[{"error": forbidden}], is_seen=False)
        return Outcome({"message": answer["message"], "data": answer["error"]})


@contextmanager
def _gateway_flask() -> Iterator[Adapter]:
    with Results() as results:

        def post(case: Case, call: dict[str, Any]) -> tuple[int, Any]:
            app = flask.Flask(__name__)
            asio = AsynctionSocketIO.from_spec(case.document, app=app, async_mode="threading")
            _record(asio)
            ApiGateway(asio, app=app, allowed_origins=[results.origin])
            certificate = case.send.certificate
            got = app.test_client(use_cookies=False).post(
                "/api/call",
                json=call,
                query_string=case.send.query,
                headers=_headers(case),
                environ_base={} if certificate is None else {"SSL_CLIENT_CERT": certificate},
            )
            return got.status_code, got.get_json()

        yield _Gateway(results, post)


@contextmanager
def _gateway_asgi() -> Iterator[Adapter]:
    with Results() as results:

        def post(case: Case, call: dict[str, Any]) -> tuple[int, Any]:
            asio = AsynctionAsyncServer.from_spec(case.document)
            _record(asio)
            gateway = ApiGateway(asio, allowed_origins=[results.origin])
            app = gateway.asgi_app()

            async def ask() -> tuple[int, Any]:
                async def with_certificate(scope: Any, receive: Any, send: Any) -> None:
                    await app(_with_certificate(scope, case), receive, send)

                transport = httpx.ASGITransport(with_certificate)
                async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                    headers = [(name.encode(), value.encode()) for name, value in case.send.headers.items()]
                    got = await client.post("/api/call", json=call, params=case.send.query, headers=headers)
                await gateway.close(DEADLINE)  # the call has run, and its result has been sent
                return got.status_code, got.json()

            return asyncio.run(ask())

        yield _Gateway(results, post)


ADAPTERS: dict[str, Callable[[], AbstractContextManager[Adapter]]] = {
    "runtime": _runtime,
    "flask": _flask,
    "asgi": _asgi,
    "http": _http,
    "gateway-flask-post": _gateway_flask,
    "gateway-asgi-post": _gateway_asgi,
    "gateway-asgi-event": partial(_asgi, _call_api),
}
