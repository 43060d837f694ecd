"""The checks, shapes and definitions of a schema, which attempts share."""

from __future__ import annotations

from typing import Any

import pytest

from asynction.contract import Json
from asynction.samples._fakes import Fakes
from asynction.samples._source import Source
from tests.samples.support import schema_of


def source_of(value: Json) -> Source:
    return Source(schema_of(value), Fakes(None))


@pytest.mark.parametrize(
    ("schema", "is_checked"),
    [
        ({"type": "string"}, False),
        ({"enum": [1]}, False),
        ({"type": "integer", "const": 1}, False),
        ({"enum": [1, 2], "minimum": 2}, True),
        ({"not": {"const": 1}}, True),
        ({"$ref": "#/definitions/a"}, False),
        ({"$ref": "#/definitions/a", "minimum": 2}, True),
    ],
)
def test_a_schema_with_a_catch_has_a_check(schema: Json, is_checked: bool) -> None:
    source = source_of({"definitions": {"a": {}}, "properties": {"x": schema}})
    check = source.check_for(schema)

    assert (check is not None) is is_checked
    assert source.check_for(schema) is check


def test_only_the_schemas_of_the_document_are_remembered() -> None:
    inner: dict[str, Json] = {"not": {"const": 1}}
    source = source_of({"properties": {"x": inner}})

    assert source.check_for({"not": {"const": 1}}) is source.check_for(True) is None
    assert source.check(inner) is source.check(inner)
    assert source.check(dict(inner)) is not source.check(inner)
    assert source.shape(inner) is source.shape(inner)
    other = dict(inner)
    assert source.shape(other) is not source.shape(other)


def test_a_check_knows_the_definitions() -> None:
    value: dict[str, Any] = {"definitions": {"a": {"const": 1}}, "items": {"$ref": "#/definitions/a"}}
    source = source_of(value)

    assert source.check(value["items"]).accepts((1,))
    assert not source.check(value["items"]).accepts((2,))
    assert source.target("#/definitions/a") == {"const": 1}
    assert source.heights is source.heights


@pytest.mark.parametrize("value", [True, {}])
def test_a_schema_may_have_no_definitions(value: Json) -> None:
    assert source_of(value).definitions == {}
