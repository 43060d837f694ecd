"""Files, texts and mappings become plain JSON data; a message says why one cannot be read."""

from __future__ import annotations

import datetime
import enum
import json
import math
from collections import OrderedDict
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asynction.document import _yaml
from asynction.document._files import MAPPING, Unreadable, read_file, read_mapping, read_text
from asynction.document._source import Source
from asynction.document._yaml import MAX_DEPTH

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(min_value=1 - 2**1024, max_value=2**1024 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner),
    max_leaves=20,
)


class Word(str):
    """A string as loaders return it that keep comments or quotes."""


class Colour(str, enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    LOW = 1


def problems_of(source: Source) -> list[tuple[str, str]]:
    return [(problem.rule, problem.pointer) for problem in source.problems]


@pytest.mark.parametrize(
    ("data", "expected"),
    [(b"a: 1", {"a": 1}), (b"\xef\xbb\xbfa: 1", {"a": 1}), (b'{"a": "\xc3\xa9"}', {"a": "é"})],
)
def test_a_file_is_utf_8_with_or_without_a_byte_order_mark(
    tmp_path: Path, data: bytes, expected: object
) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(data)

    source = read_file(path, "a.yaml")

    assert (source.data, source.problems, source.file.name) == (expected, [], "a.yaml")


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("missing.yaml", "`name` cannot be read: No such file or directory"),
        (".", "`name` cannot be read: Is a directory"),
        ("a\x00b", "`name` cannot be read: embedded null byte"),
        ("binary", "`name` is not UTF-8 text (byte 1)"),
        ("large", "`name` is larger than 100 bytes; split it with `$ref`"),
    ],
)
def test_what_cannot_be_read_says_why(
    tmp_path: Path, path: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_yaml, "MAX_BYTES", 100)
    (tmp_path / "binary").write_bytes(b"\x7fELF\xff"[0:1] + b"\xff\xfe")
    (tmp_path / "large").write_bytes(b"#" * 101)

    with pytest.raises(Unreadable) as caught:
        read_file(tmp_path / path, "name")

    assert str(caught.value) == message


def test_a_file_without_permission_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refuse)

    with pytest.raises(Unreadable, match="`name` cannot be read: Permission denied"):
        read_file(tmp_path / "a", "name")


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="there is no such file")
def test_a_file_without_end_is_read_to_the_bound_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_yaml, "MAX_BYTES", 100)

    with pytest.raises(Unreadable, match="larger than 100 bytes"):
        read_file(Path("/dev/zero"), "zero")


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ('{"a": "\\ud83d\\ude00"}', {"a": "😀"}),
        ('{"a": "\\uD83D\\uDE00\\ud83d\\ude00x"}', {"a": "😀😀x"}),
        ('{"a": "\\\\ud83d\\\\ude00"}', {"a": "\\ud83d\\ude00"}),
        ('{"a": "\\\\\\ud83d\\ude00"}', {"a": "\\😀"}),
        ('["a\u2028b\u2029c\x85d"]', ["a\u2028b\u2029c\x85d"]),
        ('{"a"\n: "\\/"}', {"a": "/"}),
        ('["\x7f"]', ["\x7f"]),
        ('\n\t {"a": 1}', {"a": 1}),
        (json.dumps({"k" * 2000: 1}), {"k" * 2000: 1}),
    ],
)
def test_json_reads_as_json(text: str, data: object) -> None:
    source = read_text(text, "f")

    assert (source.data, source.problems, source.complete) == (data, [], True)


def test_json_with_surrogate_pairs_keeps_its_lines() -> None:
    source = read_text('{"a": "\\ud83d\\ude00",\n "b": []}', "f")

    assert source.map is not None
    assert str(source.map.children["b"].location) == "f:2:7"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"a": ["\\ud83d"]}', ("value", "/a/0")),
        ('{"\\ud83d": 1}', ("value", "")),
        ('{"a"\n: [1e999]}', ("value", "/a/0")),
        ('{"a": [1,}', ("yaml-syntax", "")),
        ('{"a"\n: NaN}', ("yaml-syntax", "")),
        ('{"a"\n: 1, "a": 2}', ("yaml-syntax", "")),
        ("[" * 100_000, ("document-depth", "/0" * MAX_DEPTH)),
        ('{"a"\n: ' + "[" * 100_000, ("yaml-syntax", "")),
        ('{"a"\n: ' + "[" * 150 + "]" * 150 + "}", ("document-depth", "/a" + "/0" * MAX_DEPTH)),
        ('{"a": 1e999}', ("yaml-scalar", "/a")),
    ],
)
def test_what_is_no_json_is_a_problem(text: str, problem: tuple[str, str]) -> None:
    assert problems_of(read_text(text, "f")) == [problem]


@settings(deadline=None)
@given(
    st.lists(JSON) | st.dictionaries(st.text(st.characters(codec="utf-8")), JSON),
    st.booleans(),
    st.sampled_from([None, 0, 2]),
)
def test_json_that_a_serializer_wrote_reads_back(data: object, ascii_only: bool, indent: int | None) -> None:
    source = read_text(json.dumps(data, ensure_ascii=ascii_only, indent=indent), "f")

    assert (source.data, source.problems) == (data, [])


@settings(deadline=None)
@given(st.dictionaries(st.text(st.characters(codec="utf-8")), JSON))
def test_a_mapping_reads_as_itself(data: dict[str, object]) -> None:
    source = read_mapping(data)

    assert (source.data, source.problems, source.file.name) == (data, [], MAPPING)


def test_a_mapping_is_copied_into_plain_types() -> None:
    inner = [1]
    spec: dict[object, object] = {
        Word("word"): Word("text"),
        Colour.RED: Colour.RED,
        "level": Level.LOW,
        "flag": True,
        "nothing": None,
        "number": 1.5,
        "tuple": (1, 2),
        "inner": inner,
        "ordered": OrderedDict(a=MappingProxyType({})),
        1: "one",
        False: "no",
        None: "null",
    }

    source = read_mapping(spec)  # type: ignore[arg-type]  # as other libraries load it
    inner.append(2)
    data: Any = source.data

    assert source.problems == []
    assert json.loads(json.dumps(data)) == data
    assert data["inner"] == [1]
    assert (data["1"], data["false"], data["null"], data["red"]) == ("one", "no", "null", "red")
    assert {type(value) for value in data.values()} == {str, int, bool, type(None), float, list, dict}
    assert {type(key) for key in data} == {str}


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (datetime.date(2026, 1, 31), ("value", "/a/0")),
        (b"bytes", ("value", "/a/0")),
        ({1, 2}, ("value", "/a/0")),
        ("\ud800", ("value", "/a/0")),
        (math.nan, ("value", "/a/0")),
        (2**1024, ("value", "/a/0")),
        ({(1, 2): 3}, ("value", "/a/0")),
        ({"1": 1, 1: 2}, ("duplicate-key", "/a/0/1")),
    ],
)
def test_what_a_mapping_cannot_hold_is_a_problem(value: object, problem: tuple[str, str]) -> None:
    source = read_mapping({"a": [value]})

    assert problems_of(source) == [problem]


def test_a_mapping_that_contains_itself_is_a_problem() -> None:
    spec: dict[str, object] = {}
    spec["a"] = [spec]

    source = read_mapping(spec)

    assert [problem.rule for problem in source.problems] == ["document-depth"]
    assert not source.complete


def test_a_mapping_that_shares_its_parts_without_bound_is_a_problem(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_yaml, "MAX_EXPANDED_NODES", 1000)
    shared: object = "lol"
    for _ in range(50):
        shared = [shared, shared]

    source = read_mapping({"a": shared})

    assert problems_of(source) == [("document-size", "")]
    assert not source.complete
