"""Binds the handlers, middlewares and exception handlers of one server to its contract."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Mapping
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
from asynction.runtime._binding.modules import allowed_modules
from asynction.runtime._binding.resolver import Resolver, collisions
from asynction.runtime._binding.router import Registration, Router
from asynction.runtime._binding.security import ContractSecurity
from asynction.runtime._context import Context
from asynction.runtime._errors import naming_event
from asynction.runtime._flow import Endpoint, Function, Middleware
from asynction.runtime._injection.hooks import HookPlans
from asynction.runtime._injection.plan import CallSpec, Convention, Node, Plan, dependency_node, is_hashable
from asynction.runtime._routes import Routes
from asynction.runtime._schemas import ContractSchemas, EventSchemas

NO_CONTRACT = Contract(Info("", ""), {}, {}, {})

log = logging.getLogger("asynction")


@dataclass(frozen=True, slots=True)
class _Bound:
    """A bound handler: the parts of its endpoint that never change."""

    schemas: EventSchemas
    plan: Plan
    routers: tuple[Router, ...]
    hooks: HookPlans | None = None


class HandlerRegistry:
    """Binds handlers to a contract at load, and writes what it binds into the tables of `routes`.

    Without a contract every event may be bound. The Service reads `routes` while the server runs.

    Args:
        contract: the contract; None for a server without one.
        host: the functions that the adapter provides.
        server: the server of the document that is served; its security is the default for namespaces.
        validation: whether to check args and acks against their schemas.
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
        self.has_contract = contract is not None
        self.contract = NO_CONTRACT if contract is None else contract
        self.strict = strict and contract is not None
        self.server = server
        self.host = host
        self.routes = Routes(self.contract, ContractSchemas(self.contract, validation=validation))
        self.overrides: dict[Function, Function] = {}
        self._security_functions = security_functions
        self._allowed = allowed_modules(handlers)
        self._middlewares = Middlewares(
            self.contract,
            allow_async=host.is_async,
            strict=self.strict,
            has_connections=host.has_connections,
        )
        self._bound: dict[tuple[str, str], _Bound] = {}
        self._unchecked: set[str] = set()
        self._unresolved: dict[tuple[str, str], Problem] = {}
        self._router_handlers: dict[Router, _LazyPlans] = {}

    # Binding -----------------------------------------------------------------------------------

    def bind_contract(self, resolver: Resolver | None = None) -> None:
        """Import and bind the code that the contract names or `resolver` finds; raise DocumentError."""
        binder = self.binder()
        self.routes.security = ContractSecurity(self.contract, self.server, binder, self._security_functions)
        self.routes.guards.update(self.routes.security.guards)
        self.bind_handlers(binder, resolver)
        if self.server is not None and self.server.protocol not in SERVED_PROTOCOLS:
            name, protocol = self.server.name, self.server.protocol
            message = f"the server `{name}` uses the protocol `{protocol}`, which is not supported"
            binder.report(self.server.location, "protocol", message)
        binder.finish()
        self._build()

    def bind_handlers(self, binder: Binder, resolver: Resolver | None = None) -> None:
        """Import and bind the handlers and middleware of the contract; report problems to `binder`."""
        self._middlewares.bind(binder)
        if resolver is not None:
            binder.problems += collisions(resolver, self.contract, self._bound)
        for namespace in self.contract.namespaces.values():
            for name, target in _lifecycle_targets(namespace, resolver):
                if name == "error":  # the error handler of the namespace, not an event with this name
                    self._bind_error(binder, namespace.name, target)
                else:
                    self._bind_target(binder, namespace.name, name, target)
            for event in namespace.receives.values():
                if event.handler is not None:
                    self._bind_target(binder, namespace.name, event.name, event.handler)
                elif resolver is not None and (namespace.name, event.name) not in self._bound:
                    self._bind_resolved(binder, namespace, event, resolver)

    def binder(self) -> Binder:
        """Return a Binder for functions that the server can run."""
        return Binder(
            allow_async=self.host.is_async,
            prepare_security=self.host.prepare_security,
            allowed=self._allowed,
            validation=self.routes.schemas.validation,
        )

    def bind(self, registration: Registration) -> bool:
        """Bind a handler from code; return False if the adapter must register it itself (namespace `*`).

        Raises UnknownEventException if the contract has no such event (`strict=False` warns), and
        DocumentError if the handler cannot be served.
        """
        binder, handler = self.binder(), registration.handler
        target = Target(_name(handler), self._location(registration.namespace, registration.event))
        if binder.checked(handler, target) is not None:
            if registration.namespace == "*" and self.host.any_namespace is None:
                self.reject_unknown(naming_event("a contract has no namespace `*`", registration.event))
                return False
            self._bind(binder, registration, target)
        binder.finish()
        return True

    def bind_registration(self, registration: Registration) -> None:
        """Bind a handler of a router; raise as `bind` does."""
        self.bind(registration)

    def _bind_error(self, binder: Binder, namespace: str, target: Target) -> None:
        handler = binder.function(target)
        plan = binder.plan(handler, target, self._error_handler_spec()) if handler is not None else None
        if plan is not None:
            self.routes.error_handlers[namespace] = {Exception: plan}

    def _bind_target(self, binder: Binder, namespace: str, event: str, target: Target) -> None:
        handler = binder.function(target)
        if handler is None:
            return
        # A handler that code has bound already replaces that of the document.
        if (namespace, event) not in self._bound and (namespace, event) not in self.routes.lifecycle:
            self._bind(binder, Registration(namespace, event, handler), target)

    def _bind_resolved(self, binder: Binder, namespace: Namespace, event: Event, resolver: Resolver) -> None:
        """Bind the function that a resolver finds; code may still bind an event whose function is missing."""
        path = resolver(namespace, event.name)
        if path is None:
            return
        target, missing = Target(path, event.location), list[Problem]()
        handler = binder.function(target, missing)
        if handler is not None:
            self._bind(binder, Registration(namespace.name, event.name, handler), target)
        for problem in missing:
            self._unresolved[namespace.name, event.name] = problem

    def _bind(self, binder: Binder, registration: Registration, target: Target) -> None:
        """Bind one handler to one event or lifecycle event; `target` names it in problems."""
        namespace, event = registration.namespace, registration.event
        known = self.contract.namespaces.get(namespace)
        spec = self._spec(
            event if event in (*LIFECYCLE_EVENTS, "*") else "event",
            any_namespace=namespace == "*",
            parameters=tuple(known.parameters) if known is not None else (),
            response_model=registration.response_model,
        )
        # The contract says how many args there are: `sid` is passed only to a handler that has room for it.
        if known is not None and (event in LIFECYCLE_EVENTS or event in known.receives):
            spec = replace(spec, convention=replace(spec.convention, preferred=False))
        for router in registration.routers:
            self._router_handlers.setdefault(router, _LazyPlans(router.handlers, self.catch)).check()
        if event in LIFECYCLE_EVENTS:
            if known is None:
                self.reject_unknown(naming_event(f"the contract has no namespace `{namespace}`", event))
            self._bind_lifecycle(binder, registration, target, spec)
        else:
            self._bind_event(binder, registration, target, spec)

    def _bind_lifecycle(
        self, binder: Binder, registration: Registration, target: Target, spec: CallSpec
    ) -> None:
        namespace, event = registration.namespace, registration.event
        spec = replace(spec, min_args=1, max_args=1, is_lifecycle=True)
        plan = binder.plan(registration.handler, target, spec)
        if plan is not None:
            self.routes.lifecycle[namespace, event] = self._with_router_dependencies(
                binder, registration, target, spec, plan
            )
            self.host.register(namespace, event)

    def _bind_event(self, binder: Binder, registration: Registration, target: Target, spec: CallSpec) -> None:
        namespace, event, handler = registration.namespace, registration.event, registration.handler
        schemas = self._schemas_of(namespace, event)
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
        is_shaped = hooks is not None and (hooks.style is not None or hooks.dehydrate is not None)
        if schemas.event.ack is not None and not is_shaped:
            binder.check_ack_model(handler, target, spec, schemas.event.ack, schemas.ack)
        plan = self._with_router_dependencies(binder, registration, target, spec, plan)
        if hooks is not None and hooks.given is not None:
            given = self._with_router_dependencies(binder, registration, target, spec, hooks.given)
            hooks = replace(hooks, given=given)
        bound = _Bound(schemas, plan, registration.routers, hooks)
        endpoint = self._endpoint(bound)
        if binder.problems:
            return
        if namespace == "*":
            self.routes.anywhere[event] = partial(self._wildcard, bound)
        elif event == "*":
            self.routes.wildcards[namespace] = partial(self._wildcard, bound)
        else:
            self._bound[namespace, event], self.routes.endpoints[namespace, event] = bound, endpoint
        self.host.register(namespace, event)

    def _spec(
        self,
        kind: str,
        parameters: tuple[str, ...] = (),
        response_model: object = None,
        *,
        any_namespace: bool = False,
    ) -> CallSpec:
        """Return how this server calls a handler of this kind."""
        conventions = (self.host.any_namespace or {}) if any_namespace else self.host.conventions
        return CallSpec(
            convention=conventions.get(kind, Convention()),
            parameters=parameters,
            providers={Context: _itself, **self.host.providers},
            response_model=response_model,
            prepare=self.host.prepare,
        )

    def _error_handler_spec(self) -> CallSpec:
        return replace(self._spec("error"), min_args=1, max_args=1, is_lifecycle=True, raw=True)

    def _schemas_of(self, namespace: str, event: str) -> EventSchemas:
        """Return the schemas of an event to bind; for an unknown event raise, or warn and check nothing."""
        if not self.has_contract:
            return EventSchemas.unchecked(namespace, event)
        try:
            return self.routes.schemas.received(namespace, event)
        except UnknownEventException as error:
            self.reject_unknown(naming_event(str(error), event), error)
            return EventSchemas.unchecked(namespace, event)

    def reject_unknown(self, message: str, cause: Exception | None = None) -> None:
        """Raise UnknownEventException with `message`; with `strict=False`, warn."""
        if self.strict:
            raise UnknownEventException(message) from cause
        if self.has_contract and message not in self._unchecked:
            self._unchecked.add(message)
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
        """Put a middleware around the events of a namespace, the events with these names, or all events.

        Raises TypeError for an object that cannot be a middleware here, and UnknownEventException if the
        contract has no such namespace or event.
        """
        self._middlewares.add(middleware, namespace, events)
        self._build()

    def lifecycle_middlewares(self, namespace: str, event: str) -> tuple[Middleware, ...]:
        """Return the middlewares around `connect` or `disconnect` of a namespace."""
        return self._middlewares.around_lifecycle(namespace, event)

    def _build(self) -> None:
        """Rebuild all endpoints with the middlewares that are known by now."""
        for key, bound in self._bound.items():
            self.routes.endpoints[key] = self._endpoint(bound)

    def _endpoint(self, bound: _Bound) -> Endpoint:
        """Return the endpoint of a bound handler, with the middlewares that are known by now."""
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
        """Return the endpoint of an event that a handler for `*`, or for the namespace `*`, handles."""
        return self._endpoint(replace(bound, schemas=schemas))

    def _with_router_dependencies(
        self, binder: Binder, registration: Registration, target: Target, spec: CallSpec, plan: Plan
    ) -> Plan:
        """Return the plan with the dependencies of the handler's routers before its own."""
        marks = [mark for router in registration.routers for mark in router.dependencies]
        nodes = [node for mark in marks if (node := binder.node(mark, target, spec)) is not None]
        return replace(plan, dependencies=(*nodes, *plan.dependencies)) if nodes else plan

    def catch(self, handler: Function) -> Plan:
        """Plan an exception handler; raise DocumentError if it cannot be served."""
        binder = self.binder()
        target = Target(_name(handler), Location("<code>", None, None, ""))
        function = binder.checked(handler, target)
        plan = binder.plan(function, target, self._error_handler_spec()) if function is not None else None
        binder.finish()
        return cast("Plan", plan)  # without a plan, `finish` has raised

    def override(self, node: Node) -> Node:
        """Return the replacement of a dependency in a test (`dependency_overrides`), or the dependency."""
        replaced = node.plan.function
        function = self.overrides.get(replaced) if is_hashable(replaced) else None
        return (
            node
            if function is None
            else dependency_node(function, node.key, self._spec("event"), node.scopes)
        )

    def check_complete(self) -> None:
        """Raise DocumentError if an event that the contract receives has no handler.

        An exception handler that a router has got since it was bound may raise it, too.
        """
        for plans in self._router_handlers.values():
            plans.check()
        missing = [
            self._unresolved.get((name, event.name)) or _no_handler(name, event)
            for name, namespace in self.contract.namespaces.items()
            for event in namespace.receives.values()
            if not self.routes.handles(name, event.name)
        ]
        if missing and self.strict:
            raise DocumentError(missing)
        for problem in missing:
            log.warning("%s", problem)


class _LazyPlans(dict[type[BaseException], Plan]):
    """The exception handlers of a router, planned on first use: a router may get more at any time."""

    def __init__(
        self, handlers: Mapping[type[BaseException], Function], make: Callable[[Function], Plan]
    ) -> None:
        super().__init__()
        self._handlers = handlers
        self._make = make

    def check(self) -> None:
        """Raise DocumentError for a handler that cannot be planned."""
        for handler in self._handlers.values():
            self._make(handler)

    def __contains__(self, kind: object) -> bool:
        return kind in self._handlers

    def __missing__(self, kind: type[BaseException]) -> Plan:
        plan = self[kind] = self._make(self._handlers[kind])
        return plan


def _lifecycle_targets(namespace: Namespace, resolver: Resolver | None) -> Iterable[tuple[str, Target]]:
    """Yield the handlers of lifecycle events and errors; those found by `resolver` need not exist."""
    for name in (*LIFECYCLE_EVENTS, "error"):
        target: Target | None = getattr(namespace.handlers, name)
        if target is None and name in getattr(resolver, "optional", ()) and resolver is not None:
            path = resolver(namespace, name)
            if path is not None and _exists(path):
                target = Target(path, namespace.location)
        if target is not None:
            yield name, target


def _no_handler(namespace: str, event: Event) -> Problem:
    text = f"the event `{event.name}` of `{namespace}` has no handler"
    return problem_at(event.location, "no-handler", text)


def _exists(path: str) -> bool:
    """Return whether a function exists; also True if its module fails, which binding then reports."""
    try:
        import_path(path)
    except BindingError as error:
        return not error.is_missing
    return True


def _name(handler: Function) -> str:
    return getattr(handler, "__qualname__", repr(handler))


def _itself(context: Context) -> Context:
    return context


def handler_problems(
    contract: Contract, provided: Iterable[type] = (), handlers: Collection[str] | None = None
) -> list[Problem]:
    """Import every handler that a contract names and return the problems that occur on every server.

    `provided` are the classes of parameters that servers can inject, `handlers` the modules that the document
    may name.
    """
    providers = dict.fromkeys(provided, _nothing)
    found: list[list[Problem]] = []
    for conventions in (FLASK, PYTHON_SOCKETIO):
        host = Host(None, _nothing, _nothing, _nothing, _nothing, conventions, providers, is_async=True)
        registry = HandlerRegistry(contract, host, handlers=handlers)
        binder = registry.binder()
        registry.bind_handlers(binder)
        found.append([*binder.problems, *binder.warnings])
    # The texts of one problem differ by convention, in the number of arguments: compare all but the text.
    everywhere = {(problem.rule, problem.file, problem.pointer) for problem in found[1]}
    return [each for each in found[0] if (each.rule, each.file, each.pointer) in everywhere]


def _nothing(*_: object) -> Any:
    """Replace a function that only a running server has."""
