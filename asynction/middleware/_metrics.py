"""Metrics of events, for Prometheus; its client comes with the extra `prometheus`."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from asynction.exceptions import NotEnabledError
from asynction.middleware._base import BaseMiddleware, Events, Rest, outcome
from asynction.runtime import LIFECYCLE_EVENTS, Context, Response

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

EXTRA = "PrometheusMiddleware needs the extra `prometheus`: install `asynction[prometheus]`"

UNKNOWN = "<unknown>"
"""The label of all events that the contract does not have, except `connect` and `disconnect`."""


class PrometheusMiddleware(BaseMiddleware):
    """A middleware that counts events, and measures their duration and how many are in progress.

    The metrics are `asynction_events_total`, by namespace, event and status, and
    `asynction_event_duration_seconds` and `asynction_events_in_progress`, by namespace and event. The labels
    are names of the contract, so clients cannot create new ones. Middlewares with the same registry and
    prefix share their metrics.

    Args:
        registry: the Prometheus registry; the default registry of `prometheus_client` by default.
        prefix: the first part of the names of the metrics.
        events: the names of the events to measure; all by default.
        namespace: the only namespace whose events to measure; all by default.

    Raises:
        NotEnabledError: the extra `prometheus` is missing.
    """

    def __init__(
        self,
        registry: CollectorRegistry | None = None,
        prefix: str = "asynction",
        *,
        events: Events = None,
        namespace: str | None = None,
    ) -> None:
        super().__init__(events, namespace)
        self._metrics = _metrics(registry, prefix)

    def around(self, context: Context, rest: Rest) -> Response:
        """Handle the event and record its status and duration."""
        metrics, labels = self._metrics, labels_of(context)
        started = time.perf_counter()
        status = 200
        metrics.in_progress.labels(*labels).inc()
        try:
            return (yield from rest(context))
        except BaseException as error:
            status = outcome(error)
            raise
        finally:
            metrics.in_progress.labels(*labels).dec()
            metrics.duration.labels(*labels).observe(time.perf_counter() - started)
            metrics.events.labels(*labels, str(status)).inc()


def labels_of(context: Context) -> tuple[str, str]:
    """Return the names of namespace and event in the contract, which clients cannot choose."""
    name = context.event if context.event in LIFECYCLE_EVENTS else UNKNOWN
    return context.pattern or UNKNOWN, name if context.contract is None else context.contract.name


@dataclass(frozen=True, slots=True)
class _Metrics:
    events: Counter
    duration: Histogram
    in_progress: Gauge


# A registry refuses a second metric of the same name, so the servers of a process share their metrics.
_known: WeakKeyDictionary[CollectorRegistry, dict[str, _Metrics]] = WeakKeyDictionary()
_lock = threading.Lock()


def _metrics(registry: CollectorRegistry | None, prefix: str) -> _Metrics:
    try:
        import prometheus_client as client
    except ImportError as error:
        raise NotEnabledError(EXTRA) from error
    registry = client.REGISTRY if registry is None else registry
    labels = ("namespace", "event")
    with _lock:
        known = _known.setdefault(registry, {})
        if prefix not in known:
            known[prefix] = _Metrics(
                client.Counter(f"{prefix}_events", "Events handled.", (*labels, "status"), registry=registry),
                client.Histogram(
                    f"{prefix}_event_duration_seconds",
                    "How long events took.",
                    labels,
                    registry=registry,
                ),
                client.Gauge(
                    f"{prefix}_events_in_progress",
                    "Events being handled.",
                    labels,
                    registry=registry,
                    multiprocess_mode="livesum",
                ),
            )
        return known[prefix]
