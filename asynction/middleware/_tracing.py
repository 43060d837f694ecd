"""Spans of events, for OpenTelemetry; its API comes with the extra `opentelemetry`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from asynction._version import __version__
from asynction.exceptions import NotEnabledError
from asynction.middleware._base import BaseMiddleware, Events, Rest
from asynction.middleware._logging import one_line
from asynction.middleware._metrics import labels_of
from asynction.runtime import Context, Response

if TYPE_CHECKING:
    from opentelemetry.trace import TracerProvider

EXTRA = "OpenTelemetryMiddleware needs the extra `opentelemetry`: install `asynction[opentelemetry]`"


class OpenTelemetryMiddleware(BaseMiddleware):
    """A middleware that makes a span for each event, which is the current span while the handler runs.

    Its parent is the current span, or else the `traceparent` header of the handshake. Its kind, name and
    attributes follow the semantic conventions for messaging. It has no payload, and only the class of an
    exception.

    Args:
        tracer_provider: the provider of the tracer; the global one by default.
        events: the names of the events to trace; all by default.
        namespace: the only namespace whose events to trace; all by default.

    Raises:
        NotEnabledError: the extra `opentelemetry` is missing.
    """

    def __init__(
        self,
        tracer_provider: TracerProvider | None = None,
        *,
        events: Events = None,
        namespace: str | None = None,
    ) -> None:
        super().__init__(events, namespace)
        try:
            from opentelemetry import context, propagate, trace
            from opentelemetry.propagators.textmap import Getter
        except ImportError as error:
            raise NotEnabledError(EXTRA) from error

        class Headers(Getter[Mapping[str, Any]]):
            """Reads HTTP headers from a WSGI environment (PEP 3333)."""

            def get(self, carrier: Mapping[str, Any], key: str) -> list[str] | None:
                value = carrier.get(f"HTTP_{key.upper().replace('-', '_')}")
                return [value] if isinstance(value, str) else None

            def keys(self, carrier: Mapping[str, Any]) -> list[str]:
                return [name[5:].lower().replace("_", "-") for name in carrier if name.startswith("HTTP_")]

        self._headers = Headers()
        self._current, self._attach, self._detach = context.get_current, context.attach, context.detach
        self._span_in, self._with_span = trace.get_current_span, trace.set_span_in_context
        self._extract, self._error = propagate.extract, trace.StatusCode.ERROR
        self._tracer = trace.get_tracer("asynction", __version__, tracer_provider)
        self._kind = trace.SpanKind.CONSUMER

    def around(self, context: Context, rest: Rest) -> Response:
        """Handle the event within a span."""
        parent = self._current()
        if not self._span_in(parent).get_span_context().is_valid:
            parent = self._extract(context.environ, parent, self._headers)
        name, attributes = described(context)
        span = self._tracer.start_span(name, parent, self._kind, attributes)
        # A flow is driven in one `contextvars` context from start to end: the span attached here is current
        # in each call that is made inside, and can be detached at the end.
        token = self._attach(self._with_span(span, parent))
        try:
            return (yield from rest(context))
        except BaseException as error:
            kind = type(error)
            failed = f"{kind.__module__}.{kind.__qualname__}" if isinstance(error, Exception) else "cancelled"
            span.set_attribute("error.type", failed.removeprefix("builtins."))
            span.set_status(self._error)
            raise
        finally:
            self._detach(token)
            span.end()


def described(context: Context) -> tuple[str, dict[str, str]]:
    """Return the name and the attributes of the span of an event; clients cannot choose the name.

    The destination is the namespace and the event. See https://opentelemetry.io/docs/specs/semconv/messaging/
    """
    template = " ".join(labels_of(context))
    destination = f"{one_line(context.namespace)} {one_line(context.event)}"
    attributes = {
        "messaging.system": "socketio",
        "messaging.operation.type": "process",
        "messaging.operation.name": "process",
        "messaging.destination.name": destination,
    }
    if context.sid is not None:  # not `messaging.client.id`: in a span of a consumer, that is the server
        attributes["session.id"] = context.sid
    if template != destination:
        attributes["messaging.destination.template"] = template
    return f"process {template}", attributes
