"""What holding events to the contract costs a server, against the same server without it.

Run by `make bench`, never by `make test`. The two bounds are ratios within one run, so that they hold on any
machine; all else is printed for the reader.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import flask
import flask_socketio
import pytest
from socketio.packet import ACK, EVENT, Packet

from asynction import AsynctionSocketIO
from tests.benchmarks.measure import quickest, table
from tests.serving import KeepsAcks

SMALL = {
    "type": "object",
    "required": ["user", "text"],
    "additionalProperties": False,
    "properties": {
        "user": {"type": "string", "maxLength": 20},
        "text": {"type": "string", "maxLength": 200},
        "room": {"type": "integer", "minimum": 0},
    },
}
LARGE = {
    "type": "object",
    "required": ["items"],
    "properties": {
        "items": {
            "type": "array",
            "maxItems": 100,
            "items": {
                "type": "object",
                "required": ["id", "name", "price", "tags"],
                "additionalProperties": False,
                "properties": {
                    "id": {"type": "integer", "minimum": 1},
                    "name": {"type": "string", "minLength": 1, "maxLength": 80},
                    "price": {"type": "number", "minimum": 0},
                    "active": {"type": "boolean"},
                    "tags": {"type": "array", "items": {"type": "string"}},
                },
            },
        }
    },
}
EVENTS: dict[str, tuple[Any, Any, float]] = {
    "64 B": (SMALL, {"user": "ada", "text": "hello, this is a message", "room": 1234}, 1.4),
    "2.4 KB": (
        LARGE,
        {
            "items": [
                {
                    "id": number,
                    "name": f"article number {number}, in blue",
                    "price": number + 0.25,
                    "active": number % 2 == 0,
                    "tags": ["new", "sale"],
                }
                for number in range(1, 24)
            ]
        },
        3.0,
    ),
}


class Server:
    """A server with one connected client, driven without a socket."""

    def __init__(self, schema: Any, **options: Any) -> None:
        message = {"name": "event", "payload": schema}
        self.asio = AsynctionSocketIO.from_spec(
            {
                "asyncapi": "2.6.0",
                "info": {"title": "Benchmark", "version": "1.0.0"},
                "channels": {
                    "/": {
                        "publish": {"message": message | {"x-ack": {"args": {"type": "integer"}}}},
                        "subscribe": {"message": message},
                    }
                },
            },
            app=flask.Flask("benchmark"),
            async_mode="threading",
            **options,
        )
        self.asio.on("event")(lambda data: 7)
        self.client = KeepsAcks(self.asio.sockio_mw.flask_app, self.asio)
        self.sid = self.asio.server.manager.sid_from_eio_sid(self.client.eio_sid, "/")

    @property
    def handler(self) -> Any:
        """What the adapter gives Flask-SocketIO to call with an event's args."""
        registered = self.asio.server.handlers["/"]["event"]
        (handler,) = (
            cell.cell_contents for cell in registered.__closure__ if isinstance(cell.cell_contents, partial)
        )
        return handler

    @contextmanager
    def request(self) -> Iterator[None]:
        """The request context that Flask-SocketIO makes for every event."""
        environ = self.asio.server.get_environ(self.sid, "/")
        with self.asio.sockio_mw.flask_app.request_context(environ):
            flask.request.namespace = "/"  # type: ignore[attr-defined]  # as Flask-SocketIO does
            flask.request.sid = self.sid  # type: ignore[attr-defined]
            yield

    def dispatch(self, payload: object) -> object:
        """Let python-socketio and Flask-SocketIO dispatch an event that was read."""
        return self.asio.server._trigger_event("event", "/", self.sid, payload)

    def receive(self, packet: str) -> None:
        """Read a packet, dispatch it, write its ack."""
        self.asio.server._handle_eio_message(self.client.eio_sid, packet)


@pytest.mark.parametrize("size", EVENTS)
def test_overhead_of_validation_on_dispatch(size: str) -> None:
    """The bound is on the handler that Flask-SocketIO calls: the 20 us around it drown what it takes."""
    schema, payload, bound = EVENTS[size]
    checked, plain = Server(schema), Server(schema, validation=False)
    calls = {
        "without validation": partial(plain.handler, payload),
        "with validation": partial(checked.handler, payload),
    }
    with checked.request():
        assert checked.handler(payload) == plain.handler(payload) == (7,)
        assert checked.handler(7) != (7,)
        assert plain.handler(7) == (7,)
        times = quickest(calls)
    table(f"dispatch of {size} ({len(json.dumps(payload))} B)", times, base="without validation")
    assert times["with validation"] / times["without validation"] <= bound


@pytest.mark.parametrize("size", EVENTS)
def test_dispatch_with_the_request_context_of_flask(size: str) -> None:
    schema, payload, _ = EVENTS[size]
    checked, plain = Server(schema), Server(schema, validation=False)
    calls = {
        "without validation": partial(plain.dispatch, payload),
        "with validation": partial(checked.dispatch, payload),
    }
    table(f"dispatch of {size} by Flask-SocketIO", quickest(calls), base="without validation")


@pytest.mark.parametrize("size", EVENTS)
def test_the_whole_way_of_an_event(size: str) -> None:
    schema, payload, _ = EVENTS[size]
    checked, plain = Server(schema), Server(schema, validation=False)
    packet = "21" + json.dumps(["event", payload])
    times = quickest(
        {
            "without validation": partial(plain.receive, packet),
            "with validation": partial(checked.receive, packet),
        }
    )
    table(f"read, dispatch, acknowledge {size}", times, base="without validation")


@pytest.mark.parametrize("size", EVENTS)
def test_emit(size: str) -> None:
    schema, payload, _ = EVENTS[size]
    checked, unchecked = Server(schema), Server(schema, validation=False)
    app = flask.Flask("plain")
    plain = flask_socketio.SocketIO(app, async_mode="threading")
    client = plain.test_client(app)
    servers = {
        "flask_socketio": (plain, client),
        "without validation": (unchecked.asio, unchecked.client),
        "with validation": (checked.asio, checked.client),
    }
    for asio, _client in servers.values():
        asio.server._send_eio_packet = lambda eio_sid, packet: None
    times = quickest({name: partial(s.emit, "event", payload) for name, (s, _) in servers.items()})
    table(f"emit {size}", times, base="flask_socketio")


@pytest.mark.parametrize("size", EVENTS)
def test_packets(size: str) -> None:
    schema, payload, _ = EVENTS[size]
    ours = Server(schema).asio.server.packet_class
    text = "21" + json.dumps(["event", payload], separators=(",", ":"))
    for name, kind, args in (
        ("read", EVENT, {"encoded_packet": text}),
        ("write", EVENT, {"data": ["event", payload]}),
        ("acknowledge", ACK, {"data": [payload], "id": 1}),
    ):
        calls = {
            "python-socketio": partial(_packet, Packet, kind, args),
            "asynction": partial(_packet, ours, kind, args),
        }
        table(f"{name} a packet of {size}", quickest(calls), base="python-socketio")


def _packet(packet_class: Any, kind: int, args: Any) -> object:
    packet = packet_class(kind, **args)
    return packet if "encoded_packet" in args else packet.encode()
