"""A gateway whose handlers write down every run: `python dual_service.py --port PORT --runs FILE`."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path
from typing import Any

import uvicorn

sys.path.insert(0, str(Path(__file__).parents[2]))

from asynction import AsynctionAsyncServer
from asynction.server.gateway import ApiGateway

SPEC: dict[str, Any] = {
    "asyncapi": "2.6.0",
    "info": {"title": "Runs", "version": "1.0.0"},
    "channels": {
        "/": {
            "publish": {
                "message": {
                    "oneOf": [
                        {"name": name, "payload": {"type": "integer"}, "x-ack": {"args": {"type": "integer"}}}
                        for name in ("quick", "stuck")
                    ]
                }
            }
        }
    },
}


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--runs", type=Path, required=True)
    parser.add_argument("--callbacks", nargs="*", default=[])
    options = parser.parse_args()
    asio = AsynctionAsyncServer.from_spec(SPEC, docs=False)

    def run(event: str, data: int) -> None:
        with options.runs.open("a") as file:
            file.write(f"{event} {data}\n")

    @asio.on("quick")
    async def quick(data: int) -> int:
        run("quick", data)
        return data * 2

    @asio.on("stuck")
    async def stuck(data: int) -> int:
        run("stuck", data)
        await asyncio.Event().wait()
        return data

    gateway = ApiGateway(asio, allowed_origins=options.callbacks, delay=0.05)
    uvicorn.run(
        gateway.asgi_app(asio.asgi_app()), port=options.port, log_level="warning", ws="websockets-sansio"
    )


if __name__ == "__main__":
    main()
