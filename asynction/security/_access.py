"""Who may connect and who may send: requirements held against what a client brings.

The flow is a generator like those of the runtime: it yields each function to call with its args and
receives the result, so that it needs not know whether calls are awaited.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from asynction.contract import Requirements, SecurityScheme
from asynction.exceptions import SecurityException
from asynction.security._request import Request
from asynction.security._schemes import Kind

Function: TypeAlias = Callable[..., object]
Calls: TypeAlias = "Generator[tuple[Function, tuple[object, ...]], object, Result]"

_FOREVER = 1e11
"""The year 5138: later than any credential ends, and a number that clocks can count with."""

log = logging.getLogger("asynction")


@dataclass(frozen=True, slots=True)
class Guard:
    """A security scheme with the functions that are asked about it."""

    scheme: SecurityScheme
    kind: Kind
    function: Function
    scope_function: Function | None = None

    def end_of(self, info: Mapping[str, object]) -> float | None:
        """When what was said of a client ends (`exp`), in seconds since the epoch.

        None where that does not matter (no `x-enforceExpiry`), or there is no end; a value that is
        no time has ended already.
        """
        if not self.scheme.fields.get("x-enforceExpiry") or info.get("exp") is None:
            return None
        end = info["exp"]
        if not isinstance(end, int | float) or isinstance(end, bool) or end != end:  # noqa: PLR0124 - NaN
            return 0.0
        return float(min(max(end, 0), _FOREVER))

    def is_over(self, info: Mapping[str, object]) -> bool:
        """Whether what was said of a client has ended."""
        end = self.end_of(info)
        return end is not None and end <= time.time()


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom a connection belongs to: what the function of each scheme said that let the client in."""

    infos: Mapping[str, Mapping[str, object]] = field(default_factory=dict, repr=False)

    @property
    def token_info(self) -> Mapping[str, object] | None:
        """What the first scheme said; None for a client that needed no credentials."""
        return next(iter(self.infos.values()), None)

    @property
    def user(self) -> object:
        """The first scheme's `sub`, or its `uid`."""
        info = self.token_info or {}
        return info.get("sub", info.get("uid"))

    def expiry(self, guards: Mapping[str, Guard]) -> float | None:
        """When the first credential ends that is enforced (`x-enforceExpiry`), in seconds since the epoch."""
        ends = (guards[name].end_of(info) for name, info in self.infos.items())
        return min((end for end in ends if end is not None), default=None)


Result: TypeAlias = "Identity | int"
"""Who it is; or the status that says why nobody is let in."""


def authenticate(
    required: Requirements, guards: Mapping[str, Guard], request: Request
) -> Generator[tuple[Function, tuple[object, ...]], object, Identity]:
    """Find the first alternative that `request` meets; raises SecurityException where there is none."""
    status = 401
    for alternative in required:
        if alternative:
            result = yield from _meet(alternative, guards, request)
            if isinstance(result, Identity):
                return result
            status = max(status, result)
    if any(not alternative for alternative in required):  # `{}`: credentials may be left out
        return Identity()
    raise SecurityException(status)


def _meet(alternative: Mapping[str, tuple[str, ...]], guards: Mapping[str, Guard], request: Request) -> Calls:
    """Ask about every scheme of an alternative; all must agree."""
    infos: dict[str, Mapping[str, object]] = {}
    for name, scopes in alternative.items():
        guard = guards[name]
        credential = guard.kind.credential(guard.scheme, request)
        if credential is None:
            return 401
        args = guard.kind.arguments(credential, list(scopes), guard.scheme)
        try:
            said = yield guard.function, args
        except SecurityException as error:
            return error.status
        except Exception as error:
            _log(error, "function", name)
            return 401
        if said is not None and not isinstance(said, Mapping):
            log.error("the function of security scheme %r returned a %s", name, type(said).__name__)
        if not isinstance(said, Mapping) or guard.is_over(said):
            return 401
        info = dict(said)  # what the function keeps, or gives twice, nobody else changes
        if not (yield from _suffices(guard, scopes, info)):
            return 403
        infos[name] = info
    return Identity(infos)


def recognise(
    offered: tuple[str, ...], guards: Mapping[str, Guard], request: Request, identity: Identity
) -> Generator[tuple[Function, tuple[object, ...]], object, Identity]:
    """Add what a client shows of its own accord; what nobody accepts, or is not there, is passed over."""
    infos = dict(identity.infos)
    for name in (name for name in offered if name not in infos):
        result = yield from _meet({name: ()}, guards, request)
        if isinstance(result, Identity):
            infos.update(result.infos)
    return Identity(infos)


def authorize(
    required: Requirements, guards: Mapping[str, Guard], identity: Identity
) -> Generator[tuple[Function, tuple[object, ...]], object, None]:
    """Hold an event's requirements against who is connected; raises SecurityException with status 403."""
    for alternative in required:
        for name, scopes in alternative.items():
            info = identity.infos.get(name)
            if info is None or guards[name].is_over(info):
                break
            if not (yield from _suffices(guards[name], scopes, info)):
                break
        else:
            return
    if required:
        raise SecurityException(403)


def _suffices(
    guard: Guard, required: tuple[str, ...], info: Mapping[str, object]
) -> Generator[tuple[Function, tuple[object, ...]], object, bool]:
    if not required:
        return True
    granted = scopes_of(info)
    if guard.scope_function is None:
        return set(required) <= set(granted)
    try:
        return bool((yield guard.scope_function, (list(required), granted)))
    except Exception as error:
        _log(error, "scope function", guard.scheme.name)
        return False


def _log(error: Exception, what: str, name: str) -> None:
    """Tell which class of error it was, and where: its text may hold the credential."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace is not None else "?"
    log.error("the %s of security scheme %r raised %s at %s", what, name, type(error).__name__, place)


def scopes_of(info: Mapping[str, object]) -> list[str]:
    """The scopes in a SecurityInfo: a list under `scopes`, or text under `scope` (RFC 8693, 4.2)."""
    scopes = info.get("scopes", info.get("scope"))
    if isinstance(scopes, str):
        return scopes.split()
    return [str(scope) for scope in scopes] if isinstance(scopes, list | tuple | set | frozenset) else []
