from __future__ import annotations

from typing import Any

import pytest

from asynction.ui._details import NONE, Details, Link, Source, web_url

TAGS = [{"name": "a"}, {"name": "b"}]

OLD: dict[str, Any] = {
    "asyncapi": "2.6.0",
    "info": {
        "title": "T",
        "version": "1",
        "contact": {"name": "Ann", "email": "ann@a.example"},
        "license": {"name": "MIT", "url": "https://mit.example"},
        "termsOfService": "https://terms.example",
    },
    "tags": TAGS,
    "externalDocs": {"url": "https://docs.example"},
    "channels": {
        "chat": {
            "publish": {
                "tags": [{"name": "op"}],
                "message": {
                    "name": "say",
                    "title": "Say",
                    "deprecated": True,
                    "tags": TAGS,
                    "externalDocs": {"url": "javascript:alert(1)", "description": "more"},
                    "examples": [
                        {"payload": 1, "name": "one"},
                        {"payload": 2, "name": "two", "summary": "Two"},
                        {"headers": {}},
                    ],
                },
            }
        }
    },
}

NEW: dict[str, Any] = {
    "asyncapi": "3.0.0",
    "info": {
        "title": "T",
        "version": "1",
        "tags": TAGS,
        "contact": {"url": "https://ann.example"},
        "externalDocs": {"$ref": "#/components/externalDocs/d"},
    },
    "channels": {
        "c": {"address": "/c", "title": "C", "summary": "S", "messages": {"m": {"title": "M"}}, "tags": TAGS}
    },
    "operations": {"o": {"action": "send", "channel": {"$ref": "#/channels/c"}}},
    "components": {"externalDocs": {"d": {"url": "https://docs.example", "description": "Docs"}}},
}


def test_what_2_x_says_for_readers_is_found() -> None:
    source = Source(OLD)

    assert source.of_event("/chat", "receives", "say") == Details(
        "Say", "", True, ("op", "a", "b"), Link("more", ""), (("one", 1), ("Two", 2))
    )
    assert source.of_namespace("/chat") == Details()
    assert source.tags == ("a", "b")
    assert source.info == (
        Link("Ann", "mailto:ann@a.example"),
        Link("MIT", "https://mit.example"),
        Link("Terms of service", "https://terms.example"),
        Link("More", "https://docs.example"),
    )


def test_what_3_x_says_for_readers_is_found() -> None:
    source = Source(NEW)

    assert source.of_event("/c", "sends", "m") == Details("M")
    assert source.of_namespace("/c") == Details("C", "S", tags=("a", "b"))
    assert source.tags == ("a", "b")
    assert source.info == (
        Link("https://ann.example", "https://ann.example"),
        Link("Docs", "https://docs.example"),
    )


@pytest.mark.parametrize(
    "document", [{}, {"asyncapi": "2.6.0"}, {"asyncapi": "2.6.0", "info": {"contact": {}}}]
)
def test_a_document_may_say_nothing(document: Any) -> None:
    source = Source(document)

    assert source.of_event("/", "receives", "x") is NONE
    assert source.of_namespace("/") is NONE
    assert source.tags == ()


@pytest.mark.parametrize(
    ("url", "linked"),
    [
        ("https://a", True),
        ("HTTP://a", True),
        ("javascript:x", False),
        ("data:x", False),
        ("//a", False),
        ("", False),
    ],
)
def test_only_web_addresses_are_linked(url: str, linked: bool) -> None:
    assert web_url(url) == (url if linked else "")
