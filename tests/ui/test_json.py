from __future__ import annotations

import json

import pytest

from asynction.ui._json import plain, pretty, script_json, text


def test_bytes_become_base64_under_a_key_of_their_own() -> None:
    assert plain({"a": (b"\x00\xff", bytearray(b"a"))}) == {"a": [{"$binary": "AP8="}, {"$binary": "YQ=="}]}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object()])
def test_values_that_json_does_not_have_become_null(value: object) -> None:
    assert plain([value]) == [None]


def test_page_data_cannot_end_its_element() -> None:
    value = "</script><!--<script>\u2028\u2029&"

    text = script_json([value])

    assert "<" not in text
    assert "\u2028" not in text
    assert json.loads(text) == [value]


def test_only_what_is_long_takes_several_lines() -> None:
    assert pretty({"a": 1}) == '{"a": 1}'
    assert pretty(["x" * 100]) == f'[\n  "{"x" * 100}"\n]'


def test_text_between_tags_keeps_its_quotes() -> None:
    assert text('<a href="x">&amp;\'') == '&lt;a href="x"&gt;&amp;amp;\''
