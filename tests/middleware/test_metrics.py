"""Metrics of events, with labels that clients cannot choose."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest
from prometheus_client import REGISTRY, CollectorRegistry

from asynction.exceptions import EventException, NotEnabledError
from asynction.middleware import PrometheusMiddleware
from tests.middleware.support import BOTH, chain, context, run

LABELS = {"namespace": "/rooms/{id}", "event": "message"}


def value(registry: CollectorRegistry, name: str, **labels: str) -> float | None:
    return registry.get_sample_value(f"asynction_{name}", {**LABELS, **labels})


@pytest.mark.parametrize("drive", BOTH)
def test_events_are_counted_and_measured(drive: Callable[..., object]) -> None:
    registry = CollectorRegistry()
    middleware = PrometheusMiddleware(registry)
    during: list[float | None] = []

    def handler(text: str) -> int:
        during.append(value(registry, "events_in_progress"))
        return len(text)

    assert [drive(handler, context("abc"), middleware) for _ in range(2)] == [3, 3]
    assert during == [1, 1]
    assert value(registry, "events_in_progress") == 0
    assert value(registry, "events_total", status="200") == 2
    assert value(registry, "event_duration_seconds_count") == 2


@pytest.mark.parametrize("drive", BOTH)
@pytest.mark.parametrize(("error", "status"), [(EventException(429), "429"), (KeyError("k"), "500")])
def test_failures_are_counted_by_status(drive: Callable[..., object], error: Exception, status: str) -> None:
    def handler() -> None:
        raise error

    registry = CollectorRegistry()
    with pytest.raises(type(error)) as caught:
        drive(handler, context(), PrometheusMiddleware(registry))
    assert caught.value is error
    assert value(registry, "events_total", status=status) == 1
    assert value(registry, "event_duration_seconds_count") == 1
    assert value(registry, "events_in_progress") == 0


def test_a_cancelled_event_is_no_longer_in_progress() -> None:
    registry = CollectorRegistry()
    flow = chain(len, PrometheusMiddleware(registry))(context("abc"))
    next(flow)
    assert value(registry, "events_in_progress") == 1
    flow.close()
    assert value(registry, "events_in_progress") == 0
    assert value(registry, "events_total", status="499") == 1


def test_clients_make_no_new_labels() -> None:
    registry = CollectorRegistry()
    middleware = PrometheusMiddleware(registry)
    for number in range(50):
        run(len, context("a", event=f"e{number}", namespace=f"/rooms/{number}", known=False), middleware)
        run(len, context("a", namespace=f"/rooms/{number}"), middleware)
        run(len, context("a", namespace=f"/{number}", pattern="", known=False), middleware)
    counted = {
        (sample.labels["namespace"], sample.labels["event"]): sample.value
        for metric in registry.collect()
        for sample in metric.samples
        if sample.name == "asynction_events_total"
    }
    assert counted == {
        ("/rooms/{id}", "message"): 50,
        ("/rooms/{id}", "<unknown>"): 50,
        ("<unknown>", "<unknown>"): 50,
    }


def test_two_middlewares_may_share_a_registry() -> None:
    registry = CollectorRegistry()
    run(len, context("a"), PrometheusMiddleware(registry))
    run(len, context("a"), PrometheusMiddleware(registry, events="message", namespace="/chat"))
    run(len, context("a"), PrometheusMiddleware(registry, "other"))
    assert value(registry, "events_total", status="200") == 2
    assert registry.get_sample_value("other_events_total", {**LABELS, "status": "200"}) == 1


def test_the_default_registry_is_the_clients() -> None:
    run(len, context("a"), PrometheusMiddleware(prefix="tests_middleware"))
    assert REGISTRY.get_sample_value("tests_middleware_events_total", {**LABELS, "status": "200"}) == 1


def test_without_the_extra_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    with pytest.raises(NotEnabledError, match=r"install `asynction\[prometheus\]`"):
        PrometheusMiddleware()
