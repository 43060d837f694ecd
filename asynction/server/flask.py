"""A Flask-SocketIO server that keeps a contract."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import flask
import flask_socketio
from socketio.exceptions import ConnectionRefusedError

from asynction.contract import Contract, Server
from asynction.document import Spec
from asynction.exceptions import AsynctionException
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
    checked_ack,
    drive,
    is_pattern,
    outgoing,
    run,
)
from asynction.security import Request
from asynction.server._docs import Docs, Source
from asynction.server._http.flask import add_events
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
from asynction.server.http import HttpWire
from asynction.server.loading import load_served
from asynction.server.options import ServiceOptions, SocketIOOptions, take
from asynction.validation import JsonArgs

if TYPE_CHECKING:
    from typing_extensions import Unpack

Function = Callable[..., Any]
F = TypeVar("F", bound=Function)

log = logging.getLogger("asynction")


class AsynctionSocketIO(ContractServer, flask_socketio.SocketIO):
    """A `flask_socketio.SocketIO` bound to a contract: made by `from_spec`, used like its parent.

    Handlers come from the document when an app is given, here or to `init_app`. Everything that is sent and
    received is checked against the contract; see the manual, "Events and acks" and "Errors".

    Args:
        contract: the contract, as `asynction.load` returns it.
        app: the Flask app to attach to; else call `init_app`.
        server: the server of the document that is served.
        source: makes the document that the docs page shows; None serves no page.
        **options: see SocketIOOptions.
    """

    def __init__(
        self,
        contract: Contract,
        *,
        app: flask.Flask | None = None,
        server: Server | None = None,
        source: Source | None = None,
        **options: Unpack[SocketIOOptions],
    ) -> None:
        self.contract = contract
        self._source = source
        self._http = options.pop("http", False)
        self._resolver = options.pop("resolver", None)
        self._expiries: Expiries | None = None
        self._reads_json = False
        routers, error_handler = options.pop("routers", ()), options.pop("default_error_handler", None)
        self._service = Service(contract, self._host(), server=server, **take(options, ServiceOptions))
        self.strict = self._service.strict
        super().__init__(app, **options)
        if error_handler is not None:
            self.on_error_default(error_handler)
        for router in routers:
            self.add_router(router)

    @classmethod
    def from_spec(
        cls,
        spec_path: Spec,
        *,
        app: flask.Flask | None = None,
        server_name: str | None = None,
        docs: bool = True,
        **options: Unpack[SocketIOOptions],
    ) -> AsynctionSocketIO:
        """Build a server from an AsyncAPI document.

        Raises DocumentError with all problems of the document, and of the handlers that it names once there
        is an app.

        Args:
            spec_path: the path of a file, or a mapping.
            app: the Flask app to attach to; else call `init_app`.
            server_name: the server of the document whose URL path is the Socket.IO path; a sole server is
                chosen without it.
            docs: whether to serve a page about the API at `docs` beside the Socket.IO path, or at `asyncapi`
                where the app has that already.
            **options: see SocketIOOptions.
        """
        return cls(**load_served(spec_path, server_name, docs), app=app, **options)

    def init_app(self, app: flask.Flask | None, **kwargs: Any) -> None:
        """Attach the server to an app, and bind the handlers that the contract names.

        Without an app (another process that only emits) no handler is imported. Raises DocumentError.
        """
        options = {**self.server_options, **kwargs}
        server = self._service.server
        if server is not None and server.path and not {"path", "resource"} & options.keys():
            kwargs["path"] = options["path"] = server.path
        super().init_app(app, **parent_options(self._service, kwargs, options))
        self._reads_json = reads_json(self.server.packet_class)
        self._expiries = Expiries(self.server)
        exclude_unauthenticated(self.server.manager, self._service)
        if app is None:
            return
        self._service.bind_contract(self._resolver)
        self._register_all()
        path = options.get("path") or options.get("resource") or DEFAULT_PATH
        wire = None
        if self._http:
            wire = HttpWire(self._service, path, self._http, set_namespace)
            add_events(app, wire, current_request)
        if self._source is not None:
            taken = {rule.rule.rstrip("/") for rule in app.url_map.iter_rules()}
            _add_docs(app, Docs(self.contract, self._source, path, taken, wire))

    def _host(self) -> Host:
        return Host(
            self,
            drive,
            environ=self._environ,
            is_connected=self._is_connected,
            register=self._register,
            conventions=FLASK,
            providers={
                type(self): lambda _: self,
                flask.Request: lambda _: flask.globals.request_ctx.request,
            },
            refusals=(ConnectionRefusedError,),
            errors=lambda name: (self.exception_handlers.get(name), self.default_exception_handler),
            propagates=_propagates,
            expire=self._expire,
        )

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
        """Register the handler of an event, as in Flask-SocketIO; it is held to the contract.

        `response_model` is the type that shapes the acknowledgement, instead of the return annotation.
        Raises UnknownEventException where the contract receives no such event (`strict=False`
        warns), DocumentError where the handler cannot take the event's args.
        """
        name = handler_namespace(namespace)

        def decorator(handler: F) -> F:
            if not self._service.bind(Registration(name, message, handler, response_model)):
                super(AsynctionSocketIO, self).on(message, namespace)(handler)
            return handler

        return decorator

    def on_namespace(self, namespace_handler: flask_socketio.Namespace) -> None:
        """Register a class-based namespace; each `on_...` method is held to the contract."""
        name = handler_namespace(getattr(namespace_handler, "namespace", None))
        known = name in self.contract.namespaces
        if not known:
            self._service.reject_unknown(f"the contract has no namespace `{name}`")
        super().on_namespace(namespace_handler)
        if not known:
            return
        # The parent's class goes to the server below it, past the checks.
        namespace_handler.call = partial(self._call_from, name)
        if hasattr(namespace_handler, "error"):
            self.exception_handlers.setdefault(name, namespace_handler.error)
        if type(namespace_handler).trigger_event is not flask_socketio.Namespace.trigger_event:
            for event in (*LIFECYCLE_EVENTS, *self.contract.namespaces[name].receives):
                self.on(event, name)(partial(_trigger, namespace_handler, event))
            return
        for attribute in dir(namespace_handler):
            if attribute.startswith("on_"):
                self.on(attribute.removeprefix("on_"), name)(getattr(namespace_handler, attribute))

    def _register_all(self) -> None:
        """Tell the server of every namespace of the contract and all that is bound so far."""
        for name in self.contract.namespaces:
            if not is_pattern(name):
                self._register_namespace(name)
        if self._service.routes.schemas.patterns:
            self._register_namespace("*")
        for namespace, event in self._service.routes.bound:
            self._register(namespace, event)

    def _register_namespace(self, name: str) -> None:
        on = super().on
        on("connect", name)(self._connect)
        on("disconnect", name)(self._disconnect)
        if name == "*":
            # Flask-SocketIO takes the event for the namespace where both are `*`, so not through it.
            self.server.on("*", self._unbound_in_any, namespace="*")
        else:
            on("*", name)(self._receive)

    def _register(self, namespace: str, event: str) -> None:
        """Tell the server of one handler, as soon as there is a server."""
        if self.server is None:
            return
        if namespace not in self.contract.namespaces and event in (*LIFECYCLE_EVENTS, "*"):
            self._register_namespace(namespace)
        elif event not in (*LIFECYCLE_EVENTS, "*"):
            super().on(event, "*" if is_pattern(namespace) else namespace)(partial(self._receive, event))

    # Receiving ---------------------------------------------------------------------------------

    def _receive(self, event: str, *args: object) -> Args:
        request: Any = flask.request  # with what Flask-SocketIO adds
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
        """Take the call of python-socketio for an event that no pattern has a handler for."""
        return self._handle_event(partial(self._receive, event), "*", namespace, sid, *args)

    def _connect(self, auth: object = None) -> object:
        request: Any = flask.request  # with what Flask-SocketIO adds
        context = self._service.context(request.namespace, "connect", request.sid)
        try:
            return run(self._service.connect(context, auth, current_request), context)
        except ConnectionRejected as rejected:
            raise ConnectionRefusedError(rejected.reason, rejected.body) from rejected.__cause__

    def _disconnect(self, reason: object = None) -> None:
        request: Any = flask.request  # with what Flask-SocketIO adds
        if self._expiries is not None:
            self._expiries.remove(request.sid)
        context = self._service.context(request.namespace, "disconnect", request.sid)
        run(self._service.disconnect(context, reason), context)

    # Sending -----------------------------------------------------------------------------------

    def emit(self, event: str, *args: object, **kwargs: Any) -> None:
        """Emit an event to clients, as in Flask-SocketIO; several args may follow the event.

        Raises UnknownEventException where the contract sends no such event, and
        PayloadValidationException. A `callback` is called only with an acknowledgement that keeps
        the contract.
        """
        data, schemas = self._prepared(event, args, kwargs)
        callback = kwargs.get("callback")
        if schemas is not None and callback is not None and schemas.ack is not None:
            kwargs["callback"] = partial(self._acknowledge, schemas, kwargs["namespace"], callback)
        super().emit(event, data, **kwargs)

    def call(self, event: str, *args: object, **kwargs: Any) -> Any:
        """Emit an event to one client and return its acknowledgement, both held to the contract.

        Raises as `emit` does, and MessageAckValidationException.
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
        """Stand in for `Namespace.call`; `own` is the namespace of the class."""
        return self.call(event, data, to=to or sid, namespace=namespace or own, **kwargs)

    def _prepared(self, event: str, args: Args, kwargs: dict[str, Any]) -> tuple[Args, EventSchemas | None]:
        """Return the args to emit, checked, and the event's schemas; set `kwargs["namespace"]`."""
        current = getattr(flask.request, "namespace", None) if flask.has_request_context() else None
        namespace, schemas = self._service.sending(event, kwargs.get("namespace"), current)
        kwargs["namespace"] = namespace
        value = kwargs.pop("data", None) if not args else args[0]  # by keyword, as in python-socketio
        return outgoing(schemas, value, args[1:]), schemas

    def _acknowledge(self, schemas: EventSchemas, namespace: str, callback: Function, *args: object) -> None:
        drive(self._service.client_ack(schemas, namespace, callback, args))

    # Serving -----------------------------------------------------------------------------------

    def run(self, app: flask.Flask, host: str | None = None, port: int | None = None, **kwargs: Any) -> None:
        """Serve, as in Flask-SocketIO; raises DocumentError where a received event has no handler."""
        self._service.check_complete()
        super().run(app, host, port, **kwargs)


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
    """True while testing or debugging, by the app's PROPAGATE_EXCEPTIONS as Flask reads it."""
    if not flask.has_app_context():
        return False
    app = flask.current_app
    propagate = app.config["PROPAGATE_EXCEPTIONS"]
    return bool(app.testing or app.debug if propagate is None else propagate)


def current_request(auth: object) -> Request:
    """Return what a client brought with the current request, and its `auth` payload."""
    request = flask.request
    return Request(
        request.method,
        tuple(request.args.items(multi=True)),
        tuple(request.headers.items()),
        auth,
        certificate_of(request.environ),
    )


def set_namespace(namespace: str) -> None:
    """Make `emit` send to the namespace of an event that came without a connection, and so has no `sid`."""
    flask.request.namespace = namespace  # type: ignore[attr-defined]  # as Flask-SocketIO does


def _trigger(namespace_handler: flask_socketio.Namespace, event: str, *args: object, sid: SocketID) -> object:
    """Reach a class-based namespace that routes its events itself."""
    if event == "connect":
        args = (flask.request.environ, *args)
    return namespace_handler.trigger_event(event, sid, *args)
