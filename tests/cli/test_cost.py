"""`asynction validate --cost`: what the search finds, and what it says."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Any

import pytest
from click.testing import CliRunner

from asynction.cli import _cost, main, validate
from asynction.contract import Schema
from asynction.document import load
from asynction.samples import find_worst
from asynction.validation import DRAFT_07, Validator
from tests.server.support import message, of

BOUNDED = {"type": "string", "maxLength": 5}
ITEMS = {"type": "array", "items": {"type": "string"}}


def spec(*receives: Any, **rest: Any) -> dict[str, Any]:
    return of(*receives, **rest)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(validate, "COST_SECONDS", 0.2)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    "schema", [True, False, {"type": "integer"}, ITEMS, {"type": "object"}, {"format": "binary"}]
)
def test_what_was_found_has_the_verdict_that_it_is_filed_under(schema: Any) -> None:
    compiled = Schema(schema, DRAFT_07)
    worst = find_worst(compiled, random=Random(1), seconds=0.1, max_size=2000)
    validator = Validator(compiled)
    for cost, expected in ((worst.accepted, True), (worst.refused, False)):
        if cost is not None:
            assert validator.accepts(cost.args) is expected
            assert cost.size <= 2000
            assert cost.seconds >= 0
    assert worst.slowest in (worst.accepted, worst.refused)
    assert (worst.accepted is None) is (schema is False)


def test_a_search_goes_beyond_the_values_that_it_starts_from() -> None:
    nested: Any = {"type": "array", "items": {"$ref": "#/definitions/T"}}
    tree: Any = {"$ref": "#/definitions/T", "definitions": {"T": nested}}
    worst = find_worst(Schema(tree, DRAFT_07), random=Random(1), seconds=0.5)
    assert worst.accepted is not None
    assert worst.refused is not None
    assert max(worst.accepted.size, worst.refused.size) > 1000


def test_one_line_for_the_slowest_event_of_each_namespace() -> None:
    document = spec(message("a", ITEMS), message("b", BOUNDED), sends=[message("c", ITEMS, ack=BOUNDED)])
    document["channels"]["/other"] = {"publish": {"message": message("d", BOUNDED)}}
    found = _cost.worst_events(load(document), 0.2)
    assert [each.namespace for each in found] == ["/", "/other"]
    assert str(found[1]).startswith(("`d` of `/other`: accepted ", "`d` of `/other`: refused "))
    assert str(found[1]).endswith(" ms")


@pytest.mark.parametrize(
    ("document", "is_boundless"),
    [
        (spec(message("a", ITEMS)), True),
        (spec(message("a")), True),
        (spec(message("a", {})), True),
        (spec(message("a", {"type": "object", "properties": {"x": True}})), True),
        (spec(message("a", ITEMS), message("b", BOUNDED)), False),
        (spec(message("a", {"type": "integer"})), False),
        (spec(message("a", {"enum": [1, 2]})), False),
        (spec(sends=[message("a", ITEMS)]), False),
        (spec(message("a", ITEMS), **{"x-security": [{"s": []}]}), False),
        (spec(message("a", ITEMS), **{"x-security": [{"s": []}, {}]}), True),
    ],
)
def test_a_public_namespace_without_any_bound_is_named(document: Any, is_boundless: bool) -> None:
    document["components"] = {"securitySchemes": {"s": {"type": "http", "scheme": "basic"}}}
    lines = list(_cost.boundless(load(document, ignore=["unused-component"])))
    assert bool(lines) is is_boundless
    if lines:
        assert lines[0].startswith("`/` demands no credentials, and none of its events (`a`) has a bound")


def test_the_command_prints_the_costs_on_standard_error(tmp_path: Path) -> None:
    (tmp_path / "open.json").write_text(json.dumps(spec(message("a", ITEMS))))
    (tmp_path / "broken.json").write_text("{}")
    done = CliRunner().invoke(main, ["validate", "--cost", "open.json", "broken.json"])
    assert done.exit_code == 1
    lines = done.stderr.splitlines()
    assert [line.partition(": ")[0] for line in lines] == ["open.json", "open.json"]
    assert "each message may have 1,000,000 bytes" in lines[0]
    assert "`a` of `/`" in lines[1]


def test_a_document_on_standard_input_is_read_once() -> None:
    text = json.dumps(spec(message("a", ITEMS)))
    done = CliRunner().invoke(main, ["validate", "--cost", "-"], input=text)
    assert done.exit_code == 0
    assert "`a` of `/`" in done.stderr
