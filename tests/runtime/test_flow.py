"""What happens to one event: the steps, in order, and an answer at the end of all of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from asynction.contract import Event, Handshake, Schema
from asynction.exceptions import (
    BindingsValidationException,
    MessageAckValidationException,
    PayloadValidationException,
    SecurityException,
)
from asynction.runtime import (
    NOBODY,
    Endpoint,
    Entrance,
    Failure,
    Flow,
    HandshakeRules,
    Occasion,
    Rules,
    acknowledged,
    answered,
    connection,
    drive,
    failed,
    receive,
)
from asynction.security import Request
from asynction.validation import DRAFT_07, Validator

SERVER_ERROR = ({"error": {"status": 500, "title": "Internal Server Error"}},)


def rules(args: Any = None, ack: Any = None) -> Rules:
    compiled = [Validator(Schema(each, DRAFT_07)) if each is not None else None for each in (args, ack)]
    return Rules("/", Event("e"), *compiled)


def run(endpoint: Endpoint, *args: object) -> tuple[object, ...]:
    return drive(receive(endpoint, args, strict_json=False))


def test_a_flow_yields_the_call_and_takes_its_result() -> None:
    endpoint = Endpoint(rules({"type": "string"}, {"type": "integer"}), len)
    flow = receive(endpoint, ("abc",), strict_json=True)
    assert next(flow) == (len, ("abc",))
    with pytest.raises(StopIteration) as stop:
        flow.send(3)
    assert stop.value.value == (3,)


def test_wrong_args_stop_before_the_handler() -> None:
    flow = receive(Endpoint(rules({"type": "string"}), len), (1,), strict_json=False)
    with pytest.raises(PayloadValidationException) as caught:
        next(flow)
    assert str(caught.value) == "payload of `e` in `/`: /0: must be string"


def test_a_wrong_result_is_no_ack() -> None:
    with pytest.raises(MessageAckValidationException, match="acknowledgement of `e` in `/`: /0: must be"):
        run(Endpoint(rules(ack={"type": "string"}), len), "abc")


def test_without_schemas_anything_goes() -> None:
    assert run(Endpoint(rules(), lambda *args: args), 1, "a") == (1, "a")


@pytest.mark.parametrize("args", [(), (1, 2, 3)])
def test_without_a_schema_the_arity_of_the_handler_decides(args: tuple[object, ...]) -> None:
    with pytest.raises(PayloadValidationException, match=f"does not take {len(args)} args"):
        run(Endpoint(rules(), lambda *args: args, least=1, most=2), *args)


def test_a_client_acknowledges() -> None:
    got: list[object] = []
    assert drive(acknowledged(rules(ack={"type": "string"}), got.append, ("a",))) == ()
    assert got == ["a"]


def test_a_wrong_acknowledgement_never_reaches_the_callback() -> None:
    got: list[object] = []
    with pytest.raises(MessageAckValidationException):
        drive(acknowledged(rules(ack={"type": "string"}), got.append, (1,)))
    assert got == []


HANDSHAKE = HandshakeRules(Handshake(method="GET"))


def test_a_connection_gives_the_answer_of_the_handler() -> None:
    def enter(entrance: Entrance, **parameters: object) -> object:
        return drive(connection(entrance, Request("GET", auth="token"), parameters))

    assert enter(Entrance(occasion=Occasion(lambda auth: auth, 1))) == (NOBODY, "token")
    assert enter(Entrance(HANDSHAKE, occasion=Occasion(lambda: False, 0))) == (NOBODY, False)
    assert enter(Entrance(HANDSHAKE)) == (NOBODY, None)
    occasion = Occasion(lambda *, room: room, 0, {"room": "room"})
    assert enter(Entrance(occasion=occasion), room=7) == (NOBODY, 7)


def test_a_connection_that_breaks_the_binding_does_not_reach_the_handler() -> None:
    with pytest.raises(BindingsValidationException):
        drive(connection(Entrance(HANDSHAKE, occasion=Occasion(pytest.fail, 1)), Request("POST"), {}))


def test_who_it_is_is_told_before_the_handler_is_called() -> None:
    told: list[object] = []
    entrance = Entrance(occasion=Occasion(lambda: told.append("called"), 0), admit=told.append)
    drive(connection(entrance, Request("GET"), {}))
    assert told == [NOBODY, "called"]


def test_who_is_not_let_in_yet_sends_nothing() -> None:
    with pytest.raises(SecurityException):
        drive(receive(Endpoint(rules(), pytest.fail), (), strict_json=False, identity=None))


@pytest.mark.parametrize("status", [401, 403])
def test_a_handler_may_refuse(status: int) -> None:
    flow = receive(Endpoint(rules(), raising(SecurityException(status))), (), strict_json=False)
    (ack,) = drive(answered(flow, Failure, "/", "e"))
    assert isinstance(ack, dict)
    assert ack["error"]["status"] == status


def raising(error: Exception) -> Callable[..., Any]:
    def raises(*args: object) -> None:
        raise error

    return raises


def answer(error: Exception, failure: Failure) -> tuple[object, ...]:
    flow = receive(Endpoint(rules(), raising(error)), (), strict_json=False)
    return drive(answered(flow, lambda: failure, "/", "e"))


def test_an_exception_is_answered_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    assert answer(LookupError("why"), Failure()) == SERVER_ERROR
    assert len(caplog.records) == 1


@pytest.mark.parametrize(
    "flow",
    [
        lambda error: receive(Endpoint(rules(), raising(error)), (), strict_json=False),
        lambda error: acknowledged(rules(), raising(error), ()),
        lambda error: connection(Entrance(occasion=Occasion(raising(error), 0)), Request("GET"), {}),
    ],
)
def test_what_our_own_code_raises_is_our_own_fault(
    flow: Callable[[Exception], Flow], caplog: pytest.LogCaptureFixture
) -> None:
    """A handler may emit what breaks the contract, and the client is not to blame."""
    error = PayloadValidationException("of what was emitted")
    assert drive(answered(flow(error), Failure, "/", "e")) == SERVER_ERROR
    assert caplog.records[0].getMessage().startswith("500 event 'e'")


def test_failure_is_asked_only_when_something_fails() -> None:
    flow = receive(Endpoint(rules(), lambda: "fine"), (), strict_json=False)
    assert drive(answered(flow, lambda: pytest.fail("asked"), "/", "e")) == ("fine",)


def test_an_exception_may_be_let_through() -> None:
    with pytest.raises(LookupError):
        answer(LookupError("why"), Failure(propagate=True))


@pytest.mark.parametrize("propagate", [True, False])
@pytest.mark.parametrize(
    ("result", "ack"), [("a", ("a",)), (("a", 1), ("a", 1)), ([1], ([1],)), (False, (False,)), ((), ())]
)
def test_an_error_handler_answers(
    propagate: bool, result: object, ack: object, caplog: pytest.LogCaptureFixture
) -> None:
    assert answer(LookupError("why"), Failure(lambda error: result, propagate)) == ack
    assert not caplog.records


def test_the_error_handler_gets_the_exception() -> None:
    error = LookupError("why")
    got: list[Exception] = []
    answer(error, Failure(got.append))
    assert got == [error]


def test_an_error_handler_without_an_answer(caplog: pytest.LogCaptureFixture) -> None:
    assert answer(LookupError("why"), Failure(lambda error: None)) == SERVER_ERROR
    assert "LookupError" in caplog.records[0].getMessage()


def test_an_error_handler_that_fails(caplog: pytest.LogCaptureFixture) -> None:
    second = ArithmeticError("even worse")
    assert answer(LookupError("why"), Failure(raising(second))) == SERVER_ERROR
    assert [record.exc_info[1] for record in caplog.records if record.exc_info] == [second]


def test_an_error_handler_that_fails_may_be_let_through() -> None:
    with pytest.raises(ArithmeticError) as caught:
        answer(LookupError("why"), Failure(raising(ArithmeticError("even worse")), propagate=True))
    assert isinstance(caught.value.__context__, LookupError)


def test_failed_answers_what_never_was_a_flow() -> None:
    error = PayloadValidationException("no")
    (ack,) = drive(failed(error, Failure(), "/", "e"))
    assert ack == {"error": {"status": 400, "title": "Bad Request", "detail": "no"}}


def test_drive_throws_in_what_a_call_raises_and_goes_on() -> None:
    def flow() -> Flow:
        try:
            yield raising(KeyError("first")), ()
        except KeyError:
            result = yield len, ("abc",)
        return (result,)

    assert drive(flow()) == (3,)


def test_a_base_exception_passes_through() -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(Endpoint(rules(), stop))
