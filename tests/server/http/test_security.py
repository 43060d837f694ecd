"""Security schemes as HTTP and OpenAPI have them."""

from __future__ import annotations

from typing import Any

import pytest

from asynction.contract import SecurityScheme
from asynction.server._http.security import challenges, openapi_scheme, together


def scheme(type: str, **fields: Any) -> SecurityScheme:
    return SecurityScheme("s", type, fields)


@pytest.mark.parametrize(
    ("given", "challenge", "shown"),
    [
        (
            scheme("http", scheme="BASIC"),
            'Basic realm="events", charset="UTF-8"',
            {"type": "http", "scheme": "BASIC"},
        ),
        (
            scheme("http", scheme="bearer", bearerFormat="JWT"),
            'Bearer realm="events"',
            {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
        ),
        (scheme("http", scheme="digest"), 'digest realm="events"', {"type": "http", "scheme": "digest"}),
        (scheme("http", scheme="a\r\nb: c"), 'abc realm="events"', {"type": "http", "scheme": "a\r\nb: c"}),
        (scheme("http", scheme="ä"), 'Other realm="events"', {"type": "http", "scheme": "ä"}),
        (
            scheme("httpApiKey", **{"in": "header", "name": 'X-"Kä\ny\\"'}),
            'ApiKey realm="events", in="header", name="X-\\"K??y\\\\\\""',
            {"type": "apiKey", "in": "header", "name": 'X-"Kä\ny\\"'},
        ),
        (
            scheme("apiKey", **{"in": "user"}),
            'Basic realm="events", charset="UTF-8"',
            {"type": "http", "scheme": "basic"},
        ),
        (
            scheme("userPassword", description="Ask."),
            'Basic realm="events", charset="UTF-8"',
            {"type": "http", "scheme": "basic", "description": "Ask."},
        ),
        (
            scheme(
                "oauth2",
                flows={
                    "password": {"tokenUrl": "https://t", "availableScopes": {"a": "A"}, "x-y": 1},
                    "implicit": {"authorizationUrl": "https://a", "refreshUrl": "https://r"},
                    "odd": None,
                },
            ),
            'Bearer realm="events"',
            {
                "type": "oauth2",
                "flows": {
                    "password": {"tokenUrl": "https://t", "scopes": {"a": "A"}},
                    "implicit": {"authorizationUrl": "https://a", "refreshUrl": "https://r", "scopes": {}},
                },
            },
        ),
        (scheme("oauth2"), 'Bearer realm="events"', {"type": "oauth2", "flows": {}}),
        (
            scheme("openIdConnect", openIdConnectUrl="https://o"),
            'Bearer realm="events"',
            {"type": "openIdConnect", "openIdConnectUrl": "https://o"},
        ),
        (scheme("X509"), 'Certificate realm="events"', {"type": "mutualTLS"}),
    ],
)
def test_a_scheme_has_a_challenge_and_is_told(given: SecurityScheme, challenge: str, shown: Any) -> None:
    assert challenges([given, given]) == [challenge]
    assert openapi_scheme(given) == shown


@pytest.mark.parametrize(
    ("first", "second", "both"),
    [
        ((), (), ()),
        (({"a": ()},), (), ({"a": ()},)),
        ((), ({"a": ()},), ({"a": ()},)),
        (({"a": ("r",)}, {}), ({"a": ("w", "r")}, {"b": ()}), None),
    ],
)
def test_requirements_are_put_together(first: Any, second: Any, both: Any) -> None:
    expected = ({"a": ("r", "w")}, {"a": ("r",), "b": ()}, {"a": ("w", "r")}, {"b": ()})
    assert together(first, second) == (expected if both is None else both)
