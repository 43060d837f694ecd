"""A WebSocket that gives its socket back at once; the extra `client` brings its library."""

from __future__ import annotations

import websocket


class WebSocket(websocket.WebSocket):
    """A WebSocket for python-socketio's clients.

    Its parent waits three seconds for the frame that ends the connection, which the client's reading thread
    has taken; and where the peer ends the connection first, or breaks it, nobody gives the socket back.
    """

    def recv(self) -> str | bytes:
        """Return the next message, or nothing where the peer has said that the connection ends."""
        try:
            message: str | bytes = super().recv()
        except websocket.WebSocketTimeoutException:
            raise
        except Exception:
            self._give_back()
            raise
        if not self.connected:
            self._give_back()
        return message

    def close(
        self,
        status: int = websocket.STATUS_NORMAL,
        reason: str | bytes = b"",
        timeout: float | None = 0,
    ) -> None:
        """Say that the connection ends, and end it."""
        super().close(status, reason, timeout)
        self._give_back()

    def _give_back(self) -> None:
        self.shutdown()  # type: ignore[no-untyped-call]
