"""The methods that servers and clients share: routers, middlewares and exception handlers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from asynction.runtime._binding.router import Router
from asynction.runtime._service import Service

F = TypeVar("F", bound=Callable[..., Any])


class Registrar:
    """A mixin for servers and clients that adds routers, middlewares and exception handlers."""

    _service: Service

    def add_router(self, router: Router) -> None:
        """Bind the handlers of a router to the contract, also those added later; raise as `on` does."""
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
            middleware: a function, a BaseMiddleware, or a class of one.
            namespace: handle only the events of this namespace.
            events: handle only the events with these names.
            global_middleware: state explicitly that it handles all events.

        Raises:
            TypeError: the object cannot be a middleware here, or there is a scope and `global_middleware`.
            UnknownEventException: the contract has no such namespace or event.
        """
        if global_middleware and (namespace is not None or events is not None):
            raise TypeError("`global_middleware` handles all events: give no `namespace` and no `events`")
        self._service.add_middleware(middleware, namespace, events)

    def exception_handler(self, kind: type[BaseException]) -> Callable[[F], F]:
        """Register a handler for exceptions of a class: its result acknowledges the event."""

        def decorator(handler: F) -> F:
            self._service.add_exception_handler(kind, handler)
            return handler

        return decorator

    @property
    def dependency_overrides(self) -> dict[Callable[..., object], Callable[..., object]]:
        """Return the replacements of dependencies in tests: `overrides[get_db] = get_test_db`."""
        return self._service.dependency_overrides

    @dependency_overrides.setter
    def dependency_overrides(self, overrides: dict[Callable[..., object], Callable[..., object]]) -> None:
        self._service.dependency_overrides = overrides
