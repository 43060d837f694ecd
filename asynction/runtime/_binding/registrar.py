"""What code adds to a party to a contract, a server or a client."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

from asynction.runtime._binding.router import Router

if TYPE_CHECKING:
    from asynction.runtime._binding.registry import HandlerRegistry

F = TypeVar("F", bound=Callable[..., Any])


class Registrar:
    """The methods by which code adds to what a contract binds; `_bindings` is what they add to."""

    _registry: HandlerRegistry

    def add_router(self, router: Router) -> None:
        """Attach a router: its handlers, also those to come, are bound and held to the contract.

        Raises as `on` does.
        """
        router.subscribe(self._registry.bind_registration)

    def add_middleware(
        self,
        middleware: object,
        namespace: str | None = None,
        events: Iterable[str] | str | None = None,
        *,
        global_middleware: bool = False,
    ) -> None:
        """Put a middleware around received events: of a namespace, of these names, or all.

        The first that is added is the outermost; `global_middleware` says in a word that it is for all.
        Raises TypeError for what cannot be one here, UnknownEventException for events that there are none of.
        """
        if global_middleware and (namespace is not None or events is not None):
            raise TypeError("a middleware is for all events, or for some")
        self._registry.add_middleware(middleware, namespace, events)

    def exception_handler(self, kind: type[BaseException]) -> Callable[[F], F]:
        """Register who answers an exception of this class: what it returns acknowledges the event."""

        def decorator(handler: F) -> F:
            self._registry.exception_handlers[kind] = self._registry.catch(handler)
            return handler

        return decorator
