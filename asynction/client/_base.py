"""What both clients do, decided without waiting: each method that ends in `ing` is a flow to drive."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from importlib import import_module
from typing import Any, ClassVar, TypeVar

from socketio.base_client import BaseClient
from socketio.exceptions import ConnectionError as NotConnected
from socketio.exceptions import DisconnectedError
from socketio.exceptions import TimeoutError as SocketIOTimeout
from socketio.packet import ACK

from asynction.client._errors import ConnectionRefused, error_in
from asynction.client._handshake import ConnectOptions, ResolvedHandshake
from asynction.client._mirror import mirrored
from asynction.contract import Contract, Event, Server, namespace_name
from asynction.document import Spec, load
from asynction.exceptions import NotEnabledError
from asynction.runtime import (
    FLASK,
    LIFECYCLE_EVENTS,
    Args,
    Context,
    EventSchemas,
    Flow,
    Function,
    HandlerRegistry,
    HandshakeRules,
    Host,
    MalformedEvent,
    Match,
    Registrar,
    Registration,
    Response,
    Router,
    Service,
    checked_ack,
    choose_server,
    error_ack,
    invoke,
    is_pattern,
    log_failure,
    outgoing,
)

C = TypeVar("C", bound="ContractClient")
F = TypeVar("F", bound=Callable[..., Any])

DEFAULT_PATH = "socket.io"
"""Where Socket.IO is, if nobody says otherwise."""

EXTRA = "needs the extra `client`: install `asynction[client]`"

log = logging.getLogger("asynction")

_handled: ContextVar[str | None] = ContextVar("asynction_client_namespace", default=None)
"""The namespace in which an event is being handled."""


class Pending:
    """A call that waits for its acknowledgement; `args` stays None where none comes."""

    def __init__(self, namespace: str, event: Any) -> None:
        self.namespace = namespace
        self.event = event
        self.args: Args | None = None

    def arrived(self, *args: object) -> None:
        """Take the acknowledgement."""
        self.args = args
        self.event.set()


class ContractClient(Registrar, BaseClient):
    """The half of a client that keeps the contract; the other half is python-socketio's.

    It runs the contract's mirror image, so all that servers are held to holds here the other way round.
    """

    _driver: ClassVar[Callable[..., Any]]
    _namespace_class: ClassVar[type[Any]]
    _libraries: ClassVar[tuple[str, ...]]

    def __init__(
        self,
        contract: Contract | None = None,
        *,
        server: Server | None = None,
        validation: bool = True,
        strict: bool = True,
        routers: Sequence[Router] = (),
        **kwargs: Any,
    ) -> None:
        self.contract = contract
        self.strict = strict
        self.refusals: dict[str, object] = {}
        mirror = mirrored(contract) if contract is not None else None
        self._registry = HandlerRegistry(
            mirror, self._host(), server=server, validation=validation, strict=strict
        )
        self._service = Service(self._registry, validation=validation)
        self._service.is_complete = True  # nobody has to listen to all that a server sends
        self._handshakes = {
            name: HandshakeRules(namespace.handshake)
            for name, namespace in self._registry.contract.namespaces.items()
            if validation and namespace.handshake is not None
        }
        self._pending: set[Pending] = set()
        self._handshake = ResolvedHandshake("", {}, None)
        self.dependency_overrides = self._registry.overrides
        super().__init__(**kwargs)
        self._registry.bind_contract()
        for router in routers:
            self.add_router(router)

    @classmethod
    def from_spec(
        cls: type[C],
        spec: Spec,
        *,
        server_name: str | None = None,
        validation: bool = True,
        strict: bool = True,
        routers: Sequence[Router] = (),
        **kwargs: Any,
    ) -> C:
        """Build a client from the AsyncAPI document of the server: the path of a file, or a mapping.

        `server_name` picks the server of the document to connect to; a sole server is picked without it.
        `validation=False` checks no payload, ack or handshake. `strict=False` warns where code and contract
        part, instead of raising. `routers` are attached. Other arguments go to the parent. Raises
        DocumentError with all problems of the document.
        """
        contract = load(spec)
        for problem in contract.warnings:
            log.warning("%s", problem)
        server = choose_server(contract, server_name)
        return cls(contract, server=server, validation=validation, strict=strict, routers=routers, **kwargs)

    def _host(self) -> Host:
        return Host(
            self,
            type(self)._driver,
            environ=lambda sid, namespace: {},
            is_connected=lambda sid, namespace: True,
            register=lambda namespace, event: None,  # all events come here as it is
            conventions=FLASK,
            providers={type(self): lambda _: self},
            is_async=self.is_asyncio_based(),
        )

    # Binding -----------------------------------------------------------------------------------

    def on(
        self,
        event: str,
        handler: Function | None = None,
        namespace: str | None = None,
        *,
        response_model: object = None,
    ) -> Callable[[F], F]:
        """Register the handler of an event, as in python-socketio; it is held to the contract.

        `response_model` is the type that shapes the acknowledgement, instead of the return annotation.
        Raises UnknownEventException where the contract's server sends no such event (`strict=False`
        warns), DocumentError where the handler cannot take the event's args.
        """
        name = "*" if namespace == "*" else namespace_name(namespace or "/")

        def decorator(function: F) -> F:
            registration = Registration(name, event, function, response_model)
            if event in _THE_PARENTS or not self._registry.bind_code(registration):
                super(ContractClient, self).on(event, function, name)
            return function

        if handler is not None:
            decorator(handler)
        return decorator

    def register_namespace(self, namespace_handler: Any) -> None:
        """Register a class-based namespace; each `on_...` method is held to the contract."""
        name = namespace_name(namespace_handler.namespace)
        known = self._registry.contract.namespaces.get(name)
        if known is None:
            self._registry.refuse_unknown(f"the contract has no namespace `{name}`")
        super().register_namespace(namespace_handler)
        if type(namespace_handler).trigger_event is not self._namespace_class.trigger_event:
            for event in known.receives if known is not None else ():
                self.on(event, partial(namespace_handler.trigger_event, event), name)
            return
        for attribute in dir(namespace_handler):
            event = attribute.removeprefix("on_")
            if attribute.startswith("on_") and event not in _THE_PARENTS:
                self.on(event, getattr(namespace_handler, attribute), name)

    # Connecting --------------------------------------------------------------------------------

    def _connect_options(self, values: Mapping[str, object], wait_timeout: float) -> ConnectOptions:
        """What is to be brought; where python-socketio reconnects, it has that from the last time."""
        url = values["url"]
        if isinstance(url, ConnectOptions):
            return url
        return ConnectOptions({**values, "url": self._server_url() if url is None else url}, wait_timeout)

    def _server_url(self) -> str:
        server = self._registry.server
        if server is None:
            raise ValueError("which server? pass `url`, or choose one of the document's by `server_name`")
        secure = "s" if server.protocol in ("https", "wss") else ""
        return server.url if "://" in server.url else f"http{secure}://{server.url}"

    def _path(self, given: str | None) -> str:
        server = self._registry.server
        return given or (server.path if server is not None else None) or DEFAULT_PATH

    def _check_extra(self) -> None:
        """Raise NotEnabledError where a library is missing; python-socketio would say so in its log only."""
        try:
            for name in self._libraries:
                import_module(name)
        except ImportError as error:
            raise NotEnabledError(f"{type(self).__name__} {EXTRA}") from error

    def _entered(self, given: str | Sequence[str] | None) -> list[str]:
        """The namespaces to enter: all that are known, but those whose parameters nobody has told."""
        registry = self._registry
        if given is not None:
            return [namespace_name(name) for name in ([given] if isinstance(given, str) else given)]
        bound = (name for name, _ in (*registry.endpoints, *registry.occasions))
        known = (*registry.contract.namespaces, *bound, *self.handlers, *self.namespace_handlers)
        names = [name for name in dict.fromkeys(known) if name != "*" and not is_pattern(name)]
        if not names and registry.has_contract:
            raise ValueError("all namespaces have parameters: pass those to enter as `namespaces`")
        return names or ["/"]

    def _check(self, handshake: ResolvedHandshake, namespaces: Iterable[str]) -> None:
        """Raise where the server would not let the client in, as far as the contract tells."""
        request = handshake.request()
        for namespace in namespaces:
            match = self._registry.schemas.match(namespace)
            if match is None:
                self._registry.refuse_unknown(f"the contract has no namespace `{namespace}`")
            elif match.name in self._handshakes:
                self._handshakes[match.name].check(request)

    def _connecting(
        self, connect: Function, connect_options: ConnectOptions, options: Mapping[str, Any], *, again: bool
    ) -> Response:
        """Connect with `connect`, the parent's; raises ConnectionRefused, and as `connect` does.

        Where python-socketio connects `again` by itself, it goes on trying after one exception only.
        """
        self._check_extra()
        if again and self.eio.state != "disconnected":
            raise NotConnected("the last connection has not ended yet")
        try:
            handshake = yield from connect_options.resolve(self._registry.contract.security_schemes)
            self._check(handshake, options["namespaces"])
        except Exception as error:
            if not again:
                raise
            log.warning("cannot connect again: %s %.300r", type(error).__name__, str(error))
            raise NotConnected(str(error)) from error
        self._handshake = handshake
        self.refusals.clear()
        self.failed_namespaces: list[str] = []
        given = {
            "headers": handshake.headers,
            "auth": handshake.auth,
            "wait_timeout": connect_options.wait_timeout,
        }
        try:
            return (yield partial(connect, connect_options, **given, **options), ())
        except NotConnected as error:
            if not self.failed_namespaces:
                raise
            failed = {name: self.refusals.get(name) for name in self.failed_namespaces}
            raise ConnectionRefused(failed) from error

    def _telling(self, context: Context, trigger: Function, args: Args) -> Response:
        """Tell of a connection, of its end or of a refusal; `trigger` is the parent's."""
        event, namespace = context.event, context.namespace
        if event == "connect_error":
            self.refusals[namespace] = args[0] if args else None
        elif event == "disconnect":
            self._hang_up(namespace)
        match = self._registry.schemas.match(namespace)
        name = match.name if match is not None else namespace
        if (name, event) in self._registry.occasions:
            return (yield from self._occasion(context, args))
        registered = namespace in self.handlers or namespace in self.namespace_handlers
        try:
            return (yield trigger, (event, namespace if registered else name, *args))
        except Exception as error:
            log_failure(error, namespace, event)
            return None

    def _occasion(self, context: Context, args: Args) -> Response:
        with _handling(context.namespace):
            if context.event == "disconnect":
                yield from self._service.leave(context, args[0] if args else None)
            else:
                yield from self._entering(context)
        return None

    def _entering(self, context: Context) -> Response:
        """Tell the connect handler; as in python-socketio it is given nothing, unless it asks for `auth`."""
        match = self._registry.schemas.match(context.namespace) or Match(context.namespace)
        context.parameters, context.pattern = match.parameters, match.name
        made = self._registry.occasions[match.name, "connect"]
        context.auth = self._handshake.auth
        context.args = (context.auth,) if made.min_args else ()
        try:
            return (yield from invoke(made, context, self._service.settings.override))
        except Exception as error:
            return (yield from self._service.refuse(context, error))

    def _hang_up(self, namespace: str) -> None:
        """Wake the calls that nobody will answer any more."""
        for pending in list(self._pending):
            if pending.namespace == namespace:
                pending.event.set()

    # Receiving ---------------------------------------------------------------------------------

    def _context(self, namespace: str, event: str, args: Args = ()) -> Context:
        return self._service.context(namespace, event, self.get_sid(namespace) or "", args)

    def _received(self, namespace: str | None, data: Any) -> Context:
        """The context of a received event."""
        is_event = isinstance(data, list) and bool(data) and isinstance(data[0], str)
        event, args = (data[0], tuple(data[1:])) if is_event else (_MALFORMED, ())
        return self._context(namespace or "/", event, args)

    def _receiving(self, context: Context, parent: Function, id: int | None, data: Any) -> Response:
        """Handle an event and acknowledge it; `parent` takes those that are no business of the contract's."""
        namespace, event = context.namespace, context.event
        match = self._registry.schemas.match(namespace)
        name = match.name if match is not None else namespace
        known = event in self._registry.schemas.receives.get(name, ())
        bound = (name, event) in self._registry.endpoints or name in self._registry.wildcards
        if event is _MALFORMED:
            error = MalformedEvent("an event is a list that starts with its name")
            flow = self._service.refuse(context, error)
        elif known and not bound and id is None:
            return None  # nobody listens
        elif not (known or bound or self._registry.strict or event in (*self.reserved_events, "*")):
            return (yield parent, (namespace, id, data))
        else:
            flow = self._service.receive(context)
        return (yield from self._answering(flow, context, id))

    def _answering(self, flow: Flow, context: Context, id: int | None) -> Response:
        namespace = context.namespace
        with _handling(namespace):
            args = yield from flow
        if id is None:
            return None
        try:
            yield self._send_packet, (self._ack(namespace, id, args),)
        except Exception as error:  # whatever the serializer raises
            log_failure(error, namespace, context.event)
            yield self._send_packet, (self._ack(namespace, id, error_ack(error)),)
        return None

    def _ack(self, namespace: str, id: int, args: Args) -> Any:
        return self.packet_class(ACK, namespace=namespace, id=id, data=list(args))

    def _is_ack(self, id: int, data: object) -> bool:
        """Whether an acknowledgement can be taken; python-socketio keeps its counter under the id 0."""
        if isinstance(data, list) and id != 0:
            return True
        log.warning("an acknowledgement of the server cannot be read")
        return False

    def _unreadable(self, error: Exception) -> None:
        """Take note of a packet that cannot be read; what was waiting for attachments waits no longer."""
        self._binary_packet = None
        _log_packet(error)

    # Sending -----------------------------------------------------------------------------------

    def _addressed(self, event: str, namespace: str | None) -> tuple[str, EventSchemas | None]:
        """The namespace that an event is to be sent in, and its rules there, if any hold it."""
        name = self._service.addressed(namespace, _handled.get())
        return name, self._service.sent(name, event)

    def _outgoing(
        self, event: str, data: object, namespace: str | None, callback: Function | None, take: Function
    ) -> dict[str, Any]:
        """What `emit` of the parent is called with; `take` stands before the callback."""
        name, schemas = self._addressed(event, namespace)
        if callback is not None:
            held = schemas or EventSchemas(name, Event(event), None, None)
            callback = partial(take, held, name, callback)
        return {"event": event, "data": outgoing(schemas, data), "namespace": name, "callback": callback}

    def _taking(self, schemas: EventSchemas, namespace: str, callback: Function, args: Args) -> Flow:
        """Give an acknowledgement to a callback, if it is one that the contract has."""
        error = error_in(schemas, args)
        if error is None:
            return self._service.acknowledge(schemas, namespace, callback, args)
        context = self._context(namespace, schemas.event.name, args)
        context.pattern = schemas.namespace
        return self._service.refuse(context, error)

    def _calling(  # noqa: PLR0917 - as the parent has it
        self,
        emit: Function,
        wait: Function,
        event: str,
        data: object,
        namespace: str | None,
        timeout: float | None,
    ) -> Response:
        """Emit an event with `emit`, the parent's, and return its acknowledgement."""
        name, schemas = self._addressed(event, namespace)
        pending = Pending(name, self.eio.create_event())
        self._pending.add(pending)
        try:
            yield emit, (event, outgoing(schemas, data), name, pending.arrived)
            in_time = yield wait, (pending.event, timeout)
        finally:
            self._pending.discard(pending)
        args = pending.args
        if args is None:
            if in_time:
                raise DisconnectedError(f"the connection to `{name}` ended before `{event}` was acknowledged")
            raise SocketIOTimeout(f"`{event}` was not acknowledged within {timeout:g} seconds")
        error = error_in(schemas, args)
        if error is not None:
            raise error
        if schemas is not None:
            checked_ack(schemas, args)
        return args if len(args) > 1 else args[0] if args else None


_MALFORMED = "(malformed)"
_THE_PARENTS = frozenset(BaseClient.reserved_events) - frozenset(LIFECYCLE_EVENTS)
"""Occasions that only clients have."""


def _log_packet(error: Exception) -> None:
    log.warning("a packet of the server cannot be read: %s", type(error).__name__)


def guarded(function: Function, *args: object) -> None:
    """Call what takes a packet in a thread of its own, where nobody would hear of an exception."""
    try:
        function(*args)
    except Exception as error:
        _log_packet(error)


@contextmanager
def _handling(namespace: str) -> Iterator[None]:
    """Make a pattern mean the namespace in which an event is being handled."""
    token = _handled.set(namespace)
    try:
        yield
    finally:
        _handled.reset(token)
