"""The events of moderators: a router, which app.py attaches."""

from __future__ import annotations

from asynction import AsynctionAsyncServer, Router, SecurityException, SecurityInfo
from asynction.inject import Depends, inline

from .store import TheRoom

_TOKENS: dict[str, SecurityInfo] = {  # a real service would use a database
    "token-of-mia": {"sub": "mia", "scopes": ["moderate"]},
    "token-of-gus": {"sub": "gus", "scopes": []},
}


@inline
def whose(token: str, required_scopes: list[str], bearer_format: str | None) -> SecurityInfo | None:
    """Return the owner of a token; asyncapi.yaml names this function."""
    return _TOKENS.get(token)


def moderators_only(info: SecurityInfo) -> None:
    """Refuse clients that are not moderators: the contract checks the token, this function what it allows."""
    if "moderate" not in info["scopes"]:
        raise SecurityException(403)


router = Router("/rooms/{roomId}", dependencies=[Depends(moderators_only)])


@router.event
async def remove(name: str, room: TheRoom, server: AsynctionAsyncServer) -> bool:
    """Remove a client from the room."""
    sid = next((sid for sid, known in room.people.items() if known == name), None)
    if sid is None:
        return False
    await server.disconnect(sid, room.namespace)
    return True


@router.event
async def clear(room: TheRoom, server: AsynctionAsyncServer) -> int:
    """Delete the messages."""
    count = len(room.history)
    room.history.clear()
    await server.emit("cleared", (), namespace=room.namespace)
    return count
