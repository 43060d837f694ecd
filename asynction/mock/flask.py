"""A Flask-SocketIO server that mocks a contract."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import flask

from asynction.contract import Contract
from asynction.document import Retriever, Spec, locate
from asynction.inject import Data
from asynction.mock._behaviour import (
    Behaviour,
    MockOptions,
    accept_any_credentials,
    required_contract,
    take_behaviour,
    without_code,
)
from asynction.mock._emitter import Emitter, play_all
from asynction.mock._script import Script
from asynction.runtime import Args, Context, Function, Host, Resolver, Router, check_options, drive
from asynction.server.flask import AsynctionSocketIO
from asynction.server.loading import load_served
from asynction.server.options import SocketIOOptions, take_positional

if TYPE_CHECKING:
    from typing_extensions import Unpack


class MockSocketIOOptions(SocketIOOptions, MockOptions, total=False):
    """The options of MockAsynctionSocketIO: those of the server, and those of the mock."""


class MockAsynctionSocketIO(AsynctionSocketIO):
    """A Flask-SocketIO server that checks and acknowledges events, and sends those of the contract.

    It is made by `from_spec`; see the manual, "The mock server".

    Args:
        contract: the contract.
        behaviour: the options of the mock.
        security_functions: functions that check credentials, by the name of their scheme; any credential
            of other schemes is accepted.
        routers: handlers that replace those of the mock.
        resolver: ignored: it would import handlers.
        **kwargs: see SocketIOOptions.
    """

    def __init__(
        self,
        contract: Contract | None = None,
        *,
        behaviour: Behaviour | None = None,
        security_functions: Mapping[str, Function] | None = None,
        routers: Sequence[Router] = (),
        resolver: Resolver | None = None,
        **kwargs: Any,
    ) -> None:
        contract = required_contract(contract, type(self).__name__)
        script = Script(contract, behaviour or Behaviour())
        functions = accept_any_credentials(contract, security_functions or {})
        bare = without_code(contract)
        # The last handler of an event counts, so the routers of the application replace those of the mock.
        played = (play_all(bare, self._play), *routers)
        super().__init__(bare, security_functions=functions, routers=played, **kwargs)
        self._script = script
        self._emitter = Emitter(script, self._service.routes.match, driver=drive, emit=self._send)

    @classmethod
    def from_spec(
        cls,
        spec_path: Spec,
        *positional: Any,
        app: flask.Flask | None = None,
        server_name: str | None = None,
        docs: bool = True,
        root: str | Path | None = None,
        retriever: Retriever | None = None,
        **options: Unpack[MockSocketIOOptions],
    ) -> MockAsynctionSocketIO:
        """Build a mock of an AsyncAPI document: no code that it names is imported.

        Credentials are demanded as in the contract; any are accepted, except for schemes that have a function
        in `security_functions`. Events that `routers` handle are theirs. Raises DocumentError,
        UnknownEventException if the document sends no event that `only` names, and ValueError for numbers out
        of range.

        Args:
            spec_path: the path of the document, or a mapping, as in `AsynctionSocketIO.from_spec`.
            *positional: what asynction 0.8 took by position, as in `AsynctionSocketIO.from_spec`.
            app: the application to attach to.
            server_name: the server of the document whose URL path is the Socket.IO path.
            docs: serve the docs page.
            root: the folder whose files a `$ref` may lead to; by default that of the document.
            retriever: takes the URL of a `$ref` and returns its text; by default no URL is fetched.
            **options: see MockOptions, and SocketIOOptions.
        """
        check_options(options, MockSocketIOOptions, cls.__name__)
        named: dict[str, Any] = {"app": app, "server_name": server_name, "docs": docs, **options}
        take_positional(positional, named, {"custom_formats_sample_size": 20})
        behaviour = take_behaviour(named)
        loaded = load_served(locate(spec_path), named.pop("server_name"), named.pop("docs"), root, retriever)
        return cls(**loaded, behaviour=behaviour, **named)

    def run(
        self,
        app: flask.Flask,
        host: str | None = None,
        port: int | None = None,
        subscription_task_interval: float | None = None,
        max_worker_number: int = 8,
        **kwargs: Any,
    ) -> None:
        """Serve, as `AsynctionSocketIO.run` does.

        Args:
            app: the Flask app.
            host: the address to listen on.
            port: the port to listen on.
            subscription_task_interval: seconds between two emissions of an event that has no interval of
                its own; None to keep that of `from_spec`.
            max_worker_number: the maximum number of tasks that send events.
            **kwargs: the other arguments of `AsynctionSocketIO.run`.

        Raises:
            ValueError: a number is out of its range.
        """
        if subscription_task_interval is not None:
            self._script.set_interval(subscription_task_interval)
        self._emitter.set_workers(max_worker_number)
        super().run(app, host, port, **kwargs)

    def _host(self) -> Host:
        # A mock has no code to debug, so clients get an error ack while testing, too.
        return replace(super()._host(), propagates=lambda: False)

    def _play(self, context: Context, _: Data) -> object:
        return drive(self._script.play(context, self.sleep, self._leave))

    def _leave(self, sid: str, namespace: str) -> None:
        self.server.disconnect(sid, namespace=namespace)

    def _connect(self, auth: object = None) -> object:
        answer = super()._connect(auth)
        if answer is not False:
            self._emitter.start(self.server)
        return answer

    def _send(self, event: str, args: Args, namespace: str) -> None:
        self.emit(event, *args, namespace=namespace)
