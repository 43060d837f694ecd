"""Every supported format has text that a validator accepts, in every draft."""

from __future__ import annotations

from random import Random

import pytest

from asynction.samples._draw import Draw
from asynction.samples._formats import FORMATS
from asynction.validation import DIALECTS, Validator
from tests.samples.support import schema_of


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_text_of_a_format_has_it(name: str, dialect: str) -> None:
    validator = Validator(schema_of({"type": "string", "format": name}, dialect))
    made = [FORMATS[name].draw(Draw(Random(seed))) for seed in range(50)]

    assert [text for text in [FORMATS[name].typical, *made] if not validator.accepts((text,))] == []
    assert len(set(made)) > 10


def test_a_seed_gives_the_same_dates_on_any_day() -> None:
    assert FORMATS["date-time"].draw(Draw(Random(1))) == "2021-05-05T10:18:28Z"
    assert FORMATS["uuid"].draw(Draw(Random(1))) == "2265b1f2-d8f1-4ad9-8386-bbc2414c3423"
