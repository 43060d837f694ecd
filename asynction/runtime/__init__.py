"""The core of servers and clients: it binds handlers and decides what happens to an event, without I/O."""

from asynction._deprecated import renamed
from asynction.runtime._arguments import check_contract, check_options
from asynction.runtime._attachments import with_attachments
from asynction.runtime._binding.binder import Binder, import_path, is_async, misfit, positional
from asynction.runtime._binding.hooks import HOOKS
from asynction.runtime._binding.host import (
    FLASK,
    LIFECYCLE_EVENTS,
    PYTHON_SOCKETIO,
    PYTHON_SOCKETIO_ANY,
    ConnectionRejected,
    Host,
)
from asynction.runtime._binding.modules import allowed_modules
from asynction.runtime._binding.registrar import Registrar
from asynction.runtime._binding.registry import HandlerRegistry, handler_problems
from asynction.runtime._binding.resolver import ModuleResolver, Resolver
from asynction.runtime._binding.router import Registration, Router, SocketEvent, default_router
from asynction.runtime._binding.security import ContractSecurity
from asynction.runtime._context import ANONYMOUS, Context, MessageData
from asynction.runtime._errors import Ack, MalformedEvent, error_ack, error_body, log_failure, status_of
from asynction.runtime._exits import as_exception
from asynction.runtime._flow import (
    STEPS,
    Args,
    Around,
    ConnectionPolicy,
    Endpoint,
    Failure,
    Flow,
    Function,
    Middleware,
    Response,
    Settings,
    Step,
    adrive,
    arun,
    client_ack,
    connect,
    drive,
    handle_failure,
    invoke,
    receive,
    run,
    with_error_ack,
)
from asynction.runtime._handshake import HandshakeRules
from asynction.runtime._injection.annotations import PlanError
from asynction.runtime._injection.dependencies import closing
from asynction.runtime._injection.hooks import HandlerStyle
from asynction.runtime._injection.plan import CallSpec, Convention, Plan, plan_call
from asynction.runtime._namespaces import Match, is_pattern
from asynction.runtime._routes import Routes
from asynction.runtime._schemas import (
    ContractSchemas,
    EventSchemas,
    checked_ack,
    checked_args,
    pack,
    written_args,
)
from asynction.runtime._service import Service, choose_server

__all__ = [
    "ANONYMOUS",
    "FLASK",
    "HOOKS",
    "LIFECYCLE_EVENTS",
    "PYTHON_SOCKETIO",
    "PYTHON_SOCKETIO_ANY",
    "STEPS",
    "Ack",
    "Args",
    "Around",
    "Binder",
    "CallSpec",
    "ConnectionPolicy",
    "ConnectionRejected",
    "Context",
    "ContractSchemas",
    "ContractSecurity",
    "Convention",
    "Endpoint",
    "EventSchemas",
    "Failure",
    "Flow",
    "Function",
    "HandlerRegistry",
    "HandlerStyle",
    "HandshakeRules",
    "Host",
    "MalformedEvent",
    "Match",
    "MessageData",
    "Middleware",
    "ModuleResolver",
    "Plan",
    "PlanError",
    "Registrar",
    "Registration",
    "Resolver",
    "Response",
    "Router",
    "Routes",
    "Service",
    "Settings",
    "SocketEvent",
    "Step",
    "adrive",
    "allowed_modules",
    "arun",
    "as_exception",
    "check_contract",
    "check_options",
    "checked_ack",
    "checked_args",
    "choose_server",
    "client_ack",
    "closing",
    "connect",
    "default_router",
    "drive",
    "error_ack",
    "error_body",
    "handle_failure",
    "handler_problems",
    "import_path",
    "invoke",
    "is_async",
    "is_pattern",
    "log_failure",
    "misfit",
    "pack",
    "plan_call",
    "positional",
    "receive",
    "run",
    "status_of",
    "with_attachments",
    "with_error_ack",
    "written_args",
]

__getattr__ = renamed(
    __name__,
    {
        "AccessBook": "ContractSecurity",
        "Bindings": "HandlerRegistry",
        "NOBODY": "ANONYMOUS",
        "Edge": "Host",
        "Entrance": "ConnectionPolicy",
        "Form": "HandlerStyle",
        "OCCASIONS": "LIFECYCLE_EVENTS",
        "Party": "Registrar",
        "Refused": "ConnectionRejected",
        "Reply": "Ack",
        "RuleBook": "ContractSchemas",
        "Rules": "EventSchemas",
        "Wanted": "CallSpec",
        "acknowledged": "client_ack",
        "answered": "with_error_ack",
        "connection": "connect",
        "failed": "handle_failure",
        "plan": "plan_call",
        "told": "invoke",
    },
)
