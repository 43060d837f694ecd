"""An ASGI server that mocks a contract."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
from asynction.runtime import Args, Context, Function, Resolver, Router, adrive, check_options
from asynction.server.asgi import AsynctionAsyncServer
from asynction.server.loading import load_served
from asynction.server.options import AsyncServerOptions

if TYPE_CHECKING:
    from typing_extensions import Unpack


class MockAsyncServerOptions(AsyncServerOptions, MockOptions, total=False):
    """The options of MockAsynctionAsyncServer: those of the server, and those of the mock."""


class MockAsynctionAsyncServer(AsynctionAsyncServer):
    """An async server that checks and acknowledges events, and sends those of the contract.

    It is made by `from_spec`; see the manual, "The mock server".

    Args:
        contract: the contract.
        behaviour: the options of the mock.
        security_functions: functions that check credentials, by the name of their scheme; any credential
            of other schemes is accepted.
        routers: handlers that replace those of the mock.
        resolver: ignored: it would import handlers.
        **kwargs: see AsyncServerOptions.
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
        self._script = Script(contract, behaviour or Behaviour())
        functions = accept_any_credentials(contract, security_functions or {})
        bare = without_code(contract)
        # The last handler of an event counts, so the routers of the application replace those of the mock.
        played = (play_all(bare, self._play), *routers)
        super().__init__(bare, security_functions=functions, routers=played, **kwargs)
        self._emitter = Emitter(self._script, self._service.routes.match, driver=adrive, emit=self._send)

    @classmethod
    def from_spec(
        cls,
        spec_path: Spec,
        *,
        app: Any = None,
        server_name: str | None = None,
        docs: bool = True,
        root: str | Path | None = None,
        retriever: Retriever | None = None,
        **options: Unpack[MockAsyncServerOptions],
    ) -> MockAsynctionAsyncServer:
        """Build a mock of an AsyncAPI document: no code that it names is imported.

        Credentials are demanded as in the contract; any are accepted, except for schemes that have a function
        in `security_functions`. Events that `routers` handle are theirs. Raises DocumentError,
        UnknownEventException if the document sends no event that `only` names, and ValueError for numbers out
        of range.

        Args:
            spec_path: the path of the document, or a mapping, as in `AsynctionAsyncServer.from_spec`.
            app: the application to attach to.
            server_name: the server of the document whose URL path is the Socket.IO path.
            docs: serve the docs page.
            root: the folder whose files a `$ref` may lead to; by default that of the document.
            retriever: takes the URL of a `$ref` and returns its text; by default no URL is fetched.
            **options: see MockOptions, and AsyncServerOptions.
        """
        check_options(options, MockAsyncServerOptions, cls.__name__)
        behaviour = take_behaviour(options)
        return cls(
            **load_served(locate(spec_path), server_name, docs, root, retriever),
            app=app,
            behaviour=behaviour,
            **options,
        )

    async def _play(self, context: Context, _: Data) -> object:
        return await adrive(self._script.play(context, self.sleep, self._leave))

    async def _leave(self, sid: str, namespace: str) -> None:
        await self.disconnect(sid, namespace=namespace)

    async def _connect_any(
        self, namespace: str, sid: str, environ: dict[str, Any], auth: object = None
    ) -> object:
        answer = await super()._connect_any(namespace, sid, environ, auth)
        if answer is not False:
            self._emitter.start(self)
        return answer

    async def _send(self, event: str, args: Args, namespace: str) -> None:
        await self.emit(event, args, namespace=namespace)
