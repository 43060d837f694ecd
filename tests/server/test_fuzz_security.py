"""Tens of thousands of random handshakes: nobody gets in without a valid credential, and nothing breaks."""

from __future__ import annotations

import base64
import json
import random
import string
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any
from urllib.parse import quote

import flask
import jwt
import pytest
import websocket
from socketio.packet import CONNECT, CONNECT_ERROR

from asynction import AsynctionSocketIO
from asynction.testing import serve_wsgi
from tests.serving import DEADLINE

pytestmark = pytest.mark.no_cover  # tracing would double its time, and other tests reach the same lines

IN_PROCESS = 50_000
SOCKETS, EACH = 200, 25
SECRET = "a secret of at least sixty-four bytes, " * 2
WORDS = ["ada", "right horse", "good-token", "good-key", "admin", "null", "undefined", "None", "", "{}"]
GOOD = jwt.encode({"sub": "ada", "exp": int(time.time()) + 86_400}, SECRET, algorithm="HS256")
NEARLY = [
    GOOD[:-1],
    GOOD[:-4] + "AAAA",
    GOOD.rpartition(".")[0] + ".",
    GOOD.replace(".", ""),
    jwt.encode({"sub": "ada", "exp": 1}, SECRET, algorithm="HS256"),
    jwt.encode({"sub": "ada"}, SECRET, algorithm="HS256"),
    jwt.encode({"sub": "ada", "exp": int(time.time()) + 86_400}, SECRET * 2, algorithm="HS256"),
    jwt.encode({"sub": "ada", "exp": int(time.time()) + 86_400}, SECRET, algorithm="HS512"),
    jwt.encode({"sub": "ada", "exp": int(time.time()) + 86_400}, "", algorithm="none"),
]
NAMESPACES = ["/", "/token", "/jwt", "/key", "/cookie", "/user", "/password", "/tls", "/both"]
entered: Counter[str] = Counter()


def basic(username: str, password: str, scopes: list[str]) -> object:
    return _say((username, password) == ("ada", "right horse"), password)


def user_password(username: str, password: str) -> object:
    return _say((username, password) == ("ada", "right horse"), password)


def one(credential: str) -> object:
    return _say(credential == "good-token", credential)


def key(credential: str, scopes: list[str]) -> object:
    return _say(credential == "good-key", credential)


def enter() -> None:
    entered[flask.request.namespace] += 1  # type: ignore[attr-defined]  # Flask-SocketIO's


def _say(good: bool, credential: str) -> object:
    """Answer as functions do that have not been written with care."""
    if not good and len(credential) % 7 == 0:
        raise ValueError(credential)
    return {"sub": "ada"} if good else [None, "", 0, [], True][len(credential) % 5]


def spec() -> dict[str, Any]:
    flows = {"implicit": {"authorizationUrl": "https://a.example", "scopes": {}}}
    schemes: dict[str, Any] = {
        "basic": {"type": "http", "scheme": "basic", "x-basicInfoFunc": f"{__name__}.basic"},
        "token": {"type": "oauth2", "flows": flows, "x-tokenInfoFunc": f"{__name__}.one"},
        "jwt": {
            "type": "http",
            "scheme": "bearer",
            "x-jwt": {"secretEnv": "FUZZ_SECRET", "algorithms": ["HS256"]},
        },
        "key": {"type": "httpApiKey", "in": "query", "name": "k", "x-apiKeyInfoFunc": f"{__name__}.key"},
        "cookie": {"type": "httpApiKey", "in": "cookie", "name": "k", "x-apiKeyInfoFunc": f"{__name__}.key"},
        "user": {"type": "apiKey", "in": "user", "x-apiKeyInfoFunc": f"{__name__}.key"},
        "password": {"type": "userPassword", "x-userPasswordInfoFunc": f"{__name__}.user_password"},
        "tls": {"type": "X509", "x-certificateInfoFunc": f"{__name__}.one"},
    }
    demands: dict[str, Any] = {name: [{name[1:]: []}] for name in NAMESPACES[1:-1]}
    demands["/"] = [{name: []} for name in schemes]
    demands["/both"] = [{"basic": [], "key": []}]
    channel = {"x-handlers": {"connect": f"{__name__}.enter"}}
    return {
        "asyncapi": "2.6.0",
        "info": {"title": "Fuzz", "version": "1"},
        "channels": {name: {**channel, "x-security": demand} for name, demand in demands.items()},
        "components": {"securitySchemes": schemes},
    }


def _line(text: str) -> str:
    """What a header can hold of a text, as WSGI has it."""
    printable = "".join(c if c.isprintable() else "?" for c in text)[:8000].strip()
    return "".join(c if c.isprintable() else "?" for c in printable.encode().decode("latin-1"))


class Inventor:
    """Invents what clients bring; nothing of it is valid."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def text(self) -> str:
        pick = self.random
        kind = pick.randrange(7)
        if kind == 0:
            return pick.choice(WORDS) + pick.choice(["x", "\0", "é", "\u202e", "\U0001f600", "=="])
        if kind == 1:
            return pick.choice(WORDS).swapcase().replace("g", "\u0261") + "!"
        if kind == 2:
            return pick.choice(NEARLY)
        if kind == 3:
            return pick.choice(["x", "é", "-----BEGIN ", "a."]) * pick.choice([1, 100, 20_000])
        if kind == 4:
            return "".join(chr(pick.randrange(0x20, 0x2FF)) for _ in range(pick.randrange(40)))
        return "".join(pick.choices(string.printable, k=pick.randrange(30)))

    def json(self, depth: int = 0) -> Any:
        pick = self.random
        kind = pick.randrange(9)
        if kind == 0 and depth < 3:
            return [self.json(depth + 1) for _ in range(pick.randrange(3))]
        if kind < 5 and depth < 2:
            names = ["token", "username", "password", "user", "k", "x", "Authorization"]
            return {pick.choice(names): self.json(depth + 1) for _ in range(pick.randrange(5))}
        return self.text() if kind < 7 else pick.choice([None, True, 7, -1.5, 10**30, "good-Token", ""])

    def authorization(self) -> str:
        pick = self.random
        scheme = pick.choice(["Basic", "bearer", "BASIC", "Digest", "Basic,Bearer", "", "Hoba x, Basic"])
        text = self.text()
        if pick.random() < 0.6:
            text = base64.b64encode(
                f"{pick.choice(WORDS).replace('key', 'kez')}{pick.choice([':', '', '::'])}{text}".encode()
            ).decode()
        line = f"{scheme}{pick.choice([' ', '  ', '', ', '])}{text}"
        return _line(line)

    def headers(self) -> dict[str, str]:
        pick, found = self.random, {}
        if pick.random() < 0.6:
            found["Authorization"] = self.authorization()
        if pick.random() < 0.4:
            found["Cookie"] = _line(f"a=1; k={self.text()};{self.text()}")
        if pick.random() < 0.2:
            found["SSL-Client-Cert"] = "good-token"
        return found

    def query(self) -> str:
        pick = self.random
        return "&".join(
            f"{pick.choice(['k', 'K', 'token', 'k[]'])}={quote(self.text()[:200])}" for _ in range(2)
        )

    def packet(self, namespace: str) -> str:
        prefix = "0" if namespace == "/" else f"0{namespace},"
        return prefix + (json.dumps(self.json()) if self.random.random() < 0.8 else "")


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Iterator[flask.Flask]:
    caplog.set_level("CRITICAL", "asynction")  # what is logged is for other tests
    monkeypatch.setenv("FUZZ_SECRET", SECRET)
    entered.clear()
    app = flask.Flask(__name__)
    AsynctionSocketIO.from_spec(spec(), app=app, async_mode="threading")
    yield app
    assert app.extensions["socketio"]._service.identities == {}


class _Knocking:
    """The server below its sockets: what Engine.IO would hand to it, and what it sends."""

    def __init__(self, app: flask.Flask) -> None:
        self.server = app.extensions["socketio"].server
        environ = app.test_request_context("/socket.io").request.environ
        self.environ = {**environ, "flask.app": app}
        self.sent: list[Any] = []
        self.server._send_packet = lambda eio_sid, packet: self.sent.append(packet)

    def knock(self, headers: dict[str, str], query: str, packet: str) -> list[int]:
        """Connect once, leave, and return the types of the packets that came back."""
        self.sent.clear()
        names = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
        self.server._handle_eio_connect("eio", {**self.environ, "QUERY_STRING": query, **names})
        self.server._handle_eio_message("eio", packet)
        types = [sent.packet_type for sent in self.sent]
        self.server._handle_eio_disconnect("eio", "transport close")
        return types


@pytest.mark.parametrize("seed", range(4))
def test_in_process(app: flask.Flask, seed: int) -> None:
    entered.clear()
    knocking, invent = _Knocking(app), Inventor(seed)
    for number in range(IN_PROCESS // 4):
        namespace = NAMESPACES[number % len(NAMESPACES)]
        brought = invent.headers(), invent.query(), invent.packet(namespace)
        assert knocking.knock(*brought) == [CONNECT_ERROR], (namespace, brought)
    assert not entered
    assert knocking.knock({}, "", '0{"token":"good-token"}') == [CONNECT]
    assert knocking.knock({}, "k=good-key", '0/both,{"username":"ada","password":"right horse"}') == [CONNECT]
    assert knocking.knock({"Authorization": f"Bearer {GOOD}"}, "", "0/jwt,") == [CONNECT]
    assert entered == {"/": 1, "/both": 1, "/jwt": 1}


def knock_at(url: str, seed: int) -> Counter[str]:
    """Open one socket, and ask for namespaces with ever new credentials."""
    invent = Inventor(seed)
    address = f"{url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket&{invent.query()}"
    headers = [f"{name}: {value}" for name, value in invent.headers().items() if value.isascii()]
    answers: Counter[str] = Counter()
    with closing(websocket.create_connection(address, timeout=DEADLINE, header=headers)) as socket:
        assert str(socket.recv()).startswith("0{")
        for _ in range(EACH):
            socket.send("4" + invent.packet(invent.random.choice(NAMESPACES)))
            answers[str(socket.recv())[:2]] += 1
    return answers


def test_over_sockets(app: flask.Flask) -> None:
    with serve_wsgi(app) as url, ThreadPoolExecutor(4) as pool:
        answers = sum(pool.map(lambda seed: knock_at(url, seed), range(SOCKETS)), Counter[str]())
        assert answers == {"44": SOCKETS * EACH}
        assert not entered
        address = f"{url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket"
        with closing(websocket.create_connection(address, timeout=DEADLINE)) as socket:
            socket.recv()
            socket.send('40{"token":"good-token"}')
            assert str(socket.recv()).startswith("40{")
            socket.send("41")
            socket.send("40/token,")
            assert str(socket.recv()).startswith("44/token,")
    assert entered == {"/": 1}
