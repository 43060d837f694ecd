"""Security schemes and requirements of every version are read into one form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from asynction.document import load
from asynction.document._nodes import Node, Sources
from asynction.document._security import Schemes

FLOWS = {"implicit": {"scopes": {"read": "Read."}}, "password": {"availableScopes": {"write": "Write."}}}
SCHEMES: dict[str, dict[str, Any]] = {
    "key": {"type": "httpApiKey", "name": "k", "in": "query"},
    "oauth": {"type": "oauth2", "flows": FLOWS},
    "open": {"type": "openIdConnect", "openIdConnectUrl": "https://x.example"},
}


def read(version: str, requirements: object, schemes: object = SCHEMES) -> tuple[Any, list[str], Schemes]:
    """Return the requirements, and their problems."""
    root: Node | None = Sources().root(
        {"it": {"security": requirements}, "components": {"securitySchemes": schemes}}
    )
    assert root is not None
    found = Schemes(root, version)
    required = found.requirements(root.child("it"), "security")
    return required, [f"{p.rule} {p.pointer} {p.message}" for p in root.sources.problems], found


def ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/securitySchemes/{name}"}


def test_schemes_are_known_by_their_names() -> None:
    _, _, found = read("2.6", [])

    assert {name: (scheme.name, scheme.type) for name, scheme in found.schemes.items()} == {
        "key": ("key", "httpApiKey"),
        "oauth": ("oauth", "oauth2"),
        "open": ("open", "openIdConnect"),
    }
    assert found.schemes["key"].fields == SCHEMES["key"]


@pytest.mark.parametrize(
    ("requirements", "required"),
    [
        ([], ()),
        ([{}], ({},)),
        ([{"key": []}, {"oauth": ["write", "read"]}], ({"key": ()}, {"oauth": ("write", "read")})),
        ([{"key": [], "open": ["any"]}], ({"key": (), "open": ("any",)},)),
        (["text", 1], ()),
        ({"key": []}, ()),
    ],
)
def test_requirements_of_2_x_are_alternatives_of_schemes(requirements: object, required: object) -> None:
    assert read("2.6", requirements)[:2] == (required, [])


def test_no_requirements_are_not_the_same_as_none_required() -> None:
    root = Sources().root({"a": {}, "b": 1})
    assert root is not None

    assert Schemes(root, "2.6").requirements(root.child("a"), "security") is None
    assert Schemes(root, "2.6").requirements(root.child("b"), "security") is None
    assert read("3.0", [])[0] == ()


@pytest.mark.parametrize(
    ("requirements", "problem"),
    [
        (
            [{"keyy": []}],
            "security-scheme /it/security/0/keyy no security scheme `keyy` is defined; did you mean `key`?",
        ),
        (
            [{"key": ["read"]}],
            "security-scope /it/security/0/key the scheme `key` is of type `httpApiKey`, which has no scopes",
        ),
        (
            [{"oauth": ["reed"]}],
            "security-scope /it/security/0/oauth the scheme `oauth` has no scope `reed`;"
            " did you mean `read`?",
        ),
    ],
)
def test_requirements_of_2_x_name_schemes_and_scopes_that_are_there(
    requirements: object, problem: str
) -> None:
    assert read("2.0", requirements)[1] == [problem]


def test_requirements_of_3_x_are_schemes_with_their_scopes_inside() -> None:
    schemes = {"key": SCHEMES["key"], "oauth": {**SCHEMES["oauth"], "scopes": ["write"]}}
    required, problems, _ = read("3.0", [ref("key"), ref("oauth"), 1], schemes)

    assert (required, problems) == (({"key": ()}, {"oauth": ("write",)}), [])


def test_a_scheme_of_3_x_that_is_written_in_place_is_called_by_its_type() -> None:
    required, problems, found = read("3.0", [{"type": "http", "scheme": "basic"}, {"type": "http"}])

    assert (required, problems) == (({"#http": ()}, {"#http-2": ()}), [])
    assert found.schemes["#http"].fields == {"type": "http", "scheme": "basic"}


def test_scopes_of_3_x_are_those_of_the_flows() -> None:
    schemes = {"oauth": {**SCHEMES["oauth"], "scopes": ["writ"]}, "key": {**SCHEMES["key"], "scopes": ["a"]}}

    assert read("3.1", [ref("oauth"), ref("key")], schemes)[1] == [
        "security-scope /components/securitySchemes/oauth/scopes"
        " the scheme `oauth` has no scope `writ`; did you mean `write`?",
        "security-scope /components/securitySchemes/key/scopes"
        " the scheme `key` is of type `httpApiKey`, which has no scopes",
    ]


@pytest.mark.parametrize("flows", [1, {"implicit": 1}, {"implicit": {"scopes": 1}}])
def test_flows_that_the_reader_refused_define_no_scopes(flows: object) -> None:
    found = read("2.6", [{"o": ["a"]}], {"o": {"type": "oauth2", "flows": flows}})[1]

    assert len(found) <= 1


def test_both_versions_give_one_contract(tmp_path: Path) -> None:
    info = {"title": "T", "version": "1"}
    oauth: dict[str, Any] = {"type": "oauth2", "flows": {"password": {"tokenUrl": "https://x.example"}}}
    old, new = ({"scopes": {"read": "R."}}, {"availableScopes": {"read": "R."}})
    oauth_2 = {**oauth, "flows": {"password": {**oauth["flows"]["password"], **old}}}
    oauth_3 = {**oauth, "flows": {"password": {**oauth["flows"]["password"], **new}}, "scopes": ["read"]}
    two = load(
        {
            "asyncapi": "2.6.0",
            "info": info,
            "servers": {"s": {"url": "ws://x.example/p", "protocol": "ws", "security": [{"o": ["read"]}]}},
            "channels": {"/": {"publish": {"security": [{"o": ["read"]}], "message": {"name": "m"}}}},
            "components": {"securitySchemes": {"o": oauth_2}},
        }
    )
    three = load(
        {
            "asyncapi": "3.0.0",
            "info": info,
            "servers": {
                "s": {"host": "x.example", "pathname": "p", "protocol": "ws", "security": [ref("o")]}
            },
            "channels": {"c": {"address": "/", "messages": {"m": {}}}},
            "operations": {
                "o": {"action": "receive", "channel": {"$ref": "#/channels/c"}, "security": [ref("o")]}
            },
            "components": {"securitySchemes": {"o": oauth_3}},
        }
    )

    assert two.servers == three.servers
    assert two.namespaces == three.namespaces
