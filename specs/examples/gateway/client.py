"""Calls the gateway by Socket.IO and by HTTP.

Start app.py, then run `python specs/examples/gateway/client.py`.
"""

from __future__ import annotations

import argparse
import asyncio
from typing import Any

from aiohttp import web

from asynction.client import CallError, LogLevel, SocketClient


async def call(client: SocketClient) -> None:
    """Send three calls, one of them with a callback."""
    shown = asyncio.Event()

    async def show(answer: dict[str, Any]) -> None:
        print("callback:", answer["data"])
        shown.set()

    client.register_callback("user.get", show)
    await client.call_api("user.get", {"id": 1})
    await shown.wait()
    print("result:", await client.request("user.update", {"id": 2, "name": "Bea"}))
    try:
        await client.request("user.get", {"id": "two"})
    except CallError as error:
        print("refused:", error.status, error.detail, "at", error.pointer)


async def main() -> None:
    """Call by Socket.IO, then only by HTTP, with a callback URL for the results."""
    parser = argparse.ArgumentParser(description="Call the gateway example.")
    parser.add_argument("--server", default="localhost:3000")
    parser.add_argument("--port", type=int, default=8000, help="port for the results")
    options = parser.parse_args()
    quiet = {"log_level": LogLevel.WARNING}
    http = (f"http://{options.server}/api/call", f"http://localhost:{options.port}/api/callback")
    by_socket = SocketClient(f"ws://{options.server}", *http, options=quiet)
    by_http = SocketClient(None, *http, options=quiet)

    async def callback(request: web.Request) -> web.Response:
        return web.json_response(await by_http.handle_callback(await request.json()))

    app = web.Application()
    app.router.add_post("/api/callback", callback)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "localhost", options.port).start()
    for client in (by_socket, by_http):
        await client.connect_to_server()
        print("by", client.mode)
        await call(client)
        await client.disconnect()
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(main())
