"""A Flask-SocketIO server that keeps a contract."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

import flask
import flask_socketio
from socketio.exceptions import ConnectionRefusedError
from socketio.packet import ACK, EVENT

from asynction.contract import SERVED_PROTOCOLS, Contract, Event, Server, Target, namespace_name
from asynction.document import Spec, load
from asynction.exceptions import AsynctionException, DocumentError, SecurityException, UnknownEventException
from asynction.problems import Place, did_you_mean, problem_at
from asynction.runtime import (
    NOBODY,
    AccessBook,
    Args,
    Binder,
    Endpoint,
    Entrance,
    Failure,
    HandshakeRules,
    MalformedEvent,
    Match,
    Occasion,
    RuleBook,
    Rules,
    acknowledged,
    answered,
    bound,
    checked_ack,
    checked_args,
    connection,
    drive,
    error_body,
    failed,
    is_pattern,
    keywords,
    pack,
    positional,
    receive,
    status_of,
    told,
)
from asynction.security import Identity, Request
from asynction.server._expiry import Expiries
from asynction.server._packet import MALFORMED, contract_packet, is_strict

Function = Callable[..., Any]
F = TypeVar("F", bound=Function)

OCCASIONS = ("connect", "disconnect")
"""What Socket.IO tells a server that is no event of a client's."""

log = logging.getLogger("asynction")


class AsynctionSocketIO(flask_socketio.SocketIO):
    """A `flask_socketio.SocketIO` bound to a contract: made by `from_spec`, used like its parent.

    Handlers come from the document when an app is given, here or to `init_app`. All that is sent and
    received is held to the contract; see the manual, "Events and acks" and "Errors".
    """

    def __init__(
        self,
        contract: Contract,
        *,
        validation: bool = True,
        server: Server | None = None,
        default_error_handler: Function | None = None,
        app: flask.Flask | None = None,
        strict: bool = True,
        **kwargs: Any,
    ) -> None:
        self.contract = contract
        self.strict = strict
        self._rules = RuleBook(contract, validation=validation)
        self._handshakes = {
            name: HandshakeRules(namespace.handshake)
            for name, namespace in contract.namespaces.items()
            if validation and namespace.handshake is not None
        }
        self._server = server
        self._endpoints: dict[tuple[str, str], Endpoint] = {}
        self._occasions: dict[tuple[str, str], Occasion] = {}
        self._wildcards: dict[str, Function] = {}
        self._identities: dict[str, Identity] = {}
        self._access: AccessBook | None = None
        self._expiries: Expiries | None = None
        self._complete = False
        self._strict_json = False
        super().__init__(app, **kwargs)
        if default_error_handler is not None:
            self.on_error_default(default_error_handler)

    @classmethod
    def from_spec(
        cls,
        spec_path: Spec,
        *,
        validation: bool = True,
        server_name: str | None = None,
        docs: bool = True,
        default_error_handler: Function | None = None,
        app: flask.Flask | None = None,
        strict: bool = True,
        **kwargs: Any,
    ) -> AsynctionSocketIO:
        """Build a server from an AsyncAPI document: the path of a file, or a mapping.

        `server_name` picks the server of the document whose URL path is the Socket.IO path; a sole
        server is picked without it. `validation=False` checks no payload, ack or handshake.
        `strict=False` warns where code and contract part, instead of raising. Other arguments go to
        `flask_socketio.SocketIO`. Raises DocumentError with all problems of the document, and of the
        handlers that it names once there is an app.
        """
        contract = load(spec_path)
        for problem in contract.warnings:
            log.warning("%s", problem)
        return cls(
            contract,
            validation=validation,
            server=_choose_server(contract, server_name),
            default_error_handler=default_error_handler,
            app=app,
            strict=strict,
            **kwargs,
        )

    def init_app(self, app: flask.Flask | None, **kwargs: Any) -> None:
        """Attach the server to an app, and bind the handlers that the contract names.

        Without an app (another process that only emits) no handler is imported. Raises DocumentError.
        """
        options = {**self.server_options, **kwargs}
        if self._server is not None and self._server.path and not {"path", "resource"} & options.keys():
            kwargs["path"] = self._server.path
        if self._rules.patterns:  # python-socketio then asks the handlers of `*`
            kwargs["namespaces"] = "*"
        elif self.strict:  # else code may serve namespaces of its own
            kwargs.setdefault("namespaces", options.get("namespaces") or list(self.contract.namespaces))
        rules, sends_text = self._rules, set()
        if self.strict and rules.sends_text:  # without strict, events that no schema describes are sent
            sends_text.add(EVENT)
        if self.strict and rules.acks_text:
            sends_text.add(ACK)
        kwargs["serializer"] = contract_packet(
            options.get("serializer", "default"),
            receives_text=self.strict and rules.receives_text,
            sends_text=frozenset(sends_text),
        )
        super().init_app(app, **kwargs)
        self._strict_json = is_strict(self.server.packet_class)
        self._expiries = Expiries(self.server)
        if app is not None:
            self._bind_contract()

    # Binding -----------------------------------------------------------------------------------

    def on(self, message: str, namespace: str | None = None) -> Callable[[F], F]:
        """Register the handler of an event, as in Flask-SocketIO; it is held to the contract.

        Raises UnknownEventException where the contract receives no such event (`strict=False`
        warns), DocumentError where the handler cannot take the event's args.
        """
        name = _namespace(namespace)

        def decorator(handler: F) -> F:
            binder = Binder()
            target = Target(getattr(handler, "__qualname__", repr(handler)), self._place(name, message))
            function = binder.checked(handler, target)
            if function is not None:
                self._attach(binder, name, message, function, target)
            binder.finish()
            return handler

        return decorator

    def on_namespace(self, namespace_handler: flask_socketio.Namespace) -> None:
        """Register a class-based namespace; each `on_...` method is held to the contract."""
        name = _namespace(getattr(namespace_handler, "namespace", None))
        known = name in self.contract.namespaces
        if not known:
            self._unknown_binding(f"the contract has no namespace `{name}`")
        super().on_namespace(namespace_handler)
        if not known:
            return
        # The parent's class goes to the server below it, past the checks.
        namespace_handler.call = partial(self._call_from, name)
        if hasattr(namespace_handler, "error"):
            self.exception_handlers.setdefault(name, namespace_handler.error)
        if type(namespace_handler).trigger_event is not flask_socketio.Namespace.trigger_event:
            for event in (*OCCASIONS, *self.contract.namespaces[name].receives):
                self.on(event, name)(partial(_trigger, namespace_handler, event))
            return
        for attribute in dir(namespace_handler):
            if attribute.startswith("on_"):
                self.on(attribute.removeprefix("on_"), name)(getattr(namespace_handler, attribute))

    def _bind_contract(self) -> None:
        binder = Binder()
        self._access = AccessBook(self.contract, self._server, binder)
        for namespace in self.contract.namespaces.values():
            for occasion, target in (
                ("connect", namespace.handlers.connect),
                ("disconnect", namespace.handlers.disconnect),
            ):
                if target is not None:
                    self._attach_target(binder, namespace.name, occasion, target)
            if namespace.handlers.error is not None:
                self._bind_error_handler(binder, namespace.name, namespace.handlers.error)
            for event in namespace.receives.values():
                if event.handler is not None:
                    self._attach_target(binder, namespace.name, event.name, event.handler)
        if self._server is not None and self._server.protocol not in SERVED_PROTOCOLS:
            message = (
                f"the server `{self._server.name}` speaks `{self._server.protocol}`, which is not served"
            )
            binder.note(self._server.place, "protocol", message)
        binder.finish()
        self._register_all()

    def _bind_error_handler(self, binder: Binder, namespace: str, target: Target) -> None:
        handler = binder.function(target)
        if handler is not None and binder.fits(handler, target, 1, 1):
            self.exception_handlers.setdefault(namespace, handler)

    def _attach_target(self, binder: Binder, namespace: str, event: str, target: Target) -> None:
        handler = binder.function(target)
        taken = (namespace, event) in self._endpoints or (namespace, event) in self._occasions
        if handler is not None and not taken:  # what code bound before goes before the document
            self._attach(binder, namespace, event, handler, target)

    def _attach(self, binder: Binder, namespace: str, event: str, handler: Function, target: Target) -> None:
        """Bind one handler to one event or occasion of the contract; `target` is how to speak of it."""
        least, most = positional(handler)
        if event in OCCASIONS and namespace in self.contract.namespaces:
            parameters = self.contract.namespaces[namespace].parameters
            takes = binder.fits_occasion(handler, target, parameters=parameters)
            if takes is not None:
                given = keywords(handler, parameters, occasion=True)
                self._occasions[namespace, event] = Occasion(handler, takes, given)
            return
        try:
            rules = self._rules.received(namespace, event)
        except UnknownEventException as error:
            self._unknown_binding(str(error), error)
            if event == "*" and namespace in self.contract.namespaces:
                self._wildcards[namespace] = handler
            else:
                super().on(event, namespace)(handler)
            return
        parameters = self.contract.namespaces[namespace].parameters
        if not binder.fits_schema(handler, target, rules.args, parameters=parameters):
            return
        endpoint = Endpoint(rules, handler, least, most, keywords(handler, parameters))
        self._endpoints[namespace, event] = endpoint
        if self.server is not None:
            self._register(endpoint)

    def _register_all(self) -> None:
        """Tell the server of every namespace of the contract and all that is bound so far."""
        for name in self.contract.namespaces:
            if not is_pattern(name):
                super().on("connect", name)(partial(self._connect, Match(name)))
                super().on("disconnect", name)(partial(self._disconnect, Match(name)))
                super().on("*", name)(partial(self._unbound, name))
        if self._rules.patterns:
            super().on("connect", "*")(self._connect_to_match)
            super().on("disconnect", "*")(self._disconnect_from_match)
            # Flask-SocketIO takes the event for the namespace where both are `*`, so not through it.
            self.server.on("*", self._unbound_in_match, namespace="*")
        for endpoint in self._endpoints.values():
            self._register(endpoint)

    def _register(self, endpoint: Endpoint) -> None:
        event, namespace = endpoint.rules.event.name, endpoint.rules.namespace
        if is_pattern(namespace):
            super().on(event, "*")(partial(self._receive_in_match, event))
        else:
            super().on(event, namespace)(partial(self._receive, endpoint))

    def _unknown_binding(self, message: str, cause: Exception | None = None) -> None:
        if self.strict:
            raise UnknownEventException(message) from cause
        log.warning("%s; it is served unchecked", message)

    def _place(self, namespace: str, event: str) -> Place:
        found = self.contract.namespaces.get(namespace)
        if found is None:
            return Place("<code>", None, None, "")
        return found.receives[event].place if event in found.receives else found.place

    def _check_complete(self) -> None:
        """Raise DocumentError where an event that the contract receives has no handler."""
        missing = [
            problem_at(event.place, "no-handler", f"the event `{event.name}` of `{name}` has no handler")
            for name, namespace in self.contract.namespaces.items()
            for event in namespace.receives.values()
            if (name, event.name) not in self._endpoints and name not in self._wildcards
        ]
        if missing and self.strict:
            raise DocumentError(missing)
        for problem in missing:
            log.warning("%s", problem)
        self._complete = True

    # Receiving ---------------------------------------------------------------------------------

    def _receive(self, endpoint: Endpoint, *args: object) -> Args:
        rules = endpoint.rules
        identity: Identity | None = NOBODY
        access = self._access
        if access is not None and (rules.event.security or access.required[rules.namespace]):
            endpoint = replace(endpoint, guards=access.guards)
            # With `always_connect`, events may come before the client is let in.
            identity = self._identities.get(flask.request.sid)  # type: ignore[attr-defined]
        flow = receive(endpoint, args, strict_json=self._strict_json, identity=identity)
        return drive(
            answered(flow, partial(self._failure, rules.namespace), rules.namespace, rules.event.name)
        )

    def _receive_in_match(self, event: str, *args: object) -> object:
        """Receive an event in a namespace with parameters: several patterns may have the same event."""
        match = self._rules.match(flask.request.namespace)  # type: ignore[attr-defined]  # Flask-SocketIO's
        endpoint = self._endpoints.get((match.name, event)) if match is not None else None
        if match is None or endpoint is None:
            return self._unbound(match.name if match is not None else "*", event, *args)
        return self._receive(endpoint.with_parameters(match.parameters), *args)

    def _unbound_in_match(self, event: str, namespace: str, sid: str, *args: object) -> object:
        """Take the call of python-socketio for an event that no pattern has a handler for."""
        match = self._rules.match(namespace)
        handler = partial(self._unbound, match.name if match is not None else namespace, event)
        return self._handle_event(handler, "*", namespace, sid, *args)

    def _unbound(self, namespace: str, event: str, *args: object) -> object:
        """Answer an event that has no handler, or that is no event."""
        error: Exception
        if event == MALFORMED and isinstance(args[-1], AsynctionException):
            error, event = args[-1], "(malformed)"
        elif namespace in self._wildcards:
            return self._catch_all(namespace, event, args)
        else:
            error = UnknownEventException(f"no event `{event:.80}` in `{namespace}`")
        return drive(failed(error, self._failure(namespace), namespace, event))

    def _catch_all(self, namespace: str, event: str, args: Args) -> Args:
        """Let the `*` handler answer; an event that the contract knows is held to it all the same."""
        known = self._rules.receives[namespace].get(event)
        rules = known or Rules(namespace, Event(event), None, None)
        return self._receive(Endpoint(rules, partial(self._wildcards[namespace], event)), *args)

    def _failure(self, namespace: str) -> Failure:
        handler = self.exception_handlers.get(namespace, self.default_exception_handler)
        return Failure(handler, _propagates())

    def _connect_to_match(self, auth: object = None) -> object:
        namespace: str = flask.request.namespace  # type: ignore[attr-defined]  # Flask-SocketIO's
        match = self._rules.match(namespace)
        if match is None and self.strict:
            error = UnknownEventException(f"no namespace `{namespace:.80}`")
            raise ConnectionRefusedError(str(error), error_body(error))
        return self._connect(match, auth) if match is not None else None

    def _connect(self, match: Match, auth: object = None) -> object:
        sid, namespace = flask.request.sid, flask.request.namespace  # type: ignore[attr-defined]
        try:
            identity, answer = self._enter(match, auth, partial(self._identities.__setitem__, sid))
        except BaseException:
            self._identities.pop(sid, None)
            raise
        eio_sid = self.server.manager.eio_sid_from_sid(sid, namespace)
        if answer is False or eio_sid not in self.server.environ:  # it may have left meanwhile
            self._identities.pop(sid, None)
            return False
        access, expiries = self._access, self._expiries
        if access is not None and expiries is not None:
            end = identity.expiry(access.guards)
            if end is not None:
                expiries.add(sid, namespace, end)
        return answer

    def _enter(self, match: Match, auth: object, admit: Function) -> tuple[Identity, object]:
        namespace = match.name
        try:
            if not self._complete:
                self._check_complete()
            if isinstance(auth, MalformedEvent):  # a packet that cannot be read, see _packet
                raise auth
            entrance = self._entrance(namespace, admit)
            return drive(connection(entrance, _request(auth), match.parameters))
        except ConnectionRefusedError:
            raise
        except Exception as error:
            self._tell(error, namespace, "connect")
            body = error_body(error)
            # `str` has the name of the parameter that is wrong; of our own faults nobody hears more.
            reason = str(error) if status_of(error) < 500 else body["title"]
            raise ConnectionRefusedError(reason, body) from error

    def _entrance(self, namespace: str, admit: Function) -> Entrance:
        """What a client must pass to enter; a server that is not bound yet lets nobody in."""
        if self._access is None:
            raise AsynctionException("the server has no app yet")
        required = self._access.required[namespace]
        offered = self._access.offered(self.contract.namespaces[namespace])
        return Entrance(
            self._handshakes.get(namespace),
            required,
            self._access.guards,
            offered,
            self._occasions.get((namespace, "connect")),
            admit if required or offered else None,
        )

    def security_info(self, sid: str) -> Mapping[str, object] | None:
        """What the security function said of a connected client; None where none was asked."""
        identity = self._identities.get(sid)
        return identity.token_info if identity is not None else None

    def _disconnect_from_match(self, reason: object = None) -> None:
        match = self._rules.match(flask.request.namespace)  # type: ignore[attr-defined]  # Flask-SocketIO's
        if match is not None:
            self._disconnect(match, reason)

    def _disconnect(self, match: Match, reason: object = None) -> None:
        sid: str = flask.request.sid  # type: ignore[attr-defined]  # Flask-SocketIO's
        identity = self._identities.pop(sid, NOBODY)
        if self._expiries is not None:
            self._expiries.remove(sid)
        occasion = self._occasions.get((match.name, "disconnect"))
        if occasion is not None:
            handler = bound(occasion.handler, occasion.keywords, told(identity, match.parameters))
            try:
                handler(*(reason,)[: occasion.takes])
            except Exception as error:
                self._tell(error, match.name, "disconnect")

    def _tell(self, error: Exception, namespace: str, occasion: str) -> None:
        """Give an exception of an occasion to the error handler, else log it; raise it while testing."""
        failure = self._failure(namespace)
        refused = isinstance(error, SecurityException)  # an answer, which no test must catch
        if failure.handler is None and failure.propagate and not refused:
            # python-socketio takes a TypeError for a wrong signature and calls the handler again.
            if isinstance(error, TypeError):
                raise AsynctionException(f"the {occasion} handler raised {error!r}") from error
            raise error
        drive(failed(error, Failure(failure.handler), namespace, occasion))

    # Sending -----------------------------------------------------------------------------------

    def emit(self, event: str, *args: object, **kwargs: Any) -> None:
        """Emit an event to clients, as in Flask-SocketIO; several args may follow the event.

        Raises UnknownEventException where the contract sends no such event, and
        PayloadValidationException. A `callback` is called only with an acknowledgement that keeps
        the contract.
        """
        namespace = self._addressed(kwargs.get("namespace"))
        rules = self._sent(namespace, event)
        kwargs["namespace"] = namespace
        callback = kwargs.get("callback")
        if rules is not None and callback is not None and rules.ack is not None:
            kwargs["callback"] = partial(self._acknowledge, rules, callback)
        super().emit(event, _outgoing(rules, args, kwargs), **kwargs)

    def call(self, event: str, *args: object, **kwargs: Any) -> Any:
        """Emit an event to one client and return its acknowledgement, both held to the contract.

        Raises as `emit` does, and MessageAckValidationException.
        """
        namespace = self._addressed(kwargs.get("namespace"))
        rules = self._sent(namespace, event)
        kwargs["namespace"] = namespace
        answer = super().call(event, _outgoing(rules, args, kwargs), **kwargs)
        if rules is not None:
            checked_ack(rules, answer)
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

    def _addressed(self, name: str | None) -> str:
        """The namespace that is meant: of a pattern, the one in which an event is being handled."""
        namespace = namespace_name(name or "/")
        if namespace not in self.contract.namespaces or not is_pattern(namespace):
            return namespace
        current = getattr(flask.request, "namespace", None) if flask.has_request_context() else None
        match = self._rules.match(current) if current is not None else None
        if match is None or match.name != namespace:
            raise UnknownEventException(f"`{namespace}` has parameters: name one of its namespaces")
        return str(current)

    def _sent(self, namespace: str, event: str) -> Rules | None:
        try:
            return self._rules.sent(namespace, event)
        except UnknownEventException as error:
            if self.strict:
                raise
            log.warning("%s; it is sent unchecked", error)
            return None

    def _acknowledge(self, rules: Rules, callback: Function, *args: object) -> None:
        flow = acknowledged(rules, callback, args)
        drive(answered(flow, partial(self._failure, rules.namespace), rules.namespace, rules.event.name))

    # Serving -----------------------------------------------------------------------------------

    def run(self, app: flask.Flask, host: str | None = None, port: int | None = None, **kwargs: Any) -> None:
        """Serve, as in Flask-SocketIO; raises DocumentError where a received event has no handler."""
        self._check_complete()
        super().run(app, host, port, **kwargs)


def _namespace(name: str | None) -> str:
    return "*" if name == "*" else namespace_name(name or "/")


def _outgoing(rules: Rules | None, args: Args, kwargs: dict[str, Any]) -> Args:
    """What is emitted as a tuple of args, checked; `data` may come by keyword as in python-socketio."""
    validator = rules.args if rules is not None else None
    value = kwargs.pop("data", None) if not args else args[0]
    packed = args if len(args) > 1 else pack(value, validator)
    return packed if rules is None else checked_args(rules, packed)


def _choose_server(contract: Contract, name: str | None) -> Server | None:
    if name is None:
        return next(iter(contract.servers.values())) if len(contract.servers) == 1 else None
    if name not in contract.servers:
        near = did_you_mean(name, contract.servers)
        file = contract.files[0] if contract.files else "<mapping>"
        place = Place(file, None, None, "/servers")
        raise DocumentError([problem_at(place, "server-name", f"the document has no server `{name}`{near}")])
    return contract.servers[name]


def _propagates() -> bool:
    """True while testing or debugging, by the app's PROPAGATE_EXCEPTIONS as Flask reads it."""
    if not flask.has_app_context():
        return False
    app = flask.current_app
    propagate = app.config["PROPAGATE_EXCEPTIONS"]
    return bool(app.testing or app.debug if propagate is None else propagate)


def _request(auth: object) -> Request:
    request = flask.request
    return Request(
        request.method,
        tuple(request.args.items(multi=True)),
        tuple(request.headers.items()),
        auth,
        _certificate(request.environ),
    )


def _certificate(environ: Mapping[str, Any]) -> str | None:
    """The client's verified certificate, as the server that ends TLS sets it; no client can."""
    verified = environ.get("SSL_CLIENT_VERIFY", "SUCCESS") == "SUCCESS"
    return environ.get("SSL_CLIENT_CERT") if verified else None


def _trigger(namespace_handler: flask_socketio.Namespace, event: str, *args: object) -> object:
    """Reach a class-based namespace that routes its events itself."""
    sid = flask.request.sid  # type: ignore[attr-defined]  # Flask-SocketIO sets it
    if event == "connect":
        args = (flask.request.environ, *args)
    return namespace_handler.trigger_event(event, sid, *args)
