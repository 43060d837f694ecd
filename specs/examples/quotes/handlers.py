"""What clients may do, on whichever wire they come: ordinary functions, named in asyncapi.yaml."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from asynction import EventException, SecurityInfo
from asynction.inject import SocketID, inline

_KEYS = {"key-of-ada": "ada"}  # a service of your own would ask its database


@dataclass(frozen=True)
class Quote:
    """What a share costs."""

    symbol: str
    price: float


Push = Callable[[Quote, list[str]], Awaitable[None]]

pushes: list[Push] = []  # one of each wire that can push; app.py knows them
_closings = {"ACME": [12.5, 12.25, 11.0, 11.5], "INIT": [3.0, 3.25]}  # the latest first
_watchers: dict[str, set[str]] = {symbol: set() for symbol in _closings}


async def price(symbol: str) -> Quote:
    """Give a quote."""
    return Quote(symbol, _of(symbol)[0])


async def history(symbol: str, days: int) -> list[float]:
    """Give what a share has cost."""
    return _of(symbol)[:days]


async def watch(symbol: str, sid: SocketID) -> Quote:
    """Remember who wants to be told; a request by HTTP has no `sid`, so nobody can watch there."""
    quote = await price(symbol)
    _watchers[symbol].add(sid)
    return quote


async def trade(symbol: str, amount: float) -> int:
    """Change a quote, and tell all who watch it, whichever wire the trade came by."""
    _of(symbol)[0] = amount
    watchers = list(_watchers[symbol])
    for push in pushes:
        await push(Quote(symbol, amount), watchers)
    return len(watchers)


async def leave(sid: SocketID) -> None:
    """Forget who has gone."""
    for watchers in _watchers.values():
        watchers.discard(sid)


@inline
def trader(key: str, required_scopes: list[str]) -> SecurityInfo | None:
    """Say whose a key is; asyncapi.yaml names this function."""
    return {"sub": _KEYS[key]} if key in _KEYS else None


def _of(symbol: str) -> list[float]:
    if symbol not in _closings:
        raise EventException(404, f"there is no {symbol}")
    return _closings[symbol]
