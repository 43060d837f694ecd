"""Serves a contract's events to dual-mode clients, which call an `api` by name, by Socket.IO or by HTTP.

`asynction.client.SocketClient` sends a call as the event `api` in `/`, or as a POST; its result is the event
`apiResponse`, or a POST to the client's `callback_url`.
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
"""The event of each name: an event of `/`, or a namespace and an event."""

CALL = "api"
HELLO = "apiHello"
"""The event by which asynction's client asks for the id of the server process, after it connects."""


class ApiGateway:
    """Serves calls by name: each name is bound to an event of the contract, and checked like the event.

    Calls come by Socket.IO, and if there is an `app`, also by HTTP. The result of a call by HTTP, or of one
    with `callback_type: http`, is sent to its `callback_url`.

    Args:
        server: the server that handles the events.
        apis: the event of each name; by default every event, `get` of `/user` with the name `user.get`.
        app: the application that gets the route for calls by HTTP.
        path: the path of this route, for POST.
        allowed_origins: the origins of callback URLs: scheme, host and port, compared exactly.
        window: the seconds for which a result is kept; a repeated `request_id` gets it again.
        window_size: the greatest number of results that are kept, and of calls that run at a time.
        attempts: how often a result is sent to its callback, if it cannot be delivered.
        delay: the seconds before the second attempt; the pause doubles with each attempt.
        delay_max: the longest pause in seconds.
        timeout: the seconds for one attempt.
        deliveries: the number of threads that send results.
        max_pending: the greatest number of calls by HTTP that are handled or delivered at a time.
        max_body: the greatest size of a call by HTTP in bytes.

    Raises:
        UnknownEventException: the contract does not receive an event, or has no namespace `/`.
        ValueError: a value in `allowed_origins` is not an origin, or two events have the same name.
        TypeError: the app has no routes.
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
        service.bind_flow(ROOT, CALL, self._on_call)
        service.bind_flow(ROOT, HELLO, self._on_hello)
        if app is not None and self._backend.serve(app, self._calls) is False:
            raise TypeError("this app has no routes: serve `gateway.asgi_app(app)`")

    def _on_call(self, context: Context) -> Response:
        return (yield from self._calls.on_event(context, self._backend))

    def _on_hello(self, context: Context) -> Response:
        if context.identity is None:  # with `always_connect`, it may ask before it is accepted
            raise SecurityException
        yield from ()  # a flow without a step
        return self._calls.greeting

    def asgi_app(self, other: ASGIApp | None = None) -> ASGIApp:
        """Return an ASGI application that serves calls by HTTP, and passes everything else to `other`.

        Its lifespan starts and stops the gateway, which stops before `other`. Raises TypeError on Flask.
        """
        if isinstance(self._backend, FlaskBackend):
            raise TypeError("on Flask, give the app: ApiGateway(server, app=app)")
        return self._backend.app(self._calls, other)

    def close(self, timeout: float = 5.0) -> Any:
        """Reject new calls by HTTP, and wait up to `timeout` seconds for calls and their deliveries.

        Await it on ASGI, where the lifespan does this itself.
        """
        return self._backend.close(timeout)


def _named(service: Service, apis: Apis) -> dict[str, tuple[str, str]]:
    named: dict[str, tuple[str, str]] = {}
    for name, event in apis.items():
        namespace, event_name = (ROOT, event) if isinstance(event, str) else event
        match = service.routes.match(namespace)
        known = service.contract.namespaces.get(match.name) if match is not None else None
        if service.has_contract and (known is None or event_name not in known.receives):
            service.routes.schemas.received(namespace, event_name)  # raises, with a suggestion
        named[name] = (namespace_name(namespace), event_name)
    return named


def _all_apis(service: Service) -> dict[str, tuple[str, str]]:
    """Return all events by name; the name of the namespace is the prefix."""
    named: dict[str, tuple[str, str]] = {}
    for name, namespace in service.contract.namespaces.items():
        if is_pattern(name):
            continue
        prefix = name.strip("/").replace("/", ".")
        for event in namespace.receives:
            api = f"{prefix}.{event}" if prefix else event
            if api in named:
                raise ValueError(f"two events have the name `{api}`: give them names with `apis`")
            if (name, event) not in ((ROOT, CALL), (ROOT, HELLO)):
                named[api] = (name, event)
    return named


def _check_root(service: Service) -> None:
    if ROOT not in service.contract.namespaces and service.has_contract:
        raise UnknownEventException(
            "the contract has no namespace `/`, to which dual-mode clients connect: add one"
        )
