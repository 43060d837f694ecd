"""Thousands of random requests: each is answered, nothing breaks, and only good ones reach a handler."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.server.http.support import JSON, Served
from tests.server.support import INTEGER, STRING, channel, document, message, pair

pytestmark = pytest.mark.no_cover

got: list[tuple[Any, ...]] = []


def keeps(*args: Any) -> None:
    got.append(args)


HANDLER = f"{__name__}.keeps"
SPEC = document(
    {
        "/": channel(
            [
                message("one", INTEGER, handler=HANDLER),
                message("a/two", pair(INTEGER, STRING), handler=HANDLER),
            ]
        ),
        "/rooms/{id}": channel([message("any", handler=HANDLER)], parameters={"id": {"schema": INTEGER}}),
    }
)
WORDS = [
    "one",
    "a",
    "two",
    "rooms",
    "7",
    "any",
    "",
    ".",
    "..",
    "connect",
    "*",
    "é",
    "\ud800",
    "\x00",
    "%2F",
    "\n",
]
PATHS = st.lists(st.sampled_from(WORDS) | st.text(max_size=5), max_size=5)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
BODIES = st.binary(max_size=40) | VALUES.map(lambda value: json.dumps(value).encode())
HEADERS = st.sampled_from(
    [JSON, {}, {"Content-Type": "text/plain"}, {"Origin": "null"}, {"Content-Length": "x"}]
)


@pytest.fixture(scope="module")
def served() -> Served:
    return Served("flask", SPEC)


@settings(max_examples=2000, deadline=None, suppress_health_check=list(HealthCheck))
@given(path=PATHS, body=BODIES, headers=HEADERS, method=st.sampled_from(["POST"] * 9 + ["GET", "OPTIONS"]))
def test_random_requests_are_answered(
    served: Served, path: list[str], body: bytes, headers: dict[str, str], method: str
) -> None:
    got.clear()
    address = "/events/" + "/".join(quote(part, safe="", errors="surrogatepass") for part in path)
    reply = served.request(method, address, body, headers)
    assert reply.status in (204, 400, 403, 404, 405, 413, 415)
    assert (reply.status == 403) is ("Origin" in headers and (method != "OPTIONS" or reply.status != 204))
    assert bool(got) == (reply.status == 204 and method == "POST")
    for args in got:
        assert "".join(path[-2:]) != "any" or len(path) == 3
        json.dumps(args, allow_nan=False).encode()


@pytest.mark.parametrize("kind", ["flask", "asgi"])
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(body=BODIES)
def test_random_bodies_are_held_to_the_schema(kind: str, body: bytes) -> None:
    served = SERVED.setdefault(kind, Served(kind, SPEC))
    got.clear()
    reply = served.request("POST", "/events/one", body, JSON)
    assert reply.status == (204 if got else 400)
    assert all(isinstance(value, int | float) and value == int(value) for (value,) in got)


SERVED: dict[str, Served] = {}
