"""Authenticates the clients that connect, and authorizes the events that they send.

Each check is a generator: it yields a function with its args, and receives what the function returns
or raises. What drives the generator calls the function or awaits it, so the checks are the same in
sync and async servers.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from traceback import walk_tb
from typing import TypeAlias

from asynction._http_exceptions import http_error
from asynction.contract import Requirements, SecurityScheme
from asynction.exceptions import EventException, SecurityException
from asynction.security._request import Request
from asynction.security._schemes import Kind

Function: TypeAlias = Callable[..., object]
Calls: TypeAlias = "Generator[tuple[Function, tuple[object, ...]], object, Result]"

_FOREVER = 1e11
"""The year 5138, the latest expiry: timers overflow at much larger numbers."""

log = logging.getLogger("asynction")


class SecurityBusy(EventException):
    """A server has too much to do to check credentials now; it says nothing about the credentials."""


@dataclass(frozen=True, slots=True)
class Guard:
    """A security scheme with its functions.

    Args:
        scheme: The scheme.
        kind: The type of the scheme.
        function: The function that checks a credential and returns a SecurityInfo, or None to reject it.
        scope_function: The function that compares required with granted scopes; None to require each one.
        leeway: The seconds by which clocks may differ: a credential is accepted so long after its `exp`.
    """

    scheme: SecurityScheme
    kind: Kind
    function: Function
    scope_function: Function | None = None
    leeway: float = 0.0

    def end_of(self, info: Mapping[str, object]) -> float | None:
        """Return when `info` is over (its `exp`, and the leeway), in seconds since the epoch.

        None without `x-enforceExpiry` and without `exp`. An `exp` that is not a number counts as
        expired: a mistake must not make a credential valid for ever.
        """
        if not self.scheme.fields.get("x-enforceExpiry") or info.get("exp") is None:
            return None
        end = info["exp"]
        if not isinstance(end, int | float) or isinstance(end, bool) or end != end:  # noqa: PLR0124 - NaN
            return 0.0
        return float(min(max(end, 0), _FOREVER)) + self.leeway

    def is_over(self, info: Mapping[str, object]) -> bool:
        """Return True where `info` has expired."""
        end = self.end_of(info)
        return end is not None and end <= time.time()


@dataclass(frozen=True, slots=True)
class Identity:
    """The identity of a connected client: the SecurityInfo of each scheme that accepted it."""

    infos: Mapping[str, Mapping[str, object]] = field(default_factory=dict, repr=False)

    @property
    def token_info(self) -> Mapping[str, object] | None:
        """The SecurityInfo of the first scheme; None for an anonymous client."""
        return next(iter(self.infos.values()), None)

    @property
    def user(self) -> object:
        """The `sub` of the first scheme's SecurityInfo, or its `uid`."""
        info = self.token_info or {}
        return info.get("sub", info.get("uid"))

    def expiry(self, guards: Mapping[str, Guard]) -> float | None:
        """Return when the first enforced credential expires, in seconds since the epoch; None for never."""
        ends = (guards[name].end_of(info) for name, info in self.infos.items())
        return min((end for end in ends if end is not None), default=None)


@dataclass(frozen=True, slots=True)
class Refusal:
    """The reason that an alternative is not met: the status, and a text for the log.

    `is_missing` is True where the request has no credential.
    """

    status: int
    reason: str
    is_missing: bool = False


Result: TypeAlias = "Identity | Refusal"
"""The identity of the client, or why there is none."""


def authenticate(
    required: Requirements, guards: Mapping[str, Guard], request: Request
) -> Generator[tuple[Function, tuple[object, ...]], object, Identity]:
    """Return the identity by the first alternative that `request` meets; raise SecurityException for none."""
    refusals: list[Refusal] = []
    for alternative in required:
        if alternative:
            result = yield from _meet(alternative, guards, request)
            if isinstance(result, Identity):
                return result
            refusals.append(result)
    # `{}` makes security optional. It comes last, so that credentials that are sent are still checked.
    if any(not alternative for alternative in required):
        for refusal in refusals:
            _log_ignored(refusal)
        return Identity()
    reasons = dict.fromkeys(refusal.reason for refusal in refusals)
    raise SecurityException(max((refusal.status for refusal in refusals), default=401), "; ".join(reasons))


def _meet(alternative: Mapping[str, tuple[str, ...]], guards: Mapping[str, Guard], request: Request) -> Calls:
    """Check every scheme of an alternative; all must accept (AsyncAPI Security Requirement Object)."""
    infos: dict[str, Mapping[str, object]] = {}
    for name, scopes in alternative.items():
        guard = guards[name]
        credential = guard.kind.credential(guard.scheme, request)
        if credential is None:
            places = guard.kind.places_of(guard.scheme)
            return Refusal(401, f"{name}: no usable credential in {places}", is_missing=True)
        args = guard.kind.arguments(credential, list(scopes), guard.scheme)
        try:
            said = yield guard.function, args
        except SecurityException as error:  # the function's own way to reject
            return Refusal(error.status, f"{name}: {error.reason or 'its function raised SecurityException'}")
        except SecurityBusy:
            raise
        except Exception as error:
            refused = http_error(error)
            if refused is not None and refused.status in (401, 403):
                return Refusal(refused.status, f"{name}: its function raised {type(error).__name__}")
            _log(error, "function", name)
            return Refusal(401, f"{name}: its function raised {type(error).__name__}")
        fault = _fault(said, guard)
        if fault or not isinstance(said, Mapping):
            return Refusal(401, f"{name}: {fault}")
        info = dict(said)  # a copy: the function may return the same mapping again
        if not (yield from _suffices(guard, scopes, info)):
            return Refusal(403, f"{name}: its scopes do not suffice")
        infos[name] = info
    return Identity(infos)


def _fault(said: object, guard: Guard) -> str:
    """Return why the result of a security function is refused; empty for one that is accepted."""
    if said is None:
        return "its function did not accept the credential"
    if not isinstance(said, Mapping):
        log.error("the function of security scheme %r returned a %s", guard.scheme.name, type(said).__name__)
        return f"its function returned a {type(said).__name__}"
    if guard.is_over(said):
        end = (guard.end_of(said) or 0.0) - guard.leeway
        return f"expired {time.time() - end:.0f} s ago" if end else "its `exp` is not a time"
    return ""


def _log_ignored(refusal: Refusal) -> None:
    """Log why the credential of a client is ignored that may connect without it."""
    if not refusal.is_missing:
        log.info("a credential that is optional is ignored, because %.500r", refusal.reason)


def recognise(
    offered: tuple[str, ...], guards: Mapping[str, Guard], request: Request, identity: Identity
) -> Generator[tuple[Function, tuple[object, ...]], object, Identity]:
    """Add to an identity what optional schemes know of the client; ignore rejected credentials.

    Args:
        offered: The names of the schemes to try.
        guards: All schemes with their functions, by name.
        request: The request to connect.
        identity: The identity by the required schemes.
    """
    infos = dict(identity.infos)
    for name in (name for name in offered if name not in infos):
        result = yield from _meet({name: ()}, guards, request)
        if isinstance(result, Identity):
            infos.update(result.infos)
        else:
            _log_ignored(result)
    return Identity(infos)


def authorize(
    required: Requirements, guards: Mapping[str, Guard], identity: Identity
) -> Generator[tuple[Function, tuple[object, ...]], object, None]:
    """Check an event's requirements against a client; raise SecurityException (403) where it meets none."""
    for alternative in required:
        for name, scopes in alternative.items():
            info = identity.infos.get(name)
            # Credentials come with the connection, so a scheme that has not accepted by now cannot any more.
            if info is None or guards[name].is_over(info):
                break
            if not (yield from _suffices(guards[name], scopes, info)):
                break
        else:
            return
    if required:
        raise SecurityException(403, "the credentials of the connection do not suffice for the event")


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
    except SecurityBusy:
        raise
    except Exception as error:
        _log(error, "scope function", guard.scheme.name)
        return False


def _log(error: Exception, what: str, name: str) -> None:
    """Log the class and the line of an error, without its text, which may hold the credential."""
    *_, (frame, line) = walk_tb(error.__traceback__)  # an error that was caught has a traceback
    location = f"{frame.f_code.co_filename}:{line}"
    log.error("the %s of security scheme %r raised %s at %s", what, name, type(error).__name__, location)


def scopes_of(info: Mapping[str, object]) -> list[str]:
    """Return the granted scopes: a list under `scopes`, or a string under `scope` (RFC 8693, 4.2)."""
    scopes = info.get("scopes", info.get("scope"))
    if isinstance(scopes, str):
        return scopes.split()
    return [str(scope) for scope in scopes] if isinstance(scopes, list | tuple | set | frozenset) else []
