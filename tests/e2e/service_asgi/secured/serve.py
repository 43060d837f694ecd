"""Serve the contract of the secured example by uvicorn, with the handlers beside this file."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import uvicorn

from asynction import AsynctionAsyncServer

EXAMPLE = Path(__file__).parents[4] / "specs" / "examples" / "secured"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    sys.path.append(str(EXAMPLE))  # for its security functions; `notes` is found here first
    asio = AsynctionAsyncServer.from_spec(EXAMPLE / "asyncapi.yaml")
    uvicorn.run(
        asio.asgi_app(),
        host="127.0.0.1",
        port=options.port,
        log_level="error",
        ws="websockets-sansio",
        timeout_graceful_shutdown=1,  # a long poll outlives the client that has left
    )


if __name__ == "__main__":
    main()
