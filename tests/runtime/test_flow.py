"""What happens to one event: the steps, in order, and an answer at the end of all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from asynction.contract import Event, Handshake, Schema
from asynction.exceptions import (
    BindingsValidationException,
    DocumentError,
    EventException,
    MessageAckValidationException,
    PayloadValidationException,
    SecurityException,
)
from asynction.inject import Depends
from asynction.runtime import (
    ANONYMOUS,
    CallSpec,
    ConnectionPolicy,
    Context,
    Endpoint,
    EventSchemas,
    Failure,
    Flow,
    Function,
    HandshakeRules,
    Plan,
    Response,
    Settings,
    adrive,
    client_ack,
    connect,
    drive,
    handle_failure,
    invoke,
    plan_call,
    receive,
    with_error_ack,
)
from asynction.runtime import arun as arun_and_close
from asynction.runtime import run as run_and_close
from asynction.security import Request
from asynction.validation import DRAFT_07, Validator
from tests.runtime.support import BOTH, SERVER_ERROR, Run, arun, context

OCCASION = CallSpec(min_args=1, max_args=1, is_lifecycle=True)


def schemas(args: Any = None, ack: Any = None) -> EventSchemas:
    compiled = [Validator(Schema(each, DRAFT_07)) if each is not None else None for each in (args, ack)]
    return EventSchemas("/", Event("e"), *compiled)


def endpoint(handler: Function, args: Any = None, ack: Any = None, **fields: Any) -> Endpoint:
    return Endpoint(schemas(args, ack), plan_call(handler, CallSpec()), **fields)


def settings(failure: Failure | None = None, run: Run = drive) -> Settings:
    """What lets exceptions through, unless `failure` says otherwise."""
    driver: Callable[[Response], object] = drive if run is drive else adrive
    return Settings(
        driver,
        lambda _, exception_handlers: (
            failure or Failure(propagate=True, exception_handlers=exception_handlers)
        ),
    )


def run(endpoint: Endpoint, *args: object) -> tuple[object, ...]:
    return drive(receive(endpoint, context(*args), settings()))


def on_lifecycle(handler: Function) -> Plan:
    return plan_call(handler, OCCASION)


def caught(handler: Function, *kinds: type[BaseException]) -> Mapping[type[BaseException], Plan]:
    made = plan_call(handler, CallSpec(min_args=1, max_args=1, is_lifecycle=True, raw=True))
    return dict.fromkeys(kinds, made)


def handling(handler: Function) -> Plan:
    """Return the plan of an error handler."""
    return caught(handler, Exception)[Exception]


def test_a_flow_yields_the_call_and_takes_its_result() -> None:
    flow = receive(endpoint(len, {"type": "string"}, {"type": "integer"}), context("abc"), settings())
    assert next(flow) == (len, ("abc",))
    with pytest.raises(StopIteration) as stop:
        flow.send(3)
    assert stop.value.value == (3,)


def test_wrong_args_stop_before_the_handler() -> None:
    flow = receive(endpoint(len, {"type": "string"}), context(1), settings())
    with pytest.raises(PayloadValidationException) as caught:
        next(flow)
    assert str(caught.value) == "payload of `e` in `/`: /0: must be string"


def test_a_wrong_result_is_no_ack() -> None:
    with pytest.raises(MessageAckValidationException, match="acknowledgement of `e` in `/`: /0: must be"):
        run(endpoint(len, ack={"type": "string"}), "abc")


def test_without_schemas_anything_goes() -> None:
    assert run(endpoint(lambda *args: args), 1, "a") == (1, "a")


@pytest.mark.parametrize("args", [(), (1, 2, 3)])
def test_without_a_schema_the_arity_of_the_handler_decides(args: tuple[object, ...]) -> None:
    with pytest.raises(PayloadValidationException, match=f"does not take {len(args)} args"):
        run(endpoint(lambda a, b=None: a), *args)


@dataclass
class Point:
    x: int


def test_a_result_is_made_json_data() -> None:
    assert run(endpoint(lambda: Point(1))) == ({"x": 1},)


def test_a_result_is_shaped_by_its_annotation() -> None:
    def handler() -> Point:
        return {"x": 1}  # type: ignore[return-value]  # what the shape is for

    assert run(endpoint(handler)) == ({"x": 1},)


def test_a_client_acknowledges() -> None:
    got: list[object] = []
    assert drive(client_ack(schemas(ack={"type": "string"}), got.append, ("a",))) == ()
    assert got == ["a"]


def test_a_wrong_acknowledgement_never_reaches_the_callback() -> None:
    got: list[object] = []
    with pytest.raises(MessageAckValidationException):
        drive(client_ack(schemas(ack={"type": "string"}), got.append, (1,)))
    assert got == []


# Connections ------------------------------------------------------------------------------------

HANDSHAKE = HandshakeRules(Handshake(method="GET"))


@pytest.mark.parametrize("run", BOTH)
def test_a_connection_gives_the_answer_of_the_handler(run: Run) -> None:
    def enter(entrance: ConnectionPolicy, **parameters: object) -> object:
        made = context(parameters=parameters)
        answer = run(connect(entrance, Request("GET", auth="token"), made))
        assert made.identity is ANONYMOUS
        return answer

    assert enter(ConnectionPolicy(plan=on_lifecycle(lambda auth: auth))) == "token"
    assert enter(ConnectionPolicy(HANDSHAKE, plan=on_lifecycle(lambda: False))) is False
    assert enter(ConnectionPolicy(HANDSHAKE)) is None
    spec = CallSpec(min_args=1, max_args=1, is_lifecycle=True, parameters=("room",))
    assert enter(ConnectionPolicy(plan=plan_call(lambda *, room: room, spec)), room=7) == 7


def test_a_connection_that_breaks_the_binding_does_not_reach_the_handler() -> None:
    with pytest.raises(BindingsValidationException):
        drive(
            connect(ConnectionPolicy(HANDSHAKE, plan=on_lifecycle(pytest.fail)), Request("POST"), context())
        )


def test_who_it_is_is_told_before_the_handler_is_called() -> None:
    told: list[object] = []
    entrance = ConnectionPolicy(plan=on_lifecycle(lambda: told.append("called")), accept=told.append)
    drive(connect(entrance, Request("GET"), context()))
    assert told == [ANONYMOUS, "called"]


def test_who_is_not_let_in_yet_sends_nothing() -> None:
    with pytest.raises(SecurityException):
        drive(receive(endpoint(pytest.fail), context(identity=None), settings()))


# Exceptions -------------------------------------------------------------------------------------


def raising(error: BaseException) -> Function:
    def raises(*args: object) -> None:
        raise error

    return raises


def answer(error: Exception, failure: Failure | None = None, run: Run = drive) -> tuple[object, ...]:
    flow = receive(endpoint(raising(error)), context(), settings(failure or Failure(), run))
    result: tuple[object, ...] = run(flow)
    return result


@pytest.mark.parametrize("run", BOTH)
@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (SecurityException(401), {"status": 401, "title": "Unauthorized", "detail": "not authenticated"}),
        (SecurityException(403), {"status": 403, "title": "Forbidden", "detail": "not allowed"}),
        (EventException(409, "taken"), {"status": 409, "title": "Conflict", "detail": "taken"}),
        (EventException(429), {"status": 429, "title": "Too Many Requests"}),
        (EventException(503, "later"), {"status": 503, "title": "Service Unavailable", "detail": "later"}),
    ],
)
def test_a_handler_may_refuse(run: Run, error: Exception, expected: object) -> None:
    assert answer(error, run=run) == ({"error": expected},)


@pytest.mark.parametrize("run", BOTH)
@pytest.mark.parametrize(
    "error",
    [LookupError("why"), TypeError("inside"), StopIteration(3), StopAsyncIteration(), PermissionError()],
)
def test_an_exception_is_answered_and_logged(
    run: Run, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    assert answer(error, run=run) == SERVER_ERROR
    assert len(caplog.records) == 1


@pytest.mark.parametrize(
    "flow",
    [
        lambda error: receive(endpoint(raising(error)), context(), settings(Failure())),
        lambda error: client_ack(schemas(), raising(error), ()),
        lambda error: connect(ConnectionPolicy(plan=on_lifecycle(raising(error))), Request("GET"), context()),
        lambda error: invoke(on_lifecycle(raising(error)), context()),
        lambda error: receive(
            endpoint(partial(_with_dependency, raising(error))), context(), settings(Failure())
        ),
    ],
)
def test_what_our_own_code_raises_is_our_own_fault(
    flow: Callable[[Exception], Flow], caplog: pytest.LogCaptureFixture
) -> None:
    """A handler may emit what breaks the contract, and the client is not to blame."""
    error = PayloadValidationException("of what was emitted")
    assert drive(with_error_ack(flow(error), Failure, context())) == SERVER_ERROR
    assert caplog.records[0].getMessage().startswith("500 event 'e'")


def _with_dependency(function: Function, value: object = None) -> object:
    return function()


def test_failure_is_asked_only_when_something_fails() -> None:
    asked = Settings(drive, lambda _, __: pytest.fail("asked"))
    assert drive(receive(endpoint(lambda: "fine"), context(), asked)) == ("fine",)
    flow = client_ack(schemas(), lambda: None, ())
    assert drive(with_error_ack(flow, lambda: pytest.fail("asked"), context())) == ()


def test_an_exception_may_be_let_through() -> None:
    with pytest.raises(LookupError):
        answer(LookupError("why"), Failure(propagate=True))


@pytest.mark.parametrize("propagate", [True, False])
@pytest.mark.parametrize(
    ("result", "ack"),
    [
        ("a", ("a",)),
        (("a", 1), ("a", 1)),
        ([1], ([1],)),
        (False, (False,)),
        ((), ()),
        (Point(1), ({"x": 1},)),
    ],
)
def test_an_error_handler_answers(
    propagate: bool, result: object, ack: object, caplog: pytest.LogCaptureFixture
) -> None:
    assert answer(LookupError("why"), Failure(handling(lambda error: result), propagate)) == ack
    assert not caplog.records


def test_the_error_handler_gets_the_exception() -> None:
    error = LookupError("why")
    got: list[Exception] = []
    answer(error, Failure(handling(got.append)))
    assert got == [error]


@pytest.mark.parametrize("propagate", [True, False])
def test_an_error_handler_without_an_answer(propagate: bool, caplog: pytest.LogCaptureFixture) -> None:
    assert answer(LookupError("why"), Failure(handling(lambda error: None), propagate)) == SERVER_ERROR
    assert "LookupError" in caplog.records[0].getMessage()


def test_an_error_handler_that_fails(caplog: pytest.LogCaptureFixture) -> None:
    second = ArithmeticError("even worse")
    assert answer(LookupError("why"), Failure(handling(raising(second)))) == SERVER_ERROR
    assert [record.exc_info[1] for record in caplog.records if record.exc_info] == [second]


def failed(error: Exception, failure: Failure) -> Any:
    (body,) = drive(handle_failure(error, failure, context()))
    return body


def test_an_error_handler_that_fails_leaves_the_first_error(caplog: pytest.LogCaptureFixture) -> None:
    first, second = PayloadValidationException("wrong"), ArithmeticError("even worse")
    assert failed(first, Failure(handling(raising(second))))["error"]["status"] == 400
    (record,) = caplog.records
    assert record.getMessage().endswith("ValidationException, whose error handler raised ArithmeticError")
    assert second.__context__ is first


def test_an_error_handler_may_raise_the_exception_again(caplog: pytest.LogCaptureFixture) -> None:
    error = PayloadValidationException("wrong")
    plans = caught(raising(error), PayloadValidationException)
    assert failed(error, Failure(exception_handlers=(plans,)))["error"]["status"] == 400
    assert len(caplog.records) == 1


def test_an_error_handler_may_refuse_in_another_way(caplog: pytest.LogCaptureFixture) -> None:
    body = failed(LookupError("why"), Failure(handling(raising(EventException(409, "taken")))))
    assert body["error"] == {"status": 409, "title": "Conflict", "detail": "taken"}
    assert "LookupError" not in caplog.text


def test_an_error_handler_that_fails_may_be_let_through() -> None:
    with pytest.raises(ArithmeticError) as caught:
        answer(LookupError("why"), Failure(handling(raising(ArithmeticError("even worse"))), propagate=True))
    assert isinstance(caught.value.__context__, LookupError)


@pytest.mark.parametrize("run", BOTH)
@pytest.mark.parametrize(
    ("exception_handlers", "expected"),
    [
        ([{KeyError: "key", LookupError: "lookup"}], "key"),
        ([{LookupError: "lookup", Exception: "any"}], "lookup"),
        ([{Exception: "near"}, {KeyError: "far"}], "near"),
        ([{ValueError: "near"}, {KeyError: "far"}], "far"),
        ([{ValueError: "near"}], "handler"),
        ([], "handler"),
    ],
)
def test_the_nearest_exception_handler_for_the_most_special_class_is_asked(
    run: Run, exception_handlers: list[dict[type[BaseException], str]], expected: str
) -> None:
    made = tuple(
        {kind: caught(lambda error, name=name: name, kind)[kind] for kind, name in each.items()}
        for each in exception_handlers
    )
    assert answer(
        KeyError("x"), Failure(handling(lambda error: "handler"), exception_handlers=made), run
    ) == (expected,)


def test_an_exception_handler_may_ask_for_dependencies() -> None:
    def handler(error: KeyError, context: Context = Depends(lambda: "given")) -> object:
        return [str(error), context]

    failure = Failure(exception_handlers=(caught(handler, KeyError),))
    assert answer(KeyError("x"), failure) == (["'x'", "given"],)


def test_an_exception_handler_that_cannot_be_planned_is_answered_for_all_the_same() -> None:
    class Unplanned(dict[type[BaseException], Plan]):
        def __missing__(self, kind: type[BaseException]) -> Plan:
            raise DocumentError([])

        def __contains__(self, kind: object) -> bool:
            return True

    assert answer(KeyError("x"), Failure(exception_handlers=(Unplanned(),))) == SERVER_ERROR


def test_failed_answers_what_never_was_a_flow() -> None:
    error = PayloadValidationException("no")
    made = context()
    (ack,) = drive(handle_failure(error, Failure(), made))
    assert ack == {"error": {"status": 400, "title": "Bad Request", "detail": "no"}}
    assert made.error is error


# Middleware -------------------------------------------------------------------------------------


def outer(context: Context, call_next: Callable[[Context], Any]) -> Any:
    return call_next(context)


async def aouter(context: Context, call_next: Callable[[Context], Any]) -> Any:
    return await call_next(context)


class Around:
    """A middleware that is a flow."""

    def __init__(self, change: Callable[[Any], Any] = lambda value: value) -> None:
        self.change = change

    def around(self, context: Context, rest: Callable[[Context], Response]) -> Response:
        return self.change((yield from rest(context)))


@pytest.mark.parametrize("middlewares", [(outer,), (Around(),), (outer, Around(), outer)])
@pytest.mark.parametrize("run", BOTH)
def test_middleware_goes_around_the_handler(run: Run, middlewares: Any) -> None:
    made = endpoint(len, {"type": "string"}, {"type": "integer"}, middlewares=middlewares)
    assert run(receive(made, context("abc"), settings(run=run))) == (3,)


def test_middleware_may_await_what_is_inside() -> None:
    made = endpoint(len, middlewares=(aouter, Around(), outer, aouter))
    assert arun(receive(made, context("abc"), settings(run=arun))) == (3,)


def test_middleware_that_does_not_go_on_answers_itself() -> None:
    made = endpoint(pytest.fail, middlewares=(lambda context, call_next: "mine",))
    assert run(made, "abc") == ("mine",)


def test_what_middleware_returns_is_made_json_data_and_checked_again() -> None:
    made = endpoint(len, ack={"type": "integer"}, middlewares=(Around(str),))
    with pytest.raises(MessageAckValidationException):
        run(made, "abc")
    assert run(endpoint(len, middlewares=(Around(Point),)), "abc") == ({"x": 3},)


def test_what_the_handler_returns_is_checked_before_middleware_sees_it() -> None:
    seen: list[BaseException] = []

    def mends(context: Context, call_next: Callable[[Context], Any]) -> Any:
        try:
            return call_next(context)
        except MessageAckValidationException as error:
            seen.append(error)
            return "mended"

    made = endpoint(len, ack={"type": "string"}, middlewares=(mends,))
    assert run(made, "abc") == ("mended",)
    assert len(seen) == 1


def replaces(*args: object) -> Function:
    return lambda context, call_next: call_next(context.replace(args=args))


@pytest.mark.parametrize("run", BOTH)
def test_args_that_middleware_replaces_are_checked_again(run: Run) -> None:
    made = endpoint(len, {"type": "string"}, middlewares=(replaces("four"),))
    assert run(receive(made, context(1), settings(run=run))) == (4,)
    made = endpoint(len, {"type": "string"}, middlewares=(replaces(1),))
    with pytest.raises(PayloadValidationException):
        run(receive(made, context("abc"), settings(run=run)))


@pytest.mark.parametrize("run", BOTH)
def test_what_middleware_raises_is_answered(run: Run) -> None:
    made = endpoint(len, middlewares=(raising(EventException(418)),))
    (ack,) = run(receive(made, context("abc"), settings(Failure(), run)))
    assert ack["error"]["status"] == 418


@pytest.mark.parametrize("run", BOTH)
def test_middleware_sees_what_the_handler_raises(run: Run) -> None:
    class ExceptionHandlers:
        def around(self, context: Context, rest: Callable[[Context], Response]) -> Response:
            try:
                return (yield from rest(context))
            except LookupError:
                return "caught"

    made = endpoint(raising(LookupError("why")), middlewares=(ExceptionHandlers(), outer))
    assert run(receive(made, context(), settings(run=run))) == ("caught",)


# Drivers ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("run", BOTH)
def test_a_driver_throws_in_what_a_call_raises_and_goes_on(run: Run) -> None:
    def flow() -> Flow:
        try:
            yield raising(KeyError("first")), ()
        except KeyError:
            result = yield len, ("abc",)
        return (result,)

    assert run(flow()) == (3,)


@pytest.mark.parametrize("run", BOTH)
def test_what_ends_the_process_passes_through_and_closes_the_flow(run: Run) -> None:
    closed: list[str] = []

    def flow() -> Flow:
        try:
            yield from receive(endpoint(raising(KeyboardInterrupt())), context(), settings(Failure()))
        finally:
            closed.append("closed")
        return ()

    with pytest.raises(KeyboardInterrupt):
        run(flow())
    assert closed == ["closed"]


def test_only_the_async_driver_awaits() -> None:
    async def later(value: str) -> str:
        await asyncio.sleep(0)
        return value

    assert arun(receive(endpoint(later), context("x"), settings(run=arun))) == ("x",)


def test_what_is_awaited_may_raise() -> None:
    async def fails() -> None:
        raise LookupError("why")

    failure = Failure(handling(lambda error: type(error).__name__))
    assert arun(receive(endpoint(fails), context(), settings(failure, arun))) == ("LookupError",)


# Dependencies are closed ------------------------------------------------------------------------


def opened(made: Context, log: list[str]) -> None:
    """Have an event open two dependencies, which record what they see."""

    def dependency(name: str) -> Iterator[None]:
        try:
            yield
            log.append(f"{name} ends")
        except BaseException as error:
            log.append(f"{name} sees {type(error).__name__}")
            raise

    for name in ("first", "second"):
        generator = dependency(name)
        next(generator)
        made.open_dependencies.append(generator)


def runs(flow: Flow, made: Context) -> object:
    return run_and_close(flow, made)


def aruns(flow: Flow, made: Context) -> object:
    return asyncio.run(arun_and_close(flow, made))


both_close = pytest.mark.parametrize("run", [runs, aruns])


def replies(log: list[str]) -> Flow:
    yield log.append, ("flow",)
    return ("ack",)


@both_close
def test_dependencies_are_closed_after_the_flow_the_last_first(run: Callable[..., object]) -> None:
    log: list[str] = []
    made = context()
    opened(made, log)
    assert run(replies(log), made) == ("ack",)
    assert log == ["flow", "second ends", "first ends"]


@both_close
def test_nothing_is_closed_where_nothing_was_opened(run: Callable[..., object]) -> None:
    log: list[str] = []
    assert run(replies(log), context()) == ("ack",)


@both_close
def test_dependencies_see_the_error_that_was_answered(run: Callable[..., object]) -> None:
    log: list[str] = []
    made = context()
    opened(made, log)
    flow = receive(
        endpoint(raising(LookupError("why"))), made, settings(Failure(handling(lambda error: "answer")))
    )
    assert run(flow, made) == ("answer",)
    assert log == ["second sees LookupError", "first sees LookupError"]


@both_close
def test_dependencies_are_closed_where_the_flow_raises(run: Callable[..., object]) -> None:
    log: list[str] = []
    made = context()
    opened(made, log)
    with pytest.raises(LookupError, match="why"):
        run(receive(endpoint(raising(LookupError("why"))), made, settings()), made)
    assert log == ["second sees LookupError", "first sees LookupError"]


@both_close
def test_dependencies_are_closed_where_the_process_ends(run: Callable[..., object]) -> None:
    log: list[str] = []
    made = context()
    opened(made, log)
    with pytest.raises(KeyboardInterrupt):
        run(receive(endpoint(raising(KeyboardInterrupt())), made, settings(Failure())), made)
    assert len(log) == 2


@both_close
def test_a_dependency_that_fails_to_close_keeps_no_other_open(
    run: Callable[..., object], caplog: pytest.LogCaptureFixture
) -> None:
    log: list[str] = []
    made = context()
    opened(made, log)

    def fails() -> Iterator[None]:
        yield
        raise LookupError("why")

    generator = fails()
    next(generator)
    made.open_dependencies.append(generator)
    assert run(replies(log), made) == ("ack",)
    assert log == ["flow", "second ends", "first ends"]
    (record,) = caplog.records
    assert record.getMessage().startswith("500 event 'e' in '/': LookupError")


def test_dependencies_are_closed_where_the_task_is_cancelled() -> None:
    log: list[str] = []
    made = context()
    opened(made, log)

    async def waits() -> None:
        log.append("waits")
        await asyncio.Event().wait()

    async def main() -> None:
        flow = receive(endpoint(waits), made, settings(Failure(), arun))
        task = asyncio.ensure_future(arun_and_close(flow, made))
        while not log:
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert isinstance(made.error, asyncio.CancelledError)
    assert log == ["waits", "second sees GeneratorExit", "first sees GeneratorExit"]
