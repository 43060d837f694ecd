"""A client for tests of ASGI applications: Engine.IO 4 and Socket.IO 5, and no network."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Iterable, Mapping
from types import TracebackType
from typing import Any, NoReturn, TypedDict, TypeVar

from engineio import packet as eio
from socketio import packet as sio

from asynction.contract import namespace_name
from asynction.server._asgi.types import ASGIApp, Message, Scope

Function = Callable[..., Any]
Headers = Mapping[str, str] | Iterable[tuple[str, str]]
"""The headers of a request: a mapping, or pairs of a name and a value."""

T = TypeVar("T")

LEFT = "the client left"

BARE = ("message", "json")
"""Events with one arg that `get_received` gives as it is, not in a list, as Flask-SocketIO does."""


class Received(TypedDict):
    """One event that the server sent."""

    name: str
    args: Any
    namespace: str


class AsyncTestClient:
    """A Socket.IO client for tests that calls an ASGI application without a network.

    ::

        async with AsyncTestClient(app, "/chat", auth={"token": "..."}) as client:
            assert await client.emit("ping", callback=True) == "pong"

    It has the methods of Flask-SocketIO's `SocketIOTestClient`, as coroutines where they wait. The lifespan
    of the application is not run. A method that is given no namespace uses the client's own. Methods that
    wait raise ConnectionError with the reason when the connection ends or the server ends the namespace,
    TimeoutError after `timeout` seconds, and RuntimeError when the client was never in the namespace.

    Args:
        app: The ASGI application.
        namespace: The namespace that `async with` enters, and that methods use.
        path: The Socket.IO path of the server.
        query_string: Added to the query of the request that opens the connection.
        headers: The headers of that request, as a mapping or as pairs.
        auth: The `auth` payload of the client.
        packet_class: The `socketio.packet.Packet` that the server's `serializer` is read by.
        timeout: How many seconds a method waits for the server.
    """

    def __init__(
        self,
        app: ASGIApp,
        namespace: str = "/",
        *,
        path: str = "socket.io",
        query_string: str | None = None,
        headers: Headers | None = None,
        auth: object = None,
        packet_class: Any = sio.Packet,
        timeout: float = 30.0,
    ) -> None:
        self.refusals: dict[str, Any] = {}
        """The answers of the server that refused a connection, by namespace."""
        self._app = app
        self._namespace = namespace_name(namespace)
        self._path = path
        self._query_string = query_string
        self._headers = headers
        self._auth = auth
        self._packet_class = packet_class
        self._timeout = timeout
        self._wire: _Wire | None = None
        self._sids: dict[str, str] = {}
        self._left: dict[str, str] = {}
        self._received: list[Received] = []
        self._acks: dict[int, list[Any]] = {}
        self._asked = 0
        self._functions: dict[tuple[str, str], Function] = {}
        self._partial: Any = None

    async def __aenter__(self) -> AsyncTestClient:
        """Connect to the client's namespace; `is_connected` and `refusals` tell how that ended."""
        try:
            await self.connect()
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave, and wait for the application; an exception of it that no method has raised is raised."""
        wire = self._wire
        await self._close()
        if error is None and wire is not None and wire.untold is not None:
            raise wire.untold

    def is_connected(self, namespace: str | None = None) -> bool:
        """Return True while the client is in a namespace."""
        alive = self._wire is not None and self._wire.ended is None
        return alive and self._named(namespace) in self._sids

    def sid(self, namespace: str | None = None) -> str:
        """Return the id that the server gave to the client in a namespace."""
        self._check_connected(namespace)
        return self._sids[self._named(namespace)]

    async def connect(
        self,
        namespace: str | None = None,
        query_string: str | None = None,
        headers: Headers | None = None,
        auth: object = None,
    ) -> None:
        """Ask the server to enter a namespace, and wait for its answer.

        The first call opens the connection, which all namespaces share.

        Args:
            namespace: The namespace to enter; without it, the client's.
            query_string: The query of the connection; without it, the client's.
            headers: The headers of the connection; without them, the client's.
            auth: The `auth` payload; without it, the client's.

        Raises:
            RuntimeError: The client is in the namespace already.
            ValueError: `query_string` or `headers` are given, and the connection is open.
        """
        name = self._named(namespace)
        if self.is_connected(name):
            raise RuntimeError("already connected")
        wire = self._wire
        if wire is None or wire.ended is not None:
            await self._close()
            wire = self._open(query_string or self._query_string, headers or self._headers)
        elif query_string is not None or headers is not None:
            raise ValueError("the connection is open: its query string and headers are sent")
        for book in (self.refusals, self._left):
            book.pop(name, None)
        await self._until("opening", lambda: wire.opened or (wire.rejection is not None or None))
        if wire.rejection is not None:
            self.refusals[name] = wire.rejection
            return
        self._send(sio.CONNECT, self._auth if auth is None else auth, name)
        answers = (self._sids, self.refusals, self._left)
        await self._until(f"answer in `{name}`", lambda: any(name in book for book in answers) or None)

    async def disconnect(self, namespace: str | None = None) -> None:
        """Leave a namespace, and the server after the last; its handlers have run when this returns."""
        self._check_connected(namespace)
        name = self._named(namespace)
        self._send(sio.DISCONNECT, None, name)
        del self._sids[name]
        self._left[name] = LEFT
        if not self._sids:
            await self._close()
            return
        wire = self._open_wire()
        noops = wire.noops
        # Engine.IO takes packets in their order, and answers this one: those before it are done.
        wire.put(eio.Packet(eio.UPGRADE))
        await self._until("answer of Engine.IO", lambda: wire.noops > noops or None)

    async def emit(
        self, event: str, *args: object, namespace: str | None = None, callback: bool = False
    ) -> Any:
        """Send an event; with `callback`, wait for its ack and return its arg, or the list of its args."""
        if not callback:
            self._check_connected(namespace)
            self._send(sio.EVENT, [event, *args], self._named(namespace))
            return None
        got = await self.call(event, *args, namespace=namespace)
        return got[0] if len(got) == 1 else got

    async def call(self, event: str, *args: object, namespace: str | None = None) -> list[Any]:
        """Send an event, wait for its ack and return all its args."""
        self._check_connected(namespace)
        name = self._named(namespace)
        self._asked += 1
        number = self._asked
        self._send(sio.EVENT, [event, *args], name, number)
        return await self._until(f"ack of `{event}`", lambda: self._acks.pop(number, None), name)

    async def send(
        self, data: object, json: bool = False, callback: bool = False, namespace: str | None = None
    ) -> Any:
        """Send the event `message` with one arg, as `emit` does.

        Args:
            data: The arg.
            json: True to send the event `json` instead.
            callback: True to wait for the ack and return its arg, or the list of its args.
            namespace: The namespace; without it, the client's.
        """
        return await self.emit("json" if json else "message", data, callback=callback, namespace=namespace)

    def get_received(self, namespace: str | None = None) -> list[Received]:
        """Return the events that have arrived in a namespace and were not returned before."""
        name = self._named(namespace)
        if name not in self._left:
            self._check_connected(name)
        found = [event for event in self._received if event["namespace"] == name]
        self._received = [event for event in self._received if event["namespace"] != name]
        return found

    async def receive(self, namespace: str | None = None) -> Received:
        """Return the next event that arrives in a namespace, or has arrived and was not returned before."""
        name = self._named(namespace)

        def take() -> Received | None:
            for index, event in enumerate(self._received):
                if event["namespace"] == name:
                    return self._received.pop(index)
            return None

        return await self._until(f"event in `{name}`", take, name)

    def on(self, event: str, function: Function, namespace: str | None = None) -> None:
        """Call a function, or a coroutine function, with the args of an event, and acknowledge its result.

        An exception that it raises ends the connection.
        """
        self._functions[self._named(namespace), event] = function

    # The connection --------------------------------------------------------------------------------

    def _named(self, namespace: str | None) -> str:
        return self._namespace if namespace is None else namespace_name(namespace)

    def _open(self, query_string: str | None, headers: Headers | None) -> _Wire:
        self._sids.clear()
        self._left.clear()
        self._acks.clear()
        self._partial = None
        scope = _scope(self._path, query_string, headers)
        self._wire = _Wire(self._app, scope, self._message, self._timeout)
        return self._wire

    def _open_wire(self) -> _Wire:
        if self._wire is None:
            raise RuntimeError("not connected")
        return self._wire

    async def _close(self) -> None:
        if self._wire is not None:
            await self._wire.close()

    def _check_connected(self, namespace: str | None) -> None:
        """Raise an exception unless the client is in a namespace."""
        name = self._named(namespace)
        if name not in self._sids and self._left.get(name, LEFT) == LEFT:
            raise RuntimeError("not connected")
        self._check_end(name)

    def _check_end(self, namespace: str | None) -> None:
        wire = self._open_wire()
        if wire.ended is not None:
            wire.raise_end()
        if namespace in self._left:
            raise ConnectionError(f"not in `{namespace}`: {self._left[namespace]}")

    async def _until(self, what: str, take: Callable[[], T | None], namespace: str | None = None) -> T:
        """Return what `take` gives as soon as it is not None."""
        wire = self._open_wire()

        async def taken() -> T:
            while (found := take()) is None:
                self._check_end(namespace)
                await wire.changed()
            return found

        try:
            return await asyncio.wait_for(taken(), self._timeout)
        except asyncio.TimeoutError:
            raise TimeoutError(f"no {what} in {self._timeout:g} seconds") from None

    # Socket.IO ---------------------------------------------------------------------------------------

    def _send(self, kind: int, data: object, namespace: str, number: int | None = None) -> None:
        packet = self._packet_class(kind, data, namespace=namespace, id=number)
        encoded = packet.encode()
        for part in encoded if isinstance(encoded, list) else [encoded]:
            self._open_wire().put(eio.Packet(eio.MESSAGE, part))

    def _message(self, data: str | bytes) -> None:
        if self._partial is None:
            packet = self._packet_class(encoded_packet=data)
            if packet.attachment_count:
                self._partial = packet
                return
        else:
            packet = self._partial
            if not packet.add_attachment(data):
                return
            self._partial = None
        self._take(packet, packet.namespace or "/")

    def _take(self, packet: Any, namespace: str) -> None:
        kind, data = packet.packet_type, packet.data
        if kind == sio.CONNECT:
            self._sids[namespace] = data["sid"]
        elif kind == sio.CONNECT_ERROR:
            self.refusals[namespace] = data
        elif kind == sio.DISCONNECT:
            self._sids.pop(namespace, None)
            self._left[namespace] = "the server ended it"
            if data is not None:  # a server with `always_connect` refuses like this
                self.refusals[namespace] = data
        elif kind in (sio.ACK, sio.BINARY_ACK):
            self._acks[packet.id] = data
        else:
            self._event(namespace, data[0], data[1:], packet.id)

    def _event(self, namespace: str, name: str, args: list[Any], number: int | None) -> None:
        bare = name in BARE and len(args) == 1
        self._received.append({"name": name, "args": args[0] if bare else args, "namespace": namespace})
        function = self._functions.get((namespace, name))
        if function is not None:
            self._open_wire().run(self._answer(function, namespace, args, number), f"`{name}`'s function")

    async def _answer(self, function: Function, namespace: str, args: list[Any], number: int | None) -> None:
        answer = function(*args)
        if inspect.isawaitable(answer):
            answer = await answer
        if number is not None:
            acked = list(answer) if isinstance(answer, tuple) else [] if answer is None else [answer]
            self._send(sio.ACK, acked, namespace, number)


class _Wire:
    """One Engine.IO connection to an application, over a WebSocket that is a queue and a function.

    The application starts when the task that makes this waits for the first time.
    """

    def __init__(
        self, app: ASGIApp, scope: Scope, on_message: Callable[[str | bytes], None], timeout: float
    ) -> None:
        self.opened: bool | None = None
        self.rejection: str | None = None
        self.ended: str | None = None
        self.untold: BaseException | None = None
        self.noops = 0
        self._error: BaseException | None = None
        self._on_message = on_message
        self._timeout = timeout
        self._to_app: asyncio.Queue[Message] = asyncio.Queue()
        self._news = asyncio.Event()
        self._accepted = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._to_app.put_nowait({"type": "websocket.connect"})
        self._running = self.run(app(scope, self._receive, self._send), "the application")

    def run(self, work: Awaitable[None], name: str) -> asyncio.Task[None]:
        """Run an awaitable in a task; an exception that it raises ends the connection."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(lambda done: self._done(done, name))
        return task

    def put(self, packet: Any) -> None:
        """Give a packet to the application."""
        encoded = packet.encode()
        text, binary = (encoded, None) if isinstance(encoded, str) else (None, bytes(encoded))
        self._to_app.put_nowait({"type": "websocket.receive", "text": text, "bytes": binary})

    async def changed(self) -> None:
        """Wait until something has arrived."""
        self._news.clear()
        await self._news.wait()

    def raise_end(self) -> NoReturn:
        """Raise why the connection ended."""
        self.untold = None
        raise ConnectionError(self.ended) from self._error

    async def close(self) -> None:
        """End the connection, and wait until the application has seen it and nothing runs."""
        self._end(LEFT)
        await asyncio.wait({self._running}, timeout=self._timeout)
        rest = self._tasks - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    def _end(self, why: str, error: BaseException | None = None) -> None:
        if self.ended is None:
            self.ended = why
            self._error = self.untold = error
            self._to_app.put_nowait({"type": "websocket.disconnect", "code": 1000, "reason": ""})
            self._news.set()

    def _done(self, task: asyncio.Task[None], name: str) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._end(f"{name} raised {error!r}", error)
        elif task is self._running:
            self._end(f"{name} returned")

    async def _receive(self) -> Message:
        message = await self._to_app.get()
        if message["type"] == "websocket.disconnect":
            self._to_app.put_nowait(message)  # however often it is asked for
        return message

    async def _send(self, message: Message) -> None:
        if self.ended is not None:
            return
        if message["type"] == "websocket.accept":
            self._accepted = True
        elif message["type"] == "websocket.close":
            reason = message.get("reason") or ""
            if not self._accepted:
                self.rejection = reason
            self._end(f"the server closed the connection {reason}".rstrip())
        else:
            binary = message.get("bytes")
            try:
                self._take(eio.Packet(encoded_packet=message["text"] if binary is None else binary))
            except Exception as error:  # Engine.IO would keep it to itself
                self._end(f"the server sent what cannot be read: {error!r}", error)
        self._news.set()

    def _take(self, packet: Any) -> None:
        kind = packet.packet_type
        if kind == eio.MESSAGE:
            self._on_message(packet.data)
        elif kind == eio.PING:
            self.put(eio.Packet(eio.PONG, packet.data))
        elif kind == eio.OPEN:
            self.opened = True
        elif kind == eio.NOOP:
            self.noops += 1
        else:
            self._end("the server closed the connection")


def _scope(path: str, query_string: str | None, headers: Headers | None) -> Scope:
    query = "EIO=4&transport=websocket"
    if query_string:
        query += "&" + query_string.removeprefix("?")
    own = [("host", "testserver"), ("connection", "Upgrade"), ("upgrade", "websocket")]
    given = headers.items() if isinstance(headers, Mapping) else headers or ()
    at = f"/{path.strip('/')}/"
    return {
        "type": "websocket",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "scheme": "ws",
        "path": at,
        "raw_path": at.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [(name.lower().encode(), value.encode()) for name, value in _merged(own, given)],
        "client": ("testclient", 50000),
        "server": ("testserver", 80),
        "subprotocols": [],
    }


def _merged(own: list[tuple[str, str]], given: Iterable[tuple[str, str]]) -> Iterable[tuple[str, str]]:
    """Return all headers; one that is given takes the place of the client's own."""
    listed = list(given)
    names = {name.lower() for name, _ in listed}
    return [*((name, value) for name, value in own if name not in names), *listed]
