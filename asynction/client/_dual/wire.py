"""The two transports of a dual-mode client: a Socket.IO connection, and a POST for each call."""

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
RESPONSE = "apiResponse"
HELLO = "apiHello"

_CONNECT_TIMEOUT = 10.0
"""The maximum seconds for connecting; less if the timeout of the client is shorter."""


class UnsentError(ConnectionError):
    """A call was not sent: it has reached no server."""


class UnansweredError(ConnectionError):
    """A call was sent but not answered: it is unknown whether it was received."""


def new_session(options: Options) -> aiohttp.ClientSession:
    """Return the session for all connections and requests of a client; raises NotEnabledError."""
    try:
        import aiohttp
    except ImportError as error:
        raise NotEnabledError(EXTRA) from error
    # The server may close an idle connection just as a call is sent on it: it would be unknown whether the
    # call was received.
    connector = aiohttp.TCPConnector(force_close=True)
    return aiohttp.ClientSession(connector=connector, headers=dict(options.headers))


class Connection:
    """One Socket.IO connection; after it is lost, it is not used again."""

    def __init__(
        self,
        session: aiohttp.ClientSession | None,
        on_response: Callable[[object], None],
        on_loss: Callable[[Connection], None],
    ) -> None:
        self.server_id: str | None = None
        self.is_lost = False
        self._on_loss = on_loss
        self._sio = socketio.AsyncClient(reconnection=False, handle_sigint=False, http_session=session)
        self._sio.on(RESPONSE, on_response)
        self._sio.on("disconnect", self._lost)

    async def open(self, url: str, options: Options) -> None:
        """Connect; raises ConnectionError."""
        import aiohttp

        limit = min(options.timeout, _CONNECT_TIMEOUT)
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

    def _greeted(self, response: object = None) -> None:
        """Store the id of the server; only a gateway of asynction has one."""
        found = response.get("server_id") if isinstance(response, dict) else None
        self.server_id = found if isinstance(found, str) else None

    def _lost(self, _: object = None) -> None:
        if not self.is_lost:
            self.is_lost = True
            self._on_loss(self)

    async def send(self, message: Message) -> None:
        """Send a call; raises UnsentError if the connection is lost."""
        try:
            await self._sio.emit(CALL, message)
        except SocketIOError as error:
            raise UnsentError(str(error)) from error

    async def close(self) -> None:
        """Disconnect."""
        self._lost()
        await self._sio.disconnect()


async def post(session: aiohttp.ClientSession, url: str, message: Message, timeout: float) -> Message:
    """POST a call and return the response, which is not its result yet.

    Args:
        session: the session of the client.
        url: the `http_url`.
        message: the call.
        timeout: seconds until the response.

    Raises:
        UnsentError: there is no connection to the server.
        UnansweredError: it is unknown whether the call was received.
        LostError: the call was sent to another server before.
        CallError: the server refuses the call.
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
        raise UnansweredError(f"no response from {url}: {str(error) or type(error).__name__}") from error
    except ValueError:
        body = None
    if isinstance(body, dict) and 200 <= status <= 299:
        return body
    refusal = error_of({"error": body.get("error")}) if isinstance(body, dict) else None
    raise refusal or CallError(status, f"{url} responded with status {status}")
