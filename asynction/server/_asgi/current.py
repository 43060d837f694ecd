"""The async server of a process, from wherever it is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import ReferenceType, ref

from asynction.exceptions import NotEnabledError

if TYPE_CHECKING:
    from asynction.server.asgi import AsynctionAsyncServer

_enabled: ReferenceType[AsynctionAsyncServer] | None = None
"""The server that was made, or started, last."""


def enable(server: AsynctionAsyncServer) -> None:
    """Make a server the one that `socket_api` finds."""
    global _enabled  # noqa: PLW0603 - what `socket_api` is about
    _enabled = ref(server)


def disable(server: AsynctionAsyncServer) -> None:
    """Let `socket_api` find a server no longer."""
    global _enabled  # noqa: PLW0603 - what `socket_api` is about
    if _enabled is not None and _enabled() is server:
        _enabled = None


def socket_api() -> AsynctionAsyncServer:
    """The async server of this process, from wherever it is needed; of several, the last that was made.

    Raises NotEnabledError before there is one, and after it has been shut down.
    """
    server = _enabled() if _enabled is not None else None
    if server is None:
        raise NotEnabledError(
            "there is no server yet: make one first, `asio = AsynctionAsyncServer.from_spec(...)` or"
            " `AsynctionAsyncServer(app=app)`, keep it, and call `socket_api()` where events are handled"
        )
    return server
