"""What happens on every connection to a server, whatever its wire: clients enter, send events and leave."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator
from dataclasses import replace
from functools import partial

from asynction.contract import Contract, Event, Server, namespace_name
from asynction.exceptions import AsynctionException, DocumentError, SecurityException, UnknownEventException
from asynction.models._convert import plain
from asynction.problems import Location, did_you_mean, problem_at
from asynction.runtime._binding.host import ConnectionRejected
from asynction.runtime._binding.registry import HandlerRegistry
from asynction.runtime._context import NOBODY, Context
from asynction.runtime._errors import MalformedEvent, error_body, status_of
from asynction.runtime._flow import (
    Args,
    ConnectionPolicy,
    ExceptionHandlers,
    Failure,
    Flow,
    Function,
    Response,
    Settings,
    client_ack,
    connect,
    handle_failure,
    invoke,
    receive,
    with_error_ack,
)
from asynction.runtime._handshake import HandshakeRules
from asynction.runtime._namespaces import Match, is_pattern
from asynction.runtime._schemas import EventSchemas, checked_args, pack
from asynction.security import Identity, Request

log = logging.getLogger("asynction")


class Service:
    """The flows of one server: what its bindings make of what clients do."""

    def __init__(self, registry: HandlerRegistry, *, validation: bool = True) -> None:
        self._registry = registry
        self._host = registry.host
        self.settings = Settings(registry.host.driver, self.failure, override=registry.override)
        self._endpoints, self._guards = registry.endpoints, registry.guards
        self.identities: dict[str | None, Identity] = {}
        self.is_complete = False
        self._handshakes = {
            name: HandshakeRules(namespace.handshake)
            for name, namespace in registry.contract.namespaces.items()
            if validation and namespace.handshake is not None
        }

    # Receiving ---------------------------------------------------------------------------------

    def context(self, namespace: str, event: str, sid: str, args: Args = ()) -> Context:
        """A new context for what happens on a connection."""
        return Context(self._host.server, namespace, event, sid, args, environ=self._host.environ)

    def receive(self, context: Context) -> Flow:
        """The flow of a received event: it ends in the args of an acknowledgement, whatever happens."""
        endpoint = self._endpoints.get((context.namespace, context.event))
        if endpoint is None:
            return self._receive_other(context)
        context.contract = endpoint.schemas.event
        if self._guards:
            self._identify(context, endpoint.schemas)
        return receive(endpoint, context, self.settings)

    def _identify(self, context: Context, schemas: EventSchemas) -> None:
        """Tell who sends an event; with `always_connect`, one may come before its client is let in."""
        access = self._registry.access
        demanded = schemas.event.security or (access is not None and access.required.get(schemas.namespace))
        context.identity = self.identities.get(context.sid, None if demanded else NOBODY)

    def _receive_other(self, context: Context) -> Flow:
        """Receive an event that has no handler under its client's namespace: by a pattern, or by `*`."""
        match = self._registry.schemas.match(context.namespace)
        name = match.name if match is not None else context.namespace
        if match is not None:
            context.parameters, context.pattern = match.parameters, match.name
        endpoint = self._registry.endpoints.get((name, context.event))
        if endpoint is None and name in self._registry.wildcards:
            known = self._registry.schemas.receives.get(name, {}).get(context.event)
            endpoint = self._registry.wildcard(known or EventSchemas(name, Event(context.event), None, None))
        if endpoint is None:
            error = UnknownEventException(f"no event `{context.event:.80}` in `{name}`")
            return self.refuse(context, error)
        context.contract = endpoint.schemas.event
        self._identify(context, endpoint.schemas)
        return receive(endpoint, context, self.settings)

    def refuse(self, context: Context, error: Exception) -> Flow:
        """Answer what is no event of the contract's."""
        return handle_failure(error, self.failure(context, (self._registry.exception_handlers,)), context)

    def failure(self, context: Context, exception_handlers: tuple[ExceptionHandlers, ...]) -> Failure:
        """Who answers an exception in a namespace."""
        handler, default = self._host.errors(context.pattern)
        own = self._registry.errors.get(context.pattern)
        if own is not None and handler is None:
            exception_handlers = (*exception_handlers, own)
        return Failure(handler or default, self._host.propagates(), exception_handlers)

    # Connections -------------------------------------------------------------------------------

    def connect(self, context: Context, auth: object, request: Callable[[object], Request]) -> Response:
        """Decide whether a client may connect; returns what the connect handler says, or False.

        Raises Refused, and what the handler refuses with.
        """
        try:
            answer = yield from self._connect(context, auth, request)
        except BaseException as error:
            context.error = context.error or error
            self.identities.pop(context.sid, None)
            raise
        sid = context.sid or ""
        if answer is False or not self._host.is_connected(sid, context.namespace):  # it may have left
            self.identities.pop(sid, None)
            return False
        end = context.identity.expiry(self._guards) if context.identity is not None else None
        if end is not None:
            self._host.expire(sid, context.namespace, end)
        return answer

    def _connect(self, context: Context, auth: object, request: Callable[[object], Request]) -> Response:
        try:
            self._complete()
            if isinstance(auth, MalformedEvent):  # a packet that cannot be read
                raise auth
            match = self._registry.schemas.match(context.namespace)
            if match is None and self._registry.strict:
                raise UnknownEventException(f"no namespace `{context.namespace:.80}`")
            match = match or Match(context.namespace)
            context.parameters, context.pattern = match.parameters, match.name
            policy = self._policy(match.name, context.sid or "")
            return (yield from connect(policy, request(auth), context, self.settings.override))
        except self._host.refusals:
            raise
        except Exception as error:
            yield from self._tell(error, context)
            body = error_body(error)
            # `str` has the name of the parameter that is wrong; of our own faults nobody hears more.
            reason = str(error) if status_of(error) < 500 else body["title"]
            raise ConnectionRejected(reason, body) from error

    def _complete(self) -> None:
        if not self.is_complete:
            self._registry.check_complete()
            self.is_complete = True

    def authenticate_request(
        self, context: Context, event: Event, request: Request
    ) -> Generator[tuple[Function, Args], object, None]:
        """Find out who sends an event on a wire without connections, where each request shows it.

        What the contract demands of a connection's handshake, and the connect handler, have no part in it.
        Raises SecurityException: 401 where credentials are missing or wrong.
        """
        self._complete()
        policy = self._policy(context.pattern, "")
        yield from connect(replace(policy, handshake=None, plan=None, accept=None), request, context)
        infos = (context.identity or NOBODY).infos
        if event.security and not any(all(name in infos for name in each) for each in event.security):
            raise SecurityException  # its scopes are looked at later, as on every wire

    def _policy(self, name: str, sid: str) -> ConnectionPolicy:
        """What a client must pass to enter; a server that is not bound yet lets nobody in."""
        if self._registry.access is None:
            raise AsynctionException("the server has no app yet")
        required = self._registry.access.required.get(name, ())
        namespace = self._registry.contract.namespaces.get(name)
        offered = self._registry.access.offered(namespace) if namespace is not None else ()
        return ConnectionPolicy(
            self._handshakes.get(name),
            required,
            self._guards,
            offered,
            self._registry.occasions.get((name, "connect")),
            partial(self.identities.__setitem__, sid) if required or offered else None,
        )

    def leave(self, context: Context, reason: object) -> Generator[tuple[Function, Args], object, None]:
        """Forget a client, and tell the disconnect handler."""
        match = self._registry.schemas.match(context.namespace) or Match(context.namespace)
        context.parameters, context.pattern = match.parameters, match.name
        context.identity = self.identities.pop(context.sid, NOBODY)
        context.reason, context.args = reason, (reason,)
        plan = self._registry.occasions.get((match.name, "disconnect"))
        if plan is not None:
            try:
                yield from invoke(plan, context, self.settings.override)
            except Exception as error:
                context.error = error
                yield from self._tell(error, context)

    def _tell(self, error: Exception, context: Context) -> Generator[tuple[Function, Args], object, None]:
        """Give an exception of an occasion to whom it may concern, else log it; raise it while testing."""
        failure = self.failure(context, (self._registry.exception_handlers,))
        refused = isinstance(error, SecurityException)  # an answer, which no test must catch
        if failure.propagate and failure.handler is None and failure.plan_for(error) is None and not refused:
            # python-socketio takes a TypeError for a wrong signature and calls the handler again.
            if isinstance(error, TypeError):
                raise AsynctionException(f"the {context.event} handler raised {error!r}") from error
            raise error
        yield from handle_failure(error, replace(failure, propagate=False), context)

    def is_hidden(self, namespace: str, sid: str) -> bool:
        """Whether a client has not shown yet that it may be in a namespace that demands credentials."""
        access = self._registry.access
        if access is None or sid in self.identities:
            return False
        match = self._registry.schemas.match(namespace)
        return match is not None and bool(access.required.get(match.name))

    # Sending -----------------------------------------------------------------------------------

    def addressed(self, name: str | None, current: str | None) -> str:
        """The namespace that is meant: of a pattern, the one in which an event is being handled."""
        namespace = namespace_name(name or "/")
        if namespace not in self._registry.contract.namespaces or not is_pattern(namespace):
            return namespace
        match = self._registry.schemas.match(current) if current is not None else None
        if match is None or match.name != namespace:
            raise UnknownEventException(f"`{namespace}` has parameters: name one of its namespaces")
        return str(current)

    def sent(self, namespace: str, event: str) -> EventSchemas | None:
        """The rules of an event to send; None where nothing holds it. Raises UnknownEventException."""
        if not self._registry.has_contract:
            return None
        try:
            return self._registry.schemas.sent(namespace, event)
        except UnknownEventException as error:
            if self._registry.strict:
                raise
            log.warning("%s; it is sent unchecked", error)
            return None

    def acknowledge(self, schemas: EventSchemas, namespace: str, callback: Function, args: Args) -> Flow:
        """The flow of an acknowledgement of a client's: checked, and given to `callback`."""
        context = self.context(namespace, schemas.event.name, "", args)
        context.pattern = schemas.namespace
        return with_error_ack(
            client_ack(schemas, callback, args),
            partial(self.failure, context, (self._registry.exception_handlers,)),
            context,
        )


def outgoing(schemas: EventSchemas | None, value: object, more: Args = ()) -> Args:
    """What is emitted as a tuple of args, checked; raises PayloadValidationException."""
    validator = schemas.args if schemas is not None else None
    packed = (plain(value), *map(plain, more)) if more else pack(plain(value), validator)
    return packed if schemas is None else checked_args(schemas, packed)


def choose_server(contract: Contract, name: str | None) -> Server | None:
    """The server of this name, or the only one; raises DocumentError where there is none of the name."""
    if name is None:
        return next(iter(contract.servers.values())) if len(contract.servers) == 1 else None
    if name not in contract.servers:
        near = did_you_mean(name, contract.servers)
        file = contract.files[0] if contract.files else "<mapping>"
        location = Location(file, None, None, "/servers")
        raise DocumentError(
            [problem_at(location, "server-name", f"the document has no server `{name}`{near}")]
        )
    return contract.servers[name]
