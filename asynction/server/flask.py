"""A Flask-SocketIO server that keeps a contract."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import flask
import flask_socketio
from socketio.exceptions import ConnectionRefusedError
from socketio.packet import ACK, EVENT

from asynction.contract import Contract, Event, Namespace, Server, Target, namespace_name
from asynction.document import Spec, load
from asynction.exceptions import AsynctionException, DocumentError, UnknownEventException
from asynction.problems import Place, did_you_mean, problem_at
from asynction.runtime import (
    Args,
    Binder,
    Endpoint,
    Failure,
    HandshakeRules,
    MalformedEvent,
    Request,
    RuleBook,
    Rules,
    acknowledged,
    answered,
    checked_ack,
    checked_args,
    connection,
    drive,
    error_body,
    failed,
    pack,
    positional,
    receive,
    status_of,
)
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
        self._occasions: dict[tuple[str, str], tuple[Function, int]] = {}
        self._wildcards: dict[str, Function] = {}
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
        if self.strict:  # else code may serve namespaces of its own
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
            _refuse_open_door(binder, namespace, self._server)
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
            takes = 1 if most is None else min(most, 1)
            if binder.fits(handler, target, takes, takes):
                self._occasions[namespace, event] = (handler, takes)
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
        if not binder.fits_schema(handler, target, rules.args):
            return
        self._endpoints[namespace, event] = endpoint = Endpoint(rules, handler, least, most)
        if self.server is not None:
            self._register(endpoint)

    def _register_all(self) -> None:
        """Tell the server of every namespace of the contract and all that is bound so far."""
        for name in self.contract.namespaces:
            super().on("connect", name)(partial(self._connect, name))
            super().on("disconnect", name)(partial(self._disconnect, name))
            super().on("*", name)(partial(self._unbound, name))
        for endpoint in self._endpoints.values():
            self._register(endpoint)

    def _register(self, endpoint: Endpoint) -> None:
        super().on(endpoint.rules.event.name, endpoint.rules.namespace)(partial(self._receive, endpoint))

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
        flow = receive(endpoint, args, strict_json=self._strict_json)
        return drive(
            answered(flow, partial(self._failure, rules.namespace), rules.namespace, rules.event.name)
        )

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

    def _connect(self, namespace: str, auth: object = None) -> object:
        handler, takes = self._occasions.get((namespace, "connect"), (None, 0))
        try:
            if not self._complete:
                self._check_complete()
            if isinstance(auth, MalformedEvent):  # a packet that cannot be read, see _packet
                raise auth
            answer = drive(connection(self._handshakes.get(namespace), _request(), handler, (auth,)[:takes]))
        except ConnectionRefusedError:
            raise
        except Exception as error:
            self._tell(error, namespace, "connect")
            body = error_body(error)
            # `str` has the name of the parameter that is wrong; of our own faults nobody hears more.
            reason = str(error) if status_of(error) < 500 else body["title"]
            raise ConnectionRefusedError(reason, body) from error
        return answer[0] if answer else None

    def _disconnect(self, namespace: str, reason: object = None) -> None:
        handler, takes = self._occasions.get((namespace, "disconnect"), (None, 0))
        if handler is not None:
            try:
                handler(*(reason,)[:takes])
            except Exception as error:
                self._tell(error, namespace, "disconnect")

    def _tell(self, error: Exception, namespace: str, occasion: str) -> None:
        """Give an exception of an occasion to the error handler, else log it; raise it while testing."""
        failure = self._failure(namespace)
        if failure.handler is None and failure.propagate:
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
        namespace = namespace_name(kwargs.get("namespace") or "/")
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
        namespace = namespace_name(kwargs.get("namespace") or "/")
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


def _refuse_open_door(binder: Binder, namespace: Namespace, server: Server | None) -> None:
    """Note a problem where the document demands credentials: nothing here could ask for them."""
    demanded = namespace.security
    if demanded is None and server is not None:
        demanded = server.security
    if demanded or any(event.security for event in namespace.receives.values()):
        message = f"`{namespace.name}` demands credentials, and this server has no way to check them"
        binder.note(namespace.place, "security", message)


def _propagates() -> bool:
    """True while testing or debugging, by the app's PROPAGATE_EXCEPTIONS as Flask reads it."""
    if not flask.has_app_context():
        return False
    app = flask.current_app
    propagate = app.config["PROPAGATE_EXCEPTIONS"]
    return bool(app.testing or app.debug if propagate is None else propagate)


def _request() -> Request:
    request = flask.request
    return Request(request.method, tuple(request.args.items(multi=True)), tuple(request.headers.items()))


def _trigger(namespace_handler: flask_socketio.Namespace, event: str, *args: object) -> object:
    """Reach a class-based namespace that routes its events itself."""
    sid = flask.request.sid  # type: ignore[attr-defined]  # Flask-SocketIO sets it
    if event == "connect":
        args = (flask.request.environ, *args)
    return namespace_handler.trigger_event(event, sid, *args)
