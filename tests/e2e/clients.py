"""Two real clients behind one interface: python-socketio's and the official JavaScript one."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import Any, Generic, Protocol, TypeVar
from urllib.parse import urlencode

import requests
import socketio

from asynction.testing._websocket import WebSocket
from tests.e2e.processes import DEADLINE
from tests.serving import leave

Args = list[Any]
K = TypeVar("K")
V = TypeVar("V")

JS_CLIENT = Path(__file__).parent / "js" / "client.mjs"


class Queues(Generic[K, V]):
    """A queue for each key, made once whichever thread asks first (a defaultdict may make two)."""

    def __init__(self) -> None:
        self._queues: dict[K, Queue[V]] = {}

    def __getitem__(self, key: K) -> Queue[V]:
        return self._queues.setdefault(key, Queue())


class ConnectionRejected(Exception):
    """The server answered the connection with a `connect_error`: its message, and what came with it."""

    def __init__(self, message: str, data: Any = None) -> None:
        super().__init__(message)
        self.data = data


@dataclass(frozen=True)
class Address:
    """Where a client connects, and what it brings."""

    url: str
    namespace: str = "/"
    query: Mapping[str, str] = field(default_factory=dict)
    auth: Mapping[str, str] | None = None


class Client(Protocol):
    """One Socket.IO client, connected to one namespace."""

    def call(self, event: str, *args: object) -> Args:
        """Emit, and return the args of the ack."""

    def answer(self, event: str, *args: object) -> None:
        """Acknowledge such events with these args from now on."""

    def receive(self, event: str) -> Args:
        """Return the args of the next such event, waiting for it."""

    def close(self) -> None:
        """Disconnect."""


class Connect(Protocol):
    """Connects clients of one kind, given the fields of `Address`; raises `Refused`."""

    def __call__(
        self,
        url: str,
        namespace: str = "/",
        query: Mapping[str, str] = ...,
        auth: Mapping[str, str] | None = None,
    ) -> Client: ...


class PythonClient:
    """python-socketio's client over one transport."""

    def __init__(self, transport: str, address: Address) -> None:
        self._url = address.url
        self._namespace = address.namespace
        self._events: Queues[str, Args] = Queues()
        self._answers: dict[str, tuple[object, ...]] = {}
        self._session = requests.Session()
        self._session.trust_env = (
            False  # else its threads walk os.environ, which pytest changes for every test
        )
        self._client = socketio.Client(
            reconnection=False,
            http_session=self._session,
            websocket_extra_options={"class_": WebSocket},
        )
        self._client.on("*", self._keep, namespace=self._namespace)
        answers: Queue[tuple[Any, ...]] = Queue()
        for answer in ("connect", "connect_error"):
            self._client.on(answer, lambda *got: answers.put(got), namespace=self._namespace)
        self._client.connect(
            f"{address.url}?{urlencode(address.query)}",
            auth=address.auth,
            transports=[transport],
            namespaces=[self._namespace],
            wait=False,  # where it waits it cannot tell a refusal from silence
        )
        for reason in _next(answers, "no answer to connect"):  # a refusal brings one
            self.close()
            raise ConnectionRejected(reason["message"], reason.get("data"))

    def _keep(self, event: str, *args: Any) -> tuple[object, ...] | None:
        self._events[event].put(list(args))
        return self._answers.get(event)

    def call(self, event: str, *args: object) -> Args:
        ack: Queue[Args] = Queue()
        self._client.emit(event, args, namespace=self._namespace, callback=lambda *got: ack.put(list(got)))
        return list(_next(ack, f"no ack for {event}"))

    def answer(self, event: str, *args: object) -> None:
        self._answers[event] = args

    def receive(self, event: str) -> Args:
        return list(_next(self._events[event], f"no {event}"))

    def close(self) -> None:
        if self._client.transport() == "polling":
            self._end_polling()
        leave(self._client)
        self._session.close()

    def _end_polling(self) -> None:
        """Say goodbye ourselves: engineio's client may skip it, and then waits for a ping."""
        query = {"EIO": "4", "transport": "polling", "sid": self._client.eio.sid}
        self._session.post(f"{self._url}/socket.io/", params=query, data="1", timeout=DEADLINE)


class JavaScriptDriver:
    """The node process that holds all clients of socket.io-client."""

    def __init__(self) -> None:
        self._popen = subprocess.Popen(["node", JS_CLIENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._ids = count(1)
        self._results: Queues[int, dict[str, Any]] = Queues()
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._popen.stdout
        for line in self._popen.stdout:
            answer = json.loads(line)
            self._results[answer["id"]].put(answer)

    def run(self, do: str, **rest: Any) -> Any:
        """Run one command of js/client.mjs; raise `Refused` with the error that it gives."""
        number = next(self._ids)
        command = json.dumps({"id": number, "do": do, **rest}, default=_dry)
        assert self._popen.stdin
        self._popen.stdin.write(command.encode() + b"\n")
        self._popen.stdin.flush()
        answer = _next(self._results[number], f"no answer to {do}")
        if "error" in answer:
            raise ConnectionRejected(answer["error"], answer.get("data"))
        return _revive(answer["result"])

    def close(self) -> None:
        """End the process."""
        assert self._popen.stdin
        assert self._popen.stdout
        self._popen.stdin.close()
        self._popen.wait(DEADLINE)
        self._reader.join(DEADLINE)
        self._popen.stdout.close()


class JavaScriptClient:
    """socket.io-client over one transport."""

    _names = count(1)

    def __init__(self, driver: JavaScriptDriver, transport: str, address: Address) -> None:
        self._driver = driver
        self._name = next(self._names)
        options = {"transports": [transport], "query": address.query, "auth": address.auth}
        try:
            self._run("connect", url=address.url + address.namespace, options=options)
        except ConnectionRejected:
            self.close()
            raise

    def _run(self, do: str, **rest: Any) -> Any:
        return self._driver.run(do, client=self._name, **rest)

    def call(self, event: str, *args: object) -> Args:
        return list(self._run("call", event=event, args=args))

    def answer(self, event: str, *args: object) -> None:
        self._run("answer", event=event, args=args)

    def receive(self, event: str) -> Args:
        return list(self._run("receive", event=event))

    def close(self) -> None:
        self._run("close")


def _next(queue: Queue[Any], otherwise: str) -> Any:
    try:
        return queue.get(timeout=DEADLINE)
    except Empty:
        raise AssertionError(otherwise) from None


def _dry(value: object) -> object:
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode()}
    raise TypeError(f"no JSON for {type(value).__name__}")


def _revive(value: Any) -> Any:
    if isinstance(value, list):
        return [_revive(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "$bytes" in value:
        return base64.b64decode(value["$bytes"])
    return {key: _revive(item) for key, item in value.items()}
