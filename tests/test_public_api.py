"""The names that users may rely on, and what importing them costs."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module

import pytest

import asynction

NAMES = {
    "asynction": [
        "AsynctionAsyncClient",
        "AsynctionAsyncServer",
        "AsynctionClient",
        "AsynctionException",
        "AsynctionSocketIO",
        "BindingsValidationException",
        "Contract",
        "DocumentError",
        "EventException",
        "MessageAckValidationException",
        "MockAsynctionAsyncServer",
        "MockAsynctionSocketIO",
        "ModuleResolver",
        "NotEnabledError",
        "PayloadValidationException",
        "Problem",
        "Router",
        "SecurityException",
        "SecurityInfo",
        "SocketEvent",
        "UnknownEventException",
        "ValidationException",
        "__version__",
        "bundle",
        "load",
        "socket_api",
        "validate",
    ],
    "asynction.client": [
        "AsynctionAsyncClient",
        "AsynctionClient",
        "CallError",
        "ConnectionRefused",
        "LogLevel",
        "SocketClient",
    ],
    "asynction.compat.fastsio": [
        "ASGIApp",
        "AsyncAioPikaManager",
        "AsyncClient",
        "AsyncClientNamespace",
        "AsyncManager",
        "AsyncNamespace",
        "AsyncRedisManager",
        "AsyncServer",
        "AsyncSimpleClient",
        "Auth",
        "BaseMiddleware",
        "Client",
        "ClientNamespace",
        "Data",
        "Depends",
        "Environ",
        "Event",
        "Reason",
        "RouterSIO",
        "SimpleClient",
        "SocketID",
        "SyncMiddleware",
        "auth_middleware",
        "logging_middleware",
        "rate_limit_middleware",
    ],
    "asynction.compat.observable": [
        "AccessCheck",
        "DehydrateFunction",
        "Handler",
        "HandlerResult",
        "Header",
        "HydrateFunction",
        "MessageData",
        "Payload",
        "Request",
        "Response",
        "RouteOptions",
        "SocketAccess",
        "SocketRouter",
        "Status",
    ],
    "asynction.compat.opinionated": ["App", "SocketEvent", "SocketPlugin", "socket_api"],
    "asynction.document": [
        "CHANNELS",
        "Channel",
        "MAX_MESSAGE",
        "Message",
        "Node",
        "Retriever",
        "Sources",
        "Spec",
        "Text",
        "bundle",
        "check_extensions",
        "client_schemas",
        "editor_schema",
        "load",
        "locate",
        "public_document",
        "public_schema",
        "report_read",
        "reporting_reads",
        "to_yaml",
        "validate",
    ],
    "asynction.middleware": [
        "AuthMiddleware",
        "BaseMiddleware",
        "LoggingMiddleware",
        "OpenTelemetryMiddleware",
        "PrometheusMiddleware",
        "RateLimitMiddleware",
        "TimeoutMiddleware",
        "auth_middleware",
        "logging_middleware",
        "rate_limit_middleware",
    ],
    "asynction.models": [
        "Dumps",
        "Fit",
        "ModelError",
        "Unwritable",
        "Writer",
        "converter",
        "default_fault",
        "fields_of",
        "fit_of",
        "fit_of_result",
        "is_data",
        "is_model",
        "schema_of_arg",
        "shaper",
    ],
    "asynction.runtime": [
        "ANONYMOUS",
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
        "FLASK",
        "Failure",
        "Flow",
        "Function",
        "HOOKS",
        "HandlerRegistry",
        "HandlerStyle",
        "HandshakeRules",
        "Host",
        "LIFECYCLE_EVENTS",
        "MalformedEvent",
        "Match",
        "MessageData",
        "Middleware",
        "ModuleResolver",
        "PYTHON_SOCKETIO",
        "PYTHON_SOCKETIO_ANY",
        "Plan",
        "PlanError",
        "Registrar",
        "Registration",
        "Resolver",
        "Response",
        "Router",
        "Routes",
        "STEPS",
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
    ],
    "asynction.security": [
        "Guard",
        "Identity",
        "JwtCheck",
        "JwtError",
        "Kind",
        "Request",
        "SCOPE_FUNCTION",
        "SecurityBusy",
        "SecurityInfo",
        "authenticate",
        "authorize",
        "jwt_function",
        "kind_of",
        "recognise",
        "scopes_of",
    ],
    "asynction.server": ["AsyncTestClient", "Headers", "SyncMethods"],
    "asynction.server.websocket": ["HandlerResult", "Limits", "MessageData", "SocketRouter", "Status"],
    "asynction.testing": ["AsyncTestClient", "Headers", "connect", "serve_asgi", "serve_wsgi"],
    "asynction.validation": [
        "ANNOTATIONS",
        "APPLICATORS",
        "APPLICATOR_LISTS",
        "APPLICATOR_MAPS",
        "BYTES",
        "DIALECTS",
        "DRAFT_07",
        "FORMATS",
        "INT_BOUNDS",
        "JsonArgs",
        "KINDS",
        "MAX_DEPTH",
        "NotJson",
        "SINCE",
        "Validator",
        "WIDEST_INT",
        "compile_problem",
        "dialect_of",
        "is_json",
        "is_suspicious",
        "is_tuple_schema",
        "json_fault",
        "map_subschemas",
        "read_args",
        "read_json",
        "schema_problems",
        "subschemas",
        "write_json",
    ],
}

DEFINED = {
    "asynction.contract": [
        "Contract",
        "Event",
        "Handlers",
        "Handshake",
        "Hooks",
        "Info",
        "Json",
        "Mock",
        "NO_LOCATION",
        "Namespace",
        "Requirements",
        "SERVED_PROTOCOLS",
        "Schema",
        "SecurityScheme",
        "Server",
        "Target",
        "namespace_name",
    ],
    "asynction.exceptions": [
        "AsynctionException",
        "BindingsValidationException",
        "DocumentError",
        "EventException",
        "MessageAckValidationException",
        "NotEnabledError",
        "PayloadValidationException",
        "SecurityException",
        "UnknownEventException",
        "ValidationException",
        "Violation",
    ],
    "asynction.types": [
        "ErrorHandler",
        "GLOBAL_NAMESPACE",
        "JSONMapping",
        "JSONMappingValue",
        "JSONSchema",
        "SecurityRequirement",
    ],
    "asynction.inject": [
        "Auth",
        "Data",
        "Dependency",
        "Depends",
        "Environ",
        "Event",
        "F",
        "Injected",
        "Reason",
        "Server",
        "SocketID",
        "inline",
    ],
}
"""Modules without `__all__`: what they define, leaving out what they import."""


@pytest.mark.parametrize("module", NAMES)
def test_a_module_exports_these_names(module: str) -> None:
    assert sorted(import_module(module).__all__) == NAMES[module]


@pytest.mark.parametrize("module", NAMES)
def test_every_exported_name_is_there(module: str) -> None:
    for name in NAMES[module]:
        assert getattr(import_module(module), name) is not None


@pytest.mark.parametrize("module", DEFINED)
def test_a_module_defines_these_names(module: str) -> None:
    assert sorted(_defined_in(module)) == sorted(DEFINED[module])


def _defined_in(module: str) -> Iterator[str]:
    for node in ast.parse(inspect.getsource(import_module(module))).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            names = [node.name]
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = [target.id for target in targets if isinstance(target, ast.Name)]
        else:
            continue
        yield from (name for name in names if not name.startswith("_"))


def test_dir_lists_the_exports() -> None:
    assert dir(asynction) == sorted(asynction.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'asynction' has no attribute 'Asyncion'"):
        asynction.Asyncion  # noqa: B018 - looking is the test


def test_the_version_is_that_of_the_package() -> None:
    from importlib.metadata import version

    assert asynction.__version__ == version("asynction")


HEAVY = ("flask", "flask_socketio", "socketio", "engineio", "werkzeug", "asyncio", "click")


def heavy_modules_after(code: str) -> str:
    text = f"import sys\n{code}\nprint([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", text], capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout.strip()


DOCUMENT = {"asyncapi": "2.6.0", "info": {"title": "t", "version": "1"}, "channels": {}}


@pytest.mark.parametrize(
    "code",
    [
        "import asynction",
        "import asynction; dir(asynction)",
        f"from asynction import load; load({DOCUMENT})",
        f"from asynction import validate; validate({DOCUMENT})",
        "from asynction import Contract, DocumentError, Problem",
        "from asynction import EventException, ModuleResolver, Router, SecurityInfo, SocketEvent",
        "import asynction.client; dir(asynction.client)",
        "import asynction.runtime",
        "import asynction.inject",
    ],
)
def test_reading_documents_needs_no_web_framework(code: str) -> None:
    assert heavy_modules_after(code) == "[]"


def test_the_check_of_imports_works() -> None:
    assert "flask" in heavy_modules_after("from asynction import AsynctionSocketIO")


_RUNTIME = {
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
}
RENAMED = [
    *((f"asynction.runtime.{old}", f"asynction.runtime.{new}") for old, new in _RUNTIME.items()),
    ("asynction.problems.Place", "asynction.problems.Location"),
    ("asynction.contract.NO_PLACE", "asynction.contract.NO_LOCATION"),
]


@pytest.mark.parametrize(("old", "new"), RENAMED)
def test_an_old_name_works_for_one_release(old: str, new: str) -> None:
    module, _, name = old.rpartition(".")
    with pytest.warns(DeprecationWarning, match=re.escape(f"`{old}` is deprecated; write `{new}`")) as caught:
        found = getattr(import_module(module), name)
    assert found is getattr(import_module(module), new.rpartition(".")[2])
    assert caught[0].filename == __file__


def test_the_old_name_of_a_location_works_for_one_release() -> None:
    document = {"asyncapi": "2.6.0", "info": {"title": "T", "version": "1"}, "channels": {"/": {}}}
    namespace = asynction.load(document).namespaces["/"]
    with pytest.warns(DeprecationWarning, match="write `Namespace.location`"):
        assert namespace.place is namespace.location


@pytest.mark.parametrize("module", ["asynction.runtime", "asynction.problems", "asynction.contract"])
def test_what_never_was_there_is_still_missing(module: str) -> None:
    with pytest.raises(AttributeError, match=f"module '{module}' has no attribute 'nothing'"):
        import_module(module).nothing  # noqa: B018 - that it raises is the test
