"""A Socket.IO client for a terminal; the extra `client` brings what it needs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

import click

from asynction.cli._spec import document_of
from asynction.contract import Contract, namespace_name
from asynction.document import load
from asynction.exceptions import DocumentError, ValidationException
from asynction.problems import did_you_mean, printable
from asynction.runtime import Args, ContractSchemas

C = TypeVar("C", bound=Callable[..., Any])
T = TypeVar("T")

EXTRA = "a client needs the extra `client`: install `asynction[client]`"

_DEFAULT_PATH = "socket.io"
_SCHEMES = ("http", "https", "ws", "wss")
_FAREWELL = 1.0  # seconds that a server gets to take note of the end


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is no JSON number")


def read_json(text: str) -> object:
    """Read JSON; raises ValueError, also for NaN and infinity."""
    value: object = json.loads(text, parse_constant=_no_constant)
    return value


def _json(ctx: click.Context, param: click.Parameter, text: str | None) -> object:
    try:
        return read_json(text) if text is not None else None
    except ValueError as error:
        raise click.BadParameter(f"`{text}` is no JSON: {error}") from None


def _pairs(separator: str) -> Callable[..., list[tuple[str, str]]]:
    """Read names and values with `separator` between them."""

    def pairs(ctx: click.Context, param: click.Parameter, texts: tuple[str, ...]) -> list[tuple[str, str]]:
        found = []
        for text in texts:
            name, between, value = text.partition(separator)
            if not between or not name.strip():
                raise click.BadParameter(f"`{text}` is not a name, `{separator}` and a value")
            found.append((name.strip(), value.strip()))
        return found

    return pairs


_OPTIONS = (
    click.option("--spec", metavar="SPEC", help="The AsyncAPI document to hold both sides to."),
    click.option("--namespace", default="/", show_default=True, help="The Socket.IO namespace."),
    click.option("--auth", metavar="JSON", callback=_json, help="The `auth` payload of the connection."),
    click.option(
        "--query",
        metavar="K=V",
        callback=_pairs("="),
        multiple=True,
        help="A query parameter of the connection; may be repeated.",
    ),
    click.option(
        "--header",
        metavar="'K: V'",
        callback=_pairs(":"),
        multiple=True,
        help="A header of the connection; may be repeated.",
    ),
    click.option(
        "--path", help="The Socket.IO path; else that of the document's server.  [default: socket.io]"
    ),
    click.option(
        "--timeout",
        metavar="SECONDS",
        type=click.FloatRange(min=0, min_open=True),
        default=10.0,
        show_default=True,
        help="How long to wait for the server.",
    ),
)


def client_options(command: C) -> C:
    """Give a command the options of all that connect; `target_of` takes them."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@dataclass(frozen=True, slots=True)
class Target:
    """What to connect to, and what to bring; `url` has the query. `known_as` is the contract's namespace."""

    url: str
    path: str
    namespace: str
    auth: object
    headers: dict[str, str]
    timeout: float
    schemas: ContractSchemas | None = None
    known_as: str = ""


def target_of(
    url: str,
    *,
    spec: str | None,
    namespace: str,
    auth: object,
    query: list[tuple[str, str]],
    header: list[tuple[str, str]],
    path: str | None,
    timeout: float,
) -> Target:
    """What a command is to connect to; raises ClickException."""
    schemas = _schemas(spec) if spec is not None else None
    name = namespace_name(namespace)
    match = schemas.match(name) if schemas is not None else None
    if schemas is not None and match is None:
        near = did_you_mean(name, schemas.contract.namespaces)
        raise click.ClickException(f"the contract has no namespace `{name}`{near}")
    if path is None and schemas is not None:
        path = _path(schemas.contract)
    return Target(
        _url(url, query),
        (path or _DEFAULT_PATH).strip("/"),
        name,
        auth,
        dict(header),
        timeout,
        schemas,
        match.name if match is not None else name,
    )


def _schemas(spec: str) -> ContractSchemas:
    try:
        return ContractSchemas(load(document_of(spec)))
    except DocumentError as error:
        raise click.ClickException(str(error)) from error


def _path(contract: Contract) -> str | None:
    """The Socket.IO path of a contract's servers."""
    paths = {server.path for server in contract.servers.values()}
    if len(paths) > 1:
        known = ", ".join(f"`{path or _DEFAULT_PATH}`" for path in sorted(paths, key=str))
        raise click.UsageError(f"the document has several Socket.IO paths: choose one by `--path`: {known}")
    return next(iter(paths), None)


def _url(url: str, query: list[tuple[str, str]]) -> str:
    written = url if "://" in url else f"http://{url}"
    try:
        parts = urlsplit(written)
        is_fine = parts.scheme in _SCHEMES and bool(parts.hostname) and parts.port != 0
    except ValueError:  # no number as a port, say
        is_fine = False
    if not is_fine:
        raise click.UsageError(f"`{url}` is no URL of a server: write it as `http://127.0.0.1:5000`")
    if parts.path.strip("/"):
        raise click.UsageError(f"`{url}` has a path: say what it is by `--path` or `--namespace`")
    added = "&".join(part for part in (parts.query, urlencode(query)) if part)
    return f"{parts.scheme}://{parts.netloc}/" + (f"?{added}" if added else "")


def violations_of(error: ValidationException) -> list[str]:
    """What breaks the contract, one line each, for people to read."""
    what = error.message.partition(": ")[0]
    return [printable(f"{what}: {violation}") for violation in error.errors]


class Peer:
    """A connection to one namespace of a server; made by `connected`.

    `events` has what the server sends, and None where the connection has ended.
    """

    def __init__(self, target: Target, client: Any) -> None:
        self.target = target
        self.events: asyncio.Queue[tuple[str, Args] | None] = asyncio.Queue()
        self._answer: asyncio.Future[Args] = asyncio.get_running_loop().create_future()
        self._client = client
        self._refusal: object = None
        client.on("*", self._received, target.namespace)
        client.on("connect_error", self._refused, target.namespace)
        client.on("disconnect", self._left, target.namespace)

    def _received(self, event: str, *args: object) -> None:
        self.events.put_nowait((event, args))

    def _refused(self, data: object = None, *_: object) -> None:
        self._refusal = data

    def _left(self, *_: object) -> None:
        self.events.put_nowait(None)
        if not self._answer.done():
            self._answer.cancel()

    async def connect(self) -> None:
        """Connect; raises ClickException where the server cannot be reached, or refuses."""
        from socketio.exceptions import ConnectionError as NotConnected

        target = self.target
        try:
            await self._client.connect(
                target.url,
                headers=target.headers,
                auth=target.auth,
                namespaces=[target.namespace],
                socketio_path=target.path,
                wait_timeout=target.timeout,
            )
        except NotConnected as error:
            if self._client.failed_namespaces:
                reason = f"the server refuses the connection: {_told(self._refusal)}"
            else:
                reason = f"cannot connect to {target.url} at the path `{target.path}`: {error}"
            raise click.ClickException(printable(reason)) from None

    async def send(self, event: str, args: Args) -> None:
        """Send an event, and wait until it has left; raises ClickException."""
        await self._emit(event, args, None)
        # Else the connection might be closed before.
        await self._in_time(self._client.eio.queue.join(), "the event could not be sent")

    async def call(self, event: str, args: Args) -> Args:
        """Send an event and return what acknowledges it; raises ClickException where nothing does."""
        await self._emit(event, args, self._answered)
        return await self._in_time(self._answer, "the server has not acknowledged the event")

    def _answered(self, *args: object) -> None:
        self._answer.set_result(args)

    async def _emit(self, event: str, args: Args, callback: Callable[..., None] | None) -> None:
        from socketio.exceptions import SocketIOError

        with suppress(SocketIOError):  # the namespace is gone: `_left` has been called
            await self._client.emit(event, args, self.target.namespace, callback)

    async def _in_time(self, awaited: Awaitable[T], otherwise: str) -> T:
        try:
            return await asyncio.wait_for(awaited, self.target.timeout)
        except asyncio.TimeoutError:
            raise click.ClickException(f"{otherwise} within {self.target.timeout:g} seconds") from None
        except asyncio.CancelledError:
            if not self._answer.cancelled():  # else it is this process that ends
                raise
            raise click.ClickException(f"{otherwise}: it has closed the connection") from None


def _told(refusal: object) -> str:
    """Why a server refuses a connection, in its words."""
    message = refusal.get("message") if isinstance(refusal, dict) else refusal
    return message if isinstance(message, str) else "it does not say why"


@asynccontextmanager
async def connected(target: Target) -> AsyncIterator[Peer]:
    """Connect for as long as the block lasts; raises ClickException."""
    try:
        import aiohttp
    except ImportError:
        raise click.ClickException(EXTRA) from None
    import socketio

    async with aiohttp.ClientSession() as http:
        client = socketio.AsyncClient(
            reconnection=False, handle_sigint=False, http_session=http, request_timeout=target.timeout
        )
        peer = Peer(target, client)
        try:
            await peer.connect()
            yield peer
        finally:
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(client.disconnect(), _FAREWELL)
