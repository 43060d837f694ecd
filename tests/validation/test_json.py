"""The one reader and the one writer of JSON: what they let pass can be handled, written and read again."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asynction.exceptions import PayloadValidationException
from asynction.validation import (
    MAX_DEPTH,
    JsonArgs,
    NotJson,
    is_json,
    is_suspicious,
    json_fault,
    read_args,
    read_json,
    write_json,
)

UNCHECKED = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**4300 - 1, -(10**4300) + 1])
    | st.floats()
    | st.text(st.characters()),  # lone surrogates, too
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters()), inner, max_size=4),
    max_leaves=12,
)
"""What a client's own writer turns into text, which is JSON or not."""

LEVELS = st.one_of(st.just(0), st.integers(MAX_DEPTH - 4, MAX_DEPTH + 4), st.just(400))


def nested(value: Any, levels: int, in_object: bool = False) -> Any:
    """Put a value into lists, or objects."""
    for _ in range(levels):
        value = {"a": value} if in_object else [value]
    return value


def read(text: str | bytes, *, is_list: bool) -> JsonArgs:
    """Read args as the wires do: from one value, or from the list of them."""
    value = read_json(text)
    return read_args(value if is_list and isinstance(value, list) else [value], text)


@given(UNCHECKED, LEVELS, st.booleans(), st.booleans(), st.booleans())
def test_what_is_read_as_args_is_json(
    value: Any, levels: int, in_object: bool, is_list: bool, is_ascii: bool
) -> None:
    text = json.dumps(nested(value, levels, in_object), ensure_ascii=is_ascii)
    if is_ascii:
        sent: str | bytes = text
    else:
        sent = text.encode(errors="surrogatepass")  # which no reader of UTF-8 takes
    try:
        args = read(sent, is_list=is_list)
    except (NotJson, PayloadValidationException):
        made = nested(value, levels, in_object)
        assert not is_json(made if is_list and isinstance(made, list) else [made])
    else:
        assert type(args) is tuple
        assert is_json(args[:])


@given(UNCHECKED, LEVELS, st.booleans())
def test_what_is_json_is_written_and_read_back(value: Any, levels: int, in_object: bool) -> None:
    made = nested(value, levels, in_object)
    if not is_json([made]):
        return
    text = write_json(made)
    for sent in (text, text.encode()):
        (found,) = read(sent, is_list=False)
        assert repr(found) == repr(made)  # `==` does not tell 1 from 1.0 and True


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("NaN", "NaN is not a JSON number"),
        ('{"a":[-Infinity]}', "-Infinity is not a JSON number"),
        ("1e999", "a number is too large"),
        ("[-1e999]", "a number is too large"),
        ("9" * 4301, "digits"),
        (b"\xff", "the text is not UTF-8"),
        (b'"\xed\xa0\x80"', "the text is not UTF-8"),  # a lone surrogate
        ("[" * 100_000, f"nested deeper than {MAX_DEPTH} levels"),
        ("", "a mistake in line 1, column 1"),
        ("1 2", "a mistake in line 1, column 3"),
        ("{'a':1}", "a mistake in line 1, column 2"),
    ],
)
def test_what_is_not_json_is_not_read(text: str | bytes, message: str) -> None:
    with pytest.raises(NotJson, match=message):
        read_json(text)


@pytest.mark.parametrize("number", ["1e308", "-0.0", "5e-324", "9" * 4300])
def test_numbers_up_to_the_limits_are_read(number: str) -> None:
    assert is_json(read_json(number))


@pytest.mark.parametrize(
    ("text", "pointers"),
    [
        (r'["\ud800"]', ["/0"]),
        (r'[{"a":[1,"\udfff"]}]', ["/0/a/1"]),
        (r'[{"\ud800":1}]', ["/0"]),
        (r'["\ud800","b","\ude00\ud83d"]', ["/0", "/2"]),
        ("[" * (MAX_DEPTH + 2) + "]" * (MAX_DEPTH + 2), ["/0"]),
        ("[1," + '{"a":' * (MAX_DEPTH + 1) + "1" + "}" * (MAX_DEPTH + 1) + "]", ["/1"]),
    ],
)
def test_args_that_are_not_json_are_pointed_at(text: str, pointers: list[str]) -> None:
    with pytest.raises(PayloadValidationException) as caught:
        read_args(read_json(text), text)
    assert [violation.pointer for violation in caught.value.errors] == pointers


@pytest.mark.parametrize(
    "text", [r'["\u00e9"]', r'["\ud83d\ude00"]', "[" + ",".join(["[]"] * 200) + "]", r'["\\ud800"]']
)
def test_a_text_that_only_looks_suspicious_is_read(text: str) -> None:
    assert is_suspicious(text)
    assert is_suspicious(text.encode())
    assert list(read_args(read_json(text), text)) == json.loads(text)


def test_a_plain_text_is_not_looked_through() -> None:
    assert not is_suspicious('["a",{"b":[1]}]')
    assert not is_suspicious("[" * MAX_DEPTH)
    assert not is_suspicious(b"[" * MAX_DEPTH)
    assert not is_suspicious(b'["a",{"b":[1]}]')


@pytest.mark.parametrize("opening", ["[", "{", "[{"])
def test_a_text_with_too_many_levels_is_looked_through(opening: str) -> None:
    text = opening * (MAX_DEPTH + 1)
    assert is_suspicious(text)
    assert is_suspicious(text.encode())


def test_only_whole_args_are_marked_as_read() -> None:
    args = read_args([1, 2], "[1,2]")
    assert type(args) is tuple
    assert type(args[:]) is type(args[1:]) is type(args + args) is tuple


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (math.nan, "NaN and infinity"),
        (b"bytes", "binary data"),
        ({1}, "set"),
        ({1: 2}, "key"),
        ([10**5000], "too large"),
        ("\ud800", "lone surrogate"),
        (nested(1, MAX_DEPTH + 1), f"deeper than {MAX_DEPTH}"),
    ],
    ids=lambda value: value if isinstance(value, str) and value.isascii() else "",
)
def test_a_fault_says_what_is_wrong_and_where(value: object, message: str) -> None:
    fault = json_fault(["fine", value])
    assert fault is not None
    assert message in str(fault)
    assert fault.errors[0].pointer.startswith("/1")


def test_without_a_fault_there_is_none() -> None:
    assert json_fault([]) is json_fault([{"a": [1, None, "é"]}, nested(1, MAX_DEPTH)]) is None


def test_a_fault_has_not_more_places_than_are_worth_telling() -> None:
    fault = json_fault([math.nan] * 1000)
    assert fault is not None
    assert len(fault.errors) == 20


@pytest.mark.parametrize(
    ("value", "error"),
    [(math.nan, ValueError), ([math.inf], ValueError), (b"", TypeError), ({1}, TypeError)],
)
def test_what_is_not_json_is_not_written(value: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        write_json(value)


def test_what_is_written_is_compact_ascii() -> None:
    assert write_json({"a": [1, None, "é"], "b": 1.0}) == '{"a":[1,null,"\\u00e9"],"b":1.0}'
