"""The security of a contract made ready: what each namespace demands, and whom to ask about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from asynction.contract import Contract, Namespace, Requirements, SecurityScheme, Server, Target
from asynction.runtime._binding.binder import Binder
from asynction.security import SCOPE_FUNCTION, Guard, JwtError, Kind, jwt_function, kind_of


class ContractSecurity:
    """What it takes to enter each namespace, and the guards of all schemes that anything demands.

    `functions` are asked instead of those that the document names, by scheme. What is wrong is noted at
    `binder`.
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
        """The schemes that events of a namespace demand: asked about where a client offers them."""
        demanded = (name for e in namespace.receives.values() for one in e.security for name in one)
        return tuple(dict.fromkeys(demanded))


def _demanded(contract: Contract, required: Iterable[Requirements]) -> list[str]:
    """The schemes that these requirements, or those of events, name."""
    events = [e.security for n in contract.namespaces.values() for e in n.receives.values()]
    return list(dict.fromkeys(name for each in (*required, *events) for one in each for name in one))


def _default(contract: Contract, server: Server | None, binder: Binder) -> Requirements:
    """The security of the server that is served; of several, none of which is chosen, it must be the same."""
    if server is not None:
        return server.security
    servers = list(contract.servers.values())
    for other in servers[1:]:
        if _demands(other.security) != _demands(servers[0].security):
            message = "the servers differ in what they demand; choose one by `server_name`"
            binder.report(other.location, "security-server", message)
            break
    return servers[0].security if servers else ()


def _demands(required: Requirements) -> frozenset[frozenset[tuple[str, frozenset[str]]]]:
    """The same for requirements that mean the same, in whatever order they are written."""
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
        function, kind = _jwt(scheme, kind, binder), kind.of_jwt()
    else:
        function = _function(scheme, kind, binder)
    return Guard(scheme, kind, function, scope_function) if function is not None else None


def _suits(given: Callable[..., object], target: Target, kind: Kind, binder: Binder) -> bool:
    found = binder.checked(given, target)
    return found is not None and binder.fits(given, target, kind.arity, kind.arity)


def _jwt(scheme: SecurityScheme, kind: Kind, binder: Binder) -> Callable[..., object] | None:
    try:
        if not kind.takes_jwt:
            raise JwtError("only bearer, oauth2 and openIdConnect schemes have tokens")
        return binder.prepared(jwt_function(scheme.fields["x-jwt"]))
    except JwtError as error:
        binder.report(scheme.location, "security-function", f"`x-jwt` of `{scheme.name}`: {error}")
        return None


def _function(scheme: SecurityScheme, kind: Kind, binder: Binder) -> Callable[..., object] | None:
    target = next((found for name in kind.functions if (found := _target(scheme, name)) is not None), None)
    if target is None:
        message = f"the scheme `{scheme.name}` names no function to ask: write `{kind.functions[0]}`"
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
