"""The contract is frozen data."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields, is_dataclass
from typing import Any

import pytest

from asynction import contract
from asynction.contract import Contract, Event, Handlers, Info, Namespace, Schema, Target, namespace_name
from asynction.problems import Location

MODEL: list[Any] = [kind for kind in vars(contract).values() if isinstance(kind, type) and is_dataclass(kind)]
HERE = Location("f", 1, 1, "/a")
THERE = Location("f", 2, 1, "/b")


@pytest.mark.parametrize("kind", MODEL, ids=lambda kind: kind.__name__)
def test_every_part_is_frozen_and_slotted(kind: Any) -> None:
    part = object.__new__(kind)

    assert hasattr(kind, "__slots__")
    with pytest.raises(FrozenInstanceError):
        setattr(part, fields(kind)[0].name, None)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Schema(True, "d", HERE), Schema(True, "d", THERE)),
        (Target("a.b", HERE), Target("a.b", THERE)),
        (Event("e", location=HERE), Event("e", location=THERE)),
        (Namespace("/", {}, {}, location=HERE), Namespace("/", {}, {}, location=THERE)),
    ],
)
def test_what_is_written_elsewhere_is_still_the_same(one: object, other: object) -> None:
    assert one == other


def test_a_contract_needs_little() -> None:
    empty = Contract(Info("t", "1"), {}, {}, {})

    assert (empty.middlewares, empty.warnings, empty.files) == ((), (), ())
    assert Handlers() == Handlers(None, None, None)


@pytest.mark.parametrize(("address", "name"), [("chat", "/chat"), ("/chat", "/chat"), ("", "/"), ("/", "/")])
def test_a_namespace_starts_with_a_slash(address: str, name: str) -> None:
    assert namespace_name(address) == name
