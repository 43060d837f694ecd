"""What happens to an event, decided without any I/O: adapters bring the wire."""

from asynction.runtime._answers import MalformedEvent, error_ack, error_body, log_failure, status_of
from asynction.runtime._binding import Binder, import_path, is_async, misfit, positional
from asynction.runtime._flow import (
    Args,
    Endpoint,
    Failure,
    Flow,
    Function,
    acknowledged,
    answered,
    connection,
    drive,
    failed,
    receive,
)
from asynction.runtime._handshake import HandshakeRules, Request
from asynction.runtime._rules import RuleBook, Rules, checked_ack, checked_args, pack

__all__ = [
    "Args",
    "Binder",
    "Endpoint",
    "Failure",
    "Flow",
    "Function",
    "HandshakeRules",
    "MalformedEvent",
    "Request",
    "RuleBook",
    "Rules",
    "acknowledged",
    "answered",
    "checked_ack",
    "checked_args",
    "connection",
    "drive",
    "error_ack",
    "error_body",
    "failed",
    "import_path",
    "is_async",
    "log_failure",
    "misfit",
    "pack",
    "positional",
    "receive",
    "status_of",
]
