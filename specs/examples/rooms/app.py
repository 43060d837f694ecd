"""The rooms as a FastAPI application, with Socket.IO and HTTP side by side.

Run it from the root of the repository: `uvicorn specs.examples.rooms.app:app`.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

from fastapi import Depends, FastAPI
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles

from asynction import AsynctionAsyncServer

from . import moderation
from .models import CreateRoom, RoomInfo
from .store import RoomFull, Store, get_store, store

_HERE = Path(__file__).resolve().parent
_CLIENT = _HERE.parents[2] / "node_modules" / "socket.io-client" / "dist"

logging.basicConfig(level=logging.INFO, format="[%(name)s] %(message)s")


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Create one room at startup."""
    store.create(CreateRoom(id="hall", title="The hall"))
    yield
    store.rooms.clear()


app = FastAPI(title="Rooms", lifespan=lifespan)
asio = AsynctionAsyncServer.from_spec(_HERE / "asyncapi.yaml", app=app, routers=[moderation.router])


@asio.exception_handler(RoomFull)
async def room_full(error: RoomFull) -> dict[str, object]:
    """Acknowledge an event with a text that its client can show."""
    return {"error": {"status": 409, "title": "The room is full", "detail": str(error)}}


@app.get("/rooms")
async def rooms(store: Annotated[Store, Depends(get_store)]) -> list[RoomInfo]:
    """Return the same rooms as the lobby."""
    return store.infos()


@app.get("/", include_in_schema=False)
async def page() -> FileResponse:
    return FileResponse(_HERE / "page" / "index.html")


@app.get("/socket.io.js", include_in_schema=False)
async def client() -> FileResponse:
    return FileResponse(_CLIENT / "socket.io.min.js")


app.mount("/page", StaticFiles(directory=_HERE / "page"))
