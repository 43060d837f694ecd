"""The handlers of the events, the same for every wire; asyncapi.yaml names them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from asynction import EventException, SecurityInfo
from asynction.inject import SocketID, inline

_KEYS = {"key-of-ada": "ada"}  # a real service would use a database


@dataclass(frozen=True)
class Quote:
    """The price of a share."""

    symbol: str
    price: float


Push = Callable[[Quote, list[str]], Awaitable[None]]

pushes: list[Push] = []  # one for each wire that can push; app.py adds them
_closings = {"ACME": [12.5, 12.25, 11.0, 11.5], "INIT": [3.0, 3.25]}  # the latest first
_watchers: dict[str, set[str]] = {symbol: set() for symbol in _closings}


async def price(symbol: str) -> Quote:
    """Return a quote."""
    return Quote(symbol, _of(symbol)[0])


async def history(symbol: str, days: int) -> list[float]:
    """Return the last prices of a share."""
    return _of(symbol)[:days]


async def watch(symbol: str, sid: SocketID) -> Quote:
    """Store a client that wants updates; HTTP requests have no `sid`, so they cannot get any."""
    quote = await price(symbol)
    _watchers[symbol].add(sid)
    return quote


async def trade(symbol: str, amount: float) -> int:
    """Change a quote and notify all clients that watch it, on every wire."""
    _of(symbol)[0] = amount
    watchers = list(_watchers[symbol])
    for push in pushes:
        await push(Quote(symbol, amount), watchers)
    return len(watchers)


async def leave(sid: SocketID) -> None:
    """Forget a client that has left."""
    for watchers in _watchers.values():
        watchers.discard(sid)


@inline
def trader(key: str, required_scopes: list[str]) -> SecurityInfo | None:
    """Return the owner of a key; asyncapi.yaml names this function."""
    return {"sub": _KEYS[key]} if key in _KEYS else None


def _of(symbol: str) -> list[float]:
    if symbol not in _closings:
        raise EventException(404, f"there is no {symbol}")
    return _closings[symbol]
