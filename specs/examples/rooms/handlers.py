"""What clients may do, but for moderators: ordinary functions, named in asyncapi.yaml by `x-handler`.

Each says by its annotations what it needs. What it is given fits the contract, and so must what it
returns and emits.
"""

from __future__ import annotations

from asynction import AsynctionAsyncServer, EventException
from asynction.inject import SocketID
from asynction.middleware import RateLimitMiddleware

from .models import CreateRoom, Joined, JoinRoom, Message, RoomInfo, SendMessage
from .store import Room, TheRoom, TheStore

SEATED = "seated"  # the Socket.IO room of those who have joined, in each namespace

not_too_fast = RateLimitMiddleware(5, per=10)

# The lobby


async def create(data: CreateRoom, store: TheStore) -> RoomInfo:
    """Make a room; `get_store` tells the lobby."""
    try:
        return store.create(data).info
    except ValueError as error:
        raise EventException(409, str(error)) from error


async def rooms(store: TheStore) -> list[RoomInfo]:
    """Give all rooms."""
    return store.infos()


# A room


async def enter(room: TheRoom) -> None:
    """Let a client connect to a room that exists; `get_room` refuses others."""


async def join(data: JoinRoom, room: TheRoom, sid: SocketID, server: AsynctionAsyncServer) -> Joined:
    """Give a seat; where there is none, app.py says what RoomFull means to a client."""
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
    """Keep a message, and pass it on; asyncapi.yaml puts `not_too_fast` around it."""
    message = room.say(_name(room, sid), data.text)
    await server.emit("message", message, to=SEATED, namespace=room.namespace)
    return message


async def typing(room: TheRoom, sid: SocketID, server: AsynctionAsyncServer) -> None:
    """Tell the others that somebody is about to say something."""
    name = _name(room, sid)
    await server.emit("is typing", name, to=SEATED, skip_sid=sid, namespace=room.namespace)


async def tell_people(server: AsynctionAsyncServer, room: Room) -> None:
    """Tell those in a room who is there."""
    await server.emit("people", room.names, to=SEATED, namespace=room.namespace)


def _name(room: Room, sid: str) -> str:
    if sid not in room.people:
        raise EventException(403, "join the room first")
    return room.people[sid]
