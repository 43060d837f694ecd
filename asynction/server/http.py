"""The HTTP wire: `POST {base}/events/<namespace>/<event>` sends one event, the response is its ack.

`from_spec(..., http=True)` enables it, or `http=HttpOptions(...)`. It has the same contract, handlers,
middleware, exception handlers and security schemes as the other wires. This module does no I/O:
`_http.flask` and `_http.asgi` do.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, cast

from asynction.contract import Requirements, Schema
from asynction.exceptions import (
    EventException,
    PayloadValidationException,
    UnknownEventException,
    Violation,
)
from asynction.runtime import (
    Args,
    Endpoint,
    EventSchemas,
    Function,
    MalformedEvent,
    Match,
    Service,
    error_ack,
    log_failure,
    status_of,
)
from asynction.security import Request
from asynction.server._http.security import challenges
from asynction.server._origins import OriginPolicy
from asynction.validation import JsonArgs, NotJson, Validator, read_args, read_json, write_json

log = logging.getLogger("asynction")

JSON = "application/json"
PROBLEM = "application/problem+json"
ALLOW = ("Allow", "OPTIONS, POST")


@dataclass(frozen=True, slots=True)
class HttpOptions:
    """The options of the HTTP wire.

    Args:
        max_body_size: the greatest size of a request body in bytes; a larger one gets a 413.
    """

    max_body_size: int = 2**20


@dataclass(frozen=True, slots=True)
class Incoming:
    """One HTTP request.

    Args:
        path: the decoded path after `{base}/events/`.
        request: the request for security functions.
        environ: the request as WSGI describes it.
        read: returns the body, up to the given number of bytes; raises EventException (413) for a longer one,
            and MalformedEvent if it cannot be read.
    """

    path: str
    request: Request
    environ: MutableMapping[str, Any] = field(repr=False)
    read: Function = field(repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP response, without Content-Length."""

    status: int
    body: bytes = field(default=b"", repr=False)
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Route:
    """An event that can be sent by HTTP, and how a body represents its args and its ack."""

    schemas: EventSchemas
    endpoint: Endpoint
    args: Validator | None
    ack: Validator | None

    @property
    def is_list(self) -> bool:
        """Return whether the body is a list of args, by the schema, else by the handler's signature."""
        if self.args is not None:
            return self.args.is_tuple
        return self.endpoint.plan.max_args is None or self.endpoint.plan.max_args > 1

    @property
    def takes_body(self) -> bool:
        """Return whether a request can have a body: False for an event without args."""
        return (self.args.max_args if self.args is not None else self.endpoint.plan.max_args) != 0

    @property
    def has_ack(self) -> bool | None:
        """Return whether the response has a body; None if that depends on the handler."""
        return None if self.ack is None else not self.ack.is_tuple or self.ack.max_args != 0

    def read(self, body: bytes) -> JsonArgs:
        """Return the args in a body; raise MalformedEvent and PayloadValidationException."""
        if not body:
            return JsonArgs(())
        try:
            value = read_json(body)
        except NotJson as error:
            raise MalformedEvent(f"the body is not JSON: {error}") from None
        if self.is_list and not isinstance(value, list):
            raise _invalid("must be an array of the event's args")
        return read_args(value if self.is_list else (value,), body)

    def written(self, args: Args) -> Answer:
        """Return the response for the args of an ack; raise ValueError or TypeError if they are not JSON."""
        if not args and not (self.has_ack and self.ack is not None and self.ack.is_tuple):
            return Answer(204)
        is_list = len(args) != 1 if self.ack is None else self.ack.is_tuple
        return Answer(200, _json(list(args) if is_list else args[0]), _content_headers(JSON))


@dataclass(frozen=True, slots=True)
class Found:
    """The event that a path names, and its route, if it can be sent by HTTP."""

    namespace: str
    event: str
    match: Match
    route: Route | None = None


class HttpWire:
    """The events of a server by HTTP, below `path`; a warning is logged for each that cannot be sent so.

    Args:
        service: the Service of the server.
        socketio_path: the Socket.IO path; the events are next to it.
        options: the options; True means the defaults.
        set_namespace: called with the namespace of each event before its code runs.
        origins: the policy for pages of other origins; its own only by default.
    """

    def __init__(
        self,
        service: Service,
        socketio_path: str,
        options: HttpOptions | bool = True,
        set_namespace: Callable[[str], object] = lambda namespace: None,
        origins: OriginPolicy | None = None,
    ) -> None:
        self.origins = origins or OriginPolicy()
        self.base = f"/{socketio_path.strip('/')}".rpartition("/")[0]
        self.path = f"{self.base}/events"
        self.options = options if isinstance(options, HttpOptions) else HttpOptions()
        self.service, self.routing = service, service.routes
        self.set_namespace = set_namespace
        self._warned: set[tuple[str, str]] = set()
        self._known = {
            (name, event): (
                _validator_of(schemas.event.args, schemas.args),
                _validator_of(schemas.event.ack, schemas.ack),
            )
            for name, events in self.routing.schemas.receives.items()
            for event, schemas in events.items()
        }
        self._max_slashes = max((event.count("/") for _, event in self._known), default=0)
        self._check()

    def routes(self) -> Iterator[Route]:
        """Yield the events that can be sent by HTTP; log one warning for each other event with a handler."""
        for key in self._known:
            route = self._route(*key)
            reason = None if route is None else self._reason(route)
            if route is not None and reason is None:
                yield route
            elif reason is not None and key not in self._warned:
                self._warned.add(key)
                log.warning("the event `%s` of `%s` cannot be sent by HTTP: %s", key[1], key[0], reason)

    def _check(self) -> None:
        """Log warnings for handlers that do not run for HTTP requests."""
        for _ in self.routes():
            pass
        for name, event in self.routing.lifecycle:
            if event == "connect" and not self.routing.is_demanding(name):
                log.warning(
                    "the connect handler of `%s` does not run for HTTP requests: restrict access with"
                    " security schemes",
                    name,
                )

    def find(self, path: str) -> Found | None:
        """Return the event of a path, or its namespace if the event is unknown, or None.

        Namespaces and events may have slashes in their names, so a path can be split at several places.
        """
        known: Found | None = None
        for slashes in range(self._max_slashes + 1):
            parts = path.rsplit("/", slashes + 1)
            if len(parts) <= slashes or (len(parts) > slashes + 1 and parts[0] == ""):
                break  # an empty part is not the root namespace
            head, names = (parts[0], parts[1:]) if len(parts) > slashes + 1 else ("", parts)
            match = self.routing.match(f"/{head}")
            if match is not None:
                found = Found(f"/{head}", "/".join(names), match, self._route(match.name, "/".join(names)))
                if found.route is not None:
                    return found
                known = known or found
        return known

    def _route(self, name: str, event: str) -> Route | None:
        """Return the route of an event, by the contract's names, or None if it has no handler."""
        schemas = self.routing.schemas.receives.get(name, {}).get(event)
        endpoint = self.routing.endpoint(name, event) if schemas is not None else None
        if schemas is None or endpoint is None:
            return None
        return Route(schemas, endpoint, *self._known[name, event])

    def _reason(self, route: Route) -> str | None:
        """Return why an event cannot be sent by HTTP, or None if it can."""
        name, event = route.schemas.namespace, route.schemas.event.name
        if route.endpoint.plan.needs_sid:
            return "its handler takes a `sid`, which an HTTP request does not have; write `SocketID | None`"
        if any(validator is not None and validator.takes_bytes for validator in (route.args, route.ack)):
            return "it has binary data, which JSON does not have"
        if event in ("", ".", ".."):
            return "its name cannot be the last part of a URL"
        found = self.find(f"{name.strip('/')}/{event}".lstrip("/")) if "/" in event else None
        if found is not None and found.route is not None and found.route.schemas != route.schemas:
            return f"its URL is that of `{found.event}` of `{found.match.name}`"
        return None

    def exchange(self, incoming: Incoming) -> Exchange:
        """Return the Exchange of a request."""
        found = self.find(incoming.path) or Found("/", incoming.path, Match("/"))
        if found.route is not None and self._reason(found.route) is not None:
            found = replace(found, route=None)
        return Exchange(self, incoming, found)


class Exchange:
    """One request and its response: run the flow of `answer`, then close the dependencies in `context`."""

    def __init__(self, wire: HttpWire, incoming: Incoming, found: Found) -> None:
        self._wire, self._incoming, self._route = wire, incoming, found.route
        self.context = wire.service.request_context(found.namespace, found.event, incoming.environ)
        self.context.parameters, self.context.pattern = found.match.parameters, found.match.name
        if found.route is not None:
            self.context.contract = found.route.schemas.event

    def answer(self) -> Generator[tuple[Function, Args], object, Answer]:
        """Return the flow that handles the event and returns the response.

        While testing it raises exceptions of the server, but not errors of the client.
        """
        context, service, request = self.context, self._wire.service, self._incoming.request
        # Events of a namespace that demands credentials are not told from others without them.
        is_shown = self._route is not None or service.routes.is_demanding(context.pattern)
        if is_shown and request.method == "OPTIONS":
            return Answer(204, headers=(ALLOW,))
        self._wire.set_namespace(context.namespace)
        if not self._wire.origins.allows(self._incoming.environ):
            flow = service.reject(context, EventException(403, "the origin of the page is not allowed"))
        elif self._route is None:
            text = f"no event `{context.event:.80}` in `{context.namespace:.80}`"
            flow = service.refuse_request(context, request, UnknownEventException(text))
        elif request.method != "POST":
            flow = service.refuse_request(context, request, EventException(405, "an event is sent by POST"))
        else:
            flow = service.receive_request(context, request, partial(self._args, self._route))
        try:
            args = yield from flow
        except Exception as error:
            if status_of(error) >= 500:
                raise
            args = error_ack(error)
        return self._answer_of(args)

    def _args(self, route: Route) -> Generator[tuple[Function, Args], object, JsonArgs]:
        """Read the args from the body, after authentication."""
        incoming = self._incoming
        content_type = incoming.request.header("content-type")
        # A page of another site can send a body without a type, but a browser sends a JSON type only if the
        # server allows it (CORS): so a request with an Origin needs the type, against CSRF.
        if content_type is not None or incoming.request.header("origin") is not None:
            _check_type(content_type or "")
        body = cast("bytes", (yield incoming.read, (self._wire.options.max_body_size,)))
        if body and content_type is None:
            _check_type("")
        return route.read(body)

    def _answer_of(self, args: Args) -> Answer:
        context = self.context
        try:
            if context.error is not None:
                return self._error_answer(context.error, args)
            assert self._route is not None, "what is not found fails"  # noqa: S101
            return self._route.written(args)
        except (ValueError, TypeError, RecursionError) as error:
            log_failure(error, context.namespace, context.event)
            return self._error_answer(error, error_ack(error))

    def _error_answer(self, error: BaseException, args: Args) -> Answer:
        """Return a problem (RFC 9457), or the result of an exception handler with the exception's status."""
        problem = _problem(args)
        if problem is None:
            status = status_of(error)
            body = _json(args[0] if len(args) == 1 else list(args))
            return Answer(status, body, (*_content_headers(JSON), *self._status_headers(status)))
        pointer = problem.get("pointer")
        if isinstance(pointer, str) and pointer and self._route is not None and not self._route.is_list:
            problem = {**problem, "pointer": pointer.removeprefix("/0")}  # the body is the arg itself
        status = int(str(problem["status"]))
        return Answer(status, _json(problem), (*_content_headers(PROBLEM), *self._status_headers(status)))

    def _status_headers(self, status: int) -> tuple[tuple[str, str], ...]:
        """Return the headers that a status requires (RFC 9110, 15.5)."""
        if status == 405:
            return (ALLOW,)
        if status != 401:
            return ()
        service, event = self._wire.service, self.context.contract
        own = event.security if event is not None else ()
        offered: Requirements = (*service.routes.required(self.context.pattern), *own)
        schemes = [service.contract.security_schemes[name] for each in offered for name in each]
        return tuple(("WWW-Authenticate", value) for value in challenges(schemes))


def _validator_of(schema: Schema | None, validator: Validator | None) -> Validator | None:
    """Return a validator also with `validation=False`: it knows how many args there are."""
    if validator is None and schema is not None and schema.is_json_schema:
        return Validator(schema)
    return validator


def _invalid(message: str) -> PayloadValidationException:
    return PayloadValidationException(f"the body: {message}", (Violation(message, (), (), None),))


def _check_type(content_type: str) -> None:
    """Raise EventException (415) for a body that is not JSON in UTF-8."""
    kind, _, parameters = content_type.partition(";")
    kind = kind.strip().lower()
    charsets = [
        value.strip().strip('"').lower()
        for name, _, value in (each.partition("=") for each in parameters.split(";"))
        if name.strip().lower() == "charset"
    ]
    is_type = kind == JSON or (kind.startswith("application/") and kind.endswith("+json"))
    if not is_type or any(charset not in ("utf-8", "utf8") for charset in charsets):
        raise EventException(415, f"the body of an event must be {JSON}")


def _problem(args: Args) -> Mapping[str, object] | None:
    """Return the error in an error ack of the runtime, or None for other args."""
    first = args[0] if len(args) == 1 else None
    error = first.get("error") if isinstance(first, dict) and len(first) == 1 else None
    return error if isinstance(error, dict) and isinstance(error.get("status"), int) else None


def _json(value: object) -> bytes:
    return write_json(value).encode()


def _content_headers(content_type: str) -> tuple[tuple[str, str], ...]:
    return (("Content-Type", content_type), ("X-Content-Type-Options", "nosniff"))


__all__ = ["Answer", "Exchange", "Found", "HttpOptions", "HttpWire", "Incoming", "Route"]
