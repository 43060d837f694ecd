"""What Flask does for a gateway: emit, deliver, run in the background, and serve calls by HTTP."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from functools import partial
from threading import Condition
from typing import Any

import flask
import flask_socketio
from werkzeug.exceptions import RequestEntityTooLarge

from asynction.runtime import EventSchemas, closing, drive, outgoing
from asynction.security import Request
from asynction.server._gateway.calls import ANSWER, ROOT, Calls, Job, Limits, refusal
from asynction.server._gateway.delivery import post, retrying
from asynction.server._gateway.origins import Callback
from asynction.server.flask import AsynctionSocketIO, _request

log = logging.getLogger("asynction")


class FlaskBackend:
    """The gateway of an `AsynctionSocketIO`: every call that comes by HTTP has a thread, or a greenlet."""

    def __init__(self, server: AsynctionSocketIO, limits: Limits, schemas: EventSchemas | None) -> None:
        self._server = server
        self._limits = limits
        self._schemas = schemas
        self._retry: Callable[..., Any] | None = None
        self._pending = 0
        self._is_closed = False
        self._changed = Condition()

    def deliver(self) -> None:
        """Prepare for deliveries; raises NotEnabledError."""
        limits = self._limits
        self._retry = retrying(
            limits.attempts, limits.delay, limits.delay_max, self._server.sleep, is_async=False
        )

    def emit(self, sid: str, answer: Mapping[str, object]) -> None:
        """Send `apiResponse` to one client, also past a contract that does not have it."""
        (data,) = outgoing(self._schemas, answer)
        flask_socketio.SocketIO.emit(self._server, ANSWER, data, to=sid, namespace=ROOT)

    def post(self, callback: Callback, body: bytes) -> None:
        """Deliver a result, with retries."""
        if self._retry is not None:  # pragma: no branch - else no origin is allowed, and nothing admitted
            self._retry(post, callback, body, self._limits.timeout)

    def spawn(self, job: Job) -> None:
        """Run a job in the background, with the request of the present."""

        def ran() -> None:
            try:
                drive(job.steps())
            except Exception:
                log.exception("a call failed")  # while testing
            finally:
                if job.context is not None and job.context.open_dependencies:
                    drive(closing(job.context))
                with self._changed:
                    self._pending -= 1
                    self._changed.notify_all()

        with self._changed:
            self._pending += 1
        self._server.start_background_task(flask.copy_current_request_context(ran))

    def is_busy(self) -> bool:
        """Whether as much runs in the background as may."""
        return self._pending >= self._limits.max_pending

    def enter(self, namespace: str) -> None:
        """Have `emit` and `join_room` of a handler mean its namespace."""
        flask.request.namespace = namespace  # type: ignore[attr-defined]  # as Flask-SocketIO does

    def request(self, environ: Mapping[str, Any]) -> Request:
        """What a client brought with the present request."""
        return _request(None)

    def serve(self, app: flask.Flask, calls: Calls) -> None:
        """Add the route for calls by HTTP to an app."""
        path = self._limits.path
        app.add_url_rule(path, f"asynction {path}", partial(self._view, calls), methods=["POST"])

    def _view(self, calls: Calls) -> flask.Response:
        request = flask.request
        request.max_content_length = self._limits.max_body
        if self._is_closed:
            return _response(*refusal(503))
        if request.mimetype != "application/json":
            return _response(*refusal(415))
        try:
            body = request.get_data()
        except RequestEntityTooLarge:
            return _response(*refusal(413))
        status, answer, job = drive(calls.on_post(body, request.environ, self))
        if job is not None:
            self.spawn(job)
        return _response(status, answer)

    def close(self, timeout: float) -> None:
        """Take no more calls by HTTP, and wait for those that run."""
        self._is_closed = True
        with self._changed:
            if not self._changed.wait_for(lambda: not self._pending, timeout):
                log.warning("%d calls or results are given up", self._pending)


def _response(status: int, answer: Mapping[str, object]) -> flask.Response:
    return flask.Response(json.dumps(answer), status, content_type="application/json")
