"""What the async server does with an event, against python-socketio's own dispatch of the same event.

Run by `make bench`, never by `make test`. The bounds are ratios within one run, so that they hold on any
machine; all else is printed for the reader. Coroutines are driven by hand: an event loop would add more than
what is measured.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from typing import Annotated, Any

import socketio
from pydantic import BaseModel

from asynction import AsynctionAsyncServer
from asynction.inject import Depends, SocketID, inline
from asynction.middleware import BaseMiddleware, LoggingMiddleware
from tests.benchmarks.measure import finished, quickest, table

SCHEMA = {
    "type": "object",
    "required": ["user", "text"],
    "additionalProperties": False,
    "properties": {
        "user": {"type": "string", "maxLength": 20},
        "text": {"type": "string", "maxLength": 200},
        "room": {"type": "integer", "minimum": 0},
    },
}
MESSAGE = {
    "name": "event",
    "payload": SCHEMA,
    "x-ack": {"args": {"type": "integer"}},
}
DOCUMENT = {
    "asyncapi": "2.6.0",
    "info": {"title": "Benchmark", "version": "1.0.0"},
    "channels": {"/": {"publish": {"message": MESSAGE}, "subscribe": {"message": MESSAGE}}},
}
PAYLOAD = {"user": "ada", "text": "hello, this is a message", "room": 1234}  # 64 B
SEVERAL = 50  # events that are handled in one run of a loop
PACKET = '21["event",{"user":"ada","text":"hello, this is a message","room":1234}]'


class Said(BaseModel):
    user: str
    text: str
    room: int = 0


def seven() -> int:
    return 7


async def seven_later() -> int:
    return 7


def seven_and_clean_up() -> Iterator[int]:
    yield 7


async def seven_later_and_clean_up() -> AsyncIterator[int]:
    yield 7


async def plain(sid: str, data: Any) -> int:
    return 7


async def data_only(data: Any) -> int:
    return 7


async def model(sid: SocketID, data: Said) -> int:
    return 7


async def needs(sid: str, data: Any, x: Annotated[int, Depends(seven)]) -> int:
    return 7


async def needs_later(sid: str, data: Any, x: Annotated[int, Depends(seven_later)]) -> int:
    return 7


async def needs_and_cleans(sid: str, data: Any, x: Annotated[int, Depends(seven_and_clean_up)]) -> int:
    return 7


async def needs_and_cleans_later(
    sid: str, data: Any, x: Annotated[int, Depends(seven_later_and_clean_up)]
) -> int:
    return 7


def threaded(sid: str, data: Any) -> int:
    return 7


@inline
def inlined(sid: str, data: Any) -> int:
    return 7


async def around(context: Any, call_next: Any) -> Any:
    return await call_next(context)


class Silent(BaseMiddleware):
    def before_event(self, event: str, sid: str, data: Any, **_: Any) -> Any:
        return data


class Named(BaseMiddleware):
    def before_event(self, event: str, sid: str, data: Any) -> Any:  # type: ignore[override]  # as documented
        return data


class Server:
    """A server with one connected client that nothing is sent to, so that only the dispatch is measured."""

    def __init__(self, sio: Any) -> None:
        self.sio = sio
        self.sid = asyncio.run(sio.manager.connect("eio", "/"))
        self.sent: list[object] = []
        sio.logger.disabled = True
        sio._send_packet = self._take

    async def _take(self, eio_sid: str, packet: Any) -> None:
        self.sent.append(packet.data)

    def event(self) -> Any:
        """The coroutine that handles and acknowledges one event that has been read."""
        self.sent.clear()
        return self.sio._handle_event_internal(self.sio, self.sid, "eio", ["event", PAYLOAD], "/", 1)

    def dispatch(self) -> None:
        """Handle and acknowledge one event that has been read."""
        finished(self.event())

    def receive(self) -> None:
        """Read a packet, handle its event and acknowledge that."""
        self.sent.clear()
        finished(self.sio._handle_eio_message("eio", PACKET))


def raw(handler: Callable[..., Any], **options: Any) -> Server:
    sio = socketio.AsyncServer(async_mode="asgi", **options)
    sio.on("event", handler)
    return Server(sio)


def ours(handler: Callable[..., Any], *middlewares: object, **options: Any) -> Server:
    sio = AsynctionAsyncServer.from_spec(DOCUMENT, **options)
    sio.on("event", handler)
    for middleware in middlewares:
        sio.add_middleware(middleware)
    return Server(sio)


def compared(title: str, servers: dict[str, Server], *, base: str) -> dict[str, float]:
    for server in servers.values():
        server.dispatch()
        assert server.sent == [[7]]
    times = quickest({name: server.dispatch for name, server in servers.items()})
    table(title, times, base=base)
    return times


def test_dispatch_of_an_event() -> None:
    unchecked, checked = ours(plain, validation=False), ours(plain)
    servers = {
        "socketio.AsyncServer": raw(plain),
        "with our packets": raw(plain, serializer=checked.sio.packet_class),
        "without validation": unchecked,
        "with validation": checked,
        "with validation, (data) alone": ours(data_only),
    }
    times = compared("dispatch of 64 B with ack", servers, base="socketio.AsyncServer")
    assert times["without validation"] / times["socketio.AsyncServer"] <= 1.2
    assert times["with validation"] / times["socketio.AsyncServer"] <= 1.45


def test_a_model_as_a_parameter() -> None:
    servers = {"validation alone": ours(plain), "and a pydantic model": ours(model)}
    times = compared("a parameter that is a model", servers, base="validation alone")
    assert times["and a pydantic model"] / times["validation alone"] <= 1.4


def test_dependencies() -> None:
    servers = {
        "none": ours(plain),
        "def": ours(needs),
        "async def": ours(needs_later),
        "def with yield": ours(needs_and_cleans),
        "async def with yield": ours(needs_and_cleans_later),
    }
    compared("one dependency", servers, base="none")


def test_middleware() -> None:
    servers = {
        "none": ours(plain),
        "a function": ours(plain, around),
        "before_event": ours(plain, Named()),
        "before_event with all keywords": ours(plain, Silent()),
        "LoggingMiddleware, switched off": ours(plain, LoggingMiddleware(level=1)),
    }
    compared("one middleware", servers, base="none")


def test_the_whole_way_of_an_event() -> None:
    """From the text of a packet to its acknowledgement, in one task; writing that is left out."""
    servers = {
        "socketio.AsyncServer": raw(plain, async_handlers=False),
        "without validation": ours(plain, validation=False, async_handlers=False),
        "with validation": ours(plain, async_handlers=False),
    }
    times = quickest({name: server.receive for name, server in servers.items()})
    table("read, dispatch, acknowledge 64 B", times, base="socketio.AsyncServer")


def test_a_handler_that_is_no_coroutine() -> None:
    """A thread needs an event loop, so all three run on one, and each time has a part of what that costs."""
    servers = {"async def": ours(plain), "def, inline": ours(inlined), "def, in a thread": ours(threaded)}
    loop = asyncio.new_event_loop()

    async def several(server: Server) -> None:
        for _ in range(SEVERAL):
            await server.event()

    def run(server: Server) -> None:
        loop.run_until_complete(several(server))

    calls = {name: partial(run, server) for name, server in servers.items()}
    times = {name: time / SEVERAL for name, time in quickest(calls, rounds=20, repeats=5).items()}
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()
    table("a handler that is no coroutine", times, base="async def")
