"""The quotes as a FastAPI application: one contract on Socket.IO, plain WebSockets and HTTP.

Run it from the root of the repository: `uvicorn specs.examples.quotes.app:app`.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI

from asynction import AsynctionAsyncServer
from asynction.server.websocket import SocketRouter

from . import handlers
from .handlers import Quote

_CONTRACT = Path(__file__).resolve().with_name("asyncapi.yaml")

logging.basicConfig(level=logging.INFO, format="[%(name)s] %(message)s")


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Close the plain WebSockets on shutdown; Socket.IO does so itself."""
    yield
    await router.shutdown()


app = FastAPI(title="Quotes", lifespan=lifespan)
asio = AsynctionAsyncServer.from_spec(_CONTRACT, app=app, http=True)  # /socket.io and /events
router = SocketRouter.from_spec(_CONTRACT)
app.add_api_websocket_route("/ws", router)


async def push_by_socketio(quote: Quote, sids: list[str]) -> None:
    """Emit to clients of Socket.IO; the ids of other clients are empty rooms there."""
    for sid in sids:
        await asio.emit("tick", quote, to=sid)


async def push_by_websocket(quote: Quote, sids: list[str]) -> None:
    """Push to clients of plain WebSockets."""
    await router.push("tick", quote, to=sids)


handlers.pushes[:] = [push_by_socketio, push_by_websocket]
