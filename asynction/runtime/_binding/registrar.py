"""The methods by which code adds to a server or a client."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from asynction.runtime._binding.router import Router
from asynction.runtime._service import Service

F = TypeVar("F", bound=Callable[..., Any])


class Registrar:
    """A mixin for servers and clients: routers, middlewares and exception handlers go to their Service."""

    _service: Service

    def add_router(self, router: Router) -> None:
        """Attach a router: its handlers, also those that it gets later, are bound to the contract.

        Raises as `on` does.
        """
        self._service.add_router(router)

    def add_middleware(
        self,
        middleware: object,
        namespace: str | None = None,
        events: Iterable[str] | str | None = None,
        *,
        global_middleware: bool = False,
    ) -> None:
        """Put a middleware around received events; the first that is added is the outermost.

        Args:
            middleware: a function, a BaseMiddleware, or the class of one.
            namespace: the namespace whose events it goes around; None for all.
            events: the names of the events that it goes around; None for all.
            global_middleware: says explicitly that it goes around all events.

        Raises TypeError for an object that cannot be a middleware here, and UnknownEventException where the
        contract has no such namespace or event.
        """
        if global_middleware and (namespace is not None or events is not None):
            raise TypeError("a middleware is for all events, or for some")
        self._service.add_middleware(middleware, namespace, events)

    def exception_handler(self, kind: type[BaseException]) -> Callable[[F], F]:
        """Register what answers exceptions of a class: what it returns acknowledges the event."""

        def decorator(handler: F) -> F:
            self._service.add_exception_handler(kind, handler)
            return handler

        return decorator

    @property
    def dependency_overrides(self) -> dict[Callable[..., object], Callable[..., object]]:
        """The functions to call instead of dependencies, in tests: `overrides[get_db] = get_test_db`."""
        return self._service.dependency_overrides

    @dependency_overrides.setter
    def dependency_overrides(self, overrides: Mapping[Callable[..., object], Callable[..., object]]) -> None:
        self._service.dependency_overrides = dict(overrides)
