"""Calls the dependencies of handlers, once for each event; generators are closed after its ack."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from typing import TypeAlias

from asynction.exceptions import AsynctionException
from asynction.runtime._context import Context
from asynction.runtime._errors import log_failure, own_fault
from asynction.runtime._injection.plan import Node

Calls: TypeAlias = "Generator[tuple[Callable[..., object], tuple[object, ...]], object, None]"
Override: TypeAlias = "Callable[[Node], Node]"


def resolved(
    dependencies: Sequence[Node], context: Context, override: Override | None
) -> Generator[tuple[Callable[..., object], tuple[object, ...]], object, dict[object, object]]:
    """Call the dependencies of a handler, each after its own dependencies; return their values by key."""
    values: dict[object, object] = {}
    for node in dependencies:
        yield from _resolve(node, context, override, values)
    return values


def _resolve(node: Node, context: Context, override: Override | None, values: dict[object, object]) -> Calls:
    if node.key in values:
        return
    key = node.key
    if override is not None:
        node = override(node)
    for inner in node.plan.dependencies:
        yield from _resolve(inner, context, override, values)
    call = node.plan.call(context, values)
    value = yield from own_code(call)
    # A decorator may have turned a generator function into a plain one, as `contextmanager` does.
    if not node.is_generator or not isinstance(value, Generator | AsyncGenerator):
        values[key] = value
        return
    start = _start if isinstance(value, Generator) else _astart
    values[key] = yield from own_code((start, (value,)))
    context.open_dependencies.append(value)


def own_code(
    call: tuple[Callable[..., object], tuple[object, ...]],
) -> Generator[tuple[Callable[..., object], tuple[object, ...]], object, object]:
    """Call application code: an exception from it is the server's fault (500), not the client's."""
    try:
        return (yield call)
    except AsynctionException as error:
        raise own_fault(error)  # noqa: B904 - it is the same exception


def closing(context: Context) -> Calls:
    """Resume the generators of an event, the last one first; throw the event's exception into them."""
    error = context.error
    for generator in reversed(context.open_dependencies):
        close = _close if isinstance(generator, Generator) else _aclose
        try:
            yield close, (generator, error)
        except Exception as raised:
            if raised is not error:
                log_failure(raised, context.namespace, context.event)


def _start(generator: Generator[object]) -> object:
    try:
        return next(generator)
    except StopIteration:
        raise RuntimeError("a dependency ended without yielding anything") from None


async def _astart(generator: AsyncGenerator[object]) -> object:
    try:
        return await generator.__anext__()
    except StopAsyncIteration:
        raise RuntimeError("a dependency ended without yielding anything") from None


def _close(generator: Generator[object], error: BaseException | None) -> None:
    if error is not None and not isinstance(error, Exception):
        generator.close()  # GeneratorExit: a cancellation is not an exception for it to handle
        return
    try:
        if error is None:
            next(generator)
        else:
            generator.throw(error)
    except StopIteration:
        return
    generator.close()
    raise RuntimeError("a dependency yielded more than once")


async def _aclose(generator: AsyncGenerator[object], error: BaseException | None) -> None:
    if error is not None and not isinstance(error, Exception):
        await generator.aclose()
        return
    try:
        if error is None:
            await generator.__anext__()
        else:
            await generator.athrow(error)
    except StopAsyncIteration:
        return
    await generator.aclose()
    raise RuntimeError("a dependency yielded more than once")
