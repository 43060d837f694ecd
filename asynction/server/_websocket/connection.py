"""One plain WebSocket: it reads requests, answers some of them at a time, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import uuid4

from asynction.server._asgi.loop import cancel
from asynction.server._websocket.frames import PING, Frame, MalformedFrame, pong, read_frame

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

GOING_AWAY, POLICY, TOO_BIG, FAILED, TRY_AGAIN = 1001, 1008, 1009, 1011, 1013
"""Why a server closes a connection (RFC 6455, 7.4.1, and its registry)."""

CLOSE_WAIT = 1.0  # seconds that saying goodbye may take

log = logging.getLogger("asynction")


@dataclass(frozen=True, slots=True)
class Limits:
    """What one connection may take: times are in seconds, None is no limit.

    `concurrency` requests are handled at a time, no more are read meanwhile. `outgoing` frames wait to be
    sent; a client that takes `slow_timeout` for one is closed with 1013, one that sends nothing for
    `idle_timeout` with 1001, and one that sends more than `max_frame` characters at once with 1009.
    """

    concurrency: int = 16
    outgoing: int = 100
    slow_timeout: float | None = 10.0
    idle_timeout: float | None = 120.0
    max_frame: int = 1_048_576

    def __post_init__(self) -> None:
        """Raise ValueError for what would serve nobody."""
        if self.concurrency < 1 or self.outgoing < 1:
            raise ValueError("`concurrency` and `outgoing` are 1 at the least")


@dataclass(frozen=True, slots=True)
class Answers:
    """Who answers a request, and writes the frame for one that a stopping server leaves."""

    handle: Callable[[Connection, Frame | MalformedFrame], Awaitable[None]]
    abandoned: Callable[[Frame | MalformedFrame], str]


class Connection:
    """A client; `run` serves it until it leaves, or `end` or `stop` is called."""

    namespace = "/"
    pattern = "/"

    def __init__(self, receive: Receive, send: Send, peer: object, limits: Limits, answers: Answers) -> None:
        self.sid = uuid4().hex
        self.peer = peer
        self.loop = asyncio.get_running_loop()
        self.reason = "client disconnect"
        self._receive = receive
        self._send = send
        self._limits = limits
        self._answers = answers
        self._outgoing: asyncio.Queue[str] = asyncio.Queue(limits.outgoing)
        self._slots = asyncio.Semaphore(limits.concurrency)
        self._tasks: set[asyncio.Task[None]] = set()
        self._ended: asyncio.Future[int | None] = self.loop.create_future()
        self._over = asyncio.Event()
        self._reader: asyncio.Task[None] | None = None
        self._is_stopping = False

    async def run(self) -> None:
        """Serve the client; whatever was begun for it has ended when this returns."""
        reader = self._reader = asyncio.create_task(self._read())
        writer = asyncio.create_task(self._write())
        try:
            code = await self._ended
        finally:
            await cancel([reader, writer, *self._tasks])
            self._over.set()
        if code is not None:
            with suppress(Exception):  # it may be gone, or not take it
                await asyncio.wait_for(self._send(_close(code, self.reason)), CLOSE_WAIT)

    def end(self, code: int | None, reason: str) -> None:
        """End the connection: `code` tells the client why, None that it has left."""
        if not self._ended.done():
            self.reason = reason
            self._ended.set_result(code)

    async def put(self, text: str) -> bool:
        """Queue a frame, when there is room; False where the connection ends before there is."""
        if self._ended.done():
            return False
        if not self._outgoing.full():
            self._outgoing.put_nowait(text)
            return True
        room = asyncio.ensure_future(self._outgoing.put(text))
        try:
            await _first(room, self._ended)
            return room.done()
        finally:
            room.cancel()

    async def stop(self, grace: float) -> None:
        """Read no more; end the connection when what runs has been answered, or `grace` seconds have gone."""
        self._is_stopping = True
        if self._reader is not None:  # else it has not been let in yet
            self._reader.cancel()
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=grace)
        await cancel(self._tasks)
        sent = asyncio.ensure_future(self._outgoing.join())
        await _first(sent, self._ended, timeout=grace)
        sent.cancel()
        self.end(GOING_AWAY, "server shutdown")
        if self._reader is not None:
            await self._over.wait()

    async def _read(self) -> None:
        idle = partial(self._within, self._limits.idle_timeout, GOING_AWAY, "idle timeout")
        try:
            while True:
                with idle():
                    message = await self._receive()
                if message["type"] == "websocket.disconnect":
                    return self.end(None, "client disconnect")
                data = message.get("text")
                data = message.get("bytes") or b"" if data is None else data
                if len(data) > self._limits.max_frame:
                    return self.end(TOO_BIG, "frame too big")
                with idle():  # what it sends next is not read before this has its turn
                    await self._take(data)
        except Exception as error:
            self._fail(error)

    async def _take(self, data: str | bytes) -> None:
        frame: Frame | MalformedFrame
        try:
            frame = read_frame(data)
        except MalformedFrame as error:
            frame = error
        if isinstance(frame, Frame) and frame.route == PING:
            await self.put(pong(frame.uuid))
            return
        await self._slots.acquire()
        task = asyncio.create_task(self._handle(frame))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _handle(self, frame: Frame | MalformedFrame) -> None:
        try:
            await self._answers.handle(self, frame)
        except asyncio.CancelledError:
            if self._is_stopping and not self._outgoing.full():  # its client would wait for ever
                self._outgoing.put_nowait(self._answers.abandoned(frame))
            raise
        except Exception as error:
            self._fail(error)
        finally:
            self._slots.release()

    async def _write(self) -> None:
        try:
            while True:
                text = await self._outgoing.get()
                with self._within(self._limits.slow_timeout, TRY_AGAIN, "slow client"):
                    await self._send({"type": "websocket.send", "text": text})
                self._outgoing.task_done()
        except Exception:  # the server raises what it likes where the client has left
            self.end(None, "client disconnect")

    # Not `asyncio.wait_for`, which before Python 3.12 may swallow a cancellation.
    @contextmanager
    def _within(self, seconds: float | None, code: int, reason: str) -> Iterator[None]:
        """End the connection where the block takes longer."""
        timer = None if seconds is None else self.loop.call_later(seconds, self.end, code, reason)
        try:
            yield
        finally:
            if timer is not None:
                timer.cancel()

    def _fail(self, error: Exception) -> None:
        log.error("a connection to %.80r failed: %s", self.namespace, type(error).__name__, exc_info=error)
        self.end(FAILED, "server error")


async def _first(*futures: asyncio.Future[Any], timeout: float | None = None) -> None:
    await asyncio.wait(futures, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)


def _close(code: int, reason: str) -> Message:
    return {"type": "websocket.close", "code": code, "reason": reason}
