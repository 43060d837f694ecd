"""Handlers that count, for each client, how often they ran."""

from __future__ import annotations

from collections import Counter
from typing import Any

from flask import request
from flask_socketio import ConnectionRefusedError, call, emit, join_room, send

_calls: Counter[tuple[str, str]] = Counter()


def _count(name: str) -> None:
    _calls[request.sid, name] += 1  # type: ignore[attr-defined]  # Flask-SocketIO adds sid


def calls(name: str) -> int:
    return _calls[request.sid, name]  # type: ignore[attr-defined]


def connect() -> None:
    _count("connect")


def disconnect() -> None:
    _count("disconnect")


def strict_connect(auth: object) -> None:
    if request.args.get("refuse") == "true":
        raise ConnectionRefusedError("not today")


def on_error(error: Exception) -> dict[str, str]:
    return {"handled": type(error).__name__}


def level() -> str:
    return request.args["level"]


def greet(person: dict[str, str]) -> str:
    _count("greet")
    return f"Hello, {person['name']}"


def add(left: int, right: int) -> int:
    _count("add")
    return left + right


def sum_up(numbers: list[int]) -> int:
    _count("sum")
    return sum(numbers)


def split(text: str) -> tuple[str, str]:
    first, second = text.split()
    return first, second


def anything(*args: object) -> int:
    _count("anything")
    return len(args)


def note(text: str) -> None:
    _count("note")


def find(text: str) -> str | None:
    return None


def count(number: int) -> int:
    _count("count")
    return number


def measure(number: float) -> None:
    _count("measure")


def nest(value: Any) -> int:
    _count("nest")
    depth = 0
    while isinstance(value, list) and value:
        depth, value = depth + 1, value[0]
    return depth


def store(data: dict[str, str]) -> int:
    _count("store")
    return len(data["text"])


def reverse(data: bytes) -> bytes:
    _count("reverse")
    return data[::-1]


def fail(text: str) -> None:
    raise LookupError(f"a secret of the server, and {text}")


def misanswer(text: str) -> object:  # not `str`, which the start would refuse
    return text


def misspeak(text: str) -> None:
    emit("news", {"txet": text}, broadcast=True)


def misname(text: str) -> None:
    emit("nwes", {"text": text}, broadcast=True)


def tell(text: str) -> None:
    emit("news", {"text": text}, broadcast=True)


def enter(room: str) -> None:
    join_room(room)


def tell_room(room: str, text: str) -> None:
    emit("news", {"text": text}, to=room, include_self=False)


def message(text: str) -> None:
    send(text)


def ask(text: str) -> Any:
    return call("question", text, timeout=30)


def ask_later(text: str) -> None:
    def answered(number: int) -> None:
        _count("answered")
        emit("answered", number)

    emit("question", text, callback=answered)
