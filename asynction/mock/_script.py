"""The values of a mock: the args of the events that it sends, and its acknowledgements."""

from __future__ import annotations

import heapq
import logging
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from itertools import chain, cycle, repeat
from random import Random
from threading import Lock
from typing import Any, TypeAlias

from asynction.contract import Contract, Event, Schema
from asynction.exceptions import EventException, NotEnabledError, UnknownEventException
from asynction.mock._behaviour import Behaviour
from asynction.problems import did_you_mean, unescape
from asynction.runtime import Args, Context, Flow, Function
from asynction.samples import CannotSample, Pool, Sampler, new_faker
from asynction.validation import Validator

Key: TypeAlias = tuple[str, str]
"""A namespace of the contract and an event in it."""

Emissions: TypeAlias = "Generator[tuple[Function, Args], object, None]"

log = logging.getLogger("asynction")


@dataclass(frozen=True, slots=True)
class _AckSource:
    """The acknowledgements of an event; `values` is None if none can be generated."""

    values: Iterator[Args] | None
    random: Random
    ack: Validator | None = None
    copies: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _EventSource:
    """The args of an event to send, the examples first; `generated` is None if none can be generated."""

    examples: tuple[Args, ...]
    generated: Iterable[Args] | None
    interval: float | None

    def lines(self) -> Iterator[Args]:
        return chain(self.examples, cycle(self.examples) if self.generated is None else self.generated)


class Script:
    """The values of a mock, generated in advance; a schema without values is logged once, with its location.

    Threads may share it. Raises UnknownEventException if the behaviour names an event that the contract
    does not send.
    """

    def __init__(self, contract: Contract, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self._faker = _faker()
        self._lock = Lock()
        self._logged: set[str] = set()
        self._check_only(contract)
        self._acks = {
            (namespace.name, name): self._ack_source((namespace.name, name), event)
            for namespace in contract.namespaces.values()
            for name, event in namespace.receives.items()
        }
        sources = {
            (namespace.name, name): self._event_source((namespace.name, name), event)
            for namespace in contract.namespaces.values()
            for name, event in namespace.sends.items()
            if not behaviour.only or name in behaviour.only
        }
        self._sends = {
            key: source for key, source in sources.items() if source.examples or source.generated is not None
        }

    @property
    def sends(self) -> list[Key]:
        """The events that the mock sends."""
        return sorted(self._sends)

    def _check_only(self, contract: Contract) -> None:
        known = {name for namespace in contract.namespaces.values() for name in namespace.sends}
        for name in sorted(self.behaviour.only - known):
            raise UnknownEventException(f"the contract sends no event `{name}`{did_you_mean(name, known)}")

    def _ack_source(self, key: Key, event: Event) -> _AckSource:
        random = self._random(f"fate {key}")
        if event.mock is None:
            return _AckSource(self._generated(event.ack, f"ack {key}"), random)
        given = [_args(event.ack, value) for value in event.mock.answers]
        values = cycle(given) if given else self._generated(event.ack, f"ack {key}")
        checks = event.mock.copies and event.ack is not None and event.ack.is_json_schema
        ack = Validator(event.ack) if checks and event.ack is not None else None
        return _AckSource(values, random, ack, event.mock.copies)

    def _event_source(self, key: Key, event: Event) -> _EventSource:
        examples = tuple(_args(event.args, value) for value in event.examples)
        generated = self._generated(event.args, f"args {key}") if event.args or not examples else None
        return _EventSource(examples, generated, event.mock.interval if event.mock is not None else None)

    def _generated(self, schema: Schema | None, salt: str) -> Iterator[Args] | None:
        """Return endless values of a schema; if none can be generated, log it and return None."""
        if schema is None:
            return repeat(())
        try:
            sampler = Sampler(schema, random=self._random(salt), faker=self._faker)
            return iter(Pool(sampler, size=self.behaviour.pool_size).take_args, None)
        except CannotSample as error:
            self._log_once(str(error))
            return None

    def _random(self, salt: str) -> Random:
        """Return a source of randomness for one purpose, so that events do not change each other's values."""
        seed = self.behaviour.seed
        return Random(None if seed is None else f"{seed} {salt}")  # noqa: S311 - nothing here is a secret

    def _log_once(self, text: str) -> None:
        if text not in self._logged:
            self._logged.add(text)
            log.warning("%s", text)

    # Answering ---------------------------------------------------------------------------------

    def play(self, context: Context, sleep: Function, leave: Function) -> Flow:
        """Run the handler of a mock; raises EventException for the share of events that fail."""
        behaviour, key = self.behaviour, (context.pattern, context.event)
        with self._lock:
            # Always three draws: changing one rate must not change the choices of another.
            draw = self._acks[key].random.random
            wait, leaves, fails = draw(), draw() < behaviour.disconnect_rate, draw() < behaviour.error_rate
        shortest, longest = behaviour.latency
        if longest:
            yield sleep, (shortest + wait * (longest - shortest),)
        if leaves:
            yield leave, (context.sid, context.namespace)
            raise EventException(503, "the mock has disconnected the client")
        if fails:
            raise EventException(503, "the mock simulates an error")
        return self.answer(key, context.args)

    def answer(self, key: Key, args: Args) -> Args:
        """Return the next acknowledgement of an event, with the values that it copies from the args."""
        source = self._acks[key]
        if source.values is None:
            raise EventException(501, "the mock cannot generate an acknowledgement of this event")
        with self._lock:
            answer = next(source.values)
        if not source.copies:
            return answer
        copied = [deepcopy(value) for value in answer]
        for target_pointer, source_pointer in source.copies.items():
            _copy(copied, target_pointer, list(args), source_pointer)
        if source.ack is None or source.ack.accepts(copied):
            return tuple(copied)
        self._log_once(f"the copied values break the ack schema of `{key[1]}` in `{key[0]}`")
        return answer

    # Sending -----------------------------------------------------------------------------------

    def set_interval(self, interval: float) -> None:
        """Set the interval, in seconds, of events that have none of their own; raises ValueError."""
        self.behaviour = replace(self.behaviour, interval=interval)

    def emissions(
        self,
        keys: Iterable[Key],
        emit: Callable[[str, Args, str], object],
        sleep: Function,
        namespaces_of: Callable[[str], Iterable[str]],
        is_over: Callable[[], bool],
    ) -> Emissions:
        """Send events, each at its interval.

        Args:
            keys: the events to send.
            emit: called with the name of an event, its args and a client's namespace.
            sleep: called with a number of seconds.
            namespaces_of: returns the namespaces with clients that belong to a namespace of the contract.
            is_over: returns True to end.
        """
        lines = {key: self._sends[key].lines() for key in keys}
        # A heap of the next times, so that one task can send many events.
        due = [(self._interval(key), key) for key in lines]
        heapq.heapify(due)
        now = 0.0
        while due:
            time, key = due[0]
            if time > now:
                yield sleep, (time - now,)
                now = time
            if is_over():
                return
            for namespace in namespaces_of(key[0]):
                try:
                    yield emit, (key[1], next(lines[key]), namespace)
                except Exception as error:  # for example a lost message queue: other events must go on
                    self._log_once(f"the mock cannot send `{key[1]}` in `{namespace}`: {error!r}")
            heapq.heapreplace(due, (time + self._interval(key), key))

    def _interval(self, key: Key) -> float:
        return self._sends[key].interval or self.behaviour.interval


def _faker() -> object | None:
    try:
        return new_faker()
    except NotEnabledError as error:
        log.info("%s", error)
        return None


def _args(schema: Schema | None, value: object) -> Args:
    """Return a value of the document as args: several if the schema describes them one by one."""
    one_by_one = schema is not None and schema.is_json_schema and Validator(schema).is_tuple
    return tuple(value) if one_by_one and isinstance(value, list) else (value,)


def _copy(target: Any, target_pointer: str, source: Any, source_pointer: str) -> None:
    """Copy a value from one JSON Pointer to another; if one of them leads nowhere, do nothing."""
    *path, last = _tokens(target_pointer) or [""]
    try:
        for token in _tokens(source_pointer):
            source = source[_key(source, token)]
        for token in path:
            target = target[_key(target, token)]
        target[_key(target, last)] = deepcopy(source)
    except (LookupError, TypeError, ValueError):
        return


def _tokens(pointer: str) -> list[str]:
    return [unescape(token) for token in pointer.split("/")[1:]]


def _key(value: object, token: str) -> Any:
    if not isinstance(value, list):
        return token
    if not token.isdecimal():  # Python would count a negative index from the end
        raise ValueError(token)
    return int(token)
