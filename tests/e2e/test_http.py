"""Events by HTTP on real servers: what a client makes up, and what no client should send."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import flask
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode

from asynction import AsynctionAsyncServer, AsynctionSocketIO
from asynction.testing import serve_asgi, serve_wsgi
from tests.serving import DEADLINE

ran: list[str] = []


def echo(*args: Any) -> Any:
    ran.append("echo")
    return args


def ping() -> None:
    ran.append("ping")


def bearer(token: str, scopes: list[str], bearer_format: str | None) -> Any:
    return {"sub": token} if token == "right" else None


ORDER = {
    "type": "object",
    "required": ["item", "count"],
    "additionalProperties": False,
    "properties": {
        "item": {"type": "string", "minLength": 1, "maxLength": 20},
        "count": {"type": "integer", "minimum": 1, "maximum": 100},
        "notes": {"type": "array", "items": {"$ref": "#/components/schemas/Note"}, "maxItems": 3},
    },
}
NOTE = {"type": "object", "required": ["text"], "properties": {"text": {"type": ["string", "null"]}}}
NO_ARGS = {"items": [{}], "maxItems": 0}
PAIR = {"type": "array", "items": [{"enum": ["a", "b"]}, {"type": "boolean"}]}


def message(name: str, payload: Any, ack: Any = None, handler: str = "echo") -> dict[str, Any]:
    found = {"name": name, "payload": payload, "x-handler": f"{__name__}.{handler}"}
    return found if ack is None else {**found, "x-ack": {"args": ack}}


SPEC: dict[str, Any] = {
    "asyncapi": "2.6.0",
    "info": {"title": "Orders", "version": "1.0.0"},
    "servers": {"main": {"url": "h/api/socket.io", "protocol": "ws"}},
    "channels": {
        "/": {
            "publish": {
                "message": {
                    "oneOf": [
                        message("order", {"$ref": "#/components/schemas/Order"}, {"type": "object"}),
                        message("two args", PAIR),  # schemathesis cannot read a tuple in an answer
                        message("ping", NO_ARGS, NO_ARGS, "ping"),
                    ]
                }
            }
        },
        "/rooms/{room}": {
            "parameters": {"room": {"schema": {"type": "integer", "minimum": 0, "maximum": 1000}}},
            "x-security": [{"bearer": []}],
            "publish": {"message": message("say", {"type": "string"}, {"type": "string"})},
        },
    },
    "components": {
        "schemas": {"Order": ORDER, "Note": NOTE},
        "securitySchemes": {
            "bearer": {"type": "http", "scheme": "bearer", "x-bearerInfoFunc": f"{__name__}.bearer"}
        },
    },
}


@pytest.fixture(scope="module", params=["flask", "asgi"])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == "flask":
        app = flask.Flask("test")
        AsynctionSocketIO.from_spec(SPEC, app=app, async_mode="threading", http=True)
        with serve_wsgi(app) as url:
            yield f"{url}/api"
    else:
        with serve_asgi(AsynctionAsyncServer.from_spec(SPEC, http=True).asgi_app()) as url:
            yield f"{url}/api"


# A client that makes things up ---------------------------------------------------------------------


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_the_server_keeps_its_openapi_document(url: str, mode: GenerationMode) -> None:
    schema = schemathesis.openapi.from_url(f"{url}/docs/openapi.json")
    found: list[Any] = list(schema.get_all_operations())
    operations = [each.ok() for each in found]
    assert len(operations) == 4
    for operation in operations:
        if mode is GenerationMode.POSITIVE or operation.body:
            _hold(operation, mode)


def _hold(operation: Any, mode: GenerationMode) -> None:
    """Send what the document allows, or what it does not: the answers must be as it says."""
    headers = {"Authorization": "Bearer right"} if "rooms" in operation.path else {}

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=30,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def check(case: Any) -> None:
        case.call_and_validate(headers=headers)

    check()


# Bytes that no client library would send -----------------------------------------------------------

HEAD = "POST /api/events/{} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
CHUNKED = HEAD.format("two%20args") + "Transfer-Encoding: chunked\r\n\r\n"
GOOD = b'["a", true]'


def chunks(*parts: bytes) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (*parts, b""))


def raw(url: str, data: bytes, *, then_leave: bool = False) -> tuple[int, bytes]:
    """Send bytes, and return the status and the body of what comes back; 0 where nothing does."""
    address = urlsplit(url)
    with socket.create_connection((address.hostname, address.port or 80), DEADLINE) as connection:
        connection.sendall(data)
        if then_leave:
            connection.shutdown(socket.SHUT_WR)
        got = b""
        try:
            while not _is_whole(got) and (part := connection.recv(65536)):
                got += part
        except ConnectionResetError:
            pass  # what was sent and not read
    head, _, body = got.partition(b"\r\n\r\n")
    return (int(head.split()[1]) if head else 0), body


def _is_whole(got: bytes) -> bool:
    head, end, body = got.partition(b"\r\n\r\n")
    length = [
        line.split(b":")[1] for line in head.lower().splitlines() if line.startswith(b"content-length:")
    ]
    return bool(end) and bool(length) and len(body) >= int(length[0])


def lives(url: str) -> None:
    """The server goes on."""
    assert requests.post(f"{url}/events/ping", timeout=DEADLINE).status_code == 204


def test_a_body_in_chunks_is_read(url: str) -> None:
    assert raw(url, CHUNKED.encode() + chunks(b'["a"', b", true]")) == (200, b'["a",true]')


BAD: dict[str, bytes] = {
    "no size": CHUNKED.encode() + b"MARKER\r\n",
    "a negative size": CHUNKED.encode() + b"-5\r\nabcde\r\n0\r\n\r\n",
    "a wrong size": CHUNKED.encode() + b"2\r\n" + GOOD + b"\r\n0\r\n\r\n",
    "no length that is a number": (HEAD.format("two%20args") + "Content-Length: MARKER\r\n\r\n").encode()
    + GOOD,
    "a negative length": (HEAD.format("two%20args") + "Content-Length: -1\r\n\r\n").encode() + GOOD,
    "too short a length": (HEAD.format("two%20args") + "Content-Length: 3\r\n\r\n").encode() + GOOD,
}


@pytest.mark.parametrize("data", BAD.values(), ids=BAD)
def test_garbage_reaches_no_handler(url: str, data: bytes) -> None:
    ran.clear()
    status, _ = raw(url, data, then_leave=True)
    assert status in (0, 400, 413)
    assert ran == []
    lives(url)


EARLY: dict[str, bytes] = {
    "before the end of the body": (HEAD.format("two%20args") + "Content-Length: 12\r\n\r\n").encode() + GOOD,
    "before a chunk": CHUNKED.encode(),
    "in a chunk": CHUNKED.encode() + b"20\r\n" + GOOD,
    "between chunks": CHUNKED.encode() + chunks(GOOD)[:-5],
}


@pytest.mark.parametrize("data", EARLY.values(), ids=EARLY)
def test_a_client_that_leaves_early_sent_no_event(url: str, data: bytes) -> None:
    ran.clear()
    assert raw(url, data, then_leave=True)[0] in (0, 400)
    assert ran == []
    lives(url)


@pytest.mark.parametrize("length", [2**20 + 1, 2**31, 2**63, 2**64, 10**14])
def test_a_huge_length_is_refused_before_anything_is_read(url: str, length: int) -> None:
    status, body = raw(url, f"{HEAD.format('order')}Content-Length: {length}\r\n\r\n".encode())
    assert status == 413
    assert json.loads(body)["title"] in ("Content Too Large", "Request Entity Too Large")
    lives(url)


def test_a_body_in_chunks_that_never_ends_is_refused(url: str) -> None:
    part = b"%x\r\n%s\r\n" % (2**16, b" " * 2**16)
    assert raw(url, CHUNKED.encode() + part * 17 + b"0\r\n\r\n")[0] == 413
    lives(url)


@pytest.mark.parametrize(
    ("send", "status"),
    [
        (lambda url: requests.post(f"{url}/events/order", "{}", timeout=DEADLINE), 415),
        (lambda url: requests.get(f"{url}/events/order", timeout=DEADLINE), 405),
        (lambda url: requests.head(f"{url}/events/order", timeout=DEADLINE), 405),
        (lambda url: requests.options(f"{url}/events/order", timeout=DEADLINE), 204),
        (lambda url: requests.post(f"{url}/events/%2e%2e%2Forder", json={}, timeout=DEADLINE), 404),
        (lambda url: requests.post(f"{url}/events/rooms/7/say", json="x", timeout=DEADLINE), 401),
    ],
)
def test_requests_of_other_kinds_are_answered(
    url: str, send: Callable[[str], requests.Response], status: int
) -> None:
    assert send(url).status_code == status


def test_a_proxy_s_prefix_is_left_out() -> None:
    asio = AsynctionAsyncServer.from_spec(SPEC, http=True)
    with serve_asgi(asio.asgi_app(), root_path="/prefix") as url:
        assert requests.post(f"{url}/api/events/ping", timeout=DEADLINE).status_code == 204


def test_it_is_beside_other_routes_of_an_application() -> None:
    from fastapi import FastAPI

    app = FastAPI()

    @app.get("/api/other")
    def other() -> str:
        return "mine"

    AsynctionAsyncServer.from_spec(SPEC, app=app, http=True)
    with serve_asgi(app) as url:
        assert requests.post(f"{url}/api/events/ping", timeout=DEADLINE).status_code == 204
        assert requests.get(f"{url}/api/docs/openapi.json", timeout=DEADLINE).json()["openapi"] == "3.1.0"
        assert requests.get(f"{url}/api/other", timeout=DEADLINE).json() == "mine"
