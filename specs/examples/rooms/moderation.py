"""What moderators may do: a router, which app.py attaches."""

from __future__ import annotations

from asynction import AsynctionAsyncServer, Router, SecurityException, SecurityInfo
from asynction.inject import Depends, inline

from .store import TheRoom

_TOKENS: dict[str, SecurityInfo] = {  # a service of your own would ask its database
    "token-of-mia": {"sub": "mia", "scopes": ["moderate"]},
    "token-of-gus": {"sub": "gus", "scopes": []},
}


@inline
def whose(token: str, required_scopes: list[str], bearer_format: str | None) -> SecurityInfo | None:
    """Say whose a token is; asyncapi.yaml names this function."""
    return _TOKENS.get(token)


def moderators_only(info: SecurityInfo) -> None:
    """Refuse all others: that there is a token is the contract's affair, what it is good for is ours."""
    if "moderate" not in info["scopes"]:
        raise SecurityException(403)


router = Router("/rooms/{roomId}", dependencies=[Depends(moderators_only)])


@router.event
async def remove(name: str, room: TheRoom, server: AsynctionAsyncServer) -> bool:
    """Show somebody out."""
    sid = next((sid for sid, known in room.people.items() if known == name), None)
    if sid is None:
        return False
    await server.disconnect(sid, room.namespace)
    return True


@router.event
async def clear(room: TheRoom, server: AsynctionAsyncServer) -> int:
    """Forget what was said."""
    count = len(room.history)
    room.history.clear()
    await server.emit("cleared", (), namespace=room.namespace)
    return count
