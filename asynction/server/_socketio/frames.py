"""Looks at the frames of WebSockets before python-engineio does, which fails at some of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_MAX_CONTROL = 16
"""The greatest length of a frame without a Socket.IO packet: `2probe` is the longest that clients send."""

_CONTROL = frozenset("12356")
"""CLOSE, PING, PONG, UPGRADE and NOOP; base 64 (`b`) is for polling only."""

Report = Callable[[str], object]


def is_frame(frame: object) -> bool:
    """Return whether a frame is a packet of Engine.IO that a client sends by a WebSocket.

    python-engineio takes the first letter for a number, and reads what follows as JSON unless that begins
    with a digit, as each packet of Socket.IO does.
    """
    if isinstance(frame, str):
        if frame[:1] == "4":
            return frame[1:2].isdecimal()
        return len(frame) <= _MAX_CONTROL and frame[:1] in _CONTROL
    return isinstance(frame, bytes | bytearray)  # an attachment may be empty


class _Screened:
    """A WebSocket of python-engineio that ends with the first frame that is not a packet."""

    def __init__(self, websocket: Any, report: Report) -> None:
        self._websocket = websocket
        self._report = report

    def __getattr__(self, name: str) -> Any:
        return getattr(self._websocket, name)

    def _taken(self, frame: object) -> object:
        if frame is None or is_frame(frame):
            return frame
        self._report("a frame that is not a packet of Engine.IO")
        return None  # as at the end of the connection


class ScreenedWebSocket(_Screened):
    """The WebSocket of a thread or a greenlet."""

    def wait(self) -> object:
        """Return the next frame; None at the end."""
        return self._taken(self._websocket.wait())


class AsyncScreenedWebSocket(_Screened):
    """The WebSocket of a task."""

    async def wait(self) -> object:
        """Return the next frame; None at the end."""
        return self._taken(await self._websocket.wait())


def screen(engine: Any, kind: type[_Screened], report: Report) -> None:
    """Have an Engine.IO server read all WebSockets by way of `kind`; `report` logs why one is closed."""
    factory = engine._async["websocket"]
    if factory is None:  # this async mode has none
        return

    def screened(handler: Callable[[Any], Any], server: Any) -> Any:
        return factory(lambda websocket: handler(kind(websocket, report)), server)

    engine._async = {**engine._async, "websocket": screened}
