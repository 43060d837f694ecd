"""The tables in which a running server looks up handlers, schemas and security."""

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
    anywhere: dict[str, Callable[[EventSchemas], Endpoint]] = field(default_factory=dict)
    lifecycle: dict[tuple[str, str], Plan] = field(default_factory=dict)
    exception_handlers: dict[type[BaseException], Plan] = field(default_factory=dict)
    error_handlers: dict[str, dict[type[BaseException], Plan]] = field(default_factory=dict)
    guards: dict[str, Guard] = field(default_factory=dict)
    security: ContractSecurity | None = None

    def match(self, namespace: str) -> Match | None:
        """Return the contract's namespace for a client's namespace, with its parameters, or None."""
        return self.schemas.match(namespace)

    def endpoint(self, namespace: str, event: str) -> Endpoint | None:
        """Return the endpoint of an event, else that of `*` in its namespace, else of the namespace `*`."""
        endpoint = self.endpoints.get((namespace, event))
        if endpoint is not None:
            return endpoint
        known = self.schemas.receives.get(namespace, {}).get(event)
        make = self.wildcards.get(namespace)
        if make is None and known is None:  # an event of the contract needs a handler of its own namespace
            make = self.anywhere.get(event) or self.anywhere.get("*")
        return make(known or EventSchemas.unchecked(namespace, event)) if make is not None else None

    def lifecycle_plan(self, namespace: str, event: str) -> Plan | None:
        """Return the plan of a lifecycle event's handler, else of that for the namespace `*`, else None."""
        return self.lifecycle.get((namespace, event)) or self.lifecycle.get(("*", event))

    def handles(self, namespace: str, event: str) -> bool:
        """Return whether an event has a handler, or its namespace a handler for `*`."""
        return (namespace, event) in self.endpoints or namespace in self.wildcards

    @property
    def bound(self) -> list[tuple[str, str]]:
        """Return the namespace and name of each event, lifecycle event and `*` that has a handler so far."""
        return [*self.endpoints, *self.lifecycle, *((namespace, "*") for namespace in self.wildcards)]

    @property
    def answers_exceptions(self) -> bool:
        """Return whether the application has registered exception handlers."""
        return bool(self.exception_handlers or self.error_handlers)

    def required(self, namespace: str) -> Requirements:
        """Return the security requirements of a namespace; raise AsynctionException before code is bound."""
        return self._security().required.get(namespace, ())

    def offered(self, namespace: str) -> tuple[str, ...]:
        """Return the security schemes of a namespace's events: a client may send these when it connects."""
        known = self.contract.namespaces.get(namespace)
        return self._security().offered(known) if known is not None else ()

    def demands_credentials(self, namespace: str) -> bool:
        """Return whether clients of a namespace must authenticate; False before code is bound."""
        match = self.match(namespace) if self.security is not None else None
        return match is not None and self.is_demanding(match.name)

    def is_demanding(self, namespace: str) -> bool:
        """Return whether clients must authenticate, for a namespace by the contract's name."""
        return self.security is not None and bool(self.security.required.get(namespace))

    def _security(self) -> ContractSecurity:
        if self.security is None:
            raise AsynctionException("the server has no app yet")
        return self.security

    def error_handlers_for(
        self, namespace: str, nearest: tuple[Mapping[type[BaseException], Plan], ...] = ()
    ) -> tuple[Mapping[type[BaseException], Plan], ...]:
        """Return the exception handlers for an event, the nearest first, the namespace's last."""
        chain = nearest or (self.exception_handlers,)
        own = self.error_handlers.get(namespace)
        return chain if own is None else (*chain, own)
