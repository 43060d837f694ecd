"""The marks by which handlers ask for what they need."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from typing import Any, get_args, get_origin

import pytest

from asynction import inject
from asynction.inject import Dependency, Depends, Injected, inline


@pytest.mark.parametrize(
    ("mark", "name", "kind"),
    [
        ("SocketID", "sid", str),
        ("Environ", "environ", None),
        ("Auth", "auth", Any),
        ("Reason", "reason", Any),
        ("Data", "data", Any),
        ("Event", "event", str),
        ("Server", "server", Any),
    ],
)
def test_a_mark_is_a_type_and_the_name_of_what_is_given(mark: str, name: str, kind: object) -> None:
    annotation = getattr(inject, mark)
    assert annotation.__metadata__ == (Injected(name),)
    bare = get_args(annotation)[0]
    assert kind is None or bare is kind
    assert kind is not None or get_origin(bare).__name__ == "Mapping"


def test_depends_is_a_mark() -> None:
    assert Depends(len) == Dependency(len, True)
    assert Depends(len, use_cache=False) == Dependency(len, False)
    with pytest.raises(FrozenInstanceError):
        Depends(len).dependency = print


def test_inline_marks_a_function_and_returns_it() -> None:
    def handler() -> None: ...

    assert inline(handler) is handler
    assert handler.__asynction_inline__ is True  # type: ignore[attr-defined]  # the mark
