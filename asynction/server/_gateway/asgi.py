"""The gateway's backend on ASGI: it emits, delivers results, runs jobs, and serves calls by HTTP."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import socketio

from asynction.exceptions import AsynctionException
from asynction.runtime import EventSchemas, adrive, arun, status_of
from asynction.security import Request
from asynction.server._asgi.app import EngineApp, mount
from asynction.server._asgi.loop import cancel
from asynction.server._asgi.request import environ_of, header_of, read_body, respond
from asynction.server._asgi.types import ASGIApp, Receive, Scope, Send
from asynction.server._gateway.calls import ANSWER, ROOT, Calls, Job, Limits
from asynction.server._gateway.delivery import post
from asynction.server._gateway.origins import Callback
from asynction.server._gateway.replies import Reply, screened, unreadable
from asynction.server._socketio.common import request_of, service_of
from asynction.server.asgi import AsynctionAsyncServer

log = logging.getLogger("asynction")


class AsgiBackend:
    """The backend of an `AsynctionAsyncServer`; deliveries have a thread pool of their own."""

    def __init__(self, server: AsynctionAsyncServer, limits: Limits, schemas: EventSchemas | None) -> None:
        self._server = server
        self.limits = limits
        self._schemas = schemas
        self._threads: ThreadPoolExecutor | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_closed = False

    async def emit(self, sid: str, answer: Mapping[str, object]) -> None:
        """Send `apiResponse` to one client, also if the contract does not have this event."""
        args = service_of(self._server).outgoing(self._schemas, answer)
        await socketio.AsyncServer.emit(self._server, ANSWER, args, to=sid, namespace=ROOT)

    async def post(self, callback: Callback, body: bytes) -> None:
        """Make one attempt to deliver a result, in a thread; raise Undelivered."""
        if self._threads is None:  # not the default executor: a slow callback must not block handlers
            self._threads = ThreadPoolExecutor(self.limits.deliveries, "asynction-callback")
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._threads, post, callback, body, self.limits.timeout)

    async def sleep(self, seconds: float) -> None:
        """Wait between two attempts."""
        await asyncio.sleep(seconds)

    def spawn(self, job: Job) -> None:
        """Run a job in a task."""
        task = asyncio.get_running_loop().create_task(_run_job(job))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def is_busy(self) -> bool:
        """Return whether the limit of background jobs has been reached."""
        return len(self._tasks) >= self.limits.max_pending

    def enter(self, namespace: str) -> None:
        """Do nothing: handlers on ASGI pass the namespace to `emit`."""

    def request(self, environ: Mapping[str, Any]) -> Request:
        """Return the request of a client, for security functions."""
        return request_of(environ, None)

    def app(self, calls: Calls, other: ASGIApp | None = None) -> ASGIApp:
        """Return an ASGI application that serves calls by HTTP, and passes everything else to `other`."""
        return EngineApp(_Http(self, calls), self.limits.path, other, start=self._start, stop=self._stop)

    def serve(self, app: object, calls: Calls) -> bool:
        """Mount the route for calls by HTTP; return False if the app cannot have routes."""
        return mount(app, self.app(calls), self.limits.path, self._start, self._stop)

    async def answer(self, calls: Calls, scope: Scope, receive: Receive) -> Reply:
        """Return the response to a request; its call runs in the background."""
        environ = environ_of(scope)
        refused = screened(
            scope["method"],
            header_of(scope, b"content-type") or "",
            is_closed=self._is_closed,
            is_allowed=self._server.origins.allows(environ),
        )
        if refused is not None:
            return refused
        read = partial(_read, scope, receive, self.limits.max_body)
        reply, job = await adrive(calls.on_post(read, environ, self))
        if job is not None:
            self.spawn(job)
        return reply

    async def _start(self) -> None:
        self._is_closed = False

    async def _stop(self) -> None:
        await self.close(self._server.grace)

    async def close(self, timeout: float) -> None:
        """Reject new calls by HTTP, wait for those that run, and cancel them after `timeout` seconds."""
        self._is_closed = True
        loop = asyncio.get_running_loop()
        end = loop.time() + timeout
        while self._tasks and loop.time() < end:  # a call that ends starts its delivery
            await asyncio.wait(self._tasks, timeout=end - loop.time(), return_when=asyncio.FIRST_COMPLETED)
        if self._tasks:
            log.warning("%d calls or deliveries are cancelled", len(self._tasks))
            await cancel(list(self._tasks))
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)
            self._threads = None


class _Http:
    """Serves calls by HTTP, as the `server` of an EngineApp."""

    def __init__(self, backend: AsgiBackend, calls: Calls) -> None:
        self._backend = backend
        self._calls = calls

    async def handle_request(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close"})
            return
        reply = await self._backend.answer(self._calls, scope, receive)
        is_head = scope["method"] == "HEAD"
        await respond(send, reply.status, reply.text.encode(), reply.fields, is_head=is_head)


async def _read(scope: Scope, receive: Receive, limit: int) -> bytes:
    try:
        return await read_body(scope, receive, limit)
    except AsynctionException as error:  # too large (413), or the client has disconnected
        raise unreadable(status_of(error)) from None


async def _run_job(job: Job) -> None:
    try:
        await (adrive(job.steps()) if job.context is None else arun(job.steps(), job.context))
    except Exception:  # pragma: no cover - on this server every exception becomes an error ack
        log.exception("a call failed")
