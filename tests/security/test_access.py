"""Requirements are met or not, and a client is never told why.

The cases are data: specs/conformance/security.yaml.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import pytest

from asynction.contract import SecurityScheme
from asynction.exceptions import SecurityException
from asynction.runtime import drive
from asynction.security import (
    Guard,
    Identity,
    Request,
    authenticate,
    authorize,
    kind_of,
    recognise,
    scopes_of,
)

TOKEN = Request("GET", auth={"token": "MARKER"})


def guard(function: Any, scope_function: Any = None, **fields: Any) -> Guard:
    scheme = SecurityScheme("oauth", "oauth2", fields)
    kind = kind_of(scheme)
    assert kind is not None
    return Guard(scheme, kind, function, scope_function)


def enter(function: Any, *scopes: str, **fields: Any) -> Identity:
    return drive(authenticate(({"oauth": scopes},), {"oauth": guard(function, **fields)}, TOKEN))


def test_the_flow_yields_the_call() -> None:
    flow = authenticate(({"oauth": ()},), {"oauth": guard(len)}, TOKEN)
    assert next(flow) == (len, ("MARKER",))
    with pytest.raises(StopIteration) as stop:
        flow.send({"sub": "ada"})
    assert stop.value.value == Identity({"oauth": {"sub": "ada"}})


def test_what_a_function_gives_is_copied() -> None:
    kept = {"sub": "ada"}
    identity = enter(lambda token: kept)
    kept["sub"] = "eve"
    assert identity.user == "ada"


def test_who_it_is() -> None:
    assert Identity().user is None
    assert Identity().token_info is None
    assert Identity({"a": {"uid": "ada"}, "b": {"sub": "bob"}}).user == "ada"
    assert Identity({"a": {"sub": "cy", "uid": "ada"}}).user == "cy"


def test_an_identity_keeps_its_secrets() -> None:
    assert "MARKER" not in repr(Identity({"a": {"sub": "MARKER"}}))


def test_a_function_that_raises_is_placed_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    def raises(token: str) -> None:
        raise LookupError(token)

    with pytest.raises(SecurityException) as caught, caplog.at_level(logging.DEBUG):
        enter(raises)
    (record,) = caplog.records
    assert record.getMessage().startswith("the function of security scheme 'oauth' raised LookupError at ")
    assert f"{__file__}:{raises.__code__.co_firstlineno + 1}" in record.getMessage()
    assert "MARKER" not in caplog.text
    assert (str(caught.value), caught.value.status) == ("not authenticated", 401)


def test_an_error_without_a_traceback(caplog: pytest.LogCaptureFixture) -> None:
    flow = authenticate(({"oauth": ()},), {"oauth": guard(len)}, TOKEN)
    next(flow)
    error = LookupError()
    with pytest.raises(SecurityException):
        flow.throw(error)
    assert "LookupError" in caplog.text


def test_an_event_asks_no_function_again() -> None:
    guards = {"oauth": guard(pytest.fail)}
    drive(authorize(({"oauth": ("b", "a")},), guards, Identity({"oauth": {"scope": "a b c"}})))
    drive(authorize((), guards, Identity()))
    drive(authorize(({},), guards, Identity()))
    with pytest.raises(SecurityException) as caught:
        drive(authorize(({"oauth": ("d",)},), guards, Identity({"oauth": {"scope": "a b c"}})))
    assert (str(caught.value), caught.value.status) == ("not allowed", 403)


def test_an_event_after_the_end() -> None:
    guards = {"oauth": guard(len, **{"x-enforceExpiry": True})}
    with pytest.raises(SecurityException):
        drive(authorize(({"oauth": ()},), guards, Identity({"oauth": {"exp": 1}})))


def test_what_is_offered_is_asked_once() -> None:
    identity = Identity({"oauth": {"sub": "ada"}})
    assert drive(recognise(("oauth",), {"oauth": guard(pytest.fail)}, TOKEN, identity)) == identity


@pytest.mark.parametrize(
    ("fields", "info", "end"),
    [
        ({}, {"exp": 5}, None),
        ({"x-enforceExpiry": False}, {"exp": 5}, None),
        ({"x-enforceExpiry": True}, {}, None),
        ({"x-enforceExpiry": True}, {"exp": None}, None),
        ({"x-enforceExpiry": True}, {"exp": 5}, 5.0),
        ({"x-enforceExpiry": True}, {"exp": 5.5}, 5.5),
        ({"x-enforceExpiry": True}, {"exp": -5}, 0.0),
        ({"x-enforceExpiry": True}, {"exp": "5"}, 0.0),
        ({"x-enforceExpiry": True}, {"exp": True}, 0.0),
        ({"x-enforceExpiry": True}, {"exp": float("nan")}, 0.0),
        ({"x-enforceExpiry": True}, {"exp": float("inf")}, 1e11),
        ({"x-enforceExpiry": True}, {"exp": 10**400}, 1e11),
    ],
)
def test_when_a_credential_ends(fields: Any, info: Any, end: float | None) -> None:
    guards = {"oauth": guard(len, **fields)}
    assert Identity({"oauth": info}).expiry(guards) == end


def test_the_first_credential_that_ends_counts() -> None:
    guards = {"a": guard(len, **{"x-enforceExpiry": True}), "b": guard(len, **{"x-enforceExpiry": True})}
    assert Identity({"a": {"exp": 7}, "b": {"exp": 6}}).expiry(guards) == 6
    assert Identity().expiry(guards) is None


@pytest.mark.parametrize(
    ("info", "scopes"),
    [
        ({}, []),
        ({"scope": "a  b"}, ["a", "b"]),
        ({"scopes": "a b"}, ["a", "b"]),
        ({"scopes": ["a", "b"]}, ["a", "b"]),
        ({"scopes": ("a",)}, ["a"]),
        ({"scopes": frozenset("a")}, ["a"]),
        ({"scopes": {"a": 1}}, []),
        ({"scopes": None}, []),
        ({"scopes": [], "scope": "a"}, []),
    ],
)
def test_scopes(info: Mapping[str, object], scopes: list[str]) -> None:
    assert scopes_of(info) == scopes
