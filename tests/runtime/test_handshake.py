"""A connection request is held against the channel's `ws` binding."""

from __future__ import annotations

from typing import Any

import pytest

from asynction.contract import Handshake, Schema
from asynction.exceptions import BindingsValidationException
from asynction.runtime import HandshakeRules
from asynction.security import Request
from asynction.validation import DRAFT_07

Pairs = tuple[tuple[str, str], ...]


def schema(properties: Any, *required: str, **rest: Any) -> Schema:
    return Schema({"type": "object", "properties": properties, "required": list(required), **rest}, DRAFT_07)


def check(handshake: Handshake, *, query: Pairs = (), headers: Pairs = (), method: str = "GET") -> None:
    HandshakeRules(handshake).check(Request(method, query, headers))


def refusal(handshake: Handshake, **request: Any) -> BindingsValidationException:
    with pytest.raises(BindingsValidationException) as caught:
        check(handshake, **request)
    return caught.value


def test_without_a_binding_anyone_may_come() -> None:
    check(Handshake(), query=(("a", "b"),), headers=(("a", "b"),), method="POST")


def test_the_method() -> None:
    check(Handshake(method="GET"))
    assert str(refusal(Handshake(method="GET"), method="POST")) == "the method must be GET"


def test_a_missing_parameter() -> None:
    error = refusal(Handshake(query=schema({"token": {"type": "string"}}, "token")))
    assert str(error) == "query: needs the property `token`"
    assert error.errors[0].pointer == ""


def test_a_wrong_parameter_is_pointed_at_and_not_quoted() -> None:
    error = refusal(Handshake(query=schema({"n": {"type": "integer"}})), query=(("n", "MARKER"),))
    assert str(error) == "query: /n: must be integer"
    assert error.path == ("n",)
    assert error.errors[0].instance == "MARKER"
    assert "MARKER" not in str(error)


NAMED: Any = {
    "$ref": "#/definitions/a~1b",
    "definitions": {
        "a/b": {"type": "object", "properties": {"n": {"$ref": "#/definitions/Number"}}},
        "Number": {"type": "integer"},
    },
}


@pytest.mark.parametrize(
    ("given", "texts"),
    [
        ({"type": "integer"}, ["7"]),
        ({"type": "integer", "minimum": -9}, ["-8"]),
        ({"type": "number"}, ["1.5"]),
        ({"type": "number"}, ["-.5e-3"]),
        ({"type": "number"}, ["7"]),
        ({"type": "boolean"}, ["true"]),
        ({"type": "boolean"}, ["false"]),
        ({"type": "string"}, ["7"]),
        ({"type": "string"}, ["true"]),
        ({"type": ["integer", "null"]}, ["7"]),
        ({"type": ["integer", "string"]}, ["x"]),
        ({"anyOf": [{"type": "integer"}, {"const": "all"}]}, ["7"]),
        ({"anyOf": [{"type": "integer"}, {"const": "all"}]}, ["all"]),
        ({"allOf": [{"type": "integer"}, {"minimum": 3}]}, ["7"]),
        ({"oneOf": [{"type": "integer"}, {"type": "boolean"}]}, ["true"]),
        ({"type": "array", "items": {"type": "integer"}, "minItems": 1}, ["7"]),
        ({"type": "array", "items": {"type": "integer"}, "minItems": 2}, ["7", "8"]),
        ({"type": "array", "minItems": 2}, ["a", "b"]),
        ({"const": "x"}, ["x"]),
        (True, ["x"]),
        ({}, ["x", "y"]),
    ],
)
def test_text_is_read_as_the_type_that_its_schema_names(given: Any, texts: list[str]) -> None:
    check(Handshake(query=schema({"p": given})), query=tuple(("p", text) for text in texts))


@pytest.mark.parametrize(
    ("given", "texts"),
    [
        ({"type": "integer"}, ["x"]),
        ({"type": "integer"}, [""]),
        ({"type": "integer"}, ["1.5"]),
        ({"type": "integer"}, ["9" * 5000]),
        ({"type": "integer"}, ["9" * 20]),
        ({"type": "integer"}, ["7", "8"]),
        ({"type": "number"}, ["nan"]),
        ({"type": "number"}, ["1e999"]),
        ({"type": "number"}, ["1_000"]),
        ({"type": "boolean"}, ["yes"]),
        ({"type": "boolean"}, ["1"]),
        ({"type": "string"}, ["a", "b"]),
        ({"type": "string", "maxLength": 1}, ["ab"]),
        ({"type": "array", "items": {"type": "integer"}}, ["7", "x"]),
        (False, ["x"]),
    ],
)
def test_text_that_cannot_be_read_so_is_refused(given: Any, texts: list[str]) -> None:
    refusal(Handshake(query=schema({"p": given})), query=tuple(("p", text) for text in texts))


def test_references_are_followed() -> None:
    handshake = Handshake(query=Schema(NAMED, DRAFT_07))
    check(handshake, query=(("n", "7"),))
    refusal(handshake, query=(("n", "x"),))


@pytest.mark.parametrize("schema_value", [True, {"type": "object"}, {"type": "object", "properties": {}}])
def test_a_schema_without_properties_takes_any(schema_value: Any) -> None:
    check(Handshake(query=Schema(schema_value, DRAFT_07)), query=(("n", "7"),))


def test_the_parameters_of_engine_io_are_not_the_users() -> None:
    closed = Handshake(query=schema({"a": {"type": "string"}}, additionalProperties=False))
    own = (("EIO", "4"), ("transport", "websocket"), ("sid", "x"), ("t", "x"), ("j", "0"), ("b64", "1"))
    check(closed, query=(("a", "b"), *own))
    refusal(closed, query=(("b", "b"), *own))


def test_a_name_of_engine_io_that_the_contract_has_is_checked() -> None:
    refusal(Handshake(query=schema({"t": {"type": "integer"}})), query=(("t", "x"),))


def test_headers_are_found_in_any_case() -> None:
    handshake = Handshake(headers=schema({"X-Count": {"type": "integer"}}, "X-Count"))
    check(handshake, headers=(("x-count", "7"),))
    assert refusal(handshake, headers=(("X-COUNT", "x"),)).path == ("X-Count",)
    assert str(refusal(handshake)) == "headers: needs the property `X-Count`"


def test_headers_that_others_add_are_no_matter() -> None:
    handshake = Handshake(headers=schema({"X-Count": {"type": "integer"}}, additionalProperties=False))
    check(handshake, headers=(("Cookie", "a=b"), ("Host", "example.org"), ("X-Count", "7")))


def test_auth_is_held_against_its_schema_and_not_quoted() -> None:
    schemas = HandshakeRules(Handshake(auth=schema({"token": {"type": "string"}}, "token")))
    schemas.check_auth(Request("GET", auth={"token": "x"}))
    schemas.check(Request("GET", auth={"token": ["MARKER"]}))  # not before the client is known
    with pytest.raises(BindingsValidationException) as caught:
        schemas.check_auth(Request("GET", auth={"token": ["MARKER"]}))
    assert str(caught.value) == "auth: /token: must be string"
    assert caught.value.path == ("token",)
    with pytest.raises(BindingsValidationException, match="auth: must be object"):
        schemas.check_auth(Request("GET"))
