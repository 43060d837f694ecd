"""Makes calls idempotent: for some time, a repeated `request_id` gets the result of the first call."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from threading import Lock
from time import monotonic
from typing import TypeAlias

from asynction.exceptions import EventException
from asynction.security import Identity

Respond: TypeAlias = Callable[[object], object]
"""A function that sends the result of a call to its caller."""

Key: TypeAlias = "tuple[Hashable, str]"
"""The window of a caller, and its `request_id`: the ids of one caller say nothing about those of another."""


def window_of(identity: Identity | None, client_key: str | None, connection: Hashable) -> Hashable:
    """Return whose calls a call may repeat: those of its user, or else of its client.

    Only `sub` or `uid` says who a user is: two users may have all other claims in common, and one user has
    others with each token. So a caller without them is known by the key that its client has made up, or by
    its connection.

    Args:
        identity: the identity of the caller.
        client_key: a secret of the client, which it sends with its calls by any connection.
        connection: the connection, or where the results of a call by HTTP are sent.
    """
    if identity is not None and identity.user is not None:
        scheme, info = next(iter(identity.infos.items()))
        return "user", scheme, canonical(info.get("iss")), canonical(identity.user)
    return ("connection", connection) if client_key is None else ("client", client_key)


def canonical(value: object) -> Hashable:
    """Return a hashable form of a value, which only equal values of the same type have."""
    if isinstance(value, Mapping):
        return Mapping, frozenset((canonical(key), canonical(item)) for key, item in value.items())
    if isinstance(value, list | tuple):
        return list, tuple(map(canonical, value))
    try:
        hash(value)
    except TypeError:
        return object()  # equal to nothing else
    return type(value), value


def digest(data: object) -> bytes:
    """Return what only equal data of calls have, in a few bytes; raise EventException (400)."""
    try:
        return sha256(json.dumps(data, sort_keys=True, default=_hexadecimal).encode()).digest()
    except (TypeError, ValueError, RecursionError):  # a packet that is not JSON text can have other keys
        raise EventException(400, "`data` must be JSON, which may have binary data") from None


def _hexadecimal(value: object) -> object:
    if isinstance(value, bytes | bytearray):
        return {"\0bytes": value.hex()}
    raise TypeError("a type that JSON does not have")


@dataclass(slots=True)
class Entry:
    """A call that runs, with those who wait for it, or has run, with its result."""

    fingerprint: Hashable
    waiting: dict[Hashable, Respond] = field(default_factory=dict)
    is_done: bool = False
    result: object = None
    until: float = 0.0


class IdempotencyStore:
    """The calls that run, and the results of the last `seconds`, up to `size`; it drops the oldest first."""

    def __init__(self, size: int, seconds: float, clock: Callable[[], float] = monotonic) -> None:
        self._size = size
        self._seconds = seconds
        self._clock = clock
        self._lock = Lock()
        self._running: dict[Key, Entry] = {}
        self._done: OrderedDict[Key, Entry] = OrderedDict()

    def enter(
        self, key: Key, fingerprint: Hashable, target: Hashable, respond: Respond
    ) -> tuple[bool, Entry]:
        """Return whether the caller must run a call, and its entry.

        If the call runs already, `respond` is called when that ends. Raises EventException if the caller has
        used the id for another request (409), or too many calls run (503).

        Args:
            key: the window of the caller, and the `request_id`.
            fingerprint: equal for the same request.
            target: where the result goes; for each target there is one response.
            respond: sends the result.
        """
        with self._lock:
            self._expire()
            entry = self._running.get(key) or self._done.get(key)
            if entry is None:
                if len(self._running) >= self._size:
                    raise EventException(503, "too many calls are running")
                self._running[key] = Entry(fingerprint, {target: respond})
                return True, self._running[key]
            if entry.fingerprint != fingerprint:
                raise EventException(409, "this request_id belongs to another request")
            if not entry.is_done:
                entry.waiting[target] = respond
            return False, replace(entry)  # as it is now: another thread may finish it

    def finish(self, key: Key, result: object) -> list[Respond]:
        """Store the result of a call, and return the functions that send it."""
        with self._lock:
            entry = self._running.pop(key)
            entry.is_done, entry.result, entry.until = True, result, self._clock() + self._seconds
            self._done[key] = entry
            self._expire()
            replies, entry.waiting = list(entry.waiting.values()), {}
            return replies

    def _expire(self) -> None:
        now = self._clock()
        while self._done:
            first = next(iter(self._done.values()))
            if first.until > now and len(self._done) <= self._size:
                return
            self._done.popitem(last=False)
