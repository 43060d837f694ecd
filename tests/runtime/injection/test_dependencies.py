"""Dependencies of a handler: called before it, closed after its acknowledgement."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from functools import wraps
from typing import Annotated, Any

import pytest
from fastapi import Depends as FastDepends

from asynction.exceptions import EventException, PayloadValidationException, SecurityException
from asynction.inject import Depends, Event, SocketID
from asynction.runtime import PYTHON_SOCKETIO, Context, PlanError, Response
from tests.runtime.support import SERVER_ERROR, Bench

log: list[str] = []
"""What happened, in order."""


@pytest.fixture(autouse=True)
def _empty() -> None:
    log.clear()


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def bench(request: pytest.FixtureRequest) -> Bench:
    return Bench(is_async=request.param)


@pytest.fixture
def asynchronous() -> Bench:
    return Bench(is_async=True, conventions=PYTHON_SOCKETIO)


def plain() -> str:
    log.append("plain")
    return "plain"


async def later() -> str:
    await asyncio.sleep(0)
    log.append("later")
    return "later"


def opens() -> Iterator[str]:
    log.append("opens")
    try:
        yield "opened"
    except Exception as error:
        log.append(f"saw {type(error).__name__}")
        raise
    finally:
        log.append("closes")


async def aopens() -> AsyncIterator[str]:
    log.append("aopens")
    try:
        await asyncio.sleep(0)
        yield "aopened"
    except Exception as error:
        log.append(f"asaw {type(error).__name__}")
        raise
    finally:
        await asyncio.sleep(0)
        log.append("acloses")


def on_top(below: str = Depends(opens)) -> Iterator[str]:
    log.append("opens the second")
    yield f"{below} twice"
    log.append("closes the second")


def on_async(below: str = Depends(aopens), also: str = Depends(on_top)) -> str:
    return f"{below} and {also}"


def test_generators_are_closed_after_the_handler_the_last_one_first(bench: Bench) -> None:
    def handler(value: str = Depends(on_top), other: Annotated[str, FastDepends(plain)] = "") -> object:
        log.append("handles")
        return value, other

    assert bench.on("e", handler).send("e") == ("opened twice", "plain")
    assert log == ["opens", "opens the second", "plain", "handles", "closes the second", "closes"]


def test_dependencies_of_all_kinds_nest(asynchronous: Bench) -> None:
    async def handler(value: str = Depends(on_async), other: str = Depends(later)) -> object:
        log.append("handles")
        return [value, other]

    assert asynchronous.on("e", handler).send("e") == (["aopened and opened twice", "later"],)
    assert log == [
        "aopens",
        "opens",
        "opens the second",
        "later",
        "handles",
        "closes the second",
        "closes",
        "acloses",
    ]


def test_generators_are_open_until_the_acknowledgement_is_made(bench: Bench) -> None:
    def handler(value: str = Depends(opens)) -> object:
        return value

    at = bench.service.context("/", "e", "sid")
    assert bench.on("e", handler).run(bench.service.receive(at)) == ("opened",)
    assert log == ["opens"]
    assert len(at.open_dependencies) == 1
    at.open_dependencies[0].close()  # type: ignore[attr-defined]  # it is a generator


def fails(value: str = Depends(on_top)) -> None:
    raise LookupError("why")


async def fails_later(value: str = Depends(aopens)) -> None:
    raise LookupError("why")


def test_generators_see_what_the_handler_raised(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    assert bench.on("e", fails).send("e") == SERVER_ERROR
    assert log == ["opens", "opens the second", "saw LookupError", "closes"]
    assert len(caplog.records) == 1  # the failure itself, and nothing of the clean-up


def test_async_generators_see_what_the_handler_raised(
    asynchronous: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    assert asynchronous.on("e", fails_later).send("e") == SERVER_ERROR
    assert log == ["aopens", "asaw LookupError", "acloses"]
    assert len(caplog.records) == 1


def swallows() -> Iterator[str]:
    with contextlib.suppress(LookupError):
        yield "s"
    log.append("swallowed")


async def aswallows() -> AsyncIterator[str]:
    with contextlib.suppress(LookupError):
        yield "s"
    log.append("swallowed")


@pytest.mark.parametrize("dependency", [swallows, aswallows])
def test_what_a_generator_swallows_is_answered_all_the_same(
    dependency: Callable[..., Any], asynchronous: Bench
) -> None:
    def handler(value: str = Depends(dependency), first: str = Depends(opens)) -> None:
        raise LookupError("why")

    assert asynchronous.on("e", handler).send("e") == SERVER_ERROR
    assert log == ["opens", "saw LookupError", "closes", "swallowed"]


def breaks() -> Iterator[str]:
    yield "b"
    raise ArithmeticError("in the clean-up")


async def abreaks() -> AsyncIterator[str]:
    yield "b"
    raise ArithmeticError("in the clean-up")


def twice() -> Iterator[str]:
    yield "b"
    try:
        yield "again"
    finally:
        log.append("closed for good")


async def atwice() -> AsyncIterator[str]:
    yield "b"
    try:
        yield "again"
    finally:
        log.append("closed for good")


def endures() -> Iterator[str]:
    try:
        yield "b"
    except LookupError:
        yield "again"


async def aendures() -> AsyncIterator[str]:
    try:
        yield "b"
    except LookupError:
        yield "again"


def stubborn() -> Iterator[str]:
    yield "b"
    while True:
        with contextlib.suppress(GeneratorExit):
            yield "again"
            return
        yield "and again"
        return


@pytest.mark.parametrize(
    ("dependency", "said"),
    [
        (breaks, "ArithmeticError"),
        (abreaks, "ArithmeticError"),
        (twice, "RuntimeError"),
        (atwice, "RuntimeError"),
        (stubborn, "RuntimeError"),
    ],
)
def test_clean_up_that_fails_is_logged_and_changes_nothing(
    dependency: Callable[..., Any], said: str, asynchronous: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    def handler(first: str = Depends(opens), value: str = Depends(dependency)) -> object:
        return value

    assert asynchronous.on("e", handler).send("e") == ("b",)
    assert log[-1] == "closes"
    assert [record.getMessage() for record in caplog.records] == [f"500 event 'e' in '/': {said}"]
    if dependency in (twice, atwice):
        assert "closed for good" in log
        assert caplog.records[0].exc_info
        assert str(caplog.records[0].exc_info[1]) == "a dependency yielded more than once"


@pytest.mark.parametrize("dependency", [endures, aendures])
def test_a_generator_that_yields_again_on_an_exception(
    dependency: Callable[..., Any], asynchronous: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    def handler(value: str = Depends(dependency)) -> None:
        raise LookupError("why")

    assert asynchronous.on("e", handler).send("e") == SERVER_ERROR
    assert ["LookupError" in record.getMessage() for record in caplog.records] == [True, False]


@pytest.mark.parametrize("kind", [KeyboardInterrupt, GeneratorExit])
@pytest.mark.parametrize("dependency", [opens, aopens])
def test_what_ends_the_task_closes_without_being_seen(
    dependency: Callable[..., Any], kind: type[BaseException], asynchronous: Bench
) -> None:
    def handler(value: str = Depends(dependency)) -> None:
        raise kind

    asynchronous.on("e", handler)
    at = asynchronous.service.context("/", "e", "sid")

    def flow() -> Response:
        try:
            return (yield from asynchronous.service.receive(at))
        finally:
            at.error = kind()  # as servers do

    with pytest.raises(kind):
        asynchronous.closed(flow(), at)
    assert log == [log[0], log[0].replace("opens", "closes")]


def empty() -> Iterator[str]:
    yield from ()


async def aempty() -> AsyncIterator[str]:
    for each in list[str]():
        yield each


@pytest.mark.parametrize("dependency", [empty, aempty])
def test_a_generator_that_yields_nothing(
    dependency: Callable[..., Any], asynchronous: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    def handler(value: str = Depends(dependency)) -> None: ...

    assert asynchronous.on("e", handler).send("e") == SERVER_ERROR
    assert caplog.records[0].exc_info
    assert str(caplog.records[0].exc_info[1]) == "a dependency ended without yielding anything"


def test_what_fails_while_opening_is_not_closed(bench: Bench) -> None:
    def fails() -> Iterator[str]:
        yield dict[str, str]()["why"]

    def handler(first: str = Depends(opens), value: str = Depends(fails)) -> None: ...

    assert bench.on("e", handler).send("e") == SERVER_ERROR
    assert log == ["opens", "saw KeyError", "closes"]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (SecurityException(), 401),
        (SecurityException(403), 403),
        (EventException(409), 409),
        (PayloadValidationException("of what it emitted"), 500),
        (LookupError(), 500),
        (StopIteration(), 500),
        (TypeError(), 500),
    ],
)
def test_a_dependency_may_refuse(error: Exception, status: int, bench: Bench) -> None:
    def refuses() -> str:
        raise error

    def generates() -> Iterator[str]:
        yield refuses()

    for dependency in (refuses, generates):

        def handler(value: Any = Depends(dependency)) -> None:
            pytest.fail("called")

        assert bench.on("e", handler).status("e") == status


def test_a_decorated_generator_gives_what_its_decorator_makes_of_it(asynchronous: Bench) -> None:
    managed = contextlib.contextmanager(opens)

    @wraps(opens)
    async def first() -> str:
        return next(iter(opens()))

    def handler(manager: Any = Depends(managed), value: Any = Depends(first)) -> object:
        with manager as given:
            return [given, value]

    assert asynchronous.on("e", handler).send("e") == (["opened", "opened"],)


def test_a_dependency_of_a_connection_is_closed_when_it_is_decided(bench: Bench) -> None:
    def connect(auth: Any, value: str = Depends(opens)) -> object:
        log.append(f"{value} for {auth}")
        return None

    bench.on("connect", connect).on("disconnect", connect)
    assert bench.enter("ann") is None
    bench.leave("gone")
    assert log == ["opens", "opened for ann", "closes", "opens", "opened for gone", "closes"]


# Overrides --------------------------------------------------------------------------------------


def depends(value: str = Depends(on_top), other: str = Depends(opens), sid: SocketID = "") -> object:
    return [value, other]


def instead(event: Event) -> str:
    return f"instead of {event}"


def instead_generates(event: Event) -> Iterator[str]:
    yield f"generated for {event}"
    log.append("closes the other")


def test_a_dependency_may_be_overridden(bench: Bench) -> None:
    bench.on("e", depends)
    bench.service.dependency_overrides[opens] = instead
    assert bench.send("e") == (["instead of e twice", "instead of e"],)
    bench.service.dependency_overrides[opens] = instead_generates
    assert bench.send("e") == (["generated for e twice", "generated for e"],)
    assert log[-1] == "closes the other"
    bench.service.dependency_overrides.clear()
    assert bench.send("e") == (["opened twice", "opened"],)


@dataclass
class Page:
    """A dependency that cannot be a key of the overrides."""

    size: int = 10

    def __call__(self) -> int:
        return self.size


def test_what_is_not_hashable_stays_what_it_is(bench: Bench) -> None:
    def handler(page: int = Depends(Page(20))) -> object:
        return page

    bench.service.dependency_overrides[opens] = instead
    assert bench.on("e", handler).send("e") == (20,)


def test_dependencies_of_a_connection_may_be_overridden(bench: Bench) -> None:
    bench.on("connect", depends)
    bench.service.dependency_overrides[on_top] = lambda: False
    assert bench.enter() == [False, "opened"]


def test_an_override_that_cannot_be_served_is_a_failure(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.on("e", depends)
    bench.service.dependency_overrides[opens] = lambda data: data
    assert bench.send("e") == SERVER_ERROR
    assert caplog.records[0].exc_info
    assert isinstance(caplog.records[0].exc_info[1], PlanError)


# Dependencies that nobody is given --------------------------------------------------------------


def test_middleware_that_answers_leaves_dependencies_alone(bench: Bench) -> None:
    bench.service.add_middleware(lambda context, call_next: "mine")
    assert bench.on("e", depends).send("e") == ("mine",)
    assert log == []


def test_middleware_that_catches_hides_the_exception(bench: Bench) -> None:
    class ExceptionHandlers:
        def around(self, context: Context, rest: Callable[[Context], Response]) -> Response:
            try:
                return (yield from rest(context.replace(args=context.args)))
            except LookupError:
                return "caught"

    bench.service.add_middleware(ExceptionHandlers())
    assert bench.on("e", fails).send("e") == ("caught",)
    assert log == ["opens", "opens the second", "closes the second", "closes"]
