"""Values of a schema: the typical one, or random ones; each is checked before it is given out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain, repeat
from random import Random

from asynction.contract import Json, Schema
from asynction.samples._attempt import Attempt
from asynction.samples._draw import Draw, PlainDraw
from asynction.samples._errors import CannotSample, NoValue, Spent
from asynction.samples._fakes import Fakes
from asynction.samples._shape import both
from asynction.samples._source import Source
from asynction.validation import Validator

_ATTEMPTS = 60
_MORE = 30
"""How many attempts there are, and how many more at values of which the schema says nothing."""

_MOST_STEPS = 10_000
"""After how many values, those thrown away included, no attempt is begun any more."""

_MOST_SPENT = 5
"""How many attempts may be given up because they become too long."""


@dataclass(frozen=True, slots=True)
class _How:
    """How an attempt is made."""

    draw: Draw
    use_known: bool = False
    is_wild: bool = False


class Sampler:
    """Makes random valid values of one schema; the same ones for the same `random`, on any Python.

    A `random` that several samplers share makes the values of each depend on the others.
    `faker` (see `new_faker`) makes the text of formats that are names of its providers. Not for use by
    several threads at once: give those a Pool. Raises CannotSample for a schema in another language.
    """

    def __init__(self, schema: Schema, *, random: Random, faker: object | None = None) -> None:
        self.schema = schema
        self.draw = Draw(random)
        self._maker = _Maker(schema, Fakes(faker))
        self._failure: CannotSample | None = None

    def sample(self) -> object:
        """Return a value; for a schema that describes the args one by one, a list of them.

        Raises CannotSample, at once where it has done so before.
        """
        return self._maker.whole(self.sample_args())

    def sample_args(self) -> tuple[object, ...]:
        """Return the args of an event, or of an ack. Raises as `sample` does."""
        if self._failure is None:
            try:
                return self._maker.args(_random(self.draw))
            except CannotSample as error:
                self._failure = error
        raise CannotSample(self._failure.place, self._failure.reason)


def example(schema: Schema) -> object:
    """Return one valid value that is good to read; for a schema of the args one by one, a list of them.

    It is always the same: the document's own example or default where it has one, else the first of
    listed values, else something typical. Raises CannotSample.
    """
    maker = _Maker(schema, Fakes(None))
    return maker.whole(maker.args(_readable()))


def example_args(schema: Schema) -> tuple[object, ...]:
    """Return one valid list of args that is good to read. Raises CannotSample."""
    return _Maker(schema, Fakes(None)).args(_readable())


def _readable() -> Iterable[_How]:
    """What to try for an example: nothing by chance, then more and more."""
    chance = Draw(Random(0))  # noqa: S311 - nothing here is a secret
    plain = PlainDraw()
    first = (_How(plain, use_known=True), _How(plain), *repeat(_How(chance, use_known=True), _MORE))
    return chain(first, _random(chance))


def _random(draw: Draw) -> Iterable[_How]:
    return chain(repeat(_How(draw), _ATTEMPTS), repeat(_How(draw, is_wild=True), _MORE))


class _Maker:
    """Makes attempts until one gives a valid value."""

    def __init__(self, schema: Schema, fakes: Fakes) -> None:
        if not schema.is_json_schema:
            raise CannotSample(schema.location, f"it is written in `{schema.dialect}`")
        self._place = schema.location
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
        reason, steps, spent = "", 0, 0
        for how in attempts:
            attempt = Attempt(self._source, how.draw, use_known=how.use_known, is_wild=how.is_wild)
            try:
                value = attempt.make(self._asked)
            except (NoValue, Spent) as error:
                reason = str(error)
                spent += isinstance(error, Spent)
            else:
                args = tuple(value) if self._validator.is_tuple and isinstance(value, list) else (value,)
                violations = self._validator.check(args)
                if not violations:
                    return args
                reason = str(violations[0])
            steps += attempt.steps
            if steps > _MOST_STEPS or spent > _MOST_SPENT:
                break
        raise CannotSample(self._place, reason)
