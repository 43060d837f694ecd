"""What happens to an event, decided without any I/O: adapters bring the wire."""

from asynction.runtime._access import AccessBook
from asynction.runtime._answers import MalformedEvent, error_ack, error_body, log_failure, status_of
from asynction.runtime._binding import (
    Binder,
    handler_problems,
    import_path,
    is_async,
    keywords,
    misfit,
    positional,
)
from asynction.runtime._flow import (
    NOBODY,
    Args,
    Endpoint,
    Entrance,
    Failure,
    Flow,
    Function,
    Occasion,
    acknowledged,
    answered,
    bound,
    connection,
    drive,
    failed,
    receive,
    told,
)
from asynction.runtime._handshake import HandshakeRules
from asynction.runtime._namespaces import Match, is_pattern
from asynction.runtime._rules import RuleBook, Rules, checked_ack, checked_args, pack

__all__ = [
    "NOBODY",
    "AccessBook",
    "Args",
    "Binder",
    "Endpoint",
    "Entrance",
    "Failure",
    "Flow",
    "Function",
    "HandshakeRules",
    "MalformedEvent",
    "Match",
    "Occasion",
    "RuleBook",
    "Rules",
    "acknowledged",
    "answered",
    "bound",
    "checked_ack",
    "checked_args",
    "connection",
    "drive",
    "error_ack",
    "error_body",
    "failed",
    "handler_problems",
    "import_path",
    "is_async",
    "is_pattern",
    "keywords",
    "log_failure",
    "misfit",
    "pack",
    "positional",
    "receive",
    "status_of",
    "told",
]
