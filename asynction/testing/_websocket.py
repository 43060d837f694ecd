"""A WebSocket that closes without a wait; the extra `client` brings its library."""

from __future__ import annotations

import websocket


class WebSocket(websocket.WebSocket):
    """A WebSocket for python-socketio's clients.

    Its parent waits three seconds for the frame that ends the connection, and the client's reading thread
    has taken that frame.
    """

    def close(
        self,
        status: int = websocket.STATUS_NORMAL,
        reason: str | bytes = b"",
        timeout: float | None = 0,
    ) -> None:
        """Say that the connection ends, and end it."""
        super().close(status, reason, timeout)
