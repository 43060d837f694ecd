"""Whose stored answers a caller gets: its own, whichever `request_id` others use."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import pytest
import requests

from tests.server.gateway.support import KINDS, Results, Served, asked, call, serving_gateway
from tests.server.support import channel, document, message
from tests.serving import DEADLINE

KEY, OTHER_KEY = "k" * 22, "o" * 22

SPEC = document(
    {"/": channel([message("count")], x_security=[{"key": []}, {}])},
    components={"securitySchemes": {"key": {"type": "httpApiKey", "in": "header", "name": "X-Key"}}},
)

PEOPLE: dict[str, dict[str, object]] = {
    "ada": {"sub": "ada", "exp": 1e12},
    "ada again": {"sub": "ada", "exp": 2e12, "scope": "more"},
    "bob": {"sub": "bob"},
    "one": {"uid": 1},
    "a text": {"uid": "1"},
    "nameless": {"scope": "read"},
}


@contextmanager
def counting(kind: str, results: Results) -> Iterator[Served]:
    """Serve an event whose result is the number of its run."""
    runs = count(1)

    def register(asio: Any) -> None:
        asio.on("count")(lambda data: next(runs))

    options: dict[str, Any] = {"security_functions": {"key": lambda value, *_: PEOPLE.get(value)}}
    with serving_gateway(
        kind, SPEC, register, allowed_origins=[results.origin], server_options=options
    ) as gateway:
        yield gateway


class Caller:
    """Calls with one `request_id`: by a connection of its own (`socket`), or by HTTP (`http`)."""

    def __init__(self, gateway: Served, results: Results, door: str, who: str | None, path: str) -> None:
        self._gateway, self._results, self._path = gateway, results, path
        self._headers = {} if who is None else {"X-Key": who}
        self._client = gateway.client(headers=self._headers) if door == "socket" else None
        self._connected = self._client.__enter__() if self._client is not None else None

    def call(self, data: object = None, **fields: Any) -> Any:
        if self._connected is not None:
            return asked(self._connected, "count", data, request_id="1", **fields)["data"]
        url = f"{self._results.origin}{self._path}"
        body = call("count", data, request_id="1", callback_url=url, **fields)
        sent = requests.post(
            f"{self._gateway.url}/api/call", json=body, headers=self._headers, timeout=DEADLINE
        )
        assert sent.status_code == 200, sent.text
        result = self._results.next()
        assert result["path"] == self._path
        assert "client_key" not in result
        return result["data"]

    def close(self) -> None:
        if self._client is not None:
            self._client.__exit__(None, None, None)


Who = tuple[str, str | None, dict[str, Any]]
"""The door by which a caller comes, who it is, and the fields of its calls."""

STRANGERS: dict[str, tuple[Who, Who]] = {
    "two anonymous clients": (("socket", None, {}), ("socket", None, {})),
    "two anonymous clients by HTTP": (("http", None, {}), ("http", None, {})),
    "two anonymous clients by both": (("socket", None, {}), ("http", None, {})),
    "anonymous clients with keys": (
        ("socket", None, {"client_key": KEY}),
        ("socket", None, {"client_key": OTHER_KEY}),
    ),
    "one with a key, one without": (("http", None, {"client_key": KEY}), ("http", None, {})),
    "a user and an anonymous client": (("socket", "ada", {}), ("socket", None, {})),
    "two users": (("socket", "ada", {}), ("socket", "bob", {})),
    "two users with the same key": (
        ("http", "ada", {"client_key": KEY}),
        ("socket", "bob", {"client_key": KEY}),
    ),
    "two users whose names only look the same": (("socket", "one", {}), ("socket", "a text", {})),
    "users without an id": (("socket", "nameless", {}), ("socket", "nameless", {})),
}

THE_SAME: dict[str, tuple[Who, Who]] = {
    "a user with two tokens": (("socket", "ada", {}), ("socket", "ada again", {})),
    "a user by both ways": (("socket", "ada", {}), ("http", "ada", {})),
    "a client that connects again": (
        ("socket", None, {"client_key": KEY}),
        ("socket", None, {"client_key": KEY}),
    ),
    "a client that falls back to HTTP": (
        ("socket", None, {"client_key": KEY}),
        ("http", None, {"client_key": KEY}),
    ),
    "a nameless user that connects again": (
        ("socket", "nameless", {"client_key": KEY}),
        ("socket", "nameless", {"client_key": KEY}),
    ),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", STRANGERS)
def test_nobody_gets_the_answer_of_another_or_occupies_its_id(kind: str, name: str) -> None:
    with Results() as results, counting(kind, results) as gateway:
        eve, ada = (
            Caller(gateway, results, door, who, path)
            for (door, who, _), path in zip(STRANGERS[name], ("/eve", "/ada"), strict=True)
        )
        of_eve, of_ada = (fields for _, _, fields in STRANGERS[name])
        assert eve.call("other data", **of_eve) == 1
        assert ada.call(**of_ada) == 2
        assert ada.call(**of_ada) == 2  # from memory
        assert eve.call("other data", **of_eve) == 1
        assert ada.call("other data", **of_ada)["error"]["status"] == 409
        for caller in (eve, ada):
            caller.close()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", THE_SAME)
def test_a_caller_is_known_again(kind: str, name: str) -> None:
    with Results() as results, counting(kind, results) as gateway:
        for (door, who, fields), path in zip(THE_SAME[name], ("/first", "/second"), strict=True):
            caller = Caller(gateway, results, door, who, path)
            assert caller.call(**fields) == 1
            assert caller.call("other data", **fields)["error"]["status"] == 409
            caller.close()
