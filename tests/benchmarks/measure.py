"""Compare calls within one run: interleaved rounds, the quickest of each counts."""

from __future__ import annotations

import gc
from collections.abc import Callable, Coroutine, Mapping
from time import perf_counter
from typing import TypeVar

Call = Callable[[], object]
T = TypeVar("T")


def quickest(calls: Mapping[str, Call], *, rounds: int = 400, repeats: int = 50) -> dict[str, float]:
    """Microseconds of one call of each; noise only ever adds, so the least of many rounds is nearest."""
    best = dict.fromkeys(calls, float("inf"))
    gc.collect()
    gc.disable()
    try:
        for _ in range(rounds):
            for name, call in calls.items():
                start = perf_counter()
                for _ in range(repeats):
                    call()
                best[name] = min(best[name], (perf_counter() - start) / repeats)
    finally:
        gc.enable()
    return {name: seconds * 1e6 for name, seconds in best.items()}


def table(title: str, times: Mapping[str, float], *, base: str) -> None:
    """Print one line for each: its time, and what it is to the base."""
    print(f"\n{title}")
    for name, time in times.items():
        print(f"  {name:<36} {time:9.2f} us {time - times[base]:+9.2f} us {time / times[base]:7.2f} x")


def finished(coroutine: Coroutine[object, None, T]) -> T:
    """Run a coroutine that never waits to its end, without an event loop."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        value: T = stop.value
        return value
    coroutine.close()
    raise AssertionError("the coroutine waits for something")
