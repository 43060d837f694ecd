"""A python-socketio client that checks events against a contract."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import engineio
import socketio
from engineio.packet import CLOSE, Packet

from asynction.client._base import ContractClient, call_logged
from asynction.client._handshake import Credential
from asynction.runtime import Context, EventSchemas, Function, Response, drive, run


class _Engine(engineio.Client):
    """An Engine.IO client that reads messages in order, in the thread that receives them.

    The parent starts a thread for each message, so an attachment can be read before the event that it belongs
    to. Here a thread is started only later, to call a handler.
    """

    def _trigger_event(self, event: str, *args: Any, **kwargs: Any) -> Any:
        if event == "message":
            kwargs["run_async"] = False
        return super()._trigger_event(event, *args, **kwargs)


class AsynctionClient(ContractClient, socketio.Client):
    """A `socketio.Client` with a contract: create it with `from_spec`, use it like its parent.

    Without a contract only the annotations of handlers are checked.
    """

    _driver = staticmethod(drive)
    _namespace_class = socketio.ClientNamespace
    _libraries = ("requests", "websocket")

    def connect(  # noqa: PLR0917 - as the parent has it
        self,
        url: str | Callable[[], str] | None = None,
        headers: Mapping[str, str] | Callable[[], Mapping[str, str]] | None = None,
        auth: object = None,
        transports: Sequence[str] | None = None,
        namespaces: str | Sequence[str] | None = None,
        socketio_path: str | None = None,
        wait: bool = True,
        wait_timeout: float = 1,
        retry: bool = False,
        *,
        query: Mapping[str, object] | Callable[[], Mapping[str, object]] | None = None,
        credentials: Mapping[str, Credential] | Callable[[], Mapping[str, Credential]] | None = None,
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
        drive(self._connect_flow(super().connect, connect_options, options, again=connect_options is url))

    def emit(
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
        super().emit(**self._emit_arguments(event, data, namespace, callback, self._take_ack))

    def call(
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
        return drive(self._call_flow(super().emit, _wait, event, data, namespace, timeout))

    def _take_ack(self, schemas: EventSchemas, namespace: str, callback: Function, *args: object) -> None:
        drive(self._callback_flow(schemas, namespace, callback, args))

    def _run(self, context: Context, flow: Response) -> object:
        return run(flow, context)

    # These methods are private to the parent; tests/client/test_client.py fails if they change.

    def _engineio_client_class(self) -> type[Any]:
        return _Engine

    def _handle_connect(self, namespace: str | None, data: Any) -> None:
        self.start_background_task(call_logged, super()._handle_connect, namespace, data)

    def _handle_disconnect(self, namespace: str | None) -> None:
        self.start_background_task(call_logged, super()._handle_disconnect, namespace)

    def _handle_error(self, namespace: str | None, data: Any) -> None:
        self.start_background_task(call_logged, super()._handle_error, namespace, data)

    def _handle_ack(self, namespace: str | None, id: int, data: Any) -> None:
        if self._is_ack(id, data):
            self.start_background_task(call_logged, super()._handle_ack, namespace, id, data)

    def _handle_event(self, namespace: str | None, id: int | None, data: Any) -> None:
        context = self._event_context(namespace, data)
        flow = self._receive_flow(context, super()._handle_event, id, data)
        self.start_background_task(call_logged, self._run, context, flow)

    def _trigger_event(self, event: str, namespace: str, *args: object) -> object:
        context = self._context(namespace, event)
        return self._run(context, self._lifecycle_flow(context, super()._trigger_event, args))

    def _handle_eio_message(self, data: Any) -> None:
        if (fault := self._protocol_fault(data)) is not None:
            self._report_break(fault)
            self._break()
            return
        try:
            super()._handle_eio_message(data)
        except Exception as error:
            self._ignore_packet(error)

    def _break(self) -> None:
        """End the connection as if the network had, so that the client connects again."""
        if self.eio.current_transport == "websocket":
            self.eio.ws.close()
        else:
            self.eio.queue.put(Packet(CLOSE))  # the server ends the poll
            self.eio.queue.put(None)  # ends the loop that writes, and then the one that polls


def _wait(event: Any, timeout: float | None) -> bool:
    return bool(event.wait(timeout))
