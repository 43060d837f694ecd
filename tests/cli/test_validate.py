"""`asynction validate`: its messages, its formats and its exit codes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from asynction._version import __version__
from asynction.cli import main
from asynction.document import validate
from asynction.rules import RULES

ROOT = Path(__file__).parents[2]
SOUND = "asyncapi: 3.1.0\ninfo: {title: T, version: '1'}\nchannels: {}\n"
ADVISED = SOUND.replace("3.1.0", "3.0.0")
BROKEN = "asyncapi: 3.1.0\ninfo: {title: T}\nchanels: {}\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, text in (("sound.yaml", SOUND), ("advised.yaml", ADVISED), ("broken.yaml", BROKEN)):
        (tmp_path / name).write_text(text)
    return tmp_path


def run(*args: str, stdin: str | bytes | None = None) -> Result:
    return CliRunner().invoke(main, ["validate", *args], input=stdin)


# Exit codes ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (["sound.yaml"], 0),
        (["advised.yaml"], 0),
        (["advised.yaml", "--fail-on", "warning"], 1),
        (["advised.yaml", "--fail-on", "warning", "--ignore", "latest-version"], 0),
        (["broken.yaml"], 1),
        (["sound.yaml", "broken.yaml", "advised.yaml"], 1),
        (["missing.yaml"], 1),
        (["."], 1),
        ([], 2),
        (["sound.yaml", "--format", "xml"], 2),
        (["sound.yaml", "--fail-on", "never"], 2),
        (["sound.yaml", "--ignore", "latst-version"], 2),
        (["sound.yaml", "--ignore", "ref"], 2),
        (["--explain", "nothing"], 2),
        (["--list-rules"], 0),
        (["--explain", "ref"], 0),
    ],
)
def test_it_exits_with(args: list[str], code: int) -> None:
    assert run(*args).exit_code == code


# What it says ----------------------------------------------------------------------------------


def test_problems_are_lines_and_the_last_line_counts_them() -> None:
    result = run("sound.yaml", "advised.yaml", "broken.yaml")

    assert result.output.splitlines() == [
        "advised.yaml:1:1 latest-version /asyncapi warning: 3.1.0 is the latest version of AsyncAPI",
        "broken.yaml:2:7 required /info an Info needs the field `version`",
        "broken.yaml:3:1 unknown-field /chanels a Document has no field `chanels`; did you mean `channels`?",
        "3 documents: 2 errors, 1 warning",
    ]


def test_a_sound_document_is_called_so() -> None:
    assert run("sound.yaml").output == "1 document: sound\n"


def test_a_document_may_come_on_standard_input() -> None:
    result = run("-", stdin=BROKEN)

    assert result.exit_code == 1
    assert result.output.startswith("<stdin>:2:7 required /info")
    assert run("-", stdin=SOUND).output == "1 document: sound\n"
    assert "is not UTF-8 text" in run("-", stdin=b"\xff").output


def test_a_reference_on_standard_input_starts_in_the_working_folder(folder: Path) -> None:
    (folder / "c.yaml").write_text("address: 1")
    text = SOUND.replace("{}", "{c: {$ref: c.yaml}}")

    assert run("-", stdin=text).output.startswith("c.yaml:1:1 type /address expected a string")


def test_a_rule_may_be_ignored() -> None:
    assert "unknown-field" not in run("broken.yaml", "--ignore", "unknown-field").output
    assert run("broken.yaml", "--ignore", "unknown-field", "--ignore", "required").exit_code == 0


def test_a_rule_that_cannot_be_ignored_says_why() -> None:
    assert "`ref` cannot be ignored: " in run("sound.yaml", "--ignore", "ref").output
    assert "did you mean `latest-version`?" in run("sound.yaml", "--ignore", "latst-version").output


def test_the_rules_are_listed_and_explained() -> None:
    lines = run("--list-rules").output.splitlines()

    assert [line.split()[0] for line in lines] == list(RULES)
    assert {line.split()[1] for line in lines} == {"error", "warning"}
    assert run("--explain", "ref").output == (
        "ref (error)\n\nA `$ref` can be resolved. The message says which part of it was not found.\n"
        "It cannot be switched off.\n"
    )
    assert run("--explain", "latest-version").output.endswith("It can be switched off.\n")
    assert "did you mean `required`?" in run("--explain", "requird").output


def test_colours_are_for_terminals_only() -> None:
    assert "\x1b[" not in run("broken.yaml").output
    coloured = CliRunner().invoke(main, ["validate", "broken.yaml", "advised.yaml"], color=True).output
    assert "\x1b[31mrequired\x1b[0m" in coloured
    assert "\x1b[33mlatest-version\x1b[0m" in coloured


def test_what_a_stranger_wrote_cannot_colour_a_terminal(folder: Path) -> None:
    (folder / "evil.yaml").write_text('"a\\e[31m": 1\n')

    assert "\x1b" not in run("evil.yaml").output


# Forms for machines ----------------------------------------------------------------------------


def test_json_has_the_fields_of_the_problems() -> None:
    report = json.loads(run("broken.yaml", "sound.yaml", "--format", "json").output)

    assert report["files"] == ["broken.yaml", "sound.yaml"]
    assert report["problems"] == [
        {
            "rule": problem.rule,
            "severity": problem.severity,
            "message": problem.message,
            "pointer": problem.pointer,
            "file": "broken.yaml",
            "line": problem.line,
            "column": problem.column,
        }
        for problem in validate("broken.yaml")
    ]


def test_sarif_has_rules_results_and_places(folder: Path) -> None:
    (folder / "a b.yaml").write_text(ADVISED)
    log = json.loads(run("broken.yaml", "a b.yaml", "missing.yaml", "--format", "sarif").output)

    (only,) = log["runs"]
    rules = [rule["id"] for rule in only["tool"]["driver"]["rules"]]
    results = only["results"]
    assert log["version"] == "2.1.0"
    assert only["tool"]["driver"]["version"] == __version__
    assert [result["ruleId"] for result in results] == ["required", "unknown-field", "latest-version", "file"]
    assert all(rules[result["ruleIndex"]] == result["ruleId"] for result in results)
    assert [result["level"] for result in results] == ["error", "error", "warning", "error"]
    places = [result["locations"][0]["physicalLocation"] for result in results]
    assert places[0]["region"] == {"startLine": 2, "startColumn": 7}
    assert places[2]["artifactLocation"]["uri"] == "a%20b.yaml"
    assert "region" not in places[3]


def test_sarif_names_files_elsewhere_by_their_uri(folder: Path) -> None:
    log = json.loads(run(str(folder / "broken.yaml"), "--format", "sarif").output)
    location = log["runs"][0]["results"][0]["locations"][0]

    assert location["physicalLocation"]["artifactLocation"]["uri"] == (folder / "broken.yaml").as_uri()


def test_github_shows_problems_beside_lines(folder: Path) -> None:
    (folder / "a,b.yaml").write_text("asyncapi: '100%'\n")
    lines = run("broken.yaml", "advised.yaml", "a,b.yaml", "--format", "github").output.splitlines()

    assert lines == [
        "::error file=broken.yaml,line=2,col=7,title=asynction required"
        "::/info an Info needs the field `version`",
        "::error file=broken.yaml,line=3,col=1,title=asynction unknown-field"
        "::/chanels a Document has no field `chanels`; did you mean `channels`?",
        "::warning file=advised.yaml,line=1,col=1,title=asynction latest-version"
        "::/asyncapi 3.1.0 is the latest version of AsyncAPI",
        "::error file=a%2Cb.yaml,line=1,col=1,title=asynction asyncapi"
        "::/asyncapi `100%25` is not a supported version of AsyncAPI; supported are 2.0.0 to 3.1.0",
    ]


def test_junit_has_a_suite_for_each_file_and_a_case_for_each_rule(folder: Path) -> None:
    (folder / "ref.yaml").write_text(SOUND.replace("{}", "{c: {$ref: part.yaml}}"))
    (folder / "part.yaml").write_text('adress: <&>\n"\\x01": 1\n')
    text = run("sound.yaml", "broken.yaml", "advised.yaml", "ref.yaml", "--format", "junit").output
    suites = ElementTree.fromstring(text)

    found = {
        suite.get("name"): [
            (case.get("name"), [child.tag for child in case]) for case in suite.findall("testcase")
        ]
        for suite in suites
    }
    assert found == {
        "sound.yaml": [("asyncapi", [])],
        "broken.yaml": [("required", ["failure"]), ("unknown-field", ["failure"])],
        "advised.yaml": [("asyncapi", [])],
        "ref.yaml": [("asyncapi", [])],
        "part.yaml": [("unknown-field", ["failure"])],
    }
    assert [suite.get("failures") for suite in suites] == ["0", "2", "0", "0", "1"]
    assert [suite.get("tests") for suite in suites] == ["1", "2", "1", "1", "1"]
    (warning,) = suites.findall("./testsuite[@name='advised.yaml']/system-out")
    assert (warning.text or "").startswith("advised.yaml:1:1 latest-version")
    (failure,) = suites.findall("./testsuite[@name='part.yaml']/testcase/failure")
    assert len((failure.text or "").splitlines()) == 2


ANT = {
    "testsuites": (set(), ["testsuite*"]),
    "testsuite": (
        {"name", "package", "id", "timestamp", "hostname", "tests", "failures", "errors", "time"},
        ["properties", "testcase*", "system-out", "system-err"],
    ),
    "testcase": ({"name", "classname", "time"}, ["failure*"]),
    "failure": ({"type", "message"}, []),
}
"""The attributes that Ant's schema of JUnit reports requires, and the elements in their order."""


def test_junit_is_what_the_schema_of_ant_accepts(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    text = run("sound.yaml", "broken.yaml", "advised.yaml", "missing.yaml", "--format", "junit").output
    root = ElementTree.fromstring(text)

    for element in root.iter():
        attributes, children = ANT.get(element.tag, (set(), []))
        assert set(element.keys()) == attributes
        names = "".join(f"{child.tag} " for child in element)
        pattern = "".join(f"({name[:-1]} )*" if name.endswith("*") else f"{name} " for name in children)
        assert re.fullmatch(pattern, names), names
    assert [suite.get("id") for suite in root] == ["0", "1", "2", "3"]
    assert {suite.get("timestamp") for suite in root} == {"1970-01-01T00:00:00"}


@pytest.mark.parametrize("format_", ["sarif", "gitlab"])
def test_an_alert_stays_the_same_when_its_line_moves(folder: Path, format_: str) -> None:
    def fingerprints() -> list[str]:
        report = json.loads(run("broken.yaml", "advised.yaml", "--format", format_).output)
        if format_ == "gitlab":
            return [issue["fingerprint"] for issue in report]
        return [result["partialFingerprints"]["problem/v1"] for result in report["runs"][0]["results"]]

    before = fingerprints()
    path = folder / "broken.yaml"
    path.write_text(f"# A comment\n\n{path.read_text()}")

    assert len(set(before)) == len(before) == 3
    assert fingerprints() == before


def test_gitlab_shows_problems_in_merge_requests() -> None:
    issues = json.loads(run("broken.yaml", "advised.yaml", "missing.yaml", "--format", "gitlab").output)

    assert [(each["check_name"], each["severity"], each["location"]) for each in issues] == [
        ("required", "major", {"path": "broken.yaml", "lines": {"begin": 2}}),
        ("unknown-field", "major", {"path": "broken.yaml", "lines": {"begin": 3}}),
        ("latest-version", "minor", {"path": "advised.yaml", "lines": {"begin": 1}}),
        ("file", "major", {"path": "missing.yaml", "lines": {"begin": 1}}),
    ]
    assert issues[0]["description"] == "/info an Info needs the field `version`"


def test_rdjson_is_read_by_reviewdog() -> None:
    report = json.loads(run("broken.yaml", "advised.yaml", "missing.yaml", "--format", "rdjson").output)

    assert report["source"]["name"] == "asynction"
    first, *_, advised, missing = report["diagnostics"]
    assert first == {
        "message": "/info an Info needs the field `version`",
        "location": {"path": "broken.yaml", "range": {"start": {"line": 2}}},
        "severity": "ERROR",
        "code": {"value": "required"},
    }
    assert advised["severity"] == "WARNING"
    assert missing["location"] == {"path": "missing.yaml"}


# Handlers --------------------------------------------------------------------------------------

HANDLERS = """\
asyncapi: 3.1.0
info: {title: T, version: '1'}
channels:
  room:
    address: /
    x-handlers: {connect: %s.enter, error: %s.wrong_error}
    messages:
      one: {payload: {type: string}, x-handler: %s.one}
      two: {payload: {type: array, items: [{}, {}]}, x-handler: %s.one}
      three: {payload: {}, x-handler: %s.missing}
operations:
  all: {action: receive, channel: {$ref: '#/channels/room'}}
"""
CODE = """\
def enter(): ...
def wrong_error(): ...
def one(value): ...
"""


def test_handlers_are_imported_from_the_folder_of_the_document(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = folder / "service"
    service.mkdir()
    (service / "asyncapi.yaml").write_text(HANDLERS.replace("%s", "code_of_validate"))
    (service / "code_of_validate.py").write_text(CODE)
    path_before = list(sys.path)

    result = run("service/asyncapi.yaml", "--handlers", "--format", "json")

    problems = json.loads(result.output)["problems"]
    assert result.exit_code == 1
    assert [(problem["rule"], problem["pointer"]) for problem in problems] == [
        ("handler-signature", "/channels/room/x-handlers/error"),
        ("handler-signature", "/channels/room/messages/two/x-handler"),
        ("handler", "/channels/room/messages/three/x-handler"),
    ]
    assert sys.path == path_before
    assert run("service/asyncapi.yaml").exit_code == 0


def test_what_handlers_import_from_elsewhere_stays_imported(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    (folder / "code_with_import.py").write_text("import colorsys\ndef one(value): ...\n")
    (folder / "a.yaml").write_text(HANDLERS.replace("%s", "code_with_import"))

    run("a.yaml", "--handlers")

    assert "colorsys" in sys.modules
    assert "code_with_import" not in sys.modules


def test_handlers_of_a_broken_document_are_not_imported(folder: Path) -> None:
    (folder / "explodes.py").write_text("raise SystemExit('imported')")
    (folder / "a.yaml").write_text(HANDLERS.replace("%s", "explodes") + "banana: 1\n")

    assert "imported" not in run("a.yaml", "--handlers").output


def test_handlers_of_standard_input_come_from_the_working_folder(folder: Path) -> None:
    (folder / "code_of_stdin.py").write_text(CODE)
    text = "\n".join(line for line in HANDLERS.splitlines() if "two" not in line and "three" not in line)
    text = text.replace("%s", "code_of_stdin").replace(", error: code_of_stdin.wrong_error", "")

    assert run("-", "--handlers", stdin=text).exit_code == 0


def test_a_payload_that_cannot_be_checked_is_a_problem_of_what_is_served(folder: Path) -> None:
    avro = "{schemaFormat: application/vnd.apache.avro;version=1.9.0, schema: {type: int}}"
    channel = f"{{address: /, messages: {{m: {{payload: {avro}}}}}}}"
    operation = "{action: receive, channel: {$ref: '#/channels/c'}}"
    (folder / "avro.yaml").write_text(
        SOUND.replace("{}", f"{{c: {channel}}}") + f"operations: {{o: {operation}}}\n"
    )

    assert run("avro.yaml").exit_code == 0
    assert "schema-format /channels/c/messages/m" in run("avro.yaml", "--handlers").output


# What it costs ---------------------------------------------------------------------------------

HEAVY = (
    "flask",
    "flask_socketio",
    "socketio",
    "engineio",
    "werkzeug",
    "asyncio",
    "jsonschema",
    "http.client",
)


@pytest.mark.parametrize(
    "name", ["specs/examples/chat/asyncapi.yaml", "specs/examples/chat/asyncapi-3.1.yaml"]
)
@pytest.mark.parametrize("option", [[], ["--format", "junit"], ["--format", "sarif"]])
def test_it_imports_neither_a_web_framework_nor_what_is_slow(name: str, option: list[str]) -> None:
    code = (
        "import sys\nfrom asynction.cli import main\n"
        f"try: main(['validate', *{option}, {str(ROOT / name)!r}])\n"
        f"except SystemExit: print([name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )

    assert done.stdout.splitlines()[-1] == "[]"


def test_it_runs_as_a_program() -> None:
    environment: dict[str, Any] = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "asynction", "validate", "broken.yaml", "--format", "text"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=environment,
    )

    assert (done.returncode, done.stderr) == (1, "")
    assert "\x1b" not in done.stdout


# The time limit --------------------------------------------------------------------------------


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_a_check_that_takes_too_long_is_ended(folder: Path) -> None:
    os.mkfifo(folder / "pipe.yaml")  # the document itself may be a pipe; this one has no writer
    done = subprocess.run(
        [sys.executable, "-m", "asynction", "validate", "pipe.yaml", "--timeout", "0.5"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == "Error: the check took longer than 0.5 seconds (`--timeout`).\n"


def test_a_time_limit_is_a_positive_number() -> None:
    assert run("sound.yaml", "--timeout", "0").exit_code == 2
    assert run("sound.yaml", "--timeout", "5").exit_code == 0
