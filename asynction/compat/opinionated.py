"""The names of `fastapi_opinionated` and `fastapi_opinionated_socket`.

    from asynction.compat.opinionated import App, SocketEvent, SocketPlugin, socket_api

There is no plugin system behind them: an application is a `fastapi.FastAPI`, and the plugin mounts an
AsynctionAsyncServer on it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from asynction.document import Spec
from asynction.exceptions import NotEnabledError
from asynction.runtime import SocketEvent
from asynction.server.asgi import AsynctionAsyncServer, socket_api

if TYPE_CHECKING:
    from fastapi import FastAPI

__all__ = ["App", "SocketEvent", "SocketPlugin", "socket_api"]


class SocketPlugin:
    """A Socket.IO server for the application of `App`; `server` is None until it is enabled.

    Args:
        spec: an AsyncAPI document to check events against, as in `AsynctionAsyncServer.from_spec`.
    """

    def __init__(self, spec: Spec | None = None) -> None:
        self.spec = spec
        self.server: AsynctionAsyncServer | None = None

    def enable(self, app: FastAPI, **options: Any) -> AsynctionAsyncServer:
        """Mount a server on an application; `options` are those of AsynctionAsyncServer."""
        if self.spec is None:
            self.server = AsynctionAsyncServer(app=app, **options)
        else:
            self.server = AsynctionAsyncServer.from_spec(self.spec, app=app, **options)
        return self.server


class App:
    """The application of this process."""

    app: ClassVar[FastAPI | None] = None
    plugins: ClassVar[list[SocketPlugin]] = []

    @classmethod
    def create(cls, **options: Any) -> FastAPI:
        """Create the application; `options` are those of `fastapi.FastAPI`."""
        from fastapi import FastAPI

        cls.app = FastAPI(**options)
        cls.plugins.clear()
        return cls.app

    @classmethod
    def enable(cls, plugin: SocketPlugin, **options: Any) -> None:
        """Enable a plugin with its options; raise NotEnabledError before `create`, TypeError for others."""
        if not isinstance(plugin, SocketPlugin):
            raise TypeError(f"only a SocketPlugin can be enabled, not a {type(plugin).__name__}")
        if cls.app is None:
            raise NotEnabledError("there is no application yet: call `App.create()` first")
        plugin.enable(cls.app, **options)
        cls.plugins.append(plugin)  # a server lives as long as somebody keeps it
