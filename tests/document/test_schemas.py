"""A schema becomes a self-contained one that accepts the same values."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import jsonschema
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from referencing import Registry
from referencing.jsonschema import DRAFT7

from asynction.contract import Schema
from asynction.document import _schemas
from asynction.document._nodes import Sources
from asynction.document._schemas import Schemas, dialect_of_format, named_dialect
from asynction.validation import DIALECTS, DRAFT_07, Validator

DRAFT_04 = "http://json-schema.org/draft-04/schema"
DRAFT_2019 = "https://json-schema.org/draft/2019-09/schema"
DRAFT_2020 = "https://json-schema.org/draft/2020-12/schema"


def bundled(schema: object, dialect: str | None = None, **beside: object) -> tuple[Schema | None, list[str]]:
    root = Sources().root({"it": schema, **beside})
    assert root is not None
    found = Schemas().bundle(root.child("it"), dialect)
    problems = root.sources.problems
    return found, [f"{p.severity} {p.rule} {p.pointer} {p.message}" for p in problems]


def sound(schema: object, dialect: str | None = None, **beside: object) -> Any:
    found, problems = bundled(schema, dialect, **beside)
    assert problems == []
    assert found is not None
    assert found.dialect in DIALECTS
    return found.value


@pytest.mark.parametrize(
    ("schema", "beside", "expected"),
    [
        (True, {}, True),
        ({"type": "string"}, {}, {"type": "string"}),
        ({"$ref": "#/a"}, {"a": {"$ref": "#/b"}, "b": {"type": "string"}}, {"type": "string"}),
        (
            {"items": {"$ref": "#/a"}},
            {"a": {"$ref": "#/b"}, "b": {"type": "string"}},
            {"items": {"$ref": "#/definitions/b"}, "definitions": {"b": {"type": "string"}}},
        ),
        (
            {"$ref": "#/a"},
            {"a": {"items": {"$ref": "#/a"}}},
            {
                "items": {"$ref": "#/definitions/a"},
                "definitions": {"a": {"items": {"$ref": "#/definitions/a"}}},
            },
        ),
        (
            {"properties": {"$ref": {"type": "string"}, "x": {"$ref": "#/x/y z/ä"}}},
            {"x": {"y z": {"ä": {}}}},
            {
                "properties": {"$ref": {"type": "string"}, "x": {"$ref": "#/definitions/-"}},
                "definitions": {"-": {}},
            },
        ),
        (
            {
                "enum": [{"$ref": "#/no"}],
                "const": {"$ref": "#/no"},
                "default": {"$ref": "#/no"},
                "examples": [{"$ref": "#/no"}],
                "x-mine": {"$ref": "#/no"},
            },
            {},
            None,
        ),
        (
            {"$id": "http://x.example/y", "id": "z", "$anchor": "a", "$schema": DRAFT_07, "$comment": "c"},
            {},
            {"$comment": "c"},
        ),
        (
            {"not": {"$ref": "#/it/definitions/a"}, "definitions": {"a": {"type": "null"}, "b": {}}},
            {},
            {"not": {"$ref": "#/definitions/a"}, "definitions": {"a": {"type": "null"}}},
        ),
        (
            {"dependencies": {"a": ["b"], "c": {"$ref": "#/x"}}},
            {"x": {}},
            {"dependencies": {"a": ["b"], "c": {"$ref": "#/definitions/x"}}, "definitions": {"x": {}}},
        ),
    ],
)
def test_a_bundle_has_all_that_it_needs_and_no_more(
    schema: object, beside: dict[str, Any], expected: object
) -> None:
    value = sound(schema, **beside)
    if expected is None:
        assert value.keys() == schema.keys()  # type: ignore[attr-defined]  # it is a mapping
        assert Validator(Schema({"type": "string"}, DRAFT_07)).accepts(("x",))
    else:
        assert value == expected


def test_targets_of_one_name_stay_apart() -> None:
    value = sound(
        {
            "allOf": [
                {"$ref": "#/a/x"},
                {"$ref": "#/b/x"},
                {"$ref": "#/a/x"},
                {"$ref": "#/c/x"},
                {"$ref": "#/d/x"},
            ]
        },
        a={"x": {"type": "string"}},
        b={"x": {"maxLength": 1}},
        c={"x": True},
        d={"x": True},
    )

    assert value["allOf"] == [{"$ref": f"#/definitions/{name}"} for name in ("x", "x-2", "x", "x-3", "x-4")]
    assert value["definitions"] == {
        "x": {"type": "string"},
        "x-2": {"maxLength": 1},
        "x-3": True,
        "x-4": True,
    }


@pytest.mark.parametrize(
    ("schema", "given", "dialect"),
    [
        ({}, None, DRAFT_07),
        ({}, DRAFT_04, DRAFT_04),
        ({"$schema": DRAFT_2019}, DRAFT_04, DRAFT_2019),
        ({"$schema": f"{DRAFT_04}#"}, None, DRAFT_04),
        ({"prefixItems": [{}]}, None, DRAFT_2020),
        ({"items": {"$ref": "#/pair"}}, None, DRAFT_2020),
        ({"prefixItems": [{}]}, DRAFT_07, DRAFT_07),
        ({"$schema": DRAFT_2019, "$ref": "#/plain"}, None, DRAFT_2019),
        ({"$ref": "#/modern"}, DRAFT_04, DRAFT_2020),
    ],
)
def test_the_nearest_word_about_the_dialect_counts(schema: object, given: str | None, dialect: str) -> None:
    found, problems = bundled(
        schema, given, pair={"prefixItems": [True]}, plain={}, modern={"$schema": DRAFT_2020}
    )

    assert [problem for problem in problems if "keyword-draft" not in problem] == []
    assert found is not None
    assert found.dialect == dialect


def test_a_file_names_the_dialect_of_all_schemas_in_it(tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    path.write_text(json.dumps({"$schema": DRAFT_04, "d": {"minimum": 0, "exclusiveMinimum": True}}))
    root = Sources().root(path)
    assert root is not None

    found = Schemas().bundle(root.child("d"))

    assert found is not None
    assert (found.dialect, found.value) == (DRAFT_04, {"minimum": 0, "exclusiveMinimum": True})
    assert named_dialect(root.child("d")) == DRAFT_04


@pytest.mark.parametrize(
    ("schema", "problems"),
    [
        ("text", ["error schema /it a schema is a mapping or a boolean"]),
        (None, ["error schema /it a schema is a mapping or a boolean"]),
        ({"$ref": "#/text"}, ["error schema /it/$ref `$ref: #/text` does not lead to a schema"]),
        (
            {"items": {"$ref": "#/text"}},
            ["error schema /it/items/$ref `$ref: #/text` does not lead to a schema"],
        ),
        ({"$ref": "#/no"}, ["error ref /it/$ref `$ref: #/no` cannot be resolved: `#` has no `no`"]),
        (
            {"not": {"$ref": "#/no"}},
            ["error ref /it/not/$ref `$ref: #/no` cannot be resolved: `#` has no `no`"],
        ),
        ({"type": "banana"}, ["error schema /it/type `banana` is not a JSON Schema type"]),
        ({"items": {"$ref": "#/bad"}}, ["error schema /bad/minimum must be number"]),
        ({"properties": {"a": 1}}, ["error schema /it/properties/a must be boolean or object"]),
        ({"$schema": "mine"}, ["error schema /it/$schema the dialect `mine` is unknown"]),
        (
            {"$schema": DRAFT_2020, "items": {"$dynamicRef": "#a"}},
            [
                "error ref /it/items/$dynamicRef `$dynamicRef: #a` cannot be resolved:"
                " a reference is a file, a JSON Pointer after `#`, or both"
            ],
        ),
    ],
)
def test_what_is_no_schema_is_a_problem_at_its_place(schema: object, problems: list[str]) -> None:
    assert bundled(schema, text="xyz", bad={"minimum": "0"}) == (None, problems)


def test_patterns_are_tried() -> None:
    found, problems = bundled(
        {
            "pattern": "^a+$",
            "patternProperties": {"^b": {}, "(?<n>a)\\k<n>": {}},
            "properties": {"c": {"pattern": "[a-z]"}},
        }
    )

    assert found is None
    assert [problem.partition(" the pattern cannot be used")[0] for problem in problems] == [
        "error schema /it/patternProperties/(?<n>a)\\k<n>"
    ]
    sound({"pattern": "^a+$", "patternProperties": {"^b": {}}})


def test_a_schema_that_only_its_engine_refuses_is_a_problem() -> None:
    found, problems = bundled({"pattern": "(?<n>a)\\k<n>"})

    assert found is None
    assert len(problems) == 1
    assert problems[0].startswith("error schema /it/pattern the pattern cannot be used: ")


@pytest.mark.parametrize(
    ("schema", "warnings"),
    [
        (
            {"$ref": "#/text", "description": "d", "$comment": "c", "definitions": {}},
            ["warning ref-siblings /it/description `description` beside `$ref` is ignored"],
        ),
        (
            {"items": {"$ref": "#/text", "maxLength": 1}},
            ["warning ref-siblings /it/items/maxLength `maxLength` beside `$ref` is ignored"],
        ),
        ({"$schema": DRAFT_2019, "$ref": "#/text", "description": "d"}, []),
        ({"$schema": DRAFT_2019, "$ref": "#/text", "maxLength": 1}, []),
        (
            {"items": {"$ref": "#/old"}},
            [
                "warning schema-dialect /it/items/$ref the schema is written in"
                " `http://json-schema.org/draft-04/schema` but is read as"
                " `http://json-schema.org/draft-07/schema`, like the schema that refers to it"
            ],
        ),
        ({"$schema": DRAFT_04, "items": {"$ref": "#/old"}}, []),
        (
            {"properties": {"a": {"type": "string", "default": 1}}},
            [
                "warning schema-default /it/properties/a/default the default breaks its own schema:"
                " must be string"
            ],
        ),
        (
            {"items": {"$ref": "#/text"}, "examples": [["a"], [1], [2]]},
            [
                "warning schema-example /it/examples/1 the example breaks its own schema: must be string",
                "warning schema-example /it/examples/2 the example breaks its own schema: must be string",
            ],
        ),
        ({"items": [{"type": "integer"}], "default": [1]}, []),
        (
            {"items": [{"type": "integer"}], "default": ["a"]},
            ["warning schema-default /it/default the default breaks its own schema: must be integer"],
        ),
        ({"type": "string", "format": "binary", "default": "text"}, []),
        ({"examples": "no list"}, ["error schema /it/examples must be array"]),
        ({"$schema": DRAFT_04, "examples": "no list"}, []),
    ],
)
def test_what_works_but_is_not_meant_so_is_a_warning(schema: object, warnings: list[str]) -> None:
    assert bundled(schema, text={"type": "string"}, old={"$schema": DRAFT_04})[1] == warnings


def test_a_default_is_checked_once_however_many_bundles_have_it(monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[Schema] = []

    def counting(schema: Schema) -> Validator:
        checked.append(schema)
        return Validator(schema)

    monkeypatch.setattr(_schemas, "Validator", counting)
    uses = {name: {"items": {"$ref": "#/s"}} for name in "abc"}
    root = Sources().root({**uses, "s": {"type": "string", "default": "x"}})
    assert root is not None

    schemas = Schemas()

    assert all(schemas.bundle(root.child(name)) for name in uses)
    assert len(checked) == 1


@pytest.mark.parametrize(
    ("schema", "value", "accepted"),
    [
        ({"$schema": DRAFT_2019, "$ref": "#/text", "maxLength": 1}, "ab", False),
        ({"$schema": DRAFT_2019, "$ref": "#/text", "maxLength": 1}, 1, False),
        ({"$schema": DRAFT_2019, "$ref": "#/text", "maxLength": 1}, "a", True),
        ({"$ref": "#/text", "maxLength": 1}, "ab", True),
    ],
)
def test_keywords_beside_a_reference_count_since_2019_09(
    schema: object, value: object, accepted: bool
) -> None:
    found, _ = bundled(schema, text={"type": "string"})

    assert found is not None
    assert Validator(found).accepts((value,)) is accepted


def test_a_bundle_knows_where_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text("a:\n  type: object\nb: {$ref: '#/a'}\n")
    root = Sources().root(path)
    assert root is not None

    found = Schemas().bundle(root.child("b"))

    assert found is not None
    assert str(found.location) == f"{path}:2:3"


def test_a_schema_of_the_greatest_depth_can_be_bundled(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text("a: " + "{not: " * 98 + "{}" + "}" * 98)
    root = Sources().root(path)
    assert root is not None

    found = Schemas().bundle(root.child("a"))

    assert found is not None
    assert Validator(found).accepts((1,))


@pytest.mark.parametrize(
    ("schema_format", "dialect"),
    [
        ("application/vnd.aai.asyncapi;version=2.0.0", ""),
        ("application/vnd.aai.asyncapi+json;version=2.6.0", ""),
        ("application/vnd.aai.asyncapi+yaml; version=2.3.0", ""),
        ("application/schema+json;version=draft-07", DRAFT_07),
        ("application/schema+yaml;version=draft-04", DRAFT_04),
        ('Application/Schema+JSON; version="draft-07"', DRAFT_07),
        ("application/schema;version=2020-12", DRAFT_2020),
        ("application/schema;version=draft-2019-09", DRAFT_2019),
        ("application/schema+json", ""),
        ("application/schema+json;version=draft-03", None),
        ("application/vnd.apache.avro;version=1.9.0", None),
        ("application/schema+xml;version=draft-07", None),
        ("banana", None),
    ],
)
def test_formats_of_schemas_name_their_dialects(schema_format: str, dialect: str | None) -> None:
    assert dialect_of_format(schema_format) == dialect


NAMES = ("a", "b", "c")
REFS = st.sampled_from(
    [f"#/{name}" for name in NAMES] + [f"other.json#/{name}" for name in NAMES] + ["other.json#/deep/0"]
)
SCHEMAS = st.recursive(
    st.sampled_from(
        [
            True,
            False,
            {},
            {"type": "string"},
            {"type": "object"},
            {"minimum": 1},
            {"const": None},
            {"maxLength": 2},
        ]
    )
    | st.builds(lambda ref: {"$ref": ref}, REFS),
    lambda inner: st.fixed_dictionaries(
        {},
        optional={
            "items": inner,
            "additionalProperties": inner,
            "properties": st.dictionaries(st.sampled_from(["p", "$ref"]), inner, max_size=2),
            "not": inner,
            "anyOf": st.lists(inner, min_size=1, max_size=2),
        },
    ),
    max_leaves=4,
)
FILES = st.fixed_dictionaries(
    {
        **dict.fromkeys(NAMES, SCHEMAS),
        "deep": st.lists(SCHEMAS, min_size=1, max_size=1),
    }
)
VALUES = st.recursive(
    st.sampled_from([None, 0, 1, 2, "x", "xyz", True]),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["p", "$ref", "q"]), inner, max_size=2)
    ),
    max_leaves=6,
)


def refs_in_place(schema: Any) -> Iterator[str]:
    """Return the references of a schema that apply to the instance itself, not to a part of it."""
    if isinstance(schema, dict):
        if "$ref" in schema:
            yield schema["$ref"]
        for inner in [schema.get("not"), *schema.get("anyOf", ())]:
            yield from refs_in_place(inner)


def never_ends(files: dict[str, Any]) -> bool:
    """Return True where a schema applies itself to the instance that it is applied to."""
    edges: dict[str, set[str]] = {}
    for uri, contents in files.items():
        for name in (*NAMES, "deep/0"):
            schema = contents["deep"][0] if name == "deep/0" else contents[name]
            edges[f"{uri}#/{name}"] = {urljoin(uri, ref) for ref in refs_in_place(schema)}
    for _ in edges:
        edges = {name: refs.union(*(edges[ref] for ref in refs)) for name, refs in edges.items()}
    return any(name in refs for name, refs in edges.items())


@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(FILES, FILES, VALUES)
def test_a_bundle_judges_as_the_references_do(
    tmp_path: Path, root_file: dict[str, Any], other: dict[str, Any], value: object
) -> None:
    (tmp_path / "root.json").write_text(json.dumps(root_file))
    (tmp_path / "other.json").write_text(json.dumps(other))
    sources = Sources()
    root = sources.root(tmp_path / "root.json")
    assert root is not None

    found = Schemas().bundle(root.child("a"))

    if found is None:
        assert {problem.rule for problem in sources.problems} == {"ref-cycle"}
        return
    verdict = Validator(found).accepts((value,))
    files = {"file:///x/root.json": root_file, "file:///x/other.json": other}
    assume(not never_ends(files))  # jsonschema goes on for ever
    registry: Registry[Any] = Registry().with_resources(
        (uri, DRAFT7.create_resource(contents)) for uri, contents in files.items()
    )
    reference = jsonschema.Draft7Validator({"$ref": "file:///x/root.json#/a"}, registry=registry)
    assert verdict is bool(reference.is_valid(value))
