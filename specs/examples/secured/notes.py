"""The handlers of the notes: they are called only for those who may."""

from __future__ import annotations

import logging

from flask import current_app, request
from flask_socketio import emit

from asynction import AsynctionSocketIO

_logger = logging.getLogger(__name__)
_notes = ["Buy milk."]


def enter(user: str) -> None:
    """Hear who has come: `user` is the `sub` that the check gave."""
    _logger.info("%s came", user)


def leave(reason: str, user: str) -> None:
    """Hear who has left."""
    _logger.info("%s left: %s", user, reason)


def look_in(user: str | None, token_info: dict[str, object] | None) -> None:
    """Hear of a visitor of the board, who may be anybody."""
    _logger.info("%s looks at the board", user or "somebody")


def read() -> list[str]:
    """Give all notes."""
    return _notes


def write(note: str) -> int:
    """Add a note, and tell how many there are."""
    _notes.append(note)
    return len(_notes)


def pin(note: str) -> bool:
    """Show a note to all who look at the board."""
    emit("pinned", note, broadcast=True)
    return True


def who_am_i() -> str | None:
    """Tell a client who it is: what the check said stays at hand for as long as it is connected."""
    asio: AsynctionSocketIO = current_app.extensions["socketio"]
    info = asio.security_info(request.sid)  # type: ignore[attr-defined]  # Flask-SocketIO adds it
    return str(info["sub"]) if info is not None else None
