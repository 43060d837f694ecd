"""Contract-first Socket.IO servers: an AsyncAPI document, pointed at Python functions, is the server."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from asynction._version import __version__

if TYPE_CHECKING:
    from asynction.client import AsynctionAsyncClient as AsynctionAsyncClient
    from asynction.client import AsynctionClient as AsynctionClient
    from asynction.contract import Contract as Contract
    from asynction.document import bundle as bundle
    from asynction.document import load as load
    from asynction.document import validate as validate
    from asynction.exceptions import AsynctionException as AsynctionException
    from asynction.exceptions import BindingsValidationException as BindingsValidationException
    from asynction.exceptions import DocumentError as DocumentError
    from asynction.exceptions import EventException as EventException
    from asynction.exceptions import MessageAckValidationException as MessageAckValidationException
    from asynction.exceptions import NotEnabledError as NotEnabledError
    from asynction.exceptions import PayloadValidationException as PayloadValidationException
    from asynction.exceptions import SecurityException as SecurityException
    from asynction.exceptions import UnknownEventException as UnknownEventException
    from asynction.exceptions import ValidationException as ValidationException
    from asynction.mock.asgi import MockAsynctionAsyncServer as MockAsynctionAsyncServer
    from asynction.mock.flask import MockAsynctionSocketIO as MockAsynctionSocketIO
    from asynction.problems import Problem as Problem
    from asynction.runtime import ModuleResolver as ModuleResolver
    from asynction.runtime import Router as Router
    from asynction.runtime import SocketEvent as SocketEvent
    from asynction.security import SecurityInfo as SecurityInfo
    from asynction.server.asgi import AsynctionAsyncServer as AsynctionAsyncServer
    from asynction.server.asgi import socket_api as socket_api
    from asynction.server.flask import AsynctionSocketIO as AsynctionSocketIO

# Imported on first use: `import asynction` is cheap, and reading a document needs no web framework.
_HOMES = {
    "AsynctionAsyncClient": "client",
    "AsynctionAsyncServer": "server.asgi",
    "AsynctionClient": "client",
    "AsynctionException": "exceptions",
    "AsynctionSocketIO": "server.flask",
    "BindingsValidationException": "exceptions",
    "Contract": "contract",
    "DocumentError": "exceptions",
    "EventException": "exceptions",
    "MessageAckValidationException": "exceptions",
    "MockAsynctionAsyncServer": "mock.asgi",
    "MockAsynctionSocketIO": "mock.flask",
    "ModuleResolver": "runtime",
    "NotEnabledError": "exceptions",
    "PayloadValidationException": "exceptions",
    "Problem": "problems",
    "Router": "runtime",
    "SecurityException": "exceptions",
    "SecurityInfo": "security",
    "SocketEvent": "runtime",
    "UnknownEventException": "exceptions",
    "ValidationException": "exceptions",
    "bundle": "document",
    "load": "document",
    "socket_api": "server.asgi",
    "validate": "document",
}

__all__ = ["__version__", *_HOMES]  # noqa: PLE0604 - the names are strings


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"asynction.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
