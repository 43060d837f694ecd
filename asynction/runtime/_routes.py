"""The tables in which a running server looks up what an event or a connection leads to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from asynction.contract import Contract, Requirements
from asynction.exceptions import AsynctionException
from asynction.runtime._binding.security import ContractSecurity
from asynction.runtime._flow import Endpoint
from asynction.runtime._injection.plan import Plan
from asynction.runtime._namespaces import Match
from asynction.runtime._schemas import ContractSchemas, EventSchemas
from asynction.security import Guard


@dataclass(slots=True)
class Routes:
    """Everything that is bound for one contract, by the contract's names of namespaces and events.

    `HandlerRegistry` fills the tables, also while the server runs. `security` is None until the code that
    the contract names has been bound: no client is accepted before.
    """

    contract: Contract
    schemas: ContractSchemas
    endpoints: dict[tuple[str, str], Endpoint] = field(default_factory=dict)
    wildcards: dict[str, Callable[[EventSchemas], Endpoint]] = field(default_factory=dict)
    lifecycle: dict[tuple[str, str], Plan] = field(default_factory=dict)
    exception_handlers: dict[type[BaseException], Plan] = field(default_factory=dict)
    error_handlers: dict[str, dict[type[BaseException], Plan]] = field(default_factory=dict)
    guards: dict[str, Guard] = field(default_factory=dict)
    security: ContractSecurity | None = None

    def match(self, namespace: str) -> Match | None:
        """Return the namespace of the contract that a client's namespace belongs to, if any."""
        return self.schemas.match(namespace)

    def endpoint(self, namespace: str, event: str) -> Endpoint | None:
        """Return what handles an event: its own handler, else that of `*` in its namespace."""
        endpoint = self.endpoints.get((namespace, event))
        if endpoint is None and namespace in self.wildcards:
            known = self.schemas.receives.get(namespace, {}).get(event)
            return self.wildcards[namespace](known or EventSchemas.unchecked(namespace, event))
        return endpoint

    def handles(self, namespace: str, event: str) -> bool:
        """Return whether an event has a handler of its own, or its namespace one for `*`."""
        return (namespace, event) in self.endpoints or namespace in self.wildcards

    @property
    def bound(self) -> list[tuple[str, str]]:
        """The namespace and the name of each event and lifecycle event that has a handler by now."""
        return [*self.endpoints, *self.lifecycle]

    @property
    def answers_exceptions(self) -> bool:
        """Whether code decides what some exceptions are answered with."""
        return bool(self.exception_handlers or self.error_handlers)

    def required(self, namespace: str) -> Requirements:
        """Return the credentials that a namespace demands; raise AsynctionException before code is bound."""
        return self._security().required.get(namespace, ())

    def offered(self, namespace: str) -> tuple[str, ...]:
        """Return the schemes that events of a namespace demand: a client may show these when it connects."""
        known = self.contract.namespaces.get(namespace)
        return self._security().offered(known) if known is not None else ()

    def demands_credentials(self, namespace: str) -> bool:
        """Return whether clients of a namespace must show who they are; False before code is bound."""
        match = self.match(namespace) if self.security is not None else None
        return match is not None and self.is_demanding(match.name)

    def is_demanding(self, namespace: str) -> bool:
        """Return the same for a namespace by the contract's name."""
        return self.security is not None and bool(self.security.required.get(namespace))

    def _security(self) -> ContractSecurity:
        if self.security is None:
            raise AsynctionException("the server has no app yet")
        return self.security

    def error_handlers_for(
        self, namespace: str, nearest: tuple[Mapping[type[BaseException], Plan], ...] = ()
    ) -> tuple[Mapping[type[BaseException], Plan], ...]:
        """Return the exception handlers for an event, the nearest first, with the namespace's own last."""
        chain = nearest or (self.exception_handlers,)
        own = self.error_handlers.get(namespace)
        return chain if own is None else (*chain, own)
