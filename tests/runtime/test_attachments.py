"""Placeholders, and the attachments that take their places."""

from __future__ import annotations

from typing import Any

import pytest

from asynction.runtime import MalformedEvent, with_attachments


def place(number: Any) -> dict[str, Any]:
    return {"_placeholder": True, "num": number}


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (place(1), b"second"),
        ([place(1), {"a": [place(0), place(0)]}], [b"second", {"a": [b"first", b"first"]}]),
        ({"_placeholder": 1, "num": 7}, {"_placeholder": 1, "num": 7}),
        ({"_placeholder": False, "a": place(0)}, {"_placeholder": False, "a": b"first"}),
        ({"num": 0}, {"num": 0}),
        ("text", "text"),
        (None, None),
    ],
)
def test_a_placeholder_is_replaced_by_its_attachment(data: Any, expected: Any) -> None:
    assert with_attachments(data, [b"first", b"second"]) == expected


@pytest.mark.parametrize("number", [-1, -2, 2, True, False, 0.0, 1.0, "0", None, [0], {}])
def test_a_number_that_no_attachment_has_is_refused(number: Any) -> None:
    with pytest.raises(MalformedEvent, match="a placeholder has no attachment"):
        with_attachments(["e", {"a": place(number)}], [b"first", b"second"])


def test_a_placeholder_without_a_number_is_refused() -> None:
    with pytest.raises(MalformedEvent):
        with_attachments([{"_placeholder": True}], [b"first"])
