"""Plain WebSockets on real servers: the documented examples, a JavaScript client, Flask, and a soak."""

from __future__ import annotations

import asyncio
import hashlib
import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Queue
from typing import Any

import flask
import pytest
import simple_websocket
import websocket
from websockets.asyncio.client import connect

from asynction.server.websocket import Limits, SocketRouter
from asynction.testing import serve_asgi, serve_wsgi
from tests.e2e.seeds.observable import article, quickstart
from tests.e2e.seeds.observable.db import AsyncSession, WithDatabase
from tests.serving import DEADLINE

FOLDER = Path(__file__).parent
CLIENTS, REQUESTS = 200, 100

# How many lines of each example are ours, and a digest of all others, which are the user's.
EXAMPLES = {"article": (3, "60c50600cd14c10d"), "quickstart": (2, "7f6ce1b5900862b9")}


@contextmanager
def connected(url: str, **options: Any) -> Iterator[Callable[..., Any]]:
    """Connect a client; it sends a request and returns its answer."""
    ws = websocket.create_connection(url.replace("http", "ws", 1), timeout=DEADLINE, **options)

    def ask(route: str, payload: object = None, headers: object = None, uuid: object = 1) -> Any:
        ws.send(json.dumps({"uuid": uuid, "route": route, "payload": payload, "headers": headers}))
        return json.loads(ws.recv())

    try:
        yield ask
    finally:
        ws.close(timeout=0)


# The documented examples ---------------------------------------------------------------------------


def test_the_quickstart_example_runs() -> None:
    with serve_asgi(quickstart.app) as url, connected(f"{url}/ws") as ask:
        found = ask("math/sum", [1, 2, 3, 4], {"x-user": "42"}, 123)
    assert found == {"uuid": 123, "status": 200, "headers": {}, "payload": {"sum": 10}}


@pytest.mark.parametrize(
    ("user", "header", "status", "payload"),
    [
        (None, "1", 200, {"title": "Open", "author": "Ada", "body": "for all"}),
        (None, "9", 404, {"message": "not found"}),
        (None, "2", 403, {"Message": "Access denied"}),
        ("bob", "2", 200, {"title": "Club", "author": "Ada", "body": "for members"}),
        ("bob", "3", 403, {"Message": "Access denied"}),
        ("ada", "3", 200, {"title": "Draft", "author": "Ada", "body": "for Ada"}),
        ("ada", "no number", 400, None),
        ("ada", None, 400, None),
    ],
)
def test_the_article_example_runs(user: str | None, header: str | None, status: int, payload: Any) -> None:
    headers = {"x-user": user} if user else {}
    before = AsyncSession.asked
    with serve_asgi(WithDatabase(article.app)) as url, connected(f"{url}/ws", header=headers) as ask:
        found = ask("get-article", headers=None if header is None else {"article": header})
    assert found["status"] == status
    assert payload is None or found["payload"] == payload
    assert AsyncSession.asked - before == (0 if status == 400 else 1)  # fetched once, used twice


@pytest.mark.parametrize("name", EXAMPLES)
def test_only_marked_lines_of_an_example_are_ours(name: str) -> None:
    lines = (FOLDER / "seeds" / "observable" / f"{name}.py").read_text().splitlines()
    theirs = [line.strip() for line in lines if not line.endswith("  # asynction")]
    digest = hashlib.sha256("\n".join(theirs).encode()).hexdigest()[:16]
    assert (len(lines) - len(theirs), digest) == EXAMPLES[name]


# A JavaScript client -------------------------------------------------------------------------------


class ObservableSocket:
    """The JavaScript client, in a process of its own."""

    def __init__(self) -> None:
        command = ["node", str(FOLDER / "js" / "observable.mjs")]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=FOLDER.parents[1]
        )

    def __call__(self, name: str, **arguments: object) -> Any:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"id": 1, "do": name, **arguments}) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        if "error" in answer:
            raise ConnectionError(answer["error"])
        return answer["result"]


@pytest.fixture
def javascript() -> Iterator[ObservableSocket]:
    client = ObservableSocket()
    with client.process:
        yield client
        assert client.process.stdin is not None
        client.process.stdin.close()


def test_a_javascript_client_asks_and_hears(javascript: ObservableSocket) -> None:
    router = SocketRouter()

    @router.route("news")
    async def news(ws: object, headers: Any, payload: object) -> Any:
        await router.push("news", {"of": payload}, to=ws)
        return {"headers": headers, "payload": payload}

    with serve_asgi(router) as url:
        javascript("connect", url=url.replace("http", "ws"))
        pong = javascript("ping")
        left_out = javascript("send", route="news", headers={"a": 1})
        pushed = javascript("next")
        lost = javascript("send", route="nowhere", payload=1)
        closed = javascript("close")
    assert pong == {"headers": None, "payload": None, "uuid": 0, "route": "PONG"}
    assert left_out == {"headers": {"a": 1}, "payload": None, "uuid": 1, "status": 200}
    assert (pushed["route"], pushed["payload"]) == ("news", {"of": None})
    assert (lost["status"], lost["payload"]) == (404, {"Message": "Path not found"})
    assert closed == {"code": 1005}


def test_a_javascript_client_is_refused_before_it_is_accepted(javascript: ObservableSocket) -> None:
    with (
        serve_asgi(SocketRouter(access=lambda ws: False)) as url,
        pytest.raises(ConnectionError, match="403"),
    ):
        javascript("connect", url=url.replace("http", "ws"))


def test_a_frame_that_is_too_big_closes_the_connection(javascript: ObservableSocket) -> None:
    with serve_asgi(SocketRouter(limits=Limits(max_frame=100))) as url:
        javascript("connect", url=url.replace("http", "ws"))
        javascript.process.stdin.write(  # type: ignore[union-attr]  # it is a pipe
            json.dumps({"id": 1, "do": "send", "route": "r", "payload": "x" * 100}) + "\n"
        )
        assert javascript("closed") == {"code": 1009}


# Flask ---------------------------------------------------------------------------------------------


def flask_app(router: SocketRouter) -> flask.Flask:
    """Serve a router as flask-sock does."""
    app = flask.Flask(__name__)

    @app.route("/ws", websocket=True)
    def endpoint() -> flask.Response:
        ws = simple_websocket.Server.accept(flask.request.environ)
        router.serve(ws)

        class Over(flask.Response):
            def __call__(self, *args: Any) -> Any:
                raise ConnectionError  # Werkzeug's word for a connection that it need not answer

        return Over()

    return app


def test_flask_serves_it_in_the_request_s_thread() -> None:
    router = SocketRouter()
    paths = []

    @router.route("sync")
    def sync(ws: object, headers: object, payload: object) -> Any:
        paths.append(flask.request.path)
        return {"payload": [payload, router.push_from_thread("news", 1)]}

    @router.route("async")
    async def handler(ws: object, headers: object, payload: object) -> Any:
        return {"payload": payload}

    with serve_wsgi(flask_app(router)) as url, connected(f"{url}/ws") as ask:
        assert ask("async", 1)["payload"] == 1
        assert ask("sync", 2)["route"] == "news"
        # The answer of the thread may come after those of later requests.
        assert [2, 1] in [ask("async", number)["payload"] for number in range(3, 9)]
    assert paths == ["/ws"]


def test_flask_closes_whom_it_refuses() -> None:
    router = SocketRouter(access=lambda ws: False)
    with serve_wsgi(flask_app(router)) as url:
        ws = websocket.create_connection(url.replace("http", "ws") + "/ws", timeout=DEADLINE)
        code, data = ws.recv_data()
        ws.shutdown()  # type: ignore[no-untyped-call]  # of the library
    assert (code, int.from_bytes(data[:2], "big")) == (websocket.ABNF.OPCODE_CLOSE, 1008)


def test_flask_answers_what_is_no_request_and_closes_what_is_too_big() -> None:
    router = SocketRouter(limits=Limits(max_frame=100))
    with serve_wsgi(flask_app(router)) as url:
        ws = websocket.create_connection(url.replace("http", "ws") + "/ws", timeout=DEADLINE)
        ws.send_binary(b"x")
        assert json.loads(ws.recv())["status"] == 400
        ws.send("x" * 101)
        _, data = ws.recv_data()
        ws.shutdown()  # type: ignore[no-untyped-call]  # of the library
    assert int.from_bytes(data[:2], "big") == 1009


KEYED = {
    **{"asyncapi": "2.6.0", "info": {"title": "T", "version": "1"}},
    "servers": {"main": {"url": "h", "protocol": "ws", "security": [{"key": []}]}},
    "channels": {"/": {"publish": {"message": {"name": "who", "x-handler": f"{__name__}.who"}}}},
    "components": {
        "securitySchemes": {
            "key": {"type": "httpApiKey", "name": "k", "in": "header", "x-apiKeyInfoFunc": f"{__name__}.seen"}
        }
    },
}


def seen(key: str, *args: object) -> Any:
    return {"sub": key}


def who(user: Any = None) -> Any:
    return flask.request.headers["k"]


def test_flask_asks_for_credentials() -> None:
    router = SocketRouter.from_spec(KEYED)
    with serve_wsgi(flask_app(router)) as url, connected(f"{url}/ws", header={"k": "ada"}) as ask:
        assert ask("who")["payload"] == "ada"


def test_flask_and_others_stop_from_anywhere() -> None:
    router = SocketRouter()
    with serve_wsgi(flask_app(router)) as url, connected(f"{url}/ws") as ask:
        ask("nowhere")
        assert asyncio.run(router.push("news")) == 1
        asyncio.run(router.shutdown())
    assert router.connections == ()


# Bad clients, and the end ------------------------------------------------------------------------------


def reasons_of(router: SocketRouter) -> Queue[str]:
    """Where the disconnect handler says why a client has gone."""
    reasons: Queue[str] = Queue()

    @router.on("disconnect")
    def disconnect(sid: str, reason: str) -> None:
        reasons.put(reason)

    return reasons


def test_a_client_that_never_reads_is_closed() -> None:
    router = SocketRouter(limits=Limits(outgoing=2, slow_timeout=0.1))
    reasons = reasons_of(router)

    @router.route("flood")
    async def flood(ws: object, headers: object, payload: object) -> Any:
        while await router.push("news", "x" * 1_000_000):
            pass

    with serve_asgi(router) as url:
        ws = websocket.create_connection(url.replace("http", "ws"), timeout=DEADLINE)
        ws.send('{"uuid": 1, "route": "flood"}')
        assert reasons.get(timeout=DEADLINE) == "slow client"
        ws.shutdown()  # type: ignore[no-untyped-call]  # of the library


def test_a_client_that_is_cut_off_leaves_nothing_running() -> None:
    router = SocketRouter()
    reasons, state = reasons_of(router), Queue[str]()

    @router.route("waits")
    async def waits(ws: object, headers: object, payload: object) -> Any:
        state.put("began")
        try:
            await asyncio.Event().wait()
        finally:
            state.put("ended")

    with serve_asgi(router) as url:
        ws = websocket.create_connection(url.replace("http", "ws"), timeout=DEADLINE)
        ws.send('{"uuid": 1, "route": "waits"}')
        assert state.get(timeout=DEADLINE) == "began"
        ws.shutdown()  # type: ignore[no-untyped-call]  # no close frame, just gone
        assert reasons.get(timeout=DEADLINE) == "client disconnect"
        assert state.get(timeout=DEADLINE) == "ended"


def test_a_server_that_is_told_to_stop_stops_while_a_handler_hangs() -> None:
    router = SocketRouter(grace=0.1)
    state = Queue[str]()

    @router.route("waits")
    async def waits(ws: object, headers: object, payload: object) -> Any:
        state.put("began")
        try:
            await asyncio.Event().wait()
        finally:
            state.put("ended")

    with serve_asgi(router) as url:
        ws = websocket.create_connection(url.replace("http", "ws"), timeout=DEADLINE)
        ws.send('{"uuid": 1, "route": "waits"}')
        assert state.get(timeout=DEADLINE) == "began"
    assert state.get(timeout=DEADLINE) == "ended"
    ws.shutdown()  # type: ignore[no-untyped-call]  # of the library


# A soak --------------------------------------------------------------------------------------------


@pytest.mark.no_cover
def test_every_request_of_many_clients_is_answered_once() -> None:
    router = SocketRouter()

    @router.route("double")
    async def double(ws: object, headers: object, payload: int) -> Any:
        await asyncio.sleep(0)
        return {"payload": 2 * payload}

    async def client(url: str) -> None:
        async with connect(url, compression=None) as ws:
            for number in range(REQUESTS):
                await ws.send(json.dumps({"uuid": number, "route": "double", "payload": number}))
            frames = [json.loads(await ws.recv()) for _ in range(REQUESTS)]
        assert sorted((f["uuid"], f["payload"]) for f in frames) == [(n, 2 * n) for n in range(REQUESTS)]

    async def main(url: str) -> None:
        await asyncio.gather(*[client(url) for _ in range(CLIENTS)])

    with serve_asgi(router) as url:
        asyncio.run(main(url.replace("http", "ws")))
    assert router.connections == ()
