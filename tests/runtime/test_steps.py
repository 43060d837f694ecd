"""The table STEPS says what an event does, in which order: an event with all steps records them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from asynction import load
from asynction.contract import Contract
from asynction.exceptions import EventException
from asynction.inject import Depends
from asynction.runtime import FLASK, PYTHON_SOCKETIO, STEPS, Context, MessageData, Registration, closing
from asynction.runtime._routes import Routes
from asynction.security import Identity
from asynction.validation import Validator
from tests.runtime.support import Bench

HERE = __name__
NAMES = [step.name for step in STEPS]

record: list[str] = []
"""The steps that have been taken, each as its name, or as its name and what was done."""

failing: dict[str, Callable[[], object]] = {}
"""What the function of a step does instead of its work."""


def take(step: str, result: object = None) -> Any:
    record.append(step)
    return failing[step]() if step in failing else result


def check(token: str) -> dict[str, object]:
    return {"sub": token}


def allows_scopes(required: Sequence[str], granted: Sequence[str]) -> Any:
    return take("security", True)


def is_right(message: MessageData) -> Any:
    return take("data check", True)


def may_send(connection: object, message: MessageData) -> Any:
    return take("hooks: access", True)


def find_number(connection: object, message: MessageData) -> Any:
    return take("hooks: hydrate", message.payload)


def to_text(number: object) -> Any:
    return take("ack: dehydrate", str(number))


def opens() -> Iterator[str]:
    opened = take("dependencies", "opened")
    try:
        yield opened
    finally:
        record.append("close")


def answer(number: int, opened: str = Depends(opens)) -> Any:
    assert opened == "opened"
    return take("handler", number)


def around(context: Context, call_next: Callable[[Context], Any]) -> Any:
    take("middleware")
    result = call_next(context)
    record.append("middleware: leave")
    return result


async def around_async(context: Context, call_next: Callable[[Context], Any]) -> Any:
    take("middleware")
    result = await call_next(context)
    record.append("middleware: leave")
    return result


HOOKS: dict[str, Callable[..., object]] = {
    "data_check": is_right,
    "access": may_send,
    "hydrate": find_number,
    "dehydrate": to_text,
}


def contract() -> Contract:
    """Return a contract of one event, found by a pattern, that demands and checks all there is."""
    message = {"name": "e", "payload": {"type": "integer"}, "x-ack": {"args": {"type": "string"}}}
    flow = {"authorizationUrl": "https://a.example", "scopes": {"write": ""}}
    scheme = {
        "type": "oauth2",
        "x-tokenInfoFunc": f"{HERE}.check",
        "x-scopeValidateFunc": f"{HERE}.allows_scopes",
        "flows": {"implicit": flow},
    }
    channel = {
        "parameters": {"room": {}},
        "publish": {"security": [{"oauth": ["write"]}], "message": message},
    }
    return load(
        {
            "asyncapi": "2.6.0",
            "info": {"title": "Steps", "version": "1"},
            "channels": {"/rooms/{room}": channel},
            "components": {"securitySchemes": {"oauth": scheme}},
        }
    )


@pytest.fixture(params=[False, True], ids=["drive", "adrive"])
def bench(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Bench:
    is_async = bool(request.param)
    bench = Bench(contract(), is_async=is_async, conventions=PYTHON_SOCKETIO if is_async else FLASK)
    bench.service.bind(Registration("/rooms/{room}", "e", answer, hooks=HOOKS))
    bench.service.add_middleware(around_async if is_async else around)
    bench.service.identities["sid"] = Identity({"oauth": {"sub": "ada", "scope": "write"}})
    find, check_args = Routes.endpoint, Validator.check
    schemas = bench.service.routes.schemas.received("/rooms/{room}", "e")

    def finds(routes: Routes, namespace: str, event: str) -> Any:
        record.append("find")
        return find(routes, namespace, event)

    def checks(validator: Validator, args: Sequence[object], json_args: Any = None) -> Any:
        if validator in (schemas.args, schemas.ack):  # not that of the namespace's parameter
            record.append("args" if validator is schemas.args else "ack: check")
        return check_args(validator, args, json_args)

    monkeypatch.setattr(Routes, "endpoint", finds)
    monkeypatch.setattr(Validator, "check", checks)
    record.clear()
    failing.clear()
    return bench


def send(bench: Bench, *args: object, event: str = "e", sid: str = "sid") -> Any:
    """Send an event as an async server does: dependencies are closed after the acknowledgement."""
    context = bench.service.context("/rooms/tea", event, sid, args)
    ack = bench.run(bench.service.receive(context))
    record.append("sent")
    bench.run(closing(context))
    return ack


def steps() -> list[str]:
    """Return the names of the steps that were taken, each once."""
    names = [name.partition(":")[0] for name in record if name not in ("sent", "close")]
    return list(dict.fromkeys(names))


def test_every_step_has_a_name_of_its_own_and_its_reason() -> None:
    assert len(set(NAMES)) == len(NAMES)
    assert all(step.does and step.reason for step in STEPS)


def test_an_event_takes_the_steps_of_the_table_in_their_order(bench: Bench) -> None:
    assert send(bench, 7) == ("7",)
    assert steps() == NAMES
    assert record == [
        "find",
        "middleware",
        "security",
        "args",
        "data check",
        "hooks: access",
        "hooks: hydrate",
        "dependencies",
        "handler",
        "ack: dehydrate",
        "ack: check",
        "middleware: leave",
        "ack: check",  # of what the middleware returns
        "sent",
        "close",
    ]


def refuse() -> object:
    raise EventException(409, "refused")


def break_down() -> object:
    raise LookupError("internals")


REFUSALS: list[tuple[str, Callable[[], object], int]] = [
    ("middleware", refuse, 409),
    ("middleware", break_down, 500),
    ("data check", lambda: False, 400),
    ("data check", refuse, 409),
    ("security", lambda: False, 403),
    ("security", break_down, 403),
    ("hooks: access", lambda: False, 403),
    ("hooks: access", break_down, 500),
    ("hooks: hydrate", refuse, 409),
    ("dependencies", refuse, 409),
    ("dependencies", break_down, 500),
    ("handler", refuse, 409),
    ("handler", break_down, 500),
    ("ack: dehydrate", break_down, 500),
    ("ack: dehydrate", lambda: 7, 500),
]


@pytest.mark.parametrize(
    ("step", "fail", "status"), REFUSALS, ids=lambda value: str(getattr(value, "__name__", value))
)
def test_a_step_that_refuses_is_the_last(
    bench: Bench, step: str, fail: Callable[[], object], status: int
) -> None:
    failing[step] = fail
    (body,) = send(bench, 7)
    assert body["error"]["status"] == status
    name = step.partition(":")[0]
    assert steps() == NAMES[: NAMES.index(name) + 1]
    assert "middleware: leave" not in record
    assert record[-1] == ("close" if name in ("handler", "ack") else "sent")


def test_the_access_hook_refuses_before_hydrate_looks_anything_up(bench: Bench) -> None:
    failing["hooks: access"] = lambda: False
    send(bench, 7)
    assert "hooks: hydrate" not in record


def test_an_unknown_event_is_looked_up_and_nothing_else(bench: Bench) -> None:
    (body,) = send(bench, 7, event="other")
    assert body["error"]["status"] == 404
    assert record == ["find", "sent"]


def test_args_that_break_the_schema_reach_no_code_but_middleware(bench: Bench) -> None:
    (body,) = send(bench, "seven")
    assert body["error"]["status"] == 400
    assert record == ["find", "middleware", "security", "args", "sent"]


def test_of_a_client_that_is_not_accepted_not_even_the_args_are_checked(bench: Bench) -> None:
    (body,) = send(bench, 7, sid="other")
    assert body["error"]["status"] == 401
    assert record == ["find", "middleware", "sent"]


def test_credentials_that_an_event_demands_are_missing(bench: Bench) -> None:
    bench.service.identities["sid"] = Identity({})
    (body,) = send(bench, 7)
    assert body["error"]["status"] == 403
    assert steps() == ["find", "middleware"]  # neither a scope function nor the schema is asked
