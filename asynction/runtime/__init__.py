"""What happens to an event, decided without any I/O: adapters bring the wire."""

from asynction.models._convert import plain
from asynction.runtime._binding.binder import Binder, import_path, is_async, misfit, positional
from asynction.runtime._binding.hooks import HOOKS
from asynction.runtime._binding.host import FLASK, OCCASIONS, PYTHON_SOCKETIO, Edge, Refused
from asynction.runtime._binding.registrar import Party
from asynction.runtime._binding.registry import Bindings, handler_problems
from asynction.runtime._binding.resolver import ModuleResolver, Resolver
from asynction.runtime._binding.router import Registration, Router, SocketEvent, default_router
from asynction.runtime._binding.security import AccessBook
from asynction.runtime._context import NOBODY, Context, MessageData
from asynction.runtime._errors import MalformedEvent, Reply, error_ack, error_body, log_failure, status_of
from asynction.runtime._flow import (
    Args,
    Around,
    Endpoint,
    Entrance,
    Failure,
    Flow,
    Function,
    Middleware,
    Response,
    Settings,
    acknowledged,
    adrive,
    answered,
    connection,
    drive,
    failed,
    receive,
    told,
)
from asynction.runtime._handshake import HandshakeRules
from asynction.runtime._injection.annotations import PlanError
from asynction.runtime._injection.dependencies import closing
from asynction.runtime._injection.hooks import Form
from asynction.runtime._injection.plan import Convention, Plan, Wanted, plan
from asynction.runtime._namespaces import Match, is_pattern
from asynction.runtime._schemas import RuleBook, Rules, checked_ack, checked_args, pack
from asynction.runtime._service import Service, choose_server, outgoing

__all__ = [
    "FLASK",
    "HOOKS",
    "NOBODY",
    "OCCASIONS",
    "PYTHON_SOCKETIO",
    "AccessBook",
    "Args",
    "Around",
    "Binder",
    "Bindings",
    "Context",
    "Convention",
    "Edge",
    "Endpoint",
    "Entrance",
    "Failure",
    "Flow",
    "Form",
    "Function",
    "HandshakeRules",
    "MalformedEvent",
    "Match",
    "MessageData",
    "Middleware",
    "ModuleResolver",
    "Party",
    "Plan",
    "PlanError",
    "Refused",
    "Registration",
    "Reply",
    "Resolver",
    "Response",
    "Router",
    "RuleBook",
    "Rules",
    "Service",
    "Settings",
    "SocketEvent",
    "Wanted",
    "acknowledged",
    "adrive",
    "answered",
    "checked_ack",
    "checked_args",
    "choose_server",
    "closing",
    "connection",
    "default_router",
    "drive",
    "error_ack",
    "error_body",
    "failed",
    "handler_problems",
    "import_path",
    "is_async",
    "is_pattern",
    "log_failure",
    "misfit",
    "outgoing",
    "pack",
    "plain",
    "plan",
    "positional",
    "receive",
    "status_of",
    "told",
]
