"""The generic reader checks a document against its rows and reports every problem."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from asynction.document._nodes import Node, Sources
from asynction.document._objects_2 import EXTENSIONS, MISSPELT, REFERABLE, VARIANTS, VERSIONS
from asynction.document._reader import OBJECTS, Reader, forms

ROWS = [
    (major, name, row)
    for major, objects in OBJECTS.items()
    for rows in (objects, EXTENSIONS[major], *(variants for _, variants in VARIANTS.values()))
    for name, row in rows.items()
]
LEAVES = {"string", "boolean", "number", "null", "any", "Schema", "Reference", *forms()}


def read(value: object, kind: str, version: str = "2.6", **beside: object) -> list[str]:
    """Read `value` as `kind` and return the problems; `beside` are other parts of the document."""
    root = Sources().root({"it": value, **beside})
    assert root is not None
    Reader(version).read(root.child("it"), kind)
    return [
        f"{problem.severity} {problem.rule} {problem.pointer} {problem.message}"
        for problem in root.sources.problems
    ]


@pytest.mark.parametrize(("major", "name", "row"), ROWS)
def test_every_field_of_a_row_has_a_type_that_is_understood(
    major: str, name: str, row: dict[str, str]
) -> None:
    for field in row.values():
        match = re.fullmatch(r"([^@!]+)!?( @(2\.\d))?", field)
        assert match is not None
        assert match[3] is None or match[3] in VERSIONS
        for alternative in match[1].split("|"):
            kind = alternative.strip().strip("[]{}")
            assert kind in OBJECTS[major] or kind in LEAVES or re.fullmatch(r"'\w+'", kind)


def test_what_can_be_referred_to_is_a_row() -> None:
    assert REFERABLE.keys() <= OBJECTS["2"].keys() | OBJECTS["3"].keys()
    assert set(REFERABLE.values()) <= set(VERSIONS)
    assert set(MISSPELT.values()) <= {
        name for rows in EXTENSIONS.values() for row in rows.values() for name in row
    }


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("text", "string"),
        (True, "boolean"),
        ({"any": [1]}, "any"),
        (["a"], "[string]"),
        ([], "[Tag]"),
        ({"a": "b", "x-c": "d"}, "{string}"),
        ("GET", "'GET' | 'POST'"),
        ({"name": "a"}, "Message | MessageList"),
        ({"oneOf": []}, "Message | MessageList"),
        ("a.b", "string | [string]"),
        (["a.b", "a:C"], "string | [string]"),
        ([], "string | [string]"),
        ({"title": "t", "version": "1", "x-anything": 1}, "Info"),
        ({"ws": {"query": True}, "amqp": 1, "x-mine": 2}, "ChannelBindings"),
        ({"anything": ["scope"], "x-scheme": []}, "Requirement"),
        (True, "Schema"),
        ({"$ref": "#/schema"}, "Schema"),
    ],
)
def test_what_fits_is_not_mentioned(value: object, kind: str) -> None:
    assert read(value, kind, schema={"type": "string"}) == []


@pytest.mark.parametrize(
    ("value", "kind", "problem"),
    [
        (1, "string", "error type /it expected a string, found a number"),
        (None, "string", "error type /it expected a string, found nothing"),
        ("true", "boolean", "error type /it expected a boolean, found a string"),
        ({}, "[string]", "error type /it expected a list, found a mapping"),
        (["a", 1.5], "[string]", "error type /it/1 expected a string, found a number"),
        ([], "{string}", "error type /it expected a mapping, found a list"),
        ({"x-a": True}, "{string}", "error type /it/x-a expected a string, found a boolean"),
        ("get", "'get1' | 'POST'", "error enum /it `get` is not one of get1, POST; did you mean `get1`?"),
        ([], "'GET' | 'POST'", "error enum /it `[]` is not one of GET, POST"),
        ("a", "Message | MessageList", "error type /it expected a Message, found a string"),
        (1, "string | [string]", "error type /it expected a string or a list of strings, found a number"),
        ({}, "string | [string]", "error type /it expected a string or a list of strings, found a mapping"),
        (None, "string | [string]", "error type /it expected a string or a list of strings, found nothing"),
        (["a", 1], "string | [string]", "error type /it/1 expected a string, found a number"),
        ("a", "Info", "error type /it expected an Info, found a string"),
        ([], "Components", "error type /it expected a Components Object, found a list"),
        ({}, "Tag", "error required /it a Tag needs the field `name`"),
        (
            {"nmae": "a"},
            "Contact",
            "error unknown-field /it/nmae a Contact has no field `nmae`; did you mean `name`?",
        ),
        ({"a": 1}, "Requirement", "error type /it/a expected a list, found a number"),
        ({"x-a": 1}, "Requirement", "error type /it/x-a expected a list, found a number"),
        ({"a": 1}, "Reference", "error type /it expected a `$ref`, found a mapping"),
        (
            {"$ref": "#/nowhere"},
            "Reference",
            "error ref /it/$ref `$ref: #/nowhere` cannot be resolved: `#` has no `nowhere`",
        ),
        ({"$ref": 1}, "Message", "error type /it/$ref expected a string, found a number"),
        ({"$ref": "#/it"}, "Contact", "error unknown-field /it/$ref a Contact has no field `$ref`"),
        ({"$ref": "#/it"}, "Message", "error ref-cycle /it `$ref: #/it` leads back to itself"),
        ({"$ref": "#/text"}, "Message", "error type /text expected a Message, found a string"),
        ({"$ref": "#/text"}, "Schema", "error schema /it/$ref `$ref: #/text` does not lead to a schema"),
        ({"type": "x"}, "Schema", "error schema /it/type `x` is not a JSON Schema type"),
        ("a", "Schema", "error schema /it a schema is a mapping or a boolean"),
        (
            {"type": "htp"},
            "SecurityScheme",
            "error enum /it/type `htp` is not a type of a SecurityScheme; did you mean `http`?",
        ),
    ],
)
def test_what_does_not_fit_is_one_problem_at_its_place(value: object, kind: str, problem: str) -> None:
    assert read(value, kind, text="xyz") == [problem]


@pytest.mark.parametrize(
    ("value", "kind", "problems"),
    [
        (
            {"x-hander": "a.b"},
            "Message",
            ["warning misspelt /it/x-hander `x-hander` is read as `x-handler`; correct the spelling"],
        ),
        (
            {"x-hander": 1},
            "Message",
            [
                "warning misspelt /it/x-hander `x-hander` is read as `x-handler`; correct the spelling",
                "error type /it/x-hander expected a string, found a number",
            ],
        ),
        (
            {"x-hander": "a.b"},
            "Channel",
            [
                "error unknown-extension /it/x-hander `x-hander` is not an extension of a Channel;"
                " did you mean `x-handlers`?"
            ],
        ),
        *(
            (
                {"x-middleware": "a.b"},
                kind,
                [
                    f"error unknown-extension /it/x-middleware `x-middleware` is not an extension of"
                    f" {article} {kind}; did you mean `x-middlewares`?"
                ],
            )
            for article, kind in (("a", "Channel"), ("an", "Operation"), ("a", "Message"))
        ),
        ({"x-middleware": "a.b"}, "Info", []),
        ({"x-other": 1, "x-ack": {}}, "Message", []),
        ({"x-hander": 1}, "Info", []),
    ],
)
def test_extensions_are_ours_misspelt_or_unknown(value: object, kind: str, problems: list[str]) -> None:
    required = {"title": "t", "version": "1"} if kind == "Info" else {}

    assert read({**required, **value}, kind) == problems  # type: ignore[dict-item]  # all are mappings


@pytest.mark.parametrize(
    ("version", "problems"),
    [
        (
            "2.3",
            [
                "error version /it/messageId"
                " `messageId` of a Message came with AsyncAPI 2.4; this document is 2.3"
            ],
        ),
        ("2.4", []),
        ("2.6", []),
    ],
)
def test_a_field_of_a_later_version_is_refused(version: str, problems: list[str]) -> None:
    assert read({"messageId": "m"}, "Message", version) == problems


def test_fields_beside_a_reference_are_ignored_with_a_warning() -> None:
    assert read({"$ref": "#/m", "name": 1}, "Message", m={"name": "a"}) == [
        "warning ref-siblings /it/name `name` beside `$ref` is ignored"
    ]


def test_what_several_references_reach_is_read_once() -> None:
    problems = read([{"$ref": "#/m"}, {"$ref": "#/m"}], "[Message]", m={"name": 1})

    assert problems == ["error type /m/name expected a string, found a number"]


def test_schemas_are_read_through_references_cycles_and_all() -> None:
    problems = read(
        {"items": {"$ref": "#/a"}, "not": {"$ref": "#/no"}},
        "Schema",
        a={"properties": {"self": {"$ref": "#/a"}, "b": {"$ref": "#/b"}}},
        b={"properties": {"back": {"$ref": "#/a"}, "flag": {"$ref": "#/flag"}, "bad": {"$ref": "#/bad"}}},
        flag=True,
        bad={"minimum": "0"},
    )

    assert sorted(problems) == [
        "error ref /it/not/$ref `$ref: #/no` cannot be resolved: `#` has no `no`",
        "error schema /bad/minimum must be number",
    ]


def test_a_long_chain_of_schemas_does_not_overflow_the_stack() -> None:
    chain: dict[str, Any] = {f"s{i}": {"items": {"$ref": f"#/s{i + 1}"}} for i in range(3000)}

    assert read({"$ref": "#/s0"}, "Schema", s3000={"type": "x"}, **chain) == [
        "error schema /s3000/type `x` is not a JSON Schema type"
    ]


@pytest.mark.parametrize(
    ("definition", "problems"),
    [
        (
            '{"$schema": "http://json-schema.org/draft-04/schema", "d": {"items": {"$ref": "#/e"}}, "e": %s}',
            [],
        ),
        (
            '{"d": {"items": {"$ref": "#/e"}}, "e": %s}',
            ["s.json schema /e/exclusiveMinimum must be number"],
        ),
    ],
)
def test_a_schema_is_held_to_the_dialect_of_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, definition: str, problems: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.json").write_text(definition % '{"minimum": 1, "exclusiveMinimum": true}')
    root = Sources().root({"it": {"$ref": "s.json#/d"}})
    assert root is not None

    Reader("2.6").read(root.child("it"), "Schema")

    found = root.sources.problems
    assert [f"{p.file} {p.rule} {p.pointer} {p.message}" for p in found] == problems


def test_a_schema_outside_hands_its_dialect_to_what_it_refers_to() -> None:
    problems = read(
        {"$schema": "http://json-schema.org/draft-04/schema#", "items": {"$ref": "#/e"}},
        "Schema",
        e={"minimum": 1, "exclusiveMinimum": True},
    )

    assert problems == []


def test_a_node_may_be_read_by_itself() -> None:
    sources = Sources()

    Reader("2.6").read(Node("text", sources, "f"), "string")

    assert sources.problems == []
