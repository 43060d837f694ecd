"""The wires that the conformance cases run on.

A wire is made from all cases, as a context manager, and carries one case's event to a server of its
contract. To add one, write a class with `send` and a function that makes it, and name that in WIRES.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from typing import Any, Protocol
from urllib.parse import quote

import flask
import pytest
import requests

from asynction import AsynctionAsyncServer, AsynctionSocketIO, load
from asynction.runtime import Host, Service, drive
from asynction.testing import serve_asgi, serve_wsgi
from tests.conformance.cases import (
    Case,
    careless_clients,
    document,
    has_bytes,
    is_tuple,
    json_text,
    namespace_of,
    python_value,
)
from tests.conformance.gateway import by_event, by_post
from tests.conformance.plain_websocket import plain_websocket
from tests.serving import DEADLINE, Client, KeepsAcks, connected

Ack = list[Any] | None


class Wire(Protocol):
    """Carries the event of a case to a server."""

    def send(self, case: Case) -> Ack:
        """Send `case.send` and return the args of the ack; None where the namespace cannot be entered."""


Cases = Sequence[Case]


def _address(case: Case) -> tuple[str, str]:
    return case.namespace or namespace_of(case), case.name if case.event is None else case.event


class _Runtime:
    """No wire at all: what `asynction.runtime` decides."""

    def __init__(self, cases: Cases) -> None:
        host = Host(
            None, drive, environ=lambda *_: {}, is_connected=lambda *_: True, register=lambda *_: None
        )
        self.service = Service(load(document(cases)), host)
        self.service.bind_contract()
        self.namespaces = self.service.contract.namespaces

    def send(self, case: Case) -> Ack:
        namespace, event = _address(case)
        if namespace not in self.namespaces:
            return None
        args = tuple(python_value(case.send))
        return list(drive(self.service.receive(self.service.context(namespace, event, "sid", args))))


class _TestClient:
    """Flask-SocketIO's test client; each case is a contract of its own."""

    def send(self, case: Case) -> Ack:
        namespace, event = _address(case)
        app = flask.Flask(__name__)
        asio = AsynctionSocketIO.from_spec(document([case]), app=app, async_mode="threading")
        client = KeepsAcks(app, asio, namespace=namespace)
        if not client.is_connected(namespace):
            return None
        return client.ask(event, *case.send, namespace=namespace)


class _Served:
    """A real server, and python-socketio's client over websocket."""

    def __init__(self, url: str, stack: ExitStack) -> None:
        self.url, self.stack = url, stack
        self.clients: dict[str, Client] = {}

    def send(self, case: Case) -> Ack:
        namespace, event = _address(case)
        if namespace not in self.clients:
            self.clients[namespace] = self.stack.enter_context(connected(self.url, namespace))
        client = self.clients[namespace]
        return None if client.refusals else client.call(event, *case.send, namespace=namespace)


@contextmanager
def _runtime(cases: Cases) -> Iterator[Wire]:
    yield _Runtime(cases)


@contextmanager
def _test_client(cases: Cases) -> Iterator[Wire]:
    with careless_clients():
        yield _TestClient()


@contextmanager
def _served(cases: Cases) -> Iterator[Wire]:
    app = flask.Flask(__name__)
    AsynctionSocketIO.from_spec(document(cases), app=app, async_mode="threading")
    with serve_wsgi(app) as url, careless_clients(), ExitStack() as stack:
        yield _Served(url, stack)


@contextmanager
def _asgi_served(cases: Cases) -> Iterator[Wire]:
    asio = AsynctionAsyncServer.from_spec(document(cases))
    with serve_asgi(asio.asgi_app()) as url, careless_clients(), ExitStack() as stack:
        yield _Served(url, stack)


class _AsgiTestClient:
    """The test client for ASGI; each case is a contract of its own."""

    def send(self, case: Case) -> Ack:
        return asyncio.run(self._sent(case))

    async def _sent(self, case: Case) -> Ack:
        namespace, event = _address(case)
        asio = AsynctionAsyncServer.from_spec(document([case]))
        async with asio.test_client(namespace) as client:
            if not client.is_connected(namespace):
                return None
            return await client.call(event, *case.send)


@contextmanager
def _asgi_test_client(cases: Cases) -> Iterator[Wire]:
    with careless_clients():
        yield _AsgiTestClient()


class _Http:
    """HTTP requests; what only Socket.IO can say is skipped."""

    def __init__(self, url: str, stack: ExitStack) -> None:
        self.url = url
        self.http = stack.enter_context(requests.Session())

    def send(self, case: Case) -> Ack:
        namespace, event = _address(case)
        schemas = (case.args, case.ack, case.schemas if "$ref" in repr(case.args) else None)
        if "binary" in repr(schemas) or has_bytes([case.send, case.expect.ack]):
            pytest.skip("JSON has no bytes")
        several = is_tuple(case.args) if case.args is not ... else case.handler != "takes_none"
        if not case.expect.connected or (len(case.send) > 1 and not several):
            pytest.skip("a request enters no namespace, and has one body")
        body = json_text(case.send if several else case.send[0]) if case.send or several else None
        path = "/".join(quote(part, safe="") for part in (*namespace.strip("/").split("/"), event) if part)
        url = f"{self.url}/events/{path}"
        got = self.http.post(url, body, headers={"Content-Type": "application/json"}, timeout=DEADLINE)
        if got.status_code == 204:
            return []
        answer = got.json()
        if got.headers["Content-Type"] == "application/problem+json":
            assert answer["status"] == got.status_code
            whole = "/0" if (case.expect.pointer or "").startswith("/0") and not several else ""
            return [{"error": {k: whole + v if k == "pointer" else v for k, v in answer.items()}}]
        args = case.expect.ack or []
        return list(answer) if is_tuple(case.ack) or len(args) > 1 else [answer]


@contextmanager
def _http(cases: Cases) -> Iterator[Wire]:
    asio = AsynctionAsyncServer.from_spec(document(cases), http=True)
    with serve_asgi(asio.asgi_app()) as url, ExitStack() as stack:
        yield _Http(url, stack)


WIRES: dict[str, Callable[[Cases], AbstractContextManager[Wire]]] = {
    "runtime": _runtime,
    "flask-test-client": _test_client,
    "flask-server": _served,
    "asgi-test-client": _asgi_test_client,
    "asgi-server": _asgi_served,
    "websocket": plain_websocket,
    "http": _http,
    "gateway-flask-post": partial(by_post, "flask"),
    "gateway-asgi-post": partial(by_post, "asgi"),
    "gateway-asgi-event": partial(by_event, "asgi"),
}
