from __future__ import annotations

from typing import Any

import pytest

from asynction.document._public import binds_code, public_document, public_schema

SECRET = "secret.path"


@pytest.mark.parametrize(
    ("name", "binds"),
    [
        ("x-handler", True),
        ("x-handlers", True),
        ("x-hander", True),
        ("x-handers", True),
        ("x-handlr", True),
        ("x-middlewares", True),
        ("x-middleware", True),
        ("x-hooks", True),
        ("x-jwt", True),
        ("x-tokenInfoFunc", True),
        ("x-whateverFunc", True),
        ("x-headers", False),
        ("x-ack", False),
        ("x-auth", False),
        ("x-security", False),
        ("handler", False),
        ("Func", False),
    ],
)
def test_a_name_tells_whether_an_extension_binds_code(name: str, binds: bool) -> None:
    assert binds_code(name) is binds


BOUND: dict[str, Any] = {
    "asyncapi": "2.6.0",
    "info": {"title": "T", "version": "1", "x-handler": SECRET},
    "x-middlewares": [SECRET],
    "x-lib": {"properties": {"x-handler": SECRET}, "deep": [{"x-handlers": {"connect": SECRET}}]},
    "channels": {
        "/": {
            "x-handlers": {"connect": SECRET},
            "x-handers": {"error": SECRET},
            "x-middlewares": SECRET,
            "x-auth": {"type": "object", "properties": {"x-jwt": {"type": "string"}}},
            "publish": {
                "x-handler": SECRET,
                "traits": [{"x-handler": SECRET, "summary": "kept"}],
                "message": {
                    "oneOf": [
                        {"$ref": "#/components/messages/properties"},
                        {
                            "name": "a",
                            "x-hander": SECRET,
                            "x-ack": {"args": {"x-handler": SECRET, "type": "string"}},
                            "payload": {"type": "object", "properties": {"x-handler": {"type": "string"}}},
                            "examples": [{"payload": {"x-handler": "data"}}],
                        },
                    ]
                },
            },
        },
        "properties": {"x-handlers": {"connect": SECRET}},
    },
    "components": {
        "messages": {"properties": {"x-handler": SECRET, "payload": {"type": "string"}}},
        "schemas": {
            "x-handler": {"type": "string", "x-handler": SECRET, "x-more": {"x-handler": SECRET}},
            "data": {"default": {"x-jwt": 1}, "enum": [{"x-jwt": 2}], "items": [True, {"x-jwt": SECRET}]},
        },
        "securitySchemes": {
            "s": {
                "type": "oauth2",
                "x-tokenInfoFunc": SECRET,
                "x-scopeValidateFunc": SECRET,
                "x-jwt": {"secret": SECRET},
                "x-enforceExpiry": True,
                "flows": {"clientCredentials": {"tokenUrl": "https://t", "scopes": {"x-handler": "a scope"}}},
            }
        },
    },
}


def test_extensions_that_bind_code_leave_a_document_wherever_they_are_extensions() -> None:
    public: Any = public_document(BOUND)

    assert SECRET not in str(public)
    root = public["channels"]["/"]
    assert root.keys() == {"x-auth", "publish"}
    assert root["publish"]["traits"] == [{"summary": "kept"}]
    assert public["components"]["securitySchemes"]["s"]["x-enforceExpiry"] is True


def test_names_and_data_stay_whatever_they_are_called() -> None:
    public: Any = public_document(BOUND, ["x-lib", "x-more"])

    assert public["x-lib"] == {"properties": {}, "deep": [{}]}
    message = public["channels"]["/"]["publish"]["message"]["oneOf"][1]
    assert message["payload"]["properties"] == {"x-handler": {"type": "string"}}
    assert message["examples"] == [{"payload": {"x-handler": "data"}}]
    assert public["channels"]["/"]["x-auth"]["properties"] == {"x-jwt": {"type": "string"}}
    assert public["components"]["schemas"]["x-handler"] == {"type": "string", "x-more": {}}
    assert public["components"]["schemas"]["data"] == {
        "default": {"x-jwt": 1},
        "enum": [{"x-jwt": 2}],
        "items": [True, {}],
    }
    flow = public["components"]["securitySchemes"]["s"]["flows"]["clientCredentials"]
    assert flow["scopes"] == {"x-handler": "a scope"}
    assert public["channels"]["properties"] == {}


def test_operations_of_3_x_and_their_multi_format_schemas_are_known_too() -> None:
    schema = {"x-handler": SECRET, "properties": {"x-handler": True}}
    source: Any = {
        "asyncapi": "3.0.0",
        "channels": {
            "c": {
                "messages": {
                    "m": {"payload": {"schemaFormat": "f", "schema": schema}},
                    "n": {"payload": schema},
                }
            }
        },
        "operations": {
            "x-handler": {"x-handler": SECRET, "action": "send", "security": [{"x-basicInfoFunc": SECRET}]}
        },
        "servers": {"s": {"security": []}},
    }

    public: Any = public_document(source)

    messages = public["channels"]["c"]["messages"]
    assert messages["m"]["payload"]["schema"] == {"properties": {"x-handler": True}}
    assert messages["n"]["payload"] == {"properties": {"x-handler": True}}
    assert public["operations"] == {"x-handler": {"action": "send", "security": [{}]}}


def test_security_requirements_keep_schemes_of_any_name() -> None:
    source: Any = {
        "asyncapi": "2.6.0",
        "servers": {"s": {"security": [{"x-handler": ["a"]}]}},
    }

    assert public_document(source) == source


def test_a_schema_keeps_properties_of_any_name() -> None:
    assert public_schema(True) is True
    assert public_schema({"x-handler": "a", "allOf": [{"x-jwt": 1, "properties": {"x-jwt": False}}]}) == {
        "allOf": [{"properties": {"x-jwt": False}}]
    }


def test_what_is_no_document_becomes_an_empty_one() -> None:
    assert public_document({}) == {}


INTERNAL = {"database": "postgres://inner"}


def test_extensions_that_nobody_knows_are_left_out() -> None:
    source: Any = {
        "asyncapi": "2.6.0",
        "info": {"title": "T", "version": "1", "x-owner": INTERNAL},
        "x-internal": INTERNAL,
        "channels": {
            "/": {
                "x-internal": INTERNAL,
                "bindings": {
                    "ws": {"query": {"type": "object", "x-internal": INTERNAL}},
                    "x-internal": INTERNAL,
                },
                "publish": {
                    "message": {
                        "x-ack": {"args": {"type": "string"}},
                        "payload": {"type": "string", "x-internal": INTERNAL, "default": {"x-data": 1}},
                    }
                },
            },
            "x-name": {"subscribe": {}},
        },
    }
    public: Any = public_document(source)
    assert "inner" not in str(public)
    assert public["channels"].keys() == {"/", "x-name"}
    message = public["channels"]["/"]["publish"]["message"]
    assert message == {
        "x-ack": {"args": {"type": "string"}},
        "payload": {"type": "string", "default": {"x-data": 1}},
    }
    named: Any = public_document(source, ["x-owner"])
    assert named["info"]["x-owner"] == INTERNAL
    assert "x-internal" not in named
    assert public_schema({"type": "string", "x-internal": INTERNAL}) == {"type": "string"}


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ("x-owner", "is a list of names"),
        (["owner"], "is not an extension"),
        (["x-handler"], "is never public"),
        (["x-tokenInfoFunc"], "is never public"),
    ],
)
def test_what_cannot_be_published_is_refused(names: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        public_document({}, names)
