"""Helpers of the tests of samples."""

from __future__ import annotations

from random import Random
from typing import Any

from asynction.contract import Json, Schema
from asynction.samples import Sampler
from asynction.validation import dialect_of

DRAFT_04 = "http://json-schema.org/draft-04/schema"
DRAFT_2019 = "https://json-schema.org/draft/2019-09/schema"
DRAFT_2020 = "https://json-schema.org/draft/2020-12/schema"


def schema_of(value: Json, dialect: str | None = None) -> Schema:
    return Schema(value, dialect or dialect_of(value))


def sampler_of(value: Json, seed: int = 0, faker: object | None = None) -> Sampler:
    return Sampler(schema_of(value), random=Random(seed), faker=faker)


def samples(value: Json, count: int = 30, dialect: str | None = None) -> list[Any]:
    """Return several samples, which the sampler has validated."""
    sampler = Sampler(schema_of(value, dialect), random=Random(0))
    return [sampler.sample() for _ in range(count)]
