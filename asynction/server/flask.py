"""A Flask-SocketIO server that checks events against a contract."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
import flask
import flask_socketio
from socketio.exceptions import ConnectionRefusedError as SocketIORefusal
from werkzeug.serving import is_running_from_reloader

from asynction.contract import Contract, Server, namespace_name
from asynction.document import Retriever, Spec, locate
from asynction.exceptions import AsynctionException, NotEnabledError
from asynction.inject import SocketID
from asynction.runtime import (
    FLASK,
    LIFECYCLE_EVENTS,
    Args,
    ConnectionRejected,
    EventSchemas,
    Host,
    Registration,
    Service,
    check_contract,
    check_options,
    checked_ack,
    drive,
    is_pattern,
    run,
)
from asynction.security import JwtCheck, Request
from asynction.server._docs import Docs, Source
from asynction.server._flask_run import announce, origin_of
from asynction.server._http.flask import add_events
from asynction.server._origins import OriginPolicy
from asynction.server._socketio.common import (
    DEFAULT_PATH,
    ContractServer,
    certificate_of,
    exclude_unauthenticated,
    handler_namespace,
    parent_options,
)
from asynction.server._socketio.expiry import Expiries
from asynction.server._socketio.packet import MALFORMED, reads_json
from asynction.server._socketio.reader import PacketReader, ProtocolError
from asynction.server._socketio.screening import screen_clients
from asynction.server.announcing import notices
from asynction.server.http import HttpWire
from asynction.server.loading import load_served
from asynction.server.options import (
    InitAppOptions,
    OriginOptions,
    ServiceOptions,
    SocketIOOptions,
    check_patched,
    check_wsgi_app,
    check_wsgi_mode,
    take,
    take_positional,
)
from asynction.validation import JsonArgs

if TYPE_CHECKING:
    from typing_extensions import Unpack

Function = Callable[..., Any]
F = TypeVar("F", bound=Function)

log = logging.getLogger("asynction")

_PAUSE = 0.02
"""The seconds between two looks at a fetch under way, on gevent and eventlet."""


class _NoServer:
    """The server of an AsynctionSocketIO before `init_app`: false, and nothing can be done with it."""

    def __bool__(self) -> bool:
        return False

    def __getattr__(self, name: str) -> object:
        raise NotEnabledError("the server has no app yet: call `init_app(app)` first")


class AsynctionSocketIO(ContractServer, flask_socketio.SocketIO):
    """A `flask_socketio.SocketIO` bound to a contract: create it with `from_spec`, use it like its parent.

    The handlers of the document are imported when an app is given, here or to `init_app`. Everything that is
    sent and received is checked against the contract; see the manual, "Events and acks" and "Errors". Without
    a contract, `AsynctionSocketIO(app)`, only the annotations of handlers are checked.

    Args:
        contract: the contract, as `asynction.load` returns it; or the app, as in Flask-SocketIO.
        app: the Flask app to attach to; else call `init_app`.
        server: the server of the document that is served.
        source: returns the document for the docs page; None disables the page.
        **options: see SocketIOOptions.

    Raises DocumentError for handlers that the contract names and that cannot be served, if there is an app.
    """

    server: Any = None

    def __init__(
        self,
        contract: Contract | flask.Flask | None = None,
        *,
        app: flask.Flask | None = None,
        server: Server | None = None,
        source: Source | None = None,
        **options: Unpack[SocketIOOptions],
    ) -> None:
        owner = type(self).__name__
        if isinstance(contract, flask.Flask):
            if app is not None:
                raise TypeError(f"{owner} got two apps")
            contract, app = None, contract
        check_wsgi_app(app, owner)
        check_contract(contract, owner)
        check_options(options, SocketIOOptions, owner)
        check_wsgi_mode(options.get("async_mode"), owner)
        self.contract: Contract | None = contract
        self._source = source
        self._http = options.pop("http", False)
        self._public_extensions = options.pop("public_extensions", ())
        self._resolver = options.pop("resolver", None)
        self._expiries: Expiries | None = None
        self._reads_json = False
        routers, error_handler = options.pop("routers", ()), options.pop("default_error_handler", None)
        self._origin_options = take(options, OriginOptions)
        self._service = Service(contract, self._host(), server=server, **take(options, ServiceOptions))
        self.strict = self._service.strict
        for router in routers:  # before `init_app`, so that a resolver is not asked for their events
            self.add_router(router)
        super().__init__(app, **options)
        self.server = self.server or _NoServer()
        if error_handler is not None:
            self.on_error_default(error_handler)

    @classmethod
    def from_spec(
        cls,
        spec_path: Spec,
        *positional: Any,
        app: flask.Flask | None = None,
        server_name: str | None = None,
        docs: bool = True,
        root: str | Path | None = None,
        retriever: Retriever | None = None,
        **options: Unpack[SocketIOOptions],
    ) -> AsynctionSocketIO:
        """Build a server from an AsyncAPI document.

        Args:
            spec_path: the path of a file, or a mapping. A relative path is looked up in the folder of the
                calling module, then in the working directory.
            *positional: `validation`, `server_name`, `docs`, `default_error_handler` and `app`, which
                asynction 0.8 took in this order; name them in new code.
            app: the Flask app to attach to; else call `init_app`.
            server_name: the server of the document to serve: its URL path is the Socket.IO path. It may be
                left out if there is only one.
            docs: whether to serve a page about the API at `docs` next to the Socket.IO path, or at `asyncapi`
                if the app has that path already.
            root: the folder whose files a `$ref` may lead to; by default that of the document.
            retriever: takes the URL of a `$ref` and returns its text; by default no URL is fetched.
            **options: see SocketIOOptions.

        Raises:
            DocumentError: the document has problems, or if there is an app, a handler that it names; it lists
                all of them.
        """
        named: dict[str, Any] = {"app": app, "server_name": server_name, "docs": docs, **options}
        take_positional(positional, named)
        loaded = load_served(locate(spec_path), named.pop("server_name"), named.pop("docs"), root, retriever)
        return cls(**loaded, **named)

    def init_app(self, app: flask.Flask | None, **kwargs: Any) -> None:
        """Attach the server to an app, and bind the handlers that the contract names.

        Without an app, in a process that only emits, no handler is imported. Raises DocumentError.

        Args:
            app: the Flask app.
            **kwargs: see InitAppOptions.
        """
        check_wsgi_app(app, type(self).__name__)
        check_options(kwargs, InitAppOptions, "init_app")
        check_wsgi_mode(kwargs.get("async_mode"), type(self).__name__)
        options = {**self.server_options, **kwargs}
        server = self._service.server
        if server is not None and server.path and not {"path", "resource"} & options.keys():
            kwargs["path"] = options["path"] = server.path
        for name in {"path", "resource"} & options.keys():
            if options[name] == "":  # the parent would serve its default path
                kwargs[name] = options[name] = "/"
        self.origins = OriginPolicy(**{**self._origin_options, **take(kwargs, OriginOptions)})
        kwargs["cors_allowed_origins"] = self.origins.engine_option
        super().init_app(app, **parent_options(self._service, kwargs, options))
        self._reads_json = reads_json(self.server.packet_class)
        self._service.write_with(self.server_options.get("json"))  # Flask-SocketIO wraps `flask.json`
        self._expiries = Expiries(self.server)
        exclude_unauthenticated(self.server.manager, self._service)
        _read_by(self.server, PacketReader(self.server))
        self.app = app
        if app is not None:
            self._attach(app, options.get("path") or options.get("resource") or DEFAULT_PATH)

    def _attach(self, app: flask.Flask, path: str) -> None:
        """Bind the handlers, and add the events by HTTP and the docs page to an app."""
        check_patched(self.server.manager, self.server.async_mode)
        self._service.bind_contract(self._resolver)
        self._register_all()
        wire = None
        if self._http:
            wire = HttpWire(self._service, path, self._http, set_namespace, self.origins)
            self.http_path = wire.path
            add_events(app, wire, current_request)
        if self.contract is not None and self._source is not None:
            taken = {rule.rule.rstrip("/") for rule in app.url_map.iter_rules()}
            docs = Docs(
                self.contract,
                self._source,
                path,
                taken,
                http=wire,
                public_extensions=self._public_extensions,
            )
            self.docs_path = f"{docs.base}/"
            _add_docs(app, docs)
        announce(self, self.contract.files if self.contract is not None else ())

    def _host(self) -> Host:
        return Host(
            self,
            partial(drive, is_inner=True),
            environ=self._environ,
            is_connected=self._is_connected,
            register=self._register,
            conventions=FLASK,
            any_namespace=FLASK,
            providers={
                type(self): lambda _: self,
                flask.Request: lambda _: flask.globals.request_ctx.request,
            },
            refusals=(SocketIORefusal, ConnectionRefusedError),
            errors=lambda name: (self.exception_handlers.get(name), self.default_exception_handler),
            propagates=_propagates,
            expire=self._expire,
            prepare_security=self._prepare_security,
        )

    def _prepare_security(self, function: Function) -> Function:
        """Return a check of tokens that lets gevent and eventlet go on while keys are fetched."""
        return partial(self._check_jwt, function) if isinstance(function, JwtCheck) else function

    def _check_jwt(self, check: JwtCheck, token: str) -> Mapping[str, object]:
        pending = check.pending(token)
        if pending is not None and self.async_mode == "threading":
            pending.wait()
        # Where nothing is monkey-patched, waiting for a thread would stop all greenlets.
        while pending is not None and not pending.is_over():
            self.sleep(_PAUSE)
        return check.verify(token)

    def _environ(self, sid: str, namespace: str) -> Mapping[str, Any]:
        environ: Mapping[str, Any] = self.server.get_environ(sid, namespace) or {}
        return environ

    def _is_connected(self, sid: str, namespace: str) -> bool:
        return self.server.manager.eio_sid_from_sid(sid, namespace) in self.server.environ

    def _expire(self, sid: str, namespace: str, end: float) -> None:
        if self._expiries is not None:  # pragma: no branch - no client connects before `init_app`
            self._expiries.add(sid, namespace, end)

    # Binding -----------------------------------------------------------------------------------

    def on(
        self, message: str, namespace: str | None = None, *, response_model: object = None
    ) -> Callable[[F], F]:
        """Register the handler of an event, as in Flask-SocketIO; its signature is checked.

        `response_model` is the type of the acknowledgement, instead of the handler's return annotation.
        Raises UnknownEventException if the contract receives no such event (`strict=False` warns), and
        DocumentError if the handler cannot take the event's args.
        """
        name = handler_namespace(namespace)

        def decorator(handler: F) -> F:
            self._service.bind(Registration(name, message, handler, response_model))
            return handler

        return decorator

    def on_error(self, namespace: str | None = None) -> Callable[[F], F]:
        """Decorate the error handler of a namespace; it takes the exception, and what it asks for else."""
        register = super().on_error(namespace)

        def decorator(handler: F) -> F:
            self._service.check_error_handler(handler)
            register(handler)
            return handler

        return decorator

    def on_error_default(self, exception_handler: F) -> F:
        """Decorate the error handler of all namespaces without one of their own; like `on_error`."""
        self._service.check_error_handler(exception_handler)
        super().on_error_default(exception_handler)
        return exception_handler

    def on_namespace(self, namespace_handler: flask_socketio.Namespace) -> None:
        """Register a class-based namespace; each `on_...` method is bound like a handler."""
        name = handler_namespace(getattr(namespace_handler, "namespace", None))
        known = self._service.contract.namespaces.get(name)
        if known is None:
            self._service.reject_unknown(f"the contract has no namespace `{name}`")
        super().on_namespace(namespace_handler)
        # `flask_socketio.Namespace.call` calls the python-socketio server directly, without our checks.
        namespace_handler.call = partial(self._call_from, name)
        if hasattr(namespace_handler, "error") and name not in self.exception_handlers:
            self.on_error(name)(namespace_handler.error)
        # A class with a `trigger_event` of its own finds its methods itself: it gets every event.
        if type(namespace_handler).trigger_event is not flask_socketio.Namespace.trigger_event:
            for event in (*LIFECYCLE_EVENTS, *(known.receives if known is not None else ())):
                self.on(event, name)(partial(_trigger, namespace_handler, event))
            if known is None:
                self.on("*", name)(partial(_trigger, namespace_handler))
            return
        for attribute in dir(namespace_handler):
            if attribute.startswith("on_"):
                self.on(attribute.removeprefix("on_"), name)(getattr(namespace_handler, attribute))

    def _register_all(self) -> None:
        """Register every namespace of the contract, and every event that is bound so far, with the parent."""
        for name in self._service.contract.namespaces:
            if not is_pattern(name):
                self._register_namespace(name)
        if self._service.routes.schemas.patterns or not self.strict:
            self._register_namespace("*")
        for namespace, event in self._service.routes.bound:
            self._register(namespace, event)

    def _register_namespace(self, name: str) -> None:
        on = super().on
        on("connect", name)(self._connect)
        on("disconnect", name)(self._disconnect)
        if name == "*":
            # If both the event and the namespace are `*`, Flask-SocketIO mistakes the event for the
            # namespace: register this one with python-socketio.
            self.server.on("*", self._unbound_in_any, namespace="*")
        else:
            on("*", name)(self._receive)

    def _register(self, namespace: str, event: str) -> None:
        """Register one event with the parent, if `init_app` has been called."""
        if not self.server or namespace == "*":  # `*` is registered for all events and namespaces
            return
        if namespace not in self._service.contract.namespaces:
            self._register_namespace(namespace)
        if event not in (*LIFECYCLE_EVENTS, "*"):
            super().on(event, "*" if is_pattern(namespace) else namespace)(partial(self._receive, event))

    # Receiving ---------------------------------------------------------------------------------

    def _receive(self, event: str, *args: object) -> Args:
        request: Any = flask.request  # Flask-SocketIO adds `sid` and `namespace`
        context = self._service.context(request.namespace, event, request.sid, args)
        if self._reads_json:
            context.json_args = JsonArgs(args)
        if event == MALFORMED and isinstance(args[-1], AsynctionException):
            context.event = "(malformed)"
            flow = self._service.reject(context, args[-1])
        else:
            flow = self._service.receive(context)
        return run(flow, context)

    def _unbound_in_any(self, event: str, namespace: str, sid: str, *args: object) -> object:
        """Handle an event in a namespace of a pattern, if the pattern has no handler for it."""
        return self._handle_event(partial(self._receive, event), "*", namespace, sid, *args)

    def _connect(self, auth: object = None) -> object:
        request: Any = flask.request  # Flask-SocketIO adds `sid` and `namespace`
        context = self._service.context(request.namespace, "connect", request.sid)
        try:
            return run(self._service.connect(context, auth, current_request), context)
        except ConnectionRejected as rejected:
            raise SocketIORefusal(rejected.reason, rejected.body) from rejected.__cause__
        except ConnectionRefusedError as error:
            # Flask-SocketIO knows python-socketio's only, and would ask the error handler.
            raise SocketIORefusal("Connection refused by server") from error

    def _disconnect(self, reason: object = None) -> None:
        request: Any = flask.request  # Flask-SocketIO adds `sid` and `namespace`
        if self._expiries is not None:
            self._expiries.remove(request.sid)
        context = self._service.context(request.namespace, "disconnect", request.sid)
        run(self._service.disconnect(context, reason), context)

    # Sending -----------------------------------------------------------------------------------

    def emit(self, event: str, *args: object, **kwargs: Any) -> None:
        """Emit an event to clients, as in Flask-SocketIO.

        Args:
            event: the name of the event.
            *args: its args.
            **kwargs: `namespace`, `to`, `include_self` and `skip_sid` as in Flask-SocketIO; `callback` is
                called with the client's acknowledgement, if it is valid.

        Raises:
            UnknownEventException: the contract sends no such event.
            PayloadValidationException: the args break their schema.
        """
        data, schemas = self._prepared(event, args, kwargs)
        callback = kwargs.get("callback")
        if schemas is not None and callback is not None and schemas.ack is not None:
            kwargs["callback"] = partial(self._acknowledge, schemas, kwargs["namespace"], callback)
        super().emit(event, data, **kwargs)

    def call(self, event: str, *args: object, **kwargs: Any) -> Any:
        """Emit an event to one client and return its acknowledgement; both are checked.

        Raises as `emit` does, and MessageAckValidationException if the acknowledgement breaks its schema.
        """
        data, schemas = self._prepared(event, args, kwargs)
        answer = super().call(event, data, **kwargs)
        if schemas is not None:
            checked_ack(schemas, answer)
        return answer

    def _call_from(
        self,
        own: str,
        event: str,
        data: object = None,
        to: str | None = None,
        *,
        sid: str | None = None,
        namespace: str | None = None,
        **kwargs: Any,
    ) -> Any:
        """Replace `Namespace.call`; `own` is the namespace of the class."""
        return self.call(event, data, to=to or sid, namespace=namespace or own, **kwargs)

    def _prepared(self, event: str, args: Args, kwargs: dict[str, Any]) -> tuple[Args, EventSchemas | None]:
        """Return the args to emit, checked, and the event's schemas; set `kwargs["namespace"]`."""
        current = getattr(flask.request, "namespace", None) if flask.has_request_context() else None
        namespace, schemas = self._service.sending(event, kwargs.get("namespace"), current)
        kwargs["namespace"] = namespace
        value = kwargs.pop("data", None) if not args else args[0]  # by keyword, as in python-socketio
        return self._service.outgoing(schemas, value, args[1:]), schemas

    def _acknowledge(self, schemas: EventSchemas, namespace: str, callback: Function, *args: object) -> None:
        drive(self._service.client_ack(schemas, namespace, callback, args))

    # Serving -----------------------------------------------------------------------------------

    def test_client(self, app: flask.Flask, namespace: str | None = None, **kwargs: Any) -> Any:
        """Return a test client of Flask-SocketIO; its options are `query_string`, `headers`, `auth`, ..."""
        return super().test_client(app, namespace_name(namespace or "/"), **kwargs)

    def run(self, app: flask.Flask, host: str | None = None, port: int | None = None, **kwargs: Any) -> None:
        """Serve, as in Flask-SocketIO, and print the URLs of the docs page and of the HTTP wire.

        With Flask's reloader (`debug=True`), the server also restarts when a file of the document changes.
        Raises DocumentError if a received event has no handler.
        """
        self._service.check_complete()
        if self.contract is not None and self.contract.files:
            options = kwargs.pop("reloader_options", None) or {}
            given = (*options.get("extra_files", ()), *(kwargs.pop("extra_files", None) or ()))
            kwargs["reloader_options"] = {**options, "extra_files": (*self.contract.files, *given)}
        if not is_running_from_reloader():
            for notice in notices(self, _origin(app, host, port, kwargs)):
                click.echo(notice, err=True)
        super().run(app, host, port, **kwargs)


def _read_by(server: Any, packets: PacketReader) -> None:
    """Read the packets of a server's clients: the server logs a traceback for what it cannot read."""
    disconnect = server._handle_eio_disconnect

    def receive(eio_sid: str, data: object) -> None:
        if eio_sid not in server.environ:  # what was on its way when the connection was closed
            return
        try:
            step = packets.step(eio_sid, data)
        except ProtocolError as error:
            packets.report(error)
            close(eio_sid)
        else:
            if step is not None:
                method, args = step
                getattr(server, method)(*args)

    def close(eio_sid: str) -> None:
        broken = server.eio.sockets.get(eio_sid)
        if broken is None:  # a test client has no Engine.IO
            forget(eio_sid, server.reason.SERVER_DISCONNECT)
        else:
            broken.close(wait=False)
            server.eio.sockets.pop(eio_sid, None)  # else Engine.IO would answer its next poll with 500

    def forget(eio_sid: str, reason: str) -> None:
        packets.forget(eio_sid)
        disconnect(eio_sid, reason)

    # Flask-SocketIO makes the server, so we cannot subclass it; its test client calls these methods.
    server._handle_eio_message, server._handle_eio_disconnect = receive, forget
    server.eio.on("message", receive)
    server.eio.on("disconnect", forget)
    screen_clients(server, packets.report)


def _origin(app: flask.Flask, host: str | None, port: int | None, options: Mapping[str, object]) -> str:
    """Return the origin that `flask_socketio.SocketIO.run` will serve."""
    named = str(app.config["SERVER_NAME"] or "").rpartition(":")
    is_secure = bool({"ssl_context", "certfile", "keyfile"} & options.keys())
    return origin_of(host or "127.0.0.1", port or int((named[1] and named[2]) or 5000), is_secure=is_secure)


def _add_docs(app: flask.Flask, docs: Docs) -> None:
    def page(path: str = "") -> flask.Response:
        found = docs.get(path, flask.request.headers.get("If-None-Match"))
        if found is None:
            flask.abort(404)
        response = flask.Response(found.body, found.status, content_type=found.content_type)
        response.headers.extend(found.headers)
        return response

    for rule in (f"{docs.base}/", f"{docs.base}/<path:path>"):
        app.add_url_rule(rule, f"asynction {rule}", page, methods=["GET"])


def _propagates() -> bool:
    """Return whether exceptions are raised: while testing or debugging, or by PROPAGATE_EXCEPTIONS."""
    if not flask.has_app_context():
        return False
    app = flask.current_app
    propagate = app.config["PROPAGATE_EXCEPTIONS"]
    return bool(app.testing or app.debug if propagate is None else propagate)


def current_request(auth: object) -> Request:
    """Return the current request with an `auth` payload, for security functions."""
    request = flask.request
    return Request(
        request.method,
        tuple(request.args.items(multi=True)),
        tuple(request.headers.items()),
        auth,
        certificate_of(request.environ),
    )


def set_namespace(namespace: str) -> None:
    """Set the namespace for `emit` in the handler of an event that has no connection."""
    flask.request.namespace = namespace  # type: ignore[attr-defined]  # as Flask-SocketIO does


def _trigger(namespace_handler: flask_socketio.Namespace, event: str, *args: object, sid: SocketID) -> object:
    """Call `trigger_event` of a class-based namespace with the arguments of python-socketio."""
    request: Any = flask.request  # Flask-SocketIO adds `namespace`
    names = (request.namespace,) if namespace_handler.namespace == "*" else ()
    if event == "connect":
        args = (request.environ, *args)
    return namespace_handler.trigger_event(event, *names, sid, *args)
