"""No answer has words of the interpreter, or of a library, whatever is sent, on any wire."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import flask
import pytest
import requests
import websocket

from asynction import AsynctionAsyncServer, AsynctionSocketIO
from asynction.server.gateway import ApiGateway
from asynction.server.websocket import SocketRouter
from asynction.testing import serve_asgi, serve_wsgi
from tests.server.support import channel, document, message
from tests.serving import DEADLINE

JSON = {"Content-Type": "application/json"}

SPEC = document({"/": channel([message("echo", {"type": "object"}, {}, "one")])})

VALUES: dict[str, str] = {
    "NaN": "NaN",
    "infinity": "-Infinity",
    "a number beyond a double": "1e999",
    "an integer of 4400 digits": "9" * 4400,
    "a negative one": "-" + "9" * 4400,
    "an integer of 4400 digits in an object": '{"a":[' + "9" * 4400 + "]}",
    "an integer of 1000 digits": "9" * 1000,
    "a lone surrogate": r'"\ud800"',
    "a lone surrogate as a key": r'{"\udfff":1}',
    "400 levels": "[" * 400 + "]" * 400,
    "5 000 levels, not closed": '{"a":' * 5000,
    "nothing": "",
    "a text that does not end": '"abc',
    "an escape that does not exist": r'"\x"',
    "an escape that ends early": r'"\u12"',
    "a control character": '"\x01"',
    "a key without quotes": "{a:1}",
    "single quotes": "{'a':1}",
    "a comma too many": "[1,]",
    "a word": "None",
    "a number that is none": "0x10",
    "a wrong type": "1",
    "a placeholder": '{"_placeholder":true,"num":-1}',
}

PYTHON = re.compile(
    r"Traceback|\w+Error\b|\w+Exception\b|\bsys\.|set_int_max_str_digits|NoneType|<class|object at 0x"
    r"|\b(?:int|str|bytes|dict|list|float|bool|tuple|json|codec)\b(?: object|\(|')|can't|Expecting|delimiter"
    r"|Exceeds the limit"
    r"|recursion|literal for|surrogates not allowed|out of range|index|subscript|unhashable|\\x[0-9a-f]{2}"
)
"""Words of CPython 3.10 to 3.13, json, orjson and jsonschema-rs."""


def test_the_words_of_the_interpreter_are_recognised() -> None:
    for text in ("9" * 5000, "[" * 200_000, "{", "[1,", '"\x01"', r'"\x"', "nope"):
        with pytest.raises((ValueError, RecursionError)) as caught:
            __import__("json").loads(text)
        said = f"{type(caught.value).__name__}: {caught.value}"
        assert PYTHON.search(said), said
    for text in ("must be integer", "an integer has too many digits", "a mistake in line 1, column 2"):
        assert not PYTHON.search(text)


Ask = Callable[[str], str]
"""Sends the text of the one arg of `echo`, and returns all that comes back."""


@contextmanager
def server(kind: str) -> Iterator[str]:
    """Serve the event on all wires but the plain WebSocket."""
    if kind == "flask":
        app = flask.Flask("test")
        asio: Any = AsynctionSocketIO.from_spec(SPEC, app=app, async_mode="threading", docs=False, http=True)
        ApiGateway(asio, app=app)
        with serve_wsgi(app) as url:
            yield url
    else:
        asio = AsynctionAsyncServer.from_spec(SPEC, docs=False, http=True)
        gateway = ApiGateway(asio)
        with serve_asgi(gateway.asgi_app(asio.asgi_app())) as url:
            yield url


def by_post(url: str, form: str) -> Ask:
    def ask(text: str) -> str:
        response = requests.post(url, (form % text).encode(), headers=JSON, timeout=DEADLINE)
        assert 400 <= response.status_code < 500, (text[:80], response.text)
        return f"{list(response.headers)} {response.text}"

    return ask


@contextmanager
def by_socket(url: str, form: str) -> Iterator[Ask]:
    socket: Any = websocket.create_connection(
        f"{url.replace('http', 'ws', 1)}/socket.io/?EIO=4&transport=websocket", timeout=DEADLINE
    )
    socket.recv()
    socket.send("40")
    socket.recv()

    def ask(text: str) -> str:
        socket.send(form % text)
        found = ""
        while not found.endswith("]") or "431[" not in found:  # the gateway sends an event before the ack
            found += socket.recv()
        return found

    yield ask
    socket.close(timeout=0)


FORMS = {
    "Socket.IO": ("socket", '421["echo",%s]'),
    "Socket.IO, the name": ("socket", "421[%s]"),
    "the event of the gateway": ("socket", '421["api",{"api":"echo","request_id":"1","data":%s}]'),
    "a field of the gateway's event": ("socket", '421["api",{"api":"echo","data":{},"request_id":%s}]'),
    "HTTP": ("/socket.io/events/echo", "%s"),
    "the gateway": ("/api/call", '{"api":"echo","callback_url":"http://x/","data":%s}'),
    "a field of the gateway": ("/api/call", '{"api":"echo","callback_url":"http://x/","callback_func":%s}'),
}


@pytest.mark.parametrize("kind", ["flask", "asgi"])
def test_no_answer_of_a_server_has_words_of_the_interpreter(kind: str) -> None:
    with server(kind) as url:
        for wire, (door, form) in FORMS.items():
            if door == "socket":
                with by_socket(url, form) as ask:
                    check(wire, ask)
            else:
                check(wire, by_post(url + door, form))


def test_no_answer_of_a_plain_websocket_has_words_of_the_interpreter() -> None:
    with serve_asgi(SocketRouter.from_spec(SPEC)) as url:
        socket = websocket.create_connection(url.replace("http", "ws", 1), timeout=DEADLINE)

        for form in ('{"uuid":1,"route":"echo","payload":%s}', '{"uuid":%s,"route":"echo"}', "%s"):

            def ask(text: str, form: str = form) -> str:
                socket.send(form % text)
                answer = socket.recv()
                assert isinstance(answer, str)
                return answer

            check(form, ask)
        socket.close(timeout=0)


def check(wire: str, ask: Ask) -> None:
    for name, text in VALUES.items():
        answer = ask(text)
        found = PYTHON.search(answer)
        assert found is None, (wire, name, found, answer[:300])
