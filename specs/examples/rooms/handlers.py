"""The handlers of all events except those of moderators; asyncapi.yaml names them by `x-handler`.

Their annotations say what they need. Their args conform to the contract, and their results and the events
that they emit are checked against it.
"""

from __future__ import annotations

from asynction import AsynctionAsyncServer, EventException
from asynction.inject import SocketID
from asynction.middleware import RateLimitMiddleware

from .models import CreateRoom, Joined, JoinRoom, Message, RoomInfo, SendMessage
from .store import Room, TheRoom, TheStore

SEATED = "seated"  # the Socket.IO room of the clients that have joined, in each namespace

not_too_fast = RateLimitMiddleware(5, per=10)

# The lobby


async def create(data: CreateRoom, store: TheStore) -> RoomInfo:
    """Create a room; `get_store` notifies the lobby."""
    try:
        return store.create(data).info
    except ValueError as error:
        raise EventException(409, str(error)) from error


async def rooms(store: TheStore) -> list[RoomInfo]:
    """Return all rooms."""
    return store.infos()


# A room


async def enter(room: TheRoom) -> None:
    """Accept a client if the room exists; `get_room` refuses others."""


async def join(data: JoinRoom, room: TheRoom, sid: SocketID, server: AsynctionAsyncServer) -> Joined:
    """Take a seat; if there is none, the exception handler of RoomFull in app.py sends the error ack."""
    try:
        joined = room.seat(sid, data.name)
    except ValueError as error:
        raise EventException(409, str(error)) from error
    await server.enter_room(sid, SEATED, room.namespace)
    await tell_people(server, room)
    return joined


async def leave(room: TheRoom, sid: SocketID, server: AsynctionAsyncServer) -> None:
    """Free a seat, also when the connection ends."""
    await server.leave_room(sid, SEATED, room.namespace)
    if room.people.pop(sid, None) is not None:
        await tell_people(server, room)


async def send(data: SendMessage, room: TheRoom, sid: SocketID, server: AsynctionAsyncServer) -> Message:
    """Store a message and send it to the room; asyncapi.yaml adds the middleware `not_too_fast`."""
    message = room.say(_name(room, sid), data.text)
    await server.emit("message", message, to=SEATED, namespace=room.namespace)
    return message


async def typing(room: TheRoom, sid: SocketID, server: AsynctionAsyncServer) -> None:
    """Notify the others that a client is typing."""
    name = _name(room, sid)
    await server.emit("is typing", name, to=SEATED, skip_sid=sid, namespace=room.namespace)


async def tell_people(server: AsynctionAsyncServer, room: Room) -> None:
    """Send the list of members to a room."""
    await server.emit("people", room.names, to=SEATED, namespace=room.namespace)


def _name(room: Room, sid: str) -> str:
    if sid not in room.people:
        raise EventException(403, "join the room first")
    return room.people[sid]
