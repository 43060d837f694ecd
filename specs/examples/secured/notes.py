"""The handlers of the notes: they are only called for clients that are allowed."""

from __future__ import annotations

import logging

from flask import current_app, request
from flask_socketio import emit

from asynction import AsynctionSocketIO

_logger = logging.getLogger(__name__)
_notes = ["Buy milk."]


def enter(user: str) -> None:
    """Log a client that connects: `user` is the `sub` that the security function returned."""
    _logger.info("%s came", user)


def leave(reason: str, user: str) -> None:
    """Log a client that has left."""
    _logger.info("%s left: %s", user, reason)


def look_in(user: str | None, token_info: dict[str, object] | None) -> None:
    """Log a visitor of the board, which needs no credentials."""
    _logger.info("%s looks at the board", user or "somebody")


def read() -> list[str]:
    """Return all notes."""
    return _notes


def write(note: str) -> int:
    """Add a note and return the number of notes."""
    _notes.append(note)
    return len(_notes)


def pin(note: str) -> bool:
    """Send a note to all visitors of the board."""
    emit("pinned", note, broadcast=True)
    return True


def who_am_i() -> str | None:
    """Return the identity of a client: it is stored while the client is connected."""
    asio: AsynctionSocketIO = current_app.extensions["socketio"]
    info = asio.security_info(request.sid)  # type: ignore[attr-defined]  # Flask-SocketIO adds it
    return str(info["sub"]) if info is not None else None
