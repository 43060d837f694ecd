"""Code bound to a contract: every handler, middleware and exception handler of one server."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, cast

from asynction.contract import (
    SERVED_PROTOCOLS,
    Contract,
    Event,
    Hooks,
    Info,
    Namespace,
    Server,
    Target,
)
from asynction.exceptions import DocumentError, UnknownEventException
from asynction.problems import Location, Problem, problem_at
from asynction.runtime._binding.binder import Binder, BindingError, import_path
from asynction.runtime._binding.hooks import bind_hooked
from asynction.runtime._binding.host import FLASK, LIFECYCLE_EVENTS, PYTHON_SOCKETIO, Host
from asynction.runtime._binding.middlewares import Middlewares
from asynction.runtime._binding.resolver import Resolver, collisions
from asynction.runtime._binding.router import Registration, Router
from asynction.runtime._binding.security import ContractSecurity
from asynction.runtime._context import Context
from asynction.runtime._flow import Endpoint, Function
from asynction.runtime._injection.hooks import HookPlans
from asynction.runtime._injection.plan import CallSpec, Convention, Node, Plan, dependency_node, is_hashable
from asynction.runtime._routes import Routes
from asynction.runtime._schemas import ContractSchemas, EventSchemas

NO_CONTRACT = Contract(Info("", ""), {}, {}, {})

log = logging.getLogger("asynction")


@dataclass(frozen=True, slots=True)
class _Bound:
    """A handler as it was bound: what its endpoint is made of."""

    schemas: EventSchemas
    plan: Plan
    routers: tuple[Router, ...]
    hooks: HookPlans | None = None


class HandlerRegistry:
    """Binds handlers to a contract at load, and writes what it binds into the tables of `routes`.

    Without a contract every event may be bound. `routes` belongs to the Service, which reads it while the
    server runs; nothing here is called for an event, but for routers that get handlers later.

    Args:
        contract: the contract; None for a server without one.
        host: what the server can run and provide.
        server: the server of the document that is served: its security is the default.
        validation: whether args and acks are checked against their schemas.
        strict: whether an event that the contract does not have is an error, or a warning.
        security_functions: functions to ask, by scheme, instead of those that the document names.
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
    ) -> None:
        self.has_contract = contract is not None
        self.contract = NO_CONTRACT if contract is None else contract
        self.strict = strict and contract is not None
        self.server = server
        self.host = host
        self.routes = Routes(self.contract, ContractSchemas(self.contract, validation=validation))
        self.overrides: dict[Function, Function] = {}
        self._security_functions = security_functions
        self._middlewares = Middlewares(self.contract, allow_async=host.is_async, strict=self.strict)
        self._bound: dict[tuple[str, str], _Bound] = {}
        self._router_handlers: dict[Router, dict[type[BaseException], Plan]] = {}

    # Binding -----------------------------------------------------------------------------------

    def bind_contract(self, resolver: Resolver | None = None) -> None:
        """Import and bind the code that the contract names, or `resolver` finds; raises DocumentError."""
        binder = self.binder()
        self.routes.security = ContractSecurity(self.contract, self.server, binder, self._security_functions)
        self.routes.guards.update(self.routes.security.guards)
        self.bind_handlers(binder, resolver)
        if self.server is not None and self.server.protocol not in SERVED_PROTOCOLS:
            message = f"the server `{self.server.name}` speaks `{self.server.protocol}`, which is not served"
            binder.report(self.server.location, "protocol", message)
        binder.finish()
        self._build()

    def bind_handlers(self, binder: Binder, resolver: Resolver | None = None) -> None:
        """Import and bind the handlers and middleware that the contract names; notes problems at `binder`."""
        self._middlewares.bind(binder)
        if resolver is not None:
            binder.problems += collisions(resolver, self.contract)
        for namespace in self.contract.namespaces.values():
            for name, target in _lifecycle_targets(namespace, resolver):
                if name == "error":  # not an event of this name, which there may be
                    self._bind_error(binder, namespace.name, target)
                else:
                    self._bind_target(binder, namespace.name, name, target)
            for event in namespace.receives.values():
                found = event.handler or _resolved(resolver, namespace, event)
                if found is not None:
                    self._bind_target(binder, namespace.name, event.name, found)

    def binder(self) -> Binder:
        """A Binder that takes what the server can run."""
        return Binder(allow_async=self.host.is_async, prepare=self.host.prepare)

    def bind(self, registration: Registration) -> bool:
        """Bind a handler that code brings; False where it is the server's own affair (namespace `*`).

        Raises UnknownEventException where the contract has no such event (`strict=False` warns), and
        DocumentError where the handler cannot be served.
        """
        binder, handler = self.binder(), registration.handler
        target = Target(_name(handler), self._location(registration.namespace, registration.event))
        if binder.checked(handler, target) is not None:
            if registration.namespace == "*":
                self.reject_unknown("a contract has no namespace `*`")
                return False
            self._bind(binder, registration, target)
        binder.finish()
        return True

    def bind_registration(self, registration: Registration) -> None:
        """Bind what a router has; raises as `bind` does."""
        self.bind(registration)

    def _bind_error(self, binder: Binder, namespace: str, target: Target) -> None:
        handler = binder.function(target)
        plan = binder.plan(handler, target, self._wanted_of_error()) if handler is not None else None
        if plan is not None:
            self.routes.error_handlers[namespace] = {Exception: plan}

    def _bind_target(self, binder: Binder, namespace: str, event: str, target: Target) -> None:
        handler = binder.function(target)
        if handler is None:
            return
        if (namespace, event) not in self._bound and (namespace, event) not in self.routes.lifecycle:
            # What code bound before goes before the document.
            self._bind(binder, Registration(namespace, event, handler), target)

    def _bind(self, binder: Binder, registration: Registration, target: Target) -> None:
        """Bind one handler to one event or occasion; `target` is how to speak of it."""
        namespace, event = registration.namespace, registration.event
        known = self.contract.namespaces.get(namespace)
        spec = self._spec(
            event if event in (*LIFECYCLE_EVENTS, "*") else "event",
            parameters=tuple(known.parameters) if known is not None else (),
            response_model=registration.response_model,
        )
        if known is not None and (event in LIFECYCLE_EVENTS or event in known.receives):
            spec = replace(spec, convention=replace(spec.convention, preferred=False))
        for router in registration.routers:
            self._router_handlers.setdefault(router, _Planned(router.handlers, self.catch))
        if event in LIFECYCLE_EVENTS:
            if known is None:
                self.reject_unknown(f"the contract has no namespace `{namespace}`")
            self._bind_lifecycle(binder, registration, target, spec)
        else:
            self._bind_event(binder, registration, target, spec)

    def _bind_lifecycle(
        self, binder: Binder, registration: Registration, target: Target, spec: CallSpec
    ) -> None:
        namespace, event = registration.namespace, registration.event
        spec = replace(spec, min_args=1, max_args=1, occasion=True)
        plan = binder.plan(registration.handler, target, spec)
        if plan is not None:
            self.routes.lifecycle[namespace, event] = self._demanding(
                binder, registration, target, spec, plan
            )
            self.host.register(namespace, event)

    def _bind_event(self, binder: Binder, registration: Registration, target: Target, spec: CallSpec) -> None:
        namespace, event, handler = registration.namespace, registration.event, registration.handler
        schemas = self._rules_of(namespace, event)
        if schemas.args is not None:
            spec = replace(spec, min_args=schemas.args.min_args, max_args=schemas.args.max_args, checked=True)
        args, hooks = schemas.event.args if schemas.args is not None else None, None
        if registration.hooks or registration.style is not None or schemas.event.hooks != Hooks():
            hooked = bind_hooked(binder, registration, target, spec, schemas.event, args)
            plan, hooks = (None, None) if hooked is None else hooked
        else:
            plan = binder.plan(handler, target, spec, args)
        if plan is None:
            return
        if schemas.event.ack is not None:
            binder.holds_ack(plan, handler, target, spec, schemas.event.ack)
        plan = self._demanding(binder, registration, target, spec, plan)
        if hooks is not None and hooks.given is not None:
            given = self._demanding(binder, registration, target, spec, hooks.given)
            hooks = replace(hooks, given=given)
        bound = _Bound(schemas, plan, registration.routers, hooks)
        endpoint = self._endpoint(bound)
        if binder.problems:
            return
        if event == "*":
            self.routes.wildcards[namespace] = partial(self._wildcard, bound)
        else:
            self._bound[namespace, event], self.routes.endpoints[namespace, event] = bound, endpoint
        self.host.register(namespace, event)

    def _spec(
        self,
        kind: str,
        parameters: tuple[str, ...] = (),
        response_model: object = None,
    ) -> CallSpec:
        """What a handler of this kind is planned for on this server."""
        return CallSpec(
            convention=self.host.conventions.get(kind, Convention()),
            parameters=parameters,
            providers={Context: _itself, **self.host.providers},
            response_model=response_model,
            prepare=self.host.prepare,
        )

    def _wanted_of_error(self) -> CallSpec:
        return replace(self._spec("error"), min_args=1, max_args=1, occasion=True, raw=True)

    def _rules_of(self, namespace: str, event: str) -> EventSchemas:
        """The rules of an event to bind; of what the contract does not have, rules that leave all open."""
        if not self.has_contract:
            return EventSchemas.unchecked(namespace, event)
        try:
            return self.routes.schemas.received(namespace, event)
        except UnknownEventException as error:
            self.reject_unknown(str(error), error)
            return EventSchemas.unchecked(namespace, event)

    def reject_unknown(self, message: str, cause: Exception | None = None) -> None:
        """Raise UnknownEventException for what the contract does not have; warn where that is allowed."""
        if self.strict:
            raise UnknownEventException(message) from cause
        if self.has_contract:
            log.warning("%s; it is served unchecked", message)

    def _location(self, namespace: str, event: str) -> Location:
        found = self.contract.namespaces.get(namespace)
        if found is None:
            return Location("<code>", None, None, "")
        return found.receives[event].location if event in found.receives else found.location

    # Middleware, dependencies and exception handlers ---------------------------------------------

    def add_middleware(
        self, middleware: object, namespace: str | None = None, events: Iterable[str] | None = None
    ) -> None:
        """Put a middleware around the events of a namespace, the events of these names, or all events.

        Raises TypeError for an object that cannot be a middleware here, and UnknownEventException where the
        contract has no such namespace or event.
        """
        self._middlewares.add(middleware, namespace, events)
        self._build()

    def _build(self) -> None:
        """Make all endpoints anew, of what is known by now."""
        for key, bound in self._bound.items():
            self.routes.endpoints[key] = self._endpoint(bound)

    def _endpoint(self, bound: _Bound) -> Endpoint:
        """Return what handles an event: its handler and everything that is known to go around it by now."""
        chain = self._middlewares.around(bound.schemas.namespace, bound.schemas.event, bound.routers)
        handlers = tuple(self._router_handlers[router] for router in reversed(bound.routers))
        return Endpoint(
            bound.schemas,
            bound.plan,
            self.routes.guards,
            chain,
            (*handlers, self.routes.exception_handlers),
            bound.hooks,
        )

    def _wildcard(self, bound: _Bound, schemas: EventSchemas) -> Endpoint:
        """Return the endpoint of an event whose namespace has a handler for `*`."""
        return self._endpoint(replace(bound, schemas=schemas))

    def _demanding(
        self, binder: Binder, registration: Registration, target: Target, spec: CallSpec, plan: Plan
    ) -> Plan:
        """The same plan with the dependencies of the handler's routers before its own."""
        marks = [mark for router in registration.routers for mark in router.dependencies]
        nodes = [node for mark in marks if (node := binder.node(mark, target, spec)) is not None]
        return replace(plan, dependencies=(*nodes, *plan.dependencies)) if nodes else plan

    def catch(self, handler: Function) -> Plan:
        """Plan an exception handler; raises DocumentError."""
        binder = self.binder()
        target = Target(_name(handler), Location("<code>", None, None, ""))
        function = binder.checked(handler, target)
        plan = binder.plan(function, target, self._wanted_of_error()) if function is not None else None
        binder.finish()
        return cast("Plan", plan)  # where there is none, there was a problem

    def override(self, node: Node) -> Node:
        """The dependency that stands in for another in a test (`dependency_overrides`)."""
        replaced = node.plan.function
        function = self.overrides.get(replaced) if is_hashable(replaced) else None
        return node if function is None else dependency_node(function, node.key, self._spec("event"))

    def check_complete(self) -> None:
        """Raise DocumentError where an event that the contract receives has no handler."""
        missing = [
            problem_at(event.location, "no-handler", f"the event `{event.name}` of `{name}` has no handler")
            for name, namespace in self.contract.namespaces.items()
            for event in namespace.receives.values()
            if not self.routes.handles(name, event.name)
        ]
        if missing and self.strict:
            raise DocumentError(missing)
        for problem in missing:
            log.warning("%s", problem)


class _Planned(dict[type[BaseException], Plan]):
    """The exception handlers of a router, planned when they are first asked: it may get more at any time."""

    def __init__(
        self, handlers: Mapping[type[BaseException], Function], make: Callable[[Function], Plan]
    ) -> None:
        super().__init__()
        self._handlers = handlers
        self._make = make

    def __contains__(self, kind: object) -> bool:
        return kind in self._handlers

    def __missing__(self, kind: type[BaseException]) -> Plan:
        plan = self[kind] = self._make(self._handlers[kind])
        return plan


def _lifecycle_targets(namespace: Namespace, resolver: Resolver | None) -> Iterable[tuple[str, Target]]:
    """The code for a namespace's own occasions; what `resolver` finds for them need not exist."""
    for name in (*LIFECYCLE_EVENTS, "error"):
        target: Target | None = getattr(namespace.handlers, name)
        if target is None and name in getattr(resolver, "optional", ()) and resolver is not None:
            path = resolver(namespace, name)
            if path is not None and _exists(path):
                target = Target(path, namespace.location)
        if target is not None:
            yield name, target


def _resolved(resolver: Resolver | None, namespace: Namespace, event: Event) -> Target | None:
    path = resolver(namespace, event.name) if resolver is not None else None
    return Target(path, event.location) if path is not None else None


def _exists(path: str) -> bool:
    try:
        import_path(path)
    except BindingError:
        return False
    return True


def _name(handler: Function) -> str:
    return getattr(handler, "__qualname__", repr(handler))


def _itself(context: Context) -> Context:
    return context


def handler_problems(contract: Contract, provided: Iterable[type] = ()) -> list[Problem]:
    """Import every handler that a contract names and say what is wrong, whatever server is to run it.

    `provided` are the classes that the servers give to parameters annotated with them.
    """
    providers = dict.fromkeys(provided, _nothing)
    found: list[list[Problem]] = []
    for conventions in (FLASK, PYTHON_SOCKETIO):
        host = Host(None, _nothing, _nothing, _nothing, _nothing, conventions, providers, is_async=True)
        registry = HandlerRegistry(contract, host)
        binder = registry.binder()
        registry.bind_handlers(binder)
        found.append(binder.problems)
    # The conventions may say the same thing in other numbers.
    everywhere = {(problem.rule, problem.file, problem.pointer) for problem in found[1]}
    return [each for each in found[0] if (each.rule, each.file, each.pointer) in everywhere]


def _nothing(*_: object) -> Any:
    """Stand for what only a running server does."""
