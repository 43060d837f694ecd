"""Problems say where they are and what is wrong, in one line each."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asynction.problems import Location, Problem, did_you_mean, escape, pointer_of, problem_at, unescape
from asynction.rules import Severity


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        (Location("a.yaml", 3, 7, "/x"), "a.yaml:3:7"),
        (Location("<mapping>", None, None, "/x"), "<mapping>"),
    ],
)
def test_a_place_reads_as_editors_read_it(location: Location, expected: str) -> None:
    assert str(location) == expected


@pytest.mark.parametrize(
    ("problem", "expected"),
    [
        (Problem("rule", "error", "is wrong", "/a", "f", 1, 2), "f:1:2 rule /a is wrong"),
        (Problem("rule", "warning", "is odd", "", "f", 1, 2), "f:1:2 rule / warning: is odd"),
        (Problem("rule", "error", "is wrong", "/a", "f", None, None), "f rule /a is wrong"),
    ],
)
def test_a_problem_reads_place_rule_pointer_message(problem: Problem, expected: str) -> None:
    assert str(problem) == expected


@given(st.text(), st.text(), st.text())
def test_a_problem_is_one_printable_line_whatever_it_quotes(message: str, pointer: str, file: str) -> None:
    text = str(Problem("rule", "error", message, pointer, file, 1, 1))

    assert text.isprintable()
    assert text.encode()


def test_a_problem_shows_letters_of_all_scripts() -> None:
    assert str(Problem("rule", "error", "Größe 大きさ\n", "", "f", 1, 1)).endswith("Größe 大きさ\\n")


@pytest.mark.parametrize(("rule", "severity"), [("ref", "error"), ("ref-siblings", "warning")])
def test_a_problem_has_its_location_and_the_severity_of_its_rule(rule: str, severity: Severity) -> None:
    assert problem_at(Location("f", 1, 2, "/a"), rule, "m") == Problem(rule, severity, "m", "/a", "f", 1, 2)


@given(st.text())
def test_escaping_a_token_can_be_undone(token: str) -> None:
    assert unescape(escape(token)) == token
    assert "/" not in escape(token)


@pytest.mark.parametrize(
    ("token", "escaped"), [("a/b", "a~1b"), ("m~n", "m~0n"), ("~1", "~01"), ("", ""), (0, "0")]
)
def test_tokens_are_escaped_as_rfc_6901_says(token: object, escaped: str) -> None:
    assert escape(token) == escaped


@given(st.lists(st.text()))
def test_a_pointer_can_be_split_into_its_tokens(tokens: list[str]) -> None:
    assert [unescape(token) for token in pointer_of(tokens).split("/")[1:]] == tokens


@pytest.mark.parametrize(
    ("word", "expected"),
    [("publsh", "; did you mean `publish`?"), ("banana", ""), ("", "")],
)
def test_only_a_near_miss_is_suggested(word: str, expected: str) -> None:
    assert did_you_mean(word, iter(["publish", "subscribe"])) == expected
