"""Types that share, on the page: its size grows with the document, not with the ways through it."""

from __future__ import annotations

from typing import Any

import pytest

from asynction.document import bundle, load
from asynction.ui import Site
from tests.samples.test_sharing import KINDS, types

COUNT = 12
DOUBLED = ("required properties", "items")
"""Kinds whose examples double with each type, too."""


def size(kind: str, count: int) -> int:
    """Return the bytes of the page of a document with so many types."""
    schemas = {name: _moved(schema) for name, schema in types(kind, count).items()}
    spec: Any = {
        "asyncapi": "2.6.0",
        "info": {"title": "T", "version": "1"},
        "channels": {"/": {"publish": {"message": {"name": "put", "payload": _ref(count)}}}},
        "components": {"schemas": schemas},
    }
    page = Site(load(spec), bundle(spec), socketio_path="/socket.io").get("")
    assert page is not None
    return len(page.body)


def _ref(number: int) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/T{number}"}


def _moved(schema: Any) -> Any:
    """Return a schema whose `$ref`s lead to the components."""
    if isinstance(schema, dict):
        return {
            key: value.replace("definitions", "components/schemas") if key == "$ref" else _moved(value)
            for key, value in schema.items()
        }
    return [_moved(item) for item in schema] if isinstance(schema, list) else schema


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in DOUBLED])
def test_the_page_grows_no_faster_than_what_it_tells(kind: str) -> None:
    # Twice as many types: four times as much where each lists what it inherits from all others.
    assert size(kind, 2 * COUNT) < 5 * size(kind, COUNT)
