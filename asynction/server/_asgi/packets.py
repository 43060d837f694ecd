"""Handles the packets of clients on ASGI."""

from __future__ import annotations

from typing import Any

from asynction.server._socketio.reader import PacketReader, ProtocolError


async def handle_message(server: Any, packets: PacketReader, eio_sid: str, data: object) -> None:
    """Handle a message of Engine.IO, or close the connection of a client that breaks the protocol."""
    if eio_sid not in server.environ:  # what was on its way when the connection was closed
        return
    try:
        step = packets.step(eio_sid, data)
    except ProtocolError as error:
        packets.report(error)
        await _close(server, eio_sid)
    else:
        if step is not None:
            method, args = step
            await getattr(server, method)(*args)


async def _close(server: Any, eio_sid: str) -> None:
    broken = server.eio.sockets[eio_sid]
    await broken.close(wait=False)
    broken.queue.put_nowait(None)  # else it would stay open until the client closes it
    server.eio.sockets.pop(eio_sid, None)  # else Engine.IO would answer its next poll with 500
