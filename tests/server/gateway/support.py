"""Gateways on both kinds of server, served for real, and a receiver of results."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from queue import Queue
from threading import Thread
from typing import Any

import flask

from asynction import AsynctionAsyncServer, AsynctionSocketIO
from asynction.server.gateway import ApiGateway
from asynction.testing import serve_asgi, serve_wsgi
from tests.serving import DEADLINE, Client, connected

KINDS = ["flask", "asgi"]

_ids = count(1)


class Results:
    """What a callback URL is sent; the first are answered with `statuses`, all others with 200."""

    def __init__(self, *statuses: int) -> None:
        self.queue: Queue[dict[str, Any]] = Queue()
        left = list(statuses)

        class Handler(BaseHTTPRequestHandler):
            def do_POST(handler) -> None:  # noqa: N805 - as the library has it
                body = handler.rfile.read(int(handler.headers["Content-Length"]))
                handler.send_response(left.pop(0) if left else 200)
                handler.send_header("Location", "/elsewhere")
                handler.end_headers()
                self.queue.put({"path": handler.path, **json.loads(body)})

            def log_message(handler, *_: Any) -> None:  # noqa: N805
                """Keep the requests out of the tests' logs."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://localhost:{self._server.server_port}"
        self.url = f"{self.origin}/callback"
        self._thread = Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def next(self) -> dict[str, Any]:
        return self.queue.get(timeout=DEADLINE)

    def __enter__(self) -> Results:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join(DEADLINE)
        self._server.server_close()


class Served:
    """A gateway, the address of its server, and clients of it."""

    def __init__(self, url: str, gateway: ApiGateway, server: Any) -> None:
        self.url = url
        self.gateway = gateway
        self.server = server

    @contextmanager
    def client(self, **options: Any) -> Iterator[Client]:
        with connected(self.url, **options) as client:
            yield client

    def ask(self, api: object, data: object = None, **fields: Any) -> Any:
        """Call an api by Socket.IO; returns the data of the answer."""
        with self.client() as client:
            return asked(client, api, data, **fields)["data"]


def asked(client: Client, api: object, data: object = None, **fields: Any) -> dict[str, Any]:
    """Call an api, and return the whole answer."""
    client.sio.emit("api", call(api, data, **fields))
    event, (answer,) = client.next_event()
    assert event == "apiResponse"
    assert isinstance(answer, dict)
    return answer


def call(api: object, data: object = None, **fields: Any) -> dict[str, Any]:
    """A call as the first dual-mode client sends it."""
    return {
        "api": api,
        "data": data,
        "callback_type": "socket",
        "callback_url": None,
        "callback_func": api,
        "request_id": f"request-{next(_ids)}",
        **fields,
    }


@contextmanager
def serving_gateway(
    kind: str,
    spec: Any,
    handlers: Callable[[Any], None] | None = None,
    *,
    config: Any = None,
    apis: Any = None,
    server_options: Any = None,
    **options: Any,
) -> Iterator[Served]:
    """Serve a document and its gateway; `handlers` is given the server to register at."""
    given = server_options or {}
    if kind == "flask":
        app = flask.Flask("test")
        app.config.update(config or {})
        asio: Any = AsynctionSocketIO.from_spec(spec, app=app, async_mode="threading", docs=False, **given)
        if handlers is not None:
            handlers(asio)
        gateway = ApiGateway(asio, apis, app=app, **options)
        with serve_wsgi(app) as url:
            yield Served(url, gateway, asio)
            gateway.close()
    else:
        asio = AsynctionAsyncServer.from_spec(spec, docs=False, **given)
        if handlers is not None:
            handlers(asio)
        gateway = ApiGateway(asio, apis, **options)
        with serve_asgi(gateway.asgi_app(asio.asgi_app())) as url:
            yield Served(url, gateway, asio)
