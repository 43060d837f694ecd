"""Handles calls by name, by Socket.IO and HTTP, without I/O: as flows like those of the runtime."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Generator, Hashable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, TypeAlias, TypeVar
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
    error_body,
    log_failure,
    status_of,
)
from asynction.security import Identity, Request
from asynction.server._gateway.delivery import Undelivered, deliver, encoded
from asynction.server._gateway.idempotency import IdempotencyStore, Respond
from asynction.server._gateway.origins import Callback, Origins
from asynction.validation import JsonArgs, NotJson, read_args, read_json

T = TypeVar("T")
Steps: TypeAlias = "Generator[tuple[Function, Args], object, T]"
Message: TypeAlias = "Mapping[str, Any]"

ROOT = "/"
"""The namespace that dual-mode clients connect to."""

ANSWER = "apiResponse"
"""The event with the result of a call."""

log = logging.getLogger("asynction")

_MAX_ID = 200

_REFUSALS = {
    403: "the origin of the page is not allowed",
    405: "only POST is allowed",
    413: "the body is too large",
    415: "the body must be application/json",
    503: "the gateway is stopping",
}


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

    `fingerprint` is equal for the same request of the same client; `target` identifies where `respond` sends
    the result, so that a repeated call is answered once.
    """

    id: str
    fingerprint: Hashable
    context: Context
    target: Hashable
    respond: Respond


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
        echo: Message = message if isinstance(message, dict) else {}
        environ = context.environ
        caller = Caller(context.sid, context.identity, partial(backend.request, environ), environ)
        try:
            call = yield from self._prepare(context.args, context.json_args, caller, backend)
        except Exception as error:
            log_failure(error, ROOT, "api")
            send_error = partial(backend.emit, str(context.sid))
            yield from self._send(send_error, {**echo, "data": _failure(error)})
            return _rejection(error)
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
        self, body: bytes, environ: Mapping[str, Any], backend: Backend
    ) -> Steps[tuple[int, Mapping[str, object], Job | None]]:
        """Return the status and body for a call that came by HTTP, and the job to run after the response."""
        caller = Caller(None, ANONYMOUS, partial(backend.request, environ), environ)
        try:
            args = _parsed(body)
            call = yield from self._prepare(args, args, caller, backend)
        except Exception as error:
            log_failure(error, ROOT, "api")
            return status_of(error), _rejection(error), None
        return 200, self.receipt(call.id), Job(partial(self._run, call, backend), call.context)

    # Both ----------------------------------------------------------------------------------------

    def _prepare(
        self, args: Args, json_args: JsonArgs | None, caller: Caller, backend: Backend
    ) -> Steps[Call]:
        """Check a call, and return it; raise SecurityException, EventException or UnknownEventException."""
        if caller.identity is None:
            raise SecurityException
        checked = _checked(args[0] if len(args) == 1 else None)
        if checked.get("server_id") not in (None, self.server_id):
            raise WrongServerError(self.server_id)
        target, respond = self._responder(checked, caller, backend)
        api = checked["api"]
        if api not in self._apis:
            raise UnknownEventException(f"no api `{api:.80}`")
        context = self._context(*self._apis[api], caller)
        yield from self._identify(context, caller)
        context.args = self._args(context, checked.get("data"))
        if args is json_args:  # a part of a value that a strict reader has read
            context.json_args = JsonArgs(context.args)
        id = checked.get("request_id") or uuid4().hex
        data = json.dumps(checked.get("data"), sort_keys=True, default=repr)
        user = repr(context.token_info if context.user is None else context.user)
        return Call(id, (api, data, user), context, target, respond)

    def _context(self, namespace: str, event: str, caller: Caller) -> Context:
        """Return the context of the event that a call names."""
        context = self._service.request_context(namespace, event, caller.environ)
        context.sid, context.identity = caller.sid, caller.identity
        match = self._service.routes.match(namespace) or Match(namespace)
        context.parameters, context.pattern = match.parameters, match.name
        return context

    def _identify(self, context: Context, caller: Caller) -> Steps[None]:
        """Authenticate the caller for its namespaces; a connected client has been accepted in `/` already."""
        names = [
            name for name in dict.fromkeys((ROOT, context.pattern)) if caller.sid is None or name != ROOT
        ]
        if names:
            yield from self._service.authenticate(context, caller.request(), names)

    def _responder(self, message: Message, caller: Caller, backend: Backend) -> tuple[Hashable, Respond]:
        """Return where the result is sent, and the function that sends it."""
        if caller.sid is None or message.get("callback_type") == "http":
            callback = self._origins.allowed(message.get("callback_url"))
            if backend.is_busy():
                raise EventException(503, "too many calls are waiting")
            return callback, lambda data: backend.spawn(
                Job(partial(self._deliver, callback, {**message, "data": data}, backend))
            )
        sid = caller.sid
        return sid, lambda data: backend.emit(sid, {**message, "data": data})

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
            is_first, entry = self._store.enter(call.id, call.fingerprint, call.target, call.respond)
        except EventException as error:
            yield from self._send(call.respond, _failure(error))
            return
        if not is_first:
            if entry.is_done:
                yield from self._send(call.respond, entry.result)
            return
        result: object = _failure(EventException(503, "the server is stopping"))
        try:
            backend.enter(call.context.namespace)
            result = _result((yield from self._service.receive_identified(call.context)))
        except Exception as error:  # raised only while testing
            result = _failure(error)
            raise
        finally:  # also if it is cancelled: a call must not stay in the store as running
            waiting = self._store.finish(call.id, result)
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


class WrongServerError(EventException):
    """The call was first sent to another server process; it is unknown whether that has run it."""

    def __init__(self, server_id: str) -> None:
        super().__init__(409, "the call was first sent to another server, which may have run it")
        self.server_id = server_id


def _failure(error: Exception) -> dict[str, dict[str, object]]:
    """Return the data of `apiResponse` for an error."""
    body = error_body(error)
    return {"error": {**body, "server_id": error.server_id} if isinstance(error, WrongServerError) else body}


def _rejection(error: Exception) -> dict[str, object]:
    """Return the immediate answer to a call that is rejected."""
    body = _failure(error)["error"]
    return {"success": False, "message": body.get("detail", body["title"]), "error": body}


def refusal(status: int) -> tuple[int, dict[str, object]]:
    """Return the status and body for a request that is not a call."""
    return status, _rejection(EventException(status, _REFUSALS[status]))


def _result(args: Args) -> object:
    """Return the ack of an event as one JSON value."""
    value = args[0] if len(args) == 1 else list(args) if args else None
    try:
        encoded(value)
    except (TypeError, ValueError) as error:
        log.error("a result cannot be sent as JSON: %s", type(error).__name__)
        return _failure(AsynctionException())
    return value


def _parsed(body: bytes) -> JsonArgs:
    """Read the one arg of a call from the body of a request; raise EventException (400)."""
    try:
        return read_args((read_json(body),), body)
    except NotJson as error:
        raise EventException(400, f"the body is not JSON: {error}") from None


_FIELDS: Mapping[str, tuple[type, ...]] = {
    "callback_type": (str,),
    "callback_url": (str, type(None)),
    "callback_func": (str, type(None)),
    "request_id": (str, type(None)),
    "server_id": (str, type(None)),
}


def _checked(message: object) -> Message:
    """Return the message of a client, with the types of its fields checked; raise EventException (400)."""
    if not isinstance(message, dict):
        raise EventException(400, "a call must be one object")
    if not isinstance(message.get("api"), str):
        raise EventException(400, "`api` must be a string")
    for name, kinds in _FIELDS.items():
        if name in message and not isinstance(message[name], kinds):
            raise EventException(400, f"`{name}` must be a string")
    if message.get("callback_type", "socket") not in ("socket", "http"):
        raise EventException(400, "`callback_type` must be `socket` or `http`")
    if len(message.get("request_id") or "") > _MAX_ID:
        raise EventException(400, f"`request_id` must have at most {_MAX_ID} characters")
    return message
