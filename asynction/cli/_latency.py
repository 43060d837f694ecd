"""The latency of a mock, as it is written on a command line."""

from __future__ import annotations

import re

import click

_SECONDS = {"ms": 0.001, "s": 1.0}
_RANGE = re.compile(r"([0-9.]+?)\s*(ms|s)?(?:\s*(?:\.\.|-)\s*([0-9.]+)\s*(ms|s)?)?")


def read_latency(text: str) -> tuple[float, float]:
    """Parse `50ms`, `0.1s`, `50ms..200ms` or `50..200ms` into two numbers of seconds.

    Raises BadParameter for any other text.
    """
    match = _RANGE.fullmatch(text.strip().lower())
    if match is None:
        raise click.BadParameter(f"`{text}` is not a time: write `50ms`, `0.1s` or `50ms..200ms`")
    low, low_unit, high, high_unit = match.groups()
    unit = high_unit or (low_unit if high is None else None)
    if unit is None:
        raise click.BadParameter(f"`{text}` has no unit: write `{text}ms` or `{text}s`")
    try:
        shortest = float(low) * _SECONDS[low_unit or unit]
        longest = float(high or low) * _SECONDS[unit]
    except ValueError:
        raise click.BadParameter(f"`{text}` has a part that is not a number") from None
    if shortest > longest:
        raise click.BadParameter(f"`{text}` is not a range: write the shorter time first")
    return shortest, longest
