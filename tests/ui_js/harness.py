"""Serves the console on a page of its own, for manual tests: `python tests/ui_js/harness.py [port]`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import socketio
import uvicorn
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

HERE = Path(__file__).parent
STATIC = HERE.parents[1] / "asynction" / "ui" / "static"
POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' ws: wss:"

sio = socketio.AsyncServer(async_mode="asgi", namespaces="*")


def error(status: int, title: str, detail: str, pointer: str) -> dict[str, object]:
    return {"error": {"status": status, "title": title, "detail": detail, "pointer": pointer}}


async def connect(sid: str, environ: dict[str, str], auth: object) -> None:
    if not isinstance(auth, dict) or auth.get("token") != "secret":
        data = {"status": 401, "title": "Unauthorized", "detail": "not authenticated"}
        raise socketio.exceptions.ConnectionRefusedError("not authenticated", data)
    await sio.emit("said", {"text": f"welcome, {environ['QUERY_STRING']}"}, to=sid, namespace="/chat")


async def message(sid: str, said: dict[str, str], *more: object) -> object:
    if not said.get("text"):
        return error(400, "Bad Request", "must have at least 1 character", "/0/text")
    await sio.emit("said", {"text": said["text"]}, to=sid, namespace="/chat")
    await sio.emit("said", {"txt": "this breaks the contract"}, to=sid, namespace="/chat")
    await sio.emit("surprise", ("<b>bold</b>", b"\x00\x01"), to=sid, namespace="/chat")
    return {"id": 7}


async def blob(sid: str, data: bytes) -> bytes:
    return data[::-1]


async def broken(sid: str) -> str:
    return "no integer"


async def strict(sid: str, *args: object) -> object:
    return error(409, "Conflict", "this name is taken", "/0/username")


async def ask(sid: str, *args: object) -> None:
    async def heard(*answer: object) -> None:
        await sio.emit("said", {"text": f"you answered {answer!r}"}, to=sid, namespace="/chat")

    await sio.emit("question", "how many?", to=sid, namespace="/chat", callback=heard)


async def kick(sid: str, *args: object) -> None:
    await sio.disconnect(sid, namespace="/chat")


async def burst(sid: str, *args: object) -> None:
    for number in range(1000):
        await sio.emit("said", {"text": f"number {number}"}, to=sid, namespace="/chat")


async def say(namespace: str, sid: str, text: str) -> str:
    return f"{text}, said in {namespace}"


HANDLERS = {
    "/chat": (connect, message, blob, broken, strict, ask, kick, burst),
    "*": (say,),
}
for name, handlers in HANDLERS.items():
    for handler in handlers:
        sio.on(handler.__name__, handler, namespace=name)


async def page(request: object) -> HTMLResponse:
    html = (HERE / "harness.html").read_text().replace("__API__", page_data())
    return HTMLResponse(html, headers={"Content-Security-Policy": POLICY})


def page_data() -> str:
    return (HERE / "harness.json").read_text().replace("<", "\\u003c")


app = socketio.ASGIApp(
    sio,
    Starlette(
        routes=[
            Route("/", page),
            Mount("/static", StaticFiles(directory=STATIC)),
            Mount("/", StaticFiles(directory=HERE)),
        ]
    ),
)

if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 5055
    asyncio.run(uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning")).serve())
