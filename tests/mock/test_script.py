"""The values of a mock, and the times of its events."""

from __future__ import annotations

import logging
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from asynction.exceptions import NotEnabledError, UnknownEventException
from asynction.mock import _script
from asynction.runtime import Args, drive
from tests.mock.support import Stage, answers, played, script, sent
from tests.mock.test_behaviour import AVRO
from tests.server.support import INTEGER, STRING, channel, document, message, of, pair

OBJECT = {
    "type": "object",
    "required": ["id"],
    "properties": {"id": INTEGER, "text": STRING},
    "additionalProperties": False,
}


def mocked(mock: Any, payload: Any = ..., ack: Any = ..., name: str = "say") -> dict[str, Any]:
    """Return a message with `x-mock`."""
    return {**message(name, payload, ack), "x-mock": mock}


def shown(name: str, *payloads: Any, payload: Any = ..., **rest: Any) -> dict[str, Any]:
    """Return a message with examples."""
    return {**message(name, payload), "examples": [{"payload": each} for each in payloads], **rest}


# Answers -----------------------------------------------------------------------------------------


def test_an_answer_keeps_the_ack_schema() -> None:
    made = script(of(message("say", ack=INTEGER)))
    for answer in answers(made, 50):
        assert len(answer) == 1
        assert isinstance(answer[0], int)


def test_an_event_without_an_ack_is_acknowledged_with_no_args() -> None:
    assert answers(script(of(message("say"))), 2) == [(), ()]


def test_an_ack_of_several_args_is_made_of_several() -> None:
    made = script(of(message("say", ack=pair(STRING, {"type": "boolean"}))))
    assert [[type(each) for each in answer] for answer in answers(made, 3)] == [[str, bool]] * 3


def test_the_answers_of_the_document_come_in_turn() -> None:
    made = script(of(mocked({"answers": [1, 2]}, ack=INTEGER)))
    assert answers(made, 3) == [(1,), (2,), (1,)]


@pytest.mark.parametrize(
    ("ack", "given", "answer"),
    [
        (pair(STRING, INTEGER), ["a", 1], ("a", 1)),
        ({"type": "array"}, ["a", 1], (["a", 1],)),
        (..., ["a", 1], (["a", 1],)),
        (..., None, (None,)),
    ],
)
def test_an_answer_of_the_document_is_several_args_where_the_schema_says_so(
    ack: Any, given: Any, answer: Args
) -> None:
    assert answers(script(of(mocked({"answers": [given]}, ack=ack))), 1) == [answer]


def test_faker_makes_what_formats_name() -> None:
    made = script(of(message("say", ack={"type": "string", "format": "country_code"})), seed=1)
    assert all(len(text) == 2 and text.isupper() for (text,) in answers(made, 20))


def test_without_faker_the_extra_is_named_and_all_goes_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def missing() -> object:
        raise NotEnabledError("install `asynction[mock]`")

    monkeypatch.setattr(_script, "new_faker", missing)
    caplog.set_level(logging.INFO)
    made = script(of(message("say", ack={"type": "string", "format": "first_name"})))
    assert isinstance(answers(made, 1)[0][0], str)
    assert caplog.messages == ["install `asynction[mock]`"]


# Copies ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("copies", "args", "answer"),
    [
        ({"/0/id": "/0/number"}, ({"number": 7},), ({"id": 7},)),
        ({"/0/id": "/1"}, ("a", 7), ({"id": 7},)),
        ({"/0/text": "/0/a~1b/1"}, ({"a/b": ["x", "y"]},), ({"id": 1, "text": "y"},)),
        ({"/0": "/0"}, ({"id": 8},), ({"id": 8},)),
        # Pointers without a target are ignored.
        ({"/0/id": "/0/number"}, ({},), ({"id": 1},)),
        ({"/0/id": "/1"}, (), ({"id": 1},)),
        ({"/0/id": "/-1"}, (7,), ({"id": 1},)),
        ({"/0/id": "/0/number"}, ("text",), ({"id": 1},)),
        ({"/0/id/deeper": "/0"}, (7,), ({"id": 1},)),
        ({"/0/no/where": "/0"}, (7,), ({"id": 1},)),
        ({"/1": "/0"}, (7,), ({"id": 1},)),
        ({"": "/0"}, (7,), ({"id": 1},)),
    ],
)
def test_an_answer_copies_from_the_event(copies: dict[str, str], args: Args, answer: Args) -> None:
    made = script(of(mocked({"answers": [{"id": 1}], "copies": copies}, ack=OBJECT)))
    assert answers(made, 2, "say", *args) == [answer, answer]


def test_a_copy_of_all_args_is_a_list() -> None:
    made = script(of(mocked({"answers": [0], "copies": {"/0": ""}})))
    assert answers(made, 1, "say", 1, 2) == [([1, 2],)]


def test_what_is_copied_is_a_copy() -> None:
    made = script(of(mocked({"answers": [{}], "copies": {"/0/a": "/0"}})))
    given = {"x": [1]}
    ((answer,),) = answers(made, 1, "say", given)
    given["x"].append(2)
    assert answer == {"a": {"x": [1]}}


def test_a_copy_that_breaks_the_ack_is_left_out_and_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    made = script(of(mocked({"answers": [{"id": 1}], "copies": {"/0/id": "/0"}}, ack=OBJECT)))
    assert answers(made, 2, "say", "no number") == [({"id": 1},)] * 2
    assert answers(made, 1, "say", 5) == [({"id": 5},)]
    assert caplog.messages == ["the copied values break the ack schema of `say` in `/`"]


def test_a_generated_answer_copies_too() -> None:
    made = script(of(mocked({"copies": {"/0/id": "/0"}}, ack=OBJECT)))
    assert [answer[0]["id"] for answer in answers(made, 10, "say", 7)] == [7] * 10


# What cannot be made -------------------------------------------------------------------------------

SHARED = """\
asyncapi: 2.6.0
info: {title: Test, version: 1.0.0}
channels:
  /:
    publish:
      message:
        oneOf:
          - {name: say, x-ack: {args: {$ref: '#/components/schemas/Never'}}}
          - {name: ask, x-ack: {args: {$ref: '#/components/schemas/Never'}}}
          - {name: ping, x-ack: {args: {type: integer}}}
    subscribe:
      message:
        oneOf:
          - {name: told, payload: {type: string, pattern: ^a$, minLength: 2}}
          - {name: pong, payload: {const: 1}}
components:
  schemas:
    Never: {type: string, pattern: ^a$, minLength: 2}
"""


def test_what_cannot_be_made_is_reported_once_with_its_place(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text(SHARED)

    made = script(path)

    places = [text.split(": cannot make a value: ")[0] for text in caplog.messages]
    assert len(places) == len(set(places))
    assert any(place.startswith(f"{path}:14:") for place in places)
    assert all(place.startswith(f"{path}:") for place in places)
    assert made.sends == [("/", "pong")]
    assert answers(made, 1, "say") == answers(made, 1, "ask") == [501]
    assert isinstance(answers(made, 1, "ping")[0][0], int)
    assert [args for *_, args in sent(made, 2)] == [(1,), (1,)]
    assert len(caplog.messages) == len(places)


def test_examples_are_sent_of_what_cannot_be_made() -> None:
    told = {**shown("told", "a", "b", payload={"type": "string"}), "schemaFormat": AVRO}
    made = script(of(sends=[told]))
    assert [args for *_, args in sent(made, 3)] == [("a",), ("b",), ("a",)]


def test_an_ack_in_another_language_cannot_be_made_but_be_given(caplog: pytest.LogCaptureFixture) -> None:
    three = {
        "asyncapi": "3.0.0",
        "info": {"title": "Test", "version": "1.0.0"},
        "channels": {
            "main": {
                "address": "/",
                "messages": {
                    "say": {"payload": STRING},
                    "ask": {"payload": STRING, "x-mock": {"answers": [1], "copies": {"/0": "/0"}}},
                    "said": {"payload": {"schemaFormat": AVRO, "schema": {"type": "string"}}},
                },
            }
        },
        "operations": {
            name: {
                "action": "receive",
                "channel": {"$ref": "#/channels/main"},
                "messages": [{"$ref": f"#/channels/main/messages/{name}"}],
                "reply": {
                    "channel": {"$ref": "#/channels/main"},
                    "messages": [{"$ref": "#/channels/main/messages/said"}],
                },
            }
            for name in ("say", "ask")
        },
    }
    made = script(three)
    assert answers(made, 1, "say") == [501]
    assert answers(made, 1, "ask", "x") == [("x",)]
    assert [text for text in caplog.messages if "cannot make" in text and AVRO in text]


# Seeds ---------------------------------------------------------------------------------------------

TWO = of(message("say", ack=OBJECT), message("ask", ack=OBJECT), sends=[message("told", OBJECT)])


def test_a_seed_says_the_same_again() -> None:
    first, second, other = (script(TWO, seed=seed) for seed in (1, 1, 2))
    assert answers(first, 60) == answers(second, 60) != answers(other, 60)
    assert sent(first, 60) == sent(second, 60) != sent(other, 60)


def test_what_one_event_says_does_not_hang_on_another() -> None:
    first, second = script(TWO, seed=1, error_rate=0.3), script(TWO, seed=1, error_rate=0.3)
    answers(second, 7, "ask")
    sent(second, 5)
    assert answers(first, 60) == answers(second, 60)


def test_without_a_seed_each_run_says_something_else() -> None:
    assert answers(script(TWO), 60) != answers(script(TWO), 60)


@pytest.mark.parametrize("rate", ["error_rate", "disconnect_rate"])
def test_a_rate_is_the_share_of_events_and_a_seed_decides_which(rate: str) -> None:
    first, second = (script(TWO, seed=3, **{rate: 0.25}) for _ in range(2))
    fates = [played(first) for _ in range(1000)]
    assert fates == [played(second) for _ in range(1000)]
    failed = [fate for fate in fates if fate[1] == 503]
    assert len(failed) == pytest.approx(250, abs=60)
    left = [("leave", "sid", "/")] if rate == "disconnect_rate" else []
    assert all(calls == left for calls, _ in failed)


@pytest.mark.parametrize(("rates", "answer"), [({"error_rate": 1}, 503), ({"error_rate": 0}, ())])
def test_a_rate_of_all_or_nothing(rates: dict[str, Any], answer: object) -> None:
    assert answers(script(of(message("say")), **rates), 50) == [answer] * 50


def test_an_answer_takes_between_the_two_numbers_of_seconds() -> None:
    made = script(TWO, latency=(0.05, 0.2), seed=1)
    waits = [calls[0] for calls, _ in (played(made) for _ in range(100))]
    assert all(name == "sleep" and 0.05 <= seconds <= 0.2 for name, seconds in waits)  # type: ignore[operator]
    assert len(set(waits)) > 1


def test_latency_does_not_change_which_events_fail() -> None:
    quick, slow = (script(TWO, seed=1, error_rate=0.5, latency=given) for given in ((0, 0), (1, 2)))
    assert answers(quick, 100) == answers(slow, 100)


def test_without_latency_there_is_no_wait() -> None:
    assert played(script(of(message("say")))) == ([], ())


# Sending -------------------------------------------------------------------------------------------

CONSTANT = {"const": 1}


def test_every_event_is_sent_at_its_interval() -> None:
    slow = mocked({"interval": 4}, CONSTANT, name="slow")
    made = script(of(sends=[message("fast", CONSTANT), slow]), interval=1.5)
    assert [(time, event) for time, _, event, _ in sent(made, 8)] == [
        (1.5, "fast"),
        (3.0, "fast"),
        (4.0, "slow"),
        (4.5, "fast"),
        (6.0, "fast"),
        (7.5, "fast"),
        (8.0, "slow"),
    ]


def test_the_interval_can_be_changed() -> None:
    made = script(of(sends=[message("fast", CONSTANT), mocked({"interval": 4}, CONSTANT, name="slow")]))
    made.set_interval(3)
    assert [(time, event) for time, _, event, _ in sent(made, 6)] == [(3, "fast"), (4, "slow"), (6, "fast")]
    with pytest.raises(ValueError, match="interval"):
        made.set_interval(0)


def test_examples_come_first_then_generated_values() -> None:
    made = script(of(sends=[shown("told", {"id": -1}, {"id": -2}, payload=OBJECT)]), seed=1)
    args = [args for *_, args in sent(made, 30)]
    assert args[:2] == [({"id": -1},), ({"id": -2},)]
    assert len({str(each) for each in args[2:]}) > 2
    assert args[2:4] != args[:2]


def test_examples_come_first_again_when_sending_starts_again() -> None:
    made = script(of(sends=[shown("told", "first", payload=STRING)]))
    assert sent(made, 1) == sent(made, 1) == [(1, "/", "told", ("first",))]


@pytest.mark.parametrize(
    ("told", "args"),
    [
        (message("told"), [(), (), ()]),
        (shown("told", 1, "b"), [(1,), ("b",), (1,)]),
        (shown("told", ["a", 1], payload=pair({"const": "a"}, CONSTANT)), [("a", 1)] * 3),
    ],
)
def test_what_is_sent(told: Any, args: list[Args]) -> None:
    assert [found for *_, found in sent(script(of(sends=[told])), 3)] == args


def test_only_some_events_are_sent() -> None:
    made = script(of(sends=[message("a"), message("b"), message("c")]), only=frozenset(["b", "c"]))
    assert made.sends == [("/", "b"), ("/", "c")]


def test_an_event_that_is_not_sent_cannot_be_the_only_one() -> None:
    with pytest.raises(UnknownEventException, match="sends no event `tolt`; did you mean `told`"):
        script(of(sends=[message("told")]), only=frozenset(["tolt"]))


def test_an_event_goes_to_every_place_each_time_with_the_next_value() -> None:
    made = script(of(sends=[shown("told", 1, 2, 3)]))
    found = sent(made, 1, namespaces_of=lambda name: [f"{name}a", f"{name}b"])
    assert found == [(1, "/a", "told", (1,)), (1, "/b", "told", (2,))]


def test_a_namespace_without_clients_uses_up_no_values() -> None:
    made = script(document({"/a": channel(sends=[shown("told", 1, 2)]), "/b": channel(sends=[message("x")])}))
    stage = Stage(4)

    def places(name: str) -> list[str]:
        return [name] if stage.now > 2 else []

    drive(made.emissions([("/a", "told")], stage.emit, stage.sleep, places, stage.is_over))
    assert stage.sent == [(3, "/a", "told", (1,)), (4, "/a", "told", (2,))]


def test_what_cannot_be_sent_is_logged_once_and_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    made = script(of(sends=[message("told", CONSTANT), message("bad", CONSTANT)]))
    stage = Stage(2)

    def emit(event: str, args: Args, namespace: str) -> None:
        if event == "bad":
            raise ConnectionError("the queue is gone")
        stage.emit(event, args, namespace)

    drive(made.emissions(made.sends, emit, stage.sleep, lambda name: [name], stage.is_over))
    assert len(stage.sent) == 2
    assert caplog.messages == ["the mock cannot send `bad` in `/`: ConnectionError('the queue is gone')"]


def test_nothing_to_send_is_over_at_once() -> None:
    assert sent(script(of(message("say"))), 5) == []


# Threads -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "mock", [{"answers": [1, 2, 3, 4]}, {"answers": [1, 2, 3, 4], "copies": {"/9": "/0"}}]
)
def test_threads_share_the_answers(mock: Any) -> None:
    made = script(of(mocked(mock, ack=INTEGER)), error_rate=0)
    with ThreadPoolExecutor(8) as threads:
        found = [each for some in threads.map(lambda _: answers(made, 100), range(8)) for each in some]
    assert Counter(found) == {(number,): 200 for number in (1, 2, 3, 4)}


def test_threads_share_generated_answers() -> None:
    made = script(TWO, seed=1, pool_size=10)
    with ThreadPoolExecutor(8) as threads:
        found = [str(each) for some in threads.map(lambda _: answers(made, 100), range(8)) for each in some]
    expected = [str(each) for each in answers(script(TWO, seed=1, pool_size=10), 800)]
    assert Counter(found) == Counter(expected)
