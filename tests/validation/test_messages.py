"""Every keyword has words of its own, and none shows the instance."""

from __future__ import annotations

import pytest

from asynction.validation._keywords import LIST, MAP, ONE
from asynction.validation._messages import message_for


@pytest.mark.parametrize(
    ("keyword", "value", "message"),
    [
        ("type", "string", "must be string"),
        ("type", ["string", "null"], "must be null or string"),
        ("required", "a", "needs the property `a`"),
        ("required", ["a", "b"], "needs the property `a`, `b`"),
        ("additionalProperties", False, "has a property that the schema does not have"),
        ("unevaluatedProperties", False, "has a property that the schema does not have"),
        ("additionalItems", False, "has more items than the schema has"),
        ("unevaluatedItems", False, "has more items than the schema has"),
        ("propertyNames", {}, "has a property whose name is not allowed"),
        ("enum", [1, "é", None], 'must be one of [1, "é", null]'),
        ("const", {"a": True}, 'must be {"a": true}'),
        ("minimum", 1, "must be at least 1"),
        ("maximum", 1.5, "must be at most 1.5"),
        ("exclusiveMinimum", 1, "must be more than 1"),
        ("exclusiveMaximum", 1, "must be less than 1"),
        ("multipleOf", 0.1, "must be a multiple of 0.1"),
        ("minLength", 1, "must have at least 1 character"),
        ("maxLength", 2, "must have at most 2 characters"),
        ("minItems", 2, "must have at least 2 items"),
        ("maxItems", 1, "must have at most 1 item"),
        ("minProperties", 1, "must have at least 1 property"),
        ("maxProperties", 0, "must have at most 0 properties"),
        ("uniqueItems", True, "must have no two equal items"),
        ("pattern", "^a$", 'must match the pattern "^a$"'),
        ("format", "email", "must match the format `email`"),
        ("contains", {}, "has no item of the kind that it must contain"),
        ("anyOf", [], "matches none of the alternatives"),
        ("oneOf", [], "must match exactly one of the alternatives"),
        ("not", {}, "must not match the schema under `not`"),
        ("dependencies", {}, "lacks a property that another one needs"),
        ("dependentRequired", {}, "lacks a property that another one needs"),
        ("falseSchema", None, "is not allowed here"),
        ("x-binary", [], "must be binary data"),
        ("somethingNew", 1, "breaks `somethingNew`"),
    ],
)
def test_a_keyword_says_what_it_asks_for(keyword: str, value: object, message: str) -> None:
    assert message_for(keyword, value) == message


@pytest.mark.parametrize("keyword", sorted(ONE | LIST | MAP))
def test_every_keyword_has_a_message_whatever_its_value(keyword: str) -> None:
    assert message_for(keyword, None)


@pytest.mark.parametrize(
    ("keyword", "value", "message"),
    [
        ("const", "x" * 5000, "must be the value that the schema names"),
        ("enum", ["x" * 5000, "y"], "must be one of the 2 values that the schema lists"),
        ("enum", list(range(101)), "must be one of the 101 values that the schema lists"),
    ],
)
def test_a_message_does_not_quote_large_values(keyword: str, value: object, message: str) -> None:
    assert message_for(keyword, value) == message
