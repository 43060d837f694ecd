"""Serves a contract's events to dual-mode clients, which call an `api` by name, by Socket.IO or by HTTP.

The wire is that of `asynction.client.SocketClient`: the event `api` comes in on `/`, or a POST; the event
`apiResponse` goes back, or a POST to the client's `callback_url`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from asynction.contract import namespace_name
from asynction.exceptions import SecurityException, UnknownEventException
from asynction.runtime import Context, Response, Service, is_pattern
from asynction.server._asgi.types import ASGIApp
from asynction.server._gateway.asgi import AsgiBackend
from asynction.server._gateway.calls import ANSWER, ROOT, Calls, Limits
from asynction.server._gateway.flask import FlaskBackend
from asynction.server._gateway.idempotency import IdempotencyStore
from asynction.server._gateway.origins import Origins
from asynction.server._socketio.common import service_of
from asynction.server.asgi import AsynctionAsyncServer
from asynction.server.flask import AsynctionSocketIO

Apis: TypeAlias = "Mapping[str, str | tuple[str, str]]"
"""Which event each name calls: an event of `/`, or a namespace and an event of its own."""

CALL = "api"
HELLO = "apiHello"
"""Asked for by asynction's client, when it connects: which server process this is."""


class ApiGateway:
    """Binds names that clients call to events of the contract, with all that the contract holds them to.

    `apis` are the names; without them every event is called by its own, `get` of `/user` by `user.get`.
    With an `app`, `POST path` takes calls as well, and their results, or those of calls that ask for it, are
    sent to the `callback_url` that the call names, if its origin is one of `allowed_origins`: scheme, host
    and port, exactly. That takes the extra `gateway`.

    A `request_id` that comes again within `window` seconds gets the first answer; `window_size` bounds how
    many are remembered. A result is sent to a callback `attempts` times at the most, with pauses from `delay`
    to `delay_max` seconds, each time for `timeout` seconds, by `deliveries` threads; `max_pending` bounds how
    many calls by HTTP are under way, `max_body` their size in bytes.

    Raises UnknownEventException for an event that the contract does not receive, or where it has no
    namespace `/`, ValueError for what is no origin, NotEnabledError where the extra is missing.
    """

    def __init__(
        self,
        server: AsynctionSocketIO | AsynctionAsyncServer,
        apis: Apis | None = None,
        *,
        app: Any = None,
        path: str = "/api/call",
        allowed_origins: Iterable[str] = (),
        window: float = 600.0,
        window_size: int = 10_000,
        attempts: int = 5,
        delay: float = 0.5,
        delay_max: float = 10.0,
        timeout: float = 10.0,
        deliveries: int = 8,
        max_pending: int = 1000,
        max_body: int = 1_000_000,
    ) -> None:
        service = service_of(server)
        origins = Origins(allowed_origins)
        path = f"/{path.strip('/')}"
        limits = Limits(path, attempts, delay, delay_max, timeout, max_body, max_pending, deliveries)
        names = _all_apis(service) if apis is None else _named(service, apis)
        _check_root(service)
        self._calls = Calls(service, names, origins, IdempotencyStore(window_size, window))
        self.apis: Mapping[str, tuple[str, str]] = names
        answer = service.routes.schemas.sends.get(ROOT, {}).get(ANSWER)
        self._backend: FlaskBackend | AsgiBackend
        if isinstance(server, AsynctionSocketIO):
            self._backend = FlaskBackend(server, limits, answer)
        else:
            self._backend = AsgiBackend(server, limits, answer)
        service.bind_flow(ROOT, CALL, self._called)
        service.bind_flow(ROOT, HELLO, self._greeted)
        if app is not None and self._backend.serve(app, self._calls) is False:
            raise TypeError("this app has no routes: serve `gateway.asgi_app(app)`")

    def _called(self, context: Context) -> Response:
        return (yield from self._calls.on_event(context, self._backend))

    def _greeted(self, context: Context) -> Response:
        if context.identity is None:  # with `always_connect`, it may ask before it is accepted
            raise SecurityException
        yield from ()  # a flow without a step
        return self._calls.greeting

    def asgi_app(self, other: ASGIApp | None = None) -> ASGIApp:
        """An ASGI application that takes calls by HTTP, and passes all else to `other`.

        Its lifespan starts and stops the gateway, before what is in `other` stops. Raises TypeError on Flask.
        """
        if isinstance(self._backend, FlaskBackend):
            raise TypeError("on Flask, give the app: ApiGateway(server, app=app)")
        return self._backend.app(self._calls, other)

    def close(self, timeout: float = 5.0) -> Any:
        """Take no more calls by HTTP, and let those that came end, and be delivered, for `timeout` seconds.

        To be awaited on ASGI, where serving's end does the same.
        """
        return self._backend.close(timeout)


def _named(service: Service, apis: Apis) -> dict[str, tuple[str, str]]:
    named: dict[str, tuple[str, str]] = {}
    for name, event in apis.items():
        namespace, event_name = (ROOT, event) if isinstance(event, str) else event
        match = service.routes.match(namespace)
        known = service.contract.namespaces.get(match.name) if match is not None else None
        if service.has_contract and (known is None or event_name not in known.receives):
            service.routes.schemas.received(namespace, event_name)  # says what there is instead
        named[name] = (namespace_name(namespace), event_name)
    return named


def _all_apis(service: Service) -> dict[str, tuple[str, str]]:
    """Every event by its own name, behind that of its namespace."""
    named: dict[str, tuple[str, str]] = {}
    for name, namespace in service.contract.namespaces.items():
        if is_pattern(name):
            continue
        prefix = name.strip("/").replace("/", ".")
        for event in namespace.receives:
            api = f"{prefix}.{event}" if prefix else event
            if api in named:
                raise ValueError(f"two events are called `{api}`: name them by `apis`")
            if (name, event) not in ((ROOT, CALL), (ROOT, HELLO)):
                named[api] = (name, event)
    return named


def _check_root(service: Service) -> None:
    if ROOT not in service.contract.namespaces and service.has_contract:
        raise UnknownEventException(
            "the contract has no namespace `/`, where dual-mode clients come in: add one"
        )
