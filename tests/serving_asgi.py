"""A real ASGI server on loopback, in a thread of the test process."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any

import uvicorn

from tests.serving import DEADLINE


class _Server(uvicorn.Server):
    """Tells when it has started, or that it never will."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.settled = Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.failure: BaseException | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.settled.set()

    def serve_thread(self) -> None:
        try:
            self.run(sockets=[self.listener])
        except BaseException as error:  # SystemExit, where the lifespan did not start
            self.failure = error
        finally:
            self.listener.close()
            self.settled.set()


@contextmanager
def serving_asgi(app: Callable[..., Any], *, root_path: str = "", lifespan: str = "auto") -> Iterator[str]:
    """Serve `app` by uvicorn, its lifespan too, from a free port; gives the URL.

    Raises RuntimeError where serving does not start, or ends in an error.
    """
    server = _Server(
        uvicorn.Config(
            app,
            root_path=root_path,
            lifespan=lifespan,  # type: ignore[arg-type]  # one of uvicorn's words
            log_config=None,
            access_log=False,
            loop="asyncio",
            ws="websockets-sansio",
            timeout_graceful_shutdown=1,  # a long poll lasts longer than any test has to
        )
    )
    thread = Thread(target=server.serve_thread, daemon=True)
    thread.start()
    assert server.settled.wait(DEADLINE), "uvicorn neither started nor failed"
    try:
        if server.failure is not None:
            raise RuntimeError("uvicorn did not start") from server.failure
        yield f"http://127.0.0.1:{server.listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(DEADLINE)
    assert not thread.is_alive(), "uvicorn did not stop"
    if server.failure is not None:
        raise RuntimeError("uvicorn ended in an error") from server.failure
