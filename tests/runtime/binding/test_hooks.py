"""Hooks of an event: bound once, from the document or from code, and the same on every wire."""

from __future__ import annotations

import errno
from dataclasses import dataclass
from typing import Any

import pytest

from asynction.contract import Hooks, Target
from asynction.exceptions import DocumentError
from asynction.inject import Depends
from asynction.problems import Location
from asynction.runtime import (
    FLASK,
    PYTHON_SOCKETIO,
    Ack,
    Context,
    HandlerStyle,
    Host,
    MessageData,
    Registration,
    Service,
    adrive,
    drive,
)
from tests.runtime.support import BOTH, SERVER_ERROR, Run, args_of, contract, event

HERE = __name__


def host(*, is_async: bool = False) -> Host:
    return Host(
        "server",
        adrive if is_async else drive,
        environ=lambda *_: {},
        is_connected=lambda *_: True,
        register=lambda *_: None,
        conventions=PYTHON_SOCKETIO if is_async else FLASK,
        is_async=is_async,
    )


def hooks(**names: str) -> Hooks:
    return Hooks(**{name: Target(f"{HERE}.{function}") for name, function in names.items()})


def ack(handler: Any, *args: object, schemas: Any = (None, None), run: Run = drive, **named: str) -> Any:
    made = event("e", *schemas, hooks=hooks(**named))
    service = Service(contract(made), host(is_async=run is not drive))
    service.bind_contract()
    service.bind(Registration("/", "e", handler))
    return run(service.receive(service.context("/", "e", "sid", args)))


@dataclass
class Point:
    x: int


def is_one(message: MessageData) -> bool:
    return bool(message.payload == 1)


def caches(message: MessageData, local: dict[str, Any]) -> bool:
    local["value"] = ("cached", message.payload)
    return True


def only_sid(connection: Any, message: MessageData) -> bool:
    assert isinstance(connection, Context)  # where the wire has nothing of its own
    return connection.sid == "sid" and message.uuid is None and message.headers == {}


def nobody(connection: object, message: object) -> bool:
    return False


def whole(connection: object, message: MessageData) -> object:
    return (message.route, message.payload)


def bracketed(payload: object) -> object:
    return f"<{payload}>"


def fails(*_: object) -> object:
    raise LookupError("internals")


def not_permitted(*_: object) -> object:
    raise PermissionError("only owners")


def not_permitted_at_all(*_: object) -> object:
    raise PermissionError


def locked(*_: object) -> object:
    raise PermissionError(errno.EACCES, "of the file system")


def too_few() -> bool:
    return True


def echo(data: object) -> object:
    return data


@pytest.mark.parametrize("run", BOTH)
def test_checks_refuse_before_the_handler_runs(run: Run) -> None:
    assert ack(echo, 1, run=run, data_check="is_one", access="only_sid") == (1,)
    ((refused,),) = [ack(echo, 2, run=run, data_check="is_one", access="nobody")]
    assert refused["error"]["status"] == 400
    assert ack(echo, 1, run=run, data_check="is_one", access="nobody")[0]["error"]["status"] == 403


@pytest.mark.parametrize("run", BOTH)
@pytest.mark.parametrize("hook", ["data_check", "access", "hydrate", "dehydrate"])
@pytest.mark.parametrize(
    ("function", "error"),
    [
        ("not_permitted", {"status": 403, "title": "Forbidden", "detail": "only owners"}),
        ("not_permitted_at_all", {"status": 403, "title": "Forbidden"}),
        ("locked", {"status": 500, "title": "Internal Server Error"}),
    ],
)
def test_a_hook_refuses_with_a_permission_error(run: Run, hook: str, function: str, error: object) -> None:
    assert ack(echo, 1, run=run, **{hook: function}) == ({"error": error},)


def test_the_event_is_named_whose_data_check_fails() -> None:
    (body,) = ack(echo, 2, data_check="is_one")
    assert body["error"] == {
        "status": 400,
        "title": "Bad Request",
        "detail": "payload of `e` in `/`: its data check fails",
    }


def test_a_schema_is_held_to_the_args_before_any_hook() -> None:
    found = ack(echo, "x", schemas=({"type": "integer"}, None), data_check="fails")
    assert found[0]["error"]["status"] == 400


@pytest.mark.parametrize("run", BOTH)
def test_the_handler_takes_what_hooks_make(run: Run) -> None:
    assert ack(lambda value: [value], 1, run=run, hydrate="whole") == ([["e", 1]],)
    assert ack(lambda value: [value], 1, run=run, data_check="caches") == ([["cached", 1]],)
    assert ack(lambda local: [*local], 1, run=run, data_check="caches") == (["value"],)


def test_several_args_are_a_list_for_hooks() -> None:
    pair = (args_of({"type": "integer"}, {"type": "integer"}), None)
    assert ack(lambda value: [value], 1, 2, schemas=pair, hydrate="whole") == ([["e", [1, 2]]],)
    assert ack(lambda value: [value], hydrate="whole") == ([["e", None]],)


def test_dehydrate_shapes_the_ack() -> None:
    def typed(data: int) -> int:
        return data

    text = (None, {"type": "string"})
    assert ack(typed, 1, schemas=text, dehydrate="bracketed") == ("<1>",)
    assert ack(typed, 1, schemas=(None, {"type": "integer"}), dehydrate="bracketed") == SERVER_ERROR
    assert ack(typed, 1, schemas=(None, {"type": "integer"}), access="only_sid") == (1,)


@pytest.mark.parametrize("hook", ["data_check", "access", "hydrate", "dehydrate"])
def test_a_hook_that_raises_is_the_server_s_fault(hook: str) -> None:
    assert ack(echo, 1, run=drive, **{hook: "fails"}) == SERVER_ERROR


def test_the_return_annotation_shapes_what_nothing_dehydrates() -> None:
    def typed(data: int) -> Point:
        return Point(data)

    assert ack(typed, 1, access="only_sid") == ({"x": 1},)


def test_without_a_schema_the_handler_s_args_are_counted() -> None:
    assert ack(echo, 1, 2, access="only_sid")[0]["error"]["status"] == 400


def test_a_cached_value_needs_a_handler_of_one() -> None:
    pair = (args_of({"type": "integer"}, {"type": "integer"}), None)
    assert ack(lambda a, b: a, 1, 2, schemas=pair, data_check="caches") == SERVER_ERROR


def test_what_middleware_puts_there_is_what_hooks_see() -> None:
    service = Service(contract(event("e", hooks=hooks(data_check="is_one"))), host())
    service.bind_contract()
    service.bind(Registration("/", "e", echo))
    service.add_middleware(lambda context, call_next: call_next(context.replace(args=(1,))))
    context = service.context("/", "e", "sid", (2,))
    context.message = MessageData("u", "e", {}, 2)
    assert drive(service.receive(context)) == (1,)


@pytest.mark.parametrize(
    ("named", "part"),
    [
        ({"access": "missing"}, "has no `missing`"),
        ({"data_check": "too_few"}, "takes 0 arguments"),
        ({"access": "is_one"}, "takes 1 argument, but `access` is passed 2"),
    ],
)
def test_hooks_that_cannot_be_served_are_problems(named: Any, part: str) -> None:
    with pytest.raises(DocumentError) as raised:
        ack(echo, run=drive, **named)
    assert part in str(raised.value)


def test_all_hooks_that_cannot_be_served_are_problems_at_once() -> None:
    with pytest.raises(DocumentError) as raised:
        ack(echo, data_check="missing", access="is_one", hydrate="gone", dehydrate="too_few")
    messages = [problem.message for problem in raised.value.problems]
    parts = ["`missing`", "`access` is passed 2", "`gone`", "too_few` takes 0 arguments"]
    assert [part in message for part, message in zip(parts, messages, strict=True)] == [True] * 4


class Nameless:
    """A hook without a name of its own."""

    def __call__(self, connection: object) -> bool:
        return True

    def __repr__(self) -> str:
        return "the hook"


@pytest.mark.parametrize(
    ("hook", "name"),
    [(is_one, "is_one"), (Nameless(), "the hook"), (Nameless().__call__, "Nameless.__call__")],
)
def test_a_hook_of_code_that_cannot_be_served_is_named(hook: Any, name: str) -> None:
    made = event("e", location=Location("api.yaml", 7, 3, "/channels"))
    service = Service(contract(made), host())
    with pytest.raises(DocumentError) as raised:
        service.bind(Registration("/", "e", echo, hooks={"access": hook}))
    (problem,) = raised.value.problems
    assert problem.message == f"`{name}` takes 1 argument, but `access` is passed 2"
    assert (problem.file, problem.line, problem.column, problem.pointer) == ("api.yaml", 7, 3, "/channels")


def secret() -> int:
    return 1


def guesses(connection: object, message: MessageData, number: int = Depends(secret)) -> bool:
    return bool(message.payload == number)


def test_the_dependencies_of_a_hook_can_be_replaced() -> None:
    service = Service(contract(event("e", hooks=hooks(access="guesses"))), host())
    service.bind_contract()
    service.bind(Registration("/", "e", echo))
    service.dependency_overrides = {secret: lambda: 2}
    answers = [drive(service.receive(service.context("/", "e", "sid", (n,)))) for n in (1, 2)]
    assert [answer == (n,) for n, answer in zip((1, 2), answers, strict=True)] == [False, True]


async def waits(message: MessageData) -> bool:
    return True


def test_a_server_that_awaits_nothing_takes_no_async_hook() -> None:
    assert ack(echo, 1, run=BOTH[1], data_check="waits") == (1,)
    with pytest.raises(DocumentError, match="is `async def`, which Flask cannot await"):
        ack(echo, data_check="waits")


def test_an_unknown_hook_of_code_is_a_problem() -> None:
    service = Service(None, host())
    with pytest.raises(DocumentError, match="there is no hook `acces`; did you mean `access`"):
        service.bind(Registration("/", "e", echo, hooks={"acces": nobody}))


def test_a_handler_that_does_not_fit_its_event_is_a_problem() -> None:
    with pytest.raises(DocumentError, match="takes 2 arguments"):
        ack(lambda a, b: None, schemas=({"type": "integer"}, None), access="only_sid")


def test_hooks_of_code_go_before_those_of_the_document() -> None:
    service = Service(contract(event("e", hooks=hooks(access="nobody", dehydrate="bracketed"))), host())
    service.bind_contract()
    service.bind(Registration("/", "e", echo, hooks={"access": only_sid}))
    assert drive(service.receive(service.context("/", "e", "sid", (1,)))) == ("<1>",)


def test_a_form_says_how_handlers_are_called_and_what_they_return() -> None:
    def arguments(connection: object, message: MessageData) -> tuple[object, ...]:
        return connection, message.payload

    def reply(result: Any) -> Ack:
        return Ack((result,), 201 if result == [1] else 404, {"a": 1})

    service = Service(contract(event("e", ack=args_of({"type": "integer"}))), host())
    service.bind_contract()
    style = HandlerStyle(2, arguments, reply)
    service.bind(Registration("/", "e", lambda connection, payload: [payload], style=style))
    answers = [drive(service.receive(service.context("/", "e", "sid", (n,)))) for n in (1, 2)]
    assert [(each, each.status, each.headers) for each in answers] == [  # type: ignore[attr-defined]  # of Reply
        ((1,), 201, {"a": 1}),
        (([2],), 404, {"a": 1}),
    ]
