"""One plain WebSocket connection: it reads requests and handles a limited number at a time."""

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
"""The close codes (RFC 6455, 7.4.1, and its registry)."""

CLOSE_WAIT = 1.0  # seconds to wait for the close frame to be sent

log = logging.getLogger("asynction")


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one connection; times are in seconds, None is no limit.

    Args:
        concurrency: the number of requests that are handled at a time; no more are read meanwhile.
        outgoing: the number of frames in the queue to the client.
        slow_timeout: a client that takes longer to receive a frame is closed (1013).
        idle_timeout: a client that sends nothing for longer is closed (1001).
        max_frame: a client that sends a longer frame, in characters, is closed (1009).

    Raises ValueError if `concurrency` or `outgoing` is less than 1.
    """

    concurrency: int = 16
    outgoing: int = 100
    slow_timeout: float | None = 10.0
    idle_timeout: float | None = 120.0
    max_frame: int = 1_048_576

    def __post_init__(self) -> None:
        """Raise ValueError for limits that allow no request."""
        if self.concurrency < 1 or self.outgoing < 1:
            raise ValueError("`concurrency` and `outgoing` must be at least 1")


@dataclass(frozen=True, slots=True)
class Answers:
    """The functions that answer a request, and that write the answer if a stopping server cancels it."""

    handle: Callable[[Connection, Frame | MalformedFrame], Awaitable[None]]
    abandoned: Callable[[Frame | MalformedFrame], str]


class Connection:
    """The connection of one client; `run` serves it until it disconnects, or `end` or `stop` is called.

    Args:
        receive: receives an ASGI message.
        send: sends an ASGI message.
        peer: the WebSocket that hooks get as the connection.
        limits: the limits of the connection.
        answers: the functions that answer requests.
    """

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
        """Serve the client; all its tasks have ended when this returns."""
        reader = self._reader = asyncio.create_task(self._read())
        writer = asyncio.create_task(self._write())
        try:
            code = await self._ended
        finally:
            await cancel([reader, writer, *self._tasks])
            self._over.set()
        if code is not None:
            with suppress(Exception):  # the client may be gone, or too slow
                await asyncio.wait_for(self._send(_close(code, self.reason)), CLOSE_WAIT)

    def end(self, code: int | None, reason: str) -> None:
        """End the connection with a close code; None if the client has disconnected."""
        if not self._ended.done():
            self.reason = reason
            self._ended.set_result(code)

    async def put(self, text: str) -> bool:
        """Queue a frame, when there is room; return False if the connection ends before."""
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
        """Read no more, wait up to `grace` seconds for requests and their answers, and end the connection."""
        self._is_stopping = True
        if self._reader is not None:  # None before the client has been accepted
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
                with idle():  # waits for a slot: reading pauses, which slows the client down (backpressure)
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
            if self._is_stopping and not self._outgoing.full():  # otherwise the client never gets a reply
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
        except Exception:  # the client has disconnected; servers raise different exceptions
            self.end(None, "client disconnect")

    # Not `asyncio.wait_for`, which before Python 3.12 may suppress a cancellation.
    @contextmanager
    def _within(self, seconds: float | None, code: int, reason: str) -> Iterator[None]:
        """End the connection if the block takes longer than `seconds`."""
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
