"""YAML 1.2 text becomes plain data with locations, within limits of size and depth."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from asynction.document import _yaml
from asynction.document._source import Source, SourceMap
from asynction.document._yaml import MAX_DEPTH, is_number, key_text, parse
from asynction.problems import Location

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(min_value=1 - 2**1024, max_value=2**1024 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner),
    max_leaves=20,
)


@pytest.fixture(params=["libyaml", "PyYAML alone"], autouse=True)
def loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run all tests with and without libyaml, which not every PyYAML has."""
    if request.param == "PyYAML alone":
        monkeypatch.setattr(_yaml, "_LOADER", yaml.SafeLoader)


def problems_of(source: Source) -> list[tuple[str, int | None, int | None, str]]:
    return [(p.rule, p.line, p.column, p.pointer) for p in source.problems]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12", 12),
        ("+12", 12),
        ("-0", 0),
        ("0o17", 15),
        ("0x1F", 31),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("1.", 1.0),
        ("-1.5E-2", -0.015),
        ("true", True),
        ("FALSE", False),
        ("null", None),
        ("~", None),
        ("{a: }", {"a": None}),
        ("text", "text"),
        ("'12'", "12"),
        ('"true"', "true"),
        ("|\n  12\n", "12\n"),
        *((word, word) for word in ("on", "off", "yes", "no", "y", "n", "tRUE", "2026-01-31", "12:30:00")),
        *((word, word) for word in ("1_000", "0b11", "017x", "1e", "=", "nul", ".", "++1", "0x", "1.2.3")),
        ("017", 17),
        ("!!str 12", "12"),
        ("! 12", "12"),
        ("!!int '0x10'", 16),
        ("!!float 1", 1),
        ("!!bool 'true'", True),
        ("!!null ''", None),
        ("!!map {a: 1}", {"a": 1}),
        ("!!seq [1]", [1]),
    ],
)
def test_scalars_read_by_the_core_schema_of_yaml_1_2(text: str, expected: Any) -> None:
    source = parse(text, "f")

    assert (source.data, source.problems, source.complete) == (expected, [], True)
    assert type(source.data) is type(expected)


@pytest.mark.parametrize(
    ("text", "data"),
    [
        (
            "{200: a, true: b, null: c, 1.10: d, '': e, 0x1F: f, .nan: g, ~: h}",
            {"200": "a", "true": "b", "null": "c", "1.10": "d", "": "e", "0x1F": "f", ".nan": "g", "~": "h"},
        ),
        ("&a a: *a", {"a": "a"}),
        ("{a: &a 12, *a : b}", {"a": 12, "12": "b"}),
        ("{a: &x [1], b: *x}", {"a": [1], "b": [1]}),
        ("{x: &x {a: 1, b: 2}, y: {<<: *x, b: 3}}", {"x": {"a": 1, "b": 2}, "y": {"b": 3, "a": 1}}),
        ("{<<: {a: 1}}", {"a": 1}),
        ("{<<: [{a: 1}, {a: 2, b: 2}]}", {"a": 1, "b": 2}),
        ("{<<: text}", {"<<": "text"}),
        ("%YAML 1.1\n---\na: 1\n...\n", {"a": 1}),
    ],
)
def test_keys_are_strings_and_aliases_and_merges_are_applied(text: str, data: object) -> None:
    source = parse(text, "f")

    assert (source.data, source.problems) == (data, [])


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", ("empty-document", 1, 1, "")),
        ("# nothing", ("empty-document", 1, 1, "")),
        ("a: 1\n---\nb: 2", ("yaml-documents", 2, 1, "")),
        ("a: [.nan]", ("yaml-scalar", 1, 5, "/a/0")),
        ("a: -.inf", ("yaml-scalar", 1, 4, "/a")),
        ("a: 1e999", ("yaml-scalar", 1, 4, "/a")),
        ("a: " + "9" * 5000, ("yaml-scalar", 1, 4, "/a")),
        ("!mine a: b", ("yaml-tag", 1, 1, "")),
        ("a: !!int x", ("yaml-scalar", 1, 4, "/a")),
        ("a: !!bool yes", ("yaml-scalar", 1, 4, "/a")),
        ("a: !!binary eA==", ("yaml-tag", 1, 4, "/a")),
        ("a: !mine x", ("yaml-tag", 1, 4, "/a")),
        ("a: !!set {x}", ("yaml-tag", 1, 4, "/a")),
        ("a: {[1]: 2}", ("yaml-key", 1, 5, "/a")),
        ("a: {{}: 2}", ("yaml-key", 1, 5, "/a")),
        ("a: *b", ("yaml-alias", 1, 4, "/a")),
        ("a: &a {b: [*a]}", ("yaml-alias", 1, 12, "/a/b/0")),
        ("a: {<<: [1]}", ("yaml-merge", 1, 9, "/a/<<")),
        ("a: [1,\n", ("yaml-syntax", 2, 1, "")),
        ("a: b: c", ("yaml-syntax", 1, 5, "")),
        ("a:\n\tb: 1", ("yaml-syntax", 2, 1, "")),
        ("a: 1\nb: \x00", ("yaml-syntax", 2, 4, "")),
        ("\ud800", ("yaml-syntax", 1, 1, "")),
        ("[" * 100_000, ("document-depth", 1, MAX_DEPTH + 1, "/0" * MAX_DEPTH)),
    ],
)
def test_what_cannot_be_read_is_one_problem_at_its_place(
    text: str, problem: tuple[str, int, int, str]
) -> None:
    source = parse(text, "f")

    assert problems_of(source) == [problem]
    assert (source.data, source.complete) == (None, False)


@pytest.mark.parametrize("escape", ["\\ud83d", "\\UFFFFFFFF", "\\U00110000"])
def test_an_escape_that_is_no_unicode_is_a_problem(escape: str) -> None:
    source = parse(f'"{escape}"', "f")

    assert len(source.problems) == 1
    assert not source.complete


def test_duplicate_keys_are_all_reported_and_reading_goes_on() -> None:
    source = parse("a: {x: [1]}\nb: 1\na: {y: [2]}\nb: 2\n1: 0\n'1': 0\n", "f")

    assert problems_of(source) == [
        ("duplicate-key", 3, 1, "/a"),
        ("duplicate-key", 4, 1, "/b"),
        ("duplicate-key", 6, 1, "/1"),
    ]
    assert "first in line 1" in source.problems[0].message
    assert (source.data, source.complete) == ({"a": {"y": [2]}, "b": 2, "1": 0}, True)


def test_every_container_has_its_location_and_the_marks_of_its_keys() -> None:
    root = parse("a:\n  - x: 1\n    y: 2\n  - []\n", "f").map
    assert root is not None
    items = root.children["a"]

    assert root.location == Location("f", 1, 1, "")
    assert items.location == Location("f", 2, 3, "/a")
    assert items.marks == {0: (2, 5), 1: (4, 5)}
    assert items.children[0].location == Location("f", 2, 5, "/a/0")
    assert items.children[0].marks == {"x": (2, 5), "y": (3, 5)}
    assert items.children[1].location == Location("f", 4, 5, "/a/1")


@pytest.mark.parametrize(
    ("text", "pointers"),
    [
        ("a: {x: [1]}\na: 1\n", {}),
        ("a: {x: [1]}\na: [2]\n", {"a": ("/a", 2)}),
        ("a: &x [1]\nb: *x\n", {"a": ("/a", 1), "b": ("/a", 1)}),
        ("a: &x 1\nb: *x\n", {}),
    ],
)
def test_a_source_map_has_the_containers_that_the_data_have(
    text: str, pointers: dict[str, tuple[str, int]]
) -> None:
    root = parse(text, "f").map
    assert root is not None

    found = {key: (child.pointer, child.location.line) for key, child in root.children.items()}

    assert found == pointers


def test_what_is_merged_is_located_where_it_is_written() -> None:
    root = parse("- &x {a: [1], b: 2}\n- &y {a: [], c: {}}\n- {<<: [*x, *y], c: []}\n", "f").map
    assert root is not None
    merged = root.children[2]

    assert {key: child.pointer for key, child in merged.children.items()} == {"a": "/0/a", "c": "/2/c"}
    assert merged.location_of("b") == Location("f", 3, 3, "/2/b")


@given(JSON)
def test_a_source_map_mirrors_its_data(data: object) -> None:
    source = parse(json.dumps(data, ensure_ascii=False), "f")

    assert_mirrored(source.data, source.map)


def assert_mirrored(data: object, source_map: SourceMap | None) -> None:
    """Check that there is a source map for each mapping and sequence of the data, and no other."""
    if not isinstance(data, dict | list):
        assert source_map is None
        return
    assert source_map is not None
    items = dict(data) if isinstance(data, dict) else dict(enumerate(data))
    assert source_map.marks.keys() == items.keys()
    assert source_map.children.keys() <= items.keys()
    for key, item in items.items():
        assert_mirrored(item, source_map.children.get(key))


@pytest.mark.parametrize("opening", ["[", "{a: "])
def test_nesting_is_bounded(opening: str) -> None:
    closing = {"[": "]", "{a: ": "}"}[opening]

    assert parse(opening * MAX_DEPTH + closing * MAX_DEPTH, "f").complete
    assert (
        parse(opening * (MAX_DEPTH + 1) + closing * (MAX_DEPTH + 1), "f").problems[0].rule == "document-depth"
    )


def test_aliases_cannot_nest_deeper_than_text_can() -> None:
    lines = ["a0: &a0 " + "[" * 60 + "]" * 60, "a1: [" + "[" * 30 + "*a0" + "]" * 31]
    deepest = "\n".join([*lines, "a2: [" + "[" * 60 + "*a0" + "]" * 61])

    assert parse("\n".join(lines), "f").complete
    assert problems_of(parse(deepest, "f")) == [("document-depth", 3, 66, "/a2" + "/0" * 61)]


def test_aliases_that_expand_without_bound_are_refused() -> None:
    lines = ["a0: &a0 [x, x]", *(f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 9))]
    problem = parse("\n".join(lines), "f").problems[0]

    assert (problem.rule, problem.pointer, problem.line) == ("yaml-alias", "/a6", 7)


def test_a_text_beyond_the_bound_is_not_even_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_yaml, "MAX_BYTES", 10)

    assert problems_of(parse("x" * 11, "f")) == [("document-size", 1, 1, "")]
    assert problems_of(parse("é" * 6, "f")) == [("document-size", 1, 1, "")]
    assert parse("x" * 10, "f").complete


@settings(deadline=None)
@given(JSON, st.booleans())
def test_yaml_that_a_dumper_wrote_reads_back(data: Any, flow: bool) -> None:
    text = yaml.safe_dump(data, default_flow_style=flow, default_style='"')

    source = parse(text, "f")

    assert source.problems == []
    assert source.data == data


@settings(deadline=None, max_examples=300)
@given(st.text() | st.text("[]{}:,-&*!|>'\"#%@`?<\n\t ab01.~\\ux", max_size=40))
def test_any_text_is_data_or_problems(text: str) -> None:
    source = parse(text, "f")

    assert source.complete or source.problems
    assert json.loads(json.dumps(source.data, allow_nan=False)) == source.data


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (2**1024 - 1, True),
        (2**1024, False),
        (-(2**1024), False),
        (1.5, True),
        (float("nan"), False),
        (True, True),
    ],
)
def test_numbers_are_those_that_json_can_carry(value: float, expected: bool) -> None:
    assert is_number(value) is expected


@pytest.mark.parametrize(
    ("key", "text"), [(None, "null"), (True, "true"), (1, "1"), (1.5, "1.5"), ("a", "a")]
)
def test_a_key_is_the_text_that_json_has_for_it(key: object, text: str) -> None:
    assert key_text(key) == text
