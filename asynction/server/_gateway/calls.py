"""Handles calls by name, by Socket.IO and HTTP, without I/O: as flows like those of the runtime."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Hashable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol, TypeAlias, TypeVar, cast
from uuid import uuid4

from asynction.exceptions import AsynctionException, EventException, SecurityException, UnknownEventException
from asynction.runtime import (
    ANONYMOUS,
    Args,
    Context,
    Function,
    Match,
    Response,
    Service,
    log_failure,
    status_of,
)
from asynction.security import Identity, Request
from asynction.server._gateway.delivery import Undelivered, deliver, encoded
from asynction.server._gateway.idempotency import IdempotencyStore, Key, Respond, digest, window_of
from asynction.server._gateway.messages import Message, checked, echo, parsed
from asynction.server._gateway.origins import Callback, Origins
from asynction.server._gateway.replies import Reply, WrongServerError, failure, rejection
from asynction.server._http.security import challenges
from asynction.validation import JsonArgs, json_fault

T = TypeVar("T")
Steps: TypeAlias = "Generator[tuple[Function, Args], object, T]"

ROOT = "/"
"""The namespace that dual-mode clients connect to."""

ANSWER = "apiResponse"
"""The event with the result of a call."""

log = logging.getLogger("asynction")


@dataclass(frozen=True, slots=True)
class Limits:
    """The path and the limits of calls by HTTP, as the constructor of ApiGateway describes them."""

    path: str
    attempts: int
    delay: float
    delay_max: float
    timeout: float
    max_body: int
    max_pending: int
    deliveries: int


@dataclass(frozen=True, slots=True)
class Job:
    """A flow to run in the background; then the dependencies in `context` are closed."""

    steps: Callable[[], Steps[None]]
    context: Context | None = None


class Backend(Protocol):
    """The operations that a server provides to its gateway."""

    limits: Limits

    def emit(self, sid: str, answer: Message) -> object:
        """Send `apiResponse` to one client."""

    def post(self, callback: Callback, body: bytes) -> object:
        """Make one attempt to deliver a result; raise Undelivered."""

    def sleep(self, seconds: float) -> object:
        """Wait between two attempts."""

    def spawn(self, job: Job) -> object:
        """Run steps in the background."""

    def is_busy(self) -> bool:
        """Return whether the limit of background jobs has been reached."""

    def enter(self, namespace: str) -> None:
        """Set the namespace of the event that is handled next."""

    def request(self, environ: Mapping[str, Any]) -> Request:
        """Return the request of a client, for security functions; its `auth` payload is not kept."""


@dataclass(frozen=True, slots=True)
class Caller:
    """The client that calls: `sid` is None for HTTP; `identity` is that in the namespace `/`."""

    sid: str | None
    identity: Identity | None
    request: Callable[[], Request]
    environ: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """One call that has passed the checks.

    `key` is its `request_id`, in the window of its caller; `fingerprint` is equal for the same request;
    `target` identifies where `respond` sends the result, so that a repeated call is answered once.
    """

    key: Key
    fingerprint: Hashable
    context: Context
    target: Hashable
    respond: Respond

    @property
    def id(self) -> str:
        """The `request_id`."""
        return self.key[1]


class Calls:
    """The calls of one gateway: it checks them, runs them once, and sends their results."""

    def __init__(
        self,
        service: Service,
        apis: Mapping[str, tuple[str, str]],
        origins: Origins,
        store: IdempotencyStore,
    ) -> None:
        self._service = service
        self._apis = apis
        self._origins = origins
        self._store = store
        self.server_id = uuid4().hex

    # Socket.IO -----------------------------------------------------------------------------------

    def on_event(self, context: Context, backend: Backend) -> Response:
        """Return the flow of a call that came as an event: it sends `apiResponse` and returns a receipt."""
        message = context.args[0] if len(context.args) == 1 else None
        repeated = echo(message) if isinstance(message, dict) else {}
        environ = context.environ
        caller = Caller(context.sid, context.identity, partial(backend.request, environ), environ)
        try:
            call = yield from self._prepare(context.args, context.json_args, caller, backend)
        except Exception as error:
            log_failure(error, ROOT, "api")
            send_error = partial(backend.emit, str(context.sid))
            yield from self._send(send_error, {**repeated, "data": failure(error)})
            return rejection(error)
        # The same list: the server closes the dependencies of the call after the ack of `api`.
        call.context.open_dependencies = context.open_dependencies
        try:
            yield from self._run(call, backend)
        finally:
            context.error = call.context.error
        return self.receipt(call.id)

    @property
    def greeting(self) -> dict[str, object]:
        """Return the ack of `apiHello`: the id of this server process."""
        return {"server_id": self.server_id}

    def receipt(self, id: str) -> dict[str, object]:
        """Return the immediate answer to a call that is accepted."""
        return {
            "success": True,
            "message": "the call is accepted",
            "request_id": id,
            "server_id": self.server_id,
        }

    # HTTP ----------------------------------------------------------------------------------------

    def on_post(
        self, read: Callable[[], Any], environ: Mapping[str, Any], backend: Backend
    ) -> Steps[tuple[Reply, Job | None]]:
        """Return the response to a call that came by HTTP, and the job to run after it.

        `read` returns the body; it is called only if the client has the credentials of the root namespace.
        """
        caller = Caller(None, ANONYMOUS, partial(backend.request, environ), environ)
        args = JsonArgs(())
        try:
            context = self._context(ROOT, "api", caller)
            yield from self._service.authenticate(context, caller.request(), [ROOT])
            caller = replace(caller, identity=context.identity)
            args = parsed(cast("bytes", (yield read, ())))
            call = yield from self._prepare(args, args, caller, backend)
        except Exception as error:
            log_failure(error, ROOT, "api")
            status = status_of(error)
            return Reply(status, rejection(error), self._challenges(args) if status == 401 else ()), None
        return Reply(200, self.receipt(call.id)), Job(partial(self._run, call, backend), call.context)

    def _challenges(self, args: JsonArgs) -> tuple[tuple[str, str], ...]:
        """Return the headers that say which credentials a call needs (RFC 9110, 15.5.2)."""
        namespace, event = self._apis[args[0]["api"]] if args else (ROOT, "api")
        service = self._service
        match = service.routes.match(namespace) or Match(namespace)
        known = service.routes.schemas.receives.get(match.name, {}).get(event)
        offered = (
            *(each for name in dict.fromkeys((ROOT, match.name)) for each in service.routes.required(name)),
            *(known.event.security if known is not None else ()),
        )
        schemes = [service.contract.security_schemes[name] for each in offered for name in each]
        return tuple(("WWW-Authenticate", value) for value in challenges(schemes))

    # Both ----------------------------------------------------------------------------------------

    def _prepare(
        self, args: Args, json_args: JsonArgs | None, caller: Caller, backend: Backend
    ) -> Steps[Call]:
        """Check a call, and return it; raise SecurityException, EventException or UnknownEventException."""
        if caller.identity is None:
            raise SecurityException
        message = checked(args[0] if len(args) == 1 else None)
        if args is not json_args and (fault := json_fault((echo(message),))) is not None:
            raise fault  # it could not be sent back
        if message.get("server_id") not in (None, self.server_id):
            raise WrongServerError(self.server_id)
        target, respond = self._responder(message, caller, backend)
        api = message["api"]
        if api not in self._apis:
            raise UnknownEventException(f"no api `{api:.80}`")
        context = self._context(*self._apis[api], caller)
        yield from self._identify(context, caller)
        context.args = self._args(context, message.get("data"))
        if args is json_args:  # a part of a value that a strict reader has read
            context.json_args = JsonArgs(context.args)
        connection = target if caller.sid is None else caller.sid
        window = window_of(context.identity, message.get("client_key"), connection)
        key = window, message.get("request_id") or uuid4().hex
        return Call(key, (api, digest(message.get("data"))), context, target, respond)

    def _context(self, namespace: str, event: str, caller: Caller) -> Context:
        """Return the context of the event that a call names."""
        context = self._service.request_context(namespace, event, caller.environ)
        context.sid, context.identity = caller.sid, caller.identity
        match = self._service.routes.match(namespace) or Match(namespace)
        context.parameters, context.pattern = match.parameters, match.name
        return context

    def _identify(self, context: Context, caller: Caller) -> Steps[None]:
        """Authenticate the caller for the namespace of the event; that for `/` has been accepted already."""
        names = [context.pattern] if context.pattern != ROOT else []
        # Without a connection, the credentials that the event itself demands are checked here, too.
        if names or caller.sid is None:
            yield from self._service.authenticate(context, caller.request(), names)

    def _responder(self, message: Message, caller: Caller, backend: Backend) -> tuple[Hashable, Respond]:
        """Return where the result is sent, and the function that sends it."""
        repeated = echo(message)
        if caller.sid is None or message.get("callback_type") == "http":
            callback = self._origins.allowed(message.get("callback_url"))
            if backend.is_busy():
                raise EventException(503, "too many calls are waiting")
            return callback, lambda data: backend.spawn(
                Job(partial(self._deliver, callback, {**repeated, "data": data}, backend))
            )
        sid = caller.sid
        return sid, lambda data: backend.emit(sid, {**repeated, "data": data})

    def _args(self, context: Context, data: object) -> Args:
        """Return the data of a call as the args of its event: with a tuple schema, a list is several args."""
        schemas = self._service.routes.schemas.receives.get(context.pattern, {}).get(context.event)
        validator = schemas.args if schemas is not None else None
        if validator is None or validator.max_args == 1:
            return (data,)
        if validator.max_args == 0 and data in (None, {}):
            return ()
        return tuple(data) if isinstance(data, list) else (data,)

    def _run(self, call: Call, backend: Backend) -> Steps[None]:
        """Run a call and send its result to all who wait; a repeated call gets the result of the first."""
        try:
            is_first, entry = self._store.enter(call.key, call.fingerprint, call.target, call.respond)
        except EventException as error:
            yield from self._send(call.respond, failure(error))
            return
        if not is_first:
            if entry.is_done:
                yield from self._send(call.respond, entry.result)
            return
        result: object = failure(EventException(503, "the server is stopping"))
        try:
            backend.enter(call.context.namespace)
            result = _result((yield from self._service.receive_identified(call.context)))
        except Exception as error:  # raised only while testing
            result = failure(error)
            raise
        finally:  # also if it is cancelled: a call must not stay in the store as running
            waiting = self._store.finish(call.key, result)
        for respond in waiting:
            yield from self._send(respond, result)

    def _send(self, respond: Respond, result: object) -> Steps[None]:
        """Send a result to one caller; an error is logged, so that the other callers get theirs."""
        try:
            yield respond, (result,)
        except Exception as error:
            log.warning("a result could not be sent: %s", type(error).__name__)

    def _deliver(self, callback: Callback, answer: Message, backend: Backend) -> Steps[None]:
        try:
            limits = backend.limits
            yield from deliver(
                partial(backend.post, callback, encoded(answer)),
                backend.sleep,
                attempts=limits.attempts,
                delay=limits.delay,
                delay_max=limits.delay_max,
            )
        except Undelivered as error:
            log.warning(
                "the result of `%.80s` was not delivered to %s: %s",
                answer["api"],
                callback.origin.host,
                error,
            )


def _result(args: Args) -> object:
    """Return the ack of an event as one JSON value."""
    value = args[0] if len(args) == 1 else list(args) if args else None
    try:
        encoded(value)
    except (TypeError, ValueError, RecursionError) as error:
        log.error("a result cannot be sent as JSON: %s", type(error).__name__)
        return failure(AsynctionException())
    return value
