"""Clients for servers that asynction.testing serves: one that keeps acks, and a real one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from queue import Queue
from typing import Any

import requests
import socketio
from flask_socketio import SocketIOTestClient

from asynction.testing._websocket import WebSocket

DEADLINE = 30.0  # seconds until a wait is a failure; no test measures time


class KeepsAcks(SocketIOTestClient):  # type: ignore[misc]  # the library has no types
    """A test client that, unlike its parent, tells an ack of one list from one of several args."""

    last: list[Any] | None = None

    @property
    def acks(self) -> object:
        """Nothing, always: the parent looks here whether there is an answer to read."""
        return None

    @acks.setter
    def acks(self, value: Any) -> None:
        if value is not None:
            self.last = value["args"]

    def ask(self, event: str, *args: object, namespace: str = "/") -> list[Any]:
        """Emit an event and return the args of its acknowledgement."""
        self.last = None
        self.emit(event, *args, namespace=namespace, callback=True)
        return self._answer()

    def _answer(self) -> list[Any]:
        assert self.last is not None, "no acknowledgement"
        return self.last


def leave(sio: socketio.Client) -> None:
    """Disconnect a client, and close its WebSocket, which it leaves where the server ended the connection."""
    sio.disconnect()
    if sio.eio.ws is not None:
        sio.eio.ws.close()


class Client:
    """python-socketio's client over websocket, in the namespaces that it was asked to enter."""

    def __init__(
        self,
        url: str,
        *namespaces: str,
        auth: object = None,
        headers: Mapping[str, str] | None = None,
        path: str = "socket.io",
        **options: Any,
    ) -> None:
        self.http = requests.Session()
        # Else its threads walk os.environ, which pytest changes for every test.
        self.http.trust_env = False
        self.sio = socketio.Client(
            reconnection=False,
            http_session=self.http,
            websocket_extra_options={"class_": WebSocket},
            **options,
        )
        self.answers: Queue[tuple[str, str, tuple[Any, ...]]] = Queue()
        self.events: Queue[tuple[str, tuple[Any, ...]]] = Queue()
        self.acks: dict[str, Any] = {}
        entered = namespaces or ("/",)
        for namespace in entered:
            for answer in ("connect", "connect_error"):
                self.sio.on(answer, self._answered(namespace, answer), namespace=namespace)
            self.sio.on("*", self._received, namespace=namespace)
        self.sio.connect(
            url,
            transports=["websocket"],
            namespaces=list(entered),
            auth=auth,
            headers=dict(headers or {}),
            socketio_path=path,
            wait=False,  # a refusal and silence would look the same
        )
        self.refusals: Mapping[str, Any] = self._await(len(entered))

    def _answered(self, namespace: str, answer: str) -> Any:
        return lambda *args: self.answers.put((namespace, answer, args))

    def _await(self, count: int) -> dict[str, Any]:
        got = [self.answers.get(timeout=DEADLINE) for _ in range(count)]
        return {
            namespace: args[0] if args else None
            for namespace, answer, args in got
            if answer == "connect_error"
        }

    def _received(self, event: str, *args: Any) -> Any:
        self.events.put((event, args))
        return self.acks.get(event)

    def call(self, event: str, *args: object, namespace: str = "/") -> list[Any]:
        """Emit an event and return the args of its acknowledgement."""
        acks: Queue[list[Any]] = Queue()
        self.sio.emit(event, args, namespace=namespace, callback=lambda *got: acks.put(list(got)))
        return acks.get(timeout=DEADLINE)

    def next_event(self) -> tuple[str, tuple[Any, ...]]:
        """Return the next event that the server sent, and its args."""
        return self.events.get(timeout=DEADLINE)

    def close(self) -> None:
        """Leave, and give the sockets back."""
        self.sio.disconnect()
        if (
            self.sio.eio.ws is not None
        ):  # which stays open where the server was the first to end the connection
            self.sio.eio.ws.close()
        self.http.close()


@contextmanager
def connected(url: str, *namespaces: str, **options: Any) -> Iterator[Client]:
    """Connect a client and close it afterwards."""
    client = Client(url, *namespaces, **options)
    try:
        yield client
    finally:
        client.close()
