"""Serve the contract beside this file; what asynction logs goes to stderr, one record a line."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--async-mode", required=True)
    parser.add_argument("--queue")
    options = parser.parse_args()
    if options.async_mode == "gevent":  # before anything else holds a socket or a lock
        from gevent import monkey

        monkey.patch_all()
    logger = logging.getLogger("asynction")
    logger.setLevel(logging.WARNING)
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("[%(name)s] %(levelname)s %(message)s"))
    logger.addHandler(handler)
    serve(options.port, options.async_mode, options.queue)


def serve(port: int, async_mode: str, queue: str | None) -> None:
    from flask import Flask

    from asynction import AsynctionSocketIO

    app = Flask(__name__)
    asio = AsynctionSocketIO.from_spec(
        Path(__file__).with_name("asyncapi.yaml"),
        app=app,
        async_mode=async_mode,
        message_queue=queue,
    )
    asio.run(app, host="127.0.0.1", port=port, allow_unsafe_werkzeug=True)


if __name__ == "__main__":
    main()
