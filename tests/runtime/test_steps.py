"""The table STEPS has what happens to an event, in its order: here each step leaves its name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Any

import pytest

from asynction import load
from asynction.contract import Contract
from asynction.exceptions import EventException, Violation
from asynction.inject import Depends
from asynction.runtime import STEPS, Context
from asynction.security import Request
from asynction.validation import Validator
from tests.runtime.support import Bench

HERE = __name__
ORDER = [step.name for step in STEPS]
FLOWS = {"implicit": {"authorizationUrl": "https://a.example", "scopes": {"write": ""}}}

ran: list[str] = []
failing: list[str] = []


def take(name: str) -> bool:
    """Leave the name of a step; the one in `failing` raises."""
    ran.append(name)
    if name in failing:
        raise EventException(418)
    return True


def middleware(context: Context, call_next: Callable[[Context], Any]) -> Any:
    take("middleware")
    return call_next(context)


def data_check(message: object) -> bool:
    return take("data check")


def token(token: str) -> dict[str, object]:
    return {"sub": token, "scopes": ["write"]}


def scopes(required: list[str], granted: list[str]) -> bool:
    return take("security")


def access(connection: object, message: object) -> bool:
    return take("hooks")


def hydrate(connection: object, message: object) -> object:
    take("hooks")
    return 1


def dependency() -> bool:
    return take("dependencies")


def handler(number: int, _: bool = Depends(dependency)) -> int:
    take("handler")
    return number


def contract() -> Contract:
    """One event that takes every step."""
    hooks = {"dataCheck": "data_check", "access": "access", "hydrate": "hydrate"}
    message = {
        "name": "e",
        "payload": {"type": "string"},
        "x-ack": {"args": {"type": "integer"}},
        "x-handler": f"{HERE}.handler",
        "x-hooks": {hook: f"{HERE}.{function}" for hook, function in hooks.items()},
    }
    scheme = {
        "type": "oauth2",
        "flows": FLOWS,
        "x-tokenInfoFunc": f"{HERE}.token",
        "x-scopeValidateFunc": f"{HERE}.scopes",
    }
    return load(
        {
            "asyncapi": "2.6.0",
            "info": {"title": "T", "version": "1"},
            "x-middlewares": [f"{HERE}.middleware"],
            "channels": {"/": {"publish": {"security": [{"oauth": ["write"]}], "message": message}}},
            "components": {"securitySchemes": {"oauth": scheme}},
        }
    )


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """A server with a client that may send the event."""
    bench = Bench(contract())
    bench.enter(request=Request("GET", headers=(("Authorization", "Bearer ada"),)))
    schemas = bench.service.routes.schemas.received("/", "e")
    check = Validator.check

    def recorded(self: Validator, args: Sequence[object], json_args: Any = None) -> tuple[Violation, ...]:
        take("args" if self is schemas.args else "ack")
        return check(self, args, json_args)

    monkeypatch.setattr(Validator, "check", recorded)
    yield bench
    ran.clear()
    failing.clear()


def steps() -> list[str]:
    """The steps that were taken; those that are several calls count once."""
    return [name for name, _ in groupby(ran)]


def test_an_event_takes_the_steps_in_their_order(bench: Bench) -> None:
    assert bench.send("e", "x") == (1,)
    assert ["find", *steps()] == ORDER


def test_what_is_not_found_takes_no_other_step(bench: Bench) -> None:
    assert bench.status("nothing", "x") == 404
    assert ran == []


@pytest.mark.parametrize("name", ORDER[1:])
def test_a_step_that_fails_is_the_last(name: str, bench: Bench) -> None:
    failing.append(name)
    assert bench.status("e", "x") == (403 if name == "security" else 418)
    assert ["find", *steps()] == ORDER[: ORDER.index(name) + 1]


def test_every_step_says_what_and_why() -> None:
    assert len(set(ORDER)) == len(ORDER)
    assert all(step.does and step.reason for step in STEPS)
