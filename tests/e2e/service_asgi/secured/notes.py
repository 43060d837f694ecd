"""The handlers of the secured example for the async server."""

from __future__ import annotations

from asynction import AsynctionAsyncServer, SecurityInfo

_notes = ["Buy milk."]


async def enter(user: str) -> None:
    """Hear who has come."""
    assert user


def leave(reason: str, *, user: str) -> None:
    """Hear who has left."""
    assert user


async def look_in(*, user: str | None, token_info: dict[str, object] | None) -> None:
    """Hear of a visitor, who may be anybody."""
    assert (user is None) == (token_info is None)


def read() -> list[str]:
    return _notes


def write(note: str) -> int:
    _notes.append(note)
    return len(_notes)


async def pin(note: str, server: AsynctionAsyncServer) -> bool:
    await server.emit("pinned", note, namespace="/board")
    return True


async def who_am_i(info: SecurityInfo) -> str:
    return str(info["sub"])
