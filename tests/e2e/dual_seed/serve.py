"""A server for the examples, by Flask or ASGI: `python serve.py KIND PORT CALLBACK_ORIGIN`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import flask
import uvicorn

sys.path.insert(0, str(Path(__file__).parents[3]))

from asynction import AsynctionAsyncServer, AsynctionSocketIO, EventException
from asynction.server.gateway import ApiGateway

USER: dict[str, Any] = {
    "type": "object",
    "required": ["id"],
    "properties": {"id": {"type": "integer"}, "name": {"type": "string"}},
}
SPEC: dict[str, Any] = {
    "asyncapi": "2.6.0",
    "info": {"title": "Users", "version": "1.0.0"},
    "channels": {
        "/": {
            "publish": {
                "message": {
                    "oneOf": [
                        {"name": "user.get", "payload": USER, "x-ack": {"args": USER}},
                        {"name": "user.update", "payload": USER, "x-ack": {"args": USER}},
                        {"name": "api_name", "payload": {"type": "object", "required": ["param"]}},
                    ]
                }
            }
        }
    },
}


def get(data: Any) -> Any:
    """Give a user."""
    print(f"user.get {data}\n", end="", flush=True)  # in one piece
    if data["id"] != 1:
        raise EventException(404, "no such user")
    return {"id": 1, "name": "Ada"}


def update(data: Any) -> Any:
    """Change a user."""
    print(f"user.update {data}\n", end="", flush=True)  # in one piece
    return data


def named(data: Any) -> Any:
    """Do what the example calls for."""
    print(f"api_name {data}\n", end="", flush=True)  # in one piece
    return {"got": data["param"]}


def main() -> None:
    """Serve until stopped."""
    kind, port, origin = sys.argv[1:]
    app = flask.Flask("serve")
    asio: Any
    if kind == "flask":
        asio = AsynctionSocketIO.from_spec(SPEC, app=app, async_mode="threading", docs=False)
    else:
        asio = AsynctionAsyncServer.from_spec(SPEC, docs=False)
    for name, handler in (("user.get", get), ("user.update", update), ("api_name", named)):
        asio.on(name)(handler)
    gateway = ApiGateway(asio, app=app if kind == "flask" else None, allowed_origins=[origin], delay=0.05)
    if kind == "flask":
        asio.run(app, host="127.0.0.1", port=int(port), allow_unsafe_werkzeug=True)
    else:
        served = gateway.asgi_app(asio.asgi_app())
        uvicorn.run(served, host="127.0.0.1", port=int(port), log_level="warning", ws="websockets-sansio")


if __name__ == "__main__":
    main()
