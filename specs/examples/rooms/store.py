"""The rooms, in memory: only `get_store` depends on Socket.IO."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator
from datetime import datetime, timezone
from itertools import count
from typing import Annotated, TypeAlias

from asynction import EventException, socket_api
from asynction.inject import Depends

from .models import CreateRoom, Joined, Message, RoomInfo

_KEPT = 50  # messages of a room
_ids = count(1)


class RoomFull(Exception):
    """All seats are taken."""


class Room:
    """One room: its members, by the id of their connection, and its last messages."""

    def __init__(self, made: CreateRoom) -> None:
        self.made = made
        self.people: dict[str, str] = {}
        self.history: deque[Message] = deque(maxlen=_KEPT)

    @property
    def namespace(self) -> str:
        """The namespace of its clients."""
        return f"/rooms/{self.made.id}"

    @property
    def info(self) -> RoomInfo:
        """The room in the list of the lobby."""
        return RoomInfo(**self.made.model_dump(), taken=len(self.people))

    def seat(self, sid: str, name: str) -> Joined:
        """Give a seat to a client; raises RoomFull, and ValueError if the name is taken."""
        others = {other: known for other, known in self.people.items() if other != sid}
        if name in others.values():
            raise ValueError(f"somebody here is called {name} already")
        if len(others) == self.made.seats:
            raise RoomFull(f"all {self.made.seats} seats are taken")
        self.people[sid] = name
        return Joined(people=self.names, history=list(self.history))

    @property
    def names(self) -> list[str]:
        """The names of the members."""
        return sorted(self.people.values())

    def say(self, author: str, text: str) -> Message:
        """Store a message."""
        message = Message(id=next(_ids), author=author, text=text, at=datetime.now(timezone.utc))
        self.history.append(message)
        return message


class Store:
    """All rooms, by their ids."""

    def __init__(self) -> None:
        self.rooms: dict[str, Room] = {}

    def create(self, made: CreateRoom) -> Room:
        """Create a room; raises ValueError if there is one with that id."""
        if made.id in self.rooms:
            raise ValueError(f"there is a room {made.id} already")
        return self.rooms.setdefault(made.id, Room(made))

    def infos(self) -> list[RoomInfo]:
        """The list of the lobby."""
        return [room.info for room in self.rooms.values()]


store = Store()


async def get_store() -> AsyncIterator[Store]:
    """Give the store to an event or a request; afterwards, send changes to the lobby."""
    before = store.infos()
    try:
        yield store
    finally:
        if store.infos() != before:
            await socket_api().emit("rooms", store.infos())


TheStore: TypeAlias = Annotated[Store, Depends(get_store)]


def get_room(room_id: str, store: TheStore) -> Room:
    """Return the room of the namespace: by its name, the parameter is `roomId`."""
    if room_id not in store.rooms:
        raise EventException(404, f"there is no room {room_id}")
    return store.rooms[room_id]


TheRoom: TypeAlias = Annotated[Room, Depends(get_room)]
