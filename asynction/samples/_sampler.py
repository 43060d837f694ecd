"""Values of a schema, typical or random; each is checked before it is returned."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain, repeat
from random import Random

from asynction.contract import Json, Schema
from asynction.samples._attempt import Attempt
from asynction.samples._draw import Draw, PlainDraw
from asynction.samples._errors import CannotSample, NoValue, StepBudgetExceeded
from asynction.samples._fakes import Fakes
from asynction.samples._shape import both
from asynction.samples._source import Source
from asynction.validation import Validator

_ATTEMPTS = 60
_MORE = 30
"""The number of attempts, and of further attempts at types that the schema has no keywords for."""

_MAX_STEPS = 10_000
"""No attempt is started after so many steps of all attempts."""

_MAX_OVER_BUDGET = 5
"""The number of attempts that may exceed their step budget."""


@dataclass(frozen=True, slots=True)
class _How:
    """The options of an attempt."""

    draw: Draw
    use_known: bool = False
    is_wild: bool = False


class Sampler:
    """Makes random valid values of one schema; the same ones for the same seed, on any Python version.

    Threads must not share a Sampler, but they may share a Pool. Raises CannotSample if the schema is not
    JSON Schema.

    Args:
        schema: the schema, whose location errors name.
        random: the source of randomness. If several samplers share it, their values depend on each other.
        faker: a Faker (see `new_faker`) for formats that are names of its providers, or None.
    """

    def __init__(self, schema: Schema, *, random: Random, faker: object | None = None) -> None:
        self.schema = schema
        self.draw = Draw(random)
        self._maker = _Maker(schema, Fakes(faker))
        self._failure: CannotSample | None = None

    def sample(self) -> object:
        """Return a value; for a schema that describes the args one by one, a list of them.

        Raises CannotSample. If it has done so before, it does not try again.
        """
        return self._maker.whole(self.sample_args())

    def sample_args(self) -> tuple[object, ...]:
        """Return the args of an event, or of an ack. Raises as `sample` does."""
        if self._failure is None:  # a failure takes all attempts, so it is remembered
            try:
                return self._maker.args(_random(self.draw))
            except CannotSample as error:
                self._failure = error
        raise CannotSample(self._failure.location, self._failure.reason)


def example(schema: Schema) -> object:
    """Return one readable valid value; for a schema of the args one by one, a list of them.

    It is always the same: an example or a default of the document if there is one, else the first value
    of an `enum`, else a typical value. Raises CannotSample.
    """
    maker = _Maker(schema, Fakes(None))
    return maker.whole(maker.args(_readable()))


def example_args(schema: Schema) -> tuple[object, ...]:
    """Return one readable valid list of args; raises CannotSample."""
    return _Maker(schema, Fakes(None)).args(_readable())


def _readable() -> Iterable[_How]:
    """Return the attempts at an example: without chance first, then with more and more of it."""
    chance = Draw(Random(0))  # noqa: S311 - nothing here is a secret
    plain = PlainDraw()
    first = (_How(plain, use_known=True), _How(plain), *repeat(_How(chance, use_known=True), _MORE))
    return chain(first, _random(chance))


def _random(draw: Draw) -> Iterable[_How]:
    return chain(repeat(_How(draw), _ATTEMPTS), repeat(_How(draw, is_wild=True), _MORE))


class _Maker:
    """Makes attempts until one of them results in a valid value."""

    def __init__(self, schema: Schema, fakes: Fakes) -> None:
        if not schema.is_json_schema:
            raise CannotSample(schema.location, f"it is written in `{schema.dialect}`, not in JSON Schema")
        self._location = schema.location
        self._validator = Validator(schema)
        self._source = Source(schema, fakes)
        self._asked: Json = schema.value
        if self._validator.is_tuple:
            limits: dict[str, Json] = {"type": "array", "minItems": self._validator.min_args}
            if self._validator.max_args is not None:
                limits["maxItems"] = self._validator.max_args
            self._asked = both(schema.value, limits)

    def whole(self, args: tuple[object, ...]) -> object:
        return list(args) if self._validator.is_tuple else args[0]

    def args(self, attempts: Iterable[_How]) -> tuple[object, ...]:
        reason, steps, over_budget = "", 0, 0
        for how in attempts:
            attempt = Attempt(self._source, how.draw, use_known=how.use_known, is_wild=how.is_wild)
            try:
                value = attempt.make(self._asked)
            except (NoValue, StepBudgetExceeded) as error:
                reason = str(error)
                over_budget += isinstance(error, StepBudgetExceeded)
            else:
                args = tuple(value) if self._validator.is_tuple and isinstance(value, list) else (value,)
                violations = self._validator.check(args)
                if not violations:
                    return args
                reason = str(violations[0])
            steps += attempt.steps
            if steps > _MAX_STEPS or over_budget > _MAX_OVER_BUDGET:
                break
        raise CannotSample(self._location, reason)
