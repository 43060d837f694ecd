"""The entry point to the runtime: adapters and tools bind, receive and send through a Service."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Generator, Iterable, Mapping
from functools import partial
from typing import Any, Protocol

from asynction.contract import Contract, Event, Server, namespace_name
from asynction.exceptions import (
    AsynctionException,
    DocumentError,
    SecurityException,
    UnknownEventException,
    ValidationException,
)
from asynction.problems import Location, did_you_mean, problem_at
from asynction.runtime._binding.host import ConnectionRejected, Host
from asynction.runtime._binding.registry import HandlerRegistry
from asynction.runtime._binding.resolver import Resolver
from asynction.runtime._binding.router import Registration, Router
from asynction.runtime._context import ANONYMOUS, Context
from asynction.runtime._errors import (
    MalformedEvent,
    error_body,
    is_refusal,
    log_refusal,
    naming_event,
    own_fault,
    reason_of,
)
from asynction.runtime._flow import (
    Args,
    ConnectionPolicy,
    Endpoint,
    ExceptionHandlers,
    Failure,
    Flow,
    FlowMiddleware,
    Function,
    Response,
    Settings,
    client_ack,
    connect,
    handle_failure,
    identify,
    invoke,
    receive,
    run_middlewares,
    with_error_ack,
)
from asynction.runtime._handshake import HandshakeRules
from asynction.runtime._injection.plan import NO_PLAN, Plan
from asynction.runtime._namespaces import Match, is_pattern
from asynction.runtime._routes import Routes
from asynction.runtime._schemas import EventSchemas, pack, written_args
from asynction.security import Identity, Request
from asynction.validation import JsonArgs

log = logging.getLogger("asynction")

_MOST_UNCHECKED = 1000
"""The number of unknown events that are sent with a warning each; further ones are sent without."""


class ContextFactory(Protocol):
    """A function that creates the context of an event or lifecycle event of a connection."""

    def __call__(self, namespace: str, event: str, sid: str, args: Args = (), /) -> Context:
        """Return a new context."""


class Service:
    """A contract with its bound handlers, for any adapter to serve.

    `routes` has the tables of the running server, `identities` the identity of each connected client, by sid.

    Args:
        contract: the contract; None for a server without one, which accepts any event that has a handler.
        host: the functions that the adapter provides.
        server: the server of the document that is served; its security is the default for namespaces.
        validation: whether to check args, acks and handshakes against their schemas.
        strict: whether an event that the contract does not have is an error, else a warning.
        security_functions: security functions by scheme, instead of those in the document.
        handlers: the modules whose code the document may name; None allows all, with warnings.
    """

    def __init__(
        self,
        contract: Contract | None,
        host: Host,
        *,
        server: Server | None = None,
        validation: bool = True,
        strict: bool = True,
        security_functions: Mapping[str, Function] | None = None,
        handlers: Collection[str] | None = None,
    ) -> None:
        self._registry = HandlerRegistry(
            contract,
            host,
            server=server,
            validation=validation,
            strict=strict,
            security_functions=security_functions,
            handlers=handlers,
        )
        self._host = host
        self.routes: Routes = self._registry.routes
        self.contract = self._registry.contract
        self.has_contract = self._registry.has_contract
        self.strict = self._registry.strict
        self.server = server
        self.identities: dict[str | None, Identity] = {}
        self.settings = Settings(host.driver, self._failure, override=self._registry.override)
        # Not a method, which would cost each event one more frame.
        self.context: ContextFactory = partial(Context, host.server, environ=host.environ)
        self._is_complete = False
        self._unchecked: set[tuple[str, str]] = set()
        self._error_plans: dict[int, tuple[Function, Plan]] = {}
        self._endpoints, self._guards = self.routes.endpoints, self.routes.guards
        self._sends = self.routes.schemas.sends_by_name
        self._handshakes = {
            name: HandshakeRules(namespace.handshake)
            for name, namespace in self.contract.namespaces.items()
            if validation and namespace.handshake is not None
        }

    # Binding -----------------------------------------------------------------------------------

    def bind_contract(self, resolver: Resolver | None = None) -> None:
        """Import and bind the code that the contract names or `resolver` finds; raise DocumentError."""
        self._registry.bind_contract(resolver)

    def bind(self, registration: Registration) -> bool:
        """Bind a handler from code; return False if the adapter must register it itself (namespace `*`).

        Raises UnknownEventException if the contract has no such event (`strict=False` warns), and
        DocumentError if the handler cannot be served.
        """
        return self._registry.bind(registration)

    def bind_flow(self, namespace: str, event: str, flow: Callable[[Context], Response]) -> None:
        """Bind an event of the adapter itself to a flow.

        Its args and credentials are checked only if the contract has it.
        """
        known = self.routes.schemas.receives.get(namespace, {}).get(event)
        schemas = known or EventSchemas.unchecked(namespace, event)
        chain = (FlowMiddleware(flow, schemas, self._guards),)
        self._endpoints[namespace, event] = Endpoint(schemas, NO_PLAN, self._guards, chain)

    @property
    def dependency_overrides(self) -> dict[Function, Function]:
        """The functions to call instead of dependencies."""
        return self._registry.overrides

    @dependency_overrides.setter
    def dependency_overrides(self, overrides: dict[Function, Function]) -> None:
        self._registry.overrides = overrides

    def add_router(self, router: Router) -> None:
        """Bind the handlers of a router, also those added later; raise as `bind` does."""
        router.subscribe(self._registry.bind_registration)

    def add_middleware(
        self, middleware: object, namespace: str | None = None, events: Iterable[str] | None = None
    ) -> None:
        """Put a middleware around the events of a namespace, the events with these names, or all events.

        Raises TypeError for an object that cannot be a middleware here, and UnknownEventException if the
        contract has no such namespace or event.
        """
        self._registry.add_middleware(middleware, namespace, events)

    def add_exception_handler(self, kind: type[BaseException], handler: Function) -> None:
        """Call `handler` for exceptions of a class; raise DocumentError if it cannot be served."""
        self.routes.exception_handlers[kind] = self._registry.catch(handler)

    def check_error_handler(self, handler: Function) -> None:
        """Raise DocumentError for an error handler of the host that cannot be served."""
        self._error_plan(handler)

    def reject_unknown(self, message: str) -> None:
        """Raise UnknownEventException with `message`; with `strict=False`, warn."""
        self._registry.reject_unknown(message)

    def check_complete(self) -> None:
        """Raise DocumentError if an event that the contract receives has no handler; check only once."""
        if not self._is_complete:
            self._registry.check_complete()
            self._is_complete = True

    def allow_missing_handlers(self) -> None:
        """Accept events without a handler: a client need not handle all events that a server sends."""
        self._is_complete = True

    def write_with(self, json: object) -> None:
        """Let the `json` module that the user gave to a server write what JSON lacks; None for none."""
        dumps = getattr(json, "dumps", None)
        self.settings.dumps = None if dumps is None else partial(dumps, separators=(",", ":"))

    # Receiving ---------------------------------------------------------------------------------

    def request_context(self, namespace: str, event: str, environ: Mapping[str, Any]) -> Context:
        """Return a new context for an event that has a request of its own; the sender is not known yet."""
        context = Context(self._host.server, namespace, event, None, environ=lambda *_: environ)
        context.identity = None
        return context

    def receive(self, context: Context) -> Flow:
        """Return the flow of an event from a connection; it always returns the args of an ack."""
        endpoint = self._endpoints.get((context.namespace, context.event))
        if endpoint is None:
            return self._receive_other(context)
        context.contract = endpoint.schemas.event
        if self._guards:  # without security schemes every client is anonymous
            self._identify(context, endpoint.schemas)
        return receive(endpoint, context, self.settings)

    def _receive_other(self, context: Context) -> Flow:
        """Receive an event that is handled by a pattern or by `*`, or is unknown."""
        match = self.routes.match(context.namespace)
        if match is not None:
            context.parameters, context.pattern = match.parameters, match.name
        endpoint = self.routes.endpoint(context.pattern, context.event)
        if endpoint is not None:
            self._identify(context, endpoint.schemas)
        return self._dispatch(endpoint, context)

    def _identify(self, context: Context, schemas: EventSchemas) -> None:
        """Set the sender of an event: None before its client is authenticated (`always_connect`)."""
        is_demanded = schemas.event.security or self.routes.is_demanding(schemas.namespace)
        context.identity = self.identities.get(context.sid, None if is_demanded else ANONYMOUS)

    def receive_identified(self, context: Context) -> Flow:
        """Return the flow of an event; its context has `pattern` and `identity` already."""
        return self._dispatch(self.routes.endpoint(context.pattern, context.event), context)

    def receive_request(
        self,
        context: Context,
        request: Request,
        read: Callable[[], Generator[tuple[Function, Args], object, JsonArgs]],
    ) -> Flow:
        """Return the flow of an event that has a request of its own: credentials first, then its args.

        `read` is a flow that returns the args; it runs only for an authenticated client.
        """
        try:
            self.check_complete()
            # The body is read after this, so that an unknown client costs no more than its headers.
            yield from self.authenticate(context, request, (context.pattern,))
            context.args = context.json_args = yield from read()
        except Exception as error:
            return (yield from self.reject(context, error))
        return (yield from self.receive_identified(context))

    def refuse_request(self, context: Context, request: Request, error: Exception) -> Flow:
        """Return the flow of a request that is not an event: credentials first, then `error`."""
        try:
            yield from self.authenticate(context, request, (context.pattern,))
        except Exception as refusal:
            return (yield from self.reject(context, refusal))
        return (yield from self.reject(context, error))

    def _dispatch(self, endpoint: Endpoint | None, context: Context) -> Flow:
        if endpoint is None:
            error = UnknownEventException(f"no event `{context.event:.80}` in `{context.pattern:.80}`")
            return self.reject(context, error)
        context.contract = endpoint.schemas.event
        return receive(endpoint, context, self.settings)

    def reject(self, context: Context, error: Exception) -> Flow:
        """Return the flow of an event that cannot be handled: an error handler's ack, or an error ack."""
        return handle_failure(error, self._failure(context, (self.routes.exception_handlers,)), context)

    def _failure(self, context: Context, handlers: tuple[ExceptionHandlers, ...]) -> Failure:
        """Return how to handle an exception in a namespace."""
        handler, default = self._host.errors(context.pattern)
        if handler is None:
            handlers = self.routes.error_handlers_for(context.pattern, handlers)
        function = handler or default
        plan = None if function is None else self._error_plan(function)
        return Failure(plan, self._host.propagates(), handlers, self.settings.dumps)

    def _error_plan(self, handler: Function) -> Plan:
        """Return the plan of an error handler of the host, which is asked for anew for each failure."""
        known = self._error_plans.get(id(handler))
        if known is None or known[0] is not handler:
            known = self._error_plans[id(handler)] = handler, self._registry.catch(handler)
        return known[1]

    # Connections -------------------------------------------------------------------------------

    def connect(self, context: Context, auth: object, request: Callable[[object], Request]) -> Response:
        """Decide whether a client may connect; return the connect handler's result, or False to reject.

        Raises ConnectionRejected, and the exceptions by which a connect handler rejects (`Host.refusals`).
        """
        try:
            answer = yield from self._connect(context, auth, request)
        except BaseException as error:
            context.error = context.error or error
            self.identities.pop(context.sid, None)
            raise
        sid = context.sid or ""
        if answer is False:
            log_refusal(context.namespace, "the connect handler has returned False")
        # The client may have left meanwhile; its disconnect has run, so its identity would never be removed.
        if answer is False or not self._host.is_connected(sid, context.namespace):
            self.identities.pop(sid, None)
            return False
        end = context.identity.expiry(self._guards) if context.identity is not None else None
        if end is not None:
            self._host.expire(sid, context.namespace, end)
        return answer

    def _connect(self, context: Context, auth: object, request: Callable[[object], Request]) -> Response:
        try:
            self.check_complete()
            if isinstance(auth, MalformedEvent):  # a packet that cannot be read
                raise auth
            match = self.routes.match(context.namespace)
            if match is None and self.strict:
                raise UnknownEventException(f"no namespace `{context.namespace:.80}`")
            match = match or Match(context.namespace)
            context.parameters, context.pattern = match.parameters, match.name
            policy = self._policy(match.name, context.sid or "")
            enter = partial(connect, policy, request(auth), override=self.settings.override)
            return (yield from self._run_lifecycle(enter, context, auth))
        except Exception as error:
            if self._is_refusal(error):
                log_refusal(context.namespace, str(error))
                raise
            yield from self._handle_lifecycle_failure(error, context)
            raise ConnectionRejected(reason_of(error), error_body(error)) from error

    def _is_refusal(self, error: Exception) -> bool:
        """Return whether an exception is one by which a connect handler refuses a client in its own words.

        With an `errno`, the operating system refused a connection of our own, such as to a database. A
        SecurityException is a ConnectionRefusedError as well, but has a status.
        """
        is_own = getattr(error, "errno", None) is None and not isinstance(error, SecurityException)
        return is_own and isinstance(error, self._host.refusals)

    def _run_lifecycle(self, flow: Callable[[Context], Response], context: Context, arg: object) -> Response:
        """Run the flow of a lifecycle event inside the middlewares that name the event."""
        chain = self._registry.lifecycle_middlewares(context.pattern, context.event)
        if not chain:
            return (yield from flow(context))
        context.auth, context.args = arg if context.event == "connect" else None, (arg,)
        # The identity is found in the context of the connection, not in a copy with other args.
        handle = partial(_with_context, flow, context)
        return (yield from run_middlewares(chain, handle, self.settings.driver, context))

    def authenticate(
        self, context: Context, request: Request, namespaces: Iterable[str]
    ) -> Generator[tuple[Function, Args], object, None]:
        """Authenticate a request for each of these namespaces, and set the identity of `context`.

        The handshake schema and connect handler are not run. Raises SecurityException.
        """
        for name in namespaces:
            policy = self._policy(name, "")
            if policy.required or policy.offered or context.identity is None:
                context.identity = yield from identify(policy, request)
        # On a wire without connections, a client without the event's credentials gets a 401, and can send the
        # request again with them; on a connection it is a 403, as credentials come with the handshake.
        event = self._event(context)
        infos = (context.identity or ANONYMOUS).infos
        demanded = event.security if event is not None and context.sid is None else ()
        if demanded and not any(all(name in infos for name in each) for each in demanded):
            raise SecurityException

    def _event(self, context: Context) -> Event | None:
        known = self.routes.schemas.receives.get(context.pattern, {}).get(context.event)
        return known.event if known is not None else None

    def _policy(self, name: str, sid: str) -> ConnectionPolicy:
        """Return the policy of a namespace; raise AsynctionException before code is bound."""
        required, offered = self.routes.required(name), self.routes.offered(name)
        return ConnectionPolicy(
            self._handshakes.get(name),
            required,
            self._guards,
            offered,
            self.routes.lifecycle_plan(name, "connect"),
            partial(self.identities.__setitem__, sid) if required or offered else None,
        )

    def check_handshake(self, namespace: str, request: Request) -> None:
        """Raise BindingsValidationException if a request breaks the handshake schema of a namespace."""
        if namespace in self._handshakes:
            self._handshakes[namespace].check(request)
            self._handshakes[namespace].check_auth(request)

    def disconnect(self, context: Context, reason: object) -> Generator[tuple[Function, Args], object, None]:
        """Remove the identity of a client, and call the disconnect handler."""
        match = self.routes.match(context.namespace) or Match(context.namespace)
        context.parameters, context.pattern = match.parameters, match.name
        context.identity = self.identities.pop(context.sid, ANONYMOUS)
        context.reason, context.args = reason, (reason,)
        try:
            yield from self._run_lifecycle(self._leave, context, reason)
        except Exception as error:
            context.error = error
            yield from self._handle_lifecycle_failure(error, context)

    def _leave(self, context: Context) -> Response:
        plan = self.routes.lifecycle_plan(context.pattern, "disconnect")
        return None if plan is None else (yield from invoke(plan, context, self.settings.override))

    def _handle_lifecycle_failure(
        self, error: Exception, context: Context
    ) -> Generator[tuple[Function, Args], object, None]:
        """Pass an exception from connect/disconnect to the error handler, or log it; raise it in tests."""
        failure = self._failure(context, (self.routes.exception_handlers,))
        is_normal = is_refusal(error)  # also in tests
        if (
            failure.propagate
            and failure.handler is None
            and failure.plan_for(error) is None
            and not is_normal
        ):
            # python-socketio takes a TypeError for a wrong signature, and calls the handler again without
            # `auth` or `reason`.
            if isinstance(error, TypeError):
                raise AsynctionException(f"the {context.event} handler raised {error!r}") from error
            raise error
        plan = self.routes.lifecycle_plan(context.pattern, context.event)
        handler = plan.function if plan is not None else None
        yield from handle_failure(error, failure.without_propagation(), context, handler)

    # Sending -----------------------------------------------------------------------------------

    def address(self, namespace: str | None, current: str | None) -> str:
        """Return the namespace to send in; for a pattern, this is `current`, that of the handled event.

        Raises UnknownEventException for a pattern that `current` does not match.
        """
        name = namespace_name(namespace or "/")
        if name not in self.contract.namespaces or not is_pattern(name):
            return name
        match = self.routes.match(current) if current is not None else None
        if match is None or match.name != name:
            raise UnknownEventException(f"`{name}` has parameters: name one of its namespaces")
        return str(current)

    def sending(
        self, event: str, namespace: str | None, current: str | None = None
    ) -> tuple[str, EventSchemas | None]:
        """Return the namespace to send an event in, and its schemas, or None for an unchecked event.

        `current` is the namespace of the event that is being handled. Raises UnknownEventException.
        """
        known = self._sends.get((namespace or "/", event))
        if known is not None:
            return known.namespace, known
        name = self.address(namespace, current)
        return name, self._sent(name, event)

    def _sent(self, namespace: str, event: str) -> EventSchemas | None:
        if not self.has_contract:
            return None
        if (namespace, event) in self._unchecked:
            return None
        try:
            return self.routes.schemas.sent(namespace, event)
        except UnknownEventException as error:
            if self.strict:
                raise own_fault(error)  # noqa: B904 - it is the same exception
            self._say_unchecked(namespace, event, str(error))
            return None

    def outgoing(self, schemas: EventSchemas | None, value: object, more: Args = ()) -> Args:
        """Return the args to emit, as valid JSON data; raise PayloadValidationException."""
        if more or (value is not None and not isinstance(value, tuple)):
            args = (value, *more)
        else:
            args = pack(value, None if schemas is None else schemas.args)
        try:
            return written_args(schemas, args, self.settings.dumps)
        except ValidationException as error:
            raise own_fault(error)  # noqa: B904 - it is the same exception

    def _say_unchecked(self, namespace: str, event: str, reason: str) -> None:
        """Warn once of an event that is sent unchecked; names may be made up at run time, so not for ever."""
        if len(self._unchecked) < _MOST_UNCHECKED:
            self._unchecked.add((namespace, event))
            log.warning("%s; it is sent unchecked", naming_event(reason, event))

    def client_ack(self, schemas: EventSchemas, namespace: str, callback: Function, args: Args) -> Flow:
        """Return the flow that checks a client's acknowledgement and passes it to `callback`."""
        context = self.context(namespace, schemas.event.name, "", args)
        context.pattern = schemas.namespace
        return with_error_ack(
            client_ack(schemas, callback, args),
            partial(self._failure, context, (self.routes.exception_handlers,)),
            context,
        )


def _with_context(flow: Callable[[Context], Response], context: Context, _: Context) -> Response:
    return flow(context)


def choose_server(contract: Contract, name: str | None) -> Server | None:
    """Return the server with this name, or the only one; raise DocumentError for an unknown name."""
    if name is None:
        return next(iter(contract.servers.values())) if len(contract.servers) == 1 else None
    if name not in contract.servers:
        near = did_you_mean(name, contract.servers)
        file = contract.files[0] if contract.files else "<mapping>"
        location = Location(file, None, None, "/servers")
        message = f"the document has no server `{name}`{near}"
        raise DocumentError([problem_at(location, "server-name", message)])
    return contract.servers[name]
