"""A python-socketio client for asyncio that checks events against a contract."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

import socketio
from engineio.packet import CLOSE, Packet

from asynction.client._base import ContractClient
from asynction.client._handshake import Credential
from asynction.runtime import Context, EventSchemas, Function, Response, adrive, arun

T = TypeVar("T")
Provided: TypeAlias = "Callable[[], T | Awaitable[T]]"
"""A function that is called for each connection, and awaited if it is a coroutine function."""


class AsynctionAsyncClient(ContractClient, socketio.AsyncClient):
    """A `socketio.AsyncClient` with a contract: create it with `from_spec`, use it like its parent.

    Without a contract only the annotations of handlers are checked.
    """

    _driver = staticmethod(adrive)
    _namespace_class = socketio.AsyncClientNamespace
    _libraries = ("aiohttp",)

    async def connect(  # noqa: PLR0917 - as the parent has it
        self,
        url: str | Provided[str] | None = None,
        headers: Mapping[str, str] | Provided[Mapping[str, str]] | None = None,
        auth: object = None,
        transports: Sequence[str] | None = None,
        namespaces: str | Sequence[str] | None = None,
        socketio_path: str | None = None,
        wait: bool = True,
        wait_timeout: float = 1,
        retry: bool = False,
        *,
        query: Mapping[str, object] | Provided[Mapping[str, object]] | None = None,
        credentials: Mapping[str, Credential] | Provided[Mapping[str, Credential]] | None = None,
    ) -> None:
        """Connect, as in python-socketio; functions are called again for every connection.

        Args:
            url: the URL of the server; that of the document's server by default.
            headers: the headers of the handshake.
            auth: the `auth` payload.
            transports: `polling` and `websocket`, in the order to try; both by default.
            namespaces: the namespaces to connect to; by default all that have no parameters.
            socketio_path: the Socket.IO path; that of the document's server by default.
            wait: whether to wait until all namespaces are connected.
            wait_timeout: the seconds to wait for them.
            retry: whether to try again, as after a lost connection, if the first attempt fails.
            query: parameters to add to the URL.
            credentials: credentials by the name of their security scheme, which defines how they are sent.

        Raises:
            BindingsValidationException: the request breaks the contract's handshake.
            UnknownEventException: the contract does not have a namespace.
            ConnectionRefused: the server refused a namespace.
            socketio.exceptions.ConnectionError: the connection failed.
            ValueError: there is no URL or namespace, or a credential cannot be sent.
            NotEnabledError: the extra `client` is not installed.
        """
        options = {
            "transports": transports,
            "namespaces": self._namespaces_to_connect(namespaces),
            "socketio_path": self._path(socketio_path),
            "wait": wait,
            "retry": retry,
        }
        values = {"url": url, "headers": headers, "auth": auth, "query": query, "credentials": credentials}
        connect_options = self._connect_options(values, wait_timeout)
        await adrive(
            self._connect_flow(super().connect, connect_options, options, again=connect_options is url)
        )

    async def emit(
        self,
        event: str,
        data: object = None,
        namespace: str | None = None,
        callback: Function | None = None,
    ) -> None:
        """Emit an event to the server, as in python-socketio.

        Args:
            event: the name of the event.
            data: its arg; a tuple is several args.
            namespace: the namespace to send in, `/` by default.
            callback: called with the server's acknowledgement, if it is valid.

        Raises:
            UnknownEventException: the server receives no such event by the contract.
            PayloadValidationException: `data` breaks its schema.
        """
        await super().emit(**self._emit_arguments(event, data, namespace, callback, self._take_ack))

    async def call(
        self, event: str, data: object = None, namespace: str | None = None, timeout: float | None = 60
    ) -> Any:
        """Emit an event and return its acknowledgement: its arg, a tuple of several args, or None.

        Args:
            event: the name of the event.
            data: its arg; a tuple is several args.
            namespace: the namespace to send in, `/` by default.
            timeout: the seconds to wait for the acknowledgement; None is no limit.

        Raises:
            UnknownEventException: the server receives no such event by the contract.
            PayloadValidationException: `data` breaks its schema.
            CallError: the server acknowledged with an error.
            MessageAckValidationException: the acknowledgement breaks its schema.
            socketio.exceptions.TimeoutError: there was no acknowledgement in time.
            socketio.exceptions.DisconnectedError: the connection ended before.
        """
        return await adrive(self._call_flow(super().emit, _wait, event, data, namespace, timeout))

    async def _take_ack(
        self, schemas: EventSchemas, namespace: str, callback: Function, *args: object
    ) -> None:
        await adrive(self._callback_flow(schemas, namespace, callback, args))

    async def _run(self, context: Context, flow: Response) -> object:
        return await arun(flow, context)

    # These methods are private to the parent; tests/client/test_client.py fails if they change.

    async def _handle_event(self, namespace: str | None, id: int | None, data: Any) -> None:
        context = self._event_context(namespace, data)
        await self._run(context, self._receive_flow(context, super()._handle_event, id, data))

    async def _handle_ack(self, namespace: str | None, id: int, data: Any) -> None:
        if self._is_ack(id, data):
            await super()._handle_ack(namespace, id, data)

    async def _trigger_event(self, event: str, namespace: str, *args: object) -> object:
        context = self._context(namespace, event)
        return await self._run(context, self._lifecycle_flow(context, super()._trigger_event, args))

    async def _handle_eio_message(self, data: Any) -> None:
        if (fault := self._protocol_fault(data)) is not None:
            self._report_break(fault)
            await self._break()
            return
        try:
            await super()._handle_eio_message(data)
        except Exception as error:
            self._ignore_packet(error)

    async def _break(self) -> None:
        """End the connection as if the network had, so that the client connects again."""
        if self.eio.current_transport == "websocket":
            await self.eio.ws.close()
        else:
            await self.eio.queue.put(Packet(CLOSE))  # the server ends the poll
            await self.eio.queue.put(None)  # ends the loop that writes, and then the one that polls


async def _wait(event: Any, timeout: float | None) -> bool:
    try:
        await asyncio.wait_for(event.wait(), timeout)
    except asyncio.TimeoutError:
        return False
    return True
