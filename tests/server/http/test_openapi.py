"""The OpenAPI document of the events that can be sent by HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from openapi_spec_validator import validate

from asynction.contract import Schema
from asynction.server._http.schemas import Schemas
from tests.server.http.support import Served, both
from tests.server.support import INTEGER, STRING, channel, document, message, pair

PROBLEM = {"$ref": "#/components/responses/Problem"}
TREE = {
    "type": "object",
    "properties": {"children": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}}},
}


def spec(**rest: Any) -> dict[str, Any]:
    rooms = channel(
        [message("say", {"$ref": "#/components/schemas/Tree"}, handler="echo")],
        parameters={"roomId": {"schema": INTEGER}, "name": {}},
    )
    mine = message("double", INTEGER, INTEGER, handler="echo")
    mine |= {"summary": "Double it.", "description": "Twice as *much*.", "examples": [{"payload": 21}]}
    return document(
        {
            "/": channel(
                [
                    mine,
                    message("two args", pair(INTEGER, STRING), pair(STRING, STRING), handler="echo"),
                    message("two-args", handler="echo"),
                    message(
                        "nothing",
                        {"items": [{}], "maxItems": 0},
                        {"items": [{}], "maxItems": 0},
                        handler="echo",
                    ),
                    message("!", {"items": [STRING], "additionalItems": True}, handler="echo"),
                ]
            ),
            "/rooms/{roomId}/{name}": rooms,
        },
        components={"schemas": {"Tree": TREE}},
        **rest,
    )


def openapi(served: Served, base: str = "") -> Any:
    found = served.request("GET", f"{base}/docs/openapi.json").json
    validate(found)
    return found


@both
def test_each_event_is_an_operation(kind: str) -> None:
    found = openapi(Served(kind, spec()))
    assert "servers" not in found
    assert found["info"] == {"title": "Test", "version": "1.0.0"}
    assert list(found["paths"]) == [
        "/events/%21",
        "/events/double",
        "/events/nothing",
        "/events/rooms/{roomId}/{name}/say",
        "/events/two%20args",
        "/events/two-args",
    ]
    double = found["paths"]["/events/double"]["post"]
    assert double == {
        "operationId": "double",
        "summary": "Double it.",
        "description": "Twice as *much*.",
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": INTEGER, "examples": {"1": {"value": 21}}}},
        },
        "responses": {
            "200": {
                "description": "The event's acknowledgement.",
                "content": {"application/json": {"schema": INTEGER}},
            },
            **dict.fromkeys(["400", "404", "413", "415", "500", "default"], PROBLEM),
        },
    }
    ids = [path["post"]["operationId"] for path in found["paths"].values()]
    assert ids == ["event", "double", "nothing", "rooms_roomId_name_say", "two_args", "two_args_2"]


def test_a_tuple_says_how_many_args_there_are() -> None:
    paths = openapi(Served("asgi", spec()))["paths"]
    body = paths["/events/two%20args"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert body == {"type": "array", "prefixItems": [INTEGER, STRING], "minItems": 2, "maxItems": 2}
    rest = paths["/events/%21"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert rest == {"type": "array", "prefixItems": [STRING], "items": True, "minItems": 1}
    open_ = paths["/events/two-args"]["post"]
    assert open_["requestBody"] == {
        "required": False,
        "content": {"application/json": {"schema": {"type": "array"}}},
    }
    assert [status for status in open_["responses"] if status < "300"] == ["200", "204"]
    nothing = paths["/events/nothing"]["post"]
    assert "requestBody" not in nothing
    assert [status for status in nothing["responses"] if status < "300"] == ["204"]


def test_parameters_of_a_namespace_are_those_of_the_path() -> None:
    found = openapi(Served("flask", spec()))
    say = found["paths"]["/events/rooms/{roomId}/{name}/say"]["post"]
    assert say["tags"] == ["/rooms/{roomId}/{name}"]
    assert say["parameters"] == [
        {"name": "roomId", "in": "path", "required": True, "schema": INTEGER},
        {"name": "name", "in": "path", "required": True, "schema": STRING},
    ]
    (name,) = set(found["components"]["schemas"]) - {"Problem"}
    ref = {"$ref": f"#/components/schemas/{name}"}
    body = say["requestBody"]["content"]["application/json"]["schema"]
    assert body["properties"]["children"]["items"] == ref
    assert found["components"]["schemas"][name]["properties"]["children"]["items"] == ref


def test_it_names_no_code() -> None:
    assert "x-" not in str(openapi(Served("asgi", spec())))


def test_the_base_is_the_server() -> None:
    servers = {"main": {"url": "h/api/v1/io", "protocol": "ws"}}
    found = openapi(Served("asgi", spec(servers=servers)), "/api/v1")
    assert found["servers"] == [{"url": "/api/v1"}]
    assert "/events/double" in found["paths"]


def test_the_description_and_the_answers_of_exception_handlers_are_told() -> None:
    served = Served("asgi", {**spec(), "info": {"title": "T", "version": "1", "description": "D"}})
    served.asio.exception_handler(ValueError)(lambda error: {"any": "thing"})
    found = openapi(served)
    assert found["info"]["description"] == "D"
    assert list(found["components"]["responses"]["Problem"]["content"]) == [
        "application/problem+json",
        "application/json",
    ]


def test_without_validation_it_says_the_same() -> None:
    assert openapi(Served("asgi", spec(), validation=False)) == openapi(Served("asgi", spec()))


SCHEMES = {
    "key": {
        "type": "httpApiKey",
        "in": "cookie",
        "name": "k",
        "x-apiKeyInfoFunc": "tests.server.http.test_http.key",
    },
    "token": {
        "type": "oauth2",
        "description": "Ask for one.",
        "x-tokenInfoFunc": "tests.server.http.test_http.token",
        "flows": {"implicit": {"authorizationUrl": "https://a.example", "scopes": {"read": "", "write": ""}}},
    },
}


def test_security_is_told() -> None:
    event = {
        "publish": {"message": message("e", STRING, handler="echo"), "security": [{"token": ["write"]}, {}]}
    }
    servers = {"main": {"url": "h", "protocol": "ws", "security": [{"key": []}, {"token": ["read"]}]}}
    served = Served("asgi", document({"/": event}, servers=servers, components={"securitySchemes": SCHEMES}))
    found = openapi(served)
    operation = found["paths"]["/events/e"]["post"]
    assert operation["security"] == [
        {"key": [], "token": ["write"]},
        {"key": []},
        {"token": ["read", "write"]},
        {"token": ["read"]},
    ]
    assert {"401", "403"} <= set(operation["responses"])
    assert found["components"]["securitySchemes"] == {
        "key": {"type": "apiKey", "name": "k", "in": "cookie"},
        "token": {
            "type": "oauth2",
            "flows": {
                "implicit": {"authorizationUrl": "https://a.example", "scopes": {"read": "", "write": ""}}
            },
            "description": "Ask for one.",
        },
    }


# Schemas -------------------------------------------------------------------------------------------


def draft(number: int) -> str:
    if number >= 2019:
        return f"https://json-schema.org/draft/{number}-{'09' if number == 2019 else '12'}/schema"
    return f"http://json-schema.org/draft-0{number}/schema"


@pytest.mark.parametrize(
    ("number", "given", "modern"),
    [
        (7, True, True),
        (7, {"items": [True, {"type": "null"}]}, {"prefixItems": [True, {"type": "null"}]}),
        (7, {"items": [{}], "additionalItems": False}, {"prefixItems": [{}], "items": False}),
        (7, {"items": {}, "additionalItems": False}, {"items": {}}),
        (2019, {"items": [{}], "additionalItems": STRING}, {"prefixItems": [{}], "items": STRING}),
        (2020, {"prefixItems": [{}], "items": False}, {"prefixItems": [{}], "items": False}),
        (7, {"properties": {"items": {"items": [{}]}}}, {"properties": {"items": {"prefixItems": [{}]}}}),
        (7, {"const": {"items": [{}]}}, {"const": {"items": [{}]}}),
        (
            7,
            {"dependencies": {"a": ["b"], "c": {"required": ["d"]}}},
            {"dependentRequired": {"a": ["b"]}, "dependentSchemas": {"c": {"required": ["d"]}}},
        ),
        (6, {"dependencies": {"a": ["b"]}}, {"dependentRequired": {"a": ["b"]}}),
        (7, {"dependencies": {"a": {}}}, {"dependentSchemas": {"a": {}}}),
        (4, {"minimum": 1, "exclusiveMinimum": True, "id": "x"}, {"exclusiveMinimum": 1}),
        (4, {"maximum": 1, "exclusiveMaximum": False}, {"maximum": 1}),
        (4, {"exclusiveMaximum": True}, {}),
        (7, {"exclusiveMinimum": 1}, {"exclusiveMinimum": 1}),
        (7, {"x-handler": "a.b", "$schema": draft(7), "type": "string"}, {"type": "string"}),
        (7, {"properties": {"x-handler": STRING}}, {"properties": {"x-handler": STRING}}),
    ],
)
def test_schemas_of_any_draft_are_read(number: int, given: Any, modern: Any) -> None:
    assert Schemas({}).read(Schema(given, draft(number))) == modern


def test_a_schema_in_another_language_says_nothing() -> None:
    assert Schemas({}).read(Schema(None, "application/vnd.apache.avro")) == {}


def with_definitions(**definitions: Any) -> Schema:
    refs: list[Any] = [{"$ref": f"#/definitions/{name}", "title": "beside"} for name in definitions]
    return Schema({"allOf": refs, "definitions": definitions}, draft(7))


def refs(schema: Any) -> list[str]:
    return [each["$ref"].removeprefix("#/components/schemas/") for each in schema["allOf"]]


def test_definitions_stand_once_and_names_mean_one_thing() -> None:
    schemas = Schemas({"Problem": {}})
    assert refs(schemas.read(with_definitions(A=STRING, B=INTEGER))) == ["A", "B"]
    assert refs(schemas.read(with_definitions(A=STRING))) == ["A"]
    assert refs(schemas.read(with_definitions(A=INTEGER, C=STRING))) == ["A.2.0", "C.2.1"]
    assert refs(schemas.read(with_definitions(**{"a b": STRING, "a_b": INTEGER, "ä": {}}))) == [
        "a_b.2.0",
        "a_b.2.1",
        "_.2.2",
    ]
    assert schemas.found == {
        "Problem": {},
        "A": STRING,
        "B": INTEGER,
        "A.2.0": INTEGER,
        "C.2.1": STRING,
        "a_b.2.0": STRING,
        "a_b.2.1": INTEGER,
        "_.2.2": {},
    }


def test_since_2019_keywords_beside_a_reference_count() -> None:
    schema: Any = {"$ref": "#/definitions/a~1b", "title": "T", "definitions": {"a/b": STRING}}
    assert Schemas({}).read(Schema(schema, draft(2020))) == {"$ref": "#/components/schemas/a_b", "title": "T"}


def test_a_reference_that_leads_elsewhere_stays() -> None:
    assert Schemas({}).read(Schema({"$ref": draft(7)}, draft(7))) == {"$ref": draft(7)}
