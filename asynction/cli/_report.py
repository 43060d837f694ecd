"""Reports of problems: text for people, and formats for CI systems."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from html import escape
from itertools import groupby
from pathlib import Path
from urllib.parse import quote

from asynction._version import __version__
from asynction.problems import Problem, printable
from asynction.rules import RULES

Colour = Callable[[str, str], str]
"""Takes a text and the name of a colour; returns the coloured text."""


def as_text(problems: Sequence[Problem], files: Sequence[str], colour: Colour) -> str:
    """Return one line for each problem, and a line that counts them."""
    lines = [_coloured(problem, colour) for problem in problems]
    count = Counter(problem.severity for problem in problems)
    found = ", ".join(
        _plural(count[severity], severity) for severity in ("error", "warning") if count[severity]
    )
    checked = _plural(len(files), "document")
    lines.append(
        colour(f"{checked}: {found}", "red" if count["error"] else "yellow") if found else f"{checked}: sound"
    )
    return "\n".join(lines)


def as_json(problems: Sequence[Problem], files: Sequence[str]) -> str:
    """Return a JSON object: the `files` that were checked, and the `problems` with the fields of Problem."""
    return json.dumps(
        {"files": list(files), "problems": [_fields(problem) for problem in problems]}, indent=2
    )


def as_github(problems: Sequence[Problem], files: Sequence[str]) -> str:
    """Return workflow commands, which GitHub Actions shows beside the lines of a pull request."""
    return "\n".join(map(_command, problems))


def as_sarif(problems: Sequence[Problem], files: Sequence[str]) -> str:
    """Return SARIF 2.1.0, the OASIS format for the results of static analysis."""
    used = sorted({problem.rule for problem in problems})
    rules = [
        {
            "id": name,
            "shortDescription": {"text": RULES[name].summary},
            "help": {"text": RULES[name].why},
            "defaultConfiguration": {"level": RULES[name].severity},
        }
        for name in used
    ]
    driver = {"name": "asynction", "version": __version__, "rules": rules}
    results = [_result(problem, used) for problem in problems]
    log = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}],
    }
    return json.dumps(log, indent=2)


def as_junit(problems: Sequence[Problem], files: Sequence[str]) -> str:
    """Return JUnit XML: a test suite for each document, with a test case for each rule that it breaks."""
    suites = [_suite(file, [p for p in problems if p.file == file]) for file in _all_files(problems, files)]
    return "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', "<testsuites>", *suites, "</testsuites>"])


FORMATS: Mapping[str, Callable[[Sequence[Problem], Sequence[str]], str]] = {
    "json": as_json,
    "sarif": as_sarif,
    "github": as_github,
    "junit": as_junit,
}
"""The formats for machines; `text` is made by `as_text`, which also takes a function for colours."""


def _coloured(problem: Problem, colour: Colour) -> str:
    location, _, rest = str(problem).partition(f" {problem.rule} ")
    return f"{location} {colour(problem.rule, 'red' if problem.severity == 'error' else 'yellow')} {rest}"


def _command(problem: Problem) -> str:
    location = f"file={_property(problem.file)},line={problem.line or 1},col={problem.column or 1}"
    title = _property(f"asynction {problem.rule}")
    return f"::{problem.severity} {location},title={title}::{_data(f'{problem.pointer} {problem.message}')}"


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _fields(problem: Problem) -> dict[str, object]:
    names = ("rule", "severity", "message", "pointer", "file", "line", "column")
    return {name: getattr(problem, name) for name in names}


def _result(problem: Problem, rules: Sequence[str]) -> dict[str, object]:
    physical: dict[str, object] = {"artifactLocation": {"uri": _uri(problem.file)}}
    if problem.line is not None:
        physical["region"] = {"startLine": problem.line, "startColumn": problem.column}
    logical = [{"fullyQualifiedName": problem.pointer or "/"}]
    return {
        "ruleId": problem.rule,
        "ruleIndex": rules.index(problem.rule),
        "level": problem.severity,
        "message": {"text": problem.message},
        "locations": [{"physicalLocation": physical, "logicalLocations": logical}],
    }


def _uri(file: str) -> str:
    path = Path(file)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix(), errors="replace")


def _all_files(problems: Sequence[Problem], files: Sequence[str]) -> list[str]:
    return [*files, *sorted({problem.file for problem in problems} - set(files))]


def _suite(file: str, problems: Sequence[Problem]) -> str:
    by_rule = groupby(sorted(problems, key=lambda p: p.rule), key=lambda p: p.rule)
    cases = [_case(file, rule, list(found)) for rule, found in by_rule] or [_case(file, "asyncapi", [])]
    failures = sum("<failure" in case for case in cases)
    head = f'<testsuite name="{_xml(file)}" tests="{len(cases)}" failures="{failures}">'
    return "\n".join([head, *cases, "</testsuite>"])


def _case(file: str, rule: str, problems: Sequence[Problem]) -> str:
    head = f'<testcase classname="{_xml(file)}" name="{_xml(rule)}"'
    errors = [str(p) for p in problems if p.severity == "error"]
    if errors:
        lines = "\n".join(map(_xml, errors))
        return f'{head}><failure message="{_xml(errors[0])}">{lines}</failure></testcase>'
    warnings = "\n".join(_xml(str(problem)) for problem in problems)
    return f"{head}><system-out>{warnings}</system-out></testcase>" if warnings else f"{head}/>"


def _xml(text: str) -> str:
    """Escape text for XML, including control characters, which XML cannot contain even when escaped."""
    return escape(printable(text))


def _data(text: str) -> str:
    """Escape the message of a workflow command."""
    return printable(text).replace("%", "%25")


def _property(text: str) -> str:
    """Escape a property of a workflow command."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")
