"""Formats that are names of Faker's providers."""

from __future__ import annotations

import sys
from datetime import date, datetime, time
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from asynction.contract import Json
from asynction.exceptions import NotEnabledError
from asynction.samples import Sampler, new_faker
from asynction.samples._draw import Draw
from asynction.samples._fakes import Fakes
from tests.samples.support import sampler_of, schema_of


class Invented:
    """An object like a Faker: its providers return the given values."""

    def __init__(self, **values: object) -> None:
        self.values = values
        self.calls: list[str] = []

    def seed_instance(self, seed: int) -> None:
        self.calls.append("seed")

    def __getattr__(self, name: str) -> object:
        if name == "dropped":
            raise TypeError("deprecated")
        if name not in self.__dict__.get("values", {}):
            raise AttributeError(name)

        def provider(*args: object, **kwargs: object) -> object:
            self.calls.append(name)
            value = self.values[name]
            if isinstance(value, Exception):
                raise value
            return value

        return provider

    def with_arguments(self, needed: int) -> str:
        raise AssertionError

    not_callable = 3


def value_of(name: str, value: object) -> object:
    return Fakes(Invented(**{name: value})).value(name, Draw(Random(0)))


@pytest.mark.parametrize(
    ("made", "value"),
    [
        ("text", "text"),
        (3, 3),
        (1.5, 1.5),
        (Decimal("1.5"), 1.5),
        (date(2026, 1, 31), "2026-01-31"),
        (datetime(2026, 1, 31, 12, 30), "2026-01-31T12:30:00"),
        (time(12, 30), "12:30:00"),
        (True, None),
        (None, None),
        ([], None),
        (b"", None),
        (ValueError("it needs another library"), None),
    ],
)
def test_a_single_text_or_number_is_taken(made: object, value: object) -> None:
    assert value_of("kind", made) == value


@pytest.mark.parametrize("name", ["with_arguments", "not_callable", "dropped", "none", "_private", "no-name"])
def test_only_providers_without_arguments_are_used(name: str) -> None:
    faker = Invented()

    assert Fakes(faker).value(name, Draw(Random(0))) is None
    assert faker.calls == []


def test_a_provider_without_a_value_is_called_once() -> None:
    faker = Invented(kind=None)
    fakes = Fakes(faker)

    assert [fakes.value("kind", Draw(Random(0))) for _ in range(3)] == [None, None, None]
    assert faker.calls == ["seed", "kind"]


def test_without_a_faker_there_are_no_fakes() -> None:
    assert Fakes(None).value("first_name", Draw(Random(0))) is None


def test_samples_take_text_of_providers_and_the_seed_decides_which() -> None:
    schema: Json = {
        "type": "object",
        "required": ["name", "said", "born"],
        "properties": {
            "name": {"type": "string", "format": "first_name"},
            "said": {"type": "string", "format": "sentence"},
            "born": {"type": "string", "format": "date_of_birth"},
        },
    }
    faker = new_faker()

    def drawn(seed: int) -> list[Any]:
        sampler = Sampler(schema_of(schema), random=Random(seed), faker=faker)
        return [sampler.sample() for _ in range(5)]

    assert drawn(1) == drawn(1) != drawn(2)
    assert drawn(1)[0]["name"].istitle()
    assert drawn(1)[0]["said"].endswith(".")


def test_numbers_may_have_providers_too() -> None:
    faker = Invented(age=33, share=0.5, word="w")

    assert sampler_of({"type": "integer", "format": "age"}, faker=faker).sample() == 33
    assert sampler_of({"type": "number", "format": "share"}, faker=faker).sample() == 0.5
    assert isinstance(sampler_of({"type": "integer", "format": "share"}, faker=faker).sample(), int)
    assert isinstance(sampler_of({"type": "number", "format": "word"}, faker=faker).sample(), int | float)
    assert sampler_of({"type": "string", "format": "age"}, faker=faker).sample() == "33"


def test_what_a_provider_gives_still_has_to_conform() -> None:
    faker = Invented(name="Ada")
    made = sampler_of({"type": "string", "format": "name", "minLength": 5}, faker=faker).sample()

    assert isinstance(made, str)
    assert len(made) >= 5


def test_where_faker_is_missing_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "faker", None)

    with pytest.raises(NotEnabledError, match=r"asynction\[mock\]"):
        new_faker()
    assert isinstance(sampler_of({"type": "string", "format": "first_name"}).sample(), str)


def test_a_locale_may_be_chosen() -> None:
    assert isinstance(Fakes(new_faker("de_DE")).value("city", Draw(Random(0))), str)
