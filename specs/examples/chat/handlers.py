"""The handlers of the chat; asyncapi.yaml names them by `x-handler`.

Their args conform to the contract, and their results and the events that they emit are checked against it.
"""

from __future__ import annotations

import logging
from itertools import count
from threading import Lock
from typing import Any

from flask import request
from flask_socketio import ConnectionRefusedError, disconnect, emit

from asynction.exceptions import ValidationException

_logger = logging.getLogger(__name__)
_lock = Lock()
_names: dict[str, str] = {}  # the names of the clients in the room, by sid
_ids = count(1)


def join() -> None:
    """Accept a client under its name, which the handshake of the contract requires."""
    name = request.args["name"]
    with _lock:
        if name in _names.values():
            raise ConnectionRefusedError(f"Somebody here is called {name} already.")
        _names[_sid()] = name
    _tell_people()


def leave(reason: str) -> None:
    """Forget a client that has left."""
    with _lock:
        name = _names.pop(_sid(), None)
    _logger.info("%s left: %s", name, reason)
    _tell_people()


def say(data: dict[str, str]) -> dict[str, int]:
    """Send a message to everyone and acknowledge it with its id."""
    message_id = next(_ids)
    message = {"id": message_id, "from": _names[_sid()], "text": data["text"]}
    emit("said", message, broadcast=True)
    return {"id": message_id, "reached": len(_names) - 1}


def whisper(to: str, text: str) -> bool:
    """Send a message to one person; when that client acknowledges it, notify the sender."""
    sid = _sid_of(to)
    if sid is None:
        return False

    def tell_sender(seen: bool) -> None:
        emit("read", (to, seen))

    emit("whispered", (_names[_sid()], text), to=sid, callback=tell_sender)
    return True


def admin_connect(auth: object) -> None:
    """Log an admin; a real service would check `auth` here."""
    _logger.info("an admin of level %s came, auth given: %s", _level(), auth is not None)


def announce(text: str) -> int:
    """Send an announcement to the room, with the level of the admin."""
    announcement = {"level": _level(), "text": text}
    emit("announced", announcement, namespace="/", broadcast=True)
    return len(_names)


def show_out(name: str) -> bool:
    """Disconnect one person."""
    sid = _sid_of(name)
    if sid is not None:
        disconnect(sid, namespace="/")
    return sid is not None


def admin_error(error: Exception) -> dict[str, Any]:
    """Acknowledge an event of an admin that failed; without this handler, asynction sends its error ack."""
    ours = not isinstance(error, ValidationException)
    _logger.warning("an admin's event failed: %s", error)
    detail = "Look into the server's log." if ours else str(error)
    return {"error": {"status": 500 if ours else 400, "title": "Not done", "detail": detail}}


def _tell_people() -> None:
    emit("people", sorted(_names.values()), namespace="/", broadcast=True)


def _level() -> int:
    return int(request.args["level"])


def _sid() -> str:
    return str(request.sid)  # type: ignore[attr-defined]  # Flask-SocketIO adds it


def _sid_of(name: str) -> str | None:
    with _lock:
        return next((sid for sid, known in _names.items() if known == name), None)
