"""An ASGI server that plays a contract: there is no code behind it yet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from asynction.contract import Contract
from asynction.document import Spec
from asynction.inject import Data
from asynction.mock._behaviour import Behaviour, accept_any_credentials, without_code
from asynction.mock._emitter import Emitter, play_all
from asynction.mock._script import Script
from asynction.runtime import Args, Context, Function, Resolver, Router, adrive
from asynction.server.asgi import AsynctionAsyncServer


class MockAsynctionAsyncServer(AsynctionAsyncServer):
    """A server that behaves like a contract: it checks, acknowledges, and sends what the contract has.

    Made by `from_spec`; see the manual, "The mock server".
    """

    def __init__(
        self,
        contract: Contract,
        *,
        behaviour: Behaviour | None = None,
        security_functions: Mapping[str, Function] | None = None,
        routers: Sequence[Router] = (),
        resolver: Resolver | None = None,  # not asked: what it finds would be imported
        **kwargs: Any,
    ) -> None:
        self._script = Script(contract, behaviour or Behaviour())
        functions = accept_any_credentials(contract, security_functions or {})
        bare = without_code(contract)
        # Of two handlers the later one counts: what code brings goes before the mock.
        played = (play_all(bare, self._play), *routers)
        super().__init__(bare, security_functions=functions, routers=played, **kwargs)
        self._emitter = Emitter(self._script, self._registry.schemas.match, driver=adrive, emit=self._send)

    @classmethod
    def from_spec(
        cls,
        spec_path: Spec,
        *,
        custom_formats_sample_size: int = 20,
        interval: float = 1.0,
        latency: tuple[float, float] = (0.0, 0.0),
        error_rate: float = 0.0,
        disconnect_rate: float = 0.0,
        only: Iterable[str] = (),
        seed: int | None = None,
        **kwargs: Any,
    ) -> MockAsynctionAsyncServer:
        """Build a mock of an AsyncAPI document: no code that it names is imported.

        The arguments are those of `MockAsynctionSocketIO.from_spec`; others are AsynctionAsyncServer's.
        """
        behaviour = Behaviour(
            interval, latency, error_rate, disconnect_rate, frozenset(only), seed, custom_formats_sample_size
        )
        mock = super().from_spec(spec_path, behaviour=behaviour, **kwargs)
        return cast("MockAsynctionAsyncServer", mock)

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
