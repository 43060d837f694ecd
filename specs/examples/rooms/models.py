"""What goes over the wire, as types: each is held to the contract's schema when the server starts."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel


class CreateRoom(BaseModel):
    """A room to be made."""

    id: str
    title: str
    seats: int = 10


class RoomInfo(CreateRoom):
    """A room, as the lobby shows it."""

    taken: int


class JoinRoom(BaseModel):
    """Who takes a seat."""

    name: str


class SendMessage(BaseModel):
    """Something to say."""

    text: str


class Message(SendMessage):
    """Something that was said."""

    id: int
    author: str
    at: datetime


class Joined(BaseModel):
    """What is found in a room on joining it."""

    people: list[str]
    history: list[Message]
