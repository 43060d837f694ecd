"""One log line for each event: its name, sender, status and duration."""

from __future__ import annotations

import logging
import time

from asynction.middleware._base import BaseMiddleware, Events, Rest, outcome
from asynction.runtime import Context, Response

MAX_LENGTH = 80
"""The maximum number of characters that are logged of a text that a client chose."""

LINE = "%d event %r in %r from %r (user %r) in %.1f ms"


class LoggingMiddleware(BaseMiddleware):
    """A middleware that logs one line for each event, without payload, credentials or exception texts.

    The log record has the attributes `event`, `namespace`, `sid`, `user`, `status` (200, or that of the
    exception) and `duration_ms`.

    Args:
        logger: the logger; `asynction.events` by default.
        level: the level of the records.
        events: the names of the events to log; all by default.
        namespace: the only namespace whose events to log; all by default.
    """

    def __init__(
        self,
        logger: logging.Logger | None = None,
        level: int = logging.INFO,
        *,
        events: Events = None,
        namespace: str | None = None,
    ) -> None:
        super().__init__(events, namespace)
        self._logger = logger or logging.getLogger("asynction.events")
        self._level = level

    def around(self, context: Context, rest: Rest) -> Response:
        """Handle the event, then log its status and duration."""
        started = time.perf_counter()
        status = 200
        try:
            return (yield from rest(context))
        except BaseException as error:
            status = outcome(error)
            raise
        finally:
            if self._logger.isEnabledFor(self._level):
                self._log(context, status, (time.perf_counter() - started) * 1000)

    def _log(self, context: Context, status: int, duration: float) -> None:
        fields = {
            "event": one_line(context.event),
            "namespace": one_line(context.namespace),
            "sid": None if context.sid is None else one_line(context.sid),
            "user": None if context.user is None else one_line(str(context.user)),
        }
        extra = {**fields, "status": status, "duration_ms": round(duration, 3)}
        self._logger.log(self._level, LINE, status, *fields.values(), duration, extra=extra)


def logging_middleware(logger: logging.Logger | None = None) -> LoggingMiddleware:
    """Return a middleware that logs one line for each event, to `logger` or `asynction.events`."""
    return LoggingMiddleware(logger)


def one_line(text: str) -> str:
    """Return up to MAX_LENGTH characters of `text`, escaped so that a client cannot forge a log line."""
    shown = text if len(text) <= MAX_LENGTH else f"{text[: MAX_LENGTH - 3]}..."
    return shown if shown.isprintable() else ascii(shown)[1:-1]
