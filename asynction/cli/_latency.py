"""How long a mock takes to answer, as it is written on a command line."""

from __future__ import annotations

import re

import click

_SECONDS = {"ms": 0.001, "s": 1.0}
_RANGE = re.compile(r"([0-9.]+?)\s*(ms|s)?(?:\s*(?:\.\.|-)\s*([0-9.]+)\s*(ms|s)?)?")


def read_latency(text: str) -> tuple[float, float]:
    """Read `50ms`, `0.1s`, `50ms..200ms` or `50..200ms` into two numbers of seconds.

    Raises BadParameter for anything else.
    """
    match = _RANGE.fullmatch(text.strip().lower())
    if match is None:
        raise click.BadParameter(f"`{text}` is no time: write `50ms`, `0.1s` or `50ms..200ms`")
    low, low_unit, high, high_unit = match.groups()
    unit = high_unit or (low_unit if high is None else None)
    if unit is None:
        raise click.BadParameter(f"`{text}` has no unit: write `{text}ms` or `{text}s`")
    try:
        least = float(low) * _SECONDS[low_unit or unit]
        most = float(high or low) * _SECONDS[unit]
    except ValueError:
        raise click.BadParameter(f"`{text}` has a number that is none") from None
    if least > most:
        raise click.BadParameter(f"`{text}` goes backwards: write the shorter time first")
    return least, most
