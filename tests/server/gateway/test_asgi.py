"""What is ASGI's own of a gateway: bodies, mounting, and the end of serving."""

from __future__ import annotations

import asyncio
import json
import logging
from functools import partial
from typing import Any

import pytest
import requests
from starlette.applications import Starlette

from asynction import AsynctionAsyncServer
from asynction.server.gateway import ApiGateway
from asynction.testing import serve_asgi
from tests.server.asgi.support import eventually, run
from tests.server.gateway.support import Results, call
from tests.server.support import channel, document, message
from tests.serving import DEADLINE

SPEC = document({"/": channel([message("echo")])})


class Stuck:
    """A handler that waits until it may end."""

    def __init__(self) -> None:
        self.is_started = False
        self.release = asyncio.Event()

    async def __call__(self, data: Any) -> Any:
        self.is_started = True
        await self.release.wait()
        return data


def made(handler: Any, **options: Any) -> tuple[AsynctionAsyncServer, ApiGateway]:
    asio = AsynctionAsyncServer.from_spec(SPEC, docs=False, grace=0)
    asio.on("echo", handler)
    return asio, ApiGateway(asio, **options)


async def echo(data: Any) -> Any:
    return data


async def answer(app: Any, *parts: bytes, kind: str = "http", **scope: Any) -> tuple[Any, Any]:
    """Send a request in pieces; returns the status and the body, or what closed the websocket."""
    messages: list[Any] = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
    messages.append({"type": "http.request", "more_body": False})
    sent: list[Any] = []

    async def receive() -> Any:
        return messages.pop(0)

    async def send(event: Any) -> None:
        sent.append(event)

    headers = [(b"content-type", b"application/json; charset=utf-8")]
    base = {"type": kind, "method": "POST", "path": "/api/call", "query_string": b"", "headers": headers}
    await app({**base, **scope}, receive, send)
    if kind == "websocket":
        return sent[0]["type"], None
    return sent[0]["status"], json.loads(sent[1]["body"])


def test_a_body_may_come_in_pieces_but_not_for_ever() -> None:
    async def body() -> None:
        with Results() as results:
            _, gateway = made(echo, allowed_origins=[results.origin], max_body=1000)
            app = gateway.asgi_app()
            raw = json.dumps(call("echo", 1, callback_url=results.url)).encode()
            status, told = await answer(app, raw[:10], raw[10:])
            assert (status, told["success"]) == (200, True)
            await gateway.close()
            assert results.next()["data"] == 1
            app = made(echo, max_body=1000)[1].asgi_app()
            assert (await answer(app, b" " * 600, b" " * 600, b"{}"))[0] == 413
            assert (await answer(app, b"{}", headers=[]))[0] == 415
            assert (await answer(app, kind="websocket"))[0] == "websocket.close"

    run(body())


def test_closing_waits_for_results_then_gives_up(caplog: pytest.LogCaptureFixture) -> None:
    async def body() -> None:
        with Results() as results:
            for timeout in (DEADLINE, 0):
                stuck = Stuck()
                _, gateway = made(stuck, allowed_origins=[results.origin])
                app = gateway.asgi_app()
                request = json.dumps(call("echo", 1, callback_url=results.url)).encode()
                assert (await answer(app, request))[0] == 200
                await eventually(partial(getattr, stuck, "is_started"))
                closing = asyncio.create_task(gateway.close(timeout))
                await asyncio.sleep(0)
                assert (await answer(app, request))[0] == 503
                if timeout:
                    stuck.release.set()
                await closing
            assert results.next()["data"] == 1
            assert results.queue.empty()

    with caplog.at_level(logging.WARNING):
        run(body())
    assert "1 calls or deliveries are cancelled" in caplog.text


@pytest.mark.parametrize("mounted", [True, False])
def test_the_end_of_serving_is_the_gateways(mounted: bool) -> None:
    with Results() as results:
        app = Starlette()
        asio = AsynctionAsyncServer.from_spec(SPEC, app=app if mounted else None, docs=False)
        asio.on("echo", echo)
        options: dict[str, Any] = {"allowed_origins": [results.origin], "path": "rpc"}
        gateway = ApiGateway(asio, app=app if mounted else None, **options)
        served = app if mounted else gateway.asgi_app(asio.asgi_app())
        for number in range(2):  # it may be started again
            with serve_asgi(served) as url:
                request = call("echo", number, callback_url=results.url)
                assert requests.post(f"{url}/rpc", json=request, timeout=DEADLINE).json()["success"] is True
            assert results.next()["data"] == number
