"""Spans of events: their attributes, their parents, and when they are current."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from asynction.exceptions import EventException, NotEnabledError
from asynction.middleware import OpenTelemetryMiddleware, TimeoutMiddleware
from asynction.runtime._context import Context
from tests.middleware.support import BOTH, adriven, arun, chain, context, run

SECRET = "s3cret"
TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


class Spans:
    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        self.provider = TracerProvider(shutdown_on_exit=False)
        self.provider.add_span_processor(SimpleSpanProcessor(self.exporter))

    def middleware(self) -> OpenTelemetryMiddleware:
        return OpenTelemetryMiddleware(self.provider)

    def ended(self) -> list[ReadableSpan]:
        return list(self.exporter.get_finished_spans())


@pytest.fixture
def spans() -> Spans:
    return Spans()


def current() -> int:
    span_id: int = trace.get_current_span().get_span_context().span_id
    return span_id


def id_of(span: ReadableSpan) -> int:
    assert span.context is not None
    span_id: int = span.context.span_id
    return span_id


@pytest.mark.parametrize("drive", BOTH)
def test_an_event_is_a_span(drive: Callable[..., object], spans: Spans) -> None:
    assert drive(len, context("abc"), spans.middleware()) == 3
    (span,) = spans.ended()
    assert span.name == "process /rooms/{id} message"
    assert span.kind is SpanKind.CONSUMER
    assert span.status.status_code is StatusCode.UNSET
    assert span.parent is None
    assert span.attributes == {
        "messaging.system": "socketio",
        "messaging.operation.type": "process",
        "messaging.operation.name": "process",
        "messaging.destination.name": "/rooms/42 message",
        "messaging.destination.template": "/rooms/{id} message",
        "session.id": "sid1",
    }
    assert span.instrumentation_scope is not None
    assert span.instrumentation_scope.name == "asynction"


def test_an_event_without_a_connection_has_no_session(spans: Spans) -> None:
    run(len, context("a", sid=None), spans.middleware())
    assert "session.id" not in (spans.ended()[0].attributes or {})


def test_a_namespace_without_parameters_has_no_template(spans: Spans) -> None:
    run(len, context("a", namespace="/chat", pattern="/chat"), spans.middleware())
    assert spans.ended()[0].name == "process /chat message"
    assert "messaging.destination.template" not in (spans.ended()[0].attributes or {})


def test_clients_choose_no_names_of_spans(spans: Spans) -> None:
    run(len, context("a", event="x\n" * 1000, known=False), spans.middleware())
    (span,) = spans.ended()
    assert span.name == "process /rooms/{id} <unknown>"
    name = str((span.attributes or {})["messaging.destination.name"])
    assert name.isprintable()
    assert len(name) < 500


def test_a_span_belongs_to_the_trace_of_the_handshake(spans: Spans) -> None:
    environ = {
        "HTTP_TRACEPARENT": f"00-{TRACE}-{PARENT}-01",
        "HTTP_TRACESTATE": "vendor=1",
        "wsgi.input": object(),
    }
    run(len, context("a", environ=environ), spans.middleware())
    (span,) = spans.ended()
    assert span.parent is not None
    assert span.context is not None
    assert f"{span.context.trace_id:032x}" == TRACE
    assert f"{span.parent.span_id:016x}" == PARENT
    assert span.context.trace_state.get("vendor") == "1"


def test_a_current_span_goes_before_that_of_the_handshake(spans: Spans) -> None:
    tracer = trace.get_tracer("tests", tracer_provider=spans.provider)
    with tracer.start_as_current_span("request") as request:
        run(len, context("a", environ={"HTTP_TRACEPARENT": f"00-{TRACE}-{PARENT}-01"}), spans.middleware())
        assert current() == request.get_span_context().span_id
    event, _ = spans.ended()
    assert event.parent is not None
    assert event.parent.span_id == request.get_span_context().span_id


def test_what_else_the_current_context_has_stays(spans: Spans) -> None:
    token = otel_context.attach(otel_context.set_value("tests", 1))
    try:
        assert run(lambda: otel_context.get_value("tests"), context(), spans.middleware()) == 1
    finally:
        otel_context.detach(token)


@pytest.mark.parametrize("header", ["", "nonsense", f"00-{'0' * 32}-{PARENT}-01", 7])
def test_an_invalid_header_starts_a_new_trace(header: Any, spans: Spans) -> None:
    assert run(len, context("a", environ={"HTTP_TRACEPARENT": header}), spans.middleware()) == 1
    assert spans.ended()[0].parent is None


def test_a_propagator_may_ask_which_headers_there_are(spans: Spans) -> None:
    headers = spans.middleware()._headers
    assert headers.keys({"HTTP_X_TRACE_ID": "1", "wsgi.version": (1, 0)}) == ["x-trace-id"]
    assert headers.get({"HTTP_X_TRACE_ID": "1"}, "X-Trace-Id") == ["1"]


@pytest.mark.parametrize("drive", BOTH)
@pytest.mark.parametrize(
    ("error", "name"),
    [
        (EventException(429, SECRET), "asynction.exceptions.EventException"),
        (ValueError(SECRET), "ValueError"),
    ],
)
def test_a_failure_is_the_class_of_an_exception(
    drive: Callable[..., object], error: Exception, name: str, spans: Spans
) -> None:
    def handler(_: object) -> None:
        raise error

    with pytest.raises(type(error)) as caught:
        drive(handler, context(SECRET, environ={"HTTP_AUTHORIZATION": SECRET}), spans.middleware())
    assert caught.value is error
    (span,) = spans.ended()
    assert span.status.status_code is StatusCode.ERROR
    assert (span.attributes or {})["error.type"] == name
    assert SECRET not in span.to_json()
    assert current() == 0


@pytest.mark.parametrize("drive", BOTH)
def test_a_span_is_current_while_the_handler_runs(drive: Callable[..., object], spans: Spans) -> None:
    seen: list[int] = []
    drive(lambda: seen.append(current()), context(), spans.middleware(), spans.middleware())
    inner, outer = spans.ended()
    assert seen == [id_of(inner)]
    assert inner.parent is not None
    assert inner.parent.span_id == id_of(outer)
    assert current() == 0


def test_tasks_have_their_own_current_spans(spans: Spans) -> None:
    middleware = spans.middleware()
    seen: dict[str, list[int]] = {}

    async def main() -> None:
        everybody = asyncio.Event()

        async def handler(name: str) -> None:
            seen[name] = [current()]
            if len(seen) == 8:
                everybody.set()
            await everybody.wait()
            seen[name].append(current())

        async def send(name: str) -> None:
            await adriven(chain(handler, middleware)(context(name, event=name)))
            seen[name].append(current())

        await asyncio.gather(*(send(f"e{number}") for number in range(8)))

    asyncio.run(main())
    ids = {span.name.rpartition(" ")[2]: id_of(span) for span in spans.ended()}
    assert seen == {name: [span, span, 0] for name, span in ids.items()}
    assert len(seen) == 8


def test_threads_have_their_own_current_spans(spans: Spans) -> None:
    middleware = spans.middleware()

    def send(name: str) -> tuple[str, object, int]:
        return name, run(current, context(event=name), middleware), current()

    with ThreadPoolExecutor(4) as pool:
        seen = list(pool.map(send, [f"e{number}" for number in range(40)]))
    ids = {span.name.rpartition(" ")[2]: id_of(span) for span in spans.ended()}
    assert sorted(seen) == sorted((name, span, 0) for name, span in ids.items())


def test_a_handler_in_a_thread_of_the_async_server_has_the_span(spans: Spans) -> None:
    async def handler() -> int:
        return await asyncio.to_thread(current)

    assert arun(handler, context(), spans.middleware()) == id_of(spans.ended()[0])


@pytest.mark.parametrize("outside", [True, False])
def test_a_span_ends_where_a_timeout_cancels(
    outside: bool, spans: Spans, caplog: pytest.LogCaptureFixture
) -> None:
    timeout = TimeoutMiddleware(1e-9)

    async def handler() -> None:
        await asyncio.Event().wait()

    async def call_next(given: Context) -> object:
        return await adriven(chain(handler, *(() if outside else (spans.middleware(),)))(given))

    async def send() -> object:
        if outside:
            whole = chain(lambda: timeout(context(), call_next), spans.middleware())
            return await adriven(whole(context()))
        return await timeout(context(), call_next)

    with pytest.raises(EventException):
        asyncio.run(send())
    (span,) = spans.ended()
    expected = "asynction.exceptions.EventException" if outside else "cancelled"
    assert (span.attributes or {})["error.type"] == expected
    assert caplog.records == []  # detaching a token in another context would be logged


def test_the_default_provider_is_the_global_one() -> None:
    assert run(len, context("abc"), OpenTelemetryMiddleware(events="message", namespace="/chat")) == 3


def test_without_the_extra_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    with pytest.raises(NotEnabledError, match=r"install `asynction\[opentelemetry\]`"):
        OpenTelemetryMiddleware()
