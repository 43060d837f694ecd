"""A router for plain WebSockets: JSON requests with a `uuid`, with the same contract and handlers."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping, MutableMapping
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

from socketio.exceptions import ConnectionRefusedError as SocketIORefusal

from asynction.contract import Contract, Namespace, Server, namespace_name
from asynction.document import Retriever, Spec, locate
from asynction.exceptions import (
    AsynctionException,
    EventException,
    PayloadValidationException,
    UnknownEventException,
)
from asynction.problems import did_you_mean
from asynction.runtime import (
    HOOKS,
    PYTHON_SOCKETIO,
    Ack,
    Args,
    ConnectionRejected,
    Context,
    Endpoint,
    Function,
    HandlerStyle,
    Host,
    MessageData,
    Registrar,
    Registration,
    Service,
    adrive,
    arun,
    as_exception,
    check_contract,
    check_options,
    closing,
    log_failure,
    status_of,
)
from asynction.server._asgi.loop import off_the_loop
from asynction.server._asgi.request import respond
from asynction.server._asgi.security import SecurityThreads
from asynction.server._origins import OriginPolicy
from asynction.server._websocket.connection import GOING_AWAY, POLICY, Answers, Connection, Limits
from asynction.server._websocket.frames import (
    Frame,
    HandlerResult,
    MalformedFrame,
    Status,
    pushed,
    refusal,
    reply_of,
    written,
)
from asynction.server._websocket.transports import (
    EndpointSignature,
    Serving,
    Transport,
    asgi_transport,
    serve_simple,
    starlette_transport,
)
from asynction.server.loading import load_served
from asynction.server.options import OriginOptions, RouterOptions, ServiceOptions, take
from asynction.validation import JsonArgs, read_args

__all__ = ["HandlerResult", "Limits", "MessageData", "SocketRouter", "Status"]

if TYPE_CHECKING:
    from typing_extensions import Unpack

F = TypeVar("F", bound=Function)
T = TypeVar("T")

log = logging.getLogger("asynction")

_ROUTE = HandlerStyle(3, lambda ws, message: (ws, message.headers, message.payload), reply_of)


class SocketRouter(Registrar):
    """Serves plain WebSockets, as an ASGI application or in an endpoint of FastAPI, Starlette or Flask.

    A route is an event of the contract's channel; without a contract every route may be registered.

    Args:
        contract: the contract, as `asynction.load` returns it.
        access: called with each new connection; a false result rejects it.
        limits: the limits of one connection.
        grace: the seconds to wait for requests when the server stops.
        server: the server of the document; its security is the default for channels.
        **options: see RouterOptions.

    Raises DocumentError for handlers that the contract names and that cannot be served.
    """

    __signature__ = EndpointSignature()

    def __init__(
        self,
        contract: Contract | None = None,
        *,
        access: Function | None = None,
        limits: Limits | None = None,
        grace: float = 5.0,
        server: Server | None = None,
        **options: Unpack[RouterOptions],
    ) -> None:
        instead = "give a check of connections as `access=`"
        check_contract(contract, type(self).__name__, instead)
        check_options(options, RouterOptions, type(self).__name__)
        self.contract = contract
        self.limits = limits or Limits()
        self.grace = grace
        self._connections: dict[str, Connection] = {}
        self._environs: dict[str, Mapping[str, Any]] = {}
        self._is_stopping = False
        routers, resolver = options.pop("routers", ()), options.pop("resolver", None)
        self._origins = OriginPolicy(**take(options, OriginOptions))
        self._security = SecurityThreads()
        self._service = Service(contract, self._host(), server=server, **take(options, ServiceOptions))
        self._access = None if access is None else self._security.prepare(access)
        self._answers = Answers(self._handle, _stopping_answer)
        for router in routers:
            self.add_router(router)
        self._service.bind_contract(resolver)

    @classmethod
    def from_spec(
        cls,
        spec_path: Spec,
        *,
        channel: str | None = None,
        server_name: str | None = None,
        access: Function | None = None,
        limits: Limits | None = None,
        grace: float = 5.0,
        root: str | Path | None = None,
        retriever: Retriever | None = None,
        **options: Unpack[RouterOptions],
    ) -> SocketRouter:
        """Build a router from an AsyncAPI document.

        Args:
            spec_path: the path of a file, or a mapping. A relative path is looked up in the folder of the
                calling module, then in the working directory.
            channel: the only channel to serve, at any path. Without it, a single channel is served at any
                path, and each of several channels at its own path.
            server_name: the server of the document; its security is the default for channels.
            access: called with each new connection; a false result rejects it.
            limits: the limits of one connection.
            grace: the seconds to wait for requests when the server stops.
            root: the folder whose files a `$ref` may lead to; by default that of the document.
            retriever: takes the URL of a `$ref` and returns its text; by default no URL is fetched.
            **options: see RouterOptions.

        Raises:
            DocumentError: the document, or a handler that it names, has problems; it lists all of them.
            UnknownEventException: the document has no such channel.
        """
        loaded = load_served(locate(spec_path), server_name, docs=False, root=root, retriever=retriever)
        contract = loaded["contract"] if channel is None else _narrowed(loaded["contract"], channel)
        return cls(contract, server=loaded["server"], access=access, limits=limits, grace=grace, **options)

    def _host(self) -> Host:
        return Host(
            self,
            adrive,
            environ=lambda sid, _: self._environs.get(sid, {}),
            is_connected=lambda sid, _: sid in self._connections,
            register=lambda *_: None,
            conventions=PYTHON_SOCKETIO,
            providers={type(self): lambda _: self},
            refusals=(SocketIORefusal, ConnectionRefusedError),
            is_async=True,
            prepare=off_the_loop,
            prepare_security=self._security.prepare,
            expire=self._expire,
        )

    # Binding -----------------------------------------------------------------------------------

    def route(
        self, path: str, options: Mapping[str, Function] | None = None, *, channel: str | None = None
    ) -> Callable[[F], F]:
        """Register the handler of a route: it takes `(ws, headers, payload)` and returns a HandlerResult.

        `options` are its hooks: `data_check`, `access`, `hydrate` and `dehydrate`. The result of `hydrate`,
        or the value that the checks store in `local["value"]`, becomes the handler's only argument. Raises
        TypeError for another option, UnknownEventException if the contract has no such route, and
        DocumentError for a function that cannot be served.
        """
        hooks = dict(options or {})
        for unknown in hooks.keys() - HOOKS.keys():
            raise TypeError(f"a route has no option `{unknown}`{did_you_mean(unknown, HOOKS)}")

        name = self._named(channel)

        def decorator(handler: F) -> F:
            self._service.bind(Registration(name, path, handler, hooks=hooks, style=_ROUTE))
            return handler

        return decorator

    def on(
        self, event: str, channel: str | None = None, *, response_model: object = None
    ) -> Callable[[F], F]:
        """Register the handler of an event, as for Socket.IO: it takes the event's args and returns its ack.

        Raises as `route` does.
        """
        name = self._named(channel)

        def decorator(handler: F) -> F:
            self._service.bind(Registration(name, event, handler, response_model))
            return handler

        return decorator

    def add_middleware(
        self,
        middleware: object,
        channel: str | None = None,
        events: Iterable[str] | str | None = None,
        *,
        global_middleware: bool = False,
    ) -> None:
        """Put a middleware around received events; the first that is added is the outermost.

        Args:
            middleware: a function, a BaseMiddleware, or a class of one.
            channel: handle only the events of this channel.
            events: handle only the events with these names.
            global_middleware: state explicitly that it handles all events.

        Raises:
            TypeError: the object cannot be a middleware here, or there is a scope and `global_middleware`.
            UnknownEventException: the contract has no such channel or event.
        """
        super().add_middleware(middleware, channel, events, global_middleware=global_middleware)

    def _named(self, channel: str | None) -> str:
        """Return the name of a channel, or of the only one; raise ValueError if there are several."""
        if channel is not None:
            return namespace_name(channel)
        names = list(self._service.contract.namespaces) or ["/"]
        if len(names) > 1:
            raise ValueError("the contract has several channels: name one with `channel`")
        return names[0]

    # Serving -----------------------------------------------------------------------------------

    def __call__(self, ws: Any, receive: Any = None, send: Any = None) -> Any:
        """Serve one connection: `(scope, receive, send)` of ASGI, or the WebSocket of an endpoint.

        Await the result.
        """
        if receive is not None:
            return self.asgi(ws, receive, send)
        if isinstance(ws, MutableMapping):  # the server takes this for an application of ASGI 2
            return partial(self.asgi, ws)
        return Serving(lambda: self._serve(starlette_transport(ws)), ws.scope)

    async def asgi(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve as an ASGI application, for servers that check that it is `async def`."""
        if scope["type"] == "websocket":
            await self._serve(asgi_transport(scope, receive, send))
        elif scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        else:
            await respond(send, 426, headers={"Connection": "upgrade", "Upgrade": "websocket"})

    async def _lifespan(self, receive: Any, send: Any) -> None:
        await receive()
        try:
            self._service.check_complete()
        except AsynctionException as error:
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.shutdown()
        await send({"type": "lifespan.shutdown.complete"})

    def serve(self, ws: Any) -> None:
        """Serve a WebSocket of simple-websocket (flask-sock) in this thread, until it closes."""
        serve_simple(ws, self._serve, self.limits.concurrency)

    async def shutdown(self) -> None:
        """Reject new connections, finish the current requests, and close all connections (1001)."""
        self._is_stopping = True
        clients = list(self._connections.values())
        await asyncio.gather(*[_on_loop_of(client, client.stop(self.grace)) for client in clients])

    async def _serve(self, transport: Transport) -> None:
        if not transport.is_accepted and (await transport.receive())["type"] != "websocket.connect":
            return
        client = Connection(transport.receive, transport.send, transport.peer, self.limits, self._answers)
        client.namespace = client.pattern = self._namespace_of(transport)
        self._connections[client.sid], self._environs[client.sid] = client, transport.environ
        is_connected = False
        try:
            is_connected = await self._accept(client, transport)
            if is_connected and not transport.is_accepted:
                await transport.send({"type": "websocket.accept"})
            if is_connected:
                await client.run()
        finally:
            del self._connections[client.sid]
            try:
                await self._disconnect(client, is_connected)
            finally:
                del self._environs[client.sid]
        if not is_connected:
            code = GOING_AWAY if self._is_stopping else POLICY
            await transport.send({"type": "websocket.close", "code": code, "reason": ""})

    def _namespace_of(self, transport: Transport) -> str:
        """Return the channel of a connection: the only one, else that of its path."""
        names = list(self._service.contract.namespaces)
        return names[0] if len(names) == 1 else namespace_name(transport.path) if names else "/"

    async def _accept(self, client: Connection, transport: Transport) -> bool:
        known = not self._service.strict or self._service.routes.match(client.namespace) is not None
        if self._is_stopping or not known or not self._origins.allows(transport.environ):
            return False
        context = self._context(client, "connect")
        try:
            if self._access is not None and not await self._access(transport.peer):
                return False
            flow = self._service.connect(context, None, transport.request)
            answer = await arun(flow, context)
            client.pattern = context.pattern
        except (ConnectionRejected, SocketIORefusal, ConnectionRefusedError):
            return False
        except BaseException as error:  # `access` is the application's
            log_failure(as_exception(error), client.namespace, "connect")
            return False
        return answer is not False

    async def _disconnect(self, client: Connection, is_connected: bool) -> None:
        if is_connected:
            context = self._context(client, "disconnect")
            await arun(self._service.disconnect(context, client.reason), context)

    def _expire(self, sid: str, namespace: str, end: float) -> None:
        client = self._connections[sid]
        delay = min(max(0.0, end - time.time()), 86_400.0)
        client.loop.call_later(delay, self._expired, client, end)

    def _expired(self, client: Connection, end: float) -> None:
        if client.sid not in self._connections:
            return
        if time.time() < end:
            self._expire(client.sid, client.namespace, end)
        else:
            client.end(POLICY, "credentials expired")

    # Answering ---------------------------------------------------------------------------------

    def _context(self, client: Connection, event: str, args: Args = ()) -> Context:
        context = self._service.context(client.namespace, event, client.sid, args)
        context.connection = client.peer
        return context

    async def _handle(self, client: Connection, frame: Frame | MalformedFrame) -> None:
        """Handle one request and send its answer; an error is answered, too."""
        endpoint: Endpoint | None = None
        if isinstance(frame, MalformedFrame):
            context = self._context(client, "(malformed)")
            flow = self._service.reject(context, frame)
        else:
            endpoint = self._service.routes.endpoints.get((client.pattern, frame.route))
            context = self._context(client, frame.route)
            context.message = MessageData(frame.uuid, frame.route, frame.headers, frame.payload)
            try:
                context.args = context.json_args = _args(endpoint, frame)
                flow = self._service.receive(context)
            except PayloadValidationException as error:  # a value that JSON does not allow
                flow = self._service.reject(context, error)
        try:
            args = await adrive(flow)
            await client.put(_answer(frame.uuid, args, endpoint, context))
        except asyncio.CancelledError as error:
            context.error = error
            raise
        finally:
            if context.open_dependencies:
                await adrive(closing(context))

    # Sending -----------------------------------------------------------------------------------

    @property
    def connections(self) -> tuple[str, ...]:
        """Return the ids of all connected clients."""
        return tuple(self._connections)

    async def push(
        self,
        route: str,
        payload: object = None,
        *,
        to: object = None,
        channel: str | None = None,
        headers: Mapping[str, object] | None = None,
    ) -> int:
        """Send a frame without a request to clients of a channel; return the number of clients.

        It waits for a slow client until the frame is queued, or the client is disconnected (`slow_timeout`).

        Args:
            route: the route, an event that the contract sends.
            payload: the payload; a tuple is several args.
            to: a client, or a list of clients, each by its id (SocketID) or its WebSocket; all by default.
            channel: the channel; it may be left out if there is only one.
            headers: the headers of the frame.

        Raises:
            UnknownEventException: the contract sends no such event.
            PayloadValidationException: `payload` breaks its schema.
        """
        text, clients = self._pushed(route, payload, to, channel, headers)
        done = await asyncio.gather(*[_on_loop_of(client, client.put(text)) for client in clients])
        return sum(map(bool, done))

    def push_from_thread(
        self,
        route: str,
        payload: object = None,
        *,
        to: object = None,
        channel: str | None = None,
        headers: Mapping[str, object] | None = None,
    ) -> int:
        """Send a frame from a thread: for example, from a `def` handler or from Flask.

        It takes the arguments of `push`, and returns and raises what that does. Raises RuntimeError on the
        event loop of a client, which it would block.
        """
        text, clients = self._pushed(route, payload, to, channel, headers)
        loop = _running_loop()
        if any(client.loop is loop for client in clients):
            raise RuntimeError("this is the event loop: write `await router.push(...)`")
        sent = [_submit(client, client.put(text)) for client in clients]
        return sum(bool(each.result()) for each in sent if each is not None)

    def _pushed(
        self,
        route: str,
        payload: object,
        to: object,
        channel: str | None,
        headers: Mapping[str, object] | None,
    ) -> tuple[str, list[Connection]]:
        name, schemas = self._service.sending(route, self._named(channel), None)
        args = self._service.outgoing(schemas, payload)
        is_tuple = schemas is not None and schemas.args is not None and schemas.args.is_tuple
        (fields,) = self._service.outgoing(None, headers or {})
        text = pushed(str(uuid4()), route, fields, _value(args, is_tuple=is_tuple))
        wanted = None if to is None else list(to) if isinstance(to, list | tuple | set) else [to]
        clients = [
            client
            for client in list(self._connections.values())
            if name in (client.namespace, client.pattern)
            and (wanted is None or client.sid in wanted or any(client.peer is one for one in wanted))
        ]
        return text, clients


def _narrowed(contract: Contract, channel: str) -> Contract:
    """Return the contract with one channel only; raise UnknownEventException for an unknown channel."""
    name = namespace_name(channel)
    found: Namespace | None = contract.namespaces.get(name)
    if found is None:
        near = did_you_mean(name, contract.namespaces)
        raise UnknownEventException(f"the document has no channel `{name}`{near}")
    return replace(contract, namespaces={name: found})


def _args(endpoint: Endpoint | None, frame: Frame) -> JsonArgs:
    """Return the args of an event: if its schema is a tuple, the payload is a list of them."""
    validator = endpoint.schemas.args if endpoint is not None else None
    payload = frame.payload
    if validator is not None and validator.is_tuple:
        values = payload if isinstance(payload, list) else () if payload is None else (payload,)
    else:
        # Without a schema, a null is not an arg if the handler takes none.
        is_empty = validator is None and payload is None and (endpoint is None or endpoint.plan.takes(0))
        values = () if is_empty else (payload,)
    return read_args(values, frame.text)


def _value(args: Args, *, is_tuple: bool) -> object:
    """Return the payload for the args of an acknowledgement or an event."""
    return list(args) if is_tuple or len(args) > 1 else args[0] if args else None


def _answer(uuid: str | int, args: Args, endpoint: Endpoint | None, context: Context) -> str:
    """Write the answer to a request from the ack of its event."""
    failure = context.error
    taken, given = (endpoint.schemas.args, endpoint.schemas.ack) if endpoint is not None else (None, None)
    reply = args if isinstance(args, Ack) else None
    if failure is not None and reply is not None:
        reported = failure if status_of(failure) == reply.status else RuntimeError()
        return refusal(uuid, reported, is_tuple=taken is not None and taken.is_tuple)
    try:
        if failure is not None:  # the result of an exception handler
            return written(uuid, status_of(failure), None, _value(args, is_tuple=False))
        is_tuple = given is not None and given.is_tuple and (reply is None or reply.is_success)
        payload = _value(args, is_tuple=is_tuple)
        status, headers = (200, {}) if reply is None else (reply.status, reply.headers)
        return written(uuid, status, headers, payload)
    except (TypeError, ValueError, RecursionError) as error:
        context.error = error
        log_failure(error, context.namespace, context.event)
        return refusal(uuid, error)


def _stopping_answer(frame: Frame | MalformedFrame) -> str:
    return refusal(frame.uuid, EventException(503, ""))


async def _on_loop_of(client: Connection, work: Any) -> Any:
    """Await something on the event loop that serves a client."""
    if client.loop is asyncio.get_running_loop():
        return await work
    submitted = _submit(client, work)
    return None if submitted is None else await asyncio.wrap_future(submitted)


def _submit(client: Connection, work: Coroutine[Any, Any, T]) -> Future[T] | None:
    """Start something on the event loop of a client; None if the loop has ended, on Flask with the client."""
    try:
        return asyncio.run_coroutine_threadsafe(work, client.loop)
    except RuntimeError:
        work.close()
        return None


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
