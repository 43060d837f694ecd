"""The base class of both clients; methods named `*_flow` are generators for `drive` or `adrive`."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from importlib import import_module
from pathlib import Path
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
from asynction.document import Retriever, Spec, load, locate
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
    check_contract,
    check_options,
    checked_ack,
    choose_server,
    error_ack,
    invoke,
    is_pattern,
    log_failure,
    with_attachments,
)

if TYPE_CHECKING:
    from typing_extensions import Unpack

C = TypeVar("C", bound="ContractClient")
F = TypeVar("F", bound=Callable[..., Any])

DEFAULT_PATH = "socket.io"
"""The Socket.IO path, unless the document or an argument names another."""

EXTRA = "needs the extra `client`: install `asynction[client]`"

log = logging.getLogger("asynction")

_current_namespace: ContextVar[str | None] = ContextVar("asynction_client_namespace", default=None)
"""The namespace of the event that is being handled."""


class Pending:
    """A call that waits for its acknowledgement; `args` is None until that arrives."""

    def __init__(self, namespace: str, event: Any) -> None:
        self.namespace = namespace
        self.event = event
        self.args: Args | None = None

    def set_ack(self, *args: object) -> None:
        """Store the acknowledgement, and wake the call."""
        self.args = args
        self.event.set()


class ClientOptions(TypedDict, total=False):
    """The options of both clients; those that are not listed are python-socketio's.

    Attributes:
        validation: whether to check payloads, acks and handshakes. Default: True.
        strict: whether to raise if code and contract differ; False only warns. Default: True.
        routers: routers to add.
        reconnection: whether to connect again when the connection is lost. Default: True.
        reconnection_attempts: the number of attempts; 0 is no limit.
        reconnection_delay: the seconds before the second attempt.
        reconnection_delay_max: the longest pause in seconds.
        randomization_factor: the random part of a pause, from 0 to 1.
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
    """The base class of clients, which adds checks against a contract to those of python-socketio.

    Its Service has the contract with the directions swapped, so a client runs the same code as a server.

    Args:
        contract: the contract of the server, as `asynction.load` returns it.
        server: the server of the document to connect to.
        **options: see ClientOptions.
    """

    _driver: ClassVar[Callable[..., Any]]
    _namespace_class: ClassVar[type[Any]]
    _libraries: ClassVar[tuple[str, ...]]
    packet_class: Any
    _binary_packet: Any

    def __init__(
        self,
        contract: Contract | None = None,
        *,
        server: Server | None = None,
        **options: Unpack[ClientOptions],
    ) -> None:
        check_contract(contract, type(self).__name__, "give the URL to `connect`")
        check_options(options, ClientOptions, type(self).__name__)
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
        self._service.write_with(options.get("json"))
        self.packet_class = _strict_packet(self.packet_class)
        self._service.bind_contract()
        for router in routers:
            self.add_router(router)

    @classmethod
    def from_spec(
        cls: type[C],
        spec: Spec,
        *,
        server_name: str | None = None,
        root: str | Path | None = None,
        retriever: Retriever | None = None,
        **options: Unpack[ClientOptions],
    ) -> C:
        """Build a client from the AsyncAPI document of the server.

        Args:
            spec: the path of a file, or a mapping. A relative path is looked up in the folder of the calling
                module, then in the working directory.
            server_name: the server of the document to connect to. It may be left out if there is only one.
            root: the folder whose files a `$ref` may lead to; by default that of the document.
            retriever: takes the URL of a `$ref` and returns its text; by default no URL is fetched.
            **options: see ClientOptions.

        Raises:
            DocumentError: the document has problems; it lists all of them.
        """
        contract = load(locate(spec), root=root, retriever=retriever)
        for problem in contract.warnings:
            log.warning("%s", problem)
        return cls(contract, server=choose_server(contract, server_name), **options)

    def _host(self) -> Host:
        return Host(
            self,
            type(self)._driver,
            environ=lambda sid, namespace: {},
            is_connected=lambda sid, namespace: True,
            register=lambda namespace, event: None,  # `_handle_event` gets all events without it
            conventions=FLASK,
            providers={type(self): lambda _: self},
            is_async=self.is_asyncio_based(),
            has_connections=False,
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
        """Register the handler of an event, as in python-socketio; its signature is checked.

        Args:
            event: the name of the event.
            handler: the function to register; without it, `on` is a decorator.
            namespace: the namespace of the event, `/` by default.
            response_model: the type of the acknowledgement, instead of the handler's return annotation.

        Raises:
            UnknownEventException: the server sends no such event by the contract (`strict=False` warns).
            DocumentError: the handler cannot take the event's args.
        """
        name = "*" if namespace == "*" else namespace_name(namespace or "/")

        def decorator(function: F) -> F:
            registration = Registration(name, event, function, response_model)
            if event in _CLIENT_EVENTS or not self._service.bind(registration):
                super(ContractClient, self).on(event, function, name)
            return function

        if handler is not None:
            decorator(handler)
        return decorator

    def register_namespace(self, namespace_handler: Any) -> None:
        """Register a class-based namespace; each `on_...` method is bound like a handler."""
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
            if attribute.startswith("on_") and event not in _CLIENT_EVENTS:
                self.on(event, getattr(namespace_handler, attribute), name)

    def on_any(self, listener: Callable[[Context], object]) -> None:
        """Call `listener` with the context of every event that arrives, once it has been handled.

        `args` are as the server sent them, and `error` says why the event was refused or failed, if it
        was; an event without a handler is not checked. For logs and tools: handlers are registered by `on`.
        """
        self._listeners.append(listener)

    # Connecting --------------------------------------------------------------------------------

    def _connect_options(self, values: Mapping[str, object], wait_timeout: float) -> ConnectOptions:
        """Return the options of a connection."""
        url = values["url"]
        if isinstance(url, ConnectOptions):  # python-socketio reconnects, with the URL of the last time
            return url
        return ConnectOptions({**values, "url": self._server_url() if url is None else url}, wait_timeout)

    def _server_url(self) -> str:
        server = self._service.server
        if server is None:
            raise ValueError("no server: pass `url`, or choose a server of the document with `server_name`")
        secure = "s" if server.protocol in ("https", "wss") else ""
        return server.url if "://" in server.url else f"http{secure}://{server.url}"

    def _path(self, given: str | None) -> str:
        server = self._service.server
        return given or (server.path if server is not None else None) or DEFAULT_PATH

    def _check_extra(self) -> None:
        """Raise NotEnabledError if a library is missing: python-socketio would only log that."""
        try:
            for name in self._libraries:
                import_module(name)
        except ImportError as error:
            raise NotEnabledError(f"{type(self).__name__} {EXTRA}") from error

    def _namespaces_to_connect(self, given: str | Sequence[str] | None) -> list[str]:
        """Return the given namespaces, or all that are known and have no parameters."""
        service = self._service
        if given is not None:
            return [namespace_name(name) for name in ([given] if isinstance(given, str) else given)]
        bound = (name for name, _ in service.routes.bound)
        known = (*service.contract.namespaces, *bound, *self.handlers, *self.namespace_handlers)
        names = [name for name in dict.fromkeys(known) if name != "*" and not is_pattern(name)]
        if not names and service.has_contract:
            raise ValueError("all namespaces have parameters: pass `namespaces`, with their values")
        return names or ["/"]

    def _check(self, handshake: ResolvedHandshake, namespaces: Iterable[str]) -> None:
        """Raise if the contract says that the server will reject the client.

        Raises BindingsValidationException for the handshake, and UnknownEventException for a namespace.
        """
        request = handshake.request()
        for namespace in namespaces:
            match = self._service.routes.match(namespace)
            if match is None:
                self._service.reject_unknown(f"the contract has no namespace `{namespace}`")
            else:
                self._service.check_handshake(match.name, request)

    def _connect_flow(
        self, connect: Function, connect_options: ConnectOptions, options: Mapping[str, Any], *, again: bool
    ) -> Response:
        """Return the flow that connects; it raises ConnectionRefused, and as `connect` does.

        Args:
            connect: the method of the parent.
            connect_options: the URL, headers, `auth` payload, query and credentials.
            options: the other arguments of `connect`.
            again: whether python-socketio reconnects by itself. It tries again only after a ConnectionError,
                so every exception becomes one.
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

    def _lifecycle_flow(self, context: Context, trigger: Function, args: Args) -> Response:
        """Return the flow of `connect`, `disconnect` or `connect_error`; `trigger` is the parent's method."""
        event, namespace = context.event, context.namespace
        if event == "connect_error":
            self.refusals[namespace] = args[0] if args else None
        elif event == "disconnect":
            self._wake_calls(namespace)
        match = self._service.routes.match(namespace)
        name = match.name if match is not None else namespace
        if (name, event) in self._service.routes.lifecycle:
            return (yield from self._handler_flow(context, args))
        registered = namespace in self.handlers or namespace in self.namespace_handlers
        try:
            return (yield trigger, (event, namespace if registered else name, *args))
        except Exception as error:
            if event not in self.reserved_events:  # an event outside the contract: `_handle_flow` answers it
                raise
            log_failure(error, namespace, event)
            return None

    def _handler_flow(self, context: Context, args: Args) -> Response:
        with _in_namespace(context.namespace):
            if context.event == "disconnect":
                yield from self._service.disconnect(context, args[0] if args else None)
            else:
                yield from self._connect_handler_flow(context)
        return None

    def _connect_handler_flow(self, context: Context) -> Response:
        """Return the flow of the connect handler; it gets no args, unless it has a parameter for `auth`."""
        match = self._service.routes.match(context.namespace) or Match(context.namespace)
        context.parameters, context.pattern = match.parameters, match.name
        plan = self._service.routes.lifecycle[match.name, "connect"]
        context.auth = self._handshake.auth
        context.args = (context.auth,) if plan.min_args else ()
        try:
            return (yield from invoke(plan, context, self._service.settings.override))
        except Exception as error:
            return (yield from self._service.reject(context, error))

    def _wake_calls(self, namespace: str) -> None:
        """Wake the calls in a namespace that has been disconnected: they will not be answered."""
        for pending in list(self._pending):
            if pending.namespace == namespace:
                pending.event.set()

    # Receiving ---------------------------------------------------------------------------------

    def _context(self, namespace: str, event: str, args: Args = ()) -> Context:
        return self._service.context(namespace, event, self.get_sid(namespace) or "", args)

    def _event_context(self, namespace: str | None, data: Any) -> Context:
        """Return the context of a received event."""
        is_event = isinstance(data, list) and bool(data) and isinstance(data[0], str)
        event, args = (data[0], tuple(data[1:])) if is_event else (_MALFORMED, ())
        return self._context(namespace or "/", event, args)

    def _receive_flow(self, context: Context, parent: Function, id: int | None, data: Any) -> Response:
        """Handle an event, then call the listeners; `parent` is python-socketio's own method."""
        yield from self._handle_flow(context, parent, id, data)
        for listener in self._listeners:
            try:
                yield listener, (context,)
            except Exception as error:
                log_failure(error, context.namespace, context.event)
        return None

    def _handle_flow(self, context: Context, parent: Function, id: int | None, data: Any) -> Response:
        """Handle an event and acknowledge it; `parent` takes those that the contract does not have."""
        namespace, event = context.namespace, context.event
        match = self._service.routes.match(namespace)
        name = match.name if match is not None else namespace
        routes = self._service.routes
        known = event in routes.schemas.receives.get(name, ())
        bound = routes.handles(name, event)
        if event is _MALFORMED:
            error = MalformedEvent("an event must be a list that starts with its name")
            flow = self._service.reject(context, error)
        elif known and not bound and id is None:
            return None  # a client need not handle every event of the server
        elif not (known or bound or self._service.strict or event in (*self.reserved_events, "*")):
            try:
                return (yield parent, (namespace, id, data))
            except Exception as error:
                flow = self._service.reject(context, error)
        else:
            flow = self._service.receive(context)
        return (yield from self._ack_flow(flow, context, id))

    def _ack_flow(self, flow: Flow, context: Context, id: int | None) -> Response:
        namespace = context.namespace
        with _in_namespace(namespace):
            args = yield from flow
        if id is None:
            return None
        try:
            yield self._send_packet, (self._ack(namespace, id, args),)
        except Exception as error:  # a serializer can raise anything
            log_failure(error, namespace, context.event)
            yield self._send_packet, (self._ack(namespace, id, error_ack(error)),)
        return None

    def _ack(self, namespace: str, id: int, args: Args) -> Any:
        return self.packet_class(ACK, namespace=namespace, id=id, data=list(args))

    def _is_ack(self, id: int, data: object) -> bool:
        """Return whether an acknowledgement is valid; python-socketio stores its counter under the id 0."""
        if isinstance(data, list) and id != 0:
            return True
        log.warning("an acknowledgement of the server cannot be read")
        return False

    def _ignore_packet(self, error: Exception) -> None:
        """Log a packet that cannot be read."""
        self._binary_packet = None  # else the next packet would be taken for an attachment of this one
        _log_packet(error)

    def _protocol_fault(self, data: object) -> str | None:
        """Return how a message of the server breaks the protocol of Socket.IO, or None.

        The parent takes a text for the attachment that is due, and then all that follows for something else.
        """
        if self._binary_packet is not None:
            return None if isinstance(data, bytes | bytearray) else "a text where an attachment is due"
        if self.packet_class.uses_binary_events and not isinstance(data, str):
            return "an attachment that belongs to no packet"
        return None

    def _report_break(self, fault: str) -> None:
        """Log why the connection is closed."""
        self._binary_packet = None
        log.warning("the server broke the protocol and is disconnected: %s", fault)

    # Sending -----------------------------------------------------------------------------------

    def _sending(self, event: str, namespace: str | None) -> tuple[str, EventSchemas | None]:
        """Return the namespace to send an event in, and its schemas, if any."""
        return self._service.sending(event, namespace, _current_namespace.get())

    def _emit_arguments(
        self, event: str, data: object, namespace: str | None, callback: Function | None, take: Function
    ) -> dict[str, Any]:
        """Return the arguments for `emit` of the parent; `take` checks an ack before `callback` gets it."""
        name, schemas = self._sending(event, namespace)
        if callback is not None:
            checked = schemas or EventSchemas.unchecked(name, event)
            callback = partial(take, checked, name, callback)
        args = self._service.outgoing(schemas, data)
        return {"event": event, "data": args, "namespace": name, "callback": callback}

    def _callback_flow(self, schemas: EventSchemas, namespace: str, callback: Function, args: Args) -> Flow:
        """Return the flow that checks an acknowledgement and passes it to a callback."""
        error = error_in(schemas, args)
        if error is None:
            return self._service.client_ack(schemas, namespace, callback, args)
        context = self._context(namespace, schemas.event.name, args)
        context.pattern = schemas.namespace
        return self._service.reject(context, error)

    def _call_flow(  # noqa: PLR0917 - as the parent has it
        self,
        emit: Function,
        wait: Function,
        event: str,
        data: object,
        namespace: str | None,
        timeout: float | None,
    ) -> Response:
        """Return the flow that emits an event and returns its acknowledgement.

        Args:
            emit: the method of the parent.
            wait: waits for an event of the client, up to a number of seconds; returns whether it was set.
            event: the name of the event.
            data: its arg; a tuple is several args.
            namespace: the namespace to send in.
            timeout: the seconds to wait; None is no limit.
        """
        name, schemas = self._sending(event, namespace)
        pending = Pending(name, self.eio.create_event())
        self._pending.add(pending)
        try:
            yield emit, (event, self._service.outgoing(schemas, data), name, pending.set_ack)
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
_CLIENT_EVENTS = frozenset(BaseClient.reserved_events) - frozenset(LIFECYCLE_EVENTS)
"""Events of python-socketio that only clients have; the Service does not bind them."""


def _strict_packet(parent: type[Any]) -> type[Any]:
    """Return a packet class in which each placeholder has an attachment; else it raises MalformedEvent."""
    return type(parent.__name__, (parent,), {"reconstruct_binary": staticmethod(with_attachments)})


def _log_packet(error: Exception) -> None:
    log.warning("a packet of the server cannot be read: %s", type(error).__name__)


def call_logged(function: Function, *args: object) -> None:
    """Call a function that handles a packet in a thread, and log an exception, which would be lost."""
    try:
        function(*args)
    except Exception as error:
        _log_packet(error)


@contextmanager
def _in_namespace(namespace: str) -> Iterator[None]:
    """Set the namespace of the event that is being handled: `emit` to its pattern sends there."""
    token = _current_namespace.set(namespace)
    try:
        yield
    finally:
        _current_namespace.reset(token)
