"""Every rule has its reason, and a case of `specs/conformance` that breaks it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from asynction.rules import _BINDING, RULES, Rule

SPECS = Path(__file__).parents[1] / "specs" / "conformance"
CASES = [
    case
    for path in sorted(SPECS.glob("documents*.yaml"))
    for case in yaml.safe_load(path.read_text(encoding="utf-8"))
]
ELSEWHERE = {"document-size": "a case would have 5 MB; see tests/document/test_yaml.py"}
"""The rules without a case, and why; tests/runtime and tests/server have those about code."""


def broken(kind: str) -> set[str]:
    """Return the rules of all problems that the cases expect."""
    return {line.split(" ")[1] for case in CASES for line in case.get(kind, [])}


def test_every_rule_about_documents_is_broken_by_a_case() -> None:
    about_code = {rule.name for rule in _BINDING}

    assert RULES.keys() - broken("problems") - broken("warnings") == about_code | ELSEWHERE.keys()


def test_the_cases_have_rules_of_the_severity_that_they_expect() -> None:
    assert {RULES[name].severity for name in broken("problems")} == {"error"}
    assert {RULES[name].severity for name in broken("warnings")} == {"warning"}


def test_every_rule_is_kept_by_a_case_that_loads() -> None:
    sound = [case for case in CASES if case.get("loads") and not case.get("warnings")]

    assert len(sound) > 30


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.name)
def test_a_rule_is_two_sentences_of_plain_text(rule: Rule) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", rule.name)
    for text in (rule.summary, rule.why):
        assert text[0].isupper() or text[0] == "`"
        assert text.endswith(".")


def test_advice_is_a_warning_that_can_be_ignored() -> None:
    assert {(rule.severity, rule.ignorable) for rule in RULES.values() if rule.lint} == {("warning", True)}


def test_every_rule_that_the_code_notes_is_in_the_table() -> None:
    package = Path(__file__).parents[1] / "asynction"
    code = "\n".join(path.read_text() for path in package.rglob("*.py") if path.name != "rules.py")

    assert {name for name in RULES if f'"{name}"' not in code} == set()
