"""Clients that break the protocol of Socket.IO, on both servers: what they are told, and what is logged."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import flask
import pytest
import requests
import websocket

from asynction import AsynctionAsyncServer, AsynctionSocketIO
from asynction.testing import serve_asgi, serve_wsgi
from tests.server.support import channel, document, message
from tests.serving import DEADLINE, connected

KINDS = ["flask", "asgi"]

BINARY = {"type": "string", "format": "binary"}
SPEC = document(
    {
        "/": channel([message("echo", {}, {}), message("blob", BINARY, {})]),
        "/chat": channel([message("say", handler="echo")]),
    }
)

PLACE = '{"_placeholder":true,"num":%s}'


class Served:
    """A running server, and what its handlers were given."""

    def __init__(self, url: str, ran: list[object]) -> None:
        self.url, self.ran = url, ran

    @contextmanager
    def socket(self) -> Iterator[Any]:
        """Connect a WebSocket to `/`."""
        url = f"{self.url.replace('http', 'ws', 1)}/socket.io/?EIO=4&transport=websocket"
        found: Any = websocket.create_connection(url, timeout=DEADLINE)
        try:
            found.recv()
            found.send("40")
            assert found.recv().startswith("40{")
            yield found
        finally:
            found.close(timeout=0)


@contextmanager
def serving(kind: str, spec: Any = SPEC) -> Iterator[Served]:
    ran: list[object] = []

    def echo(data: object) -> object:
        ran.append(data)
        return data

    def blob(data: bytes) -> int:
        ran.append(data)
        return len(data)

    if kind == "flask":
        app = flask.Flask("test")
        asio: Any = AsynctionSocketIO.from_spec(spec, app=app, async_mode="threading", docs=False)
    else:
        asio = AsynctionAsyncServer.from_spec(spec, docs=False)
    asio.on("echo")(echo)
    asio.on("blob")(blob)
    with serve_wsgi(app) if kind == "flask" else serve_asgi(asio.asgi_app()) as url:
        yield Served(url, ran)


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what was logged; no line may have a traceback, whichever library has written it."""
    found = [each for each in caplog.records if each.levelno >= logging.WARNING or each.name == "asynction"]
    assert not [record for record in found if record.exc_info]
    return [record.getMessage() for record in found]


def sent(socket: Any, frame: str | bytes) -> None:
    socket.send(frame) if isinstance(frame, str) else socket.send_binary(frame)


def until_closed(socket: Any) -> tuple[list[Any], int]:
    """Return the frames that come until the close frame, and its code."""
    frames: list[Any] = []
    while True:
        frame = socket.recv_frame()
        if frame.opcode == websocket.ABNF.OPCODE_CLOSE:
            return frames, int.from_bytes(frame.data[:2], "big")
        frames.append(frame.data.decode())


BROKEN: dict[str, list[str | bytes]] = {
    "a type that does not exist": ['49["x"]'],
    "a type that does not exist, alone": ["47"],
    "a CONNECT_ERROR, which only servers send": ["44"],
    "a CONNECT_ERROR with data": ['44{"message":"x"}'],
    "no packet": ["4"],
    "a letter": ["4x"],
    "a digit that is not of ASCII": ["4\u0662"],
    "an object": ["4{}"],
    "a list": ['4["echo",1]'],
    "a DISCONNECT with what is not JSON": ["41{bad"],
    "an attachment of nothing": [b"bytes"],
    "a second attachment": [f'451-1["blob",{PLACE % 0}]', b"first", b"second"],
    "an event where an attachment is due": [f'451-1["blob",{PLACE % 0}]', '422["echo",2]'],
    "a placeholder where an attachment is due": [f'451-1["blob",{PLACE % 0}]', f'451-2["blob",{PLACE % 0}]'],
    "a CONNECT where an attachment is due": [f'451-1["blob",{PLACE % 0}]', "40/chat,"],
    "attachments elsewhere": [f'451-/chat,1["say",{PLACE % 0}]'],
    "attachments nowhere": [f'451-/nowhere,1["say",{PLACE % 0}]'],
    "an empty frame": [""],
    "a type of Engine.IO that does not exist": ["9"],
    "a letter for Engine.IO": ["x"],
    "base 64, of polling": ["bAAAA"],
    "a PING with data": ["2" + "[" * 5000],
    "lists of 100 000 levels": ["4" + "[" * 100_000],
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_client_that_breaks_the_protocol_is_disconnected_and_logged_in_one_line(
    kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    with serving(kind) as served:
        for number, (name, frames) in enumerate(BROKEN.items(), 1):
            caplog.clear()
            with served.socket() as socket:
                for frame in frames:
                    sent(socket, frame)
                got, code = until_closed(socket)
            assert code == websocket.STATUS_NORMAL, name
            assert set(got) <= {"1", "431[5]"}, name  # of Engine.IO, and of the event before
            (line,) = lines(caplog)
            assert line.startswith(f"a client broke the protocol ({number} so far) and is disconnected: "), (
                name
            )
        with connected(served.url) as client:
            assert client.call("echo", 1) == [1]
    assert served.ran == [b"first", 1]


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_that_follows_is_read(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    with serving(kind) as served:
        url = f"{served.url}/socket.io/?EIO=4&transport=polling"
        with requests.Session() as http:
            opened = json.loads(http.get(url, timeout=DEADLINE).text[1:])
            url = f"{url}&sid={opened['sid']}"
            http.post(url, "40", timeout=DEADLINE)
            assert http.get(url, timeout=DEADLINE).text.startswith("40{")
            http.post(url, "\x1e".join(('49["x"]', '421["echo",1]', "44", '422["echo",2]')), timeout=DEADLINE)
            assert len(lines(caplog)) == 1
            assert http.get(url, timeout=DEADLINE).status_code == requests.codes.bad_request  # it is closed
    assert served.ran == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_poll_after_it_is_closed_is_refused(
    kind: str, method: str, caplog: pytest.LogCaptureFixture
) -> None:
    with serving(kind) as served, requests.Session() as http:
        url = f"{served.url}/socket.io/?EIO=4&transport=polling"
        url += f"&sid={json.loads(http.get(url, timeout=DEADLINE).text[1:])['sid']}"
        http.post(url, "bAAAA", timeout=DEADLINE)  # an attachment of nothing
        for _ in range(2):
            got = http.request(method, url, data="2" if method == "POST" else None, timeout=DEADLINE)
            assert got.status_code == requests.codes.bad_request
        assert len([line for line in lines(caplog) if "broke the protocol" in line]) == 1


BODIES: dict[str, bytes] = {
    "letters": b"hello",
    "an object": b'{"a":1}',
    "no UTF-8": b"\xff\xfe",
    "JSONP without data": b"d=",
    "JSONP of letters": b"d=x",
    "a packet without a type": b"\x1e",
    "a type that does not exist": b"9",
    "a digit that is not of ASCII": "\u0662".encode(),
    "a PING, which only servers send": b"2",
    "more packets than a payload may have": b"\x1e".join([b"3"] * 17),
    "a packet that is too large": b"4" + b"2" * 1_000_001,
    "lists of 100 000 levels": b"4" + b"[" * 100_000,
    "an event behind it": b'9\x1e42["echo",1]',
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_request_that_is_not_engine_io_is_refused_and_logged_in_one_line(
    kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    with serving(kind) as served, requests.Session() as http:
        base = f"{served.url}/socket.io/?EIO=4&transport=polling"
        for number, (name, body) in enumerate(BODIES.items(), 1):
            caplog.clear()
            url = f"{base}&sid={json.loads(http.get(base, timeout=DEADLINE).text[1:])['sid']}"
            http.post(url, "40", timeout=DEADLINE)
            for _ in range(2):  # the second one finds no connection
                got = http.post(url, body, timeout=DEADLINE)
                assert got.status_code == requests.codes.bad_request, name
            broken = [line for line in lines(caplog) if "Invalid session" not in line]
            assert [line.partition(": ")[0] for line in broken] == [
                f"a client broke the protocol ({number} so far) and is disconnected"
            ], name
    assert served.ran == []


REFUSED: dict[str, tuple[list[Any], str]] = {
    name: ([f'451-1["blob",{PLACE % number}]', b"x"], "a placeholder has no attachment")
    for name, number in {
        "a negative number": "-1",
        "a number too large": "1",
        "a boolean": "true",
        "false, which is 0 in Python": "false",
        "a fraction": "0.0",
        "a text": '"0"',
        "null": "null",
    }.items()
} | {
    "no number": (['451-1["blob",{"_placeholder":true}]', b"x"], "a placeholder has no attachment"),
    "true of two": (
        [f'452-1["blob",{PLACE % "true"}]', b"x", b"y"],
        "a placeholder has no attachment",
    ),
    "what is only like a placeholder": (
        ['451-1["blob",{"_placeholder":1,"num":0}]', b"x"],
        "must be binary data",
    ),
    "an integer of 4400 digits": (
        [f'421["echo",{"9" * 4400}]'],
        "the packet is not JSON: an integer has too many digits",
    ),
    "an integer in a binary event": (
        [f'451-1["echo",{{"a":{"9" * 4400},"b":{PLACE % 0}}}]', b"x"],
        "the packet is not JSON: an integer has too many digits",
    ),
    "NaN": (['421["echo",NaN]'], "the packet is not JSON: NaN is not a JSON number"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_an_event_that_is_well_formed_but_wrong_is_answered(
    kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    with serving(kind) as served, served.socket() as socket:
        for name, (frames, detail) in REFUSED.items():
            caplog.clear()
            for frame in frames:
                sent(socket, frame)
            answer = socket.recv()
            assert answer.startswith("431["), name
            error = json.loads(answer[3:])[0]["error"]
            assert (error["status"], error["detail"]) == (400, detail), name
            assert len(lines(caplog)) == 1
        sent(socket, f'451-1["blob",{PLACE % 0}]')
        sent(socket, b"")
        assert socket.recv() == "431[0]"  # the connection lives, and an attachment may be empty
    assert served.ran == [b""]


@pytest.mark.parametrize("kind", KINDS)
def test_a_namespace_that_does_not_exist_is_refused_by_the_contract(
    kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    with serving(kind) as served, served.socket() as socket:
        for name in ("/unknown", "/chat/more", "/admin"):
            socket.send(f"40{name},")
            packet, _, data = socket.recv().partition(",")
            assert packet == f"44{name}"
            detail = f"no namespace `{name}`"
            body = {"status": 404, "title": "Not Found", "detail": detail}
            assert json.loads(data) == {"message": detail, "data": body}
        socket.send("40/chat,")
        assert socket.recv().startswith("40/chat,")
        socket.send("41")
        socket.send("1")
        until_closed(socket)
    (line,) = lines(caplog)  # a stranger cannot fill the log
    assert line == "404 event 'connect' in '/unknown': UnknownEventException 'no namespace `/unknown`'"
