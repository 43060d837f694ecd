"""The types of args and acks: at startup, they are compared with the schemas of the contract."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel


class CreateRoom(BaseModel):
    """A room to create."""

    id: str
    title: str
    seats: int = 10


class RoomInfo(CreateRoom):
    """A room in the list of the lobby."""

    taken: int


class JoinRoom(BaseModel):
    """A client that takes a seat."""

    name: str


class SendMessage(BaseModel):
    """A message to send."""

    text: str


class Message(SendMessage):
    """A message that was sent."""

    id: int
    author: str
    at: datetime


class Joined(BaseModel):
    """The state of a room, for a client that joins it."""

    people: list[str]
    history: list[Message]
