"""`asynction listen`: print what a running server sends."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import click

from asynction.cli import HELP
from asynction.cli._client import Target, client_options, connected, target_of, violations_of
from asynction.cli._json import JsonPrinter
from asynction.exceptions import UnknownEventException, ValidationException
from asynction.problems import printable
from asynction.runtime import Args, checked_args


@click.command("listen", context_settings=HELP)
@click.argument("url")
@client_options
@click.option("--count", type=click.IntRange(min=1), metavar="N", help="End after N events.")
def command(url: str, count: int | None, **options: Any) -> None:
    """Print the events that the server at URL sends, as lines of JSON.

    An event that breaks the contract is marked on standard error, and makes the exit code 1.
    """
    target = target_of(url, **options)
    heard = _Heard(target)
    try:
        asyncio.run(_listen(heard, count))
    except KeyboardInterrupt:
        click.echo(err=True)  # after the `^C` of the terminal
    sys.exit(1 if heard.is_broken else 0)


class _Heard:
    """Shows events; `is_broken` says whether one has broken the contract."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.is_broken = False
        self._printer = JsonPrinter()

    def show(self, event: str, args: Args) -> None:
        self._printer.print({"event": event, "args": list(args)})
        for fault in self._faults(event, args):
            self.is_broken = True
            click.echo(f"Breaks the contract: {fault}", err=True)

    def _faults(self, event: str, args: Args) -> list[str]:
        if self.target.schemas is None:
            return []
        try:
            checked_args(self.target.schemas.sent(self.target.namespace, event), args)
        except ValidationException as error:
            return violations_of(error)
        except UnknownEventException as error:
            return [printable(str(error))]
        return []


async def _listen(heard: _Heard, count: int | None) -> None:
    left = count
    async with connected(heard.target) as peer:
        click.echo(f"Listening to {heard.target.url} in {heard.target.namespace}", err=True)
        while left != 0:
            received = await peer.events.get()
            if received is None:
                raise click.ClickException("the server has closed the connection")
            heard.show(*received)
            left = left - 1 if left is not None else None
