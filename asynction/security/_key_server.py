"""A key server with its cache: one fetch at a time, in a thread of its own, whose result all tokens share."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from concurrent.futures import Future, wait
from dataclasses import dataclass
from threading import Lock, Thread
from time import monotonic
from typing import TypeAlias
from urllib.parse import urlsplit
from weakref import WeakValueDictionary

from asynction.security._fetch import FetchError, fetch_json
from asynction.security._keys import KeyCache

Keys: TypeAlias = "Mapping[str, object]"
Parse: TypeAlias = "Callable[[object], Keys]"
"""Takes a JSON Web Key Set (RFC 7517, 5); returns its keys by their ids, or raises FetchError."""

log = logging.getLogger("asynction")


@dataclass(frozen=True, slots=True)
class Pending:
    """A fetch under way, whose result a token waits for.

    Args:
        future: done when the fetch has ended; the result is in the cache.
        deadline: when to stop waiting, by `clock`.
        clock: returns the time in seconds.
    """

    future: Future[None]
    deadline: float
    clock: Callable[[], float]

    @property
    def seconds(self) -> float:
        """The time that is left until the deadline."""
        return max(self.deadline - self.clock(), 0.0)

    def is_over(self) -> bool:
        """Return whether there is nothing more to wait for."""
        return self.future.done() or self.seconds == 0

    def wait(self) -> None:
        """Block this thread until the fetch has ended, or its deadline is over."""
        wait([self.future], self.seconds)


def start_thread(function: Callable[[], None]) -> None:
    """Run a function in a thread that does not keep the process alive."""
    Thread(target=function, name="asynction-keys", daemon=True).start()


class KeyServer:
    """The keys of one key server.

    Args:
        name: the name of the server, for the log.
        fetch: returns the keys by their ids; raises FetchError. It is told its deadline, in seconds.
        clock: returns the time in seconds.
        start: runs a function in another thread.
    """

    def __init__(
        self,
        name: str,
        fetch: Callable[[float], Keys],
        clock: Callable[[], float] = monotonic,
        start: Callable[[Callable[[], None]], None] = start_thread,
    ) -> None:
        self._name, self._fetch, self._clock, self._start = name, fetch, clock, start
        self._lock = Lock()
        self._cache = KeyCache()
        self._under_way: Future[None] = Future()

    def pending(self, kid: str, timeout: float) -> Pending | None:
        """Begin a fetch if it is time for one; return the fetch that a token with this key id waits for.

        `timeout` is the deadline of a fetch that begins, in seconds.
        """
        with self._lock:
            now = self._clock()
            step = self._cache.step(kid, now)
            if step.begins:
                self._cache = self._cache.begun(now, timeout)
                self._under_way = Future()
                self._under_way.set_running_or_notify_cancel()  # no token may cancel it for the others
            future, deadline = self._under_way, self._cache.deadline
        if step.begins:
            self._begin(now, timeout, future)
        return Pending(future, deadline, self._clock) if step.waits else None

    def key(self, kid: str) -> object | None:
        """Return the key with this id, if it is known by now."""
        with self._lock:
            return self._cache.key(kid, self._clock())

    def why_not(self) -> str:
        """Return the reason for a missing key, for the log."""
        with self._lock:
            return self._cache.why_not(self._clock())

    def _begin(self, started: float, timeout: float, future: Future[None]) -> None:
        try:
            self._start(lambda: self._run(started, timeout, future))
        except RuntimeError:  # the system has no more threads
            self._end(started, None, "no thread could be started", future)

    def _run(self, started: float, timeout: float, future: Future[None]) -> None:
        keys, fault = None, "the fetch was cut short"
        try:
            keys = self._fetch(timeout)
        except FetchError as error:
            fault = str(error)
        except Exception as error:  # its text may have something of the answer
            fault = type(error).__name__
        finally:
            self._end(started, keys, fault, future)

    def _end(self, started: float, keys: Keys | None, fault: str, future: Future[None]) -> None:
        with self._lock:
            now = self._clock()
            if keys is not None:
                self._cache = self._cache.succeeded(started, now, keys)
            else:
                self._cache = self._cache.failed(started, now, fault)
        if keys is None:
            log.error("the keys of `x-jwt` could not be fetched from %.80r: %s", self._name, fault)
        future.set_result(None)


_SERVERS: WeakValueDictionary[str, KeyServer] = WeakValueDictionary()
_LOCK = Lock()


def key_server(url: str, parse: Parse) -> KeyServer:
    """Return the key server at `url`, the same for every scheme that names it, so that it is asked once."""
    with _LOCK:
        server = _SERVERS.get(url)
        if server is None:
            name = urlsplit(url).hostname or ""
            server = _SERVERS[url] = KeyServer(name, lambda timeout: parse(fetch_json(url, timeout)))
        return server
