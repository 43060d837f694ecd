"""What application code raises that is no Exception is answered, unless it ends what runs the code."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable, Generator, Iterator
from functools import partial
from typing import Any

import gevent.event
import pytest

from asynction.runtime import Context, adrive, drive
from asynction.runtime._errors import error_ack
from asynction.runtime._exits import as_exception
from asynction.runtime._flow import Failure, arun, receive, run, with_error_ack
from tests.runtime.support import BOTH, SERVER_ERROR, Run, context
from tests.runtime.test_flow import endpoint, handling, settings


class Custom(BaseException):
    """One of the application's own."""


class Several(Custom):
    """As a BaseExceptionGroup, which Python 3.10 does not have."""

    def __init__(self, *exceptions: BaseException) -> None:
        self.exceptions = exceptions


FAULTS = [
    SystemExit("bye"),
    gevent.Timeout(1),
    Custom(),
    Several(Custom(), ValueError()),
]
"""What a function may raise by itself."""


def raises(error: BaseException) -> Any:
    raise error


def terminated() -> None:
    signal.raise_signal(signal.SIGTERM)


async def raises_later(error: BaseException) -> Any:
    await asyncio.sleep(0)
    raise error


@pytest.mark.parametrize("error", FAULTS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize(("run", "function"), [(each, raises) for each in BOTH] + [(BOTH[1], raises_later)])
def test_it_is_answered_and_logged(
    run: Run, function: Any, error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    made = context()
    flow = receive(endpoint(partial(function, error)), made, settings(Failure(), run))
    assert run(flow) == SERVER_ERROR
    assert isinstance(made.error, Exception)
    assert made.error.__cause__ is error
    (record,) = caplog.records
    assert record.levelname == "ERROR"
    assert record.exc_info is not None
    assert f"in {function.__name__}" in caplog.text  # the traceback
    assert caplog.text.count("in receive") == 1


def test_a_cancellation_that_nobody_asked_for_is_answered_by_a_sync_server() -> None:
    flow = receive(endpoint(partial(raises, asyncio.CancelledError())), context(), settings(Failure()))
    assert drive(flow) == SERVER_ERROR


@pytest.mark.skipif(sys.version_info < (3, 11), reason="a task does not tell whether it was asked to cancel")
@pytest.mark.parametrize("function", [raises, raises_later])
def test_a_cancellation_that_nobody_asked_for_is_answered(function: Any) -> None:
    flow = receive(endpoint(partial(function, asyncio.CancelledError())), context(), settings(Failure()))
    assert asyncio.run(adrive(flow)) == SERVER_ERROR


@pytest.mark.parametrize("run", BOTH)
@pytest.mark.parametrize(
    "error",
    [KeyboardInterrupt(), GeneratorExit(), gevent.GreenletExit(), Several(Custom(), KeyboardInterrupt())],
)
def test_what_ends_the_process_or_what_runs_in_it_passes(run: Run, error: BaseException) -> None:
    with pytest.raises(type(error)):
        run(receive(endpoint(partial(raises, error)), context(), settings(Failure(), run)))


@pytest.mark.parametrize("run", BOTH)
def test_a_signal_handler_may_end_the_process(run: Run) -> None:
    before = signal.signal(signal.SIGTERM, lambda number, frame: sys.exit("stopped"))
    try:
        with pytest.raises(SystemExit, match="stopped"):
            run(receive(endpoint(terminated), context(), settings(Failure(), run)))
    finally:
        signal.signal(signal.SIGTERM, before)


def test_an_exception_stays_as_it_is() -> None:
    error = KeyError("why")
    assert as_exception(error) is error


def within(wait: Callable[[], Any], log: list[str], made: Context) -> Generator[Any, Any, Any]:
    """Return the flow of an event that waits, with a dependency that is open."""

    def dependency() -> Iterator[None]:
        try:
            yield
            log.append("done")
        except GeneratorExit:
            log.append("closed")
            raise

    opened = dependency()
    next(opened)
    made.open_dependencies.append(opened)
    return receive(endpoint(wait), made, settings(Failure()))


def test_a_greenlet_that_is_killed_ends() -> None:
    log: list[str] = []
    made = context()
    started = gevent.event.Event()

    def waits() -> None:
        started.set()
        gevent.event.Event().wait()

    killed = gevent.spawn(run, within(waits, log, made), made)
    started.wait()
    killed.kill()
    assert isinstance(killed.value, gevent.GreenletExit)  # which gevent returns as the value
    assert log == ["closed"]
    assert isinstance(made.error, gevent.GreenletExit)


def test_a_coroutine_that_is_closed_ends() -> None:
    log: list[str] = []
    made = context()

    async def main() -> None:
        async def waits() -> None:
            await asyncio.get_running_loop().create_future()

        running = arun(within(waits, log, made), made)
        running.send(None)
        running.close()

    asyncio.run(main())
    assert log == ["closed"]


def test_a_task_that_is_cancelled_ends() -> None:
    log: list[str] = []
    made = context()

    async def main() -> None:
        started = asyncio.Event()

        async def waits() -> None:
            started.set()
            await asyncio.Event().wait()

        task = asyncio.ensure_future(arun(within(waits, log, made), made))
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert log == ["closed"]


def test_a_timeout_of_a_middleware_reaches_it() -> None:
    timeout = gevent.Timeout(1)

    def limits(made: Context, call_next: Callable[[Context], object]) -> object:
        try:
            return call_next(made)
        except gevent.Timeout as error:
            return "late" if error is timeout else "another"

    made = endpoint(partial(raises, timeout), middlewares=(limits,))
    within_function = settings(Failure())
    within_function.driver = partial(drive, is_inner=True)
    assert drive(receive(made, context(), within_function)) == ("late",)
    made = endpoint(partial(raises, timeout), middlewares=(lambda event, call_next: call_next(event),))
    assert drive(receive(made, context(), within_function)) == SERVER_ERROR


@pytest.mark.parametrize("run", BOTH)
def test_an_error_handler_may_answer(run: Run) -> None:
    def flow() -> Generator[Any, Any, Any]:
        return (yield raises, (Custom(),))

    failure = Failure(handling(lambda error: type(error.__cause__).__name__))
    assert run(with_error_ack(flow(), lambda: failure, context())) == ("Custom",)
    failing = Failure(handling(lambda error: raises(SystemExit())))
    assert run(with_error_ack(flow(), lambda: failing, context())) == error_ack(RuntimeError())
