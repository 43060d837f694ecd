"""What a mock server says: for each event of a contract the args that it sends, or its acknowledgements."""

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
class _Answering:
    """How an event is acknowledged; `values` is None where nothing can be made."""

    values: Iterator[Args] | None
    random: Random
    ack: Validator | None = None
    copies: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Sending:
    """What is sent of an event, the examples first; `generated` is None where nothing can be made."""

    examples: tuple[Args, ...]
    generated: Iterable[Args] | None
    interval: float | None

    def lines(self) -> Iterator[Args]:
        return chain(self.examples, cycle(self.examples) if self.generated is None else self.generated)


class Script:
    """The lines of a mock, made ahead; what cannot be made is logged once, with its place.

    Safe to share between threads. Raises UnknownEventException where the contract sends no event that the
    behaviour names.
    """

    def __init__(self, contract: Contract, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self._faker = _faker()
        self._lock = Lock()
        self._logged: set[str] = set()
        self._check_only(contract)
        self._answers = {
            (namespace.name, name): self._answering((namespace.name, name), event)
            for namespace in contract.namespaces.values()
            for name, event in namespace.receives.items()
        }
        sendings = {
            (namespace.name, name): self._sending((namespace.name, name), event)
            for namespace in contract.namespaces.values()
            for name, event in namespace.sends.items()
            if not behaviour.only or name in behaviour.only
        }
        self._sends = {
            key: sending
            for key, sending in sendings.items()
            if sending.examples or sending.generated is not None
        }

    @property
    def sends(self) -> list[Key]:
        """The events that it sends."""
        return sorted(self._sends)

    def _check_only(self, contract: Contract) -> None:
        known = {name for namespace in contract.namespaces.values() for name in namespace.sends}
        for name in sorted(self.behaviour.only - known):
            raise UnknownEventException(f"the contract sends no event `{name}`{did_you_mean(name, known)}")

    def _answering(self, key: Key, event: Event) -> _Answering:
        random = self._random(f"fate {key}")
        if event.mock is None:
            return _Answering(self._generated(event.ack, f"ack {key}"), random)
        given = [_args(event.ack, value) for value in event.mock.answers]
        values = cycle(given) if given else self._generated(event.ack, f"ack {key}")
        checks = event.mock.copies and event.ack is not None and event.ack.is_json_schema
        ack = Validator(event.ack) if checks and event.ack is not None else None
        return _Answering(values, random, ack, event.mock.copies)

    def _sending(self, key: Key, event: Event) -> _Sending:
        examples = tuple(_args(event.args, value) for value in event.examples)
        generated = self._generated(event.args, f"args {key}") if event.args or not examples else None
        return _Sending(examples, generated, event.mock.interval if event.mock is not None else None)

    def _generated(self, schema: Schema | None, salt: str) -> Iterator[Args] | None:
        """Values of a schema without end; None, logged, where none can be made."""
        if schema is None:
            return repeat(())
        try:
            sampler = Sampler(schema, random=self._random(salt), faker=self._faker)
            return iter(Pool(sampler, size=self.behaviour.pool_size).take_args, None)
        except CannotSample as error:
            self._log_once(str(error))
            return None

    def _random(self, salt: str) -> Random:
        """A stream of its own: what one event says does not hang on how often another is asked."""
        seed = self.behaviour.seed
        return Random(None if seed is None else f"{seed} {salt}")  # noqa: S311 - no secret

    def _log_once(self, text: str) -> None:
        if text not in self._logged:
            self._logged.add(text)
            log.warning("%s", text)

    # Answering ---------------------------------------------------------------------------------

    def play(self, context: Context, sleep: Function, leave: Function) -> Flow:
        """The flow of a mock's handler; raises EventException where the event is to fail."""
        behaviour, key = self.behaviour, (context.pattern, context.event)
        with self._lock:
            # Always all three: no number of the behaviour changes what another one does.
            draw = self._answers[key].random.random
            wait, leaves, fails = draw(), draw() < behaviour.disconnect_rate, draw() < behaviour.error_rate
        shortest, longest = behaviour.latency
        if longest:
            yield sleep, (shortest + wait * (longest - shortest),)
        if leaves:
            yield leave, (context.sid, context.namespace)
            raise EventException(503, "the mock has disconnected the client")
        if fails:
            raise EventException(503, "the mock fails now and then")
        return self.answer(key, context.args)

    def answer(self, key: Key, args: Args) -> Args:
        """The next acknowledgement of an event, with what it copies of the event's args."""
        answering = self._answers[key]
        if answering.values is None:
            raise EventException(501, "the mock cannot make an acknowledgement of this event")
        with self._lock:
            answer = next(answering.values)
        if not answering.copies:
            return answer
        copied = [deepcopy(value) for value in answer]
        for target, source in answering.copies.items():
            _copy(copied, target, list(args), source)
        if answering.ack is None or answering.ack.accepts(copied):
            return tuple(copied)
        self._log_once(f"what the mock copies breaks the acknowledgement of `{key[1]}` in `{key[0]}`")
        return answer

    # Sending -----------------------------------------------------------------------------------

    def set_interval(self, interval: float) -> None:
        """Send every `interval` seconds what has no interval of its own; raises ValueError."""
        self.behaviour = replace(self.behaviour, interval=interval)

    def emissions(
        self,
        keys: Iterable[Key],
        emit: Callable[[str, Args, str], object],
        sleep: Function,
        places: Callable[[str], Iterable[str]],
        is_over: Callable[[], bool],
    ) -> Emissions:
        """Send these events, each at its interval, until `is_over`.

        `places` are the clients' namespaces that a namespace of the contract stands for just now.
        """
        lines = {key: self._sends[key].lines() for key in keys}
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
            for namespace in places(key[0]):
                try:
                    yield emit, (key[1], next(lines[key]), namespace)
                except Exception as error:
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
    """The args that a value of the document is: several where the schema describes them one by one."""
    one_by_one = schema is not None and schema.is_json_schema and Validator(schema).is_tuple
    return tuple(value) if one_by_one and isinstance(value, list) else (value,)


def _copy(target: Any, target_pointer: str, source: Any, source_pointer: str) -> None:
    """Put what `source_pointer` leads to where `target_pointer` leads; nothing where one leads nowhere."""
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
    if not token.isdecimal():  # also what Python would count from the end
        raise ValueError(token)
    return int(token)
