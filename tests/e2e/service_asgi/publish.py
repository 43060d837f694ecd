"""Emit through a message queue from a process that serves nothing; print what happened as JSON."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import socketio

from asynction import AsynctionAsyncServer
from asynction.exceptions import PayloadValidationException

SPEC = Path(__file__).parents[1] / "service" / "asyncapi.yaml"


async def main(queue: str) -> None:
    manager = socketio.AsyncRedisManager(queue, write_only=True)
    asio = AsynctionAsyncServer.from_spec(SPEC, client_manager=manager)
    refusal = None
    try:
        await asio.emit("news", {"text": 1})
    except PayloadValidationException as error:
        refusal = str(error)
    await asio.emit("news", {"text": "from another process"})
    print(json.dumps({"refusal": refusal, "handlers_imported": "handlers" in sys.modules}))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
