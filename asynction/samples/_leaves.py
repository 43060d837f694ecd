"""Values without parts: numbers, text, binary data."""

from __future__ import annotations

import math
from fractions import Fraction

from asynction.samples._draw import Draw
from asynction.samples._errors import NoValue
from asynction.samples._fakes import Fakes
from asynction.samples._formats import FORMATS, WORDS
from asynction.samples._regex import matching
from asynction.samples._shape import Bound, Shape, Span, matches
from asynction.validation._prepare import INT_BOUNDS, WIDEST

_SPREAD = 1_000
"""How far from its one bound, or from 0, a number is where nothing else bounds it."""

_FINEST = Fraction(1, 100)
_EXACT_FLOATS = 2**53
_TRIES = 24
_LONGEST = 100_000
_WORDY = 40
"""How long text gets at most where nothing asks for more."""


def number(shape: Shape, draw: Draw, fakes: Fakes, *, integral: bool) -> int | float:
    """Make a number; raises NoValue where the range has none."""
    for name in shape.formats:
        fake = fakes.value(name, draw)
        if isinstance(fake, int) or (isinstance(fake, float) and not integral):
            return fake
    low, high = _ends(shape, integral)
    if low > high:
        raise NoValue("no number lies in the range")
    step = _step(shape, integral)
    if step is None:
        close = high - low < 2 * _FINEST
        step = ((high - low) / 8 or abs(low) or _FINEST) if close else _FINEST
    first, last = math.ceil(low / step), math.floor(high / step)
    first += _is_outside(shape.low, first * step)
    last -= _is_outside(shape.high, last * step)
    if first > last:
        raise NoValue("no number lies in the range")
    if draw.plain:
        wanted = round(Fraction(1 if integral else 1.5) / step)
        return _as_number(min(max(wanted, first), last) * step)
    return _as_number(draw.between(first, last) * step)


def _is_outside(bound: Bound | None, value: Fraction) -> bool:
    return bound is not None and bound.is_exclusive and bound.value == value


def _step(shape: Shape, integral: bool) -> Fraction | None:
    """What every number is a multiple of."""
    steps = [*shape.steps, Fraction(1)] if integral else shape.steps
    if not steps:
        return None
    # The least common multiple of fractions in lowest terms.
    return Fraction(math.lcm(*(s.numerator for s in steps)), math.gcd(*(s.denominator for s in steps)))


def _ends(shape: Shape, integral: bool) -> tuple[Fraction, Fraction]:
    low = shape.low.value if shape.low else None
    high = shape.high.value if shape.high else None
    spread = _SPREAD * max([Fraction(1), *shape.steps])
    least, most = low, high
    if least is None:
        least = Fraction(0) if most is None or 0 <= most <= spread else most - spread
    if most is None:
        most = least + spread
    if integral:  # a validator bounds what the schema does not
        bounds = [INT_BOUNDS[name] for name in shape.formats if name in INT_BOUNDS] or [WIDEST]
        least = max(least, Fraction(bounds[0][0])) if low is None else least
        most = min(most, Fraction(bounds[0][1])) if high is None else most
    return least, most


def _as_number(value: Fraction) -> int | float:
    return int(value) if value.denominator == 1 or abs(value) > _EXACT_FLOATS else float(value)


def text(shape: Shape, draw: Draw, fakes: Fakes) -> str:
    """Make text; raises NoValue where no length or pattern lets any through."""
    span = shape.length
    if span.least > _LONGEST or (span.most is not None and span.least > span.most):
        raise NoValue("no text is of the length")
    for left in reversed(range(_TRIES)):
        # A format that does not go with the length or the pattern is perhaps not one that is checked.
        made = _of_format(shape, draw, fakes) if left > _TRIES // 2 else None
        made = _of_pattern(shape, draw) if made is None else made
        if _fits(made, span) and all(matches(pattern, made) for pattern in shape.patterns):
            return made
    raise NoValue("no text was found that has the pattern and the length")


def _fits(made: str, span: Span) -> bool:
    return span.least <= len(made) and (span.most is None or len(made) <= span.most)


def _of_format(shape: Shape, draw: Draw, fakes: Fakes) -> str | None:
    for name in shape.formats:
        if name in FORMATS:
            return FORMATS[name].typical if draw.plain else FORMATS[name].draw(draw)
        fake = fakes.value(name, draw)
        if fake is not None:
            return str(fake)
    return None


def _of_pattern(shape: Shape, draw: Draw) -> str:
    if shape.patterns:
        try:
            return matching(draw.one_of(shape.patterns), draw, shape.length.least, shape.length.most)
        except NoValue:
            pass  # some other text may match
    return _words(shape.length, draw)


def _words(span: Span, draw: Draw) -> str:
    most = max(span.least, _WORDY) if span.most is None else span.most
    made = "text" if draw.plain else " ".join(draw.one_of(WORDS) for _ in range(draw.between(1, 3)))
    while len(made) < span.least:
        made += f" {draw.one_of(WORDS)}"
    cut = made[:most].rstrip()
    return cut + "a" * (span.least - len(cut))


def binary(draw: Draw) -> bytes:
    """Make binary data."""
    if draw.plain:
        return b"\x00\x01\x02\x03"
    return bytes(draw.below(256) for _ in range(draw.between(1, 16)))
