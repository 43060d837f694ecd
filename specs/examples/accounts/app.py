"""The accounts service, built as in the README of asynction 0.x.

Run it with `python specs/examples/accounts/app.py`. If the environment variable MESSAGE_QUEUE is set (for
example to the `redis://` of that README), several processes can serve and emit together.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path

from flask import Flask

from asynction import AsynctionSocketIO

flask_app = Flask(__name__)

asio = AsynctionSocketIO.from_spec(
    spec_path=Path(__file__).parent / "asyncapi.yaml",
    app=flask_app,
    message_queue=os.environ.get("MESSAGE_QUEUE"),
    # any other kwarg that the flask_socketio.SocketIO constructor accepts
)

if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    asio.run(flask_app, port=int(os.environ.get("PORT", "5000")), allow_unsafe_werkzeug=True)
