"""The Socket.IO client of the commands; it needs the extra `client`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import click

from asynction.cli._spec import document_of, files_options
from asynction.contract import Contract, namespace_name
from asynction.document import Retriever, load
from asynction.exceptions import (
    AsynctionException,
    DocumentError,
    UnknownEventException,
    ValidationException,
)
from asynction.problems import did_you_mean, printable

if TYPE_CHECKING:
    from asynction.client import AsynctionAsyncClient

C = TypeVar("C", bound=Callable[..., Any])

EXTRA = "a client needs the extra `client`: install `asynction[client]`"

_DEFAULT_PATH = "socket.io"
_SCHEMES = ("http", "https", "ws", "wss")
_CLOSE_TIMEOUT = 1.0
"""Seconds to wait until the server has closed its end of the connection."""


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not a JSON number")


def read_json(text: str) -> object:
    """Parse JSON; raises ValueError, also for NaN and infinity."""
    value: object = json.loads(text, parse_constant=_no_constant)
    return value


def _json(ctx: click.Context, param: click.Parameter, text: str | None) -> object:
    try:
        return read_json(text) if text is not None else None
    except ValueError as error:
        raise click.BadParameter(f"`{text}` is not JSON: {error}") from None


def _pairs(separator: str) -> Callable[..., list[tuple[str, str]]]:
    """Return an option callback that splits names and values at `separator`."""

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
    click.option("--spec", metavar="SPEC", help="The AsyncAPI document to check both sides against."),
    files_options,
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
    """Add the options of a client to a command; `target_of` takes them."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@dataclass(frozen=True, slots=True)
class Target:
    """The namespace of a server to connect to, and what the client sends when it connects.

    `timeout` is in seconds; `contract` is None if the command was given no document.
    """

    url: str
    path: str
    namespace: str
    auth: object
    query: dict[str, list[str]]
    headers: dict[str, str]
    timeout: float
    contract: Contract | None = None


def target_of(
    url: str,
    *,
    spec: str | None,
    root: Path | None,
    retriever: Retriever | None,
    namespace: str,
    auth: object,
    query: list[tuple[str, str]],
    header: list[tuple[str, str]],
    path: str | None,
    timeout: float,
) -> Target:
    """Return the target that the options of a command describe.

    Args:
        url: the server, with or without a scheme.
        spec: the document: a file, `-` for standard input, or None for a client without a contract.
        root: the folder whose files a `$ref` may lead to; None for that of the document.
        retriever: takes the URL of a `$ref` and returns its text; None for a document without URLs.
        namespace: the Socket.IO namespace.
        auth: the `auth` payload.
        query: the names and values of query parameters.
        header: the names and values of headers.
        path: the Socket.IO path; None for that of the document's server.
        timeout: how long to wait for the server, in seconds.

    Raises:
        click.ClickException: the document or the URL cannot be used.
    """
    contract = _contract(spec, root, retriever) if spec is not None else None
    if path is None and contract is not None:
        path = _path(contract)
    parameters: dict[str, list[str]] = {}
    for name, value in query:
        parameters.setdefault(name, []).append(value)
    return Target(
        _url(url),
        (path or _DEFAULT_PATH).strip("/"),
        namespace_name(namespace),
        auth,
        parameters,
        dict(header),
        timeout,
        contract,
    )


def _contract(spec: str, root: Path | None, retriever: Retriever | None) -> Contract:
    try:
        return load(document_of(spec), root=root, retriever=retriever)
    except DocumentError as error:
        raise click.ClickException(str(error)) from error


def _path(contract: Contract) -> str | None:
    """Return the Socket.IO path of a contract's servers."""
    paths = {server.path for server in contract.servers.values()}
    if len(paths) > 1:
        known = ", ".join(f"`{path or _DEFAULT_PATH}`" for path in sorted(paths, key=str))
        raise click.UsageError(f"the document has several Socket.IO paths: choose one by `--path`: {known}")
    return next(iter(paths), None)


def _url(url: str) -> str:
    written = url if "://" in url else f"http://{url}"
    try:
        parts = urlsplit(written)
        is_valid = parts.scheme in _SCHEMES and bool(parts.hostname) and parts.port != 0
    except ValueError:  # the port is not a number, for example
        is_valid = False
    if not is_valid:
        raise click.UsageError(f"`{url}` is not a URL of a server: write it as `http://127.0.0.1:5000`")
    if parts.path.strip("/"):
        raise click.UsageError(f"`{url}` has a path: give it as `--path` or `--namespace`")
    return f"{parts.scheme}://{parts.netloc}/" + (f"?{parts.query}" if parts.query else "")


def violations_of(error: ValidationException) -> list[str]:
    """Describe each violation of the contract in one line, for people to read."""
    what = error.message.partition(": ")[0]
    return [printable(f"{what}: {violation}") for violation in error.errors]


@asynccontextmanager
async def client_of(target: Target) -> AsyncIterator[AsynctionAsyncClient]:
    """Make a client for a target, for `connect` to connect; disconnect it when the block ends.

    What the client raises in the block becomes a ClickException.
    """
    try:
        import aiohttp
    except ImportError:
        raise click.ClickException(EXTRA) from None
    from asynction.client import AsynctionAsyncClient

    with _clear_errors():
        # python-socketio does not always close a session of its own when it cannot connect.
        async with aiohttp.ClientSession() as http:
            client = AsynctionAsyncClient(
                target.contract,
                reconnection=False,
                handle_sigint=False,
                http_session=http,
                request_timeout=target.timeout,
            )
            try:
                yield client
            finally:
                with suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(client.disconnect(), _CLOSE_TIMEOUT)


@contextmanager
def _clear_errors() -> Iterator[None]:
    """Turn what a client raises into a message for the terminal."""
    from socketio.exceptions import SocketIOError

    from asynction.client import CallError

    try:
        yield
    except DocumentError as error:
        raise click.ClickException(str(error)) from error
    except ValidationException as error:
        raise click.ClickException("\n".join(violations_of(error))) from error
    except CallError as error:
        pointer = f" ({error.pointer})" if error.pointer else ""
        raise click.ClickException(printable(f"{error}{pointer}")) from error
    except (AsynctionException, SocketIOError) as error:
        raise click.ClickException(printable(str(error))) from error


async def connect(client: AsynctionAsyncClient, target: Target) -> None:
    """Connect a client to its target; raises ClickException if the server is unreachable or refuses."""
    from socketio.exceptions import ConnectionError as NotConnected

    from asynction.client import ConnectionRefused

    try:
        await client.connect(
            target.url,
            target.headers,
            target.auth,
            namespaces=[target.namespace],
            socketio_path=target.path,
            wait_timeout=target.timeout,
            query=target.query,
        )
    except ConnectionRefused as error:
        reason = f"the server refuses the connection: {error.reason}"
        raise click.ClickException(printable(reason)) from error
    except NotConnected as error:
        reason = f"cannot connect to {target.url} at the path `{target.path}`: {error}"
        raise click.ClickException(printable(reason)) from error
    except UnknownEventException as error:
        near = did_you_mean(target.namespace, target.contract.namespaces if target.contract else ())
        raise click.ClickException(f"{error}{near}") from error
