"""What both clients do, decided without waiting: each method that ends in `ing` is a flow to drive."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, TypedDict, TypeVar

from socketio.base_client import BaseClient
from socketio.exceptions import ConnectionError as NotConnected
from socketio.exceptions import DisconnectedError
from socketio.exceptions import TimeoutError as SocketIOTimeout
from socketio.packet import ACK

from asynction.client._errors import ConnectionRefused, error_in
from asynction.client._handshake import ConnectOptions, ResolvedHandshake
from asynction.client._mirror import mirrored
from asynction.contract import Contract, Server, namespace_name
from asynction.document import Spec, load
from asynction.exceptions import MessageAckValidationException, NotEnabledError
from asynction.runtime import (
    FLASK,
    LIFECYCLE_EVENTS,
    Args,
    Context,
    EventSchemas,
    Flow,
    Function,
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

if TYPE_CHECKING:
    from typing_extensions import Unpack

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


class ClientOptions(TypedDict, total=False):
    """The options of both clients, besides those of python-socketio's.

    Attributes:
        validation: False checks no payload, ack or handshake. Default: True.
        strict: False warns where code and contract differ, instead of raising. Default: True.
        routers: routers to attach.
        reconnection: whether to connect again when the connection is lost. Default: True.
        reconnection_attempts: how often to try; 0 is without end.
        reconnection_delay: the first pause between two attempts, in seconds.
        reconnection_delay_max: the longest pause, in seconds.
        randomization_factor: how much of a pause is random, from 0 to 1.
    """

    validation: bool
    strict: bool
    routers: Sequence[Router]
    reconnection: bool
    reconnection_attempts: int
    reconnection_delay: float
    reconnection_delay_max: float
    randomization_factor: float
    logger: Any
    serializer: str | type[Any]
    json: Any
    handle_sigint: bool
    request_timeout: float
    http_session: Any
    ssl_verify: bool
    websocket_extra_options: Mapping[str, Any] | None
    timestamp_requests: bool
    engineio_logger: Any


class ContractClient(Registrar, BaseClient):
    """The half of a client that keeps the contract; the other half is python-socketio's.

    It runs the contract's mirror image, so all that servers check is checked here the other way round.

    Args:
        contract: the contract of the server, as `asynction.load` returns it.
        server: the server of the document to connect to.
        **options: see ClientOptions.
    """

    _driver: ClassVar[Callable[..., Any]]
    _namespace_class: ClassVar[type[Any]]
    _libraries: ClassVar[tuple[str, ...]]

    def __init__(
        self,
        contract: Contract | None = None,
        *,
        server: Server | None = None,
        **options: Unpack[ClientOptions],
    ) -> None:
        self.contract = contract
        self.refusals: dict[str, object] = {}
        routers = options.pop("routers", ())
        self._service = Service(
            mirrored(contract) if contract is not None else None,
            self._host(),
            server=server,
            validation=options.pop("validation", True),
            strict=options.pop("strict", True),
        )
        self.strict = self._service.strict
        self._service.allow_missing_handlers()
        self._pending: set[Pending] = set()
        self._listeners: list[Function] = []
        self._handshake = ResolvedHandshake("", {}, None)
        super().__init__(**options)
        self._service.bind_contract()
        for router in routers:
            self.add_router(router)

    @classmethod
    def from_spec(
        cls: type[C], spec: Spec, *, server_name: str | None = None, **options: Unpack[ClientOptions]
    ) -> C:
        """Build a client from the AsyncAPI document of the server.

        Raises DocumentError with all problems of the document.

        Args:
            spec: the path of a file, or a mapping.
            server_name: the server of the document to connect to; a sole server is chosen without it.
            **options: see ClientOptions.
        """
        contract = load(spec)
        for problem in contract.warnings:
            log.warning("%s", problem)
        return cls(contract, server=choose_server(contract, server_name), **options)

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
            if event in _THE_PARENTS or not self._service.bind(registration):
                super(ContractClient, self).on(event, function, name)
            return function

        if handler is not None:
            decorator(handler)
        return decorator

    def register_namespace(self, namespace_handler: Any) -> None:
        """Register a class-based namespace; each `on_...` method is held to the contract."""
        name = namespace_name(namespace_handler.namespace)
        known = self._service.contract.namespaces.get(name)
        if known is None:
            self._service.reject_unknown(f"the contract has no namespace `{name}`")
        super().register_namespace(namespace_handler)
        if type(namespace_handler).trigger_event is not self._namespace_class.trigger_event:
            for event in known.receives if known is not None else ():
                self.on(event, partial(namespace_handler.trigger_event, event), name)
            return
        for attribute in dir(namespace_handler):
            event = attribute.removeprefix("on_")
            if attribute.startswith("on_") and event not in _THE_PARENTS:
                self.on(event, getattr(namespace_handler, attribute), name)

    def on_any(self, listener: Callable[[Context], object]) -> None:
        """Call `listener` with the context of every event that arrives, once it has been handled.

        `args` are as the server sent them, and `error` says why the event was refused or failed, if it
        was; an event without a handler is not checked. For logs and tools: handlers are registered by `on`.
        """
        self._listeners.append(listener)

    # Connecting --------------------------------------------------------------------------------

    def _connect_options(self, values: Mapping[str, object], wait_timeout: float) -> ConnectOptions:
        """What is to be brought; where python-socketio reconnects, it has that from the last time."""
        url = values["url"]
        if isinstance(url, ConnectOptions):
            return url
        return ConnectOptions({**values, "url": self._server_url() if url is None else url}, wait_timeout)

    def _server_url(self) -> str:
        server = self._service.server
        if server is None:
            raise ValueError("which server? pass `url`, or choose one of the document's by `server_name`")
        secure = "s" if server.protocol in ("https", "wss") else ""
        return server.url if "://" in server.url else f"http{secure}://{server.url}"

    def _path(self, given: str | None) -> str:
        server = self._service.server
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
        service = self._service
        if given is not None:
            return [namespace_name(name) for name in ([given] if isinstance(given, str) else given)]
        bound = (name for name, _ in service.routes.bound)
        known = (*service.contract.namespaces, *bound, *self.handlers, *self.namespace_handlers)
        names = [name for name in dict.fromkeys(known) if name != "*" and not is_pattern(name)]
        if not names and service.has_contract:
            raise ValueError("all namespaces have parameters: pass those to enter as `namespaces`")
        return names or ["/"]

    def _check(self, handshake: ResolvedHandshake, namespaces: Iterable[str]) -> None:
        """Raise where the server would not let the client in, as far as the contract tells."""
        request = handshake.request()
        for namespace in namespaces:
            match = self._service.routes.match(namespace)
            if match is None:
                self._service.reject_unknown(f"the contract has no namespace `{namespace}`")
            else:
                self._service.check_handshake(match.name, request)

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
            handshake = yield from connect_options.resolve(self._service.contract.security_schemes)
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
        match = self._service.routes.match(namespace)
        name = match.name if match is not None else namespace
        if (name, event) in self._service.routes.lifecycle:
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
                yield from self._service.disconnect(context, args[0] if args else None)
            else:
                yield from self._entering(context)
        return None

    def _entering(self, context: Context) -> Response:
        """Tell the connect handler; as in python-socketio it is given nothing, unless it asks for `auth`."""
        match = self._service.routes.match(context.namespace) or Match(context.namespace)
        context.parameters, context.pattern = match.parameters, match.name
        made = self._service.routes.lifecycle[match.name, "connect"]
        context.auth = self._handshake.auth
        context.args = (context.auth,) if made.min_args else ()
        try:
            return (yield from invoke(made, context, self._service.settings.override))
        except Exception as error:
            return (yield from self._service.reject(context, error))

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
        """Handle an event, then call the listeners; `parent` is python-socketio's own method."""
        yield from self._received_one(context, parent, id, data)
        for listener in self._listeners:
            try:
                yield listener, (context,)
            except Exception as error:
                log_failure(error, context.namespace, context.event)
        return None

    def _received_one(self, context: Context, parent: Function, id: int | None, data: Any) -> Response:
        """Handle an event and acknowledge it; `parent` takes those that are no business of the contract's."""
        namespace, event = context.namespace, context.event
        match = self._service.routes.match(namespace)
        name = match.name if match is not None else namespace
        routes = self._service.routes
        known = event in routes.schemas.receives.get(name, ())
        bound = routes.handles(name, event)
        if event is _MALFORMED:
            error = MalformedEvent("an event is a list that starts with its name")
            flow = self._service.reject(context, error)
        elif known and not bound and id is None:
            return None  # nobody listens
        elif not (known or bound or self._service.strict or event in (*self.reserved_events, "*")):
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

    def _sending(self, event: str, namespace: str | None) -> tuple[str, EventSchemas | None]:
        """Return the namespace to send an event in, and its schemas there, if any."""
        return self._service.sending(event, namespace, _handled.get())

    def _outgoing(
        self, event: str, data: object, namespace: str | None, callback: Function | None, take: Function
    ) -> dict[str, Any]:
        """What `emit` of the parent is called with; `take` stands before the callback."""
        name, schemas = self._sending(event, namespace)
        if callback is not None:
            held = schemas or EventSchemas.unchecked(name, event)
            callback = partial(take, held, name, callback)
        return {"event": event, "data": outgoing(schemas, data), "namespace": name, "callback": callback}

    def _taking(self, schemas: EventSchemas, namespace: str, callback: Function, args: Args) -> Flow:
        """Give an acknowledgement to a callback, if it is one that the contract has."""
        error = error_in(schemas, args)
        if error is None:
            return self._service.client_ack(schemas, namespace, callback, args)
        context = self._context(namespace, schemas.event.name, args)
        context.pattern = schemas.namespace
        return self._service.reject(context, error)

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
        name, schemas = self._sending(event, namespace)
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
            try:
                checked_ack(schemas, args)
            except MessageAckValidationException as broken:
                broken.ack = args
                raise
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
