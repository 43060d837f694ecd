"""The chat as a Flask application: the events of the contract, and a page to try them.

Run it with `python specs/examples/chat/app.py`, and open the address in two browser tabs.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from flask import Flask, Response, send_from_directory

from asynction import AsynctionSocketIO

_HERE = Path(__file__).resolve().parent
_CLIENT = _HERE.parents[2] / "node_modules" / "socket.io-client" / "dist"


def create_app(async_mode: str | None = None) -> Flask:
    """Build the application; its Socket.IO server is `app.extensions["socketio"]`."""
    app = Flask(__name__, static_folder="page", static_url_path="/page")
    AsynctionSocketIO.from_spec(_HERE / "asyncapi.yaml", app=app, async_mode=async_mode)

    @app.get("/")
    def page() -> Response:
        return app.send_static_file("index.html")

    @app.get("/socket.io.js")
    def client() -> Response:
        return send_from_directory(_CLIENT, "socket.io.min.js")

    return app


def main() -> None:
    """Serve the chat until interrupted."""
    parser = argparse.ArgumentParser(description="Serve the chat example.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=5000)
    parser.add_argument("--async-mode", choices=["threading", "gevent"], default="threading")
    options = parser.parse_args()
    app = create_app(options.async_mode)
    print(f"Open http://{options.host}:{options.port} in two browser tabs.", flush=True)
    asio: AsynctionSocketIO = app.extensions["socketio"]
    asio.run(app, host=options.host, port=options.port, allow_unsafe_werkzeug=True)


if __name__ == "__main__":
    main()
