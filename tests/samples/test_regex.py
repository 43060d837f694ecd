"""Text for regular expressions that are common in schemas."""

from __future__ import annotations

import contextlib
from random import Random

import pytest

from asynction.samples._draw import Draw, PlainDraw
from asynction.samples._errors import NoValue
from asynction.samples._regex import matching
from asynction.samples._shape import matches

PATTERNS = [
    *("^a", "b$", "^$", "", "a|b", "^(a|bc|def)+$", "^(?:ab){2,}$", "^x{3}$", "^x{1,2}y?z*$", "^a+?b*?$"),
    *(
        r"^\d{3}-\d{4}$",
        r"^\w+$",
        r"^\s\S\D\W$",
        r"^[^a]$",
        r"^[^a-zA-Z0-9]+$",
        r"^[\w.-]+$",
        r"^[a\-z\]]{3}$",
    ),
    *(r"^\p{L}+$", r"^\p{Lu}\p{Ll}\p{N}$", r"^\P{L}$", r"^\p{gc=L}|\p{L}$", r"^[\p{L}\d]+$"),
    *(r"^[A-Z]{2,3}(-[a-z0-9]+)*$", "^#[0-9a-fA-F]{6}$", r"^\S+@\S+\.\S{2,}$", r"^.{5}$", r"^[a-z]+\b$"),
    *(r"^(\w)x\1$", r"^(?<y>[ab])z$", r"^\u0041\x42\u{43}$", r"^\n\t\r$", r"^\.\*\/$", r"^\cA$", "^[-a]$"),
    *("^[a-]$", "^(?:)$", "^(\\d|x(y|z))$", r"^v?\d+(\.\d+){2}(-[\w.]+)?$", "^[Ā-￿]$"),
]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_the_text_matches_its_pattern(pattern: str) -> None:
    made = [matching(pattern, Draw(Random(seed))) for seed in range(30)]
    made.append(matching(pattern, PlainDraw()))

    assert [text for text in made if not matches(pattern, text)] == []


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"^[A-Z]{3}-\d{4}$", "AAA-0000"),
        (r"^\w*$", "a"),
        (r"^\w+$", "a"),
        ("^(b|a)?$", "b"),
        ("^.$", "a"),
        (r"^(?<y>[ab])\k<y>$", "aa"),
        (r"^\k<none>$", ""),
    ],
)
def test_an_example_is_short_and_plain(pattern: str, text: str) -> None:
    assert matching(pattern, PlainDraw()) == text


@pytest.mark.parametrize(
    ("pattern", "least", "most"),
    [
        ("^[a-z]+$", 30, 30),
        ("^[a-z]+$", 0, 1),
        ("^[a-z0-9]+(-[a-z0-9]+)*$", 20, 25),
        ("^ab", 10, 12),
        ("b$", 10, None),
        ("^(a|bbbb)$", 0, 1),
        ("a", 3, 3),
    ],
)
def test_the_text_has_the_required_length(pattern: str, least: int, most: int | None) -> None:
    for draw in [Draw(Random(1)), Draw(Random(2)), PlainDraw()]:
        text = matching(pattern, draw, least, most)

        assert least <= len(text) <= (most or 100)
        assert matches(pattern, text)


def test_where_a_pattern_only_looks_around_nothing_is_made() -> None:
    made = {matching(r"^(?=.*\d)(?!x)(?<=a)(?<!b)[a-z0-9]{4}$", Draw(Random(seed))) for seed in range(30)}

    assert {len(text) for text in made} == {4}


@pytest.mark.parametrize(
    "pattern", [r"\p{Unknown}", "(?x)a", "[^\\s\\S]", "[", "(a", "\\", r"\x", r"\u{zz}", "[b-", "*"]
)
def test_an_unsupported_pattern_raises_or_makes_some_text(pattern: str) -> None:
    with contextlib.suppress(NoValue):
        assert isinstance(matching(pattern, PlainDraw()), str)


def test_a_pattern_with_longer_texts_only_has_no_value() -> None:
    with pytest.raises(NoValue, match="too long"):
        matching("^abc$", PlainDraw(), 0, 2)
