from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar
from urllib.parse import urlencode

import httpx
import pytest
import socketio
import websocket
from fastapi import APIRouter, FastAPI, Request
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, NoMatchFound, Route

from asynction import AsynctionAsyncServer
from asynction.exceptions import AsynctionException
from asynction.server._asgi.app import EngineApp, is_below, mount
from asynction.server._asgi.testing import AsyncTestClient
from asynction.server._asgi.types import Message, Scope
from asynction.testing import serve_asgi
from tests.serving import connected

A = TypeVar("A")
POLL = {"EIO": "4", "transport": "polling"}
WEBSOCKET = {"EIO": "4", "transport": "websocket"}


class Log(list[str]):
    """What happened, in its order."""

    def step(self, name: str, error: Exception | None = None) -> Callable[[], Any]:
        async def step() -> None:
            self.append(name)
            if error is not None:
                raise error

        return step

    def app(self, path: str = "socket.io", other: Any = None, **failures: Exception | None) -> EngineApp:
        start, stop = (self.step(name, failures.get(name)) for name in ("start", "stop"))
        return EngineApp(server(), path, other, start=start, stop=stop)

    @asynccontextmanager
    async def lifespan(self, app: Any) -> AsyncIterator[dict[str, str]]:
        self.append("up")
        try:
            yield {"resource": "open"}
        finally:
            self.append("down")


def server(**options: Any) -> socketio.AsyncServer:
    made = socketio.AsyncServer(async_mode="asgi", **options)
    made.on("echo", lambda sid, *args: args)
    return made


def mounted(
    app: A, path: str = "socket.io", log: Log | None = None, sio: socketio.AsyncServer | None = None
) -> A:
    """Mount a server, and give back the application."""
    used = Log() if log is None else log
    start, stop = used.step("start"), used.step("stop")
    engine = EngineApp(sio or server(), path, start=start, stop=stop)
    assert mount(app, engine, path, start, stop)
    return app


async def echoes(app: Any, path: str = "socket.io") -> bool:
    """Whether a websocket client of `path` is served."""
    async with AsyncTestClient(app, path=path) as client:
        return client.is_connected() and await client.call("echo", 1) == [1]


async def get(app: Any, path: str, **options: Any) -> httpx.Response:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
        return await client.request(options.pop("method", "GET"), path, **options)


async def hello(request: Any) -> PlainTextResponse:
    return PlainTextResponse("hello")


# Which connections are Socket.IO's -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "at", "root", "below"),
    [
        ("socket.io", "/socket.io/", "", True),
        ("/socket.io/", "/socket.io", "", True),
        ("socket.io", "/socket.io/more", "", True),
        ("socket.io", "/socket.iofoo", "", False),
        ("socket.io", "/socket.iofoo/", "", False),
        ("socket.io", "/", "", False),
        ("socket.io", "", "", False),
        ("socket.io", "/api/socket.io/", "", False),
        ("socket.io", "/api/socket.io/", "/api", True),
        ("socket.io", "/api/socket.io/", "/api/", True),
        ("socket.io", "/socket.io/", "/api", True),  # the proxy has removed it
        ("socket.io", "/apis/socket.io/", "/api", False),
        ("socket.io", "/api", "/api", False),
        ("api/socket.io", "/api/socket.io/", "", True),
        ("", "/anything", "", True),
        ("", "/api", "/api", True),
        ("", "", "", True),
    ],
)
def test_the_path_is_matched_by_whole_segments(path: str, at: str, root: str, below: bool) -> None:
    for kind in ("http", "websocket"):
        assert is_below(path, {"type": kind, "path": at, "root_path": root}) is below


def test_other_kinds_of_scope_are_not_below_the_path() -> None:
    assert not is_below("", {"type": "lifespan"})


# Alone, and in front of another application --------------------------------------------------------


def test_alone_it_serves_its_path_and_nothing_else() -> None:
    async def main() -> None:
        app = Log().app()
        assert await echoes(app)
        assert (await get(app, "/socket.io/", params=POLL)).text.startswith("0{")
        response = await get(app, "/elsewhere")
        assert (response.status_code, response.text) == (404, "Not Found")
        async with AsyncTestClient(app, path="elsewhere") as client:
            assert client.refusals == {"/": ""}
        await app({"type": "unheard-of"}, _never, _never)

    asyncio.run(main())


async def _never(*args: Any) -> Any:
    raise AssertionError("called")


def test_what_is_not_its_own_goes_to_the_other_application() -> None:
    app = Log().app(other=Starlette(routes=[Route("/hello", hello)]))

    async def main() -> None:
        assert (await get(app, "/hello")).text == "hello"
        assert (await get(app, "/nothing")).status_code == 404
        assert (await get(app, "/socket.io/", params=POLL)).status_code == 200
        assert await echoes(app)
        assert not await echoes(app, "elsewhere")

    asyncio.run(main())


def test_a_websocket_needs_no_upgrade_headers() -> None:
    sent: list[str] = []
    messages: list[Message] = [{"type": "websocket.disconnect"}, {"type": "websocket.connect"}]

    async def receive() -> Message:
        return messages.pop()

    async def send(message: Message) -> None:
        sent.append(message["type"])

    query = urlencode(WEBSOCKET).encode()
    scope: Scope = {"type": "websocket", "path": "/socket.io/", "headers": [], "query_string": query}
    asyncio.run(Log().app()(scope, receive, send))
    assert sent[0] == "websocket.accept"


def test_a_request_whose_client_has_gone_is_left_alone() -> None:
    async def main() -> None:
        for kind in ("http", "websocket"):
            scope: Scope = {"type": kind, "path": "/socket.io/", "headers": [], "query_string": b""}
            gone: asyncio.Queue[Message] = asyncio.Queue()
            gone.put_nowait({"type": f"{kind}.disconnect"})
            await Log().app()(scope, gone.get, _never)

    asyncio.run(main())


@pytest.mark.parametrize(("scheme", "status"), [("https", 200), ("http", 400)])
def test_the_own_origin_is_known_behind_tls(scheme: str, status: int) -> None:
    headers = {"Origin": "https://testserver"}
    response = asyncio.run(
        get(
            AsynctionAsyncServer().asgi_app(),
            f"{scheme}://testserver/socket.io/",
            params=POLL,
            headers=headers,
        )
    )
    assert response.status_code == status


# Its lifespan --------------------------------------------------------------------------------------


def lifespan(app: Any) -> list[tuple[str, str]]:
    """Start and stop an application as a server does; gives what it said."""
    said: list[tuple[str, str]] = []

    async def main() -> None:
        asked = iter(("startup", "shutdown"))
        over = asyncio.Event()

        async def receive() -> dict[str, str]:
            step = next(asked, None)
            if step is None or (said and said[-1][0] == "startup.failed"):
                await over.wait()
            return {"type": f"lifespan.{step}"}

        async def send(message: dict[str, str]) -> None:
            assert message["type"].startswith("lifespan.")
            said.append((message["type"].removeprefix("lifespan."), message.get("message", "")))

        await app({"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, receive, send)

    asyncio.run(asyncio.wait_for(main(), 30))
    return said


COMPLETE = [("startup.complete", ""), ("shutdown.complete", "")]


async def no_lifespan(scope: Any, receive: Any, send: Any) -> None:
    raise ValueError("only HTTP")


async def ignores(scope: Any, receive: Any, send: Any) -> None:
    pass


async def answers_anything(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})


async def leaves_early(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "lifespan.startup.complete"})


async def does_not_ask(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "lifespan.startup.complete"})


@pytest.mark.parametrize("other", [None, no_lifespan, ignores, answers_anything, leaves_early, does_not_ask])
def test_start_and_stop_run_whether_or_not_the_other_has_a_lifespan(other: Any) -> None:
    log = Log()
    assert lifespan(log.app(other=other)) == COMPLETE
    assert log == ["start", "stop"]


def test_start_and_stop_run_inside_of_the_other_ones_lifespan() -> None:
    log = Log()
    assert lifespan(log.app(other=Starlette(lifespan=log.lifespan))) == COMPLETE
    assert log == ["up", "start", "stop", "down"]


@pytest.mark.parametrize("with_other", [False, True])
@pytest.mark.parametrize(
    ("error", "message"),
    [
        (AsynctionException("all problems"), "all problems"),
        (KeyError("boom"), "Traceback"),
    ],
)
def test_a_start_that_raises_stops_the_other_and_then_the_server(
    with_other: bool, error: Exception, message: str
) -> None:
    log = Log()
    other = Starlette(lifespan=log.lifespan) if with_other else None
    [(kind, told)] = lifespan(log.app(other=other, start=error))
    assert (kind, told[: len(message)]) == ("startup.failed", message)
    assert log == (["up", "start", "down"] if with_other else ["start"])


@pytest.mark.parametrize("other", [leaves_early, does_not_ask, no_lifespan])
def test_a_start_that_raises_is_told_whatever_the_other_is_like(other: Any) -> None:
    assert lifespan(Log().app(other=other, start=AsynctionException("no"))) == [("startup.failed", "no")]


@pytest.mark.parametrize("with_other", [False, True])
def test_a_stop_that_raises_still_stops_the_other(with_other: bool) -> None:
    log = Log()
    other = Starlette(lifespan=log.lifespan) if with_other else None
    said = lifespan(log.app(other=other, stop=AsynctionException("stuck")))
    assert said == [("startup.complete", ""), ("shutdown.failed", "stuck")]
    assert log == (["up", "start", "stop", "down"] if with_other else ["start", "stop"])


def test_the_other_ones_failing_startup_is_its_own() -> None:
    async def failing(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "no database"})

    async def raising(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        raise KeyError("no database")

    log = Log()
    assert lifespan(log.app(other=failing)) == [("startup.failed", "no database")]
    with pytest.raises(KeyError, match="no database"):
        lifespan(log.app(other=raising))
    assert log == []


def test_the_other_ones_failing_shutdown_is_its_own() -> None:
    async def failing(scope: Any, receive: Any, send: Any) -> None:
        await leaves_early(scope, receive, send)
        await receive()
        await send({"type": "lifespan.shutdown.failed", "message": "locked"})

    log = Log()
    assert lifespan(log.app(other=failing)) == [("startup.complete", ""), ("shutdown.failed", "locked")]
    assert log == ["start", "stop"]


# Inside of Starlette and FastAPI -------------------------------------------------------------------


@pytest.mark.parametrize("app", [None, no_lifespan, Log().app(), CORSMiddleware(Starlette()), APIRouter()])
def test_only_applications_of_starlette_are_mounted_on(app: Any) -> None:
    assert not mount(app, Log().app(), "socket.io", Log().step("start"), Log().step("stop"))


def test_starlette_is_not_needed() -> None:
    code = (
        "import sys; sys.modules['starlette'] = None\n"
        "from asynction.server._asgi.app import mount\n"
        "assert not mount(object(), None, '', None, None)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("kind", [Starlette, FastAPI])
def test_routes_of_before_and_after_and_the_engine_are_served(kind: Callable[[], Starlette]) -> None:
    app = kind()
    app.router.add_route("/before", hello)
    mounted(app)
    app.router.add_route("/after", hello)

    async def main() -> None:
        assert await echoes(app)
        assert (await get(app, "/socket.io", params=POLL)).status_code == 200
        for path, status in (("/before", 200), ("/after", 200), ("/socket.iofoo", 404)):
            assert (await get(app, path)).status_code == status

    asyncio.run(main())


@pytest.mark.parametrize(
    "catch_all",
    [
        Route("/{rest:path}", hello, methods=["GET", "POST"]),
        Mount("/", Starlette(routes=[Route("/{rest:path}", hello)])),
    ],
)
def test_a_catch_all_route_does_not_hide_the_engine(catch_all: Any) -> None:
    app = mounted(Starlette(routes=[catch_all]))

    async def main() -> None:
        assert await echoes(app)
        assert (await get(app, "/socket.io/", params=POLL)).text.startswith("0{")
        assert (await get(app, "/anything")).text == "hello"

    asyncio.run(main())


def test_openapi_and_urls_do_not_know_of_the_engine() -> None:
    app = mounted(FastAPI())

    @app.get("/items")
    def items() -> list[int]:
        return []

    assert set(app.openapi()["paths"]) == {"/items"}
    assert app.url_path_for("items") == "/items"
    with pytest.raises(NoMatchFound):
        app.url_path_for("socketio")
    assert [getattr(route, "path", None) for route in app.routes][:1] == ["/socket.io"]
    for path in ("/docs", "/openapi.json"):
        assert asyncio.run(get(app, path)).status_code == 200


def test_two_servers_share_an_application() -> None:
    log = Log()
    app = mounted(mounted(FastAPI(lifespan=log.lifespan), "one", log), "two/deep", log)

    async def main() -> None:
        assert await echoes(app, "one")
        assert await echoes(app, "two/deep")

    asyncio.run(main())
    assert lifespan(app) == COMPLETE
    assert log == ["up", "start", "start", "stop", "stop", "down"]


@pytest.mark.parametrize("mounts_first", [False, True])
def test_a_mounted_application_serves_below_where_it_is(mounts_first: bool) -> None:
    sub, app = FastAPI(), FastAPI()
    if mounts_first:
        app.mount("/api", sub)
    mounted(sub)
    if not mounts_first:
        app.mount("/api", sub)

    async def main() -> None:
        assert await echoes(app, "api/socket.io")
        assert not await echoes(app, "socket.io")
        assert (await get(app, "/api/socket.io/", params=POLL)).status_code == 200

    asyncio.run(main())


def test_the_lifespan_of_the_application_and_its_state_stay() -> None:
    log = Log()
    app = mounted(FastAPI(lifespan=log.lifespan), log=log)

    @app.get("/resource")
    def resource(request: Request) -> str:
        log.append("asked")
        return str(request.state.resource)

    with serve_asgi(app) as url:
        assert httpx.get(f"{url}/resource").json() == "open"
    assert log == ["up", "start", "asked", "stop", "down"]


@pytest.mark.parametrize("failing", ["start", "stop"])
def test_a_step_that_raises_ends_the_lifespan_of_the_application(failing: str) -> None:
    log = Log()
    app = FastAPI(lifespan=log.lifespan)
    steps = {name: log.step(name, KeyError(name) if name == failing else None) for name in ("start", "stop")}
    assert mount(app, log.app(), "socket.io", steps["start"], steps["stop"])
    with pytest.raises(KeyError, match=failing):
        lifespan(app)
    assert log == (["up", "start", "down"] if failing == "start" else ["up", "start", "stop", "down"])


# Middleware ----------------------------------------------------------------------------------------

FRONT, OTHER = "https://front.example", "https://other.example"


@pytest.mark.parametrize(
    ("allowed", "origin", "answer"),
    [
        (FRONT, FRONT, (200, [FRONT])),  # both say the same: it is said once
        ([FRONT, OTHER], OTHER, (200, [OTHER])),  # the engine's own word stands
        ([], FRONT, (200, [FRONT])),  # left to the middleware
        ([], OTHER, (200, [])),
        (None, FRONT, (400, [FRONT])),
    ],
)
def test_an_origin_is_allowed_once_beside_cors_middleware(
    allowed: Any, origin: str, answer: tuple[int, list[str]]
) -> None:
    cors = Middleware(CORSMiddleware, allow_origins=[FRONT])
    app = mounted(Starlette(middleware=[cors]), sio=server(cors_allowed_origins=allowed))
    response = asyncio.run(get(app, "/socket.io/", params=POLL, headers={"Origin": origin}))
    assert (response.status_code, response.headers.get_list("access-control-allow-origin")) == answer


def test_middleware_of_the_application_sees_polls_and_websockets() -> None:
    app = FastAPI()
    seen: list[str] = []

    @app.middleware("http")
    async def looks(request: Request, call_next: Any) -> Any:
        seen.append(request.method)
        return await call_next(request)

    class Tags:
        def __init__(self, app: Any) -> None:
            self.app = app

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            scope["session"] = {"user": "ada"}
            await self.app(scope, receive, send)

    app.add_middleware(Tags)
    sio = server()
    sio.on("connect", lambda sid, environ: seen.append(environ["asgi.scope"]["session"]["user"]))
    mounted(app, sio=sio)

    async def main() -> None:
        opened = await get(app, "/socket.io/", params=POLL)
        params = {**POLL, "sid": json.loads(opened.text[1:])["sid"]}
        entered = await get(app, "/socket.io/", params=params, method="POST", content="40")
        assert entered.text == "OK"
        assert (await get(app, "/socket.io/", params=params)).text.startswith('40{"sid"')
        assert await echoes(app)

    asyncio.run(main())
    assert seen == ["GET", "POST", "ada", "GET", "ada"]


# By uvicorn ----------------------------------------------------------------------------------------


def polls(url: str) -> str:
    """Return what acknowledges an event by long polling."""
    with httpx.Client(base_url=url) as http:
        opened = http.get("/socket.io/", params=POLL)
        params = {**POLL, "sid": json.loads(opened.text[1:])["sid"]}
        http.post("/socket.io/", params=params, content="40")
        assert http.get("/socket.io/", params=params).text.startswith("40{")
        http.post("/socket.io/", params=params, content='420["echo",1]')
        return http.get("/socket.io/", params=params).text


def test_a_real_server_serves_the_engine_and_runs_its_lifespan() -> None:
    log = Log()
    with serve_asgi(log.app()) as url:
        with connected(url) as client:
            assert client.call("echo", 1, b"2") == [1, b"2"]
        assert httpx.get(f"{url}/elsewhere").status_code == 404
        assert log == ["start"]
    assert log == ["start", "stop"]


@pytest.mark.parametrize("root_path", ["", "/proxied"])
def test_a_real_server_serves_an_application_that_it_is_mounted_on(root_path: str) -> None:
    log = Log()
    app = mounted(FastAPI(lifespan=log.lifespan), log=log)
    app.add_api_route("/hello", lambda: "hello")
    with serve_asgi(app, root_path=root_path) as url:
        with connected(url) as client:
            assert client.call("echo", 1) == [1]
        assert polls(url) == "430[1]"
        assert httpx.get(f"{url}/hello").json() == "hello"
    assert log == ["up", "start", "stop", "down"]


def test_clients_leave_a_real_server_before_anything_stops() -> None:
    log = Log()
    sio = server()
    sio.on("disconnect", lambda sid, reason: log.append("left"))
    with serve_asgi(mounted(Starlette(lifespan=log.lifespan), log=log, sio=sio)) as url:
        client = websocket.create_connection(
            f"{url}/socket.io/?{urlencode(WEBSOCKET)}".replace("http:", "ws:")
        )
        client.recv()
        client.send("40")
        assert str(client.recv()).startswith("40{")
    client.close()
    assert log == ["up", "start", "left", "stop", "down"]


def test_a_real_server_does_not_serve_where_start_raises() -> None:
    log = Log()
    with pytest.raises(RuntimeError, match="did not start"), serve_asgi(log.app(start=KeyError("no"))):
        pass
    assert log == ["start"]
