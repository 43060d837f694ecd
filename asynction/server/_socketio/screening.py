"""Ends the connections of clients that send what is not Engine.IO, by either transport, in one line each.

python-engineio logs a traceback for each request that it cannot read, and goes on, or keeps the request until
the client has fetched its packets.
"""

from __future__ import annotations

from typing import Any

from engineio.exceptions import ContentTooLongError, EngineIOError, SocketIsClosedError, UnknownPacketError

from asynction.server._socketio.frames import AsyncScreenedWebSocket, Report, ScreenedWebSocket, screen

_REASONS: dict[type[Exception], str] = {
    ContentTooLongError: "a request that is larger than `max_http_buffer_size`",
    UnknownPacketError: "a packet of Engine.IO that clients do not send",
}


class _BadRequest(EngineIOError):
    """A request that python-engineio answers with 400."""


def screen_clients(server: Any, report: Report) -> None:
    """Screen the clients of a server of threads or greenlets; `report` logs why a connection is closed."""
    screen(server.eio, ScreenedWebSocket, report)
    connect = server._handle_eio_connect

    def begin(eio_sid: str, environ: dict[str, Any]) -> Any:
        socket = server.eio.sockets[eio_sid]
        receive = socket.handle_post_request

        def screened(environ: dict[str, Any]) -> None:
            try:
                receive(environ)
            except Exception as error:  # reading what a stranger sends can raise anything there
                _report(error, report)
                socket.close(wait=False)
                raise _BadRequest from None

        socket.handle_post_request = screened
        return connect(eio_sid, environ)

    server.eio.on("connect", begin)


def async_screen_clients(server: Any, report: Report) -> None:
    """Screen the clients of a server of tasks; `report` logs why a connection is closed."""
    screen(server.eio, AsyncScreenedWebSocket, report)
    connect = server._handle_eio_connect

    async def begin(eio_sid: str, environ: dict[str, Any]) -> Any:
        socket = server.eio.sockets[eio_sid]
        receive = socket.handle_post_request

        async def screened(environ: dict[str, Any]) -> None:
            try:
                await receive(environ)
            except Exception as error:  # reading what a stranger sends can raise anything there
                _report(error, report)
                await socket.close(wait=False)
                raise _BadRequest from None

        socket.handle_post_request = screened
        return await connect(eio_sid, environ)

    server.eio.on("connect", begin)


def _report(error: Exception, report: Report) -> None:
    if not isinstance(error, SocketIsClosedError):  # the client has left meanwhile
        report(_REASONS.get(type(error), "a request that is not a payload of Engine.IO"))
