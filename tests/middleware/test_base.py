"""The methods of a middleware class: when they are called, with what, and what their results do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from asynction.exceptions import EventException, SecurityException
from asynction.middleware import BaseMiddleware
from asynction.middleware._base import CANCELLED, outcome
from tests.middleware.support import BOTH, arun, chain, context, run

Run = Callable[..., object]


def many(*args: object) -> object:
    return list(args)


class Recorder(BaseMiddleware):
    """Takes all arguments and changes nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Any] = []

    def before_event(self, event: str, sid: str, data: Any, **kwargs: Any) -> Any:
        self.seen.append(("before", event, sid, data, kwargs))
        return data

    def after_event(self, event: str, sid: str, response: Any, **kwargs: Any) -> Any:
        self.seen.append(("after", event, sid, response, kwargs))
        return response

    def handle_exception(self, exc: Exception, event: str, sid: str, data: Any, **kwargs: Any) -> Any:
        self.seen.append(("failed", exc, event, sid, data, kwargs))
        raise exc


class AsyncRecorder(Recorder):
    async def before_event(self, event: str, sid: str, data: Any, **kwargs: Any) -> Any:
        return super().before_event(event, sid, data, **kwargs)

    async def after_event(self, event: str, sid: str, response: Any, **kwargs: Any) -> Any:
        return super().after_event(event, sid, response, **kwargs)

    async def handle_exception(self, exc: Exception, event: str, sid: str, data: Any, **kwargs: Any) -> Any:
        return super().handle_exception(exc, event, sid, data, **kwargs)


@pytest.mark.parametrize(("drive", "kind"), [(run, Recorder), (arun, Recorder), (arun, AsyncRecorder)])
def test_methods_are_called_before_and_after_an_event(drive: Run, kind: type[Recorder]) -> None:
    recorder = kind()
    given = context("hi", environ={"REMOTE_ADDR": "here"})
    assert drive(str.upper, given, recorder) == "HI"
    kwargs = {
        "namespace": "/rooms/42",
        "environ": {"REMOTE_ADDR": "here"},
        "auth": None,
        "server": "server",
        "context": given,
    }
    assert recorder.seen == [
        ("before", "message", "sid1", "hi", kwargs),
        ("after", "message", "sid1", "HI", kwargs),
    ]


@pytest.mark.parametrize(("drive", "kind"), [(run, Recorder), (arun, Recorder), (arun, AsyncRecorder)])
def test_methods_are_called_for_an_exception(drive: Run, kind: type[Recorder]) -> None:
    recorder = kind()
    with pytest.raises(ZeroDivisionError) as caught:
        drive(lambda n: 1 / n, context(0), recorder)
    assert [entry[:5] for entry in recorder.seen][1] == ("failed", caught.value, "message", "sid1", 0)


@pytest.mark.parametrize("drive", BOTH)
def test_a_class_that_overrides_nothing_does_nothing(drive: Run) -> None:
    middleware = BaseMiddleware()
    assert drive(many, context(1, 2), middleware) == [1, 2]
    with pytest.raises(TypeError):
        drive(len, context(1), middleware)
    assert next(chain(many, middleware)(context(1))) == (many, (1,))


def test_the_default_methods_leave_everything_as_it_is() -> None:
    middleware = BaseMiddleware()
    assert middleware.before_event("e", "s", 1) == 1
    assert middleware.after_event("e", "s", 2, namespace="/") == 2
    error = KeyError("k")
    with pytest.raises(KeyError) as caught:
        middleware.handle_exception(error, "e", "s", 1)
    assert caught.value is error


@pytest.mark.parametrize(
    ("args", "data", "returned", "expected"),
    [
        ((), None, None, []),
        ((), None, 1, [1]),
        ((1,), 1, 2, [2]),
        ((1,), 1, None, [None]),
        ((1,), 1, [2, 3], [[2, 3]]),
        ((1,), 1, (2, 3), [2, 3]),
        ((1,), 1, (), []),
        ((None,), None, None, [None]),
        ((1, 2), (1, 2), (3,), [3]),
        ((1, 2), (1, 2), 3, [3]),
    ],
)
def test_what_before_event_returns_takes_the_place_of_the_args(
    args: tuple[object, ...], data: object, returned: object, expected: list[object]
) -> None:
    got: list[object] = []

    class Changes(BaseMiddleware):
        def before_event(self, event: str, sid: str, data: Any, **kwargs: Any) -> Any:
            got.append(data)
            return returned

    given = context(*args)
    assert run(many, given, Changes()) == expected
    assert got == [data]
    assert given.args == args


def test_the_same_data_leaves_the_context_alone() -> None:
    seen: list[object] = []
    given = context((1, 2))  # one arg that is a tuple, as no client can send

    def rest(inner: Any) -> Any:
        seen.append(inner)
        return (yield many, inner.args)

    flow = Recorder().around(given, rest)
    function, args = next(flow)
    flow.send(function(*args))
    assert seen == [given]


def test_what_after_event_returns_is_the_response() -> None:
    class Counts(BaseMiddleware):
        def after_event(self, event: str, sid: str, response: Any, **kwargs: Any) -> Any:
            return {"n": response}

    assert run(len, context("abc"), Counts()) == {"n": 3}


@pytest.mark.parametrize("drive", BOTH)
def test_what_handle_exception_returns_is_the_response_as_it_is(drive: Run) -> None:
    class Answers(BaseMiddleware):
        def before_event(self, event: str, sid: str, data: Any, **kwargs: Any) -> Any:
            return data + 1

        def after_event(self, event: str, sid: str, response: Any, **kwargs: Any) -> Any:
            pytest.fail("nothing was returned")

        def handle_exception(self, exc: Exception, event: str, sid: str, data: Any, **kwargs: Any) -> Any:
            return [type(exc).__name__, data]

    assert drive(len, context(1), Answers()) == ["TypeError", 2]


@pytest.mark.parametrize("drive", BOTH)
def test_a_permission_error_before_an_event_refuses_it(drive: Run) -> None:
    class Refuses(BaseMiddleware):
        def before_event(self, event: str, sid: str, data: Any, **kwargs: Any) -> Any:
            raise PermissionError("the secret reason")

        def handle_exception(self, exc: Exception, event: str, sid: str, data: Any, **kwargs: Any) -> Any:
            pytest.fail("that is for what fails inside")

    with pytest.raises(SecurityException) as caught:
        drive(pytest.fail, context(1), Refuses())
    assert caught.value.status == 403
    assert "secret" not in str(caught.value)


def test_a_permission_error_inside_is_the_handlers_own() -> None:
    def handler() -> None:
        raise PermissionError

    with pytest.raises(PermissionError):
        run(handler, context(), Recorder())


@pytest.mark.parametrize("error", [EventException(418), KeyError("k")])
def test_other_exceptions_before_an_event_go_through(error: Exception) -> None:
    class Raises(BaseMiddleware):
        def before_event(self, event: str, sid: str, data: Any, **kwargs: Any) -> Any:
            raise error

    with pytest.raises(type(error)) as caught:
        run(pytest.fail, context(1), Raises())
    assert caught.value is error


def test_middlewares_nest() -> None:
    class Marks(BaseMiddleware):
        def __init__(
            self, mark: str
        ) -> None:  # a class that does not call `__init__` of its parent works, too
            self.mark = mark

        def before_event(self, event: str, sid: str, data: Any, **kwargs: Any) -> Any:
            return f"{data}{self.mark}"

        def after_event(self, event: str, sid: str, response: Any, **kwargs: Any) -> Any:
            return f"{response}{self.mark}"

    assert run(lambda text: f"{text}!", context("-"), Marks("a"), Marks("b")) == "-ab!ba"
    assert (Marks("a").events, Marks("a").namespace) == (frozenset(), None)


def test_a_method_gets_the_keywords_that_it_names() -> None:
    got: list[object] = []

    class Few(BaseMiddleware):
        def before_event(  # type: ignore[override]  # no **kwargs
            self, event: str, sid: str, data: Any, environ: Any = None, *, namespace: str
        ) -> Any:
            got.append((environ, namespace))
            return data

        def after_event(self, event: str, sid: str, server: Any) -> Any:  # type: ignore[override]
            return server  # another name of a positional parameter

        @staticmethod
        def handle_exception(*args: Any) -> Any:  # type: ignore[override]
            got.append(args[1:])

    middleware = Few()
    assert run(many, context(1, environ={"a": 1}), middleware) == [1]
    assert got == [({"a": 1}, "/rooms/42")]
    assert run(len, context(1), middleware) is None
    assert got[-1] == ("message", "sid1", 1)
    assert not middleware.asynchronous


def test_signatures_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = Recorder()
    run(many, context(1), recorder)
    monkeypatch.setattr("inspect.signature", pytest.fail)
    assert run(many, context(2), recorder) == [2]


def test_a_method_that_cannot_be_called_is_found_before_an_event() -> None:
    class Wants(BaseMiddleware):
        def before_event(  # type: ignore[override]
            self, event: str, sid: str, data: Any, database: Any
        ) -> Any:
            return data

    with pytest.raises(TypeError, match=r"`Wants.before_event` cannot be called as a hook: .*database"):
        _ = Wants().asynchronous


def test_async_methods_are_detected() -> None:
    class After(BaseMiddleware):
        async def after_event(self, event: str, sid: str, response: Any, **kwargs: Any) -> Any:
            return response

    assert After().asynchronous
    assert AsyncRecorder().asynchronous
    assert not Recorder().asynchronous
    assert not BaseMiddleware().asynchronous


@pytest.mark.parametrize(
    ("given", "events"),
    [(None, frozenset()), ("message", {"message"}), (["a", "b"], {"a", "b"}), (iter("ab"), {"a", "b"})],
)
def test_a_middleware_says_what_it_is_for(given: Any, events: frozenset[str]) -> None:
    assert BaseMiddleware(given).events == events
    assert BaseMiddleware(given, "/chat").namespace == "/chat"


def test_a_class_may_say_what_its_middlewares_are_for() -> None:
    class Chat(BaseMiddleware):
        events = frozenset({"message"})
        namespace = "/chat"

    assert (Chat().events, Chat().namespace) == (frozenset({"message"}), "/chat")
    assert (Chat([], "/other").events, Chat([], "/other").namespace) == (frozenset(), "/other")


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (EventException(429), 429),
        (SecurityException(403), 403),
        (KeyError(), 500),
        (GeneratorExit(), CANCELLED),
    ],
)
def test_an_event_has_an_outcome(error: BaseException, status: int) -> None:
    assert outcome(error) == status
