"""Reports of problems: text for people, and formats for CI systems."""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
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
    """Return JUnit XML: a test suite for each document, with a test case for each rule that it breaks.

    The schemas of Ant and of Jenkins accept it: so warnings are in the output of a suite, not of a case.
    """
    suites = [
        _suite(number, file, [problem for problem in problems if problem.file == file])
        for number, file in enumerate(_all_files(problems, files))
    ]
    return "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', "<testsuites>", *suites, "</testsuites>"])


def as_gitlab(problems: Sequence[Problem], files: Sequence[str]) -> str:
    """Return GitLab's Code Quality report, which it shows in merge requests."""
    return json.dumps([_issue(problem) for problem in problems], indent=2)


def as_rdjson(problems: Sequence[Problem], files: Sequence[str]) -> str:
    """Return the diagnostic format of reviewdog, which comments on pull requests of many hosts."""
    report = {"source": {"name": "asynction"}, "diagnostics": [_diagnostic(problem) for problem in problems]}
    return json.dumps(report, indent=2)


FORMATS: Mapping[str, Callable[[Sequence[Problem], Sequence[str]], str]] = {
    "json": as_json,
    "sarif": as_sarif,
    "github": as_github,
    "junit": as_junit,
    "gitlab": as_gitlab,
    "rdjson": as_rdjson,
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
        "partialFingerprints": {"problem/v1": _fingerprint(problem)},
    }


def _fingerprint(problem: Problem) -> str:
    """Return a name for a problem that stays when its line moves."""
    parts = (problem.rule, problem.file, problem.pointer, problem.message)
    return sha256("\0".join(parts).encode(errors="replace")).hexdigest()


def _issue(problem: Problem) -> dict[str, object]:
    return {
        "description": f"{problem.pointer} {problem.message}".strip(),
        "check_name": problem.rule,
        "fingerprint": _fingerprint(problem),
        "severity": "major" if problem.severity == "error" else "minor",
        "location": {"path": Path(problem.file).as_posix(), "lines": {"begin": problem.line or 1}},
    }


def _diagnostic(problem: Problem) -> dict[str, object]:
    location: dict[str, object] = {"path": Path(problem.file).as_posix()}
    if problem.line is not None:  # without a column: here that would be a number of bytes
        location["range"] = {"start": {"line": problem.line}}
    return {
        "message": f"{problem.pointer} {problem.message}".strip(),
        "location": location,
        "severity": problem.severity.upper(),
        "code": {"value": problem.rule},
    }


def _uri(file: str) -> str:
    path = Path(file)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix(), errors="replace")


def _all_files(problems: Sequence[Problem], files: Sequence[str]) -> list[str]:
    return [*files, *sorted({problem.file for problem in problems} - set(files))]


def _suite(number: int, file: str, problems: Sequence[Problem]) -> str:
    errors = sorted((p for p in problems if p.severity == "error"), key=lambda p: p.rule)
    cases = [_case(file, rule, list(found)) for rule, found in groupby(errors, key=lambda p: p.rule)]
    failures = len(cases)
    sound = [] if cases else [f'<testcase classname="{_xml(file)}" name="asyncapi" time="0"/>']
    warnings = "\n".join(_xml(str(problem)) for problem in problems if problem.severity == "warning")
    head = (
        f'<testsuite name="{_xml(file)}" package="asynction" id="{number}" timestamp="{_timestamp()}"'
        f' hostname="localhost" tests="{len([*cases, *sound])}" failures="{failures}" errors="0" time="0">'
    )
    tail = [f"<system-out>{warnings}</system-out>", "<system-err/>", "</testsuite>"]
    return "\n".join([head, "<properties/>", *cases, *sound, *tail])


def _case(file: str, rule: str, errors: Sequence[Problem]) -> str:
    lines = [_xml(str(problem)) for problem in errors]
    head = f'<testcase classname="{_xml(file)}" name="{_xml(rule)}" time="0">'
    failure = f'<failure type="{_xml(rule)}" message="{lines[0]}">{chr(10).join(lines)}</failure>'
    return f"{head}{failure}</testcase>"


def _timestamp() -> str:
    """Return the time of the report in UTC; that of SOURCE_DATE_EPOCH, for reports that can be repeated."""
    seconds = float(os.environ.get("SOURCE_DATE_EPOCH", time.time()))
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))


def _xml(text: str) -> str:
    """Escape text for XML, including control characters, which XML cannot contain even when escaped."""
    return escape(printable(text))


def _data(text: str) -> str:
    """Escape the message of a workflow command."""
    return printable(text).replace("%", "%25")


def _property(text: str) -> str:
    """Escape a property of a workflow command."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")
