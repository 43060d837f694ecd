"""The security of a contract, bound: the requirements of each namespace, and the security functions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from asynction.contract import Contract, Namespace, Requirements, SecurityScheme, Server, Target
from asynction.runtime._binding.binder import Binder
from asynction.security import SCOPE_FUNCTION, Guard, JwtError, Kind, jwt_function, kind_of


class ContractSecurity:
    """The security requirements of each namespace, and a guard for each scheme that is required anywhere.

    Args:
        contract: the contract.
        server: the server of the document that is served; its security is the default for namespaces.
        binder: imports the security functions, and collects problems.
        functions: security functions by scheme, instead of those in the document.
    """

    def __init__(
        self,
        contract: Contract,
        server: Server | None,
        binder: Binder,
        functions: Mapping[str, Callable[..., object]] | None = None,
    ) -> None:
        inherits = any(namespace.security is None for namespace in contract.namespaces.values())
        by_default = _default(contract, server, binder) if inherits else ()
        self.required: dict[str, Requirements] = {
            name: by_default if namespace.security is None else namespace.security
            for name, namespace in contract.namespaces.items()
        }
        self.guards: dict[str, Guard] = {}
        for name in _demanded(contract, self.required.values()):
            guard = _guard(contract.security_schemes[name], binder, (functions or {}).get(name))
            if guard is not None:
                self.guards[name] = guard

    def offered(self, namespace: Namespace) -> tuple[str, ...]:
        """Return the schemes that events of a namespace require; clients may send their credentials."""
        names = (
            scheme_name
            for event in namespace.receives.values()
            for alternative in event.security
            for scheme_name in alternative
        )
        return tuple(dict.fromkeys(names))


def _demanded(contract: Contract, required: Iterable[Requirements]) -> list[str]:
    """Return the schemes in these requirements, and in those of events."""
    of_events = [
        event.security for namespace in contract.namespaces.values() for event in namespace.receives.values()
    ]
    names = (
        scheme_name
        for requirements in (*required, *of_events)
        for alternative in requirements
        for scheme_name in alternative
    )
    return list(dict.fromkeys(names))


def _default(contract: Contract, server: Server | None, binder: Binder) -> Requirements:
    """Return the security of the chosen server; if none is chosen, all servers must have the same."""
    if server is not None:
        return server.security
    # Any choice of ours could be the weaker one.
    servers = list(contract.servers.values())
    for other in servers[1:]:
        if _demands(other.security) != _demands(servers[0].security):
            message = "the servers differ in their security; choose one with `server_name`"
            binder.report(other.location, "security-server", message)
            break
    return servers[0].security if servers else ()


def _demands(required: Requirements) -> frozenset[frozenset[tuple[str, frozenset[str]]]]:
    """Return requirements in a form that is equal if they mean the same, whatever their order."""
    return frozenset(
        frozenset((name, frozenset(scopes)) for name, scopes in each.items()) for each in required
    )


def _guard(scheme: SecurityScheme, binder: Binder, given: Callable[..., object] | None) -> Guard | None:
    kind = kind_of(scheme)
    if kind is None:
        message = f"the scheme `{scheme.name}` of type `{scheme.type}` cannot be checked on this wire"
        binder.report(scheme.location, "security-unsupported", message)
        return None
    scope_target = _target(scheme, SCOPE_FUNCTION)
    scope_function = _bound(scope_target, 2, binder) if scope_target is not None else None
    if given is not None:
        kind = kind.of_jwt() if "x-jwt" in scheme.fields else kind
        target = Target(getattr(given, "__qualname__", repr(given)), scheme.location)
        return Guard(scheme, kind, binder.prepared(given)) if _suits(given, target, kind, binder) else None
    if "x-jwt" in scheme.fields:
        return _jwt_guard(scheme, kind, scope_function, binder)
    function = _function(scheme, kind, binder)
    return Guard(scheme, kind, function, scope_function) if function is not None else None


def _suits(given: Callable[..., object], target: Target, kind: Kind, binder: Binder) -> bool:
    found = binder.checked(given, target)
    return found is not None and binder.fits(given, target, kind.arity, kind.arity)


def _jwt_guard(
    scheme: SecurityScheme, kind: Kind, scope_function: Callable[..., object] | None, binder: Binder
) -> Guard | None:
    try:
        if not kind.takes_jwt:
            raise JwtError("only bearer, oauth2 and openIdConnect schemes have tokens")
        check = jwt_function(scheme.fields["x-jwt"])
    except JwtError as error:
        binder.report(scheme.location, "security-function", f"`x-jwt` of `{scheme.name}`: {error}")
        return None
    return Guard(scheme, kind.of_jwt(), binder.prepared(check), scope_function, check.leeway)


def _function(scheme: SecurityScheme, kind: Kind, binder: Binder) -> Callable[..., object] | None:
    target = next((found for name in kind.functions if (found := _target(scheme, name)) is not None), None)
    if target is None:
        message = f"the scheme `{scheme.name}` does not name a function; write `{kind.functions[0]}`"
        binder.report(scheme.location, "security-function", message)
        return None
    return _bound(target, kind.arity, binder)


def _bound(target: Target, arity: int, binder: Binder) -> Callable[..., object] | None:
    function = binder.function(target)
    if function is None or not binder.fits(function, target, arity, arity):
        return None
    return binder.prepared(function)


def _target(scheme: SecurityScheme, key: str) -> Target | None:
    path = scheme.fields.get(key)
    return Target(path, scheme.location) if isinstance(path, str) else None
