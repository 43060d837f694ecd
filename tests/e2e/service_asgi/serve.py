"""Serve the contract of service/ by uvicorn; what asynction logs goes to stderr, one record a line."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

import socketio
import uvicorn

from asynction import AsynctionAsyncServer

SPEC = Path(__file__).parents[1] / "service" / "asyncapi.yaml"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--queue")
    options = parser.parse_args()
    logger = logging.getLogger("asynction")
    logger.setLevel(logging.WARNING)
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("[%(name)s] %(levelname)s %(message)s"))
    logger.addHandler(handler)
    manager = socketio.AsyncRedisManager(options.queue) if options.queue else None
    asio = AsynctionAsyncServer.from_spec(SPEC, client_manager=manager)
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
