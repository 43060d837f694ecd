"""Routers: groups of handlers below one namespace, declared before the server is created."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar, overload
from weakref import WeakMethod

from asynction.contract import namespace_name
from asynction.inject import Dependency
from asynction.runtime._injection.hooks import HandlerStyle

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Registration:
    """A handler that code registers for an event.

    Args:
        namespace: the namespace of the event.
        event: the name of the event, `connect`, `disconnect`, or `*` for all other events.
        handler: the function to call.
        response_model: the type of the acknowledgement, instead of the handler's return annotation.
        routers: the routers that it was registered on, the outermost first.
        hooks: hooks by name, instead of those that the contract names.
        style: how the handler is called, if not with the args of the event.
    """

    namespace: str
    event: str
    handler: Callable[..., object]
    response_model: object = None
    routers: tuple[Router, ...] = ()
    hooks: Mapping[str, Callable[..., object]] = field(default_factory=dict, compare=False)
    style: HandlerStyle | None = None


class Router:
    """A group of handlers below one namespace, with middleware and dependencies of their own.

    Add it to a server with `add_router`, or to another router with `include`.

    Args:
        namespace: the prefix of the namespaces of its handlers.
        middlewares: put around each handler, inside the server's middlewares.
        dependencies: called before each handler; their results are not used.
    """

    def __init__(
        self,
        namespace: str = "/",
        *,
        middlewares: Sequence[object] = (),
        dependencies: Sequence[Dependency] = (),
    ) -> None:
        self.namespace = namespace_name(namespace)
        self.middlewares = tuple(middlewares)
        self.dependencies = tuple(dependencies)
        self.handlers: dict[type[BaseException], Callable[..., object]] = {}
        self._registrations: list[Registration] = []
        self._listeners: list[WeakMethod[Callable[[Registration], None]]] = []

    def on(self, event: str, namespace: str = "/", *, response_model: object = None) -> Callable[[F], F]:
        """Register the handler of an event; `namespace` is below the router's.

        `response_model` is the type of the acknowledgement, instead of the handler's return annotation.
        """

        def decorator(handler: F) -> F:
            self._add(Registration(namespace_name(namespace), event, handler, response_model))
            return handler

        return decorator

    @overload
    def event(self, handler: F, /) -> F: ...

    @overload
    def event(self, /, *, namespace: str = "/", response_model: object = None) -> Callable[[F], F]: ...

    def event(self, handler: Any = None, /, *, namespace: str = "/", response_model: object = None) -> Any:
        """Register the handler of the event with the function's name; with or without arguments."""

        def decorator(function: F) -> F:
            return self.on(function.__name__, namespace, response_model=response_model)(function)

        return decorator if handler is None else decorator(handler)

    def exception_handler(self, kind: type[BaseException]) -> Callable[[F], F]:
        """Register a handler for exceptions of this class in the router's events.

        It takes the exception and injected parameters; its result acknowledges the event.
        """

        def decorator(handler: F) -> F:
            self.handlers[kind] = handler
            return handler

        return decorator

    def include(self, router: Router) -> None:
        """Put another router's handlers below this one's namespace: `/chat` and `/admin` make `/chat/admin`.

        Raises ValueError if that would be a cycle.
        """
        if router is self or router in self._below():
            raise ValueError("a router cannot include itself")
        router.subscribe(self._add)

    def subscribe(self, listener: Callable[[Registration], None]) -> None:
        """Call a method with each registration, also later ones, for as long as its object lives."""
        self._listeners.append(WeakMethod(listener))
        for registration in self._registrations:
            listener(registration)

    def _below(self) -> set[Router]:
        """Return the routers that include this one, directly or not."""
        found: set[Router] = set()
        for listener in self._listeners:
            owner = getattr(listener(), "__self__", None)
            if isinstance(owner, Router):
                found |= {owner, *owner._below()}
        return found

    def _add(self, registration: Registration) -> None:
        own = replace(
            registration,
            namespace=_joined(self.namespace, registration.namespace),
            routers=(self, *registration.routers),
        )
        self._registrations.append(own)
        for reference in self._listeners:
            listener = reference()
            if listener is not None:
                listener(own)


def _joined(outer: str, inner: str) -> str:
    if inner == "/":
        return outer
    return inner if outer == "/" else outer.rstrip("/") + inner


default_router = Router()
"""The router of `SocketEvent`, which every async server includes."""


def SocketEvent(  # noqa: N802 - a decorator named after what it declares
    event: str, namespace: str = "/", *, response_model: object = None
) -> Callable[[F], F]:
    """Register the handler of an event on every async server, created before or after.

    It is checked against the server's contract like any other handler.
    """
    return default_router.on(event, namespace, response_model=response_model)
