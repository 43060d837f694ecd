"""The behaviour of a mock server, on every wire."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from math import inf
from typing import Any, TypedDict, cast

from asynction.contract import Contract, Event, Handlers, Hooks, Namespace, Schema, SecurityScheme
from asynction.problems import did_you_mean
from asynction.runtime import Function, check_contract


@dataclass(frozen=True, slots=True)
class Behaviour:
    """The options of a mock.

    Args:
        interval: seconds between two emissions of an event.
        latency: the shortest and the longest time until an acknowledgement, in seconds.
        error_rate: the share of events that are acknowledged with an error, 0 to 1.
        disconnect_rate: the share of events that end in a disconnection, 0 to 1.
        only: the names of the events to send; all if empty.
        seed: the seed of all random values and choices; None for other ones in each run.
        pool_size: how many values are generated for each schema.

    Raises:
        ValueError: a number is out of its range.
    """

    interval: float = 1.0
    latency: tuple[float, float] = (0.0, 0.0)
    error_rate: float = 0.0
    disconnect_rate: float = 0.0
    only: frozenset[str] = frozenset()
    seed: int | None = None
    pool_size: int = 20

    def __post_init__(self) -> None:
        if not 0 < self.interval < inf:
            raise ValueError(f"the interval must be a number of seconds above 0, not {self.interval}")
        if not 0 <= self.latency[0] <= self.latency[1] < inf:
            raise ValueError("the latency must be two numbers of seconds, the smaller one first")
        for name, rate in (("error rate", self.error_rate), ("disconnect rate", self.disconnect_rate)):
            if not 0 <= rate <= 1:
                raise ValueError(f"the {name} must be between 0 and 1, not {rate}")
        if self.pool_size < 1:
            raise ValueError(f"the pool size must be at least 1, not {self.pool_size}")


class MockOptions(TypedDict, total=False):
    """The options of a mock, as keywords of `from_spec`.

    Attributes:
        custom_formats_sample_size: how many values are generated for each schema. Default: 20.
        interval: seconds between two emissions of an event that has no interval of its own. Default: 1.
        latency: the shortest and the longest time until an acknowledgement, in seconds. Default: (0, 0).
        error_rate: the share of events that are acknowledged with an error, 0 to 1. Default: 0.
        disconnect_rate: the share of events that end in a disconnection, 0 to 1. Default: 0.
        only: the names of the events to send; all if empty.
        seed: the seed of all random values and choices; None for other ones in each run.
    """

    custom_formats_sample_size: int
    interval: float
    latency: tuple[float, float]
    error_rate: float
    disconnect_rate: float
    only: Iterable[str]
    seed: int | None


def required_contract(contract: object, owner: str) -> Contract:
    """Return the contract of a mock; raise TypeError for anything else, and say what to write."""
    if contract is None or callable(contract):  # an app, as in Flask-SocketIO
        raise TypeError(f'a mock needs a document: write `{owner}.from_spec("asyncapi.yaml", app=app)`')
    check_contract(contract, owner)
    return cast("Contract", contract)


def take_behaviour(options: Any) -> Behaviour:
    """Remove the options of MockOptions from `options` and return them; raises ValueError."""
    given = {name: options.pop(name) for name in MockOptions.__annotations__ if name in options}
    if "custom_formats_sample_size" in given:
        given["pool_size"] = given.pop("custom_formats_sample_size")
    return Behaviour(**{**given, "only": frozenset(given.get("only", ()))})


def without_code(contract: Contract) -> Contract:
    """Return the contract without the code that it names: a mock never imports it.

    A payload in another schema language cannot be checked, so a mock accepts any value for it.
    """
    return replace(
        contract,
        namespaces={name: _namespace(namespace) for name, namespace in contract.namespaces.items()},
        security_schemes={name: _scheme(scheme) for name, scheme in contract.security_schemes.items()},
        middlewares=(),
    )


def _namespace(namespace: Namespace) -> Namespace:
    return replace(
        namespace,
        receives={name: _event(event) for name, event in namespace.receives.items()},
        sends={name: _event(event) for name, event in namespace.sends.items()},
        handlers=Handlers(),
        middlewares=(),
    )


def _event(event: Event) -> Event:
    return replace(
        event,
        args=_checkable(event.args),
        ack=_checkable(event.ack),
        handler=None,
        middlewares=(),
        hooks=Hooks(),
    )


def _checkable(schema: Schema | None) -> Schema | None:
    return schema if schema is not None and schema.is_json_schema else None


def _scheme(scheme: SecurityScheme) -> SecurityScheme:
    fields = {key: value for key, value in scheme.fields.items() if not key.endswith("Func")}
    return replace(scheme, fields=fields)


def accept_any_credentials(contract: Contract, functions: Mapping[str, Function]) -> dict[str, Function]:
    """Return a security function for each scheme: that of `functions`, or one that accepts any credential.

    Raises ValueError for a function whose scheme is not in the contract.
    """
    for name in functions:
        if name not in contract.security_schemes:
            near = did_you_mean(name, contract.security_schemes)
            raise ValueError(f"the contract has no security scheme `{name}`{near}")
    demanded = [namespace.security or () for namespace in contract.namespaces.values()]
    demanded += [server.security for server in contract.servers.values()]
    demanded += [event.security for each in contract.namespaces.values() for event in each.receives.values()]
    scopes = sorted({scope for each in demanded for one in each for some in one.values() for scope in some})

    # With every scope that is demanded anywhere, any credential passes every check.
    def accept(*_: object) -> Mapping[str, object]:
        return {"sub": "mock", "scopes": scopes}

    return {**dict.fromkeys(contract.security_schemes, accept), **functions}
