"""A python-socketio client for asyncio that keeps a contract."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import socketio

from asynction.client._base import ContractClient
from asynction.client._handshake import Credential
from asynction.runtime import Context, EventSchemas, Function, Response, adrive, arun


class AsynctionAsyncClient(ContractClient, socketio.AsyncClient):
    """A `socketio.AsyncClient` bound to its server's contract: made by `from_spec`, used like its parent.

    Without a contract it is made like its parent, and what handlers are annotated with is checked.
    """

    _driver = staticmethod(adrive)
    _namespace_class = socketio.AsyncClientNamespace
    _libraries = ("aiohttp",)

    async def connect(  # noqa: PLR0917 - as the parent has it
        self,
        url: str | Callable[[], str | Awaitable[str]] | None = None,
        headers: Mapping[str, str]
        | Callable[[], Mapping[str, str] | Awaitable[Mapping[str, str]]]
        | None = None,
        auth: object = None,
        transports: Sequence[str] | None = None,
        namespaces: str | Sequence[str] | None = None,
        socketio_path: str | None = None,
        wait: bool = True,
        wait_timeout: float = 1,
        retry: bool = False,
        *,
        query: Mapping[str, object]
        | Callable[[], Mapping[str, object] | Awaitable[Mapping[str, object]]]
        | None = None,
        credentials: Mapping[str, Credential]
        | Callable[[], Mapping[str, Credential] | Awaitable[Mapping[str, Credential]]]
        | None = None,
    ) -> None:
        """Connect, as in python-socketio; what is not given is taken from the contract.

        Without `namespaces` all are entered that have no parameters. `query` is added to the URL;
        `credentials` are put, by the name of their security scheme, where the scheme says. Functions are
        asked anew for every connection. Raises BindingsValidationException where that breaks the contract's
        handshake, UnknownEventException for a namespace that the contract does not have, ConnectionRefused
        where the server refuses, and else `socketio.exceptions.ConnectionError`; NotEnabledError where the
        extra `client` is missing.
        """
        options = {
            "transports": transports,
            "namespaces": self._entered(namespaces),
            "socketio_path": self._path(socketio_path),
            "wait": wait,
            "retry": retry,
        }
        values = {"url": url, "headers": headers, "auth": auth, "query": query, "credentials": credentials}
        connect_options = self._connect_options(values, wait_timeout)
        await adrive(
            self._connecting(super().connect, connect_options, options, again=connect_options is url)
        )

    async def emit(
        self,
        event: str,
        data: object = None,
        namespace: str | None = None,
        callback: Function | None = None,
    ) -> None:
        """Emit an event to the server, as in python-socketio; a tuple is several args.

        Raises UnknownEventException where the contract's server receives no such event, and
        PayloadValidationException. A `callback` is called only with an acknowledgement that keeps the
        contract.
        """
        await super().emit(**self._outgoing(event, data, namespace, callback, self._take_ack))

    async def call(
        self, event: str, data: object = None, namespace: str | None = None, timeout: float | None = 60
    ) -> Any:
        """Emit an event and return its acknowledgement: its arg, a tuple of several, None where it has none.

        Raises as `emit` does, CallError where the server acknowledges with an error,
        MessageAckValidationException, and of `socketio.exceptions` TimeoutError after `timeout` seconds and
        DisconnectedError where the connection ends before.
        """
        return await adrive(self._calling(super().emit, _waited, event, data, namespace, timeout))

    async def _take_ack(
        self, schemas: EventSchemas, namespace: str, callback: Function, *args: object
    ) -> None:
        await adrive(self._taking(schemas, namespace, callback, args))

    async def _run(self, context: Context, flow: Response) -> object:
        return await arun(flow, context)

    # What follows is private to the parent; tests/client/test_client.py fails where it changes.

    async def _handle_event(self, namespace: str | None, id: int | None, data: Any) -> None:
        context = self._received(namespace, data)
        await self._run(context, self._receiving(context, super()._handle_event, id, data))

    async def _handle_ack(self, namespace: str | None, id: int, data: Any) -> None:
        if self._is_ack(id, data):
            await super()._handle_ack(namespace, id, data)

    async def _trigger_event(self, event: str, namespace: str, *args: object) -> object:
        context = self._context(namespace, event)
        return await self._run(context, self._telling(context, super()._trigger_event, args))

    async def _handle_eio_message(self, data: Any) -> None:
        try:
            await super()._handle_eio_message(data)
        except Exception as error:
            self._unreadable(error)


async def _waited(event: Any, timeout: float | None) -> bool:
    try:
        await asyncio.wait_for(event.wait(), timeout)
    except asyncio.TimeoutError:
        return False
    return True
