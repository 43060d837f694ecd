"""The users as an ASGI application: its events, and a gateway for clients that call an api by name.

Run it from the root of the repository: `uvicorn specs.examples.gateway.app:app --port 3000`.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path

from asynction import AsynctionAsyncServer
from asynction.server.gateway import ApiGateway

_HERE = Path(__file__).resolve().parent
_CALLBACKS = os.environ.get("CALLBACKS", "http://localhost:8000").split()

logging.basicConfig(level=logging.INFO, format="[%(name)s] %(message)s")

asio = AsynctionAsyncServer.from_spec(_HERE / "asyncapi.yaml")
gateway = ApiGateway(asio, allowed_origins=_CALLBACKS)
app = gateway.asgi_app(asio.asgi_app())
