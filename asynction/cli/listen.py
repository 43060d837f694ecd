"""`asynction listen`: print what a running server sends."""

from __future__ import annotations

import asyncio
import itertools
import sys
from typing import TYPE_CHECKING, Any

import click

from asynction.cli import HELP
from asynction.cli._client import Target, client_of, client_options, connect, target_of, violations_of
from asynction.cli._json import JsonPrinter
from asynction.exceptions import MessageAckValidationException, UnknownEventException, ValidationException
from asynction.problems import did_you_mean, printable
from asynction.runtime import Args, Context

if TYPE_CHECKING:
    from asynction.client import AsynctionAsyncClient


@click.command("listen", context_settings=HELP)
@click.argument("url")
@client_options
@click.option("--count", type=click.IntRange(min=1), metavar="N", help="End after N events.")
def command(url: str, count: int | None, **options: Any) -> None:
    """Print the events that the server at URL sends, as lines of JSON.

    An event that breaks the contract is marked on standard error, and makes the exit code 1.
    """
    listener = _Listener(target_of(url, **options))
    try:
        asyncio.run(listener.run(count))
    except KeyboardInterrupt:
        click.echo(err=True)  # after the `^C` of the terminal
    sys.exit(1 if listener.is_broken else 0)


class _Listener:
    """Prints the events that a server sends; `is_broken` is True once one has broken the contract."""

    def __init__(self, target: Target) -> None:
        self.is_broken = False
        self._target = target
        self._printer = JsonPrinter()

    async def run(self, count: int | None) -> None:
        """Print `count` events, or all until the server closes the connection: then raise ClickException."""
        received: asyncio.Queue[Context | None] = asyncio.Queue()
        async with client_of(self._target) as client:
            client.on_any(received.put_nowait)
            self._register(client, received)
            await connect(client, self._target)
            click.echo(f"Listening to {self._target.url} in {self._target.namespace}", err=True)
            for _ in itertools.count() if count is None else range(count):
                context = await received.get()
                if context is None:
                    raise click.ClickException("the server has closed the connection")
                self._print(context)

    def _register(self, client: AsynctionAsyncClient, received: asyncio.Queue[Context | None]) -> None:
        """Handle every event of the contract: a client does not check those without a handler."""

        def end(reason: object) -> None:
            received.put_nowait(None)

        contract = self._target.contract
        for name in contract.namespaces if contract is not None else [self._target.namespace]:
            client.on("disconnect", end, name)
            for event in contract.namespaces[name].sends if contract is not None else ():
                client.on(event, _ignore, name)
        # An exception that is handled is not logged: the terminal shows it already.
        client.exception_handler(Exception)(_ignore_error)

    def _print(self, context: Context) -> None:
        self._printer.print({"event": context.event, "args": list(context.args)})
        for fault in self._faults(context):
            self.is_broken = True
            click.echo(f"Breaks the contract: {fault}", err=True)

    def _faults(self, context: Context) -> list[str]:
        """Describe how an event breaks the contract; without a contract, none does."""
        error, contract = context.error, self._target.contract
        # A terminal has nothing to acknowledge with: an empty ack that breaks the contract is ours.
        if error is None or contract is None or isinstance(error, MessageAckValidationException):
            return []
        if isinstance(error, ValidationException):
            return violations_of(error)
        if isinstance(error, UnknownEventException):
            near = did_you_mean(context.event, contract.namespaces[context.pattern].sends)
            unknown = f"the contract sends no event `{context.event}` in `{context.namespace}`{near}"
            return [printable(unknown)]
        return [printable(str(error))]


def _ignore(*args: object) -> Any:
    return None


def _ignore_error(error: Exception) -> Args:
    return ()
