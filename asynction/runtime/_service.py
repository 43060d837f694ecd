"""What happens on every connection to a server, whatever its wire: clients enter, send events and leave."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator
from dataclasses import replace
from functools import partial

from asynction.contract import Contract, Event, Server, namespace_name
from asynction.exceptions import AsynctionException, DocumentError, SecurityException, UnknownEventException
from asynction.models._convert import plain
from asynction.problems import Place, did_you_mean, problem_at
from asynction.runtime._binding.host import Refused
from asynction.runtime._binding.registry import Bindings
from asynction.runtime._context import NOBODY, Context
from asynction.runtime._errors import MalformedEvent, error_body, status_of
from asynction.runtime._flow import (
    Args,
    Catches,
    Entrance,
    Failure,
    Flow,
    Function,
    Response,
    Settings,
    acknowledged,
    answered,
    connection,
    failed,
    receive,
    told,
)
from asynction.runtime._handshake import HandshakeRules
from asynction.runtime._namespaces import Match, is_pattern
from asynction.runtime._schemas import Rules, checked_args, pack
from asynction.security import Identity, Request

log = logging.getLogger("asynction")


class Service:
    """The flows of one server: what its bindings make of what clients do."""

    def __init__(self, bindings: Bindings, *, validation: bool = True) -> None:
        self._bindings = bindings
        self._edge = bindings.edge
        self.settings = Settings(bindings.edge.driver, self.failure, override=bindings.override)
        self._endpoints, self._guards = bindings.endpoints, bindings.guards
        self.identities: dict[str | None, Identity] = {}
        self.is_complete = False
        self._handshakes = {
            name: HandshakeRules(namespace.handshake)
            for name, namespace in bindings.contract.namespaces.items()
            if validation and namespace.handshake is not None
        }

    # Receiving ---------------------------------------------------------------------------------

    def context(self, namespace: str, event: str, sid: str, args: Args = ()) -> Context:
        """A new context for what happens on a connection."""
        return Context(self._edge.server, namespace, event, sid, args, environ=self._edge.environ)

    def receive(self, context: Context) -> Flow:
        """The flow of a received event: it ends in the args of an acknowledgement, whatever happens."""
        endpoint = self._endpoints.get((context.namespace, context.event))
        if endpoint is None:
            return self._receive_other(context)
        context.contract = endpoint.rules.event
        if self._guards:
            self._identify(context, endpoint.rules)
        return receive(endpoint, context, self.settings)

    def _identify(self, context: Context, rules: Rules) -> None:
        """Tell who sends an event; with `always_connect`, one may come before its client is let in."""
        access = self._bindings.access
        demanded = rules.event.security or (access is not None and access.required.get(rules.namespace))
        context.identity = self.identities.get(context.sid, None if demanded else NOBODY)

    def _receive_other(self, context: Context) -> Flow:
        """Receive an event that has no handler under its client's namespace: by a pattern, or by `*`."""
        match = self._bindings.rules.match(context.namespace)
        name = match.name if match is not None else context.namespace
        if match is not None:
            context.parameters, context.pattern = match.parameters, match.name
        endpoint = self._bindings.endpoints.get((name, context.event))
        if endpoint is None and name in self._bindings.wildcards:
            known = self._bindings.rules.receives.get(name, {}).get(context.event)
            endpoint = self._bindings.wildcard(known or Rules(name, Event(context.event), None, None))
        if endpoint is None:
            error = UnknownEventException(f"no event `{context.event:.80}` in `{name}`")
            return self.refuse(context, error)
        context.contract = endpoint.rules.event
        self._identify(context, endpoint.rules)
        return receive(endpoint, context, self.settings)

    def refuse(self, context: Context, error: Exception) -> Flow:
        """Answer what is no event of the contract's."""
        return failed(error, self.failure(context, (self._bindings.catches,)), context)

    def failure(self, context: Context, catches: tuple[Catches, ...]) -> Failure:
        """Who answers an exception in a namespace."""
        handler, default = self._edge.errors(context.pattern)
        own = self._bindings.errors.get(context.pattern)
        if own is not None and handler is None:
            catches = (*catches, own)
        return Failure(handler or default, self._edge.propagates(), catches)

    # Connections -------------------------------------------------------------------------------

    def enter(self, context: Context, auth: object, request: Callable[[object], Request]) -> Response:
        """Decide whether a client may connect; returns what the connect handler says, or False.

        Raises Refused, and what the handler refuses with.
        """
        try:
            answer = yield from self._enter(context, auth, request)
        except BaseException as error:
            context.error = context.error or error
            self.identities.pop(context.sid, None)
            raise
        sid = context.sid or ""
        if answer is False or not self._edge.is_open(sid, context.namespace):  # it may have left
            self.identities.pop(sid, None)
            return False
        end = context.identity.expiry(self._guards) if context.identity is not None else None
        if end is not None:
            self._edge.expire(sid, context.namespace, end)
        return answer

    def _enter(self, context: Context, auth: object, request: Callable[[object], Request]) -> Response:
        try:
            self._complete()
            if isinstance(auth, MalformedEvent):  # a packet that cannot be read
                raise auth
            match = self._bindings.rules.match(context.namespace)
            if match is None and self._bindings.strict:
                raise UnknownEventException(f"no namespace `{context.namespace:.80}`")
            match = match or Match(context.namespace)
            context.parameters, context.pattern = match.parameters, match.name
            entrance = self._entrance(match.name, context.sid or "")
            return (yield from connection(entrance, request(auth), context, self.settings.override))
        except self._edge.refusals:
            raise
        except Exception as error:
            yield from self._tell(error, context)
            body = error_body(error)
            # `str` has the name of the parameter that is wrong; of our own faults nobody hears more.
            reason = str(error) if status_of(error) < 500 else body["title"]
            raise Refused(reason, body) from error

    def _complete(self) -> None:
        if not self.is_complete:
            self._bindings.check_complete()
            self.is_complete = True

    def admit(
        self, context: Context, event: Event, request: Request
    ) -> Generator[tuple[Function, Args], object, None]:
        """Find out who sends an event on a wire without connections, where each request shows it.

        What the contract demands of a connection's handshake, and the connect handler, have no part in it.
        Raises SecurityException: 401 where credentials are missing or wrong.
        """
        self._complete()
        entrance = self._entrance(context.pattern, "")
        yield from connection(replace(entrance, handshake=None, plan=None, admit=None), request, context)
        infos = (context.identity or NOBODY).infos
        if event.security and not any(all(name in infos for name in each) for each in event.security):
            raise SecurityException  # its scopes are looked at later, as on every wire

    def _entrance(self, name: str, sid: str) -> Entrance:
        """What a client must pass to enter; a server that is not bound yet lets nobody in."""
        if self._bindings.access is None:
            raise AsynctionException("the server has no app yet")
        required = self._bindings.access.required.get(name, ())
        namespace = self._bindings.contract.namespaces.get(name)
        offered = self._bindings.access.offered(namespace) if namespace is not None else ()
        return Entrance(
            self._handshakes.get(name),
            required,
            self._guards,
            offered,
            self._bindings.occasions.get((name, "connect")),
            partial(self.identities.__setitem__, sid) if required or offered else None,
        )

    def leave(self, context: Context, reason: object) -> Generator[tuple[Function, Args], object, None]:
        """Forget a client, and tell the disconnect handler."""
        match = self._bindings.rules.match(context.namespace) or Match(context.namespace)
        context.parameters, context.pattern = match.parameters, match.name
        context.identity = self.identities.pop(context.sid, NOBODY)
        context.reason, context.args = reason, (reason,)
        made = self._bindings.occasions.get((match.name, "disconnect"))
        if made is not None:
            try:
                yield from told(made, context, self.settings.override)
            except Exception as error:
                context.error = error
                yield from self._tell(error, context)

    def _tell(self, error: Exception, context: Context) -> Generator[tuple[Function, Args], object, None]:
        """Give an exception of an occasion to whom it may concern, else log it; raise it while testing."""
        failure = self.failure(context, (self._bindings.catches,))
        refused = isinstance(error, SecurityException)  # an answer, which no test must catch
        if failure.propagate and failure.handler is None and failure.plan_for(error) is None and not refused:
            # python-socketio takes a TypeError for a wrong signature and calls the handler again.
            if isinstance(error, TypeError):
                raise AsynctionException(f"the {context.event} handler raised {error!r}") from error
            raise error
        yield from failed(error, replace(failure, propagate=False), context)

    def is_hidden(self, namespace: str, sid: str) -> bool:
        """Whether a client has not shown yet that it may be in a namespace that demands credentials."""
        access = self._bindings.access
        if access is None or sid in self.identities:
            return False
        match = self._bindings.rules.match(namespace)
        return match is not None and bool(access.required.get(match.name))

    # Sending -----------------------------------------------------------------------------------

    def addressed(self, name: str | None, current: str | None) -> str:
        """The namespace that is meant: of a pattern, the one in which an event is being handled."""
        namespace = namespace_name(name or "/")
        if namespace not in self._bindings.contract.namespaces or not is_pattern(namespace):
            return namespace
        match = self._bindings.rules.match(current) if current is not None else None
        if match is None or match.name != namespace:
            raise UnknownEventException(f"`{namespace}` has parameters: name one of its namespaces")
        return str(current)

    def sent(self, namespace: str, event: str) -> Rules | None:
        """The rules of an event to send; None where nothing holds it. Raises UnknownEventException."""
        if self._bindings.is_open:
            return None
        try:
            return self._bindings.rules.sent(namespace, event)
        except UnknownEventException as error:
            if self._bindings.strict:
                raise
            log.warning("%s; it is sent unchecked", error)
            return None

    def acknowledge(self, rules: Rules, namespace: str, callback: Function, args: Args) -> Flow:
        """The flow of an acknowledgement of a client's: checked, and given to `callback`."""
        context = self.context(namespace, rules.event.name, "", args)
        context.pattern = rules.namespace
        return answered(
            acknowledged(rules, callback, args),
            partial(self.failure, context, (self._bindings.catches,)),
            context,
        )


def outgoing(rules: Rules | None, value: object, more: Args = ()) -> Args:
    """What is emitted as a tuple of args, checked; raises PayloadValidationException."""
    validator = rules.args if rules is not None else None
    packed = (plain(value), *map(plain, more)) if more else pack(plain(value), validator)
    return packed if rules is None else checked_args(rules, packed)


def choose_server(contract: Contract, name: str | None) -> Server | None:
    """The server of this name, or the only one; raises DocumentError where there is none of the name."""
    if name is None:
        return next(iter(contract.servers.values())) if len(contract.servers) == 1 else None
    if name not in contract.servers:
        near = did_you_mean(name, contract.servers)
        file = contract.files[0] if contract.files else "<mapping>"
        place = Place(file, None, None, "/servers")
        raise DocumentError([problem_at(place, "server-name", f"the document has no server `{name}`{near}")])
    return contract.servers[name]
