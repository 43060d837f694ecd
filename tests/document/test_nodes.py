"""Every value of a document has its location, and a `$ref` may lead to another file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from asynction.document._files import MAPPING
from asynction.document._nodes import Node, Retriever, Sources


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def root_of(folder: Path, text: str) -> Node:
    write(folder, {"root.yaml": text})
    root = Sources().root(folder / "root.yaml")
    assert root is not None
    return root


def at(node: Node, *path: str | int) -> Node:
    for token in path:
        node = node.child(token)
    return node


def problems_of(node: Node) -> list[str]:
    return [f"{p.line}:{p.column} {p.rule} {p.pointer} {p.message}" for p in node.sources.problems]


@pytest.fixture(autouse=True)
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


TEXT = """\
a: {b: [x, {c: d}]}
e: f
"""


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ((), "root.yaml:1:1"),
        (("a",), "root.yaml:1:4"),
        (("a", "b"), "root.yaml:1:8"),
        (("a", "b", 0), "root.yaml:1:9"),
        (("a", "b", 1), "root.yaml:1:12"),
        (("a", "b", 1, "c"), "root.yaml:1:13"),
        (("e",), "root.yaml:2:1"),
    ],
)
def test_a_node_is_located_where_it_is_written_a_scalar_at_its_key(
    tmp_path: Path, path: tuple[str | int, ...], location: str
) -> None:
    node = at(root_of(tmp_path, TEXT), *path)

    assert str(node.location) == f"{tmp_path}{os.sep}{location}"
    assert node.location.pointer == "".join(f"/{token}" for token in path)


def test_a_key_that_is_absent_is_located_at_its_mapping(tmp_path: Path) -> None:
    location = root_of(tmp_path, TEXT).location_of_key("new")

    assert (location.line, location.column, location.pointer) == (1, 1, "/new")


def test_a_scalar_document_has_a_file_and_no_line(tmp_path: Path) -> None:
    root = root_of(tmp_path, "text")

    assert (root.location.file, root.location.line, root.location.pointer) == (
        str(tmp_path / "root.yaml"),
        None,
        "",
    )


def test_a_node_without_a_source_is_located_at_its_base() -> None:
    assert str(Node(1, Sources(), "somewhere").location) == "somewhere"
    assert Node(1, Sources(), "somewhere").file_data is None


def test_a_value_in_a_mapping_has_a_pointer_and_no_line() -> None:
    root = Sources().root({"a": [{"b": 1}]})
    assert root is not None

    assert str(at(root, "a", 0).location) == MAPPING
    assert at(root, "a", 0, "b").location.pointer == "/a/0/b"


def test_an_aliased_container_is_located_at_its_anchor(tmp_path: Path) -> None:
    root = root_of(tmp_path, "a: &x {b: 1}\nc: *x\n")

    assert at(root, "c").location.pointer == "/a"


def test_accessors_read_what_is_there_and_pass_by_what_is_not(tmp_path: Path) -> None:
    root = root_of(
        tmp_path, "m: {a: 1, b: {$ref: '#/t'}, c: {$ref: '#/no'}}\nl: [1, {$ref: '#/no'}]\nt: text\n"
    )

    assert [(name, node.value) for name, node in root.items("m")] == [("a", 1), ("b", "text")]
    assert [node.value for node in root.each("l")] == [1]
    assert list(root.items("l")) == list(root.items("no")) == []
    assert list(root.each("m")) == list(root.each("no")) == []
    assert (root.text("t"), root.text("m"), root.text("no"), root.child("t").text("x")) == (
        "text",
        "",
        "",
        "",
    )
    assert (root.get("no"), root.child("t").get("x")) == (None, None)


@pytest.mark.parametrize(
    ("value", "ref"), [({"$ref": "#/a"}, "#/a"), ({"$ref": 1}, None), ({}, None), ([], None), (None, None)]
)
def test_only_a_string_is_a_reference(value: Any, ref: str | None) -> None:
    assert Node(value, Sources(), "").ref == ref


@pytest.mark.parametrize(
    ("ref", "pointer", "value"),
    [
        ("#", "", None),
        ("#/a", "/a", {"b": ["x", {"~1": "y"}], "c/d": "z", "": {"": "e"}}),
        ("#/a/b/0", "/a/b/0", "x"),
        ("#/a/b/1/~01", "/a/b/1/~01", "y"),
        ("#/a/c~1d", "/a/c~1d", "z"),
        ("#/a/c%7e1d", "/a/c~1d", "z"),
        ("#%2Fa%2Fb%2F0", "/a/b/0", "x"),
        ("#/a//", "/a//", "e"),
        ("root.yaml#/a/b/0", "/a/b/0", "x"),
        ("./sub/../root.yaml#/a/b/0", "/a/b/0", "x"),
    ],
)
def test_a_pointer_leads_to_a_value_and_its_place(
    tmp_path: Path, ref: str, pointer: str, value: object
) -> None:
    root = root_of(tmp_path, "a: {b: [x, {'~1': y}], c/d: z, '': {'': e}}")

    node = root.lookup(ref)

    assert node is not None
    assert node.value == (root.value if value is None else value)
    assert node.location.pointer == pointer
    assert node.location.line == 1
    assert problems_of(root) == []
    assert len(root.sources.by_uri) == 1


@pytest.mark.parametrize(
    ("ref", "message"),
    [
        ("#/b", "`#` has no `b`"),
        ("#/lsit", "`#` has no `lsit`; did you mean `list`?"),
        ("#/a/b%2fc", "`#/a` has no `b`"),
        ("#/list/1", "`#/list` has no `1`"),
        ("#/list/-1", "`#/list` has no `-1`"),
        ("#/list/00", "`#/list` has no `00`"),
        ("#/list/\u0660", "`#/list` has no `\u0660`"),
        ("#/text/0", "`#/text` has no `0`"),
        ("#/a/b~1c", "`#/a` has no `b/c`"),
        ("#/definitions/x", "`#` has no `definitions`; a pointer starts at the root of its file"),
        ("#/a/definitions", "`#/a` has no `definitions`"),
        ("#name", "a reference is a file, a JSON Pointer after `#`, or both"),
        ("missing.yaml", "`missing.yaml` cannot be read: No such file or directory"),
        ("sub#/a", "`sub` cannot be read: Is a directory"),
        ("a%00b", "`a\x00b` cannot be read: embedded null byte"),
        ("//[x#/a", "it is not a URI"),
        ("https://[x", "it is not a URI"),
        (
            "https://x.example/a.yaml#/a",
            "`https://x.example/a.yaml` is not fetched; name a copy by `--map URL=FILE` or a `retriever`",
        ),
    ],
)
def test_a_reference_to_nothing_says_where_the_way_ends(tmp_path: Path, ref: str, message: str) -> None:
    (tmp_path / "sub").mkdir()
    root = root_of(tmp_path, f"a: {{}}\nlist: [1]\ntext: xyz\nr: {{$ref: {ref!r}}}")

    assert at(root, "r").resolved() is None
    assert problems_of(root) == [f"4:5 ref /r/$ref `$ref: {ref}` cannot be resolved: {message}"]


THROUGH = """\
a: {$ref: '#/b'}
b: {$ref: 'other.yaml#/c'}
list: [{$ref: '#/a'}]
names: {$ref: {type: string}}
ring: {$ref: '#/rung'}
rung: {$ref: '#/ring'}
wait: {$ref: '#/for/x'}
for: {$ref: '#/wait/x'}
broken: {$ref: broken.yaml}
beside: {$ref: '#/a', definitions: {D: near}}
"""
OTHER = "c: {$ref: '#/d', x: beside}\nd: {e: [{$ref: 'root.yaml#/names'}]}\n"


@pytest.mark.parametrize(
    ("ref", "found"),
    [
        ("#/a/e/0/$ref/type", "string"),
        ("#/list/0/e/0/$ref/type", "string"),
        ("#/names/$ref/type", "string"),
        ("#/a/x", "beside"),
        ("#/beside/definitions/D", "near"),
        ("#/beside/e/0/$ref/type", "string"),
        ("other.yaml#/c/e/0/$ref/type", "string"),
        ("#/a/no", "`#/a` has no `no`"),
        ("#/ring/x", "`#/ring` is a `$ref` that leads back to itself"),
        ("#/wait/x", "leads back to itself"),
        ("#/broken/x", None),
    ],
)
def test_a_pointer_passes_through_references(tmp_path: Path, ref: str, found: str | None) -> None:
    write(tmp_path, {"other.yaml": OTHER, "broken.yaml": "x: [\n"})
    root = root_of(tmp_path, f"{THROUGH}it: {{$ref: {ref!r}}}\n")

    for _ in range(2):  # the second time, it is known
        node = at(root, "it").resolved()
        messages = [problem.message for problem in root.sources.problems if problem.rule == "ref"]
        assert (node.value if node is not None else messages[0] if messages else None) in (
            found,
            f"`$ref: {ref}` cannot be resolved: {found}",
        ) or (found in messages[0] if found else False)


def test_a_pointer_may_wait_for_very_many_others(tmp_path: Path) -> None:
    steps = "".join(f"s{index}: {{$ref: '#/s{index + 1}/x'}}\n" for index in range(3000))
    root = root_of(tmp_path, f"{steps}s3000: {{x: {{$ref: '#/end'}}}}\nend: {{x: {{$ref: '#/end'}}}}\n")

    node = root.get("s0")
    assert node is None or node.value == root.value["end"]  # type: ignore[index, call-overload]


def test_the_steps_of_a_ring_end(tmp_path: Path) -> None:
    root = root_of(tmp_path, "a: {$ref: '#/b'}\nb: {$ref: '#/a'}\n")

    assert [step.key for step in at(root, "a").steps()] == ["b"]


def test_relative_references_count_from_the_file_that_holds_them(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "root.yaml": "a: {$ref: 'sub/one.json#/x'}",
            "sub/one.json": '{"x": {"$ref": "../two%20words.yaml#/y"},\n "z": "end"}',
            "two words.yaml": "y: {$ref: 'sub/one.json#/z'}\n",
        },
    )
    root = Sources().root("root.yaml")
    assert root is not None

    node = root.get("a")

    assert node is not None
    assert (node.value, str(node.location)) == ("end", "sub/one.json:2:2")
    assert root.sources.files() == ("root.yaml", "sub/one.json", "two words.yaml")


def test_a_percent_sign_in_a_file_name_is_decoded_once(tmp_path: Path) -> None:
    write(tmp_path, {"root.yaml": "a: {$ref: 'a%2520b.yaml'}", "a%20b.yaml": "right", "a b.yaml": "wrong"})
    root = Sources().root("root.yaml")

    assert root is not None
    assert root.get("a") == Node("right", root.sources, (tmp_path / "a%20b.yaml").as_uri())


@pytest.mark.parametrize("name", ["C#.yaml", "50%.yaml", "a b.yaml", "ü.yaml", "q?.yaml"])
def test_a_document_may_have_any_name(tmp_path: Path, name: str) -> None:
    write(tmp_path, {name: "a: {$ref: '#/b'}\nb: 1\n"})
    root = Sources().root(name)

    assert root is not None
    assert (node := root.get("a")) is not None
    assert (node.value, str(node.location)) == (1, f"{name}:2:1")


def test_a_file_outside_the_working_directory_is_named_in_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, {"root.yaml": "a: {$ref: 'other.yaml'}", "other.yaml": "{}", "sub/x": ""})
    monkeypatch.chdir(tmp_path / "sub")
    root = Sources().root("../root.yaml")

    assert root is not None
    assert (node := root.get("a")) is not None
    assert node.location.file == str(tmp_path / "other.yaml")


@pytest.mark.parametrize(
    ("text", "ref"),
    [("a: {$ref: '#/a'}", "#/a"), ("a: {$ref: '#/b'}\nb: {$ref: '#/c'}\nc: {$ref: '#/b'}", "#/b")],
)
def test_a_cycle_of_references_is_a_problem(tmp_path: Path, text: str, ref: str) -> None:
    root = root_of(tmp_path, text)

    assert root.get("a") is None
    assert problems_of(root) == [f"1:4 ref-cycle /a `$ref: {ref}` leads back to itself"]


def test_problems_of_a_broken_file_are_reported_once_and_in_place_of_its_references(tmp_path: Path) -> None:
    write(tmp_path, {"root.yaml": "a: {$ref: 'b.yaml#/x'}\nc: {$ref: 'b.yaml#/y'}", "b.yaml": "x: [\n"})
    root = Sources().root("root.yaml")

    assert root is not None
    assert (root.get("a"), root.get("c"), root.get("a")) == (None, None, None)
    assert [(p.file, p.rule) for p in root.sources.problems] == [("b.yaml", "yaml-syntax")]
    assert root.sources.files() == ("root.yaml", "b.yaml")


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("missing.yaml", "`missing.yaml` cannot be read: No such file or directory"),
        (Path("missing.yaml"), "`missing.yaml` cannot be read: No such file or directory"),
        ("", "`` cannot be read: Is a directory"),
        (".", "`.` cannot be read: Is a directory"),
        ("a\x00b", "cannot be read: embedded null byte"),
        ("\ud800", "this is not a valid path of a file"),
        ("x" * 5000, "File name too long"),
    ],
)
def test_a_document_that_cannot_be_read_is_a_problem(spec: str | Path, message: str) -> None:
    sources = Sources()

    assert sources.root(spec) is None
    assert [problem.rule for problem in sources.problems] == ["file"]
    assert sources.problems[0].message.endswith(message)
    assert sources.files() == ()


def test_a_document_that_is_broken_has_no_node(tmp_path: Path) -> None:
    write(tmp_path, {"root.yaml": "a: [\n"})
    sources = Sources()

    assert sources.root("root.yaml") is None
    assert sources.files() == ("root.yaml",)


def fetched(uri: str) -> str:
    return {"https://x.example/a.yaml": "b: {$ref: 'c.json#/d'}", "https://x.example/c.json": '{"d": 1}'}[uri]


def broken(uri: str) -> str:
    raise TimeoutError("no answer")


@pytest.mark.parametrize(
    ("retriever", "ref", "value", "problems"),
    [
        (fetched, "https://x.example/a.yaml#/b", 1, []),
        (fetched, "https://x.example/no", None, ["`https://x.example/no` cannot be fetched: KeyError"]),
        (broken, "https://x.example/a.yaml", None, ["cannot be fetched: TimeoutError: no answer"]),
        (None, "https://x.example/a.yaml", None, ["is not fetched"]),
        (None, "urn:a:b", None, ["`urn:a:b` is not fetched"]),
    ],
)
def test_only_a_retriever_fetches_from_elsewhere(
    retriever: Retriever | None, ref: str, value: object, problems: list[str]
) -> None:
    root = Sources(retriever).root({"a": {"$ref": ref}})
    assert root is not None

    node = root.get("a")

    assert (node.value if node else None) == value
    assert len(root.sources.problems) == len(problems)
    for problem, part in zip(root.sources.problems, problems, strict=True):
        assert part in problem.message


def test_a_mapping_reads_files_from_the_working_directory(tmp_path: Path) -> None:
    write(tmp_path, {"b.yaml": "c: 1"})
    root = Sources().root({"a": {"$ref": "b.yaml#/c"}})

    assert root is not None
    assert (node := root.get("a")) is not None
    assert node.value == 1
    assert root.sources.files() == ("b.yaml",)


def test_entries_that_are_exchanged_keep_their_location_and_their_file(tmp_path: Path) -> None:
    write(tmp_path, {"root.yaml": "a: {$ref: 'sub/b.yaml'}", "sub/b.yaml": "x: {$ref: '#/y'}\ny: 1\n"})
    root = Sources().root("root.yaml")
    assert root is not None
    other = root.get("a")
    assert other is not None

    changed = root.with_entries({**root.entries(), **other.entries()})

    assert changed.value == {"a": {"$ref": "sub/b.yaml"}, "x": {"$ref": "#/y"}, "y": 1}
    assert changed.location == root.location
    assert changed.identity != root.identity
    assert str(changed.child("x").location) == "sub/b.yaml:1:4"
    assert str(changed.child("y").location) == "root.yaml:1:1"
    assert changed.child("x").file_data == other.value
    assert (target := changed.get("x")) is not None
    assert target.value == 1


@pytest.mark.parametrize("value", [[1], "a", None])
def test_only_a_mapping_has_entries(value: Any) -> None:
    assert Node(value, Sources(), "").entries() == {}


def test_a_value_has_one_identity_whatever_leads_to_it(tmp_path: Path) -> None:
    root = root_of(tmp_path, "a: &x {b: 1, c: [1]}\nd: *x\ne: {$ref: '#/a'}\n")
    nodes = [root.child("a"), root.child("d"), root.get("e")]

    assert len({node.identity for node in nodes if node is not None}) == 1
    assert len({node.child("b").identity for node in nodes if node is not None}) == 1
    assert at(root, "a", "b").identity != at(root, "a", "c").identity != root.identity


def test_what_a_node_has_is_plain_data(tmp_path: Path) -> None:
    root = root_of(tmp_path, "a: {b: [x, {c: d}]}\n")

    assert [type(value) for value in (root.value, at(root, "a", "b").value)] == [dict, list]
