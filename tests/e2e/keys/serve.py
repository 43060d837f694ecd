"""Serve one namespace for everybody, and one for those whose tokens the keys of a key server have signed."""

from __future__ import annotations

import argparse
import logging


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--kind", choices=["asgi", "threading", "gevent", "gevent-unpatched"], required=True)
    parser.add_argument("--keys", required=True)
    parser.add_argument("--timeout", type=float, required=True)
    options = parser.parse_args()
    if options.kind == "gevent":  # before anything else holds a socket or a lock
        from gevent import monkey

        monkey.patch_all()
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("[%(name)s] %(levelname)s %(message)s"))
    logging.getLogger("asynction").addHandler(handler)
    serve = serve_asgi if options.kind == "asgi" else serve_flask
    serve(document(options.keys, options.timeout), options.port, options.kind.removesuffix("-unpatched"))


def document(keys: str, timeout: float) -> dict[str, object]:
    jwt = {"jwksUri": keys, "algorithms": ["RS256"], "timeout": timeout}
    echo = {"message": {"name": "echo", "payload": {}, "x-ack": {"args": {}}}}
    return {
        "asyncapi": "2.6.0",
        "info": {"title": "Keys", "version": "1.0.0"},
        "channels": {"/": {"publish": echo}, "/secret": {"x-security": [{"token": []}], "publish": echo}},
        "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer", "x-jwt": jwt}}},
    }


def serve_asgi(spec: dict[str, object], port: int, mode: str) -> None:
    import uvicorn

    from asynction import AsynctionAsyncServer

    asio = AsynctionAsyncServer.from_spec(spec)
    for namespace in ("/", "/secret"):
        asio.on("echo", lambda sid, value: value, namespace=namespace)  # plain, so it needs a thread
    app = asio.asgi_app()
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="error", timeout_graceful_shutdown=1)


def serve_flask(spec: dict[str, object], port: int, mode: str) -> None:
    from flask import Flask

    from asynction import AsynctionSocketIO

    app = Flask(__name__)
    asio = AsynctionSocketIO.from_spec(spec, app=app, async_mode=mode)
    for namespace in ("/", "/secret"):
        asio.on("echo", namespace=namespace)(lambda value: value)
    asio.run(app, host="127.0.0.1", port=port, allow_unsafe_werkzeug=True)


if __name__ == "__main__":
    main()
