"""The HTTP wire in a Flask app."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import flask
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge
from werkzeug.routing import BaseConverter

from asynction.exceptions import EventException
from asynction.runtime import MalformedEvent, run
from asynction.security import Request
from asynction.server.http import HttpWire, Incoming


class _Anything(BaseConverter):
    """The rest of a path: events and namespaces may have any name, also with slashes."""

    regex = r"[\s\S]*"
    part_isolating = False


def add_events(app: flask.Flask, wire: HttpWire, request: Callable[[object], Request]) -> None:
    """Add the events of a wire to an app; `request` returns the current request."""
    app.url_map.converters["asynction_event"] = _Anything
    endpoint = f"asynction {wire.path}"
    # `app.add_url_rule` would add methods to the rule, and answer all others with an HTML page.
    rule = app.url_rule_class(
        f"{wire.path}/<asynction_event:path>", endpoint=endpoint, methods=None, merge_slashes=False
    )
    app.url_map.add(rule)
    app.view_functions[endpoint] = partial(_answer, wire, request)


def _answer(wire: HttpWire, request: Callable[[object], Request], path: str) -> flask.Response:
    exchange = wire.exchange(Incoming(path, request(None), flask.request.environ, _body))
    answer = run(exchange.answer(), exchange.context)
    response = flask.Response(answer.body, answer.status)
    del response.headers["Content-Type"]  # the answer has its own, if any
    response.headers.extend(answer.headers)
    return response


def _body(limit: int) -> bytes:
    request = flask.request
    parts: list[bytes] = []
    left = limit
    try:
        if (request.content_length or 0) > limit:
            raise RequestEntityTooLarge
        while part := request.stream.read(left + 1):
            parts.append(part)
            left -= len(part)
            if left < 0:
                raise RequestEntityTooLarge
    except RequestEntityTooLarge:
        raise EventException(413, f"the body has more than {limit} bytes") from None
    except (ClientDisconnected, OSError, ValueError):  # invalid chunks, or an early end
        raise MalformedEvent("the body cannot be read") from None
    return b"".join(parts)
