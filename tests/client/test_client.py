"""What `asynction.client` has."""

from __future__ import annotations

import inspect
import sys
from queue import Queue
from threading import current_thread
from typing import Any

import engineio
import pytest
import socketio

from asynction import NotEnabledError, client
from asynction.client import AsynctionAsyncClient, AsynctionClient
from tests.client.support import Wire
from tests.guards import TABLES, Row, check
from tests.serving import DEADLINE


def test_dir_lists_the_exports() -> None:
    assert dir(client) == sorted(client.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match=r"module 'asynction.client' has no attribute 'Client'"):
        client.Client  # noqa: B018 - looking is the test


@pytest.mark.parametrize("row", TABLES["client"], ids=str)
def test_the_parents_have_what_we_rely_on(row: Row) -> None:
    check(row)


def test_the_engine_starts_a_thread_for_each_message() -> None:
    engine = engineio.Client(handle_sigint=False)
    threads: Queue[Any] = Queue()
    engine.on("message", lambda data: threads.put((data, current_thread())))
    engine._trigger_event("message", "x", run_async=True)
    data, thread = threads.get(timeout=DEADLINE)
    assert data == "x"
    assert thread is not current_thread()


def test_messages_are_read_in_their_order() -> None:
    client = AsynctionClient(handle_sigint=False)
    threads: list[Any] = []
    client.eio.on("message", lambda data: threads.append((data, current_thread())))
    for data in "abc":
        client.eio._trigger_event("message", data, run_async=True)
    assert threads == [(data, current_thread()) for data in "abc"]


@pytest.mark.parametrize(
    ("kind", "parent"), [(AsynctionClient, socketio.Client), (AsynctionAsyncClient, socketio.AsyncClient)]
)
@pytest.mark.parametrize("name", ["connect", "emit", "send", "call", "on", "disconnect", "wait"])
def test_methods_take_what_the_parents_take(kind: type[Any], parent: type[Any], name: str) -> None:
    assert issubclass(kind, parent)
    ours = list(inspect.signature(getattr(kind, name)).parameters)
    theirs = list(inspect.signature(getattr(parent, name)).parameters)
    assert ours[: len(theirs)] == theirs


@pytest.mark.parametrize("kind", [socketio.Client, socketio.AsyncClient])
def test_the_parent_keeps_its_counter_of_acknowledgements_under_the_id_0(kind: type[Any]) -> None:
    """Why a server may not acknowledge that: the parent would call it."""
    made = kind(handle_sigint=False)
    assert made._generate_ack_id("/", len) == 1
    assert next(made.callbacks["/"][0]) == 2


@pytest.mark.parametrize(
    ("kind", "library"),
    [(AsynctionClient, "requests"), (AsynctionClient, "websocket"), (AsynctionAsyncClient, "aiohttp")],
)
def test_a_missing_extra_is_named(kind: type[Any], library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(NotEnabledError, match=rf"{kind.__name__} needs the extra `client`"):
        Wire(kind).do("connect", "http://127.0.0.1:1")
