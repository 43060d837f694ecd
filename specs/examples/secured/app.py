"""The notes as a Flask application. Run it with `python specs/examples/secured/app.py`.

`--token ada` prints a JSON Web Token for Ada instead, signed with the secret in NOTES_SECRET.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

import jwt
from flask import Flask

from asynction import AsynctionSocketIO

_HERE = Path(__file__).resolve().parent
_MINUTE = 60


def create_app(async_mode: str | None = None) -> Flask:
    """Build the application; its Socket.IO server is `app.extensions["socketio"]`."""
    app = Flask(__name__)
    AsynctionSocketIO.from_spec(_HERE / "asyncapi.yaml", app=app, async_mode=async_mode)
    return app


def token_of(user: str, secret: str, seconds: int = 10 * _MINUTE) -> str:
    """Return a token as the service at https://example.com would issue it."""
    claims = {
        "sub": user,
        "scope": "notes:read notes:write",
        "iss": "https://example.com",
        "aud": "notes",
        "exp": int(time.time()) + seconds,
    }
    return jwt.encode(claims, secret, algorithm="HS256")


def main() -> None:
    """Serve the notes until interrupted, or print a token."""
    parser = argparse.ArgumentParser(description="Serve the notes example.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=5000)
    parser.add_argument("--async-mode", choices=["threading", "gevent"], default="threading")
    parser.add_argument("--token", metavar="USER", help="print a token for USER, and end")
    options = parser.parse_args()
    if "NOTES_SECRET" not in os.environ:
        parser.error("set NOTES_SECRET to a secret of 32 characters or more")
    if options.token:
        print(token_of(options.token, os.environ["NOTES_SECRET"]))
        return
    app = create_app(options.async_mode)
    asio: AsynctionSocketIO = app.extensions["socketio"]
    asio.run(app, host=options.host, port=options.port, allow_unsafe_werkzeug=True)


if __name__ == "__main__":
    main()
