"""A server without a wire: what its edge is told, contracts of a few lines, and both drivers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Mapping
from typing import Any, TypeVar

from asynction.contract import Contract, Event, Handlers, Info, Json, Namespace, Schema, Target
from asynction.runtime import (
    FLASK,
    Context,
    Host,
    Registration,
    Service,
    adrive,
    closing,
    drive,
)
from asynction.security import Identity, Request
from asynction.validation import DRAFT_07

T = TypeVar("T")
Flowing = Generator[tuple[Callable[..., object], tuple[object, ...]], object, T]
Run = Callable[[Flowing[Any]], Any]

SERVER_ERROR = ({"error": {"status": 500, "title": "Internal Server Error"}},)


def arun(flow: Flowing[T]) -> T:
    """Drive a flow as an async server does."""
    return asyncio.run(adrive(flow))


BOTH: tuple[Run, ...] = (drive, arun)


class Base:
    """What a server of any kind is."""


class FakeServer(Base):
    """What handlers may ask for as the server."""


def context(
    *args: object,
    event: str = "e",
    namespace: str = "/",
    sid: str = "sid",
    server: object = "server",
    environ: Mapping[str, object] | None = None,
    user: str | None = None,
    **attributes: object,
) -> Context:
    """Make the context of an event."""
    made = Context(server, namespace, event, sid, args, environ=lambda *_: environ or {})
    if user is not None:
        made.identity = Identity({"bearer": {"sub": user}})
    for name, value in attributes.items():
        setattr(made, name, value)
    return made


def schema(value: Json) -> Schema:
    return Schema(value, DRAFT_07)


def args_of(*items: Json) -> Json:
    """The schema of exactly these args."""
    return {"type": "array", "items": list(items), "minItems": len(items), "additionalItems": False}


def event(name: str = "e", args: Json = None, ack: Json = None, **fields: Any) -> Event:
    return Event(
        name,
        schema(args) if args is not None else None,
        schema(ack) if ack is not None else None,
        **fields,
    )


def contract(*events: Event, namespace: str = "/", middlewares: Any = (), **fields: Any) -> Contract:
    """A contract of one namespace, which receives these events."""
    names = {each.name: each for each in events}
    made = Namespace(namespace, names, fields.pop("sends", {}), **fields)
    return Contract(Info("T", "1"), {}, {namespace: made}, {}, middlewares=middlewares)


def handlers(**paths: str) -> Handlers:
    return Handlers(**{name: Target(path) for name, path in paths.items()})


class Bench:
    """The bindings and the service of a server that there is not."""

    def __init__(
        self,
        contract: Contract | None = None,
        *,
        conventions: Any = FLASK,
        is_async: bool = False,
        bind: bool = True,
        strict: bool = True,
        validation: bool = True,
        server: Any = None,
        **host: Any,
    ) -> None:
        self.registered: list[tuple[str, str]] = []
        self.expiries: list[tuple[str, str, float]] = []
        self.open = True
        self.server = FakeServer()
        self.is_async = is_async
        self.run: Run = arun if is_async else drive
        options: dict[str, Any] = {
            "environ": lambda sid, namespace: {"sid": sid, "namespace": namespace},
            "is_connected": lambda sid, namespace: self.open,
            "register": lambda namespace, event: self.registered.append((namespace, event)),
            "conventions": conventions,
            "providers": {FakeServer: lambda _: self.server},
            "is_async": is_async,
            "expire": lambda *end: self.expiries.append(end),
            **host,
        }
        self.service = Service(
            contract,
            Host(self.server, adrive if is_async else drive, **options),
            server=server,
            validation=validation,
            strict=strict,
        )
        if bind:
            self.service.bind_contract()

    def on(self, name: str, handler: Callable[..., Any], namespace: str = "/", model: object = None) -> Bench:
        self.service.bind(Registration(namespace, name, handler, model))
        return self

    def closed(self, flow: Flowing[Any], made: Context) -> Any:
        """Run a flow, and close what it opened."""

        async def both() -> Any:
            try:
                return await adrive(flow)
            finally:
                await adrive(closing(made))

        if self.is_async:
            return asyncio.run(both())
        try:
            return drive(flow)
        finally:
            drive(closing(made))

    def send(self, name: str, *args: object, namespace: str = "/", sid: str = "sid") -> Any:
        """Receive an event as servers do: the ack, as a list of args."""
        made = self.service.context(namespace, name, sid, args)
        return self.closed(self.service.receive(made), made)

    def status(self, name: str, *args: object, **where: Any) -> int:
        """The status of the error that an event is acknowledged with."""
        (body,) = self.send(name, *args, **where)
        found: int = body["error"]["status"]
        return found

    def enter(
        self, auth: object = None, *, namespace: str = "/", sid: str = "sid", request: Request | None = None
    ) -> object:
        """Let a client in, or raise."""
        made = self.service.context(namespace, "connect", sid)
        given = request or Request("GET", auth=auth)
        return self.closed(self.service.connect(made, auth, lambda _: given), made)

    def leave(self, reason: object = None, *, namespace: str = "/", sid: str = "sid") -> object:
        """Have a client leave."""
        made = self.service.context(namespace, "disconnect", sid)
        return self.closed(self.service.disconnect(made, reason), made)
