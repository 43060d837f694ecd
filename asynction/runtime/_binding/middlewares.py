"""Finds the middlewares of each event, the outermost first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from asynction.contract import Contract, Event, Target, namespace_name
from asynction.exceptions import NotEnabledError, UnknownEventException
from asynction.runtime._binding.binder import ASYNC, Binder, is_async
from asynction.runtime._binding.host import LIFECYCLE_EVENTS
from asynction.runtime._binding.router import Router
from asynction.runtime._flow import Middleware


@dataclass(frozen=True, slots=True)
class _Scoped:
    """A middleware and its scope: a namespace and events; None and no events mean all."""

    middleware: Middleware
    namespace: str | None
    events: frozenset[str]

    def covers(self, namespace: str, event: str) -> bool:
        return self.namespace in (None, namespace) and (not self.events or event in self.events)


class Middlewares:
    """The middlewares of one server: from the contract, from code, and from routers."""

    def __init__(
        self, contract: Contract, *, allow_async: bool, strict: bool, has_connections: bool = True
    ) -> None:
        self._contract = contract
        self._allow_async = allow_async
        self._strict = strict
        self._has_connections = has_connections
        self._named: dict[Target, _Scoped] = {}
        self._added: list[_Scoped] = []
        self._of_routers: dict[Router, list[_Scoped]] = {}

    def bind(self, binder: Binder) -> None:
        """Import the middlewares that the contract names; report problems to `binder`."""
        for target in _targets(self._contract):
            found = binder.named(target)
            if found is not None:
                try:
                    self._named[target] = self._scoped(found)
                except (TypeError, NotEnabledError) as error:
                    binder.report(target.location, "handler", f"`{target.path}`: {error}")

    def add(
        self, middleware: object, namespace: str | None = None, events: Iterable[str] | None = None
    ) -> None:
        """Add a middleware from code, inside those that were added before.

        Raises TypeError for an object that cannot be a middleware here, and UnknownEventException if the
        contract has no such namespace or event.
        """
        scoped = self._scoped(middleware, namespace, events)
        for event in sorted(scoped.events):
            self._check_event(scoped.namespace, event)
        if self._strict and scoped.namespace not in (None, *self._contract.namespaces):
            raise UnknownEventException(f"the contract has no namespace `{scoped.namespace}`")
        self._added.append(scoped)

    def around(self, namespace: str, event: Event, routers: Iterable[Router]) -> tuple[Middleware, ...]:
        """Return the middlewares of an event: the document's, then the server's, then the routers'."""
        known = self._contract.namespaces.get(namespace)
        targets = (
            *self._contract.middlewares,
            *(known.middlewares if known is not None else ()),
            *event.middlewares,
        )
        named = [self._named[target] for target in targets if target in self._named]
        grouped = [one for router in routers for one in self._of(router)]
        chain = (*named, *self._added, *grouped)
        return tuple(one.middleware for one in chain if one.covers(namespace, event.name))

    def around_lifecycle(self, namespace: str, event: str) -> tuple[Middleware, ...]:
        """Return the middlewares around `connect` or `disconnect`: those that name it in their events."""
        known = self._contract.namespaces.get(namespace)
        targets = (*self._contract.middlewares, *(known.middlewares if known is not None else ()))
        chain = (*(self._named[target] for target in targets if target in self._named), *self._added)
        return tuple(one.middleware for one in chain if event in one.events and one.covers(namespace, event))

    def _of(self, router: Router) -> list[_Scoped]:
        """Return the middlewares of a router; a class is instantiated only once."""
        if router not in self._of_routers:
            self._of_routers[router] = [self._scoped(one) for one in router.middlewares]
        return self._of_routers[router]

    def _scoped(
        self, middleware: object, namespace: str | None = None, events: Iterable[str] | None = None
    ) -> _Scoped:
        """Return a middleware with its scope: the one given here, else its own attributes."""
        made = self._instance(middleware)
        scope = namespace if namespace is not None else getattr(made, "namespace", None)
        names = events if events is not None else getattr(made, "events", ())
        chosen = frozenset((names,) if isinstance(names, str) else names)
        return _Scoped(made, namespace_name(scope) if scope is not None else None, chosen)

    def _instance(self, middleware: object) -> Middleware:
        """Return a middleware that the server can run: a function, or an object with `around`.

        Raises TypeError.
        """
        made = middleware() if isinstance(middleware, type) else middleware
        if not (hasattr(made, "around") or callable(made)):
            raise TypeError(f"a middleware is a function or a BaseMiddleware, not a {type(made).__name__}")
        # `BaseMiddleware.asynchronous` also raises TypeError, for a method with a wrong signature.
        awaits = getattr(made, "asynchronous", is_async(made))
        if awaits and not self._allow_async:
            name = getattr(made, "__qualname__", type(made).__name__)
            instead = getattr(made, "instead", "")
            raise TypeError(f"the middleware `{name}` {ASYNC}{'; ' if instead else ''}{instead}")
        return made

    def _check_event(self, namespace: str | None, event: str) -> None:
        if event in LIFECYCLE_EVENTS:
            if not self._has_connections:
                raise UnknownEventException(f"middleware of a client does not run for `{event}`")
            return
        if self._strict and not any(
            event in each.receives
            for name, each in self._contract.namespaces.items()
            if namespace in (None, name)
        ):
            raise UnknownEventException(f"the contract receives no event `{event}` for a middleware")


def _targets(contract: Contract) -> list[Target]:
    found = list(contract.middlewares)
    for namespace in contract.namespaces.values():
        found += namespace.middlewares
        for event in namespace.receives.values():
            found += event.middlewares
    return found
