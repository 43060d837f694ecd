"""A python-socketio server for ASGI that checks events against a contract."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Callable, Collection, Mapping
from contextvars import ContextVar
from functools import partial, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import engineio
import socketio
from socketio.exceptions import ConnectionRefusedError as SocketIORefusal
from socketio.packet import ACK

from asynction.contract import Contract, Server
from asynction.document import Retriever, Spec, locate
from asynction.exceptions import AsynctionException, DocumentError, EventException
from asynction.runtime import (
    LIFECYCLE_EVENTS,
    PYTHON_SOCKETIO,
    PYTHON_SOCKETIO_ANY,
    Args,
    ConnectionRejected,
    Context,
    EventSchemas,
    Host,
    Registration,
    Service,
    adrive,
    arun,
    check_contract,
    check_options,
    checked_ack,
    closing,
    default_router,
    error_ack,
    is_pattern,
)
from asynction.server._asgi import current
from asynction.server._asgi.app import EngineApp, add_route, mount, paths_of
from asynction.server._asgi.loop import Engine, cancel, in_time, off_the_loop, pending_ack, wait_for
from asynction.server._asgi.namespaces import routed
from asynction.server._asgi.packets import handle_message
from asynction.server._asgi.security import SecurityThreads
from asynction.server._asgi.sync import SyncMethods
from asynction.server._asgi.testing import AsyncTestClient, Headers
from asynction.server._asgi.types import ASGIApp
from asynction.server._docs import Docs, DocsApp, Source
from asynction.server._http.asgi import HttpApp
from asynction.server._origins import OriginPolicy
from asynction.server._socketio.common import (
    DEFAULT_PATH,
    ContractServer,
    exclude_unauthenticated,
    handler_namespace,
    parent_options,
    request_of,
)
from asynction.server._socketio.expiry import Expiries
from asynction.server._socketio.packet import MALFORMED, peer_packet, reads_json
from asynction.server._socketio.reader import PacketReader
from asynction.server._socketio.screening import async_screen_clients
from asynction.server.announcing import log_notices
from asynction.server.http import HttpOptions, HttpWire
from asynction.server.loading import load_served
from asynction.server.options import (
    AsyncServerOptions,
    OriginOptions,
    ServiceOptions,
    check_asgi_app,
    check_asgi_mode,
    take,
)

Function = Callable[..., Any]
if TYPE_CHECKING:
    from typing_extensions import Unpack

F = TypeVar("F", bound=Function)
T = TypeVar("T")

log = logging.getLogger("asynction")

_current_namespace: ContextVar[str | None] = ContextVar("asynction_namespace", default=None)
"""The namespace of the event that is being handled, if the contract has patterns."""


def _resolves_namespace(method: F) -> F:
    """Return a method of the parent to which a pattern is the namespace of the event being handled."""
    signature = inspect.signature(method)

    @wraps(method)
    def resolved(self: AsynctionAsyncServer, *args: Any, **kwargs: Any) -> Any:
        if self._service.routes.schemas.patterns:
            given = signature.bind(self, *args, **kwargs).arguments
            kwargs = {name: value for name, value in given.items() if name != "self"}
            kwargs["namespace"] = self._service.address(given.get("namespace"), _current_namespace.get())
            args = ()
        return method(self, *args, **kwargs)

    return cast("F", resolved)


class AsynctionAsyncServer(ContractServer, socketio.AsyncServer):
    """A `socketio.AsyncServer` bound to a contract: create it with `from_spec`, use it like its parent.

    Without a contract only the annotations of handlers are checked.

    Attributes:
        sync: `emit`, `call` and other methods for threads, which do not await.

    Args:
        contract: the contract, as `asynction.load` returns it.
        app: a FastAPI or Starlette application to mount the server on, which then starts and stops it; any
            other ASGI application is served by `asgi_app()`, after the Socket.IO path.
        server: the server of the document that is served.
        source: returns the document for the docs page; None disables the page.
        **options: see AsyncServerOptions.

    Raises DocumentError for handlers that the contract names and that cannot be served.
    """

    def __init__(
        self,
        contract: Contract | None = None,
        *,
        app: ASGIApp | None = None,
        server: Server | None = None,
        source: Source | None = None,
        **options: Unpack[AsyncServerOptions],
    ) -> None:
        owner = type(self).__name__
        check_contract(contract, owner)
        check_options(options, AsyncServerOptions, owner)
        check_asgi_app(app, owner)
        check_asgi_mode(options.pop("async_mode", None), owner)
        self.contract, self.grace = contract, options.pop("grace", 5.0)
        http, resolver = options.pop("http", False), options.pop("resolver", None)
        routers, path = options.pop("routers", ()), options.pop("socketio_path", None)
        public = options.pop("public_extensions", ())
        self._service = Service(contract, self._host(), server=server, **take(options, ServiceOptions))
        self.strict = self._service.strict
        self.sync = SyncMethods(self)
        self._is_stopping = False
        self._outside_contract: set[str] = set()  # namespaces of the Admin UI
        if path is None:
            path = (server.path if server is not None else None) or DEFAULT_PATH
        self.socketio_path = path or "/"
        self._is_checked = False  # whether a missing handler has been reported to a foreign ASGI application
        self.origins = OriginPolicy(**take(options, OriginOptions))
        parents = {"async_mode": "asgi", "cors_allowed_origins": self.origins.engine_option, **options}
        super().__init__(**parent_options(self._service, parents, parents))
        self._reads_json = reads_json(self.packet_class)
        self._service.write_with(options.get("json"))
        self._packets = PacketReader(self)
        async_screen_clients(self, self._packets.report)
        self._expiries = Expiries(self, driver=adrive, wait=wait_for)
        exclude_unauthenticated(self.manager, self._service)
        for router in (default_router, *routers):
            self.add_router(router)
        # A write-only manager makes a process that only emits: it need not import handlers.
        if not getattr(options.get("client_manager"), "write_only", False):
            self._service.bind_contract(resolver)
        self._register_all()
        self._other: ASGIApp | None = None
        self._http = self._http_wire(http) if http else None
        self.http_path = self._http.path if self._http is not None else None
        self._docs = self._page(source, app, public)
        if app is not None and self._mount(app):
            self.app = app
        else:
            self._other = app
        current.enable(self)

    def _page(self, source: Source | None, app: ASGIApp | None, public: Collection[str]) -> Docs | None:
        if self.contract is None or source is None:
            return None
        taken, path = paths_of(app), self.socketio_path
        docs = Docs(self.contract, source, path, taken, http=self._http, public_extensions=public)
        self.docs_path = f"{docs.base}/"
        return docs

    @classmethod
    def from_spec(
        cls,
        spec_path: Spec,
        *,
        app: ASGIApp | None = None,
        server_name: str | None = None,
        docs: bool = True,
        root: str | Path | None = None,
        retriever: Retriever | None = None,
        **options: Unpack[AsyncServerOptions],
    ) -> AsynctionAsyncServer:
        """Build a server from an AsyncAPI document.

        Args:
            spec_path: the path of a file, or a mapping. A relative path is looked up in the folder of the
                calling module, then in the working directory.
            app: a FastAPI or Starlette application to mount the server on, or any other ASGI application.
            server_name: the server of the document to serve: its URL path is the Socket.IO path. It may be
                left out if there is only one.
            docs: whether to serve a page about the API at `docs` next to the Socket.IO path, or at `asyncapi`
                if the app has that path already.
            root: the folder whose files a `$ref` may lead to; by default that of the document.
            retriever: takes the URL of a `$ref` and returns its text; by default no URL is fetched.
            **options: see AsyncServerOptions.

        Raises:
            DocumentError: the document, or a handler that it names, has problems; it lists all of them.
        """
        return cls(**load_served(locate(spec_path), server_name, docs, root, retriever), app=app, **options)

    def _host(self) -> Host:
        return Host(
            self,
            adrive,
            environ=self._environ,
            is_connected=self._is_connected,
            register=self._register,
            conventions=PYTHON_SOCKETIO,
            any_namespace=PYTHON_SOCKETIO_ANY,
            providers={type(self): lambda _: self},
            refusals=(SocketIORefusal, ConnectionRefusedError),
            is_async=True,
            prepare=off_the_loop,
            prepare_security=SecurityThreads().prepare,
            expire=self._expire,
        )

    def _http_wire(self, options: bool | HttpOptions) -> HttpWire:
        return HttpWire(self._service, self.socketio_path, options, _current_namespace.set, self.origins)

    def _environ(self, sid: str, namespace: str) -> Mapping[str, Any]:
        environ: Mapping[str, Any] = super().get_environ(sid, namespace) or {}
        return environ

    def _is_connected(self, sid: str, namespace: str) -> bool:
        return self.manager.eio_sid_from_sid(sid, namespace) in self.environ

    def _expire(self, sid: str, namespace: str, end: float) -> None:
        self._expiries.add(sid, namespace, end)

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
            UnknownEventException: the contract receives no such event (`strict=False` warns).
            DocumentError: the handler cannot take the event's args.
        """
        name = handler_namespace(namespace)

        def decorator(function: F) -> F:
            if name in self._outside_contract:
                super(AsynctionAsyncServer, self).on(event, function, name)
            else:
                self._service.bind(Registration(name, event, function, response_model))
            return function

        if handler is not None:
            decorator(handler)
        return decorator

    def register_namespace(self, namespace_handler: socketio.AsyncNamespace) -> None:
        """Register a class-based namespace; each `on_...` method is bound like a handler."""
        name = handler_namespace(namespace_handler.namespace)
        known = self._service.contract.namespaces.get(name)
        if known is None:
            self._service.reject_unknown(f"the contract has no namespace `{name}`")
        super().register_namespace(namespace_handler)
        # A class with a `trigger_event` of its own finds its methods itself: it gets every event.
        if type(namespace_handler).trigger_event is not socketio.AsyncNamespace.trigger_event:
            for event in (*LIFECYCLE_EVENTS, *(known.receives if known is not None else ())):
                self.on(event, routed(namespace_handler), name)
            if known is None:
                self.on("*", namespace_handler.trigger_event, name)
            return
        for attribute in dir(namespace_handler):
            if attribute.startswith("on_"):
                self.on(attribute.removeprefix("on_"), getattr(namespace_handler, attribute), name)

    def instrument(self, *args: Any, namespace: str = "/admin", **kwargs: Any) -> Any:
        """Enable the Socket.IO Admin UI, as in python-socketio; its namespace is outside the contract."""
        self._outside_contract.add(handler_namespace(namespace))
        return super().instrument(*args, namespace=namespace, **kwargs)

    def _register_all(self) -> None:
        for name in self._service.contract.namespaces:
            if not is_pattern(name):
                self._register(name, "connect")
        if self._service.routes.schemas.patterns or not self.strict:
            super().on("connect", self._connect_any, "*")
            super().on("disconnect", self._disconnect_any, "*")

    def _register(self, namespace: str, event: str) -> None:
        """Register our connect and disconnect handlers for a namespace with the parent."""
        if namespace != "*" and not is_pattern(namespace):
            super().on("connect", partial(self._connect_any, namespace), namespace)
            super().on("disconnect", partial(self._disconnect_any, namespace), namespace)

    # Receiving ---------------------------------------------------------------------------------

    # The parent's method calls a handler that is registered for the exact event, and sends its result as the
    # ack. We find the handler by the contract, and always send an ack. The method is private to the parent;
    # tests/server/asgi/test_parent.py fails if it changes.
    async def _handle_event_internal(  # noqa: PLR0917 - as the parent has it
        self, server: Any, sid: str, eio_sid: str, data: list[Any], namespace: str, id: int | None
    ) -> None:
        event, service = data[0], self._service
        if namespace in self._outside_contract and event != MALFORMED:
            await super()._handle_event_internal(server, sid, eio_sid, data, namespace, id)
            return
        args = tuple(data[1:])
        context = service.context(namespace, event, sid, args)
        if self._reads_json:
            context.json_args = args  # type: ignore[assignment]  # JsonArgs(args) would cost a call
        if self._service.routes.schemas.patterns:
            _current_namespace.set(namespace)
        if event == MALFORMED and isinstance(data[-1], AsynctionException):
            context.event = "(malformed)"
            flow = service.reject(context, data[-1])
        else:
            flow = service.receive(context)
        try:
            args = await adrive(flow)
            if id is not None:
                await self._send_packet(eio_sid, self.packet_class(ACK, list(args), namespace, id))
        except asyncio.CancelledError as error:
            context.error = error
            if id is not None:  # otherwise the client would never get an ack
                stopping = EventException(503, "the server is stopping")
                await self._send_ack(
                    eio_sid, namespace, id, error_ack(stopping if self._is_stopping else error)
                )
            raise
        finally:
            if context.open_dependencies:
                await adrive(closing(context))

    async def _send_ack(self, eio_sid: str, namespace: str, id: int, args: Args) -> None:
        await self._send_packet(eio_sid, self.packet_class(ACK, list(args), namespace, id))

    async def _connect_any(
        self, namespace: str, sid: str, environ: dict[str, Any], auth: object = None
    ) -> object:
        self.sync.serve_on(asyncio.get_running_loop())  # not every server has a lifespan
        context = self._context(namespace, "connect", sid)
        flow = self._service.connect(context, auth, partial(request_of, environ))
        try:
            return await arun(flow, context)
        except ConnectionRejected as rejected:
            raise SocketIORefusal(rejected.reason, rejected.body) from rejected.__cause__
        except asyncio.CancelledError:
            return False  # the parent suppresses a CancelledError, and would accept the client

    async def _disconnect_any(self, namespace: str, sid: str, reason: object = None) -> None:
        self._expiries.remove(sid)
        context = self._context(namespace, "disconnect", sid)
        await arun(self._service.disconnect(context, reason), context)

    def _context(self, namespace: str, event: str, sid: str) -> Context:
        _current_namespace.set(namespace)
        return self._service.context(namespace, event, sid)

    # The parent logs what it cannot read with a traceback, and goes on reading.
    async def _handle_eio_message(self, eio_sid: str, data: object) -> None:
        await handle_message(self, self._packets, eio_sid, data)

    # Engine.IO's async server does not end the long poll of a client that disconnects: the request would stay
    # open until the ping timeout, and a stopping server would wait for it.
    async def _handle_eio_disconnect(self, eio_sid: str, reason: str) -> None:
        self._packets.forget(eio_sid)
        await super()._handle_eio_disconnect(eio_sid, reason)
        gone = self.eio.sockets.get(eio_sid)
        if gone is not None and reason == self.reason.CLIENT_DISCONNECT:
            gone.queue.put_nowait(None)

    # Sending -----------------------------------------------------------------------------------

    async def emit(  # noqa: PLR0917 - as the parent has it
        self,
        event: str,
        data: object = None,
        to: str | list[str] | None = None,
        room: str | list[str] | None = None,
        skip_sid: str | list[str] | None = None,
        namespace: str | None = None,
        callback: Function | None = None,
        ignore_queue: bool = False,
    ) -> None:
        """Emit an event to clients, as in python-socketio.

        Args:
            event: the name of the event.
            data: its arg; a tuple is several args.
            to: the sid or room, or a list of these, to send to; all clients of the namespace by default.
            room: the same as `to`.
            skip_sid: a client, or a list of clients, to leave out.
            namespace: the namespace to send in, `/` by default.
            callback: called with the client's acknowledgement, if it is valid.
            ignore_queue: whether to send to clients of this process only.

        Raises:
            UnknownEventException: the contract sends no such event.
            PayloadValidationException: `data` breaks its schema.
        """
        name, schemas = self._sending(namespace, event)
        if callback is not None and schemas is not None and schemas.ack is not None:
            callback = partial(self._take_ack, schemas, name, callback)
        await super().emit(
            event,
            self._service.outgoing(schemas, data),
            to=to,
            room=room,
            skip_sid=skip_sid,
            namespace=name,
            callback=callback,
            ignore_queue=ignore_queue,
        )

    def _sending(self, namespace: str | None, event: str) -> tuple[str, EventSchemas | None]:
        """Return the namespace to send an event in, and its schemas, if any."""
        if self._outside_contract and (name := handler_namespace(namespace)) in self._outside_contract:
            return name, None
        return self._service.sending(event, namespace, _current_namespace.get())

    async def _take_ack(
        self, schemas: EventSchemas, namespace: str, callback: Function, *args: object
    ) -> None:
        await adrive(self._service.client_ack(schemas, namespace, callback, args))

    async def call(  # noqa: PLR0917 - as the parent has it
        self,
        event: str,
        data: object = None,
        to: str | None = None,
        sid: str | None = None,
        namespace: str | None = None,
        timeout: float = 60,
        ignore_queue: bool = False,
    ) -> Any:
        """Emit an event to one client and return its acknowledgement; both are checked.

        Args:
            event: the name of the event.
            data: its arg; a tuple is several args.
            to: the sid of the client.
            sid: the same as `to`.
            namespace: the namespace to send in, `/` by default.
            timeout: the seconds to wait for the acknowledgement.
            ignore_queue: whether to send to clients of this process only.

        Raises:
            UnknownEventException: the contract sends no such event.
            PayloadValidationException: `data` breaks its schema.
            MessageAckValidationException: the acknowledgement breaks its schema.
            socketio.exceptions.TimeoutError: there was no acknowledgement in time.
        """
        if to is None and sid is None:
            raise ValueError("call() is for one client: name it with `to`")
        # Without async_handlers the client's next packet, its ack, is read only after the handler returns.
        if not self.async_handlers:
            raise RuntimeError("call() needs async_handlers=True: otherwise the ack is never received")
        name, schemas = self._sending(namespace, event)
        answer, arrived = pending_ack()
        await super().emit(
            event,
            self._service.outgoing(schemas, data),
            room=to or sid,
            namespace=name,
            callback=arrived,
            ignore_queue=ignore_queue,
        )
        args = await in_time(answer, timeout)
        if schemas is not None:
            checked_ack(schemas, args)
        return args if len(args) > 1 else args[0] if args else None

    enter_room = _resolves_namespace(socketio.AsyncServer.enter_room)
    leave_room = _resolves_namespace(socketio.AsyncServer.leave_room)
    close_room = _resolves_namespace(socketio.AsyncServer.close_room)
    rooms = _resolves_namespace(socketio.AsyncServer.rooms)
    get_session = _resolves_namespace(socketio.AsyncServer.get_session)
    save_session = _resolves_namespace(socketio.AsyncServer.save_session)
    session = _resolves_namespace(socketio.AsyncServer.session)
    get_environ = _resolves_namespace(socketio.AsyncServer.get_environ)
    transport = _resolves_namespace(socketio.AsyncServer.transport)
    disconnect = _resolves_namespace(socketio.AsyncServer.disconnect)

    # Serving -----------------------------------------------------------------------------------

    def asgi_app(self, other: ASGIApp | None = None) -> ASGIApp:
        """Return an ASGI application that serves the Socket.IO path, and passes everything else to `other`.

        Its lifespan starts and stops the server. The default of `other` is the `app` of the constructor, if
        the server could not be mounted on it.
        """
        check_asgi_app(other, type(self).__name__)
        path = self.socketio_path
        app: ASGIApp = EngineApp(self.eio, path, other or self._other, start=self._start, stop=self.shutdown)
        app = app if self._http is None else HttpApp(self._http, app)
        return app if self._docs is None else DocsApp(self._docs, app)

    def _mount(self, app: ASGIApp) -> bool:
        engine = EngineApp(self.eio, self.socketio_path, start=self._start, stop=self.shutdown)
        mounted = mount(app, engine, self.socketio_path, self._start, self.shutdown)
        if mounted and self._docs is not None:
            add_route(app, DocsApp(self._docs, engine), self._docs.base)
        if mounted and self._http is not None:
            add_route(app, HttpApp(self._http, engine), self._http.path)
        return mounted

    async def handle_request(self, *args: Any, **kwargs: Any) -> Any:
        """Serve one request for `socketio.ASGIApp`, which starts even if handlers are missing: log that."""
        if not self._is_checked:
            self._is_checked = True
            try:
                self._service.check_complete()
            except DocumentError as error:
                log.error("no client can connect; `asio.asgi_app()` would not have started:\n%s", error)
        return await super().handle_request(*args, **kwargs)

    def test_client(
        self,
        namespace: str = "/",
        *,
        query_string: str | None = None,
        headers: Headers | None = None,
        auth: object = None,
        timeout: float = 30.0,
    ) -> AsyncTestClient:
        """Return a test client that needs no network: `async with asio.test_client() as client`.

        Args:
            namespace: the namespace to connect to.
            query_string: the query string of the connection.
            headers: the headers of the connection.
            auth: the `auth` payload.
            timeout: the seconds that the client waits for an answer or an event.
        """
        return AsyncTestClient(
            self.asgi_app(),
            namespace,
            path=self.socketio_path,
            query_string=query_string,
            headers=headers,
            auth=auth,
            packet_class=peer_packet(self.packet_class),
            timeout=timeout,
        )

    def _engineio_server_class(self) -> type[engineio.AsyncServer]:
        return Engine

    async def _start(self) -> None:
        self._is_stopping = False
        self.sync.serve_on(asyncio.get_running_loop())
        self._service.check_complete()
        current.enable(self)
        log_notices(self, self.contract.files if self.contract is not None else ())

    async def shutdown(self) -> None:
        """Stop: wait for handlers for `grace` seconds, cancel them, disconnect clients, and cancel tasks.

        A client gets an error ack (503) for an event that is cancelled.
        """
        if handlers := self._handlers():
            await asyncio.wait(handlers, timeout=self.grace)
        self._is_stopping = True
        await cancel(self._handlers())
        # A polling client may never fetch its last packets: do not wait for it.
        sockets = {
            asyncio.ensure_future(socket.close(wait=socket.upgraded))
            for socket in list(self.eio.sockets.values())
        }
        if sockets:
            await asyncio.wait(sockets, timeout=self.grace)
        if self.eio.service_task_handle is not None:  # the parent raises if the task does not run
            await super().shutdown()
            self.eio.start_service_task = True  # the next client starts it again
        await cancel({*sockets, *self.eio.tasks})
        self.sync.serve_on(None)
        current.disable(self)  # last: disconnect handlers may call `socket_api()`

    def _handlers(self) -> set[asyncio.Task[Any]]:
        """Return the tasks that handle events, without the current one."""
        own = asyncio.current_task()
        return {task for task in self.eio.tasks if task is not own and _is_handler(task)}


def _is_handler(task: asyncio.Task[Any]) -> bool:
    code = getattr(task.get_coro(), "cr_code", None)
    return code is AsynctionAsyncServer._handle_event_internal.__code__


def socket_api() -> AsynctionAsyncServer:
    """Return the async server of this process; if there are several, the last one created.

    Raises NotEnabledError before there is one, and after it has been shut down.
    """
    return cast("AsynctionAsyncServer", current.enabled())
