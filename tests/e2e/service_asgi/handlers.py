"""The handlers of service/ for the async server; those that send nothing are plain functions."""

from __future__ import annotations

from collections import Counter
from typing import Any
from urllib.parse import parse_qs

from socketio.exceptions import ConnectionRefusedError

from asynction.inject import Environ, Server, SocketID, inline

_calls: Counter[tuple[str, str]] = Counter()


def calls(sid: str, name: str) -> int:
    return _calls[sid, name]


def connect(sid: str) -> None:
    _calls[sid, "connect"] += 1


def disconnect(sid: str, reason: str) -> None:
    _calls[sid, "disconnect"] += 1


def _query(environ: Environ) -> dict[str, list[str]]:
    return parse_qs(environ["QUERY_STRING"])


async def strict_connect(environ: Environ) -> None:
    if _query(environ).get("refuse") == ["true"]:
        raise ConnectionRefusedError("not today")


async def on_error(error: Exception) -> dict[str, str]:
    return {"handled": type(error).__name__}


async def level(environ: Environ) -> str:
    return _query(environ)["level"][0]


async def greet(person: dict[str, str], sid: SocketID) -> str:
    _calls[sid, "greet"] += 1
    return f"Hello, {person['name']}"


def add(sid: str, left: int, right: int) -> int:
    _calls[sid, "add"] += 1
    return left + right


@inline
def sum_up(sid: str, numbers: list[int]) -> int:
    _calls[sid, "sum"] += 1
    return sum(numbers)


def split(text: str) -> tuple[str, str]:
    first, second = text.split()
    return first, second


async def anything(sid: str, *args: object) -> int:
    _calls[sid, "anything"] += 1
    return len(args)


def note(sid: SocketID, text: str) -> None:
    _calls[sid, "note"] += 1


async def find(text: str) -> str | None:
    return None


async def count(sid: str, number: int) -> int:
    _calls[sid, "count"] += 1
    return number


async def measure(sid: str, number: float) -> None:
    _calls[sid, "measure"] += 1


async def nest(sid: str, value: Any) -> int:
    _calls[sid, "nest"] += 1
    depth = 0
    while isinstance(value, list) and value:
        depth, value = depth + 1, value[0]
    return depth


async def store(sid: str, data: dict[str, str]) -> int:
    _calls[sid, "store"] += 1
    return len(data["text"])


async def reverse(sid: str, data: bytes) -> bytes:
    _calls[sid, "reverse"] += 1
    return data[::-1]


async def fail(text: str) -> None:
    raise LookupError(f"a secret of the server, and {text}")


async def misanswer(text: str) -> object:  # not `str`, which the start would refuse
    return text


async def misspeak(text: str, server: Server) -> None:
    await server.emit("news", {"txet": text})


async def misname(text: str, server: Server) -> None:
    await server.emit("nwes", {"text": text})


async def tell(text: str, server: Server) -> None:
    await server.emit("news", {"text": text})


async def enter(sid: str, room: str, *, server: Server) -> None:
    await server.enter_room(sid, room)


async def tell_room(sid: str, room: str, text: str, *, server: Server) -> None:
    await server.emit("news", {"text": text}, to=room, skip_sid=sid)


async def message(sid: str, text: str, *, server: Server) -> None:
    await server.send(text, to=sid)


async def ask(sid: str, text: str, *, server: Server) -> Any:
    return await server.call("question", text, to=sid, timeout=30)


async def ask_later(sid: str, text: str, *, server: Server) -> None:
    async def answered(number: int) -> None:
        _calls[sid, "answered"] += 1
        await server.emit("answered", number, to=sid)

    await server.emit("question", text, to=sid, callback=answered)
