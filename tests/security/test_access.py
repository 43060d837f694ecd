"""Requirements are met or not, and a client is never told why.

The cases are data: specs/conformance/security.yaml.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from fastapi import HTTPException

from asynction.contract import SecurityScheme
from asynction.exceptions import SecurityException
from asynction.runtime import drive
from asynction.security import (
    Guard,
    Identity,
    Request,
    SecurityBusy,
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


def test_an_error_of_the_driver_is_placed_in_the_flow(caplog: pytest.LogCaptureFixture) -> None:
    flow = authenticate(({"oauth": ()},), {"oauth": guard(len)}, TOKEN)
    next(flow)
    error = LookupError()
    with pytest.raises(SecurityException):
        flow.throw(error)
    (message,) = caplog.messages
    assert re.fullmatch(
        r"the function of security scheme 'oauth' raised LookupError at \S*_access\.py:\d+", message
    )


def test_an_event_asks_no_function_again() -> None:
    guards = {"oauth": guard(pytest.fail)}
    drive(authorize(({"oauth": ("b", "a")},), guards, Identity({"oauth": {"scope": "a b c"}})))
    drive(authorize((), guards, Identity()))
    drive(authorize(({},), guards, Identity()))
    with pytest.raises(SecurityException) as caught:
        drive(authorize(({"oauth": ("d",)},), guards, Identity({"oauth": {"scope": "a b c"}})))
    assert (str(caught.value), caught.value.status) == ("not allowed", 403)
    assert caught.value.reason == "the credentials of the connection do not suffice for the event"


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


# Reasons, for the log only ------------------------------------------------------------------------


def why(function: Any, *scopes: str, **fields: Any) -> str:
    with pytest.raises(SecurityException) as caught:
        enter(function, *scopes, **fields)
    assert "oauth" not in str(caught.value)
    return caught.value.reason


def raising(error: BaseException) -> Any:
    def function(*args: object) -> None:
        raise error

    return function


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (lambda token: None, "oauth: its function did not accept the credential"),
        (lambda token: "MARKER", "oauth: its function returned a str"),
        (raising(LookupError("MARKER")), "oauth: its function raised LookupError"),
        (raising(SystemExit("MARKER")), "oauth: its function raised RuntimeError"),
        (raising(SecurityException()), "oauth: its function raised SecurityException"),
        (raising(SecurityException(403, "it is locked")), "oauth: it is locked"),
        (raising(HTTPException(403, "MARKER")), "oauth: its function raised HTTPException"),
    ],
)
def test_why_a_function_refuses(function: Any, reason: str) -> None:
    assert why(function) == reason


@pytest.mark.parametrize(("raised", "status"), [(401, 401), (403, 403), (404, 401), (503, 401), (302, 401)])
def test_an_http_exception_of_a_function_refuses(
    raised: int, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(SecurityException) as caught:
        enter(raising(HTTPException(raised, "MARKER")))
    assert caught.value.status == status
    assert bool(caplog.records) == (raised not in (401, 403))  # what it does not mean as a refusal is a fault


def test_a_function_that_returns_nonsense_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    why(lambda token: ["MARKER"])
    assert caplog.messages == ["the function of security scheme 'oauth' returned a list"]


def test_why_a_credential_that_was_accepted_does_not_suffice() -> None:
    assert why(lambda token: {}, "read") == "oauth: its scopes do not suffice"
    ended = {"exp": time.time() - 5000}
    enforced: dict[str, Any] = {"x-enforceExpiry": True}
    assert re.fullmatch(r"oauth: expired 5\d\d\d s ago", why(lambda token: ended, **enforced))
    assert why(lambda token: {"exp": "soon"}, **enforced) == "oauth: its `exp` is not a time"


def test_a_credential_that_has_just_ended_is_refused() -> None:
    assert why(lambda token: {"exp": time.time() - 0.001}, **{"x-enforceExpiry": True})


def test_a_credential_ends_at_its_exp(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("asynction.security._access.time.time", lambda: 5000.0)
    enforced = guard(len, **{"x-enforceExpiry": True})
    assert [enforced.is_over({"exp": end}) for end in (4999, 5000, 5001)] == [True, True, False]


def test_clocks_may_differ_by_the_leeway_of_a_guard() -> None:
    ended = {"exp": time.time() - 10}
    strict = guard(len, **{"x-enforceExpiry": True})
    tolerant = replace(strict, leeway=86_400.0)
    assert (strict.is_over(ended), tolerant.is_over(ended)) == (True, False)
    assert tolerant.end_of(ended) == ended["exp"] + 86_400
    drive(authorize(({"oauth": ()},), {"oauth": tolerant}, Identity({"oauth": ended})))
    assert Identity({"oauth": ended}).expiry({"oauth": tolerant}) == ended["exp"] + 86_400
    assert replace(guard(len), leeway=5.0).end_of(ended) is None


@pytest.mark.parametrize(
    ("fields", "places"),
    [
        (
            {"type": "http", "scheme": "basic"},
            "the header `Authorization: Basic` or `username` and `password` of `auth`",
        ),
        ({"type": "http", "scheme": "bearer"}, "the header `Authorization: Bearer` or `token` of `auth`"),
        ({"type": "http", "scheme": "digest"}, "the header `Authorization: digest`"),
        ({"type": "httpApiKey", "in": "cookie", "name": "k"}, "the cookie `k` or `k` of `auth`"),
        ({"type": "apiKey", "in": "user"}, "the header `Authorization: Basic` or the user of `auth`"),
        ({"type": "X509"}, "the client certificate of TLS"),
    ],
)
def test_where_a_credential_was_looked_for(fields: dict[str, str], places: str) -> None:
    scheme = SecurityScheme("s", fields["type"], fields)
    kind = kind_of(scheme)
    assert kind is not None
    with pytest.raises(SecurityException) as caught:
        drive(authenticate(({"s": ()},), {"s": Guard(scheme, kind, len)}, Request("GET")))
    assert caught.value.reason == f"s: no usable credential in {places}"


def test_each_alternative_has_its_reason() -> None:
    guards = {"a": guard(lambda token: None), "b": guard(lambda token: {})}
    required: Any = ({"a": ()}, {"b": ("read",)}, {"b": ("read", "write")})
    with pytest.raises(SecurityException) as caught:
        drive(authenticate(required, guards, TOKEN))
    assert caught.value.status == 403
    assert caught.value.reason == (
        "a: its function did not accept the credential; b: its scopes do not suffice"
    )


@pytest.mark.parametrize(
    ("first", "second", "status"),
    [
        (lambda token: None, SecurityException(403), 403),
        (SecurityException(403), lambda token: None, 403),
        (SecurityException(), lambda token: "nonsense", 401),
        (LookupError(), lambda token: None, 401),
    ],
)
def test_not_to_be_allowed_counts_more_than_not_to_be_known(first: Any, second: Any, status: int) -> None:
    functions = [raising(each) if isinstance(each, Exception) else each for each in (first, second)]
    guards = {name: guard(function) for name, function in zip("ab", functions, strict=True)}
    with pytest.raises(SecurityException) as caught:
        drive(authenticate(({"a": ()}, {"b": ()}), guards, TOKEN))
    assert caught.value.status == status


@pytest.mark.parametrize(("request_", "lines"), [(TOKEN, 1), (Request("GET"), 0)])
def test_a_credential_that_is_ignored_is_logged(
    request_: Request, lines: int, caplog: pytest.LogCaptureFixture
) -> None:
    guards = {"oauth": guard(lambda token: None)}
    with caplog.at_level(logging.INFO):
        drive(authenticate(({"oauth": ()}, {}), guards, request_))
        drive(recognise(("oauth",), guards, request_, Identity()))
    reason = "oauth: its function did not accept the credential"
    assert caplog.messages == [f"a credential that is optional is ignored, because {reason!r}"] * 2 * lines


def test_optional_credentials_help_also_who_lacks_a_scope() -> None:
    guards = {"oauth": guard(lambda token: {"scope": "read"})}
    assert drive(authenticate(({"oauth": ("write",)}, {}), guards, TOKEN)) == Identity()


def test_a_server_that_is_busy_says_nothing_about_the_credentials() -> None:
    busy = SecurityBusy(503, "later")
    with pytest.raises(SecurityBusy):
        enter(raising(busy))
    with pytest.raises(SecurityBusy):
        drive(authenticate(({"oauth": ("read",)},), {"oauth": guard(lambda token: {}, raising(busy))}, TOKEN))
