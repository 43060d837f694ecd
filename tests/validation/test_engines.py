"""The formats, which every draft asserts."""

from __future__ import annotations

import pytest

from asynction.contract import Schema
from asynction.samples import example
from asynction.validation import DIALECTS, Validator
from asynction.validation._engines import FORMATS

WRONG = "\x00 not {a[ 1 % ^^ \\"


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("name", FORMATS)
def test_every_draft_asserts_every_format(dialect: str, name: str) -> None:
    schema = Schema({"type": "string", "format": name}, dialect)
    validator = Validator(schema)
    assert [str(violation) for violation in validator.check((WRONG,))] == [
        f"/0: must match the format `{name}`"
    ]
    assert validator.accepts((example(schema),))
    assert not Validator(Schema({"format": name}, dialect)).check((7,))


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("uuid", "123e4567-e89b-12d3-a456-426614174000", "7"),
        ("duration", "P1DT12H", "1 day"),
        ("iri", "http://example.org/ü", "ü"),
    ],
)
def test_later_formats_tell_good_from_bad(dialect: str, name: str, good: str, bad: str) -> None:
    validator = Validator(Schema({"format": name}, dialect))
    assert validator.accepts((good,))
    assert not validator.accepts((bad,))


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(("length", "expected"), [(8, True), (15, False)])
def test_a_pattern_tries_again_a_limited_number_of_times(dialect: str, length: int, expected: bool) -> None:
    """Each character doubles the ways to match the first alternative; the second one matches at once."""
    schema = Schema({"pattern": r"^(a|a)+$(?<=c)|^a+$"}, dialect)
    assert Validator(schema).accepts(("a" * length,)) is expected
