"""Connects a client that keeps a contract, for as long as a block lasts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from asynction.client import AsynctionClient
from asynction.document import Spec


@contextmanager
def connect(url: str, spec: Spec | None = None, **options: Any) -> Iterator[AsynctionClient]:
    """Connect an AsynctionClient over a network, yield it, and disconnect it.

    ::

        with serve_wsgi(app) as url, connect(url, "asyncapi.yaml") as client:
            assert client.call("ping") == "pong"

    It does not connect again by itself. Raises as `AsynctionClient.from_spec` and `connect` do.

    Args:
        url: The URL of the server.
        spec: The document that the client keeps: the path of a file, or a mapping. Without it, the client
            checks what its handlers are annotated with.
        options: Arguments of `AsynctionClient.connect`, such as `namespaces`, `auth` or `headers`.
    """
    make = AsynctionClient if spec is None else partial(AsynctionClient.from_spec, spec)
    client = make(reconnection=False, handle_sigint=False, websocket_extra_options=_websocket_options())
    client.connect(url, **options)
    try:
        yield client
    finally:
        client.disconnect()


def _websocket_options() -> dict[str, Any]:
    try:
        from asynction.testing._websocket import WebSocket
    except ImportError:  # the extra `client` is missing, which `AsynctionClient.connect` says
        return {}
    return {"class_": WebSocket}
