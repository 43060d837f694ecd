"""A python-socketio client that keeps a contract."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import engineio
import socketio

from asynction.client._base import ContractClient, guarded
from asynction.client._handshake import Credential
from asynction.runtime import Context, EventSchemas, Function, Response, drive, run


class _Engine(engineio.Client):
    """Has messages read in their order, by the thread that receives them.

    Its parent starts a thread for each, so a piece of binary data can be read before the event that it is
    part of. Here only what a message leads to, handlers say, has a thread of its own.
    """

    def _trigger_event(self, event: str, *args: Any, **kwargs: Any) -> Any:
        if event == "message":
            kwargs["run_async"] = False
        return super()._trigger_event(event, *args, **kwargs)


class AsynctionClient(ContractClient, socketio.Client):
    """A `socketio.Client` bound to its server's contract: made by `from_spec`, used like its parent.

    Without a contract it is made like its parent, and what handlers are annotated with is checked.
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
        drive(self._connecting(super().connect, connect_options, options, again=connect_options is url))

    def emit(
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
        super().emit(**self._outgoing(event, data, namespace, callback, self._take_ack))

    def call(
        self, event: str, data: object = None, namespace: str | None = None, timeout: float | None = 60
    ) -> Any:
        """Emit an event and return its acknowledgement: its arg, a tuple of several, None where it has none.

        Raises as `emit` does, CallError where the server acknowledges with an error,
        MessageAckValidationException, and of `socketio.exceptions` TimeoutError after `timeout` seconds and
        DisconnectedError where the connection ends before.
        """
        return drive(self._calling(super().emit, _waited, event, data, namespace, timeout))

    def _take_ack(self, schemas: EventSchemas, namespace: str, callback: Function, *args: object) -> None:
        drive(self._taking(schemas, namespace, callback, args))

    def _run(self, context: Context, flow: Response) -> object:
        return run(flow, context)

    # What follows is private to the parent; tests/client/test_client.py fails where it changes.

    def _engineio_client_class(self) -> type[Any]:
        return _Engine

    def _handle_connect(self, namespace: str | None, data: Any) -> None:
        self.start_background_task(guarded, super()._handle_connect, namespace, data)

    def _handle_disconnect(self, namespace: str | None) -> None:
        self.start_background_task(guarded, super()._handle_disconnect, namespace)

    def _handle_error(self, namespace: str | None, data: Any) -> None:
        self.start_background_task(guarded, super()._handle_error, namespace, data)

    def _handle_ack(self, namespace: str | None, id: int, data: Any) -> None:
        if self._is_ack(id, data):
            self.start_background_task(guarded, super()._handle_ack, namespace, id, data)

    def _handle_event(self, namespace: str | None, id: int | None, data: Any) -> None:
        context = self._received(namespace, data)
        flow = self._receiving(context, super()._handle_event, id, data)
        self.start_background_task(guarded, self._run, context, flow)

    def _trigger_event(self, event: str, namespace: str, *args: object) -> object:
        context = self._context(namespace, event)
        return self._run(context, self._telling(context, super()._trigger_event, args))

    def _handle_eio_message(self, data: Any) -> None:
        try:
            super()._handle_eio_message(data)
        except Exception as error:
            self._unreadable(error)


def _waited(event: Any, timeout: float | None) -> bool:
    return bool(event.wait(timeout))
