"""A check of the application accepts or refuses events."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from asynction.exceptions import SecurityException
from asynction.middleware import AuthMiddleware, auth_middleware
from tests.middleware.support import BOTH, arun, context, run


async def from_here(sid: str, environ: Mapping[str, Any]) -> bool:
    return environ.get("REMOTE_ADDR") == "here" and sid == "sid1"


def denied(*_: object) -> bool:
    raise PermissionError("the secret reason")


@pytest.mark.parametrize("drive", BOTH)
def test_a_check_lets_an_event_through(drive: Callable[..., object]) -> None:
    checked = auth_middleware(lambda sid, environ: sid == "sid1" and environ["REMOTE_ADDR"] == "here")
    assert drive(len, context("abc", environ={"REMOTE_ADDR": "here"}), checked) == 3


@pytest.mark.parametrize("drive", BOTH)
@pytest.mark.parametrize("check", [lambda *_: False, lambda *_: None, denied])
def test_a_check_refuses_before_the_handler(drive: Callable[..., object], check: Any) -> None:
    with pytest.raises(SecurityException) as caught:
        drive(pytest.fail, context("abc"), auth_middleware(check))
    assert caught.value.status == 403


def test_an_async_check_is_awaited() -> None:
    checked = auth_middleware(from_here)
    assert checked.asynchronous
    assert arun(len, context("abc", environ={"REMOTE_ADDR": "here"}), checked) == 3
    with pytest.raises(SecurityException):
        arun(pytest.fail, context("abc"), checked)


def test_an_async_check_that_is_not_awaited_refuses_every_event() -> None:
    def unseen(*args: Any) -> Any:  # a function that returns a coroutine without being `async def`
        return from_here(*args)

    checked = auth_middleware(unseen)
    assert not checked.asynchronous
    with pytest.raises(TypeError, match="Flask cannot await it"):
        run(pytest.fail, context("abc", environ={"REMOTE_ADDR": "here"}), checked)


def test_other_exceptions_of_a_check_go_through() -> None:
    with pytest.raises(KeyError):
        run(pytest.fail, context(), auth_middleware(lambda sid, environ: environ["absent"]))


def test_a_check_may_be_for_some_events() -> None:
    middleware = AuthMiddleware(from_here, events="message", namespace="/chat")
    assert middleware.events == frozenset({"message"})
    assert middleware.namespace == "/chat"
