"""The two ways by which a dual-mode client's calls go out: a Socket.IO connection, or one POST each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import socketio
from socketio.exceptions import SocketIOError

from asynction.client._dual.calls import Message, error_of
from asynction.client._dual.options import Options
from asynction.client._errors import CallError
from asynction.exceptions import NotEnabledError

if TYPE_CHECKING:
    import aiohttp

EXTRA = "SocketClient needs the extra `client`: install `asynction[client]`"

CALL = "api"
ANSWER = "apiResponse"
HELLO = "apiHello"

_CONNECTING = 10.0  # seconds, unless the client's timeout is shorter


class UnsentError(ConnectionError):
    """A call has not reached anybody."""


class UnansweredError(ConnectionError):
    """A call may have come in, but nobody says so."""


def new_session(options: Options) -> aiohttp.ClientSession:
    """A session for all connections and requests of a client; raises NotEnabledError."""
    try:
        import aiohttp
    except ImportError as error:
        raise NotEnabledError(EXTRA) from error
    # A kept connection may have ended with its server: nobody could tell whether a call came in by it.
    connector = aiohttp.TCPConnector(force_close=True)
    return aiohttp.ClientSession(connector=connector, headers=dict(options.headers))


class Link:
    """One Socket.IO connection: once it is lost, it is over."""

    def __init__(
        self,
        session: aiohttp.ClientSession | None,
        on_answer: Callable[[object], None],
        on_loss: Callable[[Link], None],
    ) -> None:
        self.server_id: str | None = None
        self.is_lost = False
        self._on_loss = on_loss
        self._sio = socketio.AsyncClient(reconnection=False, handle_sigint=False, http_session=session)
        self._sio.on(ANSWER, on_answer)
        self._sio.on("disconnect", self._lost)

    async def open(self, url: str, options: Options) -> None:
        """Connect; raises ConnectionError."""
        import aiohttp

        limit = min(options.timeout, _CONNECTING)
        connecting = self._sio.connect(
            url,
            headers=dict(options.headers),
            auth=options.auth,
            transports=["websocket"],
            namespaces=["/"],
            socketio_path=urlsplit(url).path.strip("/") or "socket.io",
            wait_timeout=limit,
        )
        try:
            await asyncio.wait_for(connecting, limit)
            await self._sio.emit(HELLO, callback=self._greeted)
        except (SocketIOError, aiohttp.ClientError, OSError, asyncio.TimeoutError) as error:
            self.is_lost = True
            await self._sio.eio.disconnect(abort=True)
            raise ConnectionError(f"cannot connect to {url}: {str(error) or type(error).__name__}") from error

    def _greeted(self, answer: object = None) -> None:
        """Learn which server this is; another than asynction's says nothing."""
        found = answer.get("server_id") if isinstance(answer, dict) else None
        self.server_id = found if isinstance(found, str) else None

    def _lost(self, _: object = None) -> None:
        if not self.is_lost:
            self.is_lost = True
            self._on_loss(self)

    async def send(self, message: Message) -> None:
        """Send a call; raises UnsentError where the connection is lost already."""
        try:
            await self._sio.emit(CALL, message)
        except SocketIOError as error:
            raise UnsentError(str(error)) from error

    async def close(self) -> None:
        """Leave."""
        self._lost()
        await self._sio.disconnect()


async def post(session: aiohttp.ClientSession, url: str, message: Message, timeout: float) -> Message:
    """POST a call and return the answer, which is not yet its result.

    Raises UnsentError where nobody was reached, UnansweredError where it is unknown whether the call came in,
    LostError where it was sent before, to another server, and CallError where it is refused.
    """
    import aiohttp

    limit = aiohttp.ClientTimeout(timeout)
    try:
        async with session.post(url, json=message, timeout=limit, allow_redirects=False) as response:
            status = response.status
            body: Any = await response.json(content_type=None)
    except aiohttp.ClientConnectorError as error:
        raise UnsentError(f"cannot connect to {url}: {error}") from error
    except (aiohttp.ClientError, OSError, asyncio.TimeoutError) as error:
        raise UnansweredError(f"no answer from {url}: {str(error) or type(error).__name__}") from error
    except ValueError:
        body = None
    if isinstance(body, dict) and 200 <= status <= 299:
        return body
    told = error_of({"error": body.get("error")}) if isinstance(body, dict) else None
    raise told or CallError(status, f"{url} answered {status}")
