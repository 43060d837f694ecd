"""Any input ends in a Contract or in a DocumentError that has all problems."""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from asynction.contract import Contract, Event, Schema
from asynction.document import load, reporting_reads, validate
from asynction.document._objects_2 import EXTENSIONS, OBJECTS_2
from asynction.document._yaml import MAX_BYTES
from asynction.exceptions import DocumentError
from asynction.problems import Problem
from asynction.rules import RULES
from asynction.validation import Validator

SPECS = Path(__file__).parents[2] / "specs"
EXAMPLES = sorted(SPECS.glob("examples/*/asyncapi.yaml"))
CASES = [
    case
    for path in sorted((SPECS / "conformance").glob("documents*.yaml"))
    for case in yaml.safe_load(path.read_text(encoding="utf-8"))
]
MINIMAL: dict[str, Any] = {"asyncapi": "2.6.0", "info": {"title": "T", "version": "1"}, "channels": {}}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


LINTS = [rule.name for rule in RULES.values() if rule.lint]
"""Advice that most cases are not about; a case that is has its own `ignore`."""


def shown(problem: Problem) -> str:
    """Return a problem as the cases write it, without its message."""
    location = "-" if problem.line is None else f"{problem.line}:{problem.column}"
    if problem.file != "asyncapi.yaml":
        location = f"{problem.file}:{location}"
    return f"{location} {problem.rule} {problem.pointer or '/'}"


def agree(problems: list[Problem], expected: list[str]) -> None:
    assert [shown(problem) for problem in problems] == [line.partition(" | ")[0] for line in expected]
    for problem, line in zip(problems, expected, strict=True):
        assert line.partition(" | ")[2] in problem.message


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_case(case: dict[str, Any], folder: Path) -> None:
    for name, text in case.get("files", {"asyncapi.yaml": case.get("document")}).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")

    problems = validate("asyncapi.yaml", ignore=case.get("ignore", LINTS))

    errors = [problem for problem in problems if problem.severity == "error"]
    warnings = [problem for problem in problems if problem.severity == "warning"]
    agree(errors, case.get("problems", []))
    agree(warnings, case.get("warnings", []))
    assert case.get("loads", False) is not bool(errors)
    if errors:
        with pytest.raises(DocumentError) as caught:
            load("asyncapi.yaml")
        assert list(caught.value.problems) == errors
    else:
        served = [problem for problem in warnings if not RULES[problem.rule].lint]
        assert list(load("asyncapi.yaml").warnings) == served


def test_the_names_of_the_cases_are_distinct() -> None:
    assert len({case["name"] for case in CASES}) == len(CASES)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.parent.name)
@pytest.mark.parametrize("spec", [str, Path, lambda path: yaml.safe_load(path.read_text())])
def test_the_examples_load_from_a_str_a_path_and_a_mapping(path: Path, spec: Callable[[Path], Any]) -> None:
    contract = load(spec(path))

    assert contract == load(path)
    assert contract.namespaces


def test_a_mapping_may_be_of_any_kind_and_is_not_kept() -> None:
    spec = copy.deepcopy(MINIMAL)
    spec["channels"] = {"/": {"publish": {"message": {"name": "e", "payload": {"type": "string"}}}}}
    contract = load(MappingProxyType(spec))
    spec["channels"]["/"]["publish"]["message"]["payload"]["type"] = "integer"

    event = contract.namespaces["/"].receives["e"]
    assert event.args is not None
    assert event.args.value == {"type": "string"}
    assert contract.files == ()


def only_event(document: str, folder: Path) -> Event:
    (folder / "asyncapi.yaml").write_text(document)
    return load("asyncapi.yaml").namespaces["/"].receives["m"]


def payload_of(case_name: str, folder: Path) -> Validator:
    case = next(case for case in CASES if case["name"] == case_name)
    args = only_event(case["document"], folder).args
    assert isinstance(args, Schema)
    return Validator(args)


@pytest.mark.parametrize(
    ("case", "value", "accepted"),
    [
        (
            "integers, booleans, floats and nulls stay what they are",
            {"age": 0, "share": 0.5, "note": None},
            True,
        ),
        ("integers, booleans, floats and nulls stay what they are", {"age": -1}, False),
        ("integers, booleans, floats and nulls stay what they are", {"age": 0, "more": 1}, False),
        ("words that YAML 1.1 turns into booleans, dates and numbers stay strings", "on", True),
        ("words that YAML 1.1 turns into booleans, dates and numbers stay strings", "2026-01-31", True),
        ("words that YAML 1.1 turns into booleans, dates and numbers stay strings", True, False),
        ("numbers of YAML 1.2", 31, True),
        ("numbers of YAML 1.2", 15, True),
        ("numbers of YAML 1.2", "+12", False),
        ("properties named $ref and ref", {"$ref": "x", "ref": "y"}, True),
        ("properties named $ref and ref", {"$ref": 1}, False),
        ("a $ref in data is not a reference", {"$ref": "#/nowhere"}, True),
        ("a reference to a reference", 1, False),
        ("recursive schemas", {"children": [{"children": [], "twin": {"tree": {}}}]}, True),
        ("recursive schemas", {"children": [{"children": {}}]}, False),
        ("recursive schemas", {"twin": {"tree": {"twin": 1}}}, False),
        ("pointers that are escaped and percent-encoded", 1, False),
        ("keywords beside $ref count in draft 2020-12", "long", False),
        ("anchors, aliases and merge keys", {"id": 1}, True),
        ("anchors, aliases and merge keys", {"other": 1}, False),
    ],
)
def test_what_a_case_loads_judges_as_it_says(case: str, value: object, accepted: bool, folder: Path) -> None:
    assert payload_of(case, folder).accepts((value,)) is accepted


def test_all_problems_are_in_one_error_one_a_line(folder: Path) -> None:
    (folder / "a.yaml").write_text("asyncapi: 2.6.0\ninfo: {}\nchanels: {}\n")

    with pytest.raises(DocumentError) as caught:
        load("a.yaml")

    assert str(caught.value).splitlines() == [
        "a.yaml:1:1 required / a Document needs the field `channels`",
        "a.yaml:2:7 required /info an Info needs the field `title`",
        "a.yaml:2:7 required /info an Info needs the field `version`",
        "a.yaml:3:1 unknown-field /chanels a Document has no field `chanels`; did you mean `channels`?",
    ]


def unreadable(folder: Path) -> None:
    """Make a file that cannot be read, by name."""
    (folder / "folder").mkdir()
    (folder / "binary").write_bytes(base64.b64decode("f0VMRgIBAQAAAAAAAAAAAP8="))
    (folder / "utf-16").write_text("asyncapi: 2.6.0", encoding="utf-16")
    (folder / "large").write_bytes(b"x: '" + b" " * 10 * 1024 * 1024 + b"'")
    (folder / "deep").write_text("x-a: " + "[" * 100_000)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("missing", "missing file / `missing` cannot be read: No such file or directory"),
        ("folder", "folder file / `folder` cannot be read: Is a directory"),
        ("binary", "binary file / `binary` is not UTF-8 text (byte 16)"),
        ("utf-16", "utf-16 file / `utf-16` is not UTF-8 text (byte 0)"),
        ("large", f"large file / `large` is larger than {MAX_BYTES:,} bytes; split it with `$ref`"),
        ("deep", "deep:1:105 document-depth /x-a" + "/0" * 99 + " nested deeper than 100 levels"),
        ("\ud800", "\\ud800 file / this is not a valid path of a file"),
        ("asyncapi: 2.6.0\n" * 1000, None),
    ],
)
def test_a_file_that_cannot_be_read_is_a_document_error(name: str, line: str | None, folder: Path) -> None:
    unreadable(folder)

    with pytest.raises(DocumentError) as caught:
        load(name)

    assert len(str(caught.value).splitlines()) == 1
    if line is not None:
        assert str(caught.value) == line


def test_a_retriever_is_handed_on() -> None:
    spec = {**MINIMAL, "channels": {"/": {"$ref": "https://x.example/c.yaml"}}}

    def fetch(url: str) -> str:
        assert url == "https://x.example/c.yaml"
        return "description: Far away."

    assert load(spec, retriever=fetch).namespaces["/"].description == "Far away."
    assert [problem.rule for problem in validate(spec, ignore=LINTS)] == ["ref"]
    assert validate(spec, retriever=fetch, ignore=LINTS) == []


@pytest.mark.parametrize("text", ["{}", "publish: [\n", None], ids=["sound", "broken", "missing"])
def test_the_files_of_a_document_are_reported_before_they_are_read(folder: Path, text: str | None) -> None:
    (folder / "a.yaml").write_text(json.dumps({**MINIMAL, "channels": {"/": {"$ref": "sub/../b.yaml"}}}))
    if text is not None:
        (folder / "b.yaml").write_text(text)
    reads: list[Path] = []
    with reporting_reads(reads.append):
        validate("a.yaml")
    validate("a.yaml")  # after the block, nothing is reported

    assert list(dict.fromkeys(reads)) == [folder / "a.yaml", folder / "b.yaml"]


def test_the_files_of_a_contract_are_known(folder: Path) -> None:
    (folder / "a.yaml").write_text(json.dumps({**MINIMAL, "channels": {"/": {"$ref": "b.yaml"}}}))
    (folder / "b.yaml").write_text("{}")

    assert load("a.yaml").files == ("a.yaml", "b.yaml")


def ends_well(spec: Any) -> None:
    """Load `spec`; check that it gives a Contract or a DocumentError, with the problems in order."""
    problems = validate(spec, ignore=LINTS)
    keys = [(p.file, p.line or 0, p.column or 0, p.pointer) for p in problems]
    assert keys == sorted(keys)
    assert len(set(problems)) == len(problems)
    assert all(str(problem).isprintable() for problem in problems)
    if errors := [problem for problem in problems if problem.severity == "error"]:
        with pytest.raises(DocumentError) as caught:
            load(spec)
        assert list(caught.value.problems) == errors
    else:
        contract = load(spec)
        assert isinstance(contract, Contract)
        assert list(contract.warnings) == problems


@settings(deadline=None, max_examples=150)
@given(st.binary() | st.text().map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_end_well(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzz.yaml"
    path.write_bytes(data)

    ends_well(path)


FIELDS = sorted(
    {name for row in [*OBJECTS_2.values(), *EXTENSIONS["2"].values()] for name in row}
    | {"$ref", "x-hander", "publsh", "/", "a", "properties", "items", "prefixItems", "type", "default"}
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.floats()
    | st.text(max_size=3)
    | st.sampled_from(
        [
            *("2.6.0", "2.0.0", "3.0.0", "object", "integer", "string", "oauth2", "http", "GET", "binary"),
            *(
                "#/components/schemas/a",
                "#/components/messages/a",
                "#/channels/~1",
                "#",
                "#/a",
                "missing.yaml",
            ),
            *("ws://{a}/b", "//[", "application/schema+json;version=draft-04", "connect", "a"),
        ]
    )
)
SHAPES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=4),
    max_leaves=12,
)
OPERATIONS = st.fixed_dictionaries(
    {"message": SHAPES | st.fixed_dictionaries({"oneOf": st.lists(SHAPES, max_size=3)})},
    optional={"traits": SHAPES, "security": SHAPES},
)
DOCUMENTS = st.fixed_dictionaries(
    {"asyncapi": st.sampled_from(["2.6.0", "2.0.0", 2.6]), "info": st.just(MINIMAL["info"]) | SHAPES},
    optional={
        "channels": st.fixed_dictionaries(
            {"/": st.fixed_dictionaries({}, optional={"publish": OPERATIONS, "x-security": SHAPES})}
        )
        | SHAPES,
        "servers": st.dictionaries(st.sampled_from(["a", "x-b"]), SHAPES),
        "components": st.fixed_dictionaries(
            {},
            optional={
                "schemas": st.fixed_dictionaries({"a": SHAPES}),
                "messages": st.fixed_dictionaries({"a": SHAPES}),
                "securitySchemes": st.fixed_dictionaries({"a": SHAPES}),
                "messageTraits": SHAPES,
            },
        ),
        "tags": SHAPES,
    },
)


@pytest.mark.parametrize(
    ("extension", "rule"),
    [({"x-middlewares": "a.b"}, "event-name"), ({"x-asynction": {}}, "no-event"), ({}, "no-event")],
)
def test_a_document_that_names_code_at_its_root_is_meant_to_be_served(
    extension: dict[str, Any], rule: str
) -> None:
    problems = validate({**MINIMAL, **extension, "channels": {"/": {"publish": {"message": {}}}}})

    assert rule in [problem.rule for problem in problems]


@settings(deadline=None, max_examples=400)
@given(DOCUMENTS)
def test_any_mapping_ends_well(spec: dict[str, Any]) -> None:
    ends_well(spec)


def containers(value: Any) -> list[Any]:
    found = [value] if isinstance(value, dict | list) and value else []
    for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        found += containers(child)
    return found


def mutate(data: st.DataObject, document: Any) -> None:
    """Delete, replace or duplicate one node of `document`."""
    parent = data.draw(st.sampled_from(containers(document)))
    key = data.draw(st.sampled_from(range(len(parent)) if isinstance(parent, list) else sorted(parent)))
    other = data.draw(st.sampled_from(containers(document)))
    change = data.draw(st.sampled_from(["delete", "replace", "copy", "rename"]))
    if change == "delete":
        del parent[key]
    elif change == "replace":
        parent[key] = data.draw(SHAPES)
    elif change == "copy":
        parent[key] = copy.deepcopy(other)
    elif isinstance(parent, dict):
        parent[data.draw(st.sampled_from(FIELDS))] = parent.pop(key)
    else:
        parent.append(copy.deepcopy(parent[key]))


@settings(deadline=None, max_examples=200)
@given(st.data(), st.sampled_from(EXAMPLES), st.integers(1, 3))
def test_any_change_to_an_example_ends_well(data: st.DataObject, path: Path, changes: int) -> None:
    document = yaml.safe_load(path.read_text())
    for _ in range(changes):
        mutate(data, document)

    ends_well(document)
