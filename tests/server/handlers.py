"""Handlers for documents to name; `calls` has what each was called with."""

from __future__ import annotations

calls: list[tuple[str, tuple[object, ...]]] = []

THE_ANSWER = 42


def echo(*args: object) -> tuple[object, ...]:
    calls.append(("echo", args))
    return args


def one(data: object) -> object:
    calls.append(("one", (data,)))
    return data


def two(first: object, second: object) -> None:
    calls.append(("two", (first, second)))


async def later(data: object) -> object:
    return data


def connect() -> None:
    calls.append(("connect", ()))


def connect_with(auth: object) -> None:
    calls.append(("connect", (auth,)))


def disconnect() -> None:
    calls.append(("disconnect", ()))


def disconnect_with(reason: str) -> None:
    calls.append(("disconnect", (reason,)))


def on_error(error: Exception) -> dict[str, str]:
    calls.append(("error", (type(error).__name__,)))
    return {"handled": type(error).__name__}


class Service:
    def method(self, data: object) -> object:
        calls.append(("method", (data,)))
        return data


service = Service()
