"""The gateway's backend on Flask: it emits, delivers results, runs jobs, and serves calls by HTTP."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import partial
from threading import Condition
from typing import Any

import flask
import flask_socketio
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

from asynction.runtime import EventSchemas, drive, run
from asynction.security import Request
from asynction.server._gateway.calls import ANSWER, ROOT, Calls, Job, Limits
from asynction.server._gateway.delivery import post
from asynction.server._gateway.origins import Callback
from asynction.server._gateway.replies import Reply, screened, unreadable
from asynction.server._socketio.common import service_of
from asynction.server.flask import AsynctionSocketIO, current_request, set_namespace

log = logging.getLogger("asynction")


class FlaskBackend:
    """The backend of an `AsynctionSocketIO`: each call by HTTP runs in a thread, or a greenlet."""

    def __init__(self, server: AsynctionSocketIO, limits: Limits, schemas: EventSchemas | None) -> None:
        self._server = server
        self.limits = limits
        self._schemas = schemas
        self._pending = 0
        self._is_closed = False
        self._changed = Condition()

    def emit(self, sid: str, answer: Mapping[str, object]) -> None:
        """Send `apiResponse` to one client, also if the contract does not have this event."""
        (data,) = service_of(self._server).outgoing(self._schemas, answer)
        flask_socketio.SocketIO.emit(self._server, ANSWER, data, to=sid, namespace=ROOT)

    def post(self, callback: Callback, body: bytes) -> None:
        """Make one attempt to deliver a result; raise Undelivered."""
        post(callback, body, self.limits.timeout)

    def sleep(self, seconds: float) -> None:
        """Wait between two attempts."""
        self._server.sleep(seconds)

    def spawn(self, job: Job) -> None:
        """Run a job in the background, in a copy of the current request context."""

        def run_job() -> None:
            try:
                if job.context is None:
                    drive(job.steps())
                else:
                    run(job.steps(), job.context)
            except Exception:
                log.exception("a call failed")  # raised only while testing
            finally:
                with self._changed:
                    self._pending -= 1
                    self._changed.notify_all()

        with self._changed:
            self._pending += 1
        self._server.start_background_task(flask.copy_current_request_context(run_job))

    def is_busy(self) -> bool:
        """Return whether the limit of background jobs has been reached."""
        return self._pending >= self.limits.max_pending

    def enter(self, namespace: str) -> None:
        """Set the namespace for `emit` and `join_room` in the handler."""
        set_namespace(namespace)

    def request(self, environ: Mapping[str, Any]) -> Request:
        """Return the current request, for security functions."""
        return current_request(None)

    def serve(self, app: flask.Flask, calls: Calls) -> None:
        """Add the route for calls by HTTP to an app."""
        path = self.limits.path
        # `app.add_url_rule` would add methods to the rule, and answer all others with an HTML page.
        rule = app.url_rule_class(path, endpoint=f"asynction {path}", methods=None)
        app.url_map.add(rule)
        app.view_functions[rule.endpoint] = partial(self._view, calls)

    def _view(self, calls: Calls) -> flask.Response:
        request = flask.request
        request.max_content_length = self.limits.max_body
        refused = screened(
            request.method,
            request.content_type or "",
            is_closed=self._is_closed,
            is_allowed=self._server.origins.allows(request.environ),
        )
        if refused is not None:
            return _response(refused)
        reply, job = drive(calls.on_post(_read, request.environ, self))
        if job is not None:
            self.spawn(job)
        return _response(reply)

    def close(self, timeout: float) -> None:
        """Reject new calls by HTTP, and wait up to `timeout` seconds for those that run."""
        self._is_closed = True
        with self._changed:
            if not self._changed.wait_for(lambda: not self._pending, timeout):
                log.warning("%d calls or deliveries have not ended", self._pending)


def _read() -> bytes:
    try:
        return flask.request.get_data()
    except RequestEntityTooLarge:
        raise unreadable(413) from None
    except (ClientDisconnected, OSError, ValueError):  # invalid chunks, or an early end
        raise unreadable(400) from None


def _response(reply: Reply) -> flask.Response:
    response = flask.Response(reply.text, reply.status)
    del response.headers["Content-Type"]  # the reply has its own, if any
    response.headers.extend(reply.fields)
    return response
