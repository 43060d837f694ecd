"""What Flask does for a gateway: emit, deliver, run in the background, and serve calls by HTTP."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import partial
from threading import Condition
from typing import Any

import flask
import flask_socketio
from werkzeug.exceptions import RequestEntityTooLarge

from asynction.runtime import EventSchemas, drive, outgoing, run
from asynction.security import Request
from asynction.server._gateway.calls import ANSWER, ROOT, Calls, Job, Limits, refusal
from asynction.server._gateway.delivery import post
from asynction.server._gateway.origins import Callback
from asynction.server.flask import AsynctionSocketIO, current_request, set_namespace
from asynction.validation import write_json

log = logging.getLogger("asynction")


class FlaskBackend:
    """The gateway of an `AsynctionSocketIO`: every call that comes by HTTP has a thread, or a greenlet."""

    def __init__(self, server: AsynctionSocketIO, limits: Limits, schemas: EventSchemas | None) -> None:
        self._server = server
        self.limits = limits
        self._schemas = schemas
        self._pending = 0
        self._is_closed = False
        self._changed = Condition()

    def emit(self, sid: str, answer: Mapping[str, object]) -> None:
        """Send `apiResponse` to one client, also past a contract that does not have it."""
        (data,) = outgoing(self._schemas, answer)
        flask_socketio.SocketIO.emit(self._server, ANSWER, data, to=sid, namespace=ROOT)

    def post(self, callback: Callback, body: bytes) -> None:
        """Make one attempt to deliver a result; raise Undelivered."""
        post(callback, body, self.limits.timeout)

    def sleep(self, seconds: float) -> None:
        """Wait."""
        self._server.sleep(seconds)

    def spawn(self, job: Job) -> None:
        """Run a job in the background, with the request of the present."""

        def ran() -> None:
            try:
                if job.context is None:
                    drive(job.steps())
                else:
                    run(job.steps(), job.context)
            except Exception:
                log.exception("a call failed")  # while testing
            finally:
                with self._changed:
                    self._pending -= 1
                    self._changed.notify_all()

        with self._changed:
            self._pending += 1
        self._server.start_background_task(flask.copy_current_request_context(ran))

    def is_busy(self) -> bool:
        """Whether as much runs in the background as may."""
        return self._pending >= self.limits.max_pending

    def enter(self, namespace: str) -> None:
        """Have `emit` and `join_room` of a handler mean its namespace."""
        set_namespace(namespace)

    def request(self, environ: Mapping[str, Any]) -> Request:
        """What a client brought with the present request."""
        return current_request(None)

    def serve(self, app: flask.Flask, calls: Calls) -> None:
        """Add the route for calls by HTTP to an app."""
        path = self.limits.path
        app.add_url_rule(path, f"asynction {path}", partial(self._view, calls), methods=["POST"])

    def _view(self, calls: Calls) -> flask.Response:
        request = flask.request
        request.max_content_length = self.limits.max_body
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
    return flask.Response(write_json(answer), status, content_type="application/json")
