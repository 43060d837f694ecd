"""Clients of contract-first servers, which check events against the same document."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asynction.client._dual.client import SocketClient as SocketClient
    from asynction.client._dual.options import LogLevel as LogLevel
    from asynction.client._errors import CallError as CallError
    from asynction.client._errors import ConnectionRefused as ConnectionRefused
    from asynction.client.aio import AsynctionAsyncClient as AsynctionAsyncClient
    from asynction.client.sync import AsynctionClient as AsynctionClient

# Imported on first use, as each client needs other libraries.
_HOMES = {
    "AsynctionAsyncClient": "aio",
    "AsynctionClient": "sync",
    "CallError": "_errors",
    "ConnectionRefused": "_errors",
    "LogLevel": "_dual.options",
    "SocketClient": "_dual.client",
}

__all__ = [*_HOMES]  # noqa: PLE0604 - the names are strings


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"asynction.client.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
