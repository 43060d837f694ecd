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
from asynction.validation import INT_BOUNDS, WIDEST_INT

_SPREAD = 1_000
"""The maximum distance of a number from its only bound, or from 0 if it has none."""

_SMALLEST_STEP = Fraction(1, 100)
_EXACT_FLOATS = 2**53
_TRIES = 24
_MAX_LENGTH = 100_000
_USUAL_LENGTH = 40
"""The maximum length of a text that has no `maxLength`."""


def number(shape: Shape, draw: Draw, fakes: Fakes, *, integral: bool) -> int | float:
    """Make a number.

    Args:
        shape: the constraints of the number.
        draw: the source of choices.
        fakes: values of formats that are names of Faker's providers.
        integral: make an integer.

    Raises:
        NoValue: there is no such number in the range.
    """
    for name in shape.formats:
        fake = fakes.value(name, draw)
        if isinstance(fake, int) or (isinstance(fake, float) and not integral):
            return fake
    low, high = _ends(shape, integral)
    if low > high:
        raise NoValue("no number is in the range")
    step = _step(shape, integral)
    if step is None:
        close = high - low < 2 * _SMALLEST_STEP
        step = ((high - low) / 8 or abs(low) or _SMALLEST_STEP) if close else _SMALLEST_STEP
    first, last = math.ceil(low / step), math.floor(high / step)
    first += _is_outside(shape.low, first * step)
    last -= _is_outside(shape.high, last * step)
    if first > last:
        raise NoValue("no number is in the range")
    if draw.plain:
        wanted = round(Fraction(1 if integral else 1.5) / step)
        return _as_number(min(max(wanted, first), last) * step)
    return _as_number(draw.between(first, last) * step)


def _is_outside(bound: Bound | None, value: Fraction) -> bool:
    return bound is not None and bound.is_exclusive and bound.value == value


def _step(shape: Shape, integral: bool) -> Fraction | None:
    """Return the number of which every value is a multiple, or None."""
    steps = [*shape.steps, Fraction(1)] if integral else shape.steps
    if not steps:
        return None
    # The least common multiple of fractions in lowest terms.
    return Fraction(math.lcm(*(s.numerator for s in steps)), math.gcd(*(s.denominator for s in steps)))


def _ends(shape: Shape, integral: bool) -> tuple[Fraction, Fraction]:
    low = shape.low.value if shape.low else None
    high = shape.high.value if shape.high else None
    spread = _SPREAD * max([Fraction(1), *shape.steps])
    minimum, maximum = low, high
    if minimum is None:
        minimum = Fraction(0) if maximum is None or 0 <= maximum <= spread else maximum - spread
    if maximum is None:
        maximum = minimum + spread
    if integral:  # a validator has bounds of its own for integers
        bounds = [INT_BOUNDS[name] for name in shape.formats if name in INT_BOUNDS] or [WIDEST_INT]
        minimum = max(minimum, Fraction(bounds[0][0])) if low is None else minimum
        maximum = min(maximum, Fraction(bounds[0][1])) if high is None else maximum
    return minimum, maximum


def _as_number(value: Fraction) -> int | float:
    return int(value) if value.denominator == 1 or abs(value) > _EXACT_FLOATS else float(value)


def text(shape: Shape, draw: Draw, fakes: Fakes) -> str:
    """Make text; raises NoValue if none of the right length matches the patterns."""
    span = shape.length
    if span.minimum > _MAX_LENGTH or (span.maximum is not None and span.minimum > span.maximum):
        raise NoValue("no text has the required length")
    for left in reversed(range(_TRIES)):
        # Not every format is checked: if it conflicts with the length or the pattern, those win.
        made = _of_format(shape, draw, fakes) if left > _TRIES // 2 else None
        made = _of_pattern(shape, draw) if made is None else made
        if _fits(made, span) and all(matches(pattern, made) for pattern in shape.patterns):
            return made
    raise NoValue("no text was found with the required pattern and length")


def _fits(made: str, span: Span) -> bool:
    return span.minimum <= len(made) and (span.maximum is None or len(made) <= span.maximum)


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
            return matching(draw.one_of(shape.patterns), draw, shape.length.minimum, shape.length.maximum)
        except NoValue:
            pass  # the pattern is not supported, but some other text may match it
    return _words(shape.length, draw)


def _words(span: Span, draw: Draw) -> str:
    maximum = max(span.minimum, _USUAL_LENGTH) if span.maximum is None else span.maximum
    made = "text" if draw.plain else " ".join(draw.one_of(WORDS) for _ in range(draw.between(1, 3)))
    while len(made) < span.minimum:
        made += f" {draw.one_of(WORDS)}"
    cut = made[:maximum].rstrip()
    return cut + "a" * (span.minimum - len(cut))


def binary(draw: Draw) -> bytes:
    """Make binary data."""
    if draw.plain:
        return b"\x00\x01\x02\x03"
    return bytes(draw.below(256) for _ in range(draw.between(1, 16)))
