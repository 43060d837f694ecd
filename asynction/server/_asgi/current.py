"""The current async server of a process: the one that was created, or started, last."""

from __future__ import annotations

from weakref import ReferenceType, ref

from asynction.exceptions import NotEnabledError

_enabled: ReferenceType[object] | None = None


def enable(server: object) -> None:
    """Make a server the current one."""
    global _enabled  # noqa: PLW0603 - one server of the process is found from anywhere
    _enabled = ref(server)


def disable(server: object) -> None:
    """Remove a server, if it is the current one."""
    global _enabled  # noqa: PLW0603 - one server of the process is found from anywhere
    if _enabled is not None and _enabled() is server:
        _enabled = None


def enabled() -> object:
    """Return the current server; raise NotEnabledError if there is none."""
    server = _enabled() if _enabled is not None else None
    if server is None:
        raise NotEnabledError(
            "there is no server yet: create one, `asio = AsynctionAsyncServer.from_spec(...)` or"
            " `AsynctionAsyncServer(app=app)`, keep it, and call `socket_api()` where events are handled"
        )
    return server
