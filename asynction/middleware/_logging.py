"""One line in the log for each event: what, from whom, how it ended and how long it took."""

from __future__ import annotations

import logging
import time

from asynction.middleware._base import BaseMiddleware, Events, Rest, outcome
from asynction.runtime._context import Context
from asynction.runtime._flow import Response

LONGEST = 80
"""How many characters of a text that a client chose are shown."""

LINE = "%d event %r in %r from %r (user %r) in %.1f ms"


class LoggingMiddleware(BaseMiddleware):
    """Logs one line when an event ends, without payload, credentials or the text of an exception.

    The record has `event`, `namespace`, `sid`, `user`, `status` and `duration_ms` as well. `status` is 200,
    or the exception's. `logger` is `asynction.events` by default.
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
        """Run the rest, and log how that went."""
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
    """Log one line for each event, by `logger` or `asynction.events`."""
    return LoggingMiddleware(logger)


def one_line(text: str) -> str:
    """Up to LONGEST characters of `text`; what could break a line, or forge one, is escaped."""
    shown = text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."
    return shown if shown.isprintable() else ascii(shown)[1:-1]
