"""Handlers declared before there is a server, in groups that share a namespace."""

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
    """A handler that routers have for an event; `routers` has the outermost first.

    `hooks` go before those that the contract names; a `form` is how a wire calls handlers of its own kind.
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

    Attach it by `server.add_router`, or to another router by `include`. `middlewares` go around each
    handler, inside the server's; what `dependencies` return is thrown away.
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

        `response_model` is the type that shapes the acknowledgement, instead of the return annotation.
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
        """Register the handler of the event that has the function's name; with or without arguments."""

        def decorator(function: F) -> F:
            return self.on(function.__name__, namespace, response_model=response_model)(function)

        return decorator if handler is None else decorator(handler)

    def exception_handler(self, kind: type[BaseException]) -> Callable[[F], F]:
        """Register who answers an exception of this class that an event of the router's raises.

        What it returns acknowledges the event; it is given the exception, and what it asks for.
        """

        def decorator(handler: F) -> F:
            self.handlers[kind] = handler
            return handler

        return decorator

    def include(self, router: Router) -> None:
        """Put another router's handlers below this one's namespace: `/chat` and `/admin` make `/chat/admin`.

        Raises ValueError where that would make a circle.
        """
        if router is self or router in self._below():
            raise ValueError("a router cannot include itself")
        router.subscribe(self._add)

    def subscribe(self, listener: Callable[[Registration], None]) -> None:
        """Tell a method of all registrations, those to come as well, for as long as its object lives."""
        self._listeners.append(WeakMethod(listener))
        for registration in self._registrations:
            listener(registration)

    def _below(self) -> set[Router]:
        """The routers that are told of this one's registrations, near and far."""
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
"""Where `SocketEvent` registers; every async server has it."""


def SocketEvent(  # noqa: N802 - it is written as a decorator of events
    event: str, namespace: str = "/", *, response_model: object = None
) -> Callable[[F], F]:
    """Register the handler of an event on every async server, before or after it is made.

    Held to a contract like any other handler, where the server has one.
    """
    return default_router.on(event, namespace, response_model=response_model)
