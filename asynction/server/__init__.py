"""Servers: the adapters that serve a contract on a wire."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asynction.server._asgi.sync import SyncMethods as SyncMethods
    from asynction.server._asgi.testing import AsyncTestClient as AsyncTestClient
    from asynction.server._asgi.testing import Headers as Headers

# Imported on first use: one server does not need the libraries of another.
_HOMES = {
    "AsyncTestClient": "_asgi.testing",
    "Headers": "_asgi.testing",
    "SyncMethods": "_asgi.sync",
}

__all__ = [*_HOMES]  # noqa: PLE0604 - the names are strings


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"asynction.server.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
