"""The methods of an async server for threads, which wait until its event loop has run them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from typing import Any

from asynction.exceptions import NotEnabledError
from asynction.server._asgi.loop import loop_of_thread

_STOPPED = "the server has stopped"


class SyncMethods:
    """Methods of an async server for `def` handlers, and for threads of your own: `asio.sync.emit(...)`.

    Each runs on the event loop of the server, and returns or raises what it does there. Besides, they raise
    NotEnabledError before the server has started and after it has stopped, and RuntimeError on the event
    loop, which they would block.
    """

    def __init__(self, server: Any) -> None:
        self._server = server
        self._loop: asyncio.AbstractEventLoop | None = None

    def serve_on(self, loop: asyncio.AbstractEventLoop | None) -> None:
        """Set the event loop of the server; None if it has stopped."""
        self._loop = loop

    def emit(  # noqa: PLR0917 - as the server has it
        self,
        event: str,
        data: object = None,
        to: str | list[str] | None = None,
        room: str | list[str] | None = None,
        skip_sid: str | list[str] | None = None,
        namespace: str | None = None,
        callback: Callable[..., object] | None = None,
        ignore_queue: bool = False,
    ) -> None:
        """Emit an event to clients; the arguments are those of the server's `emit`."""
        self._wait("emit", event, data, to, room, skip_sid, namespace, callback, ignore_queue)

    def send(  # noqa: PLR0917 - as the server has it
        self,
        data: object,
        to: str | list[str] | None = None,
        room: str | list[str] | None = None,
        skip_sid: str | list[str] | None = None,
        namespace: str | None = None,
        callback: Callable[..., object] | None = None,
        ignore_queue: bool = False,
    ) -> None:
        """Emit the event `message` to clients; the arguments are those of the server's `send`."""
        self._wait("send", data, to, room, skip_sid, namespace, callback, ignore_queue)

    def call(  # noqa: PLR0917 - as the server has it
        self,
        event: str,
        data: object = None,
        to: str | None = None,
        sid: str | None = None,
        namespace: str | None = None,
        timeout: float = 60,
        ignore_queue: bool = False,
    ) -> Any:
        """Emit an event to one client and return its acknowledgement; the arguments are those of `call`."""
        return self._wait("call", event, data, to, sid, namespace, timeout, ignore_queue)

    def disconnect(self, sid: str, namespace: str | None = None, ignore_queue: bool = False) -> None:
        """Disconnect a client."""
        self._wait("disconnect", sid, namespace, ignore_queue)

    def enter_room(self, sid: str, room: str, namespace: str | None = None) -> None:
        """Add a client to a room."""
        self._wait("enter_room", sid, room, namespace)

    def leave_room(self, sid: str, room: str, namespace: str | None = None) -> None:
        """Remove a client from a room."""
        self._wait("leave_room", sid, room, namespace)

    def close_room(self, room: str, namespace: str | None = None) -> None:
        """Remove all clients from a room."""
        self._wait("close_room", room, namespace)

    def get_session(self, sid: str, namespace: str | None = None) -> dict[str, Any]:
        """Return the session of a client."""
        found: dict[str, Any] = self._wait("get_session", sid, namespace)
        return found

    def save_session(self, sid: str, session: dict[str, Any], namespace: str | None = None) -> None:
        """Store the session of a client."""
        self._wait("save_session", sid, session, namespace)

    @contextmanager
    def session(self, sid: str, namespace: str | None = None) -> Iterator[dict[str, Any]]:
        """Return the session of a client in a `with` block, which stores it at its end."""
        found = self.get_session(sid, namespace)
        yield found
        self.save_session(sid, found, namespace)

    def _wait(self, name: str, *args: object) -> Any:
        """Run a method of the server on its event loop, and wait for its result."""
        loop = self._serving_loop(name)
        work = getattr(self._server, name)(*args)
        try:
            done = asyncio.run_coroutine_threadsafe(work, loop)
        except RuntimeError:  # pragma: no cover - the loop has just been closed
            work.close()
            raise NotEnabledError(_STOPPED) from None
        try:
            return done.result()
        except CancelledError:
            raise NotEnabledError(_STOPPED) from None

    def _serving_loop(self, name: str) -> asyncio.AbstractEventLoop:
        """Return the event loop of the server; raise if there is none, or if this thread runs it."""
        # A `def` handler has the loop that runs it, also where no lifespan has started the server.
        loop = self._loop or loop_of_thread()
        if loop is None:
            raise NotEnabledError(
                "the server has not started, so its event loop is not known. In a process that only emits,"
                f" write `asyncio.run(asio.{name}(...))`"
            )
        if not loop.is_running():
            raise NotEnabledError(_STOPPED)
        if loop is _running_loop():
            raise RuntimeError(f"this is the event loop: write `await asio.{name}(...)`")
        return loop


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
