"""The handlers of the users: they do not depend on the gateway."""

from __future__ import annotations

from typing import TypedDict

from asynction import AsynctionAsyncServer, EventException


class User(TypedDict):
    id: int
    name: str


class ById(TypedDict):
    id: int


_users: dict[int, User] = {1: {"id": 1, "name": "Ada"}, 2: {"id": 2, "name": "Bob"}}


async def get(data: ById) -> User:
    """Return a user."""
    if data["id"] not in _users:
        raise EventException(404, f"there is no user {data['id']}")
    return _users[data["id"]]


async def update(data: User, server: AsynctionAsyncServer) -> User:
    """Change a user and notify all clients."""
    await get({"id": data["id"]})
    _users[data["id"]] = data
    await server.emit("user.updated", data)
    return data
