"""A uvicorn server for a thread; the extra `asgi` brings uvicorn."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from threading import Event
from typing import Any

import uvicorn

_DEFAULTS: Mapping[str, Any] = {
    "access_log": False,
    "log_config": None,  # logging is the test's
    "loop": "asyncio",
    "timeout_graceful_shutdown": 1,  # a long poll lasts longer than a test wants to wait
    "ws": "websockets-sansio",  # the other one of `websockets` is deprecated there
}

_REASON = "the log of `uvicorn.error` says why"


class ThreadedServer(uvicorn.Server):
    """A server that another thread starts, waits for and stops.

    uvicorn raises SystemExit where an application does not start, which a thread swallows: it is kept.
    """

    def __init__(self, app: Callable[..., Any], host: str, config: Mapping[str, Any]) -> None:
        super().__init__(uvicorn.Config(app, **{**_DEFAULTS, **config}))
        self._listener = socket.create_server((host, 0))
        self._settled = Event()  # it has started, or never will
        self._error: BaseException | None = None
        self.url = f"http://{host}:{self._listener.getsockname()[1]}"

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the application, and tell `wait_until_started`."""
        await super().startup(sockets)
        self._settled.set()

    def run_in_thread(self) -> None:
        """Serve until `should_exit` is set; an exception is kept for the other methods."""
        try:
            self.run(sockets=[self._listener])
        except BaseException as error:
            self._error = error
        finally:
            self._listener.close()
            self._settled.set()

    def wait_until_started(self, timeout: float) -> None:
        """Raise RuntimeError if the application does not start, TimeoutError if it takes too long."""
        if not self._settled.wait(timeout):
            raise TimeoutError(f"the application has not started within {timeout:g} seconds")
        if not self.started:
            raise RuntimeError(f"uvicorn did not start the application: {_REASON}") from self._error

    def check_end(self) -> None:
        """Raise RuntimeError if serving has ended in an error."""
        if self._error is not None:
            raise RuntimeError(f"serving ended in an error: {_REASON}") from self._error
